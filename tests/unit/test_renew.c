/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "helper/exchange/json.h"
#include "helper/exchange/renew.h"
#include "tests/lib/fakecaller.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

#define CLAIMS(iss, aud, sub, exp)                                             \
    "{\"iss\":\"" iss "\",\"aud\":\"" aud "\",\"sub\":\"" sub                  \
    "\",\"iat\":1700000000,\"exp\":" exp "}"

#define KEYS                                                                   \
    {                                                                          \
        "/k", 200, "^", NULL                                                   \
    }

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
    "\"revocation_endpoint\":\"@/r\",\"jwks_uri\":\"@/k\","                    \
    "\"signing_algorithms\":\"RS256\"}"

/* Ask with these settings. */
static void
ask_with(struct play *play, const char *text, const char *refresh,
         struct message *result)
{
    struct message request = {.kind = KIND_RENEW};
    char *settings = fakeprovider_expand(text);

    play_begin(play, "renew");
    set(&request, FIELD_SETTINGS, settings);
    set(&request, FIELD_REFRESH_TOKEN, refresh);
    play_say(play, &request);
    play_hear(play, KIND_RESULT, result);
    free(settings);
}

static void
ask(struct play *play, const char *refresh, struct message *result)
{
    ask_with(play, SETTINGS, refresh, result);
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
        KEYS,
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
    assert_int_equal(fakeprovider_count(), 2);
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
    assert_int_equal(fakeprovider_count(), 1); /* no keys without need */
    message_clear(&result);
}

static void
the_end_of_a_new_refresh_token_is_asked_for(void **state UNUSED)
{
#define PLAIN                                                                  \
    "{\"issuer\":\"@\",\"subject\":\"s1\",\"client_id\":\"c\","                \
    "\"client_auth\":\"none\",\"timeout\":20,\"insecure_http\":true,"          \
    "\"revoke\":true,\"token_endpoint\":\"@/t\","                              \
    "\"introspection_endpoint\":\"@/i\""
#define INTROSPECTS PLAIN ",\"introspect_refresh\":true}"
#define OLDER       PLAIN "}"
#define NEW(more)                                                              \
    "{\"access_token\":\"AT2\",\"token_type\":\"bearer\"," more "}"
    static const struct fake_answer good = {
        "/i", 200, "{\"active\":true,\"exp\":4102444800}", NULL};
    static const struct fake_answer bad[] = {
        {"/i", 200, "{\"active\":false}", NULL},
        {"/i", 503, NULL, "Retry-After: 30"},
        {"/i", FAKE_HANG_UP, NULL, NULL},
    };
    const struct {
        const char *settings;
        const char *tokens;
        struct fake_answer introspection;
        size_t requests;
        const char *end;
    } cases[] = {
        {INTROSPECTS, NEW("\"refresh_token\":\"RT2\""), good, 2, "4102444800"},
        {INTROSPECTS, NEW("\"scope\":\"x\""), good, 1, ""},
        {OLDER, NEW("\"refresh_token\":\"RT2\""), good, 1, ""},
        {INTROSPECTS, NEW("\"refresh_token\":\"RT2\""), bad[0], 2, ""},
        {INTROSPECTS, NEW("\"refresh_token\":\"RT2\""), bad[1], 2, ""},
        {INTROSPECTS, NEW("\"refresh_token\":\"RT2\""), bad[2], 2, ""},
    };
    struct message result = {0};
    struct play play;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        const struct fake_answer answers[] = {
            {"/t", 200, cases[i].tokens, NULL},
            cases[i].introspection,
        };

        fakeprovider_start(answers, ARRAY_LEN(answers));
        ask_with(&play, cases[i].settings, "RT1", &result);
        assert_string_equal(message_text(&result, FIELD_OUTCOME), "ok");
        assert_string_equal(message_text(&result, FIELD_REFRESH_EXPIRES_AT),
                            cases[i].end);
        assert_false(message_has(&result, FIELD_REASON));
        assert_false(message_has(&result, FIELD_RETRY_AFTER));
        play_say_kind(&play, KIND_STORED);
        assert_int_equal(play_end(&play), 0);
        assert_int_equal(fakeprovider_count(), cases[i].requests);
        if (cases[i].requests == 2)
            assert_request(
                1, "/i", "token=RT2&token_type_hint=refresh_token&client_id=c");
        fakeprovider_stop();
    }
    message_clear(&result);
}

/* Keycloak says it each time; without a new one it is that of the old one. */
static void
what_the_token_endpoint_says_of_the_end_is_enough(void **state UNUSED)
{
    static const char *const more[] = {
        "\"refresh_token\":\"RT2\",\"refresh_expires_in\":1800",
        "\"refresh_expires_in\":\"1800\"",
    };
    int64_t renewed_at, end;
    struct message result = {0};
    struct play play;
    char *body = NULL;
    size_t i;

    for (i = 0; i < ARRAY_LEN(more); i++) {
        assert_true(asprintf(&body, NEW("%s"), more[i]) > 0);
        const struct fake_answer answers[] = {{"/t", 200, body, NULL}};

        fakeprovider_start(answers, ARRAY_LEN(answers));
        ask_with(&play, INTROSPECTS, "RT1", &result);
        assert_string_equal(message_text(&result, FIELD_OUTCOME), "ok");
        assert_int_equal(message_number(&result, FIELD_RENEWED_AT, &renewed_at),
                         0);
        assert_int_equal(
            message_number(&result, FIELD_REFRESH_EXPIRES_AT, &end), 0);
        assert_int_equal(end, renewed_at + 1800);
        play_say_kind(&play, KIND_STORED);
        assert_int_equal(play_end(&play), 0);
        assert_int_equal(fakeprovider_count(), 1);
        fakeprovider_stop();
        free(body);
    }
    message_clear(&result);
}

/* The access token does not depend on it. */
static void
an_id_token_that_is_forgotten_is_said_with_a_good_result(void **state UNUSED)
{
    static const struct {
        const char *claims;
        struct fake_answer keys;
        const char *reason; /* part of it */
    } cases[] = {
        {CLAIMS("@", "c", "s1", "1700000300"), KEYS, "expired"},
        {CLAIMS("@", "c", "s1", "4102444800"),
         {"/k", 503, NULL, "Retry-After: 30"},
         "503"},
    };
    struct message result = {0};
    struct play play;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        const struct fake_answer answers[] = {
            {"/t", 200,
             "{\"access_token\":\"AT2\",\"token_type\":\"bearer\","
             "\"refresh_token\":\"RT2\",\"id_token\":\"$\"}",
             NULL},
            cases[i].keys,
        };

        fakeprovider_claims(cases[i].claims);
        fakeprovider_start(answers, ARRAY_LEN(answers));
        ask(&play, "RT1", &result);
        assert_string_equal(message_text(&result, FIELD_OUTCOME), "ok");
        assert_string_equal(message_text(&result, FIELD_ACCESS_TOKEN), "AT2");
        assert_string_equal(message_text(&result, FIELD_REFRESH_TOKEN), "RT2");
        assert_false(message_has(&result, FIELD_ID_TOKEN));
        assert_false(message_has(&result, FIELD_ID_EXPIRES_AT));
        assert_false(message_has(&result, FIELD_RETRY_AFTER));
        if (strstr(message_text(&result, FIELD_REASON), cases[i].reason)
            == NULL)
            fail_msg("%s", message_text(&result, FIELD_REASON));
        play_say_kind(&play, KIND_STORED);
        assert_int_equal(play_end(&play), 0);
        assert_int_equal(fakeprovider_count(), 2);
        fakeprovider_stop();
    }
    message_clear(&result);
}

/* A JWT of the provider's, by a clock that is so many seconds ahead. */
static char *
make_jwt(int64_t ahead, int64_t lifetime)
{
    int64_t now = time(NULL) + ahead;
    struct secret token = {0};
    char *claims = NULL, *text;

    assert_true(asprintf(&claims, "{\"iat\":%jd,\"exp\":%jd}", (intmax_t) now,
                         (intmax_t) (now + lifetime))
                > 0);
    signer_token("ES256", SIGNER_P256, "{\"alg\":\"ES256\"}", claims, &token);
    text = strdup(secret_text(&token));
    secret_clear(&token);
    free(claims);
    return text;
}

/* Renew with a provider whose clock is so many seconds ahead. */
static void
renew_with_clock(int64_t ahead, const char *more, const char *reason,
                 int64_t lifetime)
{
    char *jwt = make_jwt(ahead, 200), *body = NULL, *claims = NULL;
    int64_t renewed_at, expires_at, now = time(NULL) + ahead;
    struct message result = {0};
    struct play play;

    assert_true(asprintf(&body,
                         "{\"access_token\":\"%s\",\"token_type\":\"bearer\","
                         "\"refresh_token\":\"RT2\",\"id_token\":\"$\"%s}",
                         jwt, more)
                > 0);
    assert_true(asprintf(&claims,
                         "{\"iss\":\"@\",\"aud\":\"c\",\"sub\":\"s1\","
                         "\"iat\":%jd,\"exp\":%jd}",
                         (intmax_t) now, (intmax_t) (now + 300))
                > 0);
    const struct fake_answer answers[] = {{"/t", 200, body, NULL}, KEYS};

    fakeprovider_claims(claims);
    fakeprovider_start(answers, ARRAY_LEN(answers));
    ask(&play, "RT1", &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "ok");
    assert_string_equal(message_text(&result, FIELD_ACCESS_TOKEN), jwt);
    assert_string_equal(message_text(&result, FIELD_REFRESH_TOKEN), "RT2");
    assert_false(message_has(&result, FIELD_ID_TOKEN));
    assert_non_null(strstr(message_text(&result, FIELD_REASON), reason));
    assert_int_equal(message_number(&result, FIELD_RENEWED_AT, &renewed_at), 0);
    assert_int_equal(message_number(&result, FIELD_EXPIRES_AT, &expires_at), 0);
    assert_int_equal(expires_at - renewed_at, lifetime);
    play_say_kind(&play, KIND_STORED);
    assert_int_equal(play_end(&play), 0);
    fakeprovider_stop();
    fakeprovider_claims("{}");
    message_clear(&result);
    free(jwt);
    free(body);
    free(claims);
}

static void
a_clock_that_is_off_by_ten_minutes_changes_no_lifetime(void **state UNUSED)
{
    static const char behind[] = "the clock of the provider is that far behind";
    static const char ahead[] = " s in the future (is the clock of this host "
                                "or of the provider wrong?)";

    renew_with_clock(-600, ",\"expires_in\":60", behind, 60);
    renew_with_clock(600, ",\"expires_in\":60", ahead, 60);
    /* Without expires_in it is what the access token says of itself. */
    renew_with_clock(-600, "", behind, 200);
    renew_with_clock(600, "", ahead, 200);
}

static void
a_failed_renewal_has_its_class(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 503, NULL, "Retry-After: 30"},
        {"/t", 429, NULL,
         "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
         "Retry-After: Sun, 06 Nov 1994 08:50:07 GMT"},
        {"/t", 503, NULL,
         "Retry-After: 30\r\nContent-Length: 9\r\n" FAKE_CLOSE},
        {"/t", 400, "{\"error\":\"invalid_grant\"}", "Retry-After: 30"},
        {"/t", 400, NULL, NULL},
        {"/t", 401, "{\"error\":\"invalid_client\"}", "Retry-After: 30"},
        {"/t", FAKE_HANG_UP, NULL, NULL},
        {"/t", 200, "{\"access_token\":\"AT\"",
         "Retry-After: 30\r\nContent-Length: 99\r\n" FAKE_CLOSE},
        {"/t", 200, "{\"access_token\":\"AT\",\"token_type\":\"mac\"}", NULL},
    };
    static const char *const outcomes[] = {
        "transient",     "transient", "transient", "dead",         "dead",
        "misconfigured", "ambiguous", "ambiguous", "misconfigured"};
    struct message result = {0};
    struct play play;
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        ask(&play, "RT1", &result);
        assert_string_equal(message_text(&result, FIELD_OUTCOME), outcomes[i]);
        assert_true(message_has(&result, FIELD_REASON));
        assert_false(message_has(&result, FIELD_ACCESS_TOKEN));
        assert_string_equal(message_text(&result, FIELD_RETRY_AFTER),
                            i < 3 ? "30" : "");
        assert_int_equal(play_end(&play), 0);
    }
    /* The last one was issued, and is of no use to anybody. */
    assert_request(9, "/r",
                   "token=AT&token_type_hint=access_token&client_id=c&"
                   "client_secret=x%20y");
    message_clear(&result);
}

/* It is stored, and needed: by who stored it, not by us, is it revoked. */
static void
the_same_refresh_token_again_is_no_new_one_and_not_revoked(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 200,
         "{\"access_token\":\"AT2\",\"token_type\":\"bearer\","
         "\"refresh_token\":\"RT1\"}",
         NULL},
        {"/r", 200, NULL, NULL},
    };
    struct message result = {0};
    struct play play;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    ask(&play, "RT1", &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "ok");
    assert_false(message_has(&result, FIELD_REFRESH_TOKEN));
    (void) play_end(&play); /* hung up, and nothing was stored */
    assert_int_equal(fakeprovider_count(), 2);
    assert_request(1, "/r",
                   "token=AT2&token_type_hint=access_token&client_id=c&"
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
        KEYS,
        {"/r", 200, NULL, NULL},
        {"/r", 200, NULL, NULL},
    };
    struct message result = {0};
    struct play play;

    fakeprovider_claims(CLAIMS("@", "c", "s2", "4102444800"));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    ask(&play, "RT1", &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "dead");
    assert_int_equal(fakeprovider_count(), 4); /* before the result was sent */
    assert_request(2, "/r",
                   "token=RT2&token_type_hint=refresh_token&client_id=c&"
                   "client_secret=x%20y");
    assert_request(3, "/r",
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
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(a_renewal_asks_as_the_standard_says),
        TEST(without_rotation_there_is_no_refresh_token),
        TEST(the_same_refresh_token_again_is_no_new_one_and_not_revoked),
        TEST(the_end_of_a_new_refresh_token_is_asked_for),
        TEST(what_the_token_endpoint_says_of_the_end_is_enough),
        TEST(an_id_token_that_is_forgotten_is_said_with_a_good_result),
        TEST(a_clock_that_is_off_by_ten_minutes_changes_no_lifetime),
        TEST(a_failed_renewal_has_its_class),
        TEST(another_subject_is_dead_and_its_tokens_are_revoked),
        TEST(a_request_without_a_refresh_token_is_not_served),
    };
    int failed;

    json_init();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    signer_free();
    return failed;
}
