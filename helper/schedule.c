/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "common/number.h"
#include "helper/schedule.h"

#define MARGIN_MAX       INT64_C(300)
#define MARGIN_MIN       INT64_C(30)
#define JITTER_MARGINS   3 /* at most so many of them earlier */
#define JITTER_PART      4 /* and a quarter of the time up to the margin */
#define BACKOFF_FIRST    INT64_C(5)
#define BACKOFF_MAX      INT64_C(600)
#define LATE_MAX         INT64_C(15) /* how late the last try is */
#define PATIENCE         INT64_C(600)
#define PATIENCE_MAX     INT64_C(900)
#define ADMIN_WAIT       INT64_C(300)
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

/*
 * From 0 to limit, both included.  Not the remainder: of two limits the larger
 * one gives no less for the same random number.
 */
static int64_t
dice(uint32_t random, int64_t limit)
{
    return limit > 0 ? (int64_t) (random * ((uint64_t) limit + 1) >> 32) : 0;
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

/* A margin before the end of something, earlier by chance. */
static int64_t
before(int64_t end, int64_t lifetime, int64_t margin, const struct schedule *in)
{
    int64_t part = (lifetime - margin) / JITTER_PART;
    int64_t earlier = in->in_step ? part * (JITTER_PART - 1)
                                  : min(margin * JITTER_MARGINS, part);

    return margin > 0 ? end - margin - dice(in->random, earlier) : end;
}

static struct plan
after_success(const struct schedule *in)
{
    int64_t lifetime = in_range(in->lifetime, LIFETIME_MAX);
    int64_t margin = margin_of(&in->before_expiry, lifetime);
    struct plan plan = {
        .at = before(in->expires_at, lifetime, margin, in),
        .reason = margin > 0 ? SCHEDULE_BEFORE_EXPIRY : SCHEDULE_AT_EXPIRY,
    };
    const struct margin automatic = {.unit = MARGIN_AUTO};
    int64_t left = in->refresh_expires_at - in->now, end;

    if (in->last)
        return (struct plan){.at = in->expires_at,
                             .reason = SCHEDULE_TOKEN_ENDS};
    /* With less, what it gave last is as good as what it could still give. */
    if (left < GRANT_LEFT_MIN)
        return plan;
    end = before(in->refresh_expires_at, left, margin_of(&automatic, left), in);
    if (end < plan.at)
        plan = (struct plan){.at = end, .reason = SCHEDULE_GRANT_ENDS};
    return plan;
}

static int64_t
backoff(int64_t failures)
{
    int64_t limit = BACKOFF_FIRST;

    for (; failures > 1 && limit < BACKOFF_MAX; failures--)
        limit *= 2;
    return min(limit, BACKOFF_MAX);
}

/* By chance between two instants, both included. */
struct span {
    int64_t from, to;
};

/* The last chance before an end, with some seconds for the request itself. */
static struct span
late(int64_t now, int64_t end)
{
    int64_t seconds = min(LATE_MAX, (end - now) / 2);

    return (struct span){end - seconds, end - (seconds + 3) / 4};
}

/* Whether there is a last chance that has not been taken yet. */
static bool
has_chance(const struct schedule *in, int64_t end)
{
    return end - in->now > min(LATE_MAX, max(in->failing_for, 0));
}

/*
 * Nobody needs another token yet: once soon, unless the provider wants more
 * time than that, and then no more than needed.
 */
static struct span
while_it_lives(const struct schedule *in, int64_t asked)
{
    struct span chance = late(in->now, in->expires_at);
    int64_t from = in->now + asked;

    if (in->failures <= (in->outcome == OUTCOME_AMBIGUOUS ? 2 : 1)
        && asked <= BACKOFF_FIRST)
        return (struct span){
            from, min(from + backoff(in->failures), max(from, chance.to))};
    if (chance.from > in->now + PATIENCE_MAX)
        return (struct span){in->now + PATIENCE, in->now + PATIENCE_MAX};
    return chance;
}

static struct span
retry(const struct schedule *in, int64_t asked)
{
    int64_t limit = max(backoff(in->failures), in->failing_for / 2);
    struct span span = {in->now, in->now + min(limit, BACKOFF_MAX)}, chance;

    if (has_chance(in, in->expires_at))
        span = while_it_lives(in, asked);
    if (!has_chance(in, in->refresh_expires_at))
        return span;
    chance = late(in->now, in->refresh_expires_at);
    return span.to <= chance.to ? span : chance;
}

/*
 * Everybody may have been told the same instant.  The more time it asks for,
 * the later: so it is never a shorter span than without that.
 */
static struct span
not_within(struct span span, int64_t now, int64_t asked)
{
    int64_t length = max(span.to - span.from, min(asked, BACKOFF_MAX));

    if (span.from >= now + asked)
        return span;
    return (struct span){now + asked, now + asked + length};
}

static struct plan
after_failure(const struct schedule *in)
{
    int64_t asked = in_range(in->retry_after, RETRY_AFTER_MAX);
    struct span span;
    struct plan plan = {0};

    if (in->outcome == OUTCOME_AMBIGUOUS && !in->replay) {
        span.from = span.to = in->now + LOST_ANSWER_WAIT;
        plan.reason = SCHEDULE_LOST_ANSWER;
    } else if (in->outcome == OUTCOME_MISCONFIGURED) {
        span.from = in->now + ADMIN_WAIT;
        span.to = span.from + ADMIN_WAIT;
        plan.reason = SCHEDULE_MISCONFIGURED;
    } else {
        span = retry(in, asked);
        plan.reason = SCHEDULE_BACKOFF;
    }
    /* Nobody who asks for a renewal overrides that, however short it is. */
    if (asked > 0) {
        span = not_within(span, in->now, asked);
        plan.reason = SCHEDULE_RETRY_AFTER;
        plan.not_before = in->now + asked;
    }
    plan.at = span.from + dice(in->random, span.to - span.from);
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
        return (struct plan){.reason = SCHEDULE_NEVER};
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

    if (planned->reason == SCHEDULE_LOST_ANSWER
        || planned->reason == SCHEDULE_TOKEN_ENDS
        || planned->reason == SCHEDULE_NEVER)
        return *planned;
    /* A time to come is not when it was asked: somebody has set the clock. */
    if (asked_at <= now && now - asked_at < SCHEDULE_DEMAND_SECONDS)
        at = asked_at + SCHEDULE_DEMAND_SECONDS;
    if (planned->not_before > at) {
        at = planned->not_before;
        reason = SCHEDULE_RETRY_AFTER;
    }
    return at < planned->at ? (struct plan){at, reason, planned->not_before}
                            : *planned;
}

int64_t
schedule_keep(int64_t now, int64_t expires_at)
{
    int64_t past = max(now - expires_at, 0);

    return expires_at
           + (past / SCHEDULE_KEEP_SECONDS + 1) * SCHEDULE_KEEP_SECONDS;
}
