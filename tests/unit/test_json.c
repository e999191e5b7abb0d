/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "helper/exchange/json.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/test.h"

/* A text with its own length, NULs included. */
#define BYTES(text) (text), sizeof(text) - 1

static cJSON *
parse(const char *text)
{
    cJSON *json = NULL;

    if (json_parse(text, strlen(text), &json) < 0)
        fail_msg("not parsed: %s", text);
    return json;
}

static void
an_object_is_parsed_with_blanks_around_it(void **state UNUSED)
{
    static const char *const good[] = {
        "{}",
        " \t\r\n{}\r\n ",
        "{\"a\":1,\"b\":{\"a\":2},\"c\":[{\"a\":3},{\"a\":4}]}",
        "{\"a\":\"\\\\u0000\"}",
        "{\"A\":1,\"a\":2}",
        "{\"\":1}",
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(good); i++)
        cJSON_Delete(parse(good[i]));
}

static void
anything_else_is_refused(void **state UNUSED)
{
    static const struct {
        const char *what;
        const char *text;
        size_t len;
    } bad[] = {
        {"nothing", BYTES("")},
        {"blanks", BYTES("  ")},
        {"an array", BYTES("[]")},
        {"a string", BYTES("\"a\"")},
        {"a number", BYTES("1")},
        {"null", BYTES("null")},
        {"a page", BYTES("<html></html>")},
        {"half an object", BYTES("{\"a\":1")},
        {"text behind it", BYTES("{} x")},
        {"two objects", BYTES("{}{}")},
        {"a NUL behind it", BYTES("{}\0")},
        {"a NUL in it", BYTES("{\"a\":\"b\0c\"}")},
        {"an escaped NUL in a value", BYTES("{\"a\":\"b\\u0000c\"}")},
        {"an escaped NUL in a name", BYTES("{\"a\\u0000\":1}")},
        {"one behind a backslash", BYTES("{\"a\":\"\\\\\\u0000\"}")},
        {"a member twice", BYTES("{\"a\":1,\"a\":1}")},
        {"a member twice, far apart", BYTES("{\"a\":1,\"b\":2,\"a\":3}")},
        {"twice by an escape", BYTES("{\"a\":1,\"\\u0061\":2}")},
        {"twice further down", BYTES("{\"x\":[{\"y\":{\"a\":1,\"a\":2}}]}")},
    };
    cJSON *json = NULL;
    size_t i;

    for (i = 0; i < ARRAY_LEN(bad); i++) {
        if (json_parse(bad[i].text, bad[i].len, &json) != -EBADMSG)
            fail_msg("taken: %s", bad[i].what);
        assert_null(json);
    }
}

/* count times a text, between two others. */
static char *
repeat(const char *before, const char *text, size_t count, const char *after)
{
    size_t len = strlen(before) + strlen(text) * count + strlen(after) + 1;
    char *out = malloc(len), *at = stpcpy(out, before);

    while (count-- > 0)
        at = stpcpy(at, text);
    (void) strcpy(at, after);
    return out;
}

static void
depth_and_width_have_a_limit(void **state UNUSED)
{
    char *deep = repeat("{\"a\":", "[", 100000, ""), *wide, *at;
    cJSON *json = NULL;
    size_t i;

    assert_int_equal(json_parse(deep, strlen(deep), &json), -EBADMSG);
    free(deep);
    wide = repeat("{", "\"......\":1,", 2000, "\"z\":1}");
    for (at = wide + 2, i = 0; i < 2000; i++, at += 11)
        (void) !memcpy(at,
                       (char[]){(char) ('a' + i / 676),
                                (char) ('a' + i / 26 % 26),
                                (char) ('a' + i % 26)},
                       3);
    assert_int_equal(json_parse(wide, strlen(wide), &json), -EBADMSG);
    free(wide);
}

static void
a_text_is_a_string_that_is_not_empty(void **state UNUSED)
{
    cJSON *json =
        parse("{\"a\":\"b\",\"empty\":\"\",\"n\":1,\"o\":{},\"z\":null}");

    assert_string_equal(json_text(json, "a"), "b");
    assert_null(json_text(json, "A"));
    assert_null(json_text(json, "empty"));
    assert_null(json_text(json, "n"));
    assert_null(json_text(json, "o"));
    assert_null(json_text(json, "z"));
    assert_null(json_text(json, "absent"));
    cJSON_Delete(json);
}

static void
seconds_are_taken_as_providers_write_them(void **state UNUSED)
{
    static const struct {
        const char *text;
        int result;
        int64_t seconds;
    } cases[] = {
        {"{\"t\":300}", 0, 300},
        {"{\"t\":0}", 0, 0},
        {"{\"t\":0.9}", 0, 0},
        {"{\"t\":300.9}", 0, 300},
        {"{\"t\":3e2}", 0, 300},
        {"{\"t\":\"300\"}", 0, 300},
        {"{\"t\":\"300.5\"}", 0, 300},
        {"{\"t\":2592000}", 0, 2592000},
        {"{\"t\":4294967296}", 0, JSON_SECONDS_MAX},
        {"{\"t\":1e300}", 0, JSON_SECONDS_MAX},
        {"{\"t\":1e999}", 0, JSON_SECONDS_MAX},
        {"{\"t\":\"99999999999999999999999999\"}", 0, JSON_SECONDS_MAX},
        {"{}", -ENODATA, 0},
        {"{\"t\":null}", -ENODATA, 0},
        {"{\"t\":-1}", -EINVAL, 0},
        {"{\"t\":-1e999}", -EINVAL, 0},
        {"{\"t\":\"\"}", -EINVAL, 0},
        {"{\"t\":\".\"}", -EINVAL, 0},
        {"{\"t\":\"1.2.3\"}", -EINVAL, 0},
        {"{\"t\":\" 300\"}", -EINVAL, 0},
        {"{\"t\":\"-300\"}", -EINVAL, 0},
        {"{\"t\":\"0x10\"}", -EINVAL, 0},
        {"{\"t\":\"nan\"}", -EINVAL, 0},
        {"{\"t\":\"inf\"}", -EINVAL, 0},
        {"{\"t\":true}", -EINVAL, 0},
        {"{\"t\":[300]}", -EINVAL, 0},
        {"{\"t\":{}}", -EINVAL, 0},
    };
    int64_t seconds;
    cJSON *json;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        seconds = 0;
        json = parse(cases[i].text);
        if (json_seconds(json, "t", &seconds) != cases[i].result
            || seconds != cases[i].seconds)
            fail_msg("%s: %jd", cases[i].text, (intmax_t) seconds);
        cJSON_Delete(json);
    }
}

static void
a_date_is_a_number_and_nothing_else(void **state UNUSED)
{
    static const struct {
        const char *text;
        int result;
        int64_t date;
    } cases[] = {
        {"{\"t\":1800000000}", 0, 1800000000},
        {"{\"t\":1800000000.75}", 0, 1800000000},
        {"{\"t\":0}", 0, 0},
        {"{\"t\":1e300}", 0, INT64_C(253402300799)},
        {"{}", -ENODATA, 0},
        {"{\"t\":null}", -EINVAL, 0},
        {"{\"t\":\"1800000000\"}", -EINVAL, 0},
        {"{\"t\":-1}", -EINVAL, 0},
        {"{\"t\":[]}", -EINVAL, 0},
    };
    int64_t date;
    cJSON *json;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        date = 0;
        json = parse(cases[i].text);
        if (json_date(json, "t", &date) != cases[i].result
            || date != cases[i].date)
            fail_msg("%s: %jd", cases[i].text, (intmax_t) date);
        cJSON_Delete(json);
    }
}

static void
what_is_printed_is_parsed_to_the_same(void **state UNUSED)
{
    static const char text[] =
        "{\"a\":\"q\\\"\\\\\xc3\xa4\",\"n\":1,\"t\":true}";
    cJSON *json = parse(text);
    struct secret out = {0};

    assert_int_equal(json_print(json, sizeof(text) - 2, &out), -EMSGSIZE);
    assert_int_equal(json_print(json, sizeof(text) - 1, &out), 0);
    assert_string_equal(secret_text(&out), text);
    secret_clear(&out);
    cJSON_Delete(json);
}

static void
cjson_wipes_what_it_frees(void **state UNUSED)
{
    static const char text[] =
        "{\"token\":\"CANARY-1\",\"list\":[\"CANARY-2\"]}";
    struct secret out = {0};
    cJSON *json;

    wiped_begin("CANARY");
    json = parse(text);
    assert_int_equal(json_print(json, 1000, &out), 0);
    secret_clear(&out);
    cJSON_Delete(json);
    assert_wiped();
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_parsed_with_blanks_around_it),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(depth_and_width_have_a_limit),
        cmocka_unit_test(a_text_is_a_string_that_is_not_empty),
        cmocka_unit_test(seconds_are_taken_as_providers_write_them),
        cmocka_unit_test(a_date_is_a_number_and_nothing_else),
        cmocka_unit_test(what_is_printed_is_parsed_to_the_same),
        cmocka_unit_test(cjson_wipes_what_it_frees),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
