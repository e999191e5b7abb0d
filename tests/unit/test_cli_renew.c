/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "common/keyring.h"
#include "helper/cli/command.h"
#include "tests/lib/child.h"
#include "tests/lib/cli.h"
#include "tests/lib/fakeresident.h"
#include "tests/lib/test.h"

static struct cli cli;

static int
teardown(void **state UNUSED)
{
    fakeresident_stop();
    return 0;
}

static void
renew(const char *option)
{
    const char *const argv[] = {"renew", option, NULL};

    cli_run(command_renew, argv, &cli);
}

static void
says_that_it_is_renewed(void **state UNUSED)
{
    static const char *const texts[] = {KEY_EXPIRES_AT, "1795308377",
                                        KEY_STATUS,
                                        "state=active\nrenewals=1\n", NULL};
    key_serial_t ring;

    NEED_KEYS();
    NEED_PIDFD();
    ring = fakeresident_ring();
    fakeresident_start(ring, texts);
    fakeresident_status(ring, "state=active\n");
    renew(NULL);
    assert_int_equal(cli.status, COMMAND_OK);
    assert_memory_equal(cli.out, "Renewed: the access token expires in ", 37);
    assert_string_equal(cli.err, "");
}

static void
says_that_it_is_not(void **state UNUSED)
{
    key_serial_t ring;

    NEED_KEYS();
    ring = fakeresident_ring();
    fakeresident_status(ring, "state=login_required\nlast_error=over\n");
    renew(NULL);
    assert_int_equal(cli.status, COMMAND_EXPIRED);
    assert_string_equal(cli.err, "oidc-session: login required: over; run"
                                 " 'oidc-session login'\n");
    assert_string_equal(cli.out, "");
}

static void
needs_a_session_with_tokens(void **state UNUSED)
{
    NEED_KEYS();
    renew(NULL);
    assert_int_equal(cli.status, COMMAND_NO_TOKEN);
}

static void
takes_what_its_help_says(void **state UNUSED)
{
    static const char *const bad[] = {"--timeout=x", "--timeout=3601", "--now",
                                      "now"};
    size_t i;

    renew("--help");
    assert_int_equal(cli.status, COMMAND_OK);
    assert_non_null(strstr(cli.out, "--timeout"));
    for (i = 0; i < ARRAY_LEN(bad); i++) {
        renew(bad[i]);
        assert_int_equal(cli.status, COMMAND_USAGE);
    }
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(says_that_it_is_renewed),
        TEST(says_that_it_is_not),
        TEST(needs_a_session_with_tokens),
        TEST(takes_what_its_help_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
