/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "helper/renewal.h"
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

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

static void
after_success_the_status_is_clean(void **state UNUSED)
{
    struct status status = {.state = STATE_RETRYING,
                            .subject = "alice",
                            .renew_at = 7,
                            .renewed_at = 8,
                            .renewals = 3,
                            .failures = 2,
                            .last_error = "old",
                            .helper_pid = 9};

    verdict = (struct verdict){.outcome = OUTCOME_OK};
    verdict_apply(&verdict, 100, &status);
    assert_int_equal(status.state, STATE_ACTIVE);
    assert_int_equal(status.renewed_at, 100);
    assert_int_equal(status.renewals, 4);
    assert_int_equal(status.failures, 0);
    assert_string_equal(status.last_error, "");
    assert_string_equal(status.subject, "alice");
    assert_int_equal(status.renew_at, 7);
    assert_int_equal(status.helper_pid, 9);
}

static void
after_each_failure_the_status_says_so(void **state UNUSED)
{
    static const struct {
        enum outcome outcome;
        enum state state;
    } cases[] = {
        {OUTCOME_TRANSIENT, STATE_RETRYING},
        {OUTCOME_AMBIGUOUS, STATE_RETRYING},
        {OUTCOME_MISCONFIGURED, STATE_RETRYING},
        {OUTCOME_DEAD, STATE_LOGIN_REQUIRED},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct status status = {.renewed_at = 8, .renewals = 3, .failures = 2};

        verdict =
            (struct verdict){.outcome = cases[i].outcome, .reason = "because"};
        verdict_apply(&verdict, 100, &status);
        assert_int_equal(status.state, cases[i].state);
        assert_int_equal(status.renewed_at, 8);
        assert_int_equal(status.renewals, 3);
        assert_int_equal(status.failures, 3);
        assert_string_equal(status.last_error, "because");
    }
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
        TEST(after_each_failure_the_status_says_so),
    };

    return cmocka_run_group_tests_name("renewal", tests, NULL, NULL);
}
