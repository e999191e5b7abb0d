/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "common/message.h"
#include "helper/cli/presentation.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/test.h"

#define NOW 1795304777

static struct secret value, text;
static struct token token;

static void
set(const char *bytes)
{
    secret_clear(&value);
    assert_int_equal(secret_append_text(&value, bytes, TOKEN_MAX), 0);
    token = (struct token){
        .value = &value, .expires_at = 1795308377, .username = "oauth2"};
}

static int
setup(void **state UNUSED)
{
    set("CANARY-at");
    return 0;
}

static int
teardown(void **state UNUSED)
{
    secret_clear(&value);
    secret_clear(&text);
    return 0;
}

static const char *
format(enum presentation presentation)
{
    secret_clear(&text);
    assert_int_equal(presentation_format(presentation, &token, NOW, &text), 0);
    return secret_text(&text);
}

static void
knows_its_names(void **state UNUSED)
{
    enum presentation presentation;

    assert_int_equal(presentation_parse("kubectl", &presentation), 0);
    assert_int_equal(presentation, PRESENT_KUBECTL);
    assert_int_equal(presentation_parse("yaml", &presentation), -EINVAL);
    assert_int_equal(presentation_parse("", &presentation), -EINVAL);
    assert_int_equal(presentation, PRESENT_KUBECTL);
}

static void
prints_a_line_or_a_header(void **state UNUSED)
{
    assert_string_equal(format(PRESENT_RAW), "CANARY-at\n");
    assert_string_equal(format(PRESENT_HEADER),
                        "Authorization: Bearer CANARY-at\n");
}

static void
prints_json(void **state UNUSED)
{
    assert_string_equal(format(PRESENT_JSON),
                        "{\n"
                        "  \"access_token\": \"CANARY-at\",\n"
                        "  \"token_type\": \"Bearer\",\n"
                        "  \"expires_at\": 1795308377,\n"
                        "  \"expires_in\": 3600\n"
                        "}\n");
    token.is_id = true;
    token.expires_at = 0;
    assert_string_equal(format(PRESENT_JSON), "{\n"
                                              "  \"id_token\": \"CANARY-at\"\n"
                                              "}\n");
}

static void
prints_an_execcredential(void **state UNUSED)
{
    assert_string_equal(
        format(PRESENT_KUBECTL),
        "{\n"
        "  \"apiVersion\": \"client.authentication.k8s.io/v1\",\n"
        "  \"kind\": \"ExecCredential\",\n"
        "  \"status\": {\n"
        "    \"token\": \"CANARY-at\",\n"
        "    \"expirationTimestamp\": \"2026-11-22T00:46:17Z\"\n"
        "  }\n"
        "}\n");
}

static void
answers_git(void **state UNUSED)
{
    assert_string_equal(format(PRESENT_GIT),
                        "username=oauth2\n"
                        "password=CANARY-at\n"
                        "password_expiry_utc=1795308377\n");
    token.expires_at = 0;
    assert_string_equal(format(PRESENT_GIT), "username=oauth2\n"
                                             "password=CANARY-at\n");
}

static void
a_token_breaks_out_of_nothing(void **state UNUSED)
{
    static const char *const bad[] = {"",    "a\nb",    "a b",
                                      "a\r", "\x1b[2J", "\xc3\xa4"};
    size_t i, form;

    for (i = 0; i < ARRAY_LEN(bad); i++) {
        set(bad[i]);
        for (form = 0; form <= PRESENT_GIT; form++) {
            assert_int_equal(presentation_format((enum presentation) form,
                                                 &token, NOW, &text),
                             -EBADMSG);
            assert_int_equal(text.len, 0);
        }
    }
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(knows_its_names), TEST(prints_a_line_or_a_header),
        TEST(prints_json),     TEST(prints_an_execcredential),
        TEST(answers_git),     TEST(a_token_breaks_out_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
