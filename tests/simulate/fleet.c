/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "helper/schedule.h"
#include "tests/simulate/fleet.h"

#define EPOCH        INT64_C(1700000000) /* of second 0, for the schedule */
#define WHEEL        (1U << 17)          /* longer than any plan is away */
#define NONE         UINT32_MAX
#define NEVER        INT32_MAX
#define WARM_UP      4 /* lifetimes before the day begins */
#define MINUTE       60
#define BOOT_SECONDS 120 /* until the first can log in again */
#define BOOT_MEAN    600 /* then they come, most of them first */

enum event { EVENT_LOGIN, EVENT_RENEW, EVENT_LOGOUT };

/* Times count from the beginning of the day; before it they are negative. */
struct session {
    uint32_t next; /* in its second of the wheel */
    int32_t expires_at, renewed_at, failing_since, told_until, ends_at;
    uint16_t failures;
    uint8_t event;
};

struct run {
    const struct fleet *fleet;
    struct fleet_day *day;
    struct session *sessions;
    uint32_t *wheel;
    uint64_t random;
    int64_t now;
    uint32_t served; /* in this second */
};

/* ---- Chance ---- */

/* splitmix64: the same numbers everywhere. */
static uint64_t
random_next(struct run *run)
{
    uint64_t z = run->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int64_t
random_below(struct run *run, int64_t limit)
{
    return (int64_t) (random_next(run) % (uint64_t) limit);
}

static int64_t
random_exponential(struct run *run, int64_t mean)
{
    double uniform = ((double) (random_next(run) >> 11) + 1) / 0x1p53;

    return (int64_t) (-log(uniform) * (double) mean);
}

/* ---- The wheel ---- */

static void
plan(struct run *run, uint32_t number, int64_t at, enum event event)
{
    uint32_t *slot = &run->wheel[(uint64_t) at % WHEEL];

    run->sessions[number].event = (uint8_t) event;
    run->sessions[number].next = *slot;
    *slot = number;
}

static void
wheel_clear(struct run *run)
{
    uint32_t i;

    for (i = 0; i < WHEEL; i++)
        run->wheel[i] = NONE;
}

/* ---- What is counted ---- */

static bool
in_day(const struct run *run, int64_t second)
{
    return second >= 0 && second < run->fleet->seconds;
}

static void
count(struct run *run, uint32_t *counts, uint32_t requests)
{
    if (in_day(run, run->now))
        counts[run->now] += requests;
}

/* A token is gone for so long; the differences are summed up at the end. */
static void
count_expired(struct run *run, const struct session *session, int64_t until)
{
    const struct fleet *fleet = run->fleet;
    int64_t end = session->expires_at;

    if (until <= end || !in_day(run, end))
        return;
    run->day->expired[end]++;
    if (in_day(run, until))
        run->day->expired[until]--;
    if ((end >= fleet->down_from && end <= fleet->down_to)
        || end <= session->told_until) {
        run->day->impossible++;
        return;
    }
    run->day->lost++;
    if (end - fleet->down_to > run->day->latest)
        run->day->latest = end - fleet->down_to;
}

/* ---- The provider ---- */

static bool
is_down(const struct run *run)
{
    return run->now >= run->fleet->down_from && run->now < run->fleet->down_to;
}

static bool
answers(struct run *run)
{
    const struct fleet *fleet = run->fleet;

    if (is_down(run))
        return false;
    run->served++;
    return fleet->capacity == 0 || run->served <= fleet->capacity;
}

static int64_t
retry_after(const struct run *run)
{
    switch (run->fleet->fault) {
    case FLEET_RETRY_AFTER:
        return run->fleet->retry_after;
    case FLEET_RETRY_AT_END:
        return is_down(run) ? run->fleet->down_to - run->now : 0;
    case FLEET_NO_CONNECTION:
    case FLEET_BUSY:
        break;
    }
    return 0;
}

/* ---- A session: what helper/loop.c does ---- */

static int64_t
lifetime_of(const struct fleet *fleet, uint32_t number)
{
    return fleet->short_lifetime != 0 && number % 2 == 1 ? fleet->short_lifetime
                                                         : fleet->lifetime;
}

static void
schedule(struct run *run, uint32_t number, enum outcome outcome, bool in_step)
{
    struct session *session = &run->sessions[number];
    const struct schedule in = {
        .now = EPOCH + run->now,
        .expires_at = EPOCH + session->expires_at,
        .lifetime = session->expires_at - session->renewed_at,
        .before_expiry = run->fleet->before_expiry,
        .in_step = in_step,
        .outcome = outcome,
        .failures = session->failures,
        .failing_for =
            session->failures > 0 ? run->now - session->failing_since : 0,
        .retry_after = outcome == OUTCOME_OK ? 0 : retry_after(run),
        .random = (uint32_t) (random_next(run) >> 32),
    };
    int64_t at = schedule_next(&in).at - EPOCH;

    if (in.retry_after > 0)
        session->told_until = (int32_t) (run->now + in.retry_after);
    if (at > session->ends_at)
        plan(run, number, session->ends_at, EVENT_LOGOUT);
    else
        plan(run, number, at, EVENT_RENEW);
}

static void
obtained(struct run *run, uint32_t number, bool in_step)
{
    struct session *session = &run->sessions[number];

    session->renewed_at = (int32_t) run->now;
    session->expires_at =
        (int32_t) (run->now + lifetime_of(run->fleet, number));
    session->failures = 0;
    schedule(run, number, OUTCOME_OK, in_step);
}

static void
renew(struct run *run, uint32_t number)
{
    struct session *session = &run->sessions[number];

    count(run, run->day->renewals, 1);
    if (answers(run)) {
        count_expired(run, session, run->now);
        obtained(run, number, session->failures > 0);
        return;
    }
    if (session->failures == 0)
        session->failing_since = (int32_t) run->now;
    if (session->failures < UINT16_MAX)
        session->failures++;
    schedule(run, number, OUTCOME_TRANSIENT, false);
}

static void
login(struct run *run, uint32_t number)
{
    struct session *session = &run->sessions[number];

    count(run, run->day->others, 1);
    session->ends_at = NEVER;
    if (run->fleet->session_length != 0)
        session->ends_at =
            (int32_t) (run->now + 1
                       + random_exponential(run, run->fleet->session_length));
    obtained(run, number, true);
}

/* Two tokens are revoked; then another user comes. */
static void
logout(struct run *run, uint32_t number)
{
    const struct fleet *fleet = run->fleet;

    count(run, run->day->others, 2);
    if (fleet->reboot_at == 0 || run->now < fleet->reboot_at)
        login(run, number);
    else
        plan(run, number,
             fleet->reboot_at + BOOT_SECONDS
                 + random_exponential(run, BOOT_MEAN),
             EVENT_LOGIN);
}

/* ---- Time ---- */

/* Whatever they had planned, all of them end within a minute. */
static void
reboot(struct run *run)
{
    uint32_t i;

    wheel_clear(run);
    for (i = 0; i < run->fleet->sessions; i++)
        plan(run, i, run->now + random_below(run, MINUTE), EVENT_LOGOUT);
}

static void
act(struct run *run, uint32_t number)
{
    switch ((enum event) run->sessions[number].event) {
    case EVENT_LOGIN:
        login(run, number);
        break;
    case EVENT_RENEW:
        renew(run, number);
        break;
    case EVENT_LOGOUT:
        logout(run, number);
        break;
    }
}

static void
second(struct run *run)
{
    uint32_t *slot = &run->wheel[(uint64_t) run->now % WHEEL], number, next;

    if (run->fleet->reboot_at != 0 && run->now == run->fleet->reboot_at)
        reboot(run);
    run->served = 0;
    number = *slot;
    *slot = NONE;
    for (; number != NONE; number = next) {
        next = run->sessions[number].next;
        if (next != NONE)
            __builtin_prefetch(&run->sessions[next]);
        act(run, number);
    }
}

/* Their logins: in the first minute, or spread long before the day. */
static void
begin(struct run *run)
{
    int64_t span = run->fleet->one_minute ? MINUTE : run->fleet->lifetime;
    uint32_t i;

    run->now = run->fleet->one_minute ? 0 : -WARM_UP * run->fleet->lifetime;
    wheel_clear(run);
    for (i = 0; i < run->fleet->sessions; i++)
        plan(run, i, run->now + random_below(run, span), EVENT_LOGIN);
}

static void
finish(struct run *run)
{
    uint32_t *expired = run->day->expired;
    int64_t i;

    for (i = 0; i < (int64_t) run->fleet->sessions; i++)
        if (run->sessions[i].failures > 0)
            count_expired(run, &run->sessions[i], run->fleet->seconds);
    for (i = 1; i < run->fleet->seconds; i++)
        expired[i] += expired[i - 1];
}

int
fleet_run(const struct fleet *fleet, struct fleet_day *out)
{
    size_t seconds = (size_t) fleet->seconds;
    struct run run = {.fleet = fleet, .day = out, .random = fleet->seed};
    int r = -ENOMEM;

    *out = (struct fleet_day){
        .renewals = calloc(seconds, sizeof(*out->renewals)),
        .others = calloc(seconds, sizeof(*out->others)),
        .expired = calloc(seconds, sizeof(*out->expired)),
    };
    run.sessions = calloc(fleet->sessions, sizeof(*run.sessions));
    run.wheel = calloc(WHEEL, sizeof(*run.wheel));
    if (out->renewals == NULL || out->others == NULL || out->expired == NULL
        || run.sessions == NULL || run.wheel == NULL)
        goto out;
    for (begin(&run); run.now < fleet->seconds; run.now++)
        second(&run);
    finish(&run);
    r = 0;

out:
    free(run.sessions);
    free(run.wheel);
    return r;
}

void
fleet_free(struct fleet_day *day)
{
    free(day->renewals);
    free(day->others);
    free(day->expired);
    *day = (struct fleet_day){0};
}

/* ---- What such a curve says ---- */

static uint64_t
sum(const uint32_t *counts, int64_t from, int64_t to)
{
    uint64_t total = 0;

    for (; from < to; from++)
        total += counts[from];
    return total;
}

double
fleet_mean(const uint32_t *counts, int64_t from, int64_t to)
{
    return to > from ? (double) sum(counts, from, to) / (double) (to - from)
                     : 0;
}

double
fleet_peak(const uint32_t *counts, int64_t from, int64_t to, int64_t width)
{
    double mean, peak = 0;

    for (; from + width <= to; from += width) {
        mean = fleet_mean(counts, from, from + width);
        if (mean > peak)
            peak = mean;
    }
    return peak;
}

int64_t
fleet_calm(const uint32_t *counts, int64_t from, int64_t to, int64_t width,
           double limit)
{
    int64_t calm = from;

    for (; from + width <= to; from += width)
        if (fleet_mean(counts, from, from + width) > limit)
            calm = from + width;
    return calm;
}
