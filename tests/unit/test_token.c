/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/exchange/json.h"
#include "helper/exchange/token.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/signer.h"
#include "tests/lib/test.h"

#define NOW INT64_C(1800000000)

static int
parse_for(int64_t unsaid, const char *text, struct token *out,
          struct problem *problem)
{
    cJSON *json = NULL;
    int r;

    if (json_parse(text, strlen(text), &json) < 0)
        fail_msg("not parsed: %s", text);
    r = token_parse(json, NOW, unsaid, out, problem);
    cJSON_Delete(json);
    return r;
}

static int
parse(const char *text, struct token *out, struct problem *problem)
{
    return parse_for(0, text, out, problem);
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

/* Of an answer with such a token, and more that begins with a comma. */
static int64_t
lifetime(const char *access, const char *more)
{
    struct problem problem = {0};
    struct token token = {0};
    char *text = NULL;
    int64_t found;

    assert_true(asprintf(&text,
                         "{\"token_type\":\"bearer\",\"access_token\":"
                         "\"%s\"%s}",
                         access, more)
                > 0);
    assert_int_equal(parse(text, &token, &problem), 0);
    assert_int_equal(token.sent_at, NOW);
    found = token.expires_at - NOW;
    token_clear(&token);
    free(text);
    return found;
}

static void
a_lifetime_that_is_not_said_can_be_configured(void **state UNUSED)
{
    static const struct {
        const char *text;
        int64_t lifetime;
    } cases[] = {
        {"{\"access_token\":\"AT\",\"token_type\":\"bearer\"}", 86400},
        {"{\"access_token\":\"AT\",\"token_type\":\"bearer\",\"expires_in\":0}",
         86400},
        {"{\"access_token\":\"AT\",\"token_type\":\"bearer\",\"expires_in\":"
         "60}",
         60},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        struct token token = {0};

        assert_int_equal(parse_for(86400, cases[i].text, &token, &problem), 0);
        assert_int_equal(token.expires_at, NOW + cases[i].lifetime);
        token_clear(&token);
    }
}

#define DEFAULT TOKEN_LIFETIME_DEFAULT
#define MAX     JSON_SECONDS_MAX

static void
a_lifetime_may_be_from_a_second_to_ten_years(void **state UNUSED)
{
    static const int64_t seconds[] = {
        1,        2,         29,        30,      59,      60,      61,
        299,      300,       301,       3599,    3600,    86399,   86400,
        604800,   2147483,   2147484,   2592000, 4294967, 4294968, 7776000,
        31536000, 157680000, 315360000, MAX - 1, MAX,
    };
    char more[64];
    size_t i;

    for (i = 0; i < ARRAY_LEN(seconds); i++) {
        (void) snprintf(more, sizeof(more), ",\"expires_in\":%jd",
                        (intmax_t) seconds[i]);
        assert_int_equal(lifetime("AT", more), seconds[i]);
        (void) snprintf(more, sizeof(more), ",\"expires_in\":\"%jd\"",
                        (intmax_t) seconds[i]);
        assert_int_equal(lifetime("AT", more), seconds[i]);
        (void) snprintf(more, sizeof(more), ",\"expires_in\":%jd.75",
                        (intmax_t) seconds[i]);
        assert_int_equal(lifetime("AT", more), seconds[i]);
    }
}

static void
expires_in_is_read_as_providers_write_it(void **state UNUSED)
{
    static const struct {
        const char *value;
        int64_t lifetime;
    } cases[] = {
        {"3599.9", 3599},
        {"\"3599.9\"", 3599},
        {"6e2", 600},
        {"\"007\"", 7},
        /* more than anybody means */
        {"316224001", MAX},
        {"2147483648", MAX},
        {"4294967296", MAX},
        {"5000000000", MAX},
        {"9223372036854775807", MAX},
        {"18446744073709551616", MAX},
        {"1e300", MAX},
        {"1e999", MAX},
        {"\"99999999999999999999999999999999\"", MAX},
        /* none */
        {"null", DEFAULT},
        {"0", DEFAULT},
        {"-0", DEFAULT},
        {"\"0\"", DEFAULT},
        {"0.5", DEFAULT},
        {"-1", DEFAULT},
        {"-5", DEFAULT},
        {"-1e300", DEFAULT},
        {"-1e999", DEFAULT},
        {"-9223372036854775808", DEFAULT},
        /* not a number */
        {"\"\"", DEFAULT},
        {"\"soon\"", DEFAULT},
        {"\"-5\"", DEFAULT},
        {"\"+5\"", DEFAULT},
        {"\" 60\"", DEFAULT},
        {"\"60s\"", DEFAULT},
        {"\"6e2\"", DEFAULT},
        {"\"0x3c\"", DEFAULT},
        {"\"inf\"", DEFAULT},
        {"\"1.2.3\"", DEFAULT},
        {"true", DEFAULT},
        {"false", DEFAULT},
        {"[60]", DEFAULT},
        {"{\"seconds\":60}", DEFAULT},
    };
    int64_t found;
    char more[64];
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        (void) snprintf(more, sizeof(more), ",\"expires_in\":%s",
                        cases[i].value);
        found = lifetime("AT", more);
        if (found != cases[i].lifetime)
            fail_msg("%s: %jd", cases[i].value, (intmax_t) found);
    }
    assert_int_equal(lifetime("AT", ""), DEFAULT);
    assert_int_equal(lifetime("AT", ",\"Expires_in\":60"), DEFAULT);
}

static int64_t
lifetime_of_jwt(const char *claims, const char *more)
{
    struct secret token = {0};
    int64_t found;

    signer_token("ES256", SIGNER_P256, "{\"alg\":\"ES256\"}", claims, &token);
    found = lifetime(secret_text(&token), more);
    secret_clear(&token);
    return found;
}

/* NOW is 1800000000. */
static void
a_jwt_says_its_lifetime_by_the_clock_of_the_provider(void **state UNUSED)
{
    static const struct {
        const char *claims;
        int64_t lifetime;
    } cases[] = {
        {"{\"iat\":1800000000,\"exp\":1800000900}", 900},
        {"{\"iat\":1800000000,\"exp\":1800000001}", 1},
        {"{\"iat\":1800000000,\"exp\":2115360000}", 315360000},
        {"{\"iat\":1800000000,\"exp\":1e300}", MAX},
        /* ten minutes ahead, and behind; so that it seems to be over */
        {"{\"iat\":1800000600,\"exp\":1800001500}", 900},
        {"{\"iat\":1799999400,\"exp\":1800000300}", 900},
        {"{\"iat\":1799999400,\"exp\":1799999700}", 300},
        {"{\"iat\":1800086400,\"exp\":1800087300}", 900},
        {"{\"iat\":1799913600,\"exp\":1799914500}", 900},
        /* a clock that is none, or none at all: by ours */
        {"{\"iat\":1800086401,\"exp\":1800087300}", 87300},
        {"{\"iat\":1799913599,\"exp\":1800000900}", 900},
        {"{\"iat\":0,\"exp\":1800000900}", 900},
        {"{\"iat\":1e300,\"exp\":1800000900}", 900},
        {"{\"iat\":-1,\"exp\":1800000900}", 900},
        {"{\"iat\":\"1799999400\",\"exp\":1800000900}", 900},
        {"{\"iat\":null,\"exp\":1800000900}", 900},
        {"{\"exp\":1800000900}", 900},
        {"{\"exp\":1800000900.9}", 900},
        {"{\"exp\":1800000001}", 1},
        {"{\"exp\":1e300}", MAX},
        /* no end, or one before the beginning */
        {"{}", DEFAULT},
        {"{\"iat\":1800000000}", DEFAULT},
        {"{\"exp\":1800000000}", DEFAULT},
        {"{\"exp\":1799999999}", DEFAULT},
        {"{\"exp\":0}", DEFAULT},
        {"{\"exp\":-1}", DEFAULT},
        {"{\"exp\":\"1800000900\"}", DEFAULT},
        {"{\"exp\":null}", DEFAULT},
        {"{\"iat\":1800000000,\"exp\":1800000000}", DEFAULT},
        {"{\"iat\":1800000600,\"exp\":1800000599}", DEFAULT},
        {"{\"iat\":1800000600,\"exp\":\"x\"}", DEFAULT},
    };
    int64_t found;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        found = lifetime_of_jwt(cases[i].claims, "");
        if (found != cases[i].lifetime)
            fail_msg("%s: %jd", cases[i].claims, (intmax_t) found);
    }
}

static void
expires_in_counts_before_what_a_jwt_says(void **state UNUSED)
{
    static const char claims[] = "{\"iat\":1800000000,\"exp\":1800000900}";

    assert_int_equal(lifetime_of_jwt(claims, ",\"expires_in\":60"), 60);
    assert_int_equal(lifetime_of_jwt(claims, ",\"expires_in\":3600"), 3600);
    assert_int_equal(lifetime_of_jwt(claims, ",\"expires_in\":0"), 900);
    assert_int_equal(lifetime_of_jwt(claims, ",\"expires_in\":-1"), 900);
    assert_int_equal(lifetime_of_jwt(claims, ",\"expires_in\":\"x\""), 900);
    assert_int_equal(lifetime_of_jwt(claims, ",\"expires_in\":null"), 900);
}

static void
what_only_looks_like_a_jwt_has_the_default_lifetime(void **state UNUSED)
{
    static const char *const tokens[] = {
        "a.b.c", "e30.e30", "e30.W10.c2ln", "e30..c2ln", "..",
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(tokens); i++)
        assert_int_equal(lifetime(tokens[i], ""), DEFAULT);
}

static void
the_end_of_the_refresh_token_is_taken_if_it_is_said(void **state UNUSED)
{
    static const struct {
        const char *members;
        int64_t end; /* from now on; 0: unknown */
    } cases[] = {
        {"", 0},
        /* Keycloak, where 0 is that of an offline session */
        {",\"refresh_expires_in\":1800", 1800},
        {",\"refresh_expires_in\":0", 0},
        /* GitHub, Entra ID */
        {",\"refresh_token_expires_in\":15811200", 15811200},
        {",\"refresh_token_expires_in\":\"86399\"", 86399},
        {",\"refresh_expires_in\":1", 1},
        {",\"refresh_expires_in\":1800.9", 1800},
        {",\"refresh_expires_in\":\"1800\"", 1800},
        {",\"refresh_expires_in\":315360000", 315360000},
        {",\"refresh_expires_in\":1e300", JSON_SECONDS_MAX},
        {",\"refresh_expires_in\":\"0\"", 0},
        {",\"refresh_expires_in\":0.5", 0},
        {",\"refresh_expires_in\":-1", 0},
        {",\"refresh_expires_in\":-1e300", 0},
        {",\"refresh_expires_in\":null", 0},
        {",\"refresh_expires_in\":true", 0},
        {",\"refresh_expires_in\":\"never\"", 0},
        {",\"refresh_expires_in\":[1800]", 0},
        {",\"refresh_expires_in\":60,\"refresh_token_expires_in\":70", 60},
        {",\"refresh_expires_in\":0,\"refresh_token_expires_in\":70", 70},
        {",\"refresh_expires_in\":\"x\",\"refresh_token_expires_in\":70", 70},
        {",\"expires_in\":60", 0},
        {",\"Refresh_expires_in\":60", 0},
    };
    char text[256], expected[32];
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct message message = {0};
        struct problem problem = {0};
        struct token token = {0};

        (void) snprintf(text, sizeof(text),
                        "{\"token_type\":\"bearer\",\"access_token\":\"AT\","
                        "\"refresh_token\":\"RT\"%s}",
                        cases[i].members);
        (void) snprintf(expected, sizeof(expected), "%jd",
                        (intmax_t) (NOW + cases[i].end));
        assert_int_equal(parse(text, &token, &problem), 0);
        assert_int_equal(token_put(&token, &message), 0);
        if (strcmp(message_text(&message, FIELD_REFRESH_EXPIRES_AT),
                   cases[i].end > 0 ? expected : "")
            != 0)
            fail_msg("%s: %s", text,
                     message_text(&message, FIELD_REFRESH_EXPIRES_AT));
        message_clear(&message);
        token_clear(&token);
        assert_int_equal(token.refresh_expires_at, 0);
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
        cmocka_unit_test(a_lifetime_that_is_not_said_can_be_configured),
        cmocka_unit_test(a_lifetime_may_be_from_a_second_to_ten_years),
        cmocka_unit_test(expires_in_is_read_as_providers_write_it),
        cmocka_unit_test(a_jwt_says_its_lifetime_by_the_clock_of_the_provider),
        cmocka_unit_test(expires_in_counts_before_what_a_jwt_says),
        cmocka_unit_test(what_only_looks_like_a_jwt_has_the_default_lifetime),
        cmocka_unit_test(the_end_of_the_refresh_token_is_taken_if_it_is_said),
        cmocka_unit_test(an_answer_that_cannot_be_used_is_refused),
        cmocka_unit_test(a_token_must_fit_into_a_key),
        cmocka_unit_test(a_scope_that_cannot_be_shown_is_left_out),
        cmocka_unit_test(a_result_has_what_the_provider_gave),
        cmocka_unit_test(tokens_are_wiped),
    };

    int failed;

    json_init();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    signer_free();
    return failed;
}
