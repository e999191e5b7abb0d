/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>

#include "common/number.h"
#include "helper/cli/moment.h"
#include "tests/lib/test.h"

static char text[MOMENT_SIZE];

static void
a_duration_has_two_units_at_most(void **state UNUSED)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "0 s"},
        {1, "1 s"},
        {59, "59 s"},
        {60, "1 min"},
        {61, "1 min 1 s"},
        {3600, "1 h"},
        {3659, "1 h"},
        {3660, "1 h 1 min"},
        {86399, "23 h 59 min"},
        {86400, "1 d"},
        {93600, "1 d 2 h"},
        {2592000, "30 d"},
        {-5, "0 s"},
        {INT64_MAX, "106751991167300 d 15 h"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(moment_duration(cases[i].seconds, text),
                            cases[i].text);
}

static void
a_time_is_to_come_or_past(void **state UNUSED)
{
    assert_string_equal(moment_from(1100, 1000, text), "in 1 min 40 s");
    assert_string_equal(moment_from(900, 1000, text), "1 min 40 s ago");
    assert_string_equal(moment_from(1000, 1000, text), "now");
}

static void
shows_the_users_time(void **state UNUSED)
{
    assert_int_equal(setenv("TZ", "CET-1", 1), 0);
    assert_string_equal(moment_local(1795308377, text),
                        "2026-11-22 01:46:17 CET");
}

static void
writes_utc_for_programs(void **state UNUSED)
{
    assert_int_equal(setenv("TZ", "CET-1", 1), 0);
    assert_string_equal(moment_rfc3339(1795308377, text),
                        "2026-11-22T00:46:17Z");
    assert_string_equal(moment_rfc3339(UNIX_TIME_MAX, text),
                        "9999-12-31T23:59:59Z");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duration_has_two_units_at_most),
        cmocka_unit_test(a_time_is_to_come_or_past),
        cmocka_unit_test(shows_the_users_time),
        cmocka_unit_test(writes_utc_for_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
