/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>
#include <time.h>

#include "common/number.h"
#include "helper/exchange/introspection.h"
#include "helper/exchange/json.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

#define NOW    INT64_C(1800000000)
#define ISSUER "https://login.example/realm"
#define TOKEN  "CANARY-of-an-access-token"

static char issuer[] = ISSUER, client_id[] = "host";

static int
teardown(void **state UNUSED)
{
    fakeprovider_stop();
    return 0;
}

static cJSON *
parse(const char *text)
{
    cJSON *json = NULL;

    if (json_parse(text, strlen(text), &json) < 0)
        fail_msg("not parsed: %s", text);
    return json;
}

#define ACTIVE(more) "{\"active\":true,\"sub\":\"1\"" more "}"
#define NO_SUB       "does not say whom its answer is about (no sub)"

static void
the_token_must_be_ours_and_good(void **state UNUSED)
{
    static const struct settings settings = {
        .issuer = issuer,
        .client_id = client_id,
    };
    static const struct {
        const char *answer;
        const char *reason; /* NULL: it is */
    } cases[] = {
        {ACTIVE(""), NULL},
        {ACTIVE(",\"client_id\":\"host\""), NULL},
        {ACTIVE(",\"iss\":\"" ISSUER "\""), NULL},
        {ACTIVE(",\"exp\":1800000300"), NULL},
        {ACTIVE(",\"exp\":1799999941"), NULL},
        {ACTIVE(",\"nbf\":1800000060"), NULL},
        {ACTIVE(",\"token_type\":\"Bearer\""), NULL},
        {ACTIVE(",\"token_type\":\"bearer\""), NULL},
        {ACTIVE(",\"aud\":\"somebody else\""), NULL},
        {ACTIVE(",\"aud\":[\"https://api.example/\"],\"x\":{}"), NULL},
        {"{}", "says that the token is not active (may this client"},
        {"{\"active\":false}", "not active"},
        {"{\"active\":false,\"sub\":\"1\"}", "not active"},
        {"{\"active\":\"true\",\"sub\":\"1\"}", "not active"},
        {"{\"active\":1,\"sub\":\"1\"}", "not active"},
        {"{\"active\":[true],\"sub\":\"1\"}", "not active"},
        {"{\"active\":null,\"sub\":\"1\"}", "not active"},
        {"{\"Active\":true,\"sub\":\"1\"}", "not active"},
        {"{\"sub\":\"1\"}", "not active"},
        {ACTIVE(",\"client_id\":\"other\""),
         "says that the token is of client 'other', not of 'host'"},
        {ACTIVE(",\"client_id\":\"Host\""), "of client 'Host'"},
        {ACTIVE(",\"client_id\":\"\""), "of client ''"},
        {ACTIVE(",\"client_id\":[\"host\"]"), "of client ''"},
        {ACTIVE(",\"client_id\":null"), "of client ''"},
        {ACTIVE(",\"iss\":\"https://evil.example\""),
         "is from 'https://evil.example', not from '" ISSUER "'"},
        {ACTIVE(",\"iss\":\"" ISSUER "/\""), "is from"},
        {ACTIVE(",\"iss\":7"), "is from ''"},
        {ACTIVE(",\"exp\":1799999940"),
         "says that the token expired 60 s ago (is the clock of this host or "
         "of the provider wrong?)"},
        {ACTIVE(",\"exp\":1799999400"), "expired 600 s ago"},
        {ACTIVE(",\"exp\":0"), "expired 1800000000 s ago"},
        {ACTIVE(",\"exp\":\"1800000300\""), "unusable end or start"},
        {ACTIVE(",\"exp\":null"), "unusable end or start"},
        {ACTIVE(",\"exp\":-1"), "unusable end or start"},
        {ACTIVE(",\"nbf\":1800000061"),
         "is valid only in 61 s (is the clock of this host or of the "
         "provider wrong?)"},
        {ACTIVE(",\"nbf\":\"0\""), "unusable end or start"},
        {ACTIVE(",\"nbf\":null"), "unusable end or start"},
        {ACTIVE(",\"token_type\":\"DPoP\""), "of type 'DPoP', not of type"},
        {ACTIVE(",\"token_type\":\"refresh_token\""), "'refresh_token'"},
        {ACTIVE(",\"token_type\":\"\""), "of type ''"},
        {ACTIVE(",\"token_type\":[\"bearer\"]"), "of type ''"},
        {"{\"active\":true,\"sub\":\"2\"}",
         "speaks of '2', but the ID token of '1'"},
        {"{\"active\":true,\"sub\":\"\"}", "no usable subject"},
        {"{\"active\":true,\"username\":\"1\"}", NO_SUB},
        {"{\"active\":true}", NO_SUB},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        cJSON *answer = parse(cases[i].answer);
        int r = introspection_check(answer, &settings, "1", NOW, &problem);

        if (r != (cases[i].reason != NULL ? -EPROTO : 0))
            fail_msg("%s: %d, %s", cases[i].answer, r, problem.reason);
        if (cases[i].reason != NULL
            && strstr(problem.reason, cases[i].reason) == NULL)
            fail_msg("%s: %s", cases[i].answer, problem.reason);
        if (r < 0 && strcmp(cases[i].reason, NO_SUB) != 0)
            assert_int_equal(problem.outcome, OUTCOME_DENIED);
        cJSON_Delete(answer);
    }
}

/* Ask about a token as this kind of client. */
static int
fetch(enum auth auth, const char *subject, cJSON **claims,
      struct problem *problem)
{
    char endpoint[256];
    struct settings settings = {
        .issuer = issuer,
        .client_id = client_id,
        .auth = auth,
        .timeout = 20,
        .insecure_http = true,
        .introspection_endpoint = endpoint,
    };
    struct secret token = {0};
    struct http http = {0};
    struct client client = {.http = &http, .settings = &settings};
    int r;

    (void) strcpy(endpoint, fakeprovider_url("/i"));
    *problem = (struct problem){0};
    assert_int_equal(secret_append_text(&token, TOKEN, 100), 0);
    if (auth != AUTH_NONE)
        assert_int_equal(
            secret_append_text(&settings.client_secret, "s3cret", 100), 0);
    assert_int_equal(http_open(&http, &settings), 0);
    r = introspection_fetch(&client, &token, subject, claims, problem);
    http_close(&http);
    secret_clear(&token);
    secret_clear(&settings.client_secret);
    return r;
}

#define FORM "token=" TOKEN "&token_type_hint=access_token"

static void
the_client_asks_as_itself(void **state UNUSED)
{
    static const char body[] = ACTIVE(",\"username\":\"alice\"");
    static const struct fake_answer answers[] = {
        {"/i", 200, body, NULL},
        {"/i", 200, body, NULL},
        {"/i", 200, body, NULL},
    };
    struct problem problem;
    enum auth auth;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (auth = AUTH_NONE; auth < AUTH_COUNT; auth++) {
        cJSON *claims = NULL;

        assert_int_equal(fetch(auth, NULL, &claims, &problem), 0);
        assert_string_equal(json_text(claims, "username"), "alice");
        cJSON_Delete(claims);
    }
    assert_request(AUTH_NONE, "/i", FORM "&client_id=host");
    assert_request(AUTH_BASIC, "/i", FORM);
    /* base64 of host:s3cret */
    assert_non_null(strstr(fakeprovider_request(AUTH_BASIC),
                           "Authorization: Basic aG9zdDpzM2NyZXQ=\r\n"));
    assert_request(AUTH_POST, "/i",
                   FORM "&client_id=host&client_secret=s3cret");
}

static void
other_answers_are_refused(void **state UNUSED)
{
    static const struct {
        struct fake_answer answer;
        enum outcome outcome;
        const char *reason;
    } cases[] = {
        {{"/i", 200, "{\"active\":false}", NULL},
         OUTCOME_DENIED,
         "the introspection endpoint says that the token is not active"},
        {{"/i", 200, "{\"active\":true,\"sub\":\"2\"}", NULL},
         OUTCOME_DENIED,
         "speaks of '2', but the ID token of '1'"},
        {{"/i", 200, ACTIVE(",\"exp\":1000000000"), NULL},
         OUTCOME_DENIED,
         "says that the token expired"},
        {{"/i", 200, "$", "Content-Type: application/token-introspection+jwt"},
         OUTCOME_MISCONFIGURED,
         "answered with a signed token, which is not supported"},
        {{"/i", 200, "{\"active\":true,\"active\":true}", NULL},
         OUTCOME_TRANSIENT,
         "not a JSON object"},
        {{"/i", 200, "true", NULL}, OUTCOME_TRANSIENT, "not a JSON object"},
        {{"/i", 401, "{\"error\":\"invalid_client\"}", NULL},
         OUTCOME_MISCONFIGURED,
         "the introspection endpoint at 127.0.0.1"},
        {{"/i", 400, "{\"error\":\"x\",\"error_description\":\"" TOKEN "\"}",
          NULL},
         OUTCOME_DEAD,
         "400 x (not shown: it repeats a secret)"},
        {{"/i", 307, NULL, "Location: /j"}, OUTCOME_MISCONFIGURED, "redirect"},
        {{"/i", 500, ACTIVE(""), NULL}, OUTCOME_TRANSIENT, "500"},
    };
    struct problem problem;
    cJSON *claims = NULL;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakeprovider_start(&cases[i].answer, 1);
        assert_int_equal(fetch(AUTH_NONE, "1", &claims, &problem), -EPROTO);
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
        introspection_fetch(&client, &token, "1", &claims, &problem), -EPROTO);
    assert_int_equal(problem.outcome, OUTCOME_MISCONFIGURED);
    assert_string_equal(problem.reason,
                        "there is no introspection endpoint to ask for "
                        "claims: neither in the provider's metadata nor as "
                        "[provider] introspection_endpoint");
}

/* ---- until when a refresh token is good ---------------------------------- */

#define UNTIL(exp) "{\"active\":true,\"exp\":" exp "}"

static void
the_end_of_a_refresh_token_is_read_or_unknown(void **state UNUSED)
{
    static const struct settings settings = {
        .issuer = issuer,
        .client_id = client_id,
    };
    static const struct {
        const char *answer;
        int64_t end;
    } cases[] = {
        {UNTIL("1800000300"), NOW + 300},
        {UNTIL("1800000300.9"), NOW + 300},
        {UNTIL("1800000001"), NOW + 1},
        {ACTIVE(",\"exp\":1800000300,\"client_id\":\"host\",\"iss\":\"" ISSUER
                "\""),
         NOW + 300},
        /* Of whatever type it is called, and for whomever. */
        {ACTIVE(",\"exp\":1800000300,\"token_type\":\"Refresh\",\"aud\":7"),
         NOW + 300},
        {UNTIL("253402300799"), UNIX_TIME_MAX},
        {UNTIL("1e300"), UNIX_TIME_MAX},
        {UNTIL("1800000000"), 0},
        {UNTIL("1799999999"), 0},
        {UNTIL("0"), 0},
        {UNTIL("-1"), 0},
        {UNTIL("\"1800000300\""), 0},
        {UNTIL("null"), 0},
        {UNTIL("[1800000300]"), 0},
        {"{\"active\":true}", 0},
        {"{\"active\":false,\"exp\":1800000300}", 0},
        {"{\"active\":\"true\",\"exp\":1800000300}", 0},
        {"{\"active\":1,\"exp\":1800000300}", 0},
        {"{\"exp\":1800000300}", 0},
        {"{}", 0},
        {ACTIVE(",\"exp\":1800000300,\"client_id\":\"other\""), 0},
        {ACTIVE(",\"exp\":1800000300,\"client_id\":7"), 0},
        {ACTIVE(",\"exp\":1800000300,\"iss\":\"https://evil.example\""), 0},
    };
    int64_t found;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        cJSON *answer = parse(cases[i].answer);

        found = introspection_read_refresh_end(answer, &settings, NOW);
        if (found != cases[i].end)
            fail_msg("%s: %jd", cases[i].answer, (intmax_t) found);
        cJSON_Delete(answer);
    }
}

/* What is found of a token that was obtained as many seconds ago. */
static int64_t
find_end(bool introspects, const char *refresh, int64_t known, int64_t ago)
{
    char endpoint[256];
    const struct settings settings = {
        .issuer = issuer,
        .client_id = client_id,
        .timeout = 20,
        .insecure_http = true,
        .introspect_refresh = introspects,
        .introspection_endpoint = endpoint,
    };
    struct token token = {
        .sent_at = time(NULL) - ago,
        .refresh_expires_at = known,
    };
    struct http http = {0};
    const struct client client = {.http = &http, .settings = &settings};
    int64_t found;

    (void) strcpy(endpoint, fakeprovider_url("/i"));
    assert_int_equal(secret_append_text(&token.refresh, refresh, 100), 0);
    assert_int_equal(http_open(&http, &settings), 0);
    introspection_find_refresh_end(&client, &token);
    found = token.refresh_expires_at;
    assert_int_equal(token.refresh.len, strlen(refresh));
    http_close(&http);
    token_clear(&token);
    return found;
}

static void
a_refresh_token_is_asked_about_when_that_is_of_use(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/i", 200, UNTIL("4102444800"), NULL},
    };

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(find_end(false, "RT", 0, 0), 0);
    assert_int_equal(find_end(true, "", 0, 0), 0);
    assert_int_equal(find_end(true, "RT", 7, 0), 7);
    assert_int_equal(find_end(true, "RT", 0, 20), 0); /* it was slow */
    assert_int_equal(fakeprovider_count(), 0);
    assert_true(find_end(true, "RT", 0, 2) > time(NULL));
    assert_int_equal(fakeprovider_count(), 1);
    assert_request(0, "/i",
                   "token=RT&token_type_hint=refresh_token&client_id=host");
}

static void
without_an_answer_the_end_is_unknown(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/i", 200, "{\"active\":false}", NULL},
        {"/i", 200, "<html>", NULL},
        {"/i", 200, UNTIL("4102444800"),
         "Content-Type: application/token-introspection+jwt"},
        {"/i", 200, "{\"error\":\"x\",\"active\":true,\"exp\":4102444800}",
         NULL},
        {"/i", 401, "{\"error\":\"invalid_client\"}", NULL},
        {"/i", 400, UNTIL("4102444800"), NULL},
        {"/i", 503, UNTIL("4102444800"), NULL},
        {"/i", 307, UNTIL("4102444800"), "Location: /j"},
        {"/i", FAKE_HANG_UP, NULL, NULL},
    };
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(answers); i++)
        assert_int_equal(find_end(true, "RT", 0, 0), 0);
    assert_int_equal(fakeprovider_count(), ARRAY_LEN(answers));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_token_must_be_ours_and_good),
        cmocka_unit_test_teardown(the_client_asks_as_itself, teardown),
        cmocka_unit_test_teardown(other_answers_are_refused, teardown),
        cmocka_unit_test(without_an_endpoint_it_is_said_what_is_missing),
        cmocka_unit_test(the_end_of_a_refresh_token_is_read_or_unknown),
        cmocka_unit_test_teardown(
            a_refresh_token_is_asked_about_when_that_is_of_use, teardown),
        cmocka_unit_test_teardown(without_an_answer_the_end_is_unknown,
                                  teardown),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
