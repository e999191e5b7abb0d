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

static void
every_answer_has_its_outcome(void **state UNUSED)
{
    static const struct {
        long status;
        bool json;
        const char *error;
        enum outcome outcome;
    } cases[] = {
        {200, true, "", OK},
        {201, true, "", OK},
        {200, false, "", TRANSIENT}, /* a captive portal */
        {204, false, "", TRANSIENT},
        {200, true, "authorization_pending", TRANSIENT}, /* GitHub */
        {200, true, "invalid_grant", DEAD},
        {200, true, "some_error", DEAD},
        {301, false, "", WRONG},
        {302, false, "", WRONG},
        {307, true, "", WRONG},
        {400, false, "", DEAD}, /* an empty body */
        {400, true, "", DEAD},
        {401, false, "", DEAD},
        {403, false, "", DEAD},
        {418, false, "", DEAD},
        {404, false, "", WRONG},
        {405, false, "", WRONG},
        {407, false, "", WRONG},
        {408, false, "", TRANSIENT},
        {429, false, "", TRANSIENT},
        {500, false, "", TRANSIENT},
        {502, false, "", TRANSIENT},
        {503, false, "", TRANSIENT},
        {599, false, "", TRANSIENT},
        {429, true, "invalid_grant", TRANSIENT},
        {408, true, "invalid_client", TRANSIENT},
        {500, true, "invalid_grant", TRANSIENT},
        {503, true, "temporarily_unavailable", TRANSIENT},
        {400, true, "invalid_grant", DEAD},
        {403, true, "invalid_grant", DEAD},
        {404, true, "invalid_grant", DEAD},
        {400, true, "access_denied", DEAD},
        {400, true, "login_required", DEAD},
        {400, true, "interaction_required", DEAD},
        {400, true, "consent_required", DEAD},
        {400, true, "account_selection_required", DEAD},
        {400, true, "expired_token", EXPIRED},
        {428, true, "authorization_pending", TRANSIENT}, /* Google */
        {400, true, "slow_down", TRANSIENT},
        {400, true, "temporarily_unavailable", TRANSIENT},
        {400, true, "server_error", TRANSIENT},
        {401, true, "invalid_client", WRONG},
        {400, true, "unauthorized_client", WRONG},
        {400, true, "invalid_scope", WRONG},
        {400, true, "invalid_target", WRONG},
        {400, true, "invalid_request", WRONG},
        {400, true, "unsupported_grant_type", WRONG},
        {400, true, "unsupported_token_type", WRONG},
        {400, true, "INVALID_CLIENT", DEAD},
        {400, true, "some_error", DEAD},
        {0, false, "", TRANSIENT},
        {100, false, "", TRANSIENT},
        {600, false, "", TRANSIENT},
        {999, false, "", TRANSIENT},
    };
    enum outcome outcome;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct oauth_answer answer = {
            .sent = true,
            .status = cases[i].status,
            .json = cases[i].json,
        };

        (void) snprintf(answer.error, sizeof(answer.error), "%s",
                        cases[i].error);
        outcome = oauth_classify(&answer);
        if (outcome != cases[i].outcome)
            fail_msg("%ld %s: %s", cases[i].status, cases[i].error,
                     outcome_name(outcome));
    }
}

/* Every error of curl: what it is before the request; after it is ambiguous. */
static void
every_error_of_the_transport_has_its_outcome(void **state UNUSED)
{
    static const CURLcode wrong[] = {
        CURLE_UNSUPPORTED_PROTOCOL,     CURLE_URL_MALFORMAT,
        CURLE_SSL_CERTPROBLEM,          CURLE_SSL_CIPHER,
        CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
        CURLE_SSL_ISSUER_ERROR,         CURLE_SSL_INVALIDCERTSTATUS,
    };
    enum outcome expected;
    size_t i;
    int code;

    for (code = CURLE_OK + 1; code < CURL_LAST; code++) {
        struct oauth_answer answer = {.code = (CURLcode) code, .status = 200};

        expected = TRANSIENT;
        for (i = 0; i < ARRAY_LEN(wrong); i++)
            if (wrong[i] == answer.code)
                expected = WRONG;
        assert_int_equal(oauth_classify(&answer), expected);
        answer.sent = true;
        assert_int_equal(oauth_classify(&answer), OUTCOME_AMBIGUOUS);
    }
}

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
a_problem_says_when_to_ask_again(void **state UNUSED)
{
    struct oauth_answer answer = {.status = 503, .retry_after = 17};
    struct problem problem = {0};

    assert_int_equal(oauth_problem(&answer, "w", "h", &problem), -EPROTO);
    assert_int_equal(problem.retry_after, 17);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_has_its_outcome),
        cmocka_unit_test(every_error_of_the_transport_has_its_outcome),
        cmocka_unit_test(an_error_and_its_description_are_cleaned_and_cut),
        cmocka_unit_test(what_repeats_a_secret_is_not_shown),
        cmocka_unit_test(a_reason_says_what_failed_where_and_why),
        cmocka_unit_test(a_problem_says_when_to_ask_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
