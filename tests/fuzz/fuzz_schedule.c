/* SPDX-License-Identifier: MIT */
/* When to renew: always later than now, never later than is sensible. */
#include <config.h>

#include "common/number.h"
#include "helper/schedule.h"
#include "helper/state.h"
#include "tests/fuzz/fuzz.h"

static struct schedule
make(struct input *input)
{
    struct schedule in = {
        .now = (int64_t) (input_number(input) % (UNIX_TIME_MAX + 1)),
        .expires_at = (int64_t) (input_number(input) % (UNIX_TIME_MAX + 1)),
        .lifetime = (int64_t) input_number(input), /* clocks jump */
        .outcome = (enum outcome)(input_byte(input) % OUTCOME_COUNT),
        .failures = (int64_t) (input_number(input) % INT32_MAX),
        .retry_after = (int64_t) (input_number(input) >> 1),
        .random = (uint32_t) input_number(input),
        .refresh_expires_at = (int64_t) input_number(input),
        .replay = input_byte(input) % 2 == 1,
        .in_step = input_byte(input) % 2 == 1,
        .failing_for = (int64_t) input_number(input),
    };
    char *text = input_text(input, NULL);

    if (margin_parse(text, &in.before_expiry) < 0)
        in.before_expiry = (struct margin){.unit = MARGIN_AUTO};
    free(text);
    return in;
}

/* The table of the helper has an answer for everything, and it ends. */
static void
check_state(struct input *input)
{
    enum phase phase = PHASE_WAITING;
    struct step step;

    while (input->len > 0) {
        step = state_step(phase, (enum event)(input_byte(input) % EVENT_COUNT));
        HOLDS(step.action <= ACTION_GIVE_UP && step.next < PHASE_COUNT);
        /* Over is over: from the end of a session no way leads back. */
        HOLDS(phase < PHASE_REVOKING || step.next >= PHASE_REVOKING);
        phase = step.next;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct schedule in = make(&input);
    int64_t when = schedule_next(&in).at;

    HOLDS(when >= in.now + 1 || (in.outcome == OUTCOME_DEAD && when == 0));
    if (in.outcome == OUTCOME_OK) {
        HOLDS(when <= in.expires_at || when == in.now + 1);
    } else if (in.outcome != OUTCOME_DEAD) {
        HOLDS(when <= in.now + 3600 + 600);
        HOLDS(when >= in.now + (in.retry_after < 3600 ? in.retry_after : 3600));
    }
    check_state(&input);
    return 0;
}
