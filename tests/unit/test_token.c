/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/exchange/json.h"
#include "helper/exchange/token.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/test.h"

#define NOW INT64_C(1800000000)

static int
parse(const char *text, struct token *out, struct problem *problem)
{
    cJSON *json = NULL;
    int r;

    if (json_parse(text, strlen(text), &json) < 0)
        fail_msg("not parsed: %s", text);
    r = token_parse(json, NOW, out, problem);
    cJSON_Delete(json);
    return r;
}

static void
an_answer_is_taken_with_all_it_has(void **state UNUSED)
{
    struct problem problem = {0};
    struct token token = {0};

    assert_int_equal(
        parse("{\"access_token\":\"AT\",\"refresh_token\":\"RT\","
              "\"id_token\":\"IT\",\"scope\":\"openid x\",\"expires_in\":60,"
              "\"token_type\":\"Bearer\",\"more\":{}}",
              &token, &problem),
        0);
    assert_string_equal(secret_text(&token.access), "AT");
    assert_string_equal(secret_text(&token.refresh), "RT");
    assert_string_equal(secret_text(&token.id), "IT");
    assert_string_equal(secret_text(&token.scope), "openid x");
    assert_int_equal(token.sent_at, NOW);
    assert_int_equal(token.expires_at, NOW + 60);
    assert_int_equal(token.id_expires_at, 0);
    assert_false(token_is_empty(&token));
    token_clear(&token);
    assert_true(token_is_empty(&token));
    token_clear(&token); /* a second time is right, too */
}

static void
an_access_token_is_enough(void **state UNUSED)
{
    static const char *const types[] = {"bearer", "Bearer", "BEARER"};
    char text[128];
    size_t i;

    for (i = 0; i < ARRAY_LEN(types); i++) {
        struct problem problem = {0};
        struct token token = {0};

        (void) snprintf(text, sizeof(text),
                        "{\"access_token\":\"AT\",\"token_type\":\"%s\"}",
                        types[i]);
        assert_int_equal(parse(text, &token, &problem), 0);
        assert_int_equal(token.refresh.len + token.id.len + token.scope.len, 0);
        assert_int_equal(token.expires_at, NOW + TOKEN_LIFETIME_DEFAULT);
        token_clear(&token);
    }
}

/* Access tokens that are JWTs, with exp NOW+1000, NOW-1, 1e300, none. */
#define JWT_FUTURE "e30.eyJleHAiOjE4MDAwMDEwMDB9.c2ln"
#define JWT_PAST   "e30.eyJleHAiOjE3OTk5OTk5OTl9.c2ln"
#define JWT_HUGE   "e30.eyJleHAiOjFlMzAwfQ.c2ln"
#define JWT_NONE   "e30.e30.c2ln"

static void
a_lifetime_is_found_one_way_or_another(void **state UNUSED)
{
    static const struct {
        const char *access;
        const char *expires_in; /* and what follows, or "" */
        int64_t lifetime;
    } cases[] = {
        {"AT", ",\"expires_in\":3600", 3600},
        {"AT", ",\"expires_in\":1", 1},
        {"AT", ",\"expires_in\":\"3600\"", 3600},
        {"AT", ",\"expires_in\":3599.9", 3599},
        {"AT", ",\"expires_in\":2592000", 2592000},
        {"AT", ",\"expires_in\":5000000000", JSON_SECONDS_MAX},
        {"AT", ",\"expires_in\":1e300", JSON_SECONDS_MAX},
        {"AT", "", TOKEN_LIFETIME_DEFAULT},
        {"AT", ",\"expires_in\":null", TOKEN_LIFETIME_DEFAULT},
        {"AT", ",\"expires_in\":0", TOKEN_LIFETIME_DEFAULT},
        {"AT", ",\"expires_in\":0.5", TOKEN_LIFETIME_DEFAULT},
        {"AT", ",\"expires_in\":-5", TOKEN_LIFETIME_DEFAULT},
        {"AT", ",\"expires_in\":\"soon\"", TOKEN_LIFETIME_DEFAULT},
        {"AT", ",\"expires_in\":[60]", TOKEN_LIFETIME_DEFAULT},
        {JWT_FUTURE, ",\"expires_in\":60", 60},
        {JWT_FUTURE, "", 1000},
        {JWT_FUTURE, ",\"expires_in\":0", 1000},
        {JWT_FUTURE, ",\"expires_in\":\"x\"", 1000},
        {JWT_PAST, "", TOKEN_LIFETIME_DEFAULT},
        {JWT_HUGE, "", JSON_SECONDS_MAX},
        {JWT_NONE, "", TOKEN_LIFETIME_DEFAULT},
    };
    char text[256];
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        struct token token = {0};

        (void) snprintf(text, sizeof(text),
                        "{\"token_type\":\"bearer\",\"access_token\":\"%s\"%s}",
                        cases[i].access, cases[i].expires_in);
        assert_int_equal(parse(text, &token, &problem), 0);
        if (token.expires_at != NOW + cases[i].lifetime)
            fail_msg("%s: %jd", text, (intmax_t) (token.expires_at - NOW));
        token_clear(&token);
    }
}

static void
an_answer_that_cannot_be_used_is_refused(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *reason; /* part of it */
        bool issued;
    } cases[] = {
        {"{}", "has no access_token", false},
        {"{\"access_token\":\"\",\"token_type\":\"bearer\"}",
         "has no access_token", false},
        {"{\"access_token\":1,\"token_type\":\"bearer\"}",
         "has no access_token", false},
        {"{\"access_token\":null,\"refresh_token\":\"RT\"}",
         "has no access_token", true},
        {"{\"Access_token\":\"AT\",\"token_type\":\"bearer\"}",
         "has no access_token", false},
        {"{\"access_token\":\"AT\"}", "of type '', not of type 'bearer'", true},
        {"{\"access_token\":\"AT\",\"token_type\":\"DPoP\"}",
         "of type 'DPoP', not of type 'bearer'", true},
        {"{\"access_token\":\"AT\",\"token_type\":\"CANARY-password\"}",
         "of type 'unknown', not of type 'bearer'", true},
        {"{\"access_token\":\"AT\",\"token_type\":[\"bearer\"]}", "of type ''",
         true},
        {"{\"access_token\":\"A T\",\"token_type\":\"bearer\"}",
         "the access token contains a space", true},
        {"{\"access_token\":\"A\\nT\",\"token_type\":\"bearer\"}",
         "the access token contains a space", true},
        {"{\"access_token\":\"\xc3\xa4\",\"token_type\":\"bearer\"}",
         "the access token contains a space", true},
        {"{\"access_token\":\"A\\u007f\",\"token_type\":\"bearer\"}",
         "the access token contains a space", true},
        {"{\"access_token\":\"AT\",\"token_type\":\"bearer\","
         "\"refresh_token\":\"R\\tT\"}",
         "the refresh token contains a space", true},
        {"{\"access_token\":\"AT\",\"token_type\":\"bearer\","
         "\"id_token\":\"I T\"}",
         "the ID token contains a space", true},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        struct token token = {0};

        assert_int_equal(parse(cases[i].text, &token, &problem), -EPROTO);
        assert_int_equal(problem.outcome, OUTCOME_MISCONFIGURED);
        if (strstr(problem.reason, cases[i].reason) == NULL)
            fail_msg("%s: %s", cases[i].text, problem.reason);
        assert_int_equal(token_is_empty(&token), !cases[i].issued);
        token_clear(&token);
    }
}

/* {"access_token":"xxx…","token_type":"bearer"}, to be freed. */
static char *
make_large(const char *member, size_t len)
{
    static const char before[] =
        "{\"token_type\":\"bearer\",\"access_token\":\"AT\",\"";
    char *text = malloc(sizeof(before) + strlen(member) + len + 16), *at;

    at = stpcpy(text, strcmp(member, "access_token") == 0
                          ? "{\"token_type\":\"bearer\",\""
                          : before);
    at = stpcpy(stpcpy(at, member), "\":\"");
    memset(at, 'x', len);
    (void) strcpy(at + len, "\"}");
    return text;
}

static void
a_token_must_fit_into_a_key(void **state UNUSED)
{
    static const char *const members[][2] = {
        {"access_token", "the access token of 32768 bytes"},
        {"refresh_token", "the refresh token of 32768 bytes"},
        {"id_token", "the ID token of 32768 bytes"},
    };
    size_t i, len;
    char *text;
    int r;

    for (i = 0; i < ARRAY_LEN(members); i++) {
        for (len = TOKEN_MAX; len <= TOKEN_MAX + 1; len++) {
            struct problem problem = {0};
            struct token token = {0};

            text = make_large(members[i][0], len);
            r = parse(text, &token, &problem);
            assert_int_equal(r, len == TOKEN_MAX ? 0 : -EPROTO);
            if (r < 0) {
                assert_memory_equal(problem.reason, members[i][1],
                                    strlen(members[i][1]));
                assert_non_null(strstr(problem.reason, "holds 32767"));
            }
            assert_false(token_is_empty(&token));
            token_clear(&token);
            free(text);
        }
    }
}

static void
a_scope_that_cannot_be_shown_is_left_out(void **state UNUSED)
{
    struct problem problem = {0};
    struct token token = {0};

    assert_int_equal(parse("{\"access_token\":\"AT\",\"token_type\":\"bearer\","
                           "\"scope\":\"a\\nstate=active\"}",
                           &token, &problem),
                     0);
    assert_int_equal(token.scope.len, 0);
    token_clear(&token);
}

static void
a_result_has_what_the_provider_gave(void **state UNUSED)
{
    struct message message = {0};
    struct problem problem = {0};
    struct token token = {0};

    assert_int_equal(parse("{\"access_token\":\"AT\",\"token_type\":\"bearer\","
                           "\"expires_in\":60}",
                           &token, &problem),
                     0);
    assert_int_equal(token_put(&token, &message), 0);
    assert_string_equal(message_text(&message, FIELD_ACCESS_TOKEN), "AT");
    assert_string_equal(message_text(&message, FIELD_EXPIRES_AT), "1800000060");
    assert_string_equal(message_text(&message, FIELD_RENEWED_AT), "1800000000");
    assert_false(message_has(&message, FIELD_REFRESH_TOKEN));
    assert_false(message_has(&message, FIELD_ID_TOKEN));
    assert_false(message_has(&message, FIELD_ID_EXPIRES_AT));
    assert_false(message_has(&message, FIELD_SCOPE));
    message_clear(&message);
    token_clear(&token);
}

static void
tokens_are_wiped(void **state UNUSED)
{
    struct message message = {0};
    struct problem problem = {0};
    struct token token = {0};

    wiped_begin("CANARY");
    assert_int_equal(
        parse("{\"access_token\":\"CANARY1\",\"token_type\":\"bearer\","
              "\"refresh_token\":\"CANARY2\",\"id_token\":\"CANARY3\"}",
              &token, &problem),
        0);
    assert_int_equal(token_put(&token, &message), 0);
    message_clear(&message);
    token_clear(&token);
    assert_wiped();
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_taken_with_all_it_has),
        cmocka_unit_test(an_access_token_is_enough),
        cmocka_unit_test(a_lifetime_is_found_one_way_or_another),
        cmocka_unit_test(an_answer_that_cannot_be_used_is_refused),
        cmocka_unit_test(a_token_must_fit_into_a_key),
        cmocka_unit_test(a_scope_that_cannot_be_shown_is_left_out),
        cmocka_unit_test(a_result_has_what_the_provider_gave),
        cmocka_unit_test(tokens_are_wiped),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
