/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "common/number.h"
#include "helper/renewal.h"
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

#define NOW INT64_C(1700000000)

static struct message result;
static struct verdict verdict;

static int
setup(void **state UNUSED)
{
    memset(&verdict, 0x55, sizeof(verdict));
    result.kind = KIND_RESULT;
    return 0;
}

static int
teardown(void **state UNUSED)
{
    message_clear(&result);
    return 0;
}

static void
set(enum field field, const char *text)
{
    assert_int_equal(message_set_text(&result, field, text), 0);
}

static void
set_tokens(void)
{
    set(FIELD_ACCESS_TOKEN, "t");
    set(FIELD_EXPIRES_AT, "1700000000");
}

/* ---- What a RESULT says ---- */

static void
each_outcome_is_what_it_says(void **state UNUSED)
{
    static const struct {
        const char *word;
        enum outcome outcome;
    } cases[] = {
        {"transient", OUTCOME_TRANSIENT},
        {"ambiguous", OUTCOME_AMBIGUOUS},
        {"dead", OUTCOME_DEAD},
        {"misconfigured", OUTCOME_MISCONFIGURED},
        /* A login's words: for a renewal they are the end, too. */
        {"denied", OUTCOME_DEAD},
        {"expired", OUTCOME_DEAD},
    };
    size_t i;

    set(FIELD_REASON, "because");
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        set(FIELD_OUTCOME, cases[i].word);
        verdict_from_result(&result, &verdict);
        assert_int_equal(verdict.outcome, cases[i].outcome);
        assert_string_equal(verdict.reason, "because");
        assert_int_equal(verdict.retry_after, 0);
    }
}

static void
success_has_no_reason(void **state UNUSED)
{
    set(FIELD_OUTCOME, "ok");
    set_tokens();
    set(FIELD_REASON, "a warning");
    verdict_from_result(&result, &verdict);
    assert_int_equal(verdict.outcome, OUTCOME_OK);
    assert_string_equal(verdict.reason, "");
}

static void
an_unknown_outcome_is_ambiguous(void **state UNUSED)
{
    static const char *const words[] = {"", "OK", "fine"};
    size_t i;

    set_tokens();
    verdict_from_result(&result, &verdict); /* none at all */
    assert_int_equal(verdict.outcome, OUTCOME_AMBIGUOUS);
    for (i = 0; i < ARRAY_LEN(words); i++) {
        set(FIELD_OUTCOME, words[i]);
        verdict_from_result(&result, &verdict);
        assert_int_equal(verdict.outcome, OUTCOME_AMBIGUOUS);
        assert_non_null(strstr(verdict.reason, fake_program));
    }
}

static void
success_without_a_token_or_its_expiry_is_ambiguous(void **state UNUSED)
{
    set(FIELD_OUTCOME, "ok");
    verdict_from_result(&result, &verdict);
    assert_int_equal(verdict.outcome, OUTCOME_AMBIGUOUS);
    set(FIELD_ACCESS_TOKEN, "t");
    verdict_from_result(&result, &verdict);
    assert_int_equal(verdict.outcome, OUTCOME_AMBIGUOUS);
    set(FIELD_EXPIRES_AT, "");
    verdict_from_result(&result, &verdict);
    assert_int_equal(verdict.outcome, OUTCOME_AMBIGUOUS);
    set_tokens();
    set(FIELD_ACCESS_TOKEN, "");
    verdict_from_result(&result, &verdict);
    assert_int_equal(verdict.outcome, OUTCOME_AMBIGUOUS);
    set_tokens();
    verdict_from_result(&result, &verdict);
    assert_int_equal(verdict.outcome, OUTCOME_OK);
}

static void
retry_after_is_taken_when_it_is_a_number(void **state UNUSED)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {{"120", 120}, {"0", 0}, {"-5", 0},
                 {"soon", 0},  {"", 0},  {"9223372036854775807", INT64_MAX}};
    size_t i;

    set(FIELD_OUTCOME, "transient");
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        set(FIELD_RETRY_AFTER, cases[i].text);
        verdict_from_result(&result, &verdict);
        assert_int_equal(verdict.retry_after, cases[i].seconds);
    }
}

static void
a_hostile_reason_is_one_short_printable_line(void **state UNUSED)
{
    char text[1000] = "a\nb\x1b[m";

    memset(text + strlen(text), 'x', 900);
    set(FIELD_OUTCOME, "dead");
    set(FIELD_REASON, text);
    verdict_from_result(&result, &verdict);
    assert_memory_equal(verdict.reason, "a?b?[mxxx", 9);
    assert_int_equal(strlen(verdict.reason), sizeof(verdict.reason) - 1);
}

/* ---- A failure of our own ---- */

static void
each_errno_has_its_outcome_and_words(void **state UNUSED)
{
    static const struct {
        int r;
        enum outcome outcome;
        const char *says;
    } cases[] = {
        {-EDQUOT, OUTCOME_TRANSIENT, "kernel.keys.root_maxbytes"},
        {-ENOKEY, OUTCOME_DEAD, "no refresh token"},
        {-EBADMSG, OUTCOME_AMBIGUOUS, "without a result"},
        {-ENODATA, OUTCOME_AMBIGUOUS, "without a result"},
        {-ETIMEDOUT, OUTCOME_AMBIGUOUS, "without a result"},
        {-ENOENT, OUTCOME_TRANSIENT, "No such file"},
        {-ENOMEM, OUTCOME_TRANSIENT, "memory"},
        {-EMFILE, OUTCOME_TRANSIENT, "cannot renew"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        memset(&verdict, 0x55, sizeof(verdict));
        verdict_from_errno(cases[i].r, &verdict);
        assert_int_equal(verdict.outcome, cases[i].outcome);
        assert_int_equal(verdict.retry_after, 0);
        if (strstr(verdict.reason, cases[i].says) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", verdict.reason,
                     cases[i].says);
    }
}

/* ---- The status after it ---- */

static const struct renewal_times no_times;

static void
after_success_the_status_is_clean(void **state UNUSED)
{
    const struct renewal_times times = {.expires_at = 400,
                                        .id_expires_at = 300};
    struct status status = {.state = STATE_RETRYING,
                            .subject = "alice",
                            .renew_at = 7,
                            .renewed_at = 8,
                            .renewals = 3,
                            .failures = 2,
                            .last_error = "old",
                            .asked_at = 100,
                            .unanswered_since = 90,
                            .id_expires_at = 200,
                            .refresh_expires_at = 500,
                            .helper_pid = 9};

    verdict = (struct verdict){.outcome = OUTCOME_OK};
    verdict_apply(&verdict, true, &times, &status);
    assert_int_equal(status.state, STATE_ACTIVE);
    assert_int_equal(status.renewed_at, 100);
    assert_int_equal(status.renewals, 4);
    assert_int_equal(status.failures, 0);
    assert_string_equal(status.last_error, "");
    assert_int_equal(status.unanswered_since, 0);
    assert_int_equal(status.id_expires_at, 300);
    assert_int_equal(status.refresh_expires_at, 500); /* it did not say */
    assert_string_equal(status.subject, "alice");
    assert_int_equal(status.renew_at, 7);
    assert_int_equal(status.helper_pid, 9);
}

static void
a_refresh_token_that_was_used_after_its_end_has_another_one(void **state UNUSED)
{
    struct status status = {.asked_at = 100, .refresh_expires_at = 100};

    verdict = (struct verdict){.outcome = OUTCOME_OK};
    verdict_apply(&verdict, false, &no_times, &status);
    assert_int_equal(status.refresh_expires_at, 0);
}

static void
after_each_failure_the_status_says_so(void **state UNUSED)
{
    static const struct {
        enum outcome outcome;
        bool replay;
        enum state state;
        int64_t unanswered_since;
    } cases[] = {
        {OUTCOME_TRANSIENT, false, STATE_RETRYING, 0},
        {OUTCOME_MISCONFIGURED, false, STATE_RETRYING, 0},
        {OUTCOME_DEAD, false, STATE_LOGIN_REQUIRED, 0},
        {OUTCOME_AMBIGUOUS, false, STATE_RETRYING, 90},
        /* The answer before that one is still missing. */
        {OUTCOME_TRANSIENT, true, STATE_RETRYING, 90},
        {OUTCOME_MISCONFIGURED, true, STATE_RETRYING, 90},
        {OUTCOME_AMBIGUOUS, true, STATE_RETRYING, 90},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct status status = {.renewed_at = 8,
                                .renewals = 3,
                                .failures = 2,
                                .asked_at = 100,
                                .unanswered_since = 90};

        verdict =
            (struct verdict){.outcome = cases[i].outcome, .reason = "because"};
        verdict_apply(&verdict, cases[i].replay, &no_times, &status);
        assert_int_equal(status.state, cases[i].state);
        assert_int_equal(status.renewed_at, 8);
        assert_int_equal(status.renewals, 3);
        assert_int_equal(status.failures, 3);
        assert_string_equal(status.last_error, "because");
        assert_string_equal(status.last_error_class,
                            outcome_name(cases[i].outcome));
        assert_int_equal(status.unanswered_since, cases[i].unanswered_since);
    }
}

static void
a_grant_that_dies_of_a_lost_answer_says_so(void **state UNUSED)
{
    static const char lost[] =
        "the answer to the renewal before was lost; then: rrr";
    struct status status = {.asked_at = 100,
                            .unanswered_since = 90,
                            .id_expires_at = 5,
                            .refresh_expires_at = 6,
                            .warning = "soon"};

    verdict = (struct verdict){.outcome = OUTCOME_DEAD};
    memset(verdict.reason, 'r', sizeof(verdict.reason) - 1);
    verdict_apply(&verdict, true, &no_times, &status);
    assert_int_equal(status.state, STATE_LOGIN_REQUIRED);
    assert_int_equal(status.unanswered_since, 0);
    assert_int_equal(status.id_expires_at, 0);
    assert_int_equal(status.refresh_expires_at, 0);
    assert_string_equal(status.warning, "");
    assert_memory_equal(status.last_error, lost, strlen(lost));
}

/* ---- The intent ---- */

static void
what_is_about_to_be_asked_is_in_the_status(void **state UNUSED)
{
    struct status status = {.asked_at = 1};

    assert_false(renewal_begin(&status, 100));
    assert_int_equal(status.asked_at, 100);
    assert_int_equal(status.unanswered_since, 100);
    /* Nobody took the answer: once more. */
    assert_true(renewal_begin(&status, 110));
    assert_int_equal(status.asked_at, 110);
    assert_int_equal(status.unanswered_since, 100);
}

/* ---- Times ---- */

static void
a_lifetime_counts_from_when_we_asked(void **state UNUSED)
{
    struct renewal_times times;

    set(FIELD_RENEWED_AT, "1002");
    set(FIELD_EXPIRES_AT, "1302");
    set(FIELD_ID_EXPIRES_AT, "1102");
    set(FIELD_REFRESH_EXPIRES_AT, "2802");
    assert_int_equal(renewal_times_get(&result, 1000, &times), 0);
    assert_int_equal(times.expires_at, 1300);
    assert_int_equal(times.id_expires_at, 1100);
    assert_int_equal(times.refresh_expires_at, 2800);
    /* Somebody has set the clock back by a day meanwhile, or forwards. */
    assert_int_equal(renewal_times_get(&result, 87402, &times), 0);
    assert_int_equal(times.expires_at, 87702);
}

static void
times_that_are_absent_are_0(void **state UNUSED)
{
    struct renewal_times times;

    set(FIELD_RENEWED_AT, "1000");
    set(FIELD_EXPIRES_AT, "1300");
    assert_int_equal(renewal_times_get(&result, 1000, &times), 0);
    assert_int_equal(times.id_expires_at, 0);
    assert_int_equal(times.refresh_expires_at, 0);
}

static void
times_that_must_be_there_and_are_not_are_ebadmsg(void **state UNUSED)
{
    static const char *const cases[][2] = {
        {"", "1300"},   {"x", "1300"}, {"1000", ""},
        {"1000", "-1"}, {"1000", "0"}, {"9223372036854775807", "1300"},
    };
    struct renewal_times times;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        set(FIELD_RENEWED_AT, cases[i][0]);
        set(FIELD_EXPIRES_AT, cases[i][1]);
        assert_int_equal(renewal_times_get(&result, 1000, &times), -EBADMSG);
    }
    set(FIELD_RENEWED_AT, "0");
    set(FIELD_EXPIRES_AT, "9223372036854775807"); /* no overflow */
    assert_int_equal(renewal_times_get(&result, 1000, &times), 0);
    assert_int_equal(times.expires_at, UNIX_TIME_MAX);
}

/* ---- The end of the grant, before it comes ---- */

static void
who_must_log_in_soon_is_warned(void **state UNUSED)
{
    static const struct {
        int64_t left, renew_in, before;
        bool warned;
    } cases[] = {
        {0, 300, 0, false},    /* not known */
        {1800, 300, 0, false}, /* it may be put off */
        {200, 300, 0, true},   /* before the next renewal */
        {300, 300, 0, true},
        {1800, 300, 1800, false}, /* it was put off */
        {1799, 300, 1800, false}, /* times are in seconds */
        {1700, 300, 1500, false}, /* by more than before */
        {1500, 300, 1800, true},  /* it was not */
        {1700, 300, 1800, true},  /* or by less and less */
        {3600, 300, 3900, true},
        {3601, 300, 3900, false}, /* later than in an hour */
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct status status = {.renew_at = NOW + cases[i].renew_in,
                                .renewed_at = NOW,
                                .warning = "old"};

        if (cases[i].left != 0)
            status.refresh_expires_at = NOW + cases[i].left;
        assert_int_equal(renewal_refresh_lifetime(&status), cases[i].left);
        renewal_warn(&status, NOW, cases[i].before);
        assert_int_equal(status.warning[0] != '\0', cases[i].warned);
    }
}

static void
the_warning_says_when(void **state UNUSED)
{
    struct status status = {.renew_at = NOW + 300,
                            .refresh_expires_at = NOW + 200};

    renewal_warn(&status, NOW, 0);
    assert_string_equal(status.warning, "the provider ends this grant at "
                                        "2023-11-14 22:16 UTC; log in again "
                                        "before");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(each_outcome_is_what_it_says),
        TEST(success_has_no_reason),
        TEST(an_unknown_outcome_is_ambiguous),
        TEST(success_without_a_token_or_its_expiry_is_ambiguous),
        TEST(retry_after_is_taken_when_it_is_a_number),
        TEST(a_hostile_reason_is_one_short_printable_line),
        TEST(each_errno_has_its_outcome_and_words),
        TEST(after_success_the_status_is_clean),
        TEST(a_refresh_token_that_was_used_after_its_end_has_another_one),
        TEST(after_each_failure_the_status_says_so),
        TEST(a_grant_that_dies_of_a_lost_answer_says_so),
        TEST(what_is_about_to_be_asked_is_in_the_status),
        TEST(a_lifetime_counts_from_when_we_asked),
        TEST(times_that_are_absent_are_0),
        TEST(times_that_must_be_there_and_are_not_are_ebadmsg),
        TEST(who_must_log_in_soon_is_warned),
        TEST(the_warning_says_when),
    };

    return cmocka_run_group_tests_name("renewal", tests, NULL, NULL);
}
