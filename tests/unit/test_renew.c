/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/exchange/json.h"
#include "helper/exchange/renew.h"
#include "tests/lib/fakecaller.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

#define NOW INT64_C(1800000000)

static char issuer[] = "https://h", client_id[] = "c", subject[] = "s1";

static const struct settings pure = {
    .issuer = issuer,
    .client_id = client_id,
    .subject = subject,
};

/* renew_check() with an ID token of these claims, or with this very text. */
static int
check(const char *claims, const char *text, struct token *token,
      struct problem *problem)
{
    char *id = NULL;
    int r;

    *token = (struct token){0};
    if (claims != NULL) {
        fakeprovider_claims(claims);
        id = fakeprovider_expand("$");
        text = id;
    }
    assert_int_equal(secret_append_text(&token->id, text, 100000), 0);
    r = renew_check(&pure, NOW, token, problem);
    free(id);
    return r;
}

#define CLAIMS(iss, aud, sub, exp)                                             \
    "{\"iss\":\"" iss "\",\"aud\":\"" aud "\",\"sub\":\"" sub                  \
    "\",\"iat\":1700000000,\"exp\":" exp "}"

static void
an_id_token_must_be_for_the_same_person(void **state UNUSED)
{
    static const struct {
        const char *claims;
        const char *reason; /* NULL: it is good */
    } cases[] = {
        {CLAIMS("https://h", "c", "s1", "1800000300"), NULL},
        {CLAIMS("https://h", "c", "s2", "1800000300"), "renewed for 's2'"},
        {CLAIMS("https://i", "c", "s1", "1800000300"), "is from 'https://i'"},
        {CLAIMS("https://h", "d", "s1", "1800000300"), "not for this client"},
        {"{}", "is from ''"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        struct token token;
        int r = check(cases[i].claims, NULL, &token, &problem);

        if (cases[i].reason == NULL) {
            assert_int_equal(r, 0);
            assert_int_equal(token.id_expires_at, 1800000300);
        } else {
            assert_int_equal(r, -EPROTO);
            assert_int_equal(problem.outcome, OUTCOME_DEAD);
            if (strstr(problem.reason, cases[i].reason) == NULL)
                fail_msg("%s: %s", cases[i].claims, problem.reason);
        }
        token_clear(&token);
    }
}

static void
none_is_good_and_a_malformed_one_is_not(void **state UNUSED)
{
    struct problem problem = {0};
    struct token token;

    assert_int_equal(check(NULL, "", &token, &problem), 0);
    token_clear(&token);
    assert_int_equal(check(NULL, "x.y.z", &token, &problem), -EPROTO);
    assert_int_equal(problem.outcome, OUTCOME_DEAD);
    assert_string_equal(problem.reason,
                        "the ID token is malformed: its header is not "
                        "base64url without padding");
    token_clear(&token);
}

static void
one_that_is_out_of_date_is_left_out(void **state UNUSED)
{
    struct problem problem = {0};
    struct token token;

    assert_int_equal(check(CLAIMS("https://h", "c", "s1", "1799990000"), NULL,
                           &token, &problem),
                     0);
    assert_int_equal(token.id.len, 0);
    assert_non_null(strstr(problem.reason, "expired 10000 s ago"));
    token_clear(&token);
}

/* ---- with a provider ----------------------------------------------------- */

static int
teardown(void **state UNUSED)
{
    fakeprovider_stop();
    return 0;
}

#define SETTINGS                                                               \
    "{\"issuer\":\"@\",\"subject\":\"s1\",\"client_id\":\"c\","                \
    "\"client_auth\":\"client_secret_post\",\"client_secret\":\"x y\","        \
    "\"audience\":\"a\",\"resource\":\"r1 r2\",\"timeout\":2,"                 \
    "\"insecure_http\":true,\"revoke\":true,\"token_endpoint\":\"@/t\","       \
    "\"revocation_endpoint\":\"@/r\"}"

static void
ask(struct play *play, const char *refresh, struct message *result)
{
    struct message request = {.kind = KIND_RENEW};
    char *settings = fakeprovider_expand(SETTINGS);

    play_begin(play, "renew");
    set(&request, FIELD_SETTINGS, settings);
    set(&request, FIELD_REFRESH_TOKEN, refresh);
    play_say(play, &request);
    play_hear(play, KIND_RESULT, result);
    free(settings);
}

static void
a_renewal_asks_as_the_standard_says(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 200,
         "{\"access_token\":\"AT2\",\"token_type\":\"bearer\",\"expires_in\":"
         "60,"
         "\"refresh_token\":\"RT2\",\"id_token\":\"$\",\"scope\":\"x\"}",
         NULL},
    };
    struct message result = {0};
    struct play play;

    fakeprovider_claims(CLAIMS("@", "c", "s1", "4102444800"));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    ask(&play, "RT+1", &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "ok");
    assert_string_equal(message_text(&result, FIELD_ACCESS_TOKEN), "AT2");
    assert_string_equal(message_text(&result, FIELD_REFRESH_TOKEN), "RT2");
    assert_true(message_has(&result, FIELD_ID_TOKEN));
    assert_string_equal(message_text(&result, FIELD_ID_EXPIRES_AT),
                        "4102444800");
    assert_string_equal(message_text(&result, FIELD_SCOPE), "x");
    assert_false(message_has(&result, FIELD_REASON));
    assert_false(message_has(&result, FIELD_SETTINGS)); /* only at login */
    play_say_kind(&play, KIND_STORED);
    assert_int_equal(play_end(&play), 0);
    assert_int_equal(fakeprovider_count(), 1);
    assert_request(0, "/t",
                   "grant_type=refresh_token&refresh_token=RT%2B1&audience=a&"
                   "resource=r1&resource=r2&client_id=c&client_secret=x%20y");
    message_clear(&result);
}

static void
without_rotation_there_is_no_refresh_token(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 200, "{\"access_token\":\"AT2\",\"token_type\":\"bearer\"}",
         NULL},
    };
    struct message result = {0};
    struct play play;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    ask(&play, "RT1", &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "ok");
    assert_false(message_has(&result, FIELD_REFRESH_TOKEN));
    assert_false(message_has(&result, FIELD_ID_TOKEN));
    play_say_kind(&play, KIND_STORED);
    assert_int_equal(play_end(&play), 0);
    message_clear(&result);
}

static void
a_failed_renewal_has_its_class(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 400, "{\"error\":\"invalid_grant\"}", NULL},
        {"/t", 400, NULL, NULL},
        {"/t", 401, "{\"error\":\"invalid_client\"}", NULL},
        {"/t", 503, NULL, "Retry-After: 30"},
        {"/t", FAKE_HANG_UP, NULL, NULL},
        {"/t", 200, "{\"access_token\":\"AT\",\"token_type\":\"mac\"}", NULL},
    };
    static const char *const outcomes[] = {"dead",          "dead",
                                           "misconfigured", "transient",
                                           "ambiguous",     "misconfigured"};
    struct message result = {0};
    struct play play;
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        ask(&play, "RT1", &result);
        assert_string_equal(message_text(&result, FIELD_OUTCOME), outcomes[i]);
        assert_true(message_has(&result, FIELD_REASON));
        assert_false(message_has(&result, FIELD_ACCESS_TOKEN));
        assert_int_equal(message_has(&result, FIELD_RETRY_AFTER), i == 3);
        assert_int_equal(play_end(&play), 0);
    }
    /* The last one was issued, and is of no use to anybody. */
    assert_request(6, "/r",
                   "token=AT&token_type_hint=access_token&client_id=c&"
                   "client_secret=x%20y");
    message_clear(&result);
}

static void
another_subject_is_dead_and_its_tokens_are_revoked(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 200,
         "{\"access_token\":\"AT2\",\"token_type\":\"bearer\","
         "\"refresh_token\":\"RT2\",\"id_token\":\"$\"}",
         NULL},
        {"/r", 200, NULL, NULL},
        {"/r", 200, NULL, NULL},
    };
    struct message result = {0};
    struct play play;

    fakeprovider_claims(CLAIMS("@", "c", "s2", "4102444800"));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    ask(&play, "RT1", &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "dead");
    assert_int_equal(fakeprovider_count(), 3); /* before the result was sent */
    assert_request(1, "/r",
                   "token=RT2&token_type_hint=refresh_token&client_id=c&"
                   "client_secret=x%20y");
    assert_request(2, "/r",
                   "token=AT2&token_type_hint=access_token&client_id=c&"
                   "client_secret=x%20y");
    assert_int_equal(play_end(&play), 0);
    message_clear(&result);
}

static void
a_request_without_a_refresh_token_is_not_served(void **state UNUSED)
{
    struct message request = {.kind = KIND_RENEW};
    struct play play;

    play_begin(&play, "renew");
    set(&request, FIELD_SETTINGS, "{}");
    play_say(&play, &request);
    assert_int_equal(play_end(&play), -EBADMSG);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_token_must_be_for_the_same_person),
        cmocka_unit_test(none_is_good_and_a_malformed_one_is_not),
        cmocka_unit_test(one_that_is_out_of_date_is_left_out),
        cmocka_unit_test_teardown(a_renewal_asks_as_the_standard_says,
                                  teardown),
        cmocka_unit_test_teardown(without_rotation_there_is_no_refresh_token,
                                  teardown),
        cmocka_unit_test_teardown(a_failed_renewal_has_its_class, teardown),
        cmocka_unit_test_teardown(
            another_subject_is_dead_and_its_tokens_are_revoked, teardown),
        cmocka_unit_test(a_request_without_a_refresh_token_is_not_served),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
