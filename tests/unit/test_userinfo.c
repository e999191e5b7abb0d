/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "helper/exchange/json.h"
#include "helper/exchange/userinfo.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

#define TOKEN "CANARY-of-an-access-token"

static int
teardown(void **state UNUSED)
{
    fakeprovider_stop();
    return 0;
}

/* Ask for somebody's claims; claim is what names the subject. */
static int
fetch_by(const char *claim, const char *subject, cJSON **claims,
         struct problem *problem)
{
    char client_id[] = "c", endpoint[256];
    struct settings settings = {
        .client_id = client_id,
        .timeout = 20,
        .insecure_http = true,
        .userinfo_endpoint = endpoint,
    };
    struct secret token = {0};
    struct http http = {0};
    struct client client = {.http = &http, .settings = &settings};
    int r;

    (void) strcpy(endpoint, fakeprovider_url("/u"));
    *problem = (struct problem){0};
    assert_int_equal(secret_append_text(&token, TOKEN, 100), 0);
    assert_int_equal(http_open(&http, &settings), 0);
    r = userinfo_fetch(&client, &token, claim, subject, claims, problem);
    http_close(&http);
    secret_clear(&token);
    return r;
}

static int
fetch(const char *subject, cJSON **claims, struct problem *problem)
{
    return fetch_by("sub", subject, claims, problem);
}

static void
the_access_token_is_the_right_to_ask(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/u", 200, "{\"sub\":\"1\",\"name\":\"alice\"}",
         "Content-Type: application/json; charset=utf-8"},
        {"/u", 200, "{\"sub\":\"2\"}", NULL},
    };
    struct problem problem;
    cJSON *claims = NULL;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(fetch("1", &claims, &problem), 0);
    assert_string_equal(json_text(claims, "name"), "alice");
    cJSON_Delete(claims);
    claims = NULL;
    assert_int_equal(fetch(NULL, &claims, &problem), 0);
    assert_string_equal(json_text(claims, "sub"), "2");
    cJSON_Delete(claims);
    assert_request(0, "/u", "");
    assert_ptr_equal(strstr(fakeprovider_request(0), "GET /u HTTP/1.1\r\n"),
                     fakeprovider_request(0));
    assert_non_null(strstr(fakeprovider_request(0),
                           "\r\nAuthorization: Bearer " TOKEN "\r\n"));
    assert_non_null(
        strstr(fakeprovider_request(0), "\r\nAccept: application/json\r\n"));
}

static void
another_claim_may_name_the_subject(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/u", 200, "{\"id\":583231,\"login\":\"alice\"}", NULL},
        {"/u", 200, "{\"sub\":\"1\",\"login\":\"alice\"}", NULL},
        {"/u", 200, "{\"id\":\"a b\"}", NULL},
    };
    struct problem problem;
    cJSON *claims = NULL;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(fetch_by("id", NULL, &claims, &problem), 0);
    assert_string_equal(json_text(claims, "sub"), "583231");
    cJSON_Delete(claims);
    claims = NULL;
    assert_int_equal(fetch_by("id", NULL, &claims, &problem), -EPROTO);
    assert_int_equal(problem.outcome, OUTCOME_MISCONFIGURED);
    assert_non_null(strstr(problem.reason, "(no id)"));
    assert_int_equal(fetch_by("id", NULL, &claims, &problem), -EPROTO);
    assert_int_equal(problem.outcome, OUTCOME_DENIED);
    assert_null(claims);
}

static void
other_answers_are_refused(void **state UNUSED)
{
    static const struct {
        struct fake_answer answer;
        enum outcome outcome;
        const char *reason;
    } cases[] = {
        {{"/u", 200, "{\"sub\":\"2\"}", NULL},
         OUTCOME_DENIED,
         "the userinfo endpoint speaks of '2', but the ID token of '1'"},
        {{"/u", 200, "{\"name\":\"alice\"}", NULL},
         OUTCOME_MISCONFIGURED,
         "does not say whom its answer is about (no sub)"},
        {{"/u", 200, "{\"sub\":[\"1\"]}", NULL},
         OUTCOME_DENIED,
         "no usable subject"},
        {{"/u", 200, "{\"sub\":\"1\",\"sub\":\"2\"}", NULL},
         OUTCOME_TRANSIENT,
         "not a JSON object"},
        {{"/u", 200, "$", "Content-Type: application/jwt"},
         OUTCOME_MISCONFIGURED,
         "answered with a signed token, which is not supported"},
        {{"/u", 200, "{\"sub\":\"1\"}", "Content-Type: Application/JWT;x=y"},
         OUTCOME_MISCONFIGURED,
         "answered with a signed token"},
        {{"/u", 200, "{\"sub\":\"1\"}", "Content-Type: application/x+jwt"},
         OUTCOME_MISCONFIGURED,
         "answered with a signed token"},
        {{"/u", 200, "$", NULL}, OUTCOME_TRANSIENT, "not a JSON object"},
        {{"/u", 200, "[]", NULL}, OUTCOME_TRANSIENT, "not a JSON object"},
        {{"/u", 200, NULL, NULL}, OUTCOME_TRANSIENT, "not a JSON object"},
        {{"/u", 200, "{\"sub\":\"1\",\"error\":\"invalid_token\"}", NULL},
         OUTCOME_DEAD,
         "answered 200 invalid_token"},
        {{"/u", 302, NULL, "Location: /v"}, OUTCOME_MISCONFIGURED, "redirect"},
        {{"/u", 401, NULL, "WWW-Authenticate: Bearer error=\"x\""},
         OUTCOME_DEAD,
         "the userinfo endpoint at 127.0.0.1"},
        {{"/u", 403, "{\"error\":\"x\",\"error_description\":\"of " TOKEN "\"}",
          NULL},
         OUTCOME_DEAD,
         "403 x (not shown: it repeats a secret)"},
        {{"/u", 404, NULL, NULL}, OUTCOME_MISCONFIGURED, "answered 404"},
        {{"/u", 503, "{\"sub\":\"1\"}", NULL}, OUTCOME_TRANSIENT, "503"},
        {{"/u", FAKE_HANG_UP, NULL, NULL}, OUTCOME_AMBIGUOUS, "no usable"},
    };
    struct problem problem;
    cJSON *claims = NULL;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakeprovider_start(&cases[i].answer, 1);
        assert_int_equal(fetch("1", &claims, &problem), -EPROTO);
        assert_null(claims);
        if (strstr(problem.reason, cases[i].reason) == NULL)
            fail_msg("%zu: %s", i, problem.reason);
        assert_int_equal(problem.outcome, cases[i].outcome);
        assert_null(strstr(problem.reason, "CANARY"));
        assert_int_equal(fakeprovider_count(), 1);
        fakeprovider_stop();
    }
}

static void
without_an_endpoint_it_is_said_what_is_missing(void **state UNUSED)
{
    const struct settings settings = {.timeout = 20};
    const struct client client = {.settings = &settings};
    const struct secret token = {0};
    struct problem problem = {0};
    cJSON *claims = NULL;

    assert_int_equal(
        userinfo_fetch(&client, &token, "sub", "1", &claims, &problem),
        -EPROTO);
    assert_int_equal(problem.outcome, OUTCOME_MISCONFIGURED);
    assert_string_equal(problem.reason,
                        "there is no userinfo endpoint to ask for claims: "
                        "neither in the provider's metadata nor as [provider] "
                        "userinfo_endpoint");
}

static void
the_access_token_is_wiped(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/u", 200, "{\"sub\":\"1\"}", NULL},
    };
    char client_id[] = "c", endpoint[256];
    struct settings settings = {
        .client_id = client_id,
        .timeout = 20,
        .insecure_http = true,
        .userinfo_endpoint = endpoint,
    };
    struct secret token = {0};
    struct problem problem = {0};
    struct http http = {0};
    struct client client = {.http = &http, .settings = &settings};
    cJSON *claims = NULL;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    (void) strcpy(endpoint, fakeprovider_url("/u"));
    assert_int_equal(secret_append_text(&token, TOKEN, 100), 0);
    assert_int_equal(http_open(&http, &settings), 0);
    wiped_begin("CANARY");
    assert_int_equal(
        userinfo_fetch(&client, &token, "sub", "1", &claims, &problem), 0);
    secret_clear(&token);
    assert_wiped();
    cJSON_Delete(claims);
    http_close(&http);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_access_token_is_the_right_to_ask,
                                  teardown),
        cmocka_unit_test_teardown(another_claim_may_name_the_subject, teardown),
        cmocka_unit_test_teardown(other_answers_are_refused, teardown),
        cmocka_unit_test(without_an_endpoint_it_is_said_what_is_missing),
        cmocka_unit_test_teardown(the_access_token_is_wiped, teardown),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
