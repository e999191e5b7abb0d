/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "common/finding.h"
#include "helper/cli/command.h"
#include "helper/cli/host.h"
#include "helper/cli/pam_files.h"
#include "helper/cli/provider.h"
#include "tests/lib/cli.h"
#include "tests/lib/test.h"

/* What is found, and what was looked at. */
static enum level level;
static char config[1024];
static int failure;

void
__wrap_host_judge(const struct host *host UNUSED, struct findings *out)
{
    findings_add(out, level, "install", "this is so");
}

void
__wrap_provider_check(const char *path, enum provider_grant *grant,
                      struct findings *out)
{
    (void) snprintf(config, sizeof(config), "%s", path);
    *grant = PROVIDER_DEVICE;
    findings_add(out, LEVEL_OK, "provider", "there");
}

int
__wrap_pam_files_check(const char *path, enum provider_grant grant,
                       struct findings *out)
{
    assert_string_equal(path, config);
    assert_int_equal(grant, PROVIDER_DEVICE);
    findings_add(out, LEVEL_OK, "pam", "fine");
    return failure;
}

static void
run(const char *first, const char *second, struct cli *cli)
{
    const char *const argv[] = {"check", first, second, NULL};

    cli_run(command_check, argv, cli);
}

static void
the_exit_status_is_that_of_the_worst_finding(void **state UNUSED)
{
    static const int statuses[LEVEL_COUNT] = {
        [LEVEL_OK] = 0,
        [LEVEL_SKIPPED] = 0,
        [LEVEL_WARNING] = 1,
        [LEVEL_ERROR] = 2,
    };
    struct cli cli;
    int i;

    for (i = 0; i < LEVEL_COUNT; i++) {
        level = (enum level) i;
        run(NULL, NULL, &cli);
        assert_int_equal(cli.status, statuses[i]);
        assert_string_equal(cli.err, "");
        assert_non_null(strstr(cli.out, "install   this is so\n"));
        assert_non_null(strstr(cli.out, "provider  there\n"));
        assert_non_null(strstr(cli.out, "pam       fine\n"));
        assert_null(strchr(cli.out, '\x1b')); /* it is no terminal */
    }
    level = LEVEL_OK;
}

static void
another_configuration_and_json_can_be_asked_for(void **state UNUSED)
{
    struct cli cli;

    run(NULL, NULL, &cli);
    assert_string_equal(config, CONFIG_PATH);
    run("--config=/a", "--json", &cli);
    assert_string_equal(config, "/a");
    assert_int_equal(cli.out[0], '{');
    run("--config", "/b", &cli);
    assert_string_equal(config, "/b");
}

static void
what_could_not_be_checked_is_not_called_good(void **state UNUSED)
{
    struct cli cli;

    failure = -ENOMEM;
    run(NULL, NULL, &cli);
    failure = 0;
    assert_int_equal(cli.status, COMMAND_FAILED);
    assert_string_equal(cli.out, "");
    assert_string_equal(cli.err,
                        "oidc-session: cannot check: Cannot allocate memory\n");
}

static void
wrong_usage_checks_nothing(void **state UNUSED)
{
    struct cli cli;

    config[0] = '\0';
    run("--what", NULL, &cli);
    assert_int_equal(cli.status, COMMAND_USAGE);
    run("--config", NULL, &cli);
    assert_int_equal(cli.status, COMMAND_USAGE);
    run("more", NULL, &cli);
    assert_int_equal(cli.status, COMMAND_USAGE);
    run("--help", NULL, &cli);
    assert_int_equal(cli.status, COMMAND_OK);
    assert_non_null(strstr(cli.out, "--config=PATH"));
    assert_string_equal(config, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exit_status_is_that_of_the_worst_finding),
        cmocka_unit_test(another_configuration_and_json_can_be_asked_for),
        cmocka_unit_test(what_could_not_be_checked_is_not_called_good),
        cmocka_unit_test(wrong_usage_checks_nothing),
    };

    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
