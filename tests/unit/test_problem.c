/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "helper/exchange/problem.h"
#include "tests/lib/test.h"

static void
a_reason_is_set_and_the_error_is_returned(void **state UNUSED)
{
    struct problem problem = {0};

    assert_int_equal(problem_set(&problem, OUTCOME_DEAD, "%s is %d", "this", 7),
                     -EPROTO);
    assert_int_equal(problem.outcome, OUTCOME_DEAD);
    assert_string_equal(problem.reason, "this is 7");
    assert_string_equal(problem.notice, "");
}

static void
a_reason_and_a_notice_are_one_line_of_printable_ascii(void **state UNUSED)
{
    struct problem problem = {0};

    (void) problem_set(&problem, OUTCOME_DENIED, "%s", "a\nb\033[31m\xc3\xa4");
    problem_notice(&problem, "%s", "c\r\x7f\xe2\x80\xae");
    assert_string_equal(problem.reason, "a?b?[31m??");
    assert_string_equal(problem.notice, "c?????");
}

static void
what_is_too_long_is_cut_and_says_so(void **state UNUSED)
{
    struct problem problem = {0};
    char text[5000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    (void) problem_set(&problem, OUTCOME_DENIED, "%s", text);
    problem_notice(&problem, "%s", text);
    assert_int_equal(strlen(problem.reason), sizeof(problem.reason) - 1);
    assert_int_equal(strlen(problem.notice), sizeof(problem.notice) - 1);
    assert_string_equal(problem.reason + strlen(problem.reason) - 4, "x...");
    assert_string_equal(problem.notice + strlen(problem.notice) - 4, "x...");
}

static void
a_second_reason_replaces_the_first_and_keeps_the_notice(void **state UNUSED)
{
    struct problem problem = {.retry_after = 5};

    (void) problem_set(&problem, OUTCOME_DENIED, "first and longer");
    problem_notice(&problem, "told");
    (void) problem_set(&problem, OUTCOME_TRANSIENT, "second");
    assert_int_equal(problem.outcome, OUTCOME_TRANSIENT);
    assert_string_equal(problem.reason, "second");
    assert_string_equal(problem.notice, "told");
    assert_int_equal(problem.retry_after, 5);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_is_set_and_the_error_is_returned),
        cmocka_unit_test(a_reason_and_a_notice_are_one_line_of_printable_ascii),
        cmocka_unit_test(what_is_too_long_is_cut_and_says_so),
        cmocka_unit_test(
            a_second_reason_replaces_the_first_and_keeps_the_notice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
