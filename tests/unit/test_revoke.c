/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "helper/exchange/json.h"
#include "helper/exchange/revoke.h"
#include "tests/lib/fakecaller.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

static int
teardown(void **state UNUSED)
{
    fakeprovider_stop();
    return 0;
}

/* revoke_tokens() for these, which may be empty. */
static int
revoke(const char *refresh, const char *access, struct problem *problem)
{
    struct settings settings = {
        .client_id = strdup("c"),
        .timeout = 2,
        .insecure_http = true,
        .revocation_endpoint = strdup(fakeprovider_url("/r")),
    };
    struct secret first = {0}, second = {0};
    struct http http = {0};
    struct client client = {.http = &http, .settings = &settings};
    int r;

    *problem = (struct problem){0};
    assert_int_equal(secret_append_text(&first, refresh, 100), 0);
    assert_int_equal(secret_append_text(&second, access, 100), 0);
    assert_int_equal(http_open(&http, &settings), 0);
    r = revoke_tokens(&client, &first, &second, problem);
    http_close(&http);
    secret_clear(&first);
    secret_clear(&second);
    settings_clear(&settings);
    return r;
}

#define FIRST  "token=RT&token_type_hint=refresh_token&client_id=c"
#define SECOND "token=AT&token_type_hint=access_token&client_id=c"

static void
the_refresh_token_goes_first(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/r", 200, NULL, NULL},
        {"/r", 200, "<html>", NULL},
        {"/r", 204, NULL, NULL},
        {"/r", 200, "{}", NULL},
        {"/r", 200, "{}", NULL},
        {"/r", 400, "{\"error\":\"invalid_token\"}", NULL}, /* Google */
    };
    struct problem problem;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(revoke("RT", "AT", &problem), 0);
    assert_string_equal(problem.reason, "");
    assert_request(0, "/r", FIRST);
    assert_request(1, "/r", SECOND);
    assert_int_equal(revoke("", "AT", &problem), 0);
    assert_request(2, "/r", SECOND);
    assert_int_equal(revoke("RT", "", &problem), 0);
    assert_request(3, "/r", FIRST);
    assert_int_equal(revoke("RT", "AT", &problem), 0);
    assert_string_equal(problem.reason, "");
    assert_request(5, "/r", SECOND);
    assert_int_equal(revoke("", "", &problem), 0);
    assert_int_equal(fakeprovider_count(), 6);
    assert_string_equal(problem.reason, "");
}

static void
what_the_provider_answers_decides(void **state UNUSED)
{
    static const struct {
        struct fake_answer answers[2];
        int result;
        const char *reason; /* part of it, "" for none at all */
    } cases[] = {
        {{{"/r", 400, "{\"error\":\"unsupported_token_type\"}", NULL},
          {"/r", 200, NULL, NULL}},
         0,
         "400 unsupported_token_type"},
        {{{"/r", 200, NULL, NULL}, {"/r", 400, NULL, NULL}},
         0,
         "400 without an error code"},
        {{{"/r", 401, "{\"error\":\"invalid_client\"}", NULL},
          {"/r", 400, NULL, NULL}},
         0,
         "401 invalid_client"},
        {{{"/r", 403, "{\"error\":\"invalid_token\"}", NULL},
          {"/r", 400, "{\"error\":\"invalid_token\"}", NULL}},
         0,
         "403 invalid_token"},
        {{{"/r", 404, NULL, NULL}, {"/r", 302, NULL, NULL}}, 0, "404"},
        {{{"/r", 200, "{\"error\":\"x\"}", NULL}, {"/r", 200, NULL, NULL}},
         0,
         "200 x"},
        {{{"/r", 503, NULL, NULL}, {"/r", 200, NULL, NULL}}, -EPROTO, "503"},
        {{{"/r", 200, NULL, NULL}, {"/r", 500, NULL, NULL}}, -EPROTO, "500"},
        {{{"/r", 429, NULL, NULL}, {"/r", 400, NULL, NULL}}, -EPROTO, "429"},
        {{{"/r", 400, NULL, NULL}, {"/r", 429, NULL, NULL}}, -EPROTO, "429"},
        {{{"/r", 200, NULL, NULL}, {"/r", FAKE_HANG_UP, NULL, NULL}},
         -EPROTO,
         "no usable answer"},
    };
    struct problem problem;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakeprovider_start(cases[i].answers, 2);
        assert_int_equal(revoke("RT", "AT", &problem), cases[i].result);
        if (cases[i].result == -EPROTO)
            assert_int_equal(problem.outcome, OUTCOME_TRANSIENT);
        if (strstr(problem.reason, cases[i].reason) == NULL)
            fail_msg("%zu: %s", i, problem.reason);
        assert_non_null(strstr(problem.reason, "the revocation endpoint at "));
        assert_int_equal(fakeprovider_count(), 2);
        fakeprovider_stop();
    }
}

static void
a_provider_that_is_away_is_asked_only_once(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/r", FAKE_HANG_UP, NULL, NULL},
        {"/r", 200, NULL, NULL},
    };
    struct problem problem;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(revoke("RT", "AT", &problem), -EPROTO);
    assert_int_equal(problem.outcome, OUTCOME_TRANSIENT);
    assert_int_equal(fakeprovider_count(), 1);
}

static void
a_certificate_may_be_good_again_later(void **state UNUSED)
{
    char endpoint[] = "http://localhost/r", id[] = "c";
    const struct settings strict = {
        .client_id = id,
        .timeout = 1,
        .revocation_endpoint = endpoint, /* http: refused before it is sent */
    };
    struct secret token = {0}, nothing = {0};
    struct problem problem = {0};
    struct http http = {0};
    struct client client = {.http = &http, .settings = &strict};

    assert_int_equal(secret_append_text(&token, "RT", 10), 0);
    assert_int_equal(http_open(&http, &strict), 0);
    assert_int_equal(revoke_tokens(&client, &token, &nothing, &problem),
                     -EPROTO);
    assert_int_equal(problem.outcome, OUTCOME_TRANSIENT);
    http_close(&http);
    secret_clear(&token);
}

/* ---- the verb ------------------------------------------------------------ */

#define SETTINGS(more)                                                         \
    "{\"issuer\":\"@\",\"subject\":\"s\",\"client_id\":\"c\","                 \
    "\"client_auth\":\"none\",\"timeout\":2,\"insecure_http\":true,"           \
    "\"revoke\":false,\"token_endpoint\":\"@/t\"" more "}"

static void
ask(const char *settings, struct message *result)
{
    struct message request = {.kind = KIND_REVOKE};
    char *expanded = fakeprovider_expand(settings);
    struct play play;

    play_begin(&play, "revoke");
    set(&request, FIELD_SETTINGS, expanded);
    set(&request, FIELD_REFRESH_TOKEN, "RT");
    set(&request, FIELD_ACCESS_TOKEN, "AT");
    play_say(&play, &request);
    play_hear(&play, KIND_RESULT, result);
    assert_int_equal(play_end(&play), 0);
    free(expanded);
}

static void
the_verb_revokes_and_says_how_it_went(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/r", 200, NULL, NULL},
        {"/r", 200, NULL, NULL},
        {"/r", 200, NULL, NULL},
        {"/r", 503, NULL, "Retry-After: 9"},
    };
    static const char settings[] = SETTINGS(",\"revocation_endpoint\":\"@/r\"");
    struct message result = {0};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    ask(settings, &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "ok");
    assert_false(message_has(&result, FIELD_REASON));
    assert_request(0, "/r", FIRST);
    assert_request(1, "/r", SECOND);
    ask(settings, &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "transient");
    assert_string_equal(message_text(&result, FIELD_RETRY_AFTER), "9");
    assert_true(message_has(&result, FIELD_REASON));
    message_clear(&result);
}

static void
without_an_endpoint_nothing_can_be_done(void **state UNUSED)
{
    struct message result = {0};

    fakeprovider_start(NULL, 0);
    ask(SETTINGS(""), &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "ok");
    assert_string_equal(message_text(&result, FIELD_REASON),
                        "the provider has no revocation endpoint");
    assert_int_equal(fakeprovider_count(), 0);
    message_clear(&result);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_refresh_token_goes_first, teardown),
        cmocka_unit_test_teardown(what_the_provider_answers_decides, teardown),
        cmocka_unit_test_teardown(a_provider_that_is_away_is_asked_only_once,
                                  teardown),
        cmocka_unit_test(a_certificate_may_be_good_again_later),
        cmocka_unit_test_teardown(the_verb_revokes_and_says_how_it_went,
                                  teardown),
        cmocka_unit_test_teardown(without_an_endpoint_nothing_can_be_done,
                                  teardown),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
