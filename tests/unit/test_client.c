/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>
#include <time.h>

#include "helper/exchange/client.h"
#include "helper/exchange/json.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

static char odd_id[] = "pam odd", odd_secret[] = "o d+d%:&=/\"~";

static int
teardown(void **state UNUSED)
{
    fakeprovider_stop();
    return 0;
}

/* Post the form a=b to /t as this kind of client. */
static void
post(enum auth auth, struct client_reply *out)
{
    struct settings settings = {
        .client_id = odd_id,
        .auth = auth,
        .timeout = 2,
        .insecure_http = true,
    };
    struct http http = {0};
    struct client client = {.http = &http, .settings = &settings};
    struct form form = {0};

    if (auth != AUTH_NONE)
        assert_int_equal(
            secret_append_text(&settings.client_secret, odd_secret, 100), 0);
    assert_int_equal(http_open(&http, &settings), 0);
    assert_int_equal(form_add(&form, "a", "b"), 0);
    assert_int_equal(client_post(&client, fakeprovider_url("/t"), &form, out),
                     0);
    form_clear(&form);
    http_close(&http);
    secret_clear(&settings.client_secret);
}

static void
each_kind_of_client_proves_itself_in_its_way(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 200, "{}", NULL},
        {"/t", 200, "{}", NULL},
        {"/t", 200, "{}", NULL},
    };
    struct client_reply reply = {0};
    enum auth auth;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (auth = AUTH_NONE; auth < AUTH_COUNT; auth++) {
        post(auth, &reply);
        assert_int_equal(reply.outcome, OUTCOME_OK);
        client_reply_clear(&reply);
    }
    assert_request(AUTH_NONE, "/t", "a=b&client_id=pam%20odd");
    assert_null(strstr(fakeprovider_request(AUTH_NONE), "Authorization"));
    assert_request(AUTH_BASIC, "/t", "a=b");
    /* base64 of pam%20odd:o%20d%2Bd%25%3A%26%3D%2F%22~ */
    assert_non_null(strstr(fakeprovider_request(AUTH_BASIC),
                           "Authorization: Basic cGFtJTIwb2RkOm8lMjBkJTJCZCUyN"
                           "SUzQSUyNiUzRCUyRiUyMn4=\r\n"));
    assert_request(AUTH_POST, "/t",
                   "a=b&client_id=pam%20odd&client_secret="
                   "o%20d%2Bd%25%3A%26%3D%2F%22~");
    assert_null(strstr(fakeprovider_request(AUTH_POST), "Authorization"));
}

static void
a_reply_is_read_and_classified(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 200, "{\"x\":\"y\"}", NULL},
        {"/t", 400, "{\"error\":\"invalid_grant\",\"error_description\":\"d\"}",
         "Retry-After: 3"},
        {"/t", 400, NULL, NULL},
        {"/t", 200, "<html>", NULL},
        {"/t", 200, "{\"error\":\"slow_down\"}", NULL},
        {"/t", FAKE_HANG_UP, NULL, NULL},
        {"/t", 200, "{\"access_token\":\"", NULL},
        {"/t", 200, "<html>", FAKE_CLOSE},
        {"/t", 200, "{\"x\":\"y\"}", FAKE_CLOSE},
        {"/t", 401, NULL, FAKE_CLOSE},
    };
    static const struct {
        enum outcome outcome;
        bool json;
        const char *error;
    } expected[ARRAY_LEN(answers)] = {
        {OUTCOME_OK, true, ""},
        {OUTCOME_DEAD, true, "invalid_grant"},
        {OUTCOME_DEAD, false, ""},
        {OUTCOME_TRANSIENT, false, ""},
        {OUTCOME_TRANSIENT, true, "slow_down"},
        {OUTCOME_AMBIGUOUS, false, ""},
        {OUTCOME_TRANSIENT, false, ""},
        {OUTCOME_TRANSIENT, false, ""},
        {OUTCOME_OK, true, ""},
        {OUTCOME_DEAD, false, ""},
    };
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        struct client_reply reply = {0};

        post(AUTH_NONE, &reply);
        assert_int_equal(reply.outcome, expected[i].outcome);
        assert_int_equal(reply.json != NULL, expected[i].json);
        assert_int_equal(reply.answer.json, expected[i].json);
        assert_string_equal(reply.answer.error, expected[i].error);
        assert_int_equal(reply.answer.retry_after, i == 1 ? 3 : 0);
        assert_in_range(reply.sent_at, time(NULL) - 2, time(NULL));
        client_reply_clear(&reply);
    }
}

/* What was sent may have been carried out, unless the provider was busy. */
static void
half_an_answer_is_ambiguous_or_transient(void **state UNUSED)
{
#define CUT(more) more "Content-Length: 99\r\n" FAKE_CLOSE
    static const struct fake_answer answers[] = {
        {"/t", 200, "{\"access_token\":", CUT("Retry-After: 3\r\n")},
        {"/t", 400, "{\"error\":\"invalid_grant\"}", CUT("")},
        {"/t", 401, NULL, CUT("")},
        {"/t", 302, NULL, CUT("")},
        /* curl takes these for whole ones */
        {"/t", 200, NULL, FAKE_CUT},
        {"/t", 400, NULL, FAKE_CUT},
        {"/t", 200, " {\"access_token\":\"", FAKE_CLOSE},
        {"/t", 400, "{\"error\":\"temporarily_", FAKE_CLOSE},
        {"/t", 503, "{", FAKE_CLOSE},
        {"/t", 408, NULL, CUT("")},
        {"/t", 429, "{", CUT("Retry-After: 3\r\n")},
        {"/t", 503, "<html>",
         CUT("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
             "Retry-After: Sun, 06 Nov 1994 08:49:40 GMT\r\n")},
    };
    struct problem problem = {0};
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        struct client_reply reply = {0};

        post(AUTH_NONE, &reply);
        assert_int_not_equal(reply.answer.code, CURLE_OK);
        assert_null(reply.json);
        assert_string_equal(reply.answer.error, "");
        assert_int_equal(reply.outcome,
                         i < 8 ? OUTCOME_AMBIGUOUS : OUTCOME_TRANSIENT);
        assert_int_equal(client_problem(&reply, "x", "https://h/", &problem),
                         -EPROTO);
        assert_int_equal(problem.retry_after, i < 10 ? 0 : 3);
        client_reply_clear(&reply);
    }
}

/* A lifetime is counted from then on, however long the answer takes. */
static void
a_request_is_dated_before_it_is_sent(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", FAKE_SILENCE, NULL, NULL},
    };
    struct client_reply reply = {0};
    time_t start = time(NULL);

    fakeprovider_start(answers, ARRAY_LEN(answers));
    post(AUTH_NONE, &reply);
    assert_in_range(reply.sent_at, start, start + 1);
    assert_in_range(time(NULL), reply.sent_at + 1, start + 60);
    client_reply_clear(&reply);
}

static void
an_echo_of_the_client_secret_is_not_shown(void **state UNUSED)
{
    static const char body[] = "{\"error\":\"invalid_client\","
                               "\"error_description\":\"o d+d%:&=/\\\"~ ?\"}";
    static const struct fake_answer answers[] = {
        {"/t", 401, body, NULL},
        {"/t", 401, body, NULL},
        {"/t", 401, body, NULL},
    };
    enum auth auth;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (auth = AUTH_NONE; auth < AUTH_COUNT; auth++) {
        struct client_reply reply = {0};

        post(auth, &reply);
        if (auth == AUTH_NONE) /* then it is none of ours */
            assert_string_equal(reply.answer.description, "o d+d%:&=/\"~ ?");
        else
            assert_string_equal(reply.answer.description,
                                "not shown: it repeats a secret");
        client_reply_clear(&reply);
    }
}

static void
a_document_is_fetched_without_authentication(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/d", 200, "{\"x\":\"y\"}", NULL},
    };
    struct settings settings = {
        .client_id = odd_id,
        .auth = AUTH_BASIC,
        .timeout = 2,
        .insecure_http = true,
    };
    struct http http = {0};
    struct client client = {.http = &http, .settings = &settings};
    struct client_reply reply = {0};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(http_open(&http, &settings), 0);
    assert_int_equal(client_get(&client, fakeprovider_url("/d"), &reply), 0);
    assert_int_equal(reply.outcome, OUTCOME_OK);
    assert_string_equal(json_text(reply.json, "x"), "y");
    assert_null(strstr(fakeprovider_request(0), "Authorization"));
    client_reply_clear(&reply);
    client_reply_clear(&reply); /* a second time is right, too */
    http_close(&http);
}

static void
an_access_token_goes_in_a_header_and_comes_back_in_no_message(
    void **state UNUSED)
{
    static const char token[] = "CANARY-of-a-token";
    static const struct fake_answer answers[] = {
        {"/d", 403,
         "{\"error\":\"x\",\"error_description\":\"CANARY-of-a-toke\"}",
         "Content-Type: application/jwt"},
        /* On the same connection, and without a type. */
        {"/d", 200, "{}", NULL},
    };
    struct settings settings = {.timeout = 2, .insecure_http = true};
    struct secret access = {0};
    struct http http = {0};
    struct client client = {.http = &http, .settings = &settings};
    struct client_reply first = {0}, second = {0};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(secret_append_text(&access, token, 100), 0);
    assert_int_equal(http_open(&http, &settings), 0);
    assert_int_equal(
        client_get_with(&client, fakeprovider_url("/d"), &access, &first), 0);
    assert_true(first.jwt);
    assert_string_equal(first.answer.description,
                        "not shown: it repeats a secret");
    assert_int_equal(client_get(&client, fakeprovider_url("/d"), &second), 0);
    assert_false(second.jwt);
    assert_non_null(strstr(fakeprovider_request(0),
                           "\r\nAuthorization: Bearer CANARY-of-a-token\r\n"));
    assert_null(strstr(fakeprovider_request(1), "CANARY"));
    client_reply_clear(&first);
    client_reply_clear(&second);
    http_close(&http);
    secret_clear(&access);
}

static void
a_problem_names_the_host_but_not_the_query(void **state UNUSED)
{
    struct client_reply reply = {.answer = {.status = 503}};
    struct problem problem = {0};

    assert_int_equal(client_problem(&reply, "the endpoint",
                                    "https://h:1/p?token=CANARY", &problem),
                     -EPROTO);
    assert_int_equal(problem.outcome, OUTCOME_TRANSIENT);
    assert_string_equal(problem.reason,
                        "the endpoint at h:1 answered 503 without an error "
                        "code");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_kind_of_client_proves_itself_in_its_way,
                                  teardown),
        cmocka_unit_test_teardown(a_reply_is_read_and_classified, teardown),
        cmocka_unit_test_teardown(half_an_answer_is_ambiguous_or_transient,
                                  teardown),
        cmocka_unit_test_teardown(a_request_is_dated_before_it_is_sent,
                                  teardown),
        cmocka_unit_test_teardown(an_echo_of_the_client_secret_is_not_shown,
                                  teardown),
        cmocka_unit_test_teardown(a_document_is_fetched_without_authentication,
                                  teardown),
        cmocka_unit_test_teardown(
            an_access_token_goes_in_a_header_and_comes_back_in_no_message,
            teardown),
        cmocka_unit_test(a_problem_names_the_host_but_not_the_query),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
