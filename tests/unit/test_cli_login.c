/* SPDX-License-Identifier: MIT */
/* What it refuses; a whole login is tests/integration/test_login_command.py. */
#include <config.h>

#include <string.h>
#include <unistd.h>

#include "helper/cli/command.h"
#include "tests/lib/child.h"
#include "tests/lib/cli.h"
#include "tests/lib/test.h"

static struct cli cli;

static void
run(const char *argument, const char *value)
{
    const char *const argv[] = {"login", argument, value, NULL};

    cli_run(command_login, argv, &cli);
}

static void
a_configuration_that_is_not_there_is_named(void **state UNUSED)
{
    run("--config", "/nonexistent/oidc.conf");
    assert_int_equal(cli.status, COMMAND_FAILED);
    assert_string_equal(
        cli.err, "oidc-session: /nonexistent/oidc.conf does not exist\n");
}

static void
root_does_not_log_in(void **state UNUSED)
{
    NEED_ROOT();
    run("--config", "/etc/passwd");
    assert_int_equal(cli.status, COMMAND_FAILED);
    assert_non_null(strstr(cli.err, "run this as the user"));
    assert_string_equal(cli.out, "");
}

static void
what_it_does_not_know_is_wrong_usage(void **state UNUSED)
{
    run("--forced", NULL);
    assert_int_equal(cli.status, COMMAND_USAGE);
    run("alice", NULL);
    assert_int_equal(cli.status, COMMAND_USAGE);
    run("--config", NULL);
    assert_int_equal(cli.status, COMMAND_USAGE);
}

static void
help_fits_a_screen(void **state UNUSED)
{
    const char *line;
    unsigned n = 0;

    run("--help", NULL);
    assert_int_equal(cli.status, COMMAND_OK);
    for (line = cli.out; (line = strchr(line, '\n')) != NULL; line++)
        n++;
    assert_in_range(n, 5, 24);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_that_is_not_there_is_named),
        cmocka_unit_test(root_does_not_log_in),
        cmocka_unit_test(what_it_does_not_know_is_wrong_usage),
        cmocka_unit_test(help_fits_a_screen),
    };

    return cmocka_run_group_tests_name("cli_login", tests, NULL, NULL);
}
