/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "helper/exchange/json.h"
#include "helper/exchange/jwt.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/test.h"

/* RFC 7515 A.1 */
#define RFC_HEADER "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
#define RFC_PAYLOAD                                                            \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm"   \
    "NvbS9pc19yb290Ijp0cnVlfQ"
#define RFC_SIGNATURE "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

#define EMPTY "e30" /* {} */

static int
decode(const char *text, size_t len, struct jwt *out, struct problem *problem)
{
    struct secret token = {0};
    int r;

    assert_int_equal(secret_append(&token, text, len, 100000), 0);
    r = jwt_decode(&token, out, problem);
    secret_clear(&token);
    return r;
}

static void
base64url_is_decoded_at_every_length(void **state UNUSED)
{
    /* RFC 4648 10, and what differs from base64. */
    static const char *const cases[][2] = {
        {"", ""},
        {"Zg", "f"},
        {"Zm8", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg", "foob"},
        {"Zm9vYmE", "fooba"},
        {"Zm9vYmFy", "foobar"},
        {"-_-_", "\xfb\xff\xbf"},
    };
    struct secret out = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(
            base64url_decode(cases[i][0], strlen(cases[i][0]), &out), 0);
        assert_string_equal(secret_text(&out), cases[i][1]);
        secret_clear(&out);
    }
}

static void
base64url_is_strict(void **state UNUSED)
{
    static const char *const bad[] = {
        "Z",     "Zm9vY", /* cannot be */
        "Zg==",  "Zm8=",  /* padding */
        "Zh",    "Zm9",   /* bits left over */
        "Zm9+",  "Zm9/",  /* base64, not base64url */
        "Zm 9v", "Zm9v\n", "Z\xc3\xa4g", "Zm.v",
    };
    struct secret out = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(bad); i++) {
        if (base64url_decode(bad[i], strlen(bad[i]), &out) != -EBADMSG)
            fail_msg("taken: %s", bad[i]);
        secret_clear(&out);
    }
}

static void
only_the_alphabet_is_decoded(void **state UNUSED)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789-_";
    struct secret out = {0};
    char text[4] = "AAA";
    int i, expected;

    for (i = 0; i < 256; i++) {
        text[0] = (char) i;
        expected = i != 0 && strchr(alphabet, i) != NULL ? 0 : -EBADMSG;
        assert_int_equal(base64url_decode(text, 3, &out), expected);
        if (expected == 0)
            assert_int_equal(out.data[0] >> 2, strchr(alphabet, i) - alphabet);
        secret_clear(&out);
    }
}

static void
a_token_of_the_standard_is_taken_apart(void **state UNUSED)
{
    static const char text[] = RFC_HEADER "." RFC_PAYLOAD "." RFC_SIGNATURE;
    struct problem problem = {0};
    struct jwt jwt = {0};
    int64_t exp;

    assert_int_equal(decode(text, sizeof(text) - 1, &jwt, &problem), 0);
    assert_string_equal(json_text(jwt.header, "alg"), "HS256");
    assert_string_equal(json_text(jwt.payload, "iss"), "joe");
    assert_int_equal(json_date(jwt.payload, "exp", &exp), 0);
    assert_int_equal(exp, 1300819380);
    assert_int_equal(jwt.signed_len, strlen(RFC_HEADER "." RFC_PAYLOAD));
    assert_int_equal(jwt.signature.len, 32);
    assert_int_equal(jwt.signature.data[0], 0x74);
    assert_int_equal(jwt.signature.data[31], 0x79);
    jwt_clear(&jwt);
    assert_null(jwt.header);
    jwt_clear(&jwt);
}

static void
anything_else_is_refused_with_a_reason(void **state UNUSED)
{
    static const struct {
        const char *what;
        const char *text;
        const char *reason;
    } bad[] = {
        {"nothing", "", "parts: 1, not 3"},
        {"an opaque token", "ya29.a0AfH6SM", "parts: 2, not 3"},
        {"one part", EMPTY, "parts: 1, not 3"},
        {"two parts", EMPTY "." EMPTY, "parts: 2, not 3"},
        {"no signature", EMPTY "." EMPTY ".", "its signature is empty"},
        {"four parts", EMPTY "." EMPTY "." EMPTY "." EMPTY, "parts: 4, not 3"},
        {"five parts", EMPTY "." EMPTY "." EMPTY "." EMPTY "." EMPTY,
         "the ID token is encrypted"},
        {"a point behind it", EMPTY "." EMPTY "." EMPTY ".", "parts: 4"},
        {"a point before it", "." EMPTY "." EMPTY "." EMPTY, "parts: 4"},
        {"no header", "." EMPTY "." EMPTY, "its header is empty"},
        {"no payload", EMPTY ".." EMPTY, "its payload is empty"},
        {"a padded header", "e30=." EMPTY "." EMPTY,
         "its header is not base64url"},
        {"a padded payload", EMPTY ".e30=." EMPTY,
         "its payload is not base64url"},
        {"a padded signature",
         EMPTY "." EMPTY ".e30=", "its signature is not base64url"},
        {"a space", EMPTY "." EMPTY "." EMPTY " ",
         "its signature is not base64url"},
        {"a header that is no object", "W10." EMPTY "." EMPTY,
         "its header is not a JSON object"},
        {"a payload that is no object", EMPTY ".W10." EMPTY,
         "its payload is not a JSON object"},
        {"a payload that is no JSON", EMPTY ".Zm9v." EMPTY,
         "its payload is not a JSON object"},
        /* {"a":1,"a":2} */
        {"a claim twice", EMPTY ".eyJhIjoxLCJhIjoyfQ." EMPTY,
         "its payload is not a JSON object, or has a member twice"},
        {"a header twice", "eyJhIjoxLCJhIjoyfQ." EMPTY "." EMPTY,
         "its header is not a JSON object, or has a member twice"},
    };
    struct jwt jwt = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(bad); i++) {
        struct problem problem = {0};

        if (decode(bad[i].text, strlen(bad[i].text), &jwt, &problem) != -EPROTO)
            fail_msg("taken: %s", bad[i].what);
        if (strstr(problem.reason, bad[i].reason) == NULL)
            fail_msg("%s: %s", bad[i].what, problem.reason);
        assert_int_equal(problem.outcome, OUTCOME_DENIED);
        assert_null(jwt.header);
        assert_null(jwt.payload);
    }
}

static void
a_nul_in_a_token_is_refused(void **state UNUSED)
{
    static const char text[] = EMPTY "." EMPTY "." EMPTY "\0x";
    struct problem problem = {0};
    struct jwt jwt = {0};

    assert_int_equal(decode(text, sizeof(text) - 1, &jwt, &problem), -EPROTO);
    assert_non_null(strstr(problem.reason, "it has a NUL in it"));
}

static void
a_token_has_64_kib_at_most(void **state UNUSED)
{
    static char text[JWT_MAX + 1] = EMPTY "." EMPTY ".";
    struct problem problem = {0};
    struct jwt jwt = {0};

    memset(text + 8, 'A', sizeof(text) - 8);
    assert_int_equal(decode(text, JWT_MAX, &jwt, &problem), 0);
    jwt_clear(&jwt);
    assert_int_equal(decode(text, JWT_MAX + 1, &jwt, &problem), -EPROTO);
    assert_string_equal(problem.reason,
                        "the ID token is longer than 65536 bytes");
}

static void
a_decoded_token_is_wiped(void **state UNUSED)
{
    /* {"sub":"CANARY"} */
    static const char text[] = "e30.eyJzdWIiOiJDQU5BUlkifQ.e30";
    struct problem problem = {0};
    struct jwt jwt = {0};

    wiped_begin("CANARY");
    assert_int_equal(decode(text, sizeof(text) - 1, &jwt, &problem), 0);
    assert_string_equal(json_text(jwt.payload, "sub"), "CANARY");
    jwt_clear(&jwt);
    assert_wiped();
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64url_is_decoded_at_every_length),
        cmocka_unit_test(base64url_is_strict),
        cmocka_unit_test(only_the_alphabet_is_decoded),
        cmocka_unit_test(a_token_of_the_standard_is_taken_apart),
        cmocka_unit_test(anything_else_is_refused_with_a_reason),
        cmocka_unit_test(a_nul_in_a_token_is_refused),
        cmocka_unit_test(a_token_has_64_kib_at_most),
        cmocka_unit_test(a_decoded_token_is_wiped),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
