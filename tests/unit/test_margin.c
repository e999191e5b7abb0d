/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "common/margin.h"
#include "tests/lib/test.h"

static void
reads_auto_seconds_and_percentages(void **state UNUSED)
{
    static const struct {
        const char *text;
        int unit;
        int64_t value;
    } cases[] = {
        {"auto", MARGIN_AUTO, 0},    {"0", MARGIN_SECONDS, 0},
        {"60", MARGIN_SECONDS, 60},  {"31536000", MARGIN_SECONDS, 31536000},
        {"0%", MARGIN_PERCENT, 0},   {"10%", MARGIN_PERCENT, 10},
        {"90%", MARGIN_PERCENT, 90},
    };
    struct margin margin;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        margin = (struct margin){.unit = MARGIN_AUTO, .value = -1};
        assert_int_equal(margin_parse(cases[i].text, &margin), 0);
        assert_int_equal(margin.unit, cases[i].unit);
        assert_int_equal(margin.value, cases[i].value);
    }
}

static void
refuses_everything_else_and_leaves_the_result_alone(void **state UNUSED)
{
    static const char *const texts[] = {
        "",          "%",
        "Auto",      "auto ",
        "automatic", "-1",
        "1 ",        " 1",
        "10 %",      "10%%",
        "%10",       "91%",
        "100%",      "999%",
        "1000%",     "-1%",
        "1.5%",      "31622401",
        "10s",       "1e3",
        "10%x",      "99999999999999999999",
    };
    struct margin margin = {.unit = MARGIN_PERCENT, .value = 42};
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++) {
        assert_int_equal(margin_parse(texts[i], &margin), -EINVAL);
        assert_int_equal(margin.unit, MARGIN_PERCENT);
        assert_int_equal(margin.value, 42);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_auto_seconds_and_percentages),
        cmocka_unit_test(refuses_everything_else_and_leaves_the_result_alone),
    };

    return cmocka_run_group_tests_name("margin", tests, NULL, NULL);
}
