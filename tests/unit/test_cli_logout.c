/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "common/keyring.h"
#include "helper/cli/command.h"
#include "tests/lib/child.h"
#include "tests/lib/cli.h"
#include "tests/lib/fakeresident.h"
#include "tests/lib/test.h"

static const char *const nothing[] = {NULL};
static struct cli cli;
static key_serial_t ring;

static int
teardown(void **state UNUSED)
{
    fakeresident_stop();
    return 0;
}

static void
logout(const char *option)
{
    const char *const argv[] = {"logout", option, NULL};

    cli_run(command_logout, argv, &cli);
}

static void
begin(void)
{
    ring = fakeresident_ring();
    assert_int_equal(put_text(ring, KEY_ACCESS_TOKEN, "at"), 0);
    assert_int_equal(put_text(ring, KEY_ID_TOKEN, "id"), 0);
}

static bool
is_there(const char *name)
{
    key_serial_t key;

    return keyring_find(ring, "user", name, &key) == 0;
}

static void
asks_the_helper_and_waits_for_its_end(void **state UNUSED)
{
    NEED_KEYS();
    NEED_PIDFD();
    begin();
    fakeresident_start(ring, nothing);
    fakeresident_status(ring, "state=active\n");
    logout(NULL);
    assert_int_equal(cli.status, COMMAND_OK);
    assert_non_null(strstr(cli.out, "Removed the tokens of this session."));
    assert_string_equal(cli.err, "");
    assert_false(is_there(KEY_ACCESS_TOKEN));
    logout(NULL);
    assert_int_equal(cli.status, COMMAND_NO_TOKEN);
}

static void
without_a_helper_it_removes_what_it_can(void **state UNUSED)
{
    NEED_KEYS();
    NEED_PIDFD();
    begin();
    fakeresident_status(ring, "state=active\n");
    logout(NULL);
    assert_int_equal(cli.status, COMMAND_FAILED);
    assert_non_null(strstr(cli.err, "the tokens are removed here"));
    assert_false(is_there(KEY_ACCESS_TOKEN));
    assert_false(is_there(KEY_ID_TOKEN));
}

/* It may be the helper, which would put them back. */
static void
removes_nothing_when_it_does_not_know(void **state UNUSED)
{
    static const int unsure[] = {-ENOENT, -EPERM};
    size_t i;

    NEED_KEYS();
    NEED_PIDFD();
    begin();
    fakeresident_start(ring, nothing);
    fakeresident_status(ring, "state=active\n");
    for (i = 0; i < ARRAY_LEN(unsure); i++) {
        fakeresident_check = unsure[i];
        logout(NULL);
        assert_int_equal(cli.status, COMMAND_FAILED);
        assert_null(strstr(cli.err, "removed"));
        assert_non_null(strstr(cli.err, "close the login session"));
        assert_true(is_there(KEY_ACCESS_TOKEN));
    }
    fakeresident_check = 0;
    assert_int_equal(put_text(ring, KEY_STATUS, "state=active\n"), 0);
    logout(NULL);
    assert_int_equal(cli.status, COMMAND_FAILED);
    assert_non_null(strstr(cli.err, "does not name its helper"));
    assert_true(is_there(KEY_ACCESS_TOKEN));
}

static void
after_the_grant_there_is_nothing_to_remove(void **state UNUSED)
{
    NEED_KEYS();
    ring = fakeresident_ring();
    fakeresident_status(ring, "state=login_required\n");
    logout(NULL);
    assert_int_equal(cli.status, COMMAND_NO_TOKEN);
}

static void
takes_what_its_help_says(void **state UNUSED)
{
    logout("--help");
    assert_int_equal(cli.status, COMMAND_OK);
    logout("--all");
    assert_int_equal(cli.status, COMMAND_USAGE);
    logout("now");
    assert_int_equal(cli.status, COMMAND_USAGE);
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(asks_the_helper_and_waits_for_its_end),
        TEST(without_a_helper_it_removes_what_it_can),
        TEST(removes_nothing_when_it_does_not_know),
        TEST(after_the_grant_there_is_nothing_to_remove),
        TEST(takes_what_its_help_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
