/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "helper/cli/object.h"
#include "tests/lib/test.h"

static struct object object;

static int
teardown(void **state UNUSED)
{
    secret_clear(&object.text);
    object = (struct object){0};
    return 0;
}

static void
writes_members_of_each_kind(void **state UNUSED)
{
    object_open(&object, NULL);
    object_text(&object, "name", "value");
    object_text(&object, "none", NULL);
    object_open(&object, "inner");
    object_number(&object, "least", INT64_MIN);
    object_null(&object, "nothing");
    object_close(&object);
    object_number(&object, "last", 1);
    object_close(&object);
    assert_int_equal(object_end(&object), 0);
    assert_string_equal(secret_text(&object.text),
                        "{\n"
                        "  \"name\": \"value\",\n"
                        "  \"none\": null,\n"
                        "  \"inner\": {\n"
                        "    \"least\": -9223372036854775808,\n"
                        "    \"nothing\": null\n"
                        "  },\n"
                        "  \"last\": 1\n"
                        "}\n");
}

static void
nothing_breaks_out_of_a_text(void **state UNUSED)
{
    object_open(&object, NULL);
    object_text(&object, "a\"b", "c\"d\\e\nf\x1bg\xffh/i");
    object_close(&object);
    assert_int_equal(object_end(&object), 0);
    assert_string_equal(
        secret_text(&object.text),
        "{\n  \"a\\u0022b\":"
        " \"c\\u0022d\\u005ce\\u000af\\u001bg\\u00ffh/i\"\n}\n");
}

static void
takes_the_largest_token_however_it_is_escaped(void **state UNUSED)
{
    char *text = malloc(TOKEN_MAX + 1);

    assert_non_null(text);
    memset(text, '"', TOKEN_MAX);
    text[TOKEN_MAX] = '\0';
    object_open(&object, NULL);
    object_text(&object, "token", text);
    object_close(&object);
    assert_int_equal(object_end(&object), 0);
    object_text(&object, "token", text);
    assert_int_equal(object_end(&object), -EMSGSIZE);
    free(text);
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_members_of_each_kind),
        TEST(nothing_breaks_out_of_a_text),
        TEST(takes_the_largest_token_however_it_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
