/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "helper/exchange/form.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/test.h"

static void
assert_body(const struct form *form, const char *expected)
{
    assert_string_equal(secret_text(&form->body), expected);
}

static void
parameters_are_joined_in_their_order(void **state UNUSED)
{
    struct form form = {0};

    assert_int_equal(form_add(&form, "grant_type", "refresh_token"), 0);
    assert_int_equal(form_add(&form, "empty", ""), 0);
    assert_int_equal(form_add_optional(&form, "absent", NULL), 0);
    assert_int_equal(form_add_optional(&form, "audience", "a"), 0);
    assert_body(&form, "grant_type=refresh_token&empty=&audience=a");
    form_clear(&form);
}

static void
every_byte_is_encoded_but_the_unreserved(void **state UNUSED)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-._~";
    struct secret out = {0};
    char expected[4];
    uint8_t byte;
    int i;

    for (i = 0; i < 256; i++) {
        byte = (uint8_t) i;
        assert_int_equal(form_encode(&byte, 1, &out), 0);
        if (i != 0 && strchr(plain, i) != NULL)
            (void) snprintf(expected, sizeof(expected), "%c", i);
        else
            (void) snprintf(expected, sizeof(expected), "%%%02X", byte);
        assert_string_equal(secret_text(&out), expected);
        secret_clear(&out);
    }
}

static void
names_and_values_cannot_forge_parameters(void **state UNUSED)
{
    struct form form = {0};

    assert_int_equal(form_add(&form, "a&b", "c&client_id=evil"), 0);
    assert_body(&form, "a%26b=c%26client_id%3Devil");
    form_clear(&form);
}

static void
each_word_is_a_parameter_of_its_own(void **state UNUSED)
{
    static const struct {
        const char *words;
        const char *body;
    } cases[] = {
        {NULL, ""},
        {"", ""},
        {" ", ""},
        {"https://a/", "resource=https%3A%2F%2Fa%2F"},
        {"a b", "resource=a&resource=b"},
        {"  a   b ", "resource=a&resource=b"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct form form = {0};

        assert_int_equal(form_add_words(&form, "resource", cases[i].words), 0);
        assert_body(&form, cases[i].body);
        form_clear(&form);
    }
}

static void
a_leak_of_any_of_the_secrets_is_found(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool leak;
    } cases[] = {
        {"", false},
        {"the token is wrong", false},
        {"CANARY-", false},
        {"CANARY-refre", true},
        {"token CANARY-refresh-token is wrong", true},
        {"token CANARY-refre... is wrong", true},
        {"canary-refresh-token", true},
        {"Q0FOQVJZLXJlZnJlc2gtdG9rZW4=", true},
        {"my pin is known", true},
        {"my pi", false},
        {"the header's s3cret", true},
    };
    struct secret pin = {0}, token = {0}, empty = {0}, other = {0};
    struct form form = {0};
    size_t i;

    assert_int_equal(secret_append_text(&pin, "pin", 100), 0);
    assert_int_equal(secret_append_text(&token, "CANARY-refresh-token", 100),
                     0);
    assert_int_equal(secret_append_text(&other, "s3cret", 100), 0);
    assert_int_equal(form_add_secret(&form, "password", &pin), 0);
    assert_int_equal(form_add_secret(&form, "token", &token), 0);
    assert_int_equal(form_add_secret(&form, "empty", &empty), 0);
    form_hide(&form, &other);
    assert_body(&form, "password=pin&token=CANARY-refresh-token&empty=");
    for (i = 0; i < ARRAY_LEN(cases); i++)
        if (form_leaks(&form, cases[i].text) != cases[i].leak)
            fail_msg("%s", cases[i].text);
    form_clear(&form);
    assert_false(form_leaks(&form, "CANARY-refresh-token"));
    secret_clear(&pin);
    secret_clear(&token);
    secret_clear(&other);
}

static void
a_form_has_a_limit(void **state UNUSED)
{
    static char huge[300 * 1024];
    struct form form = {0};

    memset(huge, 'x', sizeof(huge) - 1);
    assert_int_equal(form_add(&form, "a", huge), -EMSGSIZE);
    form_clear(&form);
}

static void
a_form_is_wiped(void **state UNUSED)
{
    struct secret token = {0};
    struct form form = {0};
    int i;

    assert_int_equal(secret_append_text(&token, "CANARY-token", 100), 0);
    wiped_begin("CANARY");
    for (i = 0; i < 4; i++) /* so often that the body must grow */
        assert_int_equal(form_add_secret(&form, "token", &token), 0);
    for (i = 0; i < 100; i++)
        assert_int_equal(form_add(&form, "CANARY", "and more"), 0);
    form_clear(&form);
    secret_clear(&token);
    assert_wiped();
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_joined_in_their_order),
        cmocka_unit_test(every_byte_is_encoded_but_the_unreserved),
        cmocka_unit_test(names_and_values_cannot_forge_parameters),
        cmocka_unit_test(each_word_is_a_parameter_of_its_own),
        cmocka_unit_test(a_leak_of_any_of_the_secrets_is_found),
        cmocka_unit_test(a_form_has_a_limit),
        cmocka_unit_test(a_form_is_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
