/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "common/number.h"
#include "tests/lib/test.h"

static void
reads_decimal_digits(void **state UNUSED)
{
    static const struct {
        const char *text;
        int64_t max, number;
    } cases[] = {
        {"0", 0, 0},
        {"0", 5, 0},
        {"7", 7, 7},
        {"10", 10, 10},
        {"007", 7, 7},
        {"4294967294", 4294967294, 4294967294},
        {"9223372036854775807", INT64_MAX, INT64_MAX},
    };
    int64_t number;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        number = -1;
        assert_int_equal(number_parse(cases[i].text, cases[i].max, &number), 0);
        assert_int_equal(number, cases[i].number);
    }
}

static void
refuses_everything_else_and_leaves_the_result_alone(void **state UNUSED)
{
    static const struct {
        const char *text;
        int64_t max;
    } cases[] = {
        {"", 9},
        {" 1", 9},
        {"1 ", 9},
        {"+1", 9},
        {"-1", 9},
        {"0x1", 9},
        {"1.0", 9},
        {"1e3", 9999},
        {"a", 9},
        {"/", 9},
        {":", 9},
        {"\xb2", 9},
        {"8", 7},
        {"9", 0},
        {"99", 5},
        {"11", 10},
        {"100", 99},
        {"9223372036854775808", INT64_MAX},
        {"9223372036854775810", INT64_MAX},
        {"92233720368547758070", INT64_MAX},
        {"18446744073709551616", INT64_MAX},
        {"99999999999999999999999999999999999999", INT64_MAX},
    };
    int64_t number = 42;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(number_parse(cases[i].text, cases[i].max, &number),
                         -EINVAL);
        assert_int_equal(number, 42);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_decimal_digits),
        cmocka_unit_test(refuses_everything_else_and_leaves_the_result_alone),
    };

    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
