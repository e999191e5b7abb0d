/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "helper/state.h"
#include "tests/lib/test.h"

static void
every_cell_is_as_the_manual_says(void **state UNUSED)
{
    static const struct {
        enum phase phase;
        enum event event;
        enum action action;
        enum phase next;
    } cells[] = {
        {PHASE_WAITING, EVENT_TIMER, ACTION_RENEW, PHASE_RENEWING},
        {PHASE_WAITING, EVENT_KEEP, ACTION_KEEP, PHASE_WAITING},
        {PHASE_WAITING, EVENT_CLOCK, ACTION_CLOCK, PHASE_WAITING},
        {PHASE_WAITING, EVENT_RENEW, ACTION_DEMAND, PHASE_WAITING},
        {PHASE_WAITING, EVENT_RELOAD, ACTION_RELOAD, PHASE_WAITING},
        {PHASE_WAITING, EVENT_END, ACTION_END, PHASE_REVOKING},
        {PHASE_WAITING, EVENT_RESULT, ACTION_NONE, PHASE_WAITING},
        {PHASE_WAITING, EVENT_LOST, ACTION_NONE, PHASE_WAITING},

        {PHASE_RENEWING, EVENT_TIMER, ACTION_FAIL, PHASE_WAITING},
        {PHASE_RENEWING, EVENT_KEEP, ACTION_NONE, PHASE_RENEWING},
        {PHASE_RENEWING, EVENT_CLOCK, ACTION_CLOCK, PHASE_RENEWING},
        {PHASE_RENEWING, EVENT_RENEW, ACTION_NONE, PHASE_RENEWING},
        {PHASE_RENEWING, EVENT_RELOAD, ACTION_RELOAD, PHASE_RENEWING},
        {PHASE_RENEWING, EVENT_END, ACTION_END, PHASE_REVOKING},
        {PHASE_RENEWING, EVENT_RESULT, ACTION_STORE, PHASE_WAITING},
        {PHASE_RENEWING, EVENT_LOST, ACTION_FAIL, PHASE_WAITING},

        {PHASE_REVOKING, EVENT_TIMER, ACTION_GIVE_UP, PHASE_DONE},
        {PHASE_REVOKING, EVENT_KEEP, ACTION_NONE, PHASE_REVOKING},
        {PHASE_REVOKING, EVENT_CLOCK, ACTION_NONE, PHASE_REVOKING},
        {PHASE_REVOKING, EVENT_RENEW, ACTION_NONE, PHASE_REVOKING},
        {PHASE_REVOKING, EVENT_RELOAD, ACTION_NONE, PHASE_REVOKING},
        {PHASE_REVOKING, EVENT_END, ACTION_CLEAR, PHASE_REVOKING},
        {PHASE_REVOKING, EVENT_RESULT, ACTION_FINISH, PHASE_DONE},
        {PHASE_REVOKING, EVENT_LOST, ACTION_GIVE_UP, PHASE_DONE},

        {PHASE_DONE, EVENT_TIMER, ACTION_NONE, PHASE_DONE},
        {PHASE_DONE, EVENT_KEEP, ACTION_NONE, PHASE_DONE},
        {PHASE_DONE, EVENT_CLOCK, ACTION_NONE, PHASE_DONE},
        {PHASE_DONE, EVENT_RENEW, ACTION_NONE, PHASE_DONE},
        {PHASE_DONE, EVENT_RELOAD, ACTION_NONE, PHASE_DONE},
        {PHASE_DONE, EVENT_END, ACTION_NONE, PHASE_DONE},
        {PHASE_DONE, EVENT_RESULT, ACTION_NONE, PHASE_DONE},
        {PHASE_DONE, EVENT_LOST, ACTION_NONE, PHASE_DONE},
    };
    struct step step;
    size_t i;

    assert_int_equal(ARRAY_LEN(cells), PHASE_COUNT * EVENT_COUNT);
    for (i = 0; i < ARRAY_LEN(cells); i++) {
        step = state_step(cells[i].phase, cells[i].event);
        assert_int_equal(step.action, cells[i].action);
        assert_int_equal(step.next, cells[i].next);
    }
}

static void
only_one_exchange_works_at_a_time(void **state UNUSED)
{
    enum action action;
    int phase, event;

    for (phase = 0; phase < PHASE_COUNT; phase++) {
        for (event = 0; event < EVENT_COUNT; event++) {
            action = state_step((enum phase) phase, (enum event) event).action;
            if (action == ACTION_RENEW || action == ACTION_DEMAND)
                assert_int_equal(phase, PHASE_WAITING);
        }
    }
}

/* Whatever comes: once the session is over, nothing is renewed or stored. */
static void
nothing_is_put_back_after_the_end(void **state UNUSED)
{
    struct step step;
    int phase, event;

    for (phase = PHASE_REVOKING; phase < PHASE_COUNT; phase++) {
        for (event = 0; event < EVENT_COUNT; event++) {
            step = state_step((enum phase) phase, (enum event) event);
            assert_true(step.next >= (enum phase) phase);
            assert_int_not_equal(step.action, ACTION_RENEW);
            assert_int_not_equal(step.action, ACTION_DEMAND);
            assert_int_not_equal(step.action, ACTION_KEEP);
            assert_int_not_equal(step.action, ACTION_CLOCK);
            assert_int_not_equal(step.action, ACTION_STORE);
            assert_int_not_equal(step.action, ACTION_END);
        }
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_as_the_manual_says),
        cmocka_unit_test(only_one_exchange_works_at_a_time),
        cmocka_unit_test(nothing_is_put_back_after_the_end),
    };

    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
