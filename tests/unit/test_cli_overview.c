/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "helper/cli/command.h"
#include "helper/cli/overview.h"
#include "tests/lib/cli.h"
#include "tests/lib/test.h"

#define NOW INT64_C(1795304777)

static struct overview overview;
static struct cli cli;

static int
setup(void **state UNUSED)
{
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    overview = (struct overview){
        .user = "alice",
        .session =
            {
                .ring = 1,
                .has_status = true,
                .expires_at = NOW + 3600,
                .status =
                    {
                        .subject = "248289761001",
                        .issuer = "https://login.example.com",
                        .scope = "openid profile",
                        .renew_at = NOW + 3255,
                        .since = 1795300000,
                        .renew_reason = "before_expiry",
                        .renewed_at = NOW - 60,
                        .renewals = 3,
                        .helper_pid = 17,
                    },
            },
        .now = NOW,
    };
    return 0;
}

static int
print(void *colour)
{
    overview_print(&overview, colour != NULL, stdout);
    return 0;
}

static void
shows_people_what_they_want_to_know(void **state UNUSED)
{
    cli_capture(print, NULL, &cli);
    assert_string_equal(
        cli.out,
        "alice at https://login.example.com (subject 248289761001)\n"
        "  state         active\n"
        "  scope         openid profile\n"
        "  expires       in 1 h (2026-11-22 00:46:17 UTC)\n"
        "  next renewal  in 54 min 15 s (2026-11-22 00:40:32 UTC), before the"
        " token expires\n"
        "  last renewal  1 min ago (2026-11-21 23:45:17 UTC), 3 so far\n"
        "  helper        running, process 17\n");
}

static void
shows_why_it_is_not_well(void **state UNUSED)
{
    overview.condition = CONDITION_LOGIN_REQUIRED;
    overview.resident = RESIDENT_GONE;
    strcpy(overview.session.status.last_error, "invalid_grant");
    strcpy(overview.session.status.warning, "be quick");
    cli_capture(print, NULL, &cli);
    assert_string_equal(
        cli.out, "alice at https://login.example.com (subject 248289761001)\n"
                 "  state         login required: 'oidc-session login'\n"
                 "  since         1 h 19 min ago (2026-11-21 22:26:40 UTC)\n"
                 "  why           invalid_grant\n"
                 "  warning       be quick\n"
                 "  scope         openid profile\n"
                 "  helper        not running\n");
}

static void
a_login_with_a_warning_is_active_all_the_same(void **state UNUSED)
{
    strcpy(overview.session.status.last_error, "no refresh token");
    cli_capture(print, NULL, &cli);
    assert_non_null(strstr(cli.out, "  state         active\n"
                                    "  note          no refresh token\n"));
}

static void
warns_when_nobody_renews(void **state UNUSED)
{
    overview.resident = RESIDENT_GONE;
    cli_capture(print, NULL, &cli);
    assert_non_null(strstr(cli.out, "not running: the token will not be"));
    overview.resident = RESIDENT_UNKNOWN;
    cli_capture(print, NULL, &cli);
    assert_non_null(strstr(cli.out, "  helper        not known\n"));
}

static void
the_state_has_a_colour(void **state UNUSED)
{
    int yes = 1;

    cli_capture(print, &yes, &cli);
    assert_non_null(strstr(cli.out, "\033[1malice\033[m"));
    assert_non_null(strstr(cli.out, "\033[32mactive\033[m\n"));
    overview.condition = CONDITION_EXPIRED;
    cli_capture(print, &yes, &cli);
    assert_non_null(strstr(cli.out, "\033[31mexpired\033[m\n"));
}

static void
tells_programs_all_of_it(void **state UNUSED)
{
    struct secret text = {0};

    assert_int_equal(overview_json(&overview, &text), 0);
    assert_string_equal(secret_text(&text),
                        "{\n"
                        "  \"state\": \"active\",\n"
                        "  \"since\": 1795300000,\n"
                        "  \"user\": \"alice\",\n"
                        "  \"subject\": \"248289761001\",\n"
                        "  \"issuer\": \"https://login.example.com\",\n"
                        "  \"scope\": \"openid profile\",\n"
                        "  \"expires_at\": 1795308377,\n"
                        "  \"expires_in\": 3600,\n"
                        "  \"renew_at\": 1795308032,\n"
                        "  \"renew_reason\": \"before_expiry\",\n"
                        "  \"renewed_at\": 1795304717,\n"
                        "  \"renewals\": 3,\n"
                        "  \"failures\": 0,\n"
                        "  \"last_error\": null,\n"
                        "  \"last_error_class\": null,\n"
                        "  \"warning\": null,\n"
                        "  \"id_expires_at\": null,\n"
                        "  \"refresh_expires_at\": null,\n"
                        "  \"helper\": \"running\",\n"
                        "  \"helper_pid\": 17\n"
                        "}\n");
    secret_clear(&text);
    overview.session.expires_at = NOW - 5;
    overview.resident = RESIDENT_GONE;
    assert_int_equal(overview_json(&overview, &text), 0);
    assert_non_null(strstr(secret_text(&text), "\"expires_in\": 0,"));
    assert_non_null(strstr(secret_text(&text), "\"helper_pid\": null"));
    secret_clear(&text);
}

static void
a_condition_follows_from_status_token_and_time(void **state UNUSED)
{
    static const struct {
        enum state state;
        int64_t left;
        int token;
        enum condition condition;
        int exit;
    } cases[] = {
        {STATE_ACTIVE, 60, 0, CONDITION_ACTIVE, COMMAND_OK},
        {STATE_RETRYING, 60, 0, CONDITION_RETRYING, COMMAND_OK},
        {STATE_ACTIVE, 0, 0, CONDITION_EXPIRED, COMMAND_EXPIRED},
        {STATE_RETRYING, -60, -ENOKEY, CONDITION_EXPIRED, COMMAND_EXPIRED},
        {STATE_RETRYING, 60, -EKEYEXPIRED, CONDITION_EXPIRED, COMMAND_EXPIRED},
        {STATE_ACTIVE, 60, -ENOKEY, CONDITION_NONE, COMMAND_NO_TOKEN},
        {STATE_LOGIN_REQUIRED, 60, 0, CONDITION_LOGIN_REQUIRED,
         COMMAND_EXPIRED},
        {STATE_LOGIN_REQUIRED, -60, -ENOKEY, CONDITION_LOGIN_REQUIRED,
         COMMAND_EXPIRED},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        overview.session.status.state = cases[i].state;
        overview.session.expires_at = NOW + cases[i].left;
        assert_int_equal(condition_of(&overview.session, cases[i].token, NOW),
                         cases[i].condition);
        assert_int_equal(condition_exit(cases[i].condition), cases[i].exit);
    }
    overview.session = (struct session){.ring = 1};
    assert_int_equal(condition_of(&overview.session, 0, NOW), CONDITION_ACTIVE);
}

#define TEST(function) cmocka_unit_test_setup(function, setup)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shows_people_what_they_want_to_know),
        TEST(shows_why_it_is_not_well),
        TEST(a_login_with_a_warning_is_active_all_the_same),
        TEST(warns_when_nobody_renews),
        TEST(the_state_has_a_colour),
        TEST(tells_programs_all_of_it),
        TEST(a_condition_follows_from_status_token_and_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
