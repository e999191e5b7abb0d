/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/keyring.h"
#include "helper/cli/command.h"
#include "tests/lib/child.h"
#include "tests/lib/cli.h"
#include "tests/lib/fakeresident.h"
#include "tests/lib/test.h"

static const char *const nothing[] = {NULL};
static struct cli cli;

static int
teardown(void **state UNUSED)
{
    fakeresident_stop();
    return 0;
}

static void
status(const char *option)
{
    const char *const argv[] = {"status", option, NULL};

    cli_run(command_status, argv, &cli);
}

static void
begin(const char *lines, int64_t left)
{
    key_serial_t ring = fakeresident_ring();
    char at[32];

    (void) snprintf(at, sizeof(at), "%" PRId64, (int64_t) time(NULL) + left);
    assert_int_equal(put_text(ring, KEY_ACCESS_TOKEN, "CANARY-at"), 0);
    assert_int_equal(put_text(ring, KEY_EXPIRES_AT, at), 0);
    fakeresident_start(ring, nothing);
    fakeresident_status(ring, lines);
}

static void
shows_a_session_that_is_well(void **state UNUSED)
{
    NEED_KEYS();
    NEED_PIDFD();
    begin("state=active\nissuer=https://login.example.com\n", 3600);
    status(NULL);
    assert_int_equal(cli.status, COMMAND_OK);
    assert_non_null(strstr(cli.out, " at https://login.example.com\n"));
    assert_non_null(strstr(cli.out, "helper        running"));
    assert_null(strstr(cli.out, "CANARY"));
    assert_null(strchr(cli.out, '\033')); /* no terminal */
    status("--json");
    assert_int_equal(cli.status, COMMAND_OK);
    assert_non_null(strstr(cli.out, "\"helper\": \"running\""));
    assert_null(strstr(cli.out, "CANARY"));
    fakeresident_check = -ENOENT;
    status("--json");
    assert_non_null(strstr(cli.out, "\"helper\": \"unknown\""));
}

/* Nobody who writes into a keyring writes on a terminal. */
static void
what_others_wrote_is_printable(void **state UNUSED)
{
    const char *at;

    NEED_KEYS();
    NEED_PIDFD();
    begin("state=retrying\nsubject=\x1b]0;x\a\nlast_error=\xc2\x9b"
          "2J\"\n",
          3600);
    status(NULL);
    for (at = cli.out; *at != '\0'; at++)
        assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
    status("--json");
    for (at = cli.out; *at != '\0'; at++)
        assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
}

static void
says_that_a_token_has_expired(void **state UNUSED)
{
    NEED_KEYS();
    NEED_PIDFD();
    begin("state=retrying\n", -5);
    status(NULL);
    assert_int_equal(cli.status, COMMAND_EXPIRED);
    assert_non_null(strstr(cli.out, "state         expired\n"));
    status("--json");
    assert_int_equal(cli.status, COMMAND_EXPIRED);
    assert_non_null(strstr(cli.out, "\"state\": \"expired\""));
}

static void
a_session_without_tokens_is_told_to_people_as_an_error(void **state UNUSED)
{
    NEED_KEYS();
    status(NULL);
    assert_int_equal(cli.status, COMMAND_NO_TOKEN);
    assert_string_equal(cli.out, "");
    assert_non_null(strstr(cli.err, "this session has no tokens"));
    status("--json");
    assert_int_equal(cli.status, COMMAND_NO_TOKEN);
    assert_non_null(strstr(cli.out, "\"state\": \"none\""));
    assert_string_equal(cli.err, "");
}

static void
takes_what_its_help_says(void **state UNUSED)
{
    status("--help");
    assert_int_equal(cli.status, COMMAND_OK);
    assert_non_null(strstr(cli.out, "--json"));
    status("--xml");
    assert_int_equal(cli.status, COMMAND_USAGE);
    status("all");
    assert_int_equal(cli.status, COMMAND_USAGE);
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shows_a_session_that_is_well),
        TEST(what_others_wrote_is_printable),
        TEST(says_that_a_token_has_expired),
        TEST(a_session_without_tokens_is_told_to_people_as_an_error),
        TEST(takes_what_its_help_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
