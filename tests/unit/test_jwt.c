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
decode(const char *text, size_t len, cJSON **header, cJSON **payload)
{
    struct secret token = {0};
    int r;

    assert_int_equal(secret_append(&token, text, len, 100000), 0);
    r = jwt_decode(&token, header, payload);
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
    cJSON *header = NULL, *payload = NULL;
    int64_t exp;

    assert_int_equal(decode(text, sizeof(text) - 1, &header, &payload), 0);
    assert_string_equal(json_text(header, "alg"), "HS256");
    assert_string_equal(json_text(payload, "iss"), "joe");
    assert_int_equal(json_date(payload, "exp", &exp), 0);
    assert_int_equal(exp, 1300819380);
    cJSON_Delete(header);
    cJSON_Delete(payload);
}

static void
anything_else_is_refused(void **state UNUSED)
{
    static const struct {
        const char *what;
        const char *text;
    } bad[] = {
        {"nothing", ""},
        {"an opaque token", "ya29.a0AfH6SM"},
        {"one part", EMPTY},
        {"two parts", EMPTY "." EMPTY},
        {"no signature", EMPTY "." EMPTY "."},
        {"four parts", EMPTY "." EMPTY "." EMPTY "." EMPTY},
        {"a point behind it", EMPTY "." EMPTY "." EMPTY "."},
        {"a point before it", "." EMPTY "." EMPTY "." EMPTY},
        {"no header", "." EMPTY "." EMPTY},
        {"no payload", EMPTY ".." EMPTY},
        {"a padded header", "e30=." EMPTY "." EMPTY},
        {"a padded payload", EMPTY ".e30=." EMPTY},
        {"a padded signature", EMPTY "." EMPTY ".e30="},
        {"a space", EMPTY "." EMPTY "." EMPTY " "},
        {"a header that is no object", "W10." EMPTY "." EMPTY},
        {"a payload that is no object", EMPTY ".W10." EMPTY},
        {"a payload that is no JSON", EMPTY ".Zm9v." EMPTY},
        /* {"a":1,"a":2} */
        {"a claim twice", EMPTY ".eyJhIjoxLCJhIjoyfQ." EMPTY},
        {"a header twice", "eyJhIjoxLCJhIjoyfQ." EMPTY "." EMPTY},
    };
    cJSON *header = NULL, *payload = NULL;
    size_t i;

    for (i = 0; i < ARRAY_LEN(bad); i++) {
        if (decode(bad[i].text, strlen(bad[i].text), &header, &payload)
            != -EBADMSG)
            fail_msg("taken: %s", bad[i].what);
        assert_null(header);
        assert_null(payload);
    }
}

static void
a_nul_in_a_token_is_refused(void **state UNUSED)
{
    static const char text[] = EMPTY "." EMPTY "." EMPTY "\0x";
    cJSON *header = NULL, *payload = NULL;

    assert_int_equal(decode(text, sizeof(text) - 1, &header, &payload),
                     -EBADMSG);
}

static void
a_decoded_token_is_wiped(void **state UNUSED)
{
    /* {"sub":"CANARY"} */
    static const char text[] = "e30.eyJzdWIiOiJDQU5BUlkifQ.e30";
    cJSON *header = NULL, *payload = NULL;

    wiped_begin("CANARY");
    assert_int_equal(decode(text, sizeof(text) - 1, &header, &payload), 0);
    assert_string_equal(json_text(payload, "sub"), "CANARY");
    cJSON_Delete(header);
    cJSON_Delete(payload);
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
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(a_nul_in_a_token_is_refused),
        cmocka_unit_test(a_decoded_token_is_wiped),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
