/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "helper/state.h"

/*
 * Ending hangs up on a renewal in flight: the exchange, which is not told that
 * its tokens are safe, revokes what that renewal brings.
 */
static const struct step steps[PHASE_COUNT][EVENT_COUNT] =
    {
        [PHASE_WAITING] =
            {
                [EVENT_TIMER] = {ACTION_RENEW, PHASE_RENEWING},
                [EVENT_KEEP] = {ACTION_KEEP, PHASE_WAITING},
                [EVENT_CLOCK] = {ACTION_CLOCK, PHASE_WAITING},
                [EVENT_RENEW] = {ACTION_DEMAND, PHASE_WAITING},
                [EVENT_RELOAD] = {ACTION_RELOAD, PHASE_WAITING},
                [EVENT_END] = {ACTION_END, PHASE_REVOKING},
                [EVENT_RESULT] = {ACTION_NONE, PHASE_WAITING},
                [EVENT_LOST] = {ACTION_NONE, PHASE_WAITING},
            },
        [PHASE_RENEWING] =
            {
                [EVENT_TIMER] = {ACTION_FAIL, PHASE_WAITING},
                [EVENT_KEEP] = {ACTION_NONE, PHASE_RENEWING},
                [EVENT_CLOCK] = {ACTION_CLOCK, PHASE_RENEWING},
                [EVENT_RENEW] = {ACTION_NONE, PHASE_RENEWING},
                [EVENT_RELOAD] = {ACTION_RELOAD, PHASE_RENEWING},
                [EVENT_END] = {ACTION_END, PHASE_REVOKING},
                [EVENT_RESULT] = {ACTION_STORE, PHASE_WAITING},
                [EVENT_LOST] = {ACTION_FAIL, PHASE_WAITING},
            },
        [PHASE_REVOKING] =
            {
                [EVENT_TIMER] = {ACTION_GIVE_UP, PHASE_DONE},
                [EVENT_KEEP] = {ACTION_NONE, PHASE_REVOKING},
                [EVENT_CLOCK] = {ACTION_NONE, PHASE_REVOKING},
                [EVENT_RENEW] = {ACTION_NONE, PHASE_REVOKING},
                [EVENT_RELOAD] = {ACTION_NONE, PHASE_REVOKING},
                [EVENT_END] = {ACTION_CLEAR, PHASE_REVOKING},
                [EVENT_RESULT] = {ACTION_FINISH, PHASE_DONE},
                [EVENT_LOST] = {ACTION_GIVE_UP, PHASE_DONE},
            },
        [PHASE_DONE] =
            {
                [EVENT_TIMER] = {ACTION_NONE, PHASE_DONE},
                [EVENT_KEEP] = {ACTION_NONE, PHASE_DONE},
                [EVENT_CLOCK] = {ACTION_NONE, PHASE_DONE},
                [EVENT_RENEW] = {ACTION_NONE, PHASE_DONE},
                [EVENT_RELOAD] = {ACTION_NONE, PHASE_DONE},
                [EVENT_END] = {ACTION_NONE, PHASE_DONE},
                [EVENT_RESULT] = {ACTION_NONE, PHASE_DONE},
                [EVENT_LOST] = {ACTION_NONE, PHASE_DONE},
            },
};

struct step
state_step(enum phase phase, enum event event)
{
    return steps[phase][event];
}
