/* SPDX-License-Identifier: MIT */
/* What it refuses; a whole login is tests/integration/test_login_command.py. */
#include <config.h>

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "common/keyring.h"
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

/* ---- Tokens whose helper cannot be told from others ---- */

#define SOMEBODY 65534 /* nobody: a user that every system has */

/* As the session of a user with tokens, whose status names no helper. */
static int
begin(bool own, key_serial_t *ring)
{
    if (own)
        CHECK_EQUAL(become(SOMEBODY, SOMEBODY), 0);
    keys_join();
    CHECK_EQUAL(keyring_make(KEY_SPEC_SESSION_KEYRING, KEYRING_TOKENS, ring),
                0);
    CHECK_EQUAL(put_text(*ring, KEY_STATUS, "state=active\n"), 0);
    CHECK_EQUAL(put_text(*ring, KEY_ACCESS_TOKEN, "at"), 0);
    if (own)
        return 0;
    if (keyctl_chown(KEY_SPEC_SESSION_KEYRING, SOMEBODY, (gid_t) -1) == -1)
        return CHILD_SKIP;
    CHECK_EQUAL(become(SOMEBODY, SOMEBODY), 0);
    return 0;
}

static int
refuse(bool own, const char *force)
{
    const char *const argv[] = {"login", "--config", "/etc/passwd", force,
                                NULL};
    key_serial_t ring, key;
    int r = begin(own, &ring);

    if (r != 0)
        return r;
    cli_run(command_login, argv, &cli);
    CHECK_EQUAL(cli.status, COMMAND_FAILED);
    CHECK(strstr(cli.err, "does not name its helper") != NULL);
    CHECK_EQUAL(keyring_find(ring, "user", KEY_ACCESS_TOKEN, &key), 0);
    return 0;
}

static int
refuse_without_force(void)
{
    return refuse(true, NULL);
}

static int
refuse_roots(void)
{
    return refuse(false, "--force");
}

static int
take_own_away(void)
{
    static const char *const argv[] = {"login", "--config", "/etc/passwd",
                                       "--force", NULL};
    key_serial_t ring, key;
    int r = begin(true, &ring);

    if (r != 0)
        return r;
    cli_run(command_login, argv, &cli);
    CHECK(strstr(cli.err, "the tokens before are removed") != NULL);
    CHECK_EQUAL(keyring_find(ring, "user", KEY_ACCESS_TOKEN, &key),
                -EKEYREVOKED);
    return 0;
}

/* Two helpers in one session would renew two grants, one of them unseen. */
static void
there_are_never_two_helpers(void **state UNUSED)
{
    NEED_ROOT();
    NEED_KEYS();
    NEED_PIDFD();
    if (getpwuid(SOMEBODY) == NULL)
        SKIP("no user nobody here");
    in_child(refuse_without_force);
    in_child(take_own_away);
    in_child(refuse_roots);
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
        cmocka_unit_test(there_are_never_two_helpers),
        cmocka_unit_test(what_it_does_not_know_is_wrong_usage),
        cmocka_unit_test(help_fits_a_screen),
    };

    return cmocka_run_group_tests_name("cli_login", tests, NULL, NULL);
}
