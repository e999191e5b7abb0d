/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "common/number.h"
#include "common/status.h"
#include "tests/lib/test.h"

INJECT_ENOMEM(malloc, (size_t size), (size))

static const struct status full = {
    .state = STATE_RETRYING,
    .since = 1700000000,
    .subject = "alice@example.org",
    .issuer = "https://idp.example.org/realm",
    .scope = "openid profile offline_access",
    .renew_at = 1700000001,
    .renew_reason = "before_expiry",
    .renewed_at = 1700000002,
    .renewals = 3,
    .failures = 4,
    .last_error = "a = b; 100 %",
    .last_error_class = "transient",
    .asked_at = 1700000003,
    .unanswered_since = 1700000004,
    .not_before = 1700000007,
    .id_expires_at = 1700000005,
    .refresh_expires_at = 1700000006,
    .warning = "log in again",
    .helper_pid = 5,
};

static void
has_a_word_for_each_state(void **state UNUSED)
{
    assert_string_equal(state_name(STATE_ACTIVE), "active");
    assert_string_equal(state_name(STATE_RETRYING), "retrying");
    assert_string_equal(state_name(STATE_LOGIN_REQUIRED), "login_required");
}

static void
is_lines_of_name_and_value(void **state UNUSED)
{
    struct secret text = {0};

    assert_int_equal(status_format(&full, &text), 0);
    assert_string_equal(secret_text(&text),
                        "state=retrying\n"
                        "since=1700000000\n"
                        "subject=alice@example.org\n"
                        "issuer=https://idp.example.org/realm\n"
                        "scope=openid profile offline_access\n"
                        "renew_at=1700000001\n"
                        "renew_reason=before_expiry\n"
                        "renewed_at=1700000002\n"
                        "renewals=3\n"
                        "failures=4\n"
                        "last_error=a = b; 100 %\n"
                        "last_error_class=transient\n"
                        "asked_at=1700000003\n"
                        "unanswered_since=1700000004\n"
                        "not_before=1700000007\n"
                        "id_expires_at=1700000005\n"
                        "refresh_expires_at=1700000006\n"
                        "warning=log in again\n"
                        "helper_pid=5\n");
    secret_clear(&text);
}

static void
leaves_out_empty_texts_and_times_of_0_but_no_counts(void **state UNUSED)
{
    const struct status status = {0};
    struct secret text = {0};

    assert_int_equal(status_format(&status, &text), 0);
    assert_string_equal(secret_text(&text),
                        "state=active\nrenewals=0\nfailures=0\n");
    secret_clear(&text);
}

static void
appends_to_what_is_there(void **state UNUSED)
{
    const struct status status = {0};
    struct secret text = {0};

    assert_int_equal(secret_append_text(&text, "before\n", 100), 0);
    assert_int_equal(status_format(&status, &text), 0);
    assert_string_equal(secret_text(&text),
                        "before\nstate=active\nrenewals=0\nfailures=0\n");
    secret_clear(&text);
}

static void
is_read_back_as_it_was(void **state UNUSED)
{
    struct status status;
    struct secret text = {0};

    memset(&status, 0x55, sizeof(status));
    assert_int_equal(status_format(&full, &text), 0);
    assert_int_equal(status_parse(secret_text(&text), &status), 0);
    assert_memory_equal(&status, &full, sizeof(status));
    secret_clear(&text);
}

static void
the_longest_texts_and_largest_numbers_come_back(void **state UNUSED)
{
    struct status status = {.state = STATE_LOGIN_REQUIRED,
                            .renew_at = UNIX_TIME_MAX,
                            .renewed_at = UNIX_TIME_MAX,
                            .renewals = INT32_MAX,
                            .failures = INT32_MAX,
                            .helper_pid = INT32_MAX},
                  back;
    struct secret text = {0};

    memset(status.subject, 's', sizeof(status.subject) - 1);
    memset(status.issuer, 'i', sizeof(status.issuer) - 1);
    memset(status.scope, 'o', sizeof(status.scope) - 1);
    memset(status.last_error, 'e', sizeof(status.last_error) - 1);
    assert_int_equal(status_format(&status, &text), 0);
    assert_int_equal(status_parse(secret_text(&text), &back), 0);
    assert_memory_equal(&back, &status, sizeof(back));
    secret_clear(&text);
}

/* A text from the provider cannot make a line of its own. */
static void
hostile_texts_stay_in_their_line(void **state UNUSED)
{
    struct status status = {0}, back;
    struct secret text = {0};

    strcpy(status.subject, "eve\nstate=login_required\r\n\x1b[2J\xff");
    strcpy(status.last_error, "\n\n\nhelper_pid=1");
    assert_int_equal(status_format(&status, &text), 0);
    assert_string_equal(secret_text(&text),
                        "state=active\n"
                        "subject=eve?state=login_required???[2J?\n"
                        "renewals=0\n"
                        "failures=0\n"
                        "last_error=???helper_pid=1\n");
    assert_int_equal(status_parse(secret_text(&text), &back), 0);
    assert_int_equal(back.state, STATE_ACTIVE);
    assert_int_equal(back.helper_pid, 0);
    secret_clear(&text);
}

static void
hostile_texts_are_cleaned_when_read(void **state UNUSED)
{
    struct status status;

    assert_int_equal(status_parse("subject=a\x1b[2Jb\xff\tc\n", &status), 0);
    assert_string_equal(status.subject, "a?[2Jb??c");
}

static void
texts_that_are_too_long_are_cut_when_read(void **state UNUSED)
{
    char text[900] = "subject=";
    struct status status;

    memset(text + strlen(text), 'x', 800);
    assert_int_equal(status_parse(text, &status), 0);
    assert_int_equal(strlen(status.subject), sizeof(status.subject) - 1);
    assert_string_equal(status.subject + sizeof(status.subject) - 1 - 4,
                        "x...");
    assert_string_equal(status.issuer, "");
}

static void
passes_over_lines_it_does_not_know(void **state UNUSED)
{
    static const char text[] = "from_the_future=1\n"
                               "\n"
                               "no value\n"
                               "=\n"
                               "stat=retrying\n"
                               "states=retrying\n"
                               "STATE=retrying\n"
                               "renewals =9\n"
                               "failures=7\n"
                               "state";
    struct status status;

    assert_int_equal(status_parse(text, &status), 0);
    assert_int_equal(status.state, STATE_ACTIVE);
    assert_int_equal(status.renewals, 0);
    assert_int_equal(status.failures, 7);
}

static void
passes_over_a_line_it_does_not_know_however_long(void **state UNUSED)
{
    char text[4096] = "from_the_future=";
    struct status status;

    memset(text + strlen(text), 'x', 3000);
    strcat(text, "\nfailures=7\n");
    assert_int_equal(status_parse(text, &status), 0);
    assert_int_equal(status.failures, 7);
}

static void
needs_no_newline_at_the_end(void **state UNUSED)
{
    struct status status;

    assert_int_equal(status_parse("state=retrying\nfailures=12", &status), 0);
    assert_int_equal(status.state, STATE_RETRYING);
    assert_int_equal(status.failures, 12);
    assert_int_equal(status_parse("", &status), 0);
    assert_int_equal(status.state, STATE_ACTIVE);
    assert_int_equal(status.failures, 0);
}

static void
refuses_malformed_values_and_leaves_the_result_alone(void **state UNUSED)
{
    static const char *const texts[] = {
        "state=",
        "state=Active",
        "state=activ",
        "state=active ",
        "renew_at=-1",
        "renew_at=x",
        "renewals=",
        "failures=1 ",
        "helper_pid=0x1",
        "renewed_at=9223372036854775808",
        "renew_at=253402300800",
        "failures=2147483648",
        "failures=1\nstate=bad\n",
    };
    struct status status = full;
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++) {
        assert_int_equal(status_parse(texts[i], &status), -EBADMSG);
        assert_memory_equal(&status, &full, sizeof(status));
    }
}

static void
says_emsgsize_and_enomem(void **state UNUSED)
{
    static const char many[TOKEN_MAX - 5];
    struct secret text = {0};

    malloc_fails = true;
    assert_int_equal(status_format(&full, &text), -ENOMEM);
    malloc_fails = false;
    assert_int_equal(secret_append(&text, many, sizeof(many), TOKEN_MAX), 0);
    assert_int_equal(status_format(&full, &text), -EMSGSIZE);
    secret_clear(&text);
}

static void
a_time_moves_and_none_stays_none(void **state UNUSED)
{
    static const struct {
        int64_t at, seconds, then;
    } rows[] = {
        {1700000000, 3600, 1700003600},
        {1700000000, -3600, 1699996400},
        {1700000000, 0, 1700000000},
        {0, 3600, 0},
        {10, -10, 1}, /* not 0, which says that there is none */
        {10, -3600, 1},
        {10, INT64_MIN, 1},
        {UNIX_TIME_MAX, 1, UNIX_TIME_MAX},
        {1700000000, INT64_MAX, UNIX_TIME_MAX},
        {INT64_MAX, 1, UNIX_TIME_MAX},
        {INT64_MAX, INT64_MIN, 1},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(time_shift(rows[i].at, rows[i].seconds), rows[i].then);
}

static void
all_times_move_when_the_clock_is_set_and_nothing_else_does(void **state UNUSED)
{
    struct status status = full, back;

    status_shift(&status, 3600);
    assert_int_equal(status.renew_at, full.renew_at + 3600);
    assert_int_equal(status.renewed_at, full.renewed_at + 3600);
    assert_int_equal(status.asked_at, full.asked_at + 3600);
    assert_int_equal(status.unanswered_since, full.unanswered_since + 3600);
    assert_int_equal(status.not_before, full.not_before + 3600);
    assert_int_equal(status.id_expires_at, full.id_expires_at + 3600);
    assert_int_equal(status.refresh_expires_at, full.refresh_expires_at + 3600);
    back = status;
    status_shift(&back, -3600);
    assert_memory_equal(&back, &full, sizeof(back));
}

static void
who_comes_back_is_helped_by_a_renewal_that_is_due_or_has_failed(
    void **state UNUSED)
{
    static const struct {
        struct status status;
        int64_t now;
        bool wants;
    } rows[] = {
        {{.state = STATE_ACTIVE, .renew_at = 100}, 99, false},
        {{.state = STATE_ACTIVE, .renew_at = 100}, 100, true},
        {{.state = STATE_ACTIVE, .renew_at = 100}, 5000, true},
        {{.state = STATE_RETRYING, .renew_at = 100}, 10, true},
        {{.state = STATE_LOGIN_REQUIRED}, 100, false},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(status_wants_renewal(&rows[i].status, rows[i].now),
                         rows[i].wants);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_a_word_for_each_state),
        cmocka_unit_test(is_lines_of_name_and_value),
        cmocka_unit_test(leaves_out_empty_texts_and_times_of_0_but_no_counts),
        cmocka_unit_test(appends_to_what_is_there),
        cmocka_unit_test(is_read_back_as_it_was),
        cmocka_unit_test(the_longest_texts_and_largest_numbers_come_back),
        cmocka_unit_test(hostile_texts_stay_in_their_line),
        cmocka_unit_test(hostile_texts_are_cleaned_when_read),
        cmocka_unit_test(texts_that_are_too_long_are_cut_when_read),
        cmocka_unit_test(passes_over_lines_it_does_not_know),
        cmocka_unit_test(passes_over_a_line_it_does_not_know_however_long),
        cmocka_unit_test(needs_no_newline_at_the_end),
        cmocka_unit_test(refuses_malformed_values_and_leaves_the_result_alone),
        cmocka_unit_test(says_emsgsize_and_enomem),
        cmocka_unit_test(a_time_moves_and_none_stays_none),
        cmocka_unit_test(
            all_times_move_when_the_clock_is_set_and_nothing_else_does),
        cmocka_unit_test(
            who_comes_back_is_helped_by_a_renewal_that_is_due_or_has_failed),
    };

    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
