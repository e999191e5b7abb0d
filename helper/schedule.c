/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "helper/schedule.h"

#define MARGIN_MAX       INT64_C(300)
#define MARGIN_MIN       INT64_C(30)
#define BACKOFF_FIRST    INT64_C(5)
#define BACKOFF_MAX      INT64_C(300)
#define RETRY_AFTER_MAX  INT64_C(3600)
#define LOST_ANSWER_WAIT INT64_C(1)
#define LIFETIME_MAX     (INT64_C(3660) * 24 * 3600) /* ten years */

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

static int64_t
after_success(const struct schedule *in)
{
    int64_t lifetime = min(max(in->lifetime, 0), LIFETIME_MAX);
    int64_t margin = margin_of(&in->before_expiry, lifetime);
    int64_t jitter = min(margin / 2, (lifetime - margin) / 2);

    return in->expires_at - margin - dice(in->random, jitter);
}

static int64_t
backoff(int64_t failures)
{
    int64_t limit = BACKOFF_FIRST;

    while (--failures > 0 && limit < BACKOFF_MAX)
        limit *= 2;
    return min(limit, BACKOFF_MAX);
}

static int64_t
after_failure(const struct schedule *in)
{
    int64_t delay;

    if (in->outcome == OUTCOME_AMBIGUOUS && in->failures <= 1)
        delay = LOST_ANSWER_WAIT;
    else if (in->outcome == OUTCOME_MISCONFIGURED)
        delay = BACKOFF_MAX + dice(in->random, BACKOFF_MAX);
    else
        delay = dice(in->random, backoff(in->failures));
    return in->now + max(delay, min(in->retry_after, RETRY_AFTER_MAX));
}

int64_t
schedule_next(const struct schedule *in)
{
    int64_t when =
        in->outcome == OUTCOME_OK ? after_success(in) : after_failure(in);

    return max(when, in->now + 1);
}
