/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "common/outcome.h"
#include "tests/lib/test.h"

static const char *const names[] = {
    [OUTCOME_OK] = "ok",
    [OUTCOME_TRANSIENT] = "transient",
    [OUTCOME_AMBIGUOUS] = "ambiguous",
    [OUTCOME_DEAD] = "dead",
    [OUTCOME_MISCONFIGURED] = "misconfigured",
    [OUTCOME_DENIED] = "denied",
    [OUTCOME_WRONG_PASSWORD] = "wrong_password",
    [OUTCOME_EXPIRED] = "expired",
};

static void
has_a_word_for_each(void **state UNUSED)
{
    size_t i;

    assert_int_equal(ARRAY_LEN(names), OUTCOME_COUNT);
    for (i = 0; i < ARRAY_LEN(names); i++)
        assert_string_equal(outcome_name((enum outcome) i), names[i]);
}

static void
reads_each_word_back(void **state UNUSED)
{
    enum outcome outcome;
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++) {
        outcome = i == 0 ? OUTCOME_DEAD : OUTCOME_OK;
        assert_int_equal(outcome_parse(names[i], &outcome), 0);
        assert_int_equal(outcome, i);
    }
}

static void
refuses_an_unknown_word_and_leaves_the_result_alone(void **state UNUSED)
{
    static const char *const texts[] = {"",    "OK",  "o",     "okay",
                                        "ok ", " ok", "death", "ok\n"};
    enum outcome outcome = OUTCOME_DENIED;
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++) {
        assert_int_equal(outcome_parse(texts[i], &outcome), -EINVAL);
        assert_int_equal(outcome, OUTCOME_DENIED);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_a_word_for_each),
        cmocka_unit_test(reads_each_word_back),
        cmocka_unit_test(refuses_an_unknown_word_and_leaves_the_result_alone),
    };

    return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
