/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "helper/exchange/json.h"
#include "helper/exchange/oauth.h"
#include "tests/lib/test.h"

#define OK        OUTCOME_OK
#define TRANSIENT OUTCOME_TRANSIENT
#define DEAD      OUTCOME_DEAD
#define EXPIRED   OUTCOME_EXPIRED
#define WRONG     OUTCOME_MISCONFIGURED
#define AMBIGUOUS OUTCOME_AMBIGUOUS

struct row {
    long status;
    bool json;
    const char *error;
    enum outcome outcome;
};

static void
check(const struct row *rows, size_t count)
{
    enum outcome outcome;
    size_t i;

    for (i = 0; i < count; i++) {
        struct oauth_answer answer = {
            .sent = true,
            .status = rows[i].status,
            .json = rows[i].json,
        };

        (void) snprintf(answer.error, sizeof(answer.error), "%s",
                        rows[i].error);
        outcome = oauth_classify(&answer);
        if (outcome != rows[i].outcome)
            fail_msg("%ld %s: %s", rows[i].status, rows[i].error,
                     outcome_name(outcome));
    }
}

static void
every_status_has_its_outcome(void **state UNUSED)
{
    static const struct row rows[] = {
        {200, true, "", OK},
        {201, true, "", OK},
        {299, true, "", OK},
        {200, false, "", TRANSIENT}, /* a captive portal */
        {204, false, "", TRANSIENT},
        {300, false, "", WRONG},
        {301, false, "", WRONG},
        {302, false, "", WRONG},
        {307, true, "", WRONG},
        {399, false, "", WRONG},
        {400, false, "", DEAD},
        {400, true, "", DEAD},
        {401, false, "", DEAD},
        {403, false, "", DEAD},
        {404, false, "", WRONG},
        {404, true, "", WRONG},
        {405, false, "", WRONG},
        {406, false, "", DEAD},
        {407, false, "", WRONG},
        {408, false, "", TRANSIENT},
        {409, false, "", DEAD},
        {418, false, "", DEAD},
        {428, false, "", DEAD},
        {429, false, "", TRANSIENT},
        {430, false, "", DEAD},
        {499, false, "", DEAD},
        {500, false, "", TRANSIENT},
        {502, false, "", TRANSIENT},
        {503, false, "", TRANSIENT},
        {504, true, "", TRANSIENT},
        {599, false, "", TRANSIENT},
        {0, false, "", TRANSIENT},
        {100, false, "", TRANSIENT},
        {101, false, "", TRANSIENT},
        {199, true, "", TRANSIENT},
        {600, false, "", TRANSIENT},
        {999, true, "", TRANSIENT},
        {-1, false, "", TRANSIENT},
    };

    check(rows, ARRAY_LEN(rows));
}

static void
every_error_by_name_has_its_outcome(void **state UNUSED)
{
    static const struct row rows[] = {
        {400, true, "invalid_grant", DEAD},
        {401, true, "invalid_grant", DEAD},
        {403, true, "invalid_grant", DEAD},
        {404, true, "invalid_grant", DEAD},
        {200, true, "invalid_grant", DEAD},
        {302, true, "invalid_grant", DEAD},
        {400, true, "access_denied", DEAD},
        {400, true, "login_required", DEAD},
        {400, true, "interaction_required", DEAD},
        {400, true, "consent_required", DEAD},
        {400, true, "account_selection_required", DEAD},
        {400, true, "expired_token", EXPIRED},
        {400, true, "authorization_pending", TRANSIENT},
        {400, true, "slow_down", TRANSIENT},
        {400, true, "temporarily_unavailable", TRANSIENT},
        {400, true, "server_error", TRANSIENT},
        {400, true, "invalid_client", WRONG},
        {401, true, "invalid_client", WRONG},
        {400, true, "unauthorized_client", WRONG},
        {400, true, "invalid_scope", WRONG},
        {400, true, "invalid_target", WRONG},
        {400, true, "invalid_request", WRONG},
        {400, true, "unsupported_grant_type", WRONG},
        {400, true, "unsupported_token_type", WRONG},
        /* One that we do not know is no "later". */
        {400, true, "INVALID_CLIENT", DEAD},
        {400, true, "invalid_client ", DEAD},
        {400, true, "some_error", DEAD},
        {401, true, "some_error", DEAD},
        {200, true, "some_error", DEAD},
        /* Who is overloaded does not know what it says. */
        {408, true, "invalid_client", TRANSIENT},
        {429, true, "invalid_grant", TRANSIENT},
        {429, true, "some_error", TRANSIENT},
        {500, true, "invalid_grant", TRANSIENT},
        {503, true, "invalid_client", TRANSIENT},
        {503, true, "temporarily_unavailable", TRANSIENT},
    };

    check(rows, ARRAY_LEN(rows));
}

/*
 * What token endpoints answer to a renewal that they do not want: seen on real
 * ones, or in their manuals.  What they answer to one that they do want is in
 * test_token.c and test_renew.c.
 */
static void
what_real_providers_answer_has_its_outcome(void **state UNUSED)
{
    static const struct row rows[] = {
        /* an error with an empty body and no Content-Type, or a web page */
        {400, false, "", DEAD},
        {401, false, "", DEAD},
        {403, false, "", DEAD},
        {500, false, "", TRANSIENT},
        /* an empty 4xx is final, 429 and 5xx are not */
        {410, false, "", DEAD},
        {422, false, "", DEAD},
        {429, false, "", TRANSIENT},
        {502, false, "", TRANSIENT},
        {503, false, "", TRANSIENT},
        {504, false, "", TRANSIENT},
        /* authorization_pending: usually 400, Google 428, GitHub 200 */
        {400, true, "authorization_pending", TRANSIENT},
        {428, true, "authorization_pending", TRANSIENT},
        {200, true, "authorization_pending", TRANSIENT},
        /* reuse of a rotated refresh token, or its grant was revoked */
        {400, true, "invalid_grant", DEAD},
        /* GitHub says all of it with 200 */
        {200, true, "bad_refresh_token", DEAD},
        {200, true, "incorrect_client_credentials", WRONG},
        {200, true, "unsupported_grant_type", WRONG},
        /* Entra ID wants a second factor, or is busy */
        {400, true, "interaction_required", DEAD},
        {400, true, "temporarily_unavailable", TRANSIENT},
        /* Keycloak: a session that has ended; a client with a new secret */
        {400, true, "invalid_grant", DEAD},
        {401, true, "unauthorized_client", WRONG},
    };

    check(rows, ARRAY_LEN(rows));
}

/* ---- the transport ------------------------------------------------------- */

/* What no waiting cures; all other errors of curl may be over the next time. */
static const CURLcode wrong[] = {
    CURLE_UNSUPPORTED_PROTOCOL,
    CURLE_URL_MALFORMAT,
    CURLE_NOT_BUILT_IN,
    CURLE_BAD_FUNCTION_ARGUMENT,
    CURLE_UNKNOWN_OPTION,
    CURLE_SETOPT_OPTION_SYNTAX,
    CURLE_SSL_ENGINE_NOTFOUND,
    CURLE_SSL_ENGINE_SETFAILED,
    CURLE_SSL_CERTPROBLEM,
    CURLE_SSL_CIPHER,
    CURLE_PEER_FAILED_VERIFICATION,
    CURLE_SSL_ENGINE_INITFAILED,
    CURLE_SSL_CACERT_BADFILE,
    CURLE_SSL_CRL_BADFILE,
    CURLE_SSL_ISSUER_ERROR,
    CURLE_SSL_PINNEDPUBKEYNOTMATCH,
    CURLE_SSL_INVALIDCERTSTATUS,
    CURLE_SSL_CLIENTCERT,
};

static enum outcome
before_the_request(int code)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(wrong); i++)
        if ((int) wrong[i] == code)
            return WRONG;
    return TRANSIENT;
}

static void
every_error_of_the_transport_has_its_outcome(void **state UNUSED)
{
    /* What was known when the connection broke; 0: nothing. */
    static const struct {
        long status;
        enum outcome outcome;
    } after[] = {
        {0, AMBIGUOUS},   {100, AMBIGUOUS}, {103, AMBIGUOUS}, {200, AMBIGUOUS},
        {204, AMBIGUOUS}, {302, AMBIGUOUS}, {400, AMBIGUOUS}, {401, AMBIGUOUS},
        {403, AMBIGUOUS}, {404, AMBIGUOUS}, {407, AMBIGUOUS}, {408, TRANSIENT},
        {409, AMBIGUOUS}, {428, AMBIGUOUS}, {429, TRANSIENT}, {430, AMBIGUOUS},
        {499, AMBIGUOUS}, {500, TRANSIENT}, {502, TRANSIENT}, {503, TRANSIENT},
        {504, TRANSIENT}, {599, TRANSIENT}, {600, AMBIGUOUS}, {999, AMBIGUOUS},
    };
    enum outcome outcome;
    size_t i;
    int code;

    for (code = CURLE_OK + 1; code < CURL_LAST; code++) {
        struct oauth_answer answer = {.code = (CURLcode) code};

        outcome = oauth_classify(&answer);
        if (outcome != before_the_request(code))
            fail_msg("%d, not sent: %s", code, outcome_name(outcome));
        answer.sent = true;
        for (i = 0; i < ARRAY_LEN(after); i++) {
            answer.status = after[i].status;
            outcome = oauth_classify(&answer);
            if (outcome != after[i].outcome)
                fail_msg("%d after %ld: %s", code, answer.status,
                         outcome_name(outcome));
        }
    }
}

/* ---- words --------------------------------------------------------------- */

static void
read_error(const char *text, const struct form *form, struct oauth_answer *out)
{
    cJSON *json = NULL;

    assert_int_equal(json_parse(text, strlen(text), &json), 0);
    oauth_read_error(json, form, out);
    cJSON_Delete(json);
}

static void
an_error_and_its_description_are_cleaned_and_cut(void **state UNUSED)
{
    static const struct {
        const char *json;
        const char *error;
        const char *description;
    } cases[] = {
        {"{}", "", ""},
        {"{\"error\":\"invalid_grant\"}", "invalid_grant", ""},
        {"{\"error\":\"e\",\"error_description\":\"why\"}", "e", "why"},
        {"{\"error_description\":\"why\"}", "", ""},
        {"{\"error\":{\"code\":1},\"error_description\":\"why\"}", "", ""},
        {"{\"error\":\"e\",\"error_description\":[1]}", "e", ""},
        {"{\"error\":\"a\\nb\",\"error_description\":\"\\u001b[31m\\u202e\"}",
         "a?b", "?[31m???"},
        {"{\"error\":\"123456789 123456789 123456789 123456789 123456789\"}",
         "123456789 123456789 123456789 123456789 1234...", ""},
        {"{\"error\":\"e\",\"error_description\":\"123456789 123456789 "
         "123456789 123456789 123456789 123456789 123456789 123456789 "
         "123456789 123456789 123456789\"}",
         "e",
         "123456789 123456789 123456789 123456789 123456789 123456789 "
         "123456789 123456789 123456789 123456789 ..."},
    };
    const struct form form = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct oauth_answer answer = {0};

        read_error(cases[i].json, &form, &answer);
        assert_string_equal(answer.error, cases[i].error);
        assert_string_equal(answer.description, cases[i].description);
    }
}

static void
what_repeats_a_secret_is_not_shown(void **state UNUSED)
{
    struct oauth_answer answer = {0};
    struct secret token = {0};
    struct form form = {0};

    assert_int_equal(secret_append_text(&token, "CANARY-token", 100), 0);
    form_hide(&form, &token);
    read_error("{\"error\":\"CANARY-token\",\"error_description\":\""
               "12345678901234567890123456789012345678901234567890"
               "12345678901234567890123456789012345678901234567890"
               "CANARY-token is wrong\"}",
               &form, &answer);
    assert_string_equal(answer.error, "not shown: it repeats a secret");
    assert_string_equal(answer.description, "not shown: it repeats a secret");
    secret_clear(&token);
}

static void
a_reason_says_what_failed_where_and_why(void **state UNUSED)
{
    static const struct {
        struct oauth_answer answer;
        const char *reason;
    } cases[] = {
        {{.code = CURLE_COULDNT_CONNECT, .detail = "Couldn't connect"},
         "the token endpoint at h:1 cannot be reached: Couldn't connect"},
        {{.code = CURLE_PEER_FAILED_VERIFICATION, .detail = "expired"},
         "the token endpoint at h:1 cannot be used: expired"},
        {{.code = CURLE_OPERATION_TIMEDOUT, .sent = true, .detail = "late"},
         "the token endpoint at h:1 gave no usable answer: late"},
        {{.code = CURLE_PARTIAL_FILE,
          .sent = true,
          .status = 503,
          .detail = "cut"},
         "the token endpoint at h:1 answered 503, but not to the end: cut"},
        {{.code = CURLE_PARTIAL_FILE,
          .sent = true,
          .status = 200,
          .detail = "cut"},
         "the token endpoint at h:1 gave no usable answer: cut"},
        {{.status = 400, .error = "invalid_grant", .description = "used"},
         "the token endpoint at h:1 answered 400 invalid_grant (used)"},
        {{.status = 401, .error = "invalid_client"},
         "the token endpoint at h:1 answered 401 invalid_client"},
        {{.status = 503},
         "the token endpoint at h:1 answered 503 without an error code"},
        {{.status = 302},
         "the token endpoint at h:1 answered 302, a redirect, "
         "which is not followed"},
        {{.status = 200},
         "the token endpoint at h:1 answered 200 with "
         "something that is not a JSON object (a captive "
         "portal?)"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};

        assert_int_equal(oauth_problem(&cases[i].answer, "the token endpoint",
                                       "h:1", &problem),
                         -EPROTO);
        assert_int_equal(problem.outcome, oauth_classify(&cases[i].answer));
        assert_string_equal(problem.reason, cases[i].reason);
    }
}

static void
only_what_is_transient_says_when_to_ask_again(void **state UNUSED)
{
    static const struct oauth_answer answers[] = {
        {.status = 503, .retry_after = 17},
        {.status = 429, .retry_after = 17},
        {.status = 400, .error = "slow_down", .retry_after = 17},
        {.code = CURLE_PARTIAL_FILE,
         .sent = true,
         .status = 503,
         .retry_after = 17},
        /* dead, misconfigured, ambiguous */
        {.status = 400, .error = "invalid_grant", .retry_after = 17},
        {.status = 403, .retry_after = 17},
        {.status = 401, .error = "invalid_client", .retry_after = 17},
        {.status = 302, .retry_after = 17},
        {.code = CURLE_PARTIAL_FILE,
         .sent = true,
         .status = 200,
         .retry_after = 17},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(answers); i++) {
        struct problem problem = {.retry_after = 99};

        assert_int_equal(oauth_problem(&answers[i], "w", "h", &problem),
                         -EPROTO);
        assert_int_equal(problem.retry_after, i < 4 ? 17 : 0);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_outcome),
        cmocka_unit_test(every_error_by_name_has_its_outcome),
        cmocka_unit_test(what_real_providers_answer_has_its_outcome),
        cmocka_unit_test(every_error_of_the_transport_has_its_outcome),
        cmocka_unit_test(an_error_and_its_description_are_cleaned_and_cut),
        cmocka_unit_test(what_repeats_a_secret_is_not_shown),
        cmocka_unit_test(a_reason_says_what_failed_where_and_why),
        cmocka_unit_test(only_what_is_transient_says_when_to_ask_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
