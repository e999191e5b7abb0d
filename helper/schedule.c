/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "common/number.h"
#include "helper/schedule.h"

#define MARGIN_MAX       INT64_C(300)
#define MARGIN_MIN       INT64_C(30)
#define BACKOFF_FIRST    INT64_C(5)
#define BACKOFF_MAX      INT64_C(300)
#define RETRY_AFTER_MAX  INT64_C(3600)
#define LOST_ANSWER_WAIT INT64_C(1)
#define GRANT_LEFT_MIN   INT64_C(10)
#define LIFETIME_MAX     (INT64_C(3660) * 24 * 3600) /* ten years */

static const char *const names[SCHEDULE_REASON_COUNT] = {
    [SCHEDULE_BEFORE_EXPIRY] = "before_expiry",
    [SCHEDULE_AT_EXPIRY] = "at_expiry",
    [SCHEDULE_TOKEN_ENDS] = "token_ends",
    [SCHEDULE_GRANT_ENDS] = "grant_ends",
    [SCHEDULE_BACKOFF] = "backoff",
    [SCHEDULE_RETRY_AFTER] = "retry_after",
    [SCHEDULE_LOST_ANSWER] = "lost_answer",
    [SCHEDULE_MISCONFIGURED] = "misconfigured",
    [SCHEDULE_ON_DEMAND] = "on_demand",
    [SCHEDULE_CLOCK] = "clock",
    [SCHEDULE_NEVER] = "",
};

const char *
schedule_reason_name(enum schedule_reason reason)
{
    return names[reason];
}

static int64_t
min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t
max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* So that no sum overflows. */
static int64_t
in_range(int64_t number, int64_t limit)
{
    return min(max(number, 0), limit);
}

/* From 0 to limit, both included. */
static int64_t
dice(uint32_t random, int64_t limit)
{
    return limit > 0 ? (int64_t) random % (limit + 1) : 0;
}

static int64_t
margin_of(const struct margin *before_expiry, int64_t lifetime)
{
    int64_t margin = 0;

    switch (before_expiry->unit) {
    case MARGIN_AUTO:
        margin = max(min(lifetime / 10, MARGIN_MAX),
                     min(MARGIN_MIN, (lifetime + 2) / 3));
        break;
    case MARGIN_SECONDS:
        margin = before_expiry->value;
        break;
    case MARGIN_PERCENT:
        margin = lifetime / 100 * before_expiry->value
                 + lifetime % 100 * before_expiry->value / 100;
        break;
    }
    return min(margin, lifetime - lifetime / 10);
}

/* A margin before the end of something, a little earlier by chance. */
static int64_t
before(int64_t end, int64_t lifetime, int64_t margin, uint32_t random)
{
    return end - margin
           - dice(random, min(margin / 2, (lifetime - margin) / 2));
}

static struct plan
after_success(const struct schedule *in)
{
    int64_t lifetime = in_range(in->lifetime, LIFETIME_MAX);
    int64_t margin = margin_of(&in->before_expiry, lifetime);
    struct plan plan = {
        .at = before(in->expires_at, lifetime, margin, in->random),
        .reason = margin > 0 ? SCHEDULE_BEFORE_EXPIRY : SCHEDULE_AT_EXPIRY,
    };
    const struct margin automatic = {.unit = MARGIN_AUTO};
    int64_t left = in->refresh_expires_at - in->now, end;

    if (in->last)
        return (struct plan){in->expires_at, SCHEDULE_TOKEN_ENDS};
    /* With less, what it gave last is as good as what it could still give. */
    if (left < GRANT_LEFT_MIN)
        return plan;
    end = before(in->refresh_expires_at, left, margin_of(&automatic, left),
                 in->random);
    if (end < plan.at)
        plan = (struct plan){.at = end, .reason = SCHEDULE_GRANT_ENDS};
    return plan;
}

static int64_t
backoff(int64_t failures)
{
    int64_t limit = BACKOFF_FIRST;

    while (--failures > 0 && limit < BACKOFF_MAX)
        limit *= 2;
    return min(limit, BACKOFF_MAX);
}

static struct plan
after_failure(const struct schedule *in)
{
    int64_t asked = in_range(in->retry_after, RETRY_AFTER_MAX);
    struct plan plan;

    if (in->outcome == OUTCOME_AMBIGUOUS && !in->replay)
        plan = (struct plan){in->now + LOST_ANSWER_WAIT, SCHEDULE_LOST_ANSWER};
    else if (in->outcome == OUTCOME_MISCONFIGURED)
        plan =
            (struct plan){in->now + BACKOFF_MAX + dice(in->random, BACKOFF_MAX),
                          SCHEDULE_MISCONFIGURED};
    else
        plan = (struct plan){
            in->now + dice(in->random, backoff(max(in->failures, 1))),
            SCHEDULE_BACKOFF};
    /* Nobody who asks for a renewal overrides that, however short it is. */
    if (asked > 0)
        plan =
            (struct plan){max(plan.at, in->now + asked), SCHEDULE_RETRY_AFTER};
    return plan;
}

struct plan
schedule_next(const struct schedule *in)
{
    struct schedule sane = *in;
    struct plan plan;

    sane.now = in_range(in->now, UNIX_TIME_MAX);
    sane.expires_at = in_range(in->expires_at, UNIX_TIME_MAX);
    sane.refresh_expires_at = in_range(in->refresh_expires_at, UNIX_TIME_MAX);
    if (in->outcome == OUTCOME_DEAD)
        return (struct plan){0, SCHEDULE_NEVER};
    plan =
        in->outcome == OUTCOME_OK ? after_success(&sane) : after_failure(&sane);
    plan.at = max(plan.at, sane.now + 1);
    return plan;
}

struct plan
schedule_demand(const struct plan *planned, int64_t now, int64_t asked_at,
                enum schedule_reason reason)
{
    int64_t at = now;

    if (planned->reason == SCHEDULE_RETRY_AFTER
        || planned->reason == SCHEDULE_LOST_ANSWER
        || planned->reason == SCHEDULE_TOKEN_ENDS
        || planned->reason == SCHEDULE_NEVER)
        return *planned;
    /* A time to come is not when it was asked: somebody has set the clock. */
    if (asked_at <= now && now - asked_at < SCHEDULE_DEMAND_SECONDS)
        at = asked_at + SCHEDULE_DEMAND_SECONDS;
    return at < planned->at ? (struct plan){at, reason} : *planned;
}

int64_t
schedule_keep(int64_t now, int64_t expires_at)
{
    int64_t past = max(now - expires_at, 0);

    return expires_at
           + (past / SCHEDULE_KEEP_SECONDS + 1) * SCHEDULE_KEEP_SECONDS;
}
