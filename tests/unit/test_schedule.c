/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>

#include "common/number.h"
#include "helper/schedule.h"
#include "tests/lib/test.h"

#define NOW       INT64_C(1700000000)
#define SEED      UINT64_C(0x243f6a8885a308d3)
#define TEN_YEARS (INT64_C(3653) * 24 * 3600)

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

/* All that chance makes of it: the earliest, the latest. */
struct range {
    int64_t least, most;
};

static struct range
range(struct schedule in)
{
    struct range range = {INT64_MAX, 0};
    uint64_t random;
    int64_t delay;

    for (random = 0; random <= UINT32_MAX; random += UINT32_MAX / 21845) {
        in.random = (uint32_t) random;
        delay = schedule_next(&in).at - in.now;
        range.least = min(range.least, delay);
        range.most = max(range.most, delay);
    }
    return range;
}

static void
assert_range(const struct schedule *in, int64_t least, int64_t most)
{
    struct range is = range(*in);

    assert_int_equal(is.least, least);
    assert_int_equal(is.most, most);
}

/* ---- The defaults of the design, row by row ---- */

/* random = 0: no jitter. */
static int64_t
delay_after_success(int64_t lifetime, struct margin before_expiry)
{
    const struct schedule in = {
        .now = NOW,
        .expires_at = NOW + lifetime,
        .lifetime = lifetime,
        .before_expiry = before_expiry,
        .outcome = OUTCOME_OK,
    };

    return schedule_next(&in).at - NOW;
}

static void
auto_is_a_tenth_at_most_300_at_least_30_or_a_third(void **state UNUSED)
{
    static const struct {
        int64_t lifetime, delay;
    } rows[] = {
        {3600, 3600 - 300},       /* a tenth would be 360 */
        {86400, 86400 - 300},     /* a day */
        {2592000, 2592000 - 300}, /* 30 days: no 32-bit milliseconds */
        {TEN_YEARS, TEN_YEARS - 300},
        {3000, 3000 - 300}, /* a tenth is just 300 */
        {2990, 2990 - 299},
        {1000, 1000 - 100}, /* a tenth */
        {300, 300 - 30},    /* a tenth is just 30 */
        {299, 299 - 30},    /* at least 30 */
        {120, 120 - 30},
        {90, 90 - 30}, /* a third is just 30 */
        {60, 60 - 20}, /* or a third */
        {30, 30 - 10},
        {6, 6 - 2},
        {5, 5 - 2}, /* a third, rounded up */
        {3, 3 - 1},
        {2, 2 - 1},
        {1, 1}, /* at least 1 s from now */
        {0, 1},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(
            delay_after_success(rows[i].lifetime, (struct margin){0}),
            rows[i].delay);
}

static void
a_number_of_seconds_is_the_margin(void **state UNUSED)
{
    static const struct {
        int64_t lifetime, seconds, delay;
    } rows[] = {
        {3600, 60, 3540},      {3600, 1, 3599},   {3600, 3000, 600},
        {3600, 3240, 360},     {3600, 3241, 360}, /* at most nine tenths */
        {3600, 31536000, 360}, {100, 99, 10},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(delay_after_success(
                             rows[i].lifetime,
                             (struct margin){MARGIN_SECONDS, rows[i].seconds}),
                         rows[i].delay);
}

static void
a_percentage_is_of_the_lifetime(void **state UNUSED)
{
    static const struct {
        int64_t lifetime, percent, delay;
    } rows[] = {
        {3600, 10, 3240}, {3600, 1, 3564}, {3600, 90, 360},
        {150, 10, 135},   {99, 50, 50},    {10, 10, 9},
        {9, 10, 9},       {1000, 33, 670}, {TEN_YEARS, 90, TEN_YEARS / 10},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(delay_after_success(
                             rows[i].lifetime,
                             (struct margin){MARGIN_PERCENT, rows[i].percent}),
                         rows[i].delay);
}

/* The browser's behaviour. */
static void
no_margin_is_exactly_at_expiry_and_at_least_1_s_from_now(void **state UNUSED)
{
    static const struct {
        int64_t expires_in, delay;
    } rows[] = {
        {3600, 3600},           {2, 2}, {1, 1}, {0, 1}, {-1, 1}, {-100000, 1},
        {TEN_YEARS, TEN_YEARS},
    };
    static const uint32_t randoms[] = {0, 1, 12345, UINT32_MAX};
    size_t i, j;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        for (j = 0; j < ARRAY_LEN(randoms); j++) {
            struct schedule in = {
                .now = NOW,
                .expires_at = NOW + rows[i].expires_in,
                .lifetime = 3600,
                .before_expiry = {MARGIN_SECONDS, 0},
                .random = randoms[j],
            };

            assert_int_equal(schedule_next(&in).at, NOW + rows[i].delay);
            in.before_expiry.unit = MARGIN_PERCENT;
            assert_int_equal(schedule_next(&in).at, NOW + rows[i].delay);
        }
    }
}

static void
chance_brings_it_forward_by_three_margins_or_a_quarter(void **state UNUSED)
{
    static const struct {
        int64_t lifetime, margin, earlier;
    } rows[] = {
        {3600, 300, 825}, /* a quarter of 3300 */
        {86400, 300, 900}, {300, 30, 67},    {60, 20, 10}, {3600, 10, 30},
        {3600, 1, 3},      {3600, 3240, 90}, {3600, 0, 0},
    };
    struct schedule in = {.now = NOW};
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        in.expires_at = NOW + rows[i].lifetime;
        in.lifetime = rows[i].lifetime;
        in.before_expiry = (struct margin){MARGIN_SECONDS, rows[i].margin};
        assert_range(&in, rows[i].lifetime - rows[i].margin - rows[i].earlier,
                     rows[i].lifetime - rows[i].margin);
    }
}

/* After a login, and after an outage. */
static void
who_may_be_in_step_is_spread_over_three_quarters(void **state UNUSED)
{
    struct schedule in = {.now = NOW,
                          .expires_at = NOW + 3600,
                          .lifetime = 3600,
                          .in_step = true};

    assert_range(&in, 825, 3300);
    in.refresh_expires_at = NOW + 1800; /* a margin of 180 s */
    assert_range(&in, 405, 1620);
    in.before_expiry = (struct margin){MARGIN_SECONDS, 0};
    in.refresh_expires_at = 0;
    assert_range(&in, 3600, 3600);
}

/* The number of the process, early in the boot, is no such thing. */
static void
a_larger_random_number_is_an_earlier_renewal(void **state UNUSED)
{
    struct schedule in = {
        .now = NOW, .expires_at = NOW + 3600, .lifetime = 3600};

    assert_int_equal(schedule_next(&in).at, NOW + 3300);
    in.random = UINT32_C(1) << 31;
    assert_int_equal(schedule_next(&in).at, NOW + 3300 - 413);
    in.random = UINT32_MAX;
    assert_int_equal(schedule_next(&in).at, NOW + 3300 - 825);
}

static void
the_last_token_is_good_until_it_expires(void **state UNUSED)
{
    struct schedule in = {.now = NOW,
                          .expires_at = NOW + 3600,
                          .lifetime = 3600,
                          .refresh_expires_at = NOW + 100,
                          .last = true,
                          .random = 77};

    assert_int_equal(schedule_next(&in).at, NOW + 3600);
    in.expires_at = NOW - 1;
    assert_int_equal(schedule_next(&in).at, NOW + 1);
}

/* When the helper begins with a token that is half used, or nearly at its end. */
static void
a_late_begin_is_at_least_1_s_from_now(void **state UNUSED)
{
    struct schedule in = {
        .now = NOW, .expires_at = NOW + 100, .lifetime = 3600};

    assert_int_equal(schedule_next(&in).at, NOW + 1);
    in.expires_at = NOW + 1800;
    assert_int_equal(schedule_next(&in).at, NOW + 1500);
    in.expires_at = NOW - 5;
    assert_int_equal(schedule_next(&in).at, NOW + 1);
}

static void
a_lifetime_that_makes_no_sense_is_none(void **state UNUSED)
{
    struct schedule in = {.now = NOW, .expires_at = NOW + 100, .lifetime = -5};

    assert_int_equal(schedule_next(&in).at, NOW + 100);
    in.lifetime = INT64_MIN;
    assert_int_equal(schedule_next(&in).at, NOW + 100);
}

/* ---- After a failure ---- */

static void
without_a_token_the_limit_doubles_from_5_to_600(void **state UNUSED)
{
    static const struct {
        int64_t failures, limit;
    } rows[] = {
        {0, 5},   {1, 5},   {2, 10},  {3, 20},  {4, 40},          {5, 80},
        {6, 160}, {7, 320}, {8, 600}, {9, 600}, {INT64_MAX, 600},
    };
    struct schedule in = {
        .now = NOW, .lifetime = 3600, .outcome = OUTCOME_TRANSIENT};
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        in.failures = rows[i].failures;
        in.expires_at = NOW;
        assert_range(&in, 1, rows[i].limit); /* full jitter */
        in.expires_at = NOW - 100000;
        assert_range(&in, 1, rows[i].limit);
    }
}

/* It was there when that began: so many may have failed as long. */
static void
without_a_token_the_limit_is_half_as_long_as_it_has_failed(void **state UNUSED)
{
    static const struct {
        int64_t failing_for, limit;
    } rows[] = {{0, 20},    {-9, 20},    {41, 20},         {42, 21},
                {400, 200}, {1200, 600}, {INT64_MAX, 600}, {INT64_MIN, 20}};
    struct schedule in = {.now = NOW,
                          .expires_at = NOW,
                          .lifetime = 3600,
                          .outcome = OUTCOME_TRANSIENT,
                          .failures = 3};
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        in.failing_for = rows[i].failing_for;
        assert_range(&in, 1, rows[i].limit);
    }
}

static void
a_good_token_is_renewed_soon_once_and_then_at_its_end(void **state UNUSED)
{
    static const struct {
        int64_t failures, failing_for, left, least, most;
    } rows[] = {
        {1, 0, 400, 1, 5},
        {1, 0, 5, 1, 4},
        {1, 0, 2, 1, 1},
        {2, 3, 400, 385, 396}, /* the last 15 s, but not the very last */
        {3, 300, 400, 385, 396},
        {2, 3, 915, 900, 911},
        {2, 3, 916, 600, 900}, /* too far away */
        {2, 3, 100000, 600, 900},
        {2, 3, 30, 15, 26},
        {2, 3, 20, 10, 17}, /* its second half */
        {2, 3, 4, 2, 3},
        {9, 0, 20, 10, 17}, /* nobody knows for how long */
        /* That was its last chance. */
        {3, 400, 15, 1, 200},
        {3, 400, 16, 8, 14},
        {2, 3, 3, 1, 10},
    };
    struct schedule in = {
        .now = NOW, .lifetime = 3600, .outcome = OUTCOME_TRANSIENT};
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        in.failures = rows[i].failures;
        in.failing_for = rows[i].failing_for;
        in.expires_at = NOW + rows[i].left;
        assert_range(&in, rows[i].least, rows[i].most);
    }
}

/* Without it there is no way back but a login. */
static void
a_refresh_token_is_tried_once_more_at_its_end(void **state UNUSED)
{
    static const struct {
        int64_t failures, failing_for, left, refresh_left, least, most;
    } rows[] = {
        {9, 1200, 0, 601, 586, 597},
        {9, 1200, 0, 604, 1, 600}, /* comes anyway */
        {9, 1200, 0, 15, 1, 600},  /* that was it */
        {9, 1200, 0, 0, 1, 600},
        {9, 1200, 0, -5, 1, 600},
        {2, 3, 3000, 400, 385, 396}, /* it ends first */
        {2, 3, 400, 3000, 385, 396},
        {1, 0, 3000, 400, 1, 5},
        {1, 0, 3000, 4, 2, 3},
    };
    struct schedule in = {
        .now = NOW, .lifetime = 3600, .outcome = OUTCOME_TRANSIENT};
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        in.failures = rows[i].failures;
        in.failing_for = rows[i].failing_for;
        in.expires_at = NOW + rows[i].left;
        in.refresh_expires_at = NOW + rows[i].refresh_left;
        assert_range(&in, rows[i].least, rows[i].most);
    }
}

static void
a_lost_answer_is_retried_in_1_s_once(void **state UNUSED)
{
    struct schedule in = {.now = NOW,
                          .expires_at = NOW + 3600,
                          .lifetime = 3600,
                          .outcome = OUTCOME_AMBIGUOUS,
                          .failures = 1};

    assert_range(&in, 1, 1);
    in.replay = true; /* that was the same request once more */
    in.failures = 2;
    assert_range(&in, 1, 10);
    in.failures = 3;
    assert_range(&in, 600, 900);
}

/* Whatever failed before: it is the first answer that is missing. */
static void
a_lost_answer_after_other_failures_is_retried_in_1_s_too(void **state UNUSED)
{
    struct schedule in = {
        .now = NOW, .outcome = OUTCOME_AMBIGUOUS, .failures = 9};

    assert_range(&in, 1, 1);
}

static void
an_administrator_has_300_to_600_s(void **state UNUSED)
{
    struct schedule in = {
        .now = NOW, .outcome = OUTCOME_MISCONFIGURED, .failures = 1};

    assert_range(&in, 300, 600);
}

static void
honours_retry_after_up_to_an_hour(void **state UNUSED)
{
    static const struct {
        enum outcome outcome;
        int64_t retry_after, delay;
    } rows[] = {
        {OUTCOME_TRANSIENT, 0, 1},
        {OUTCOME_TRANSIENT, 7, 7},
        {OUTCOME_TRANSIENT, 3600, 3600},
        {OUTCOME_TRANSIENT, 3601, 3600},
        {OUTCOME_TRANSIENT, INT64_MAX, 3600},
        {OUTCOME_TRANSIENT, -9, 1},
        {OUTCOME_AMBIGUOUS, 60, 60},
        {OUTCOME_MISCONFIGURED, 60, 300},
        {OUTCOME_MISCONFIGURED, 900, 900},
    };
    struct schedule in = {.now = NOW, .failures = 1};
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        in.outcome = rows[i].outcome;
        in.retry_after = rows[i].retry_after;
        assert_int_equal(schedule_next(&in).at, NOW + rows[i].delay);
    }
}

/* Everybody is told the same date: they are not to come back all at once. */
static void
retry_after_is_followed_by_chance(void **state UNUSED)
{
    static const struct {
        enum outcome outcome;
        int64_t failures, failing_for, left, retry_after, least, most;
    } rows[] = {
        {OUTCOME_TRANSIENT, 1, 0, 0, 2, 2, 7},
        {OUTCOME_TRANSIENT, 1, 0, 0, 120, 120, 240},
        {OUTCOME_TRANSIENT, 1, 0, 0, 3600, 3600, 4200},
        {OUTCOME_TRANSIENT, 1, 0, 0, 100000, 3600, 4200},
        {OUTCOME_TRANSIENT, 4, 900, 0, 120, 120, 570},
        /* While the token is good there is time. */
        {OUTCOME_TRANSIENT, 1, 0, 400, 2, 2, 7},
        {OUTCOME_TRANSIENT, 1, 0, 400, 5, 5, 10},
        {OUTCOME_TRANSIENT, 1, 0, 11, 5, 5, 9},
        {OUTCOME_TRANSIENT, 1, 0, 4, 5, 5, 5},
        {OUTCOME_TRANSIENT, 1, 0, 400, 6, 385, 396},
        {OUTCOME_TRANSIENT, 2, 3, 400, 2, 385, 396},
        {OUTCOME_TRANSIENT, 1, 0, 400, 120, 385, 396},
        {OUTCOME_TRANSIENT, 1, 0, 1000, 120, 600, 900},
        {OUTCOME_TRANSIENT, 1, 0, 1000, 700, 700, 1300},
        {OUTCOME_TRANSIENT, 1, 0, 100, 120, 120, 240},
        {OUTCOME_AMBIGUOUS, 1, 0, 400, 60, 60, 120},
        {OUTCOME_MISCONFIGURED, 1, 0, 0, 60, 300, 600},
        {OUTCOME_MISCONFIGURED, 1, 0, 0, 310, 310, 620},
        {OUTCOME_MISCONFIGURED, 1, 0, 0, 900, 900, 1500},
    };
    struct schedule in = {.now = NOW, .lifetime = 3600};
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        in.outcome = rows[i].outcome;
        in.failures = rows[i].failures;
        in.failing_for = rows[i].failing_for;
        in.expires_at = NOW + rows[i].left;
        in.retry_after = rows[i].retry_after;
        assert_range(&in, rows[i].least, rows[i].most);
    }
}

static void
assert_never_less_for_more(struct schedule in)
{
    int64_t last = 0, at;

    for (in.retry_after = 0; in.retry_after < 30; in.retry_after++) {
        at = schedule_next(&in).at;
        assert_true(at >= last);
        last = at;
    }
}

/* Where one rule takes the place of another as well. */
static void
who_asks_for_a_second_more_never_gets_less(void **state UNUSED)
{
    struct schedule in = {
        .now = NOW, .lifetime = 3600, .outcome = OUTCOME_TRANSIENT};
    unsigned left;

    for (left = 0; left < 40 * 40; left++) {
        in.expires_at = NOW + left % 40;
        in.refresh_expires_at = NOW + left / 40;
        for (in.failures = 1; in.failures <= 2; in.failures++)
            for (in.random = 0; in.random < 31 * (UINT32_MAX / 32);
                 in.random += UINT32_MAX / 32)
                assert_never_less_for_more(in);
    }
}

/* ---- Why then ---- */

static void
each_plan_says_why(void **state UNUSED)
{
    static const struct {
        struct schedule in;
        const char *reason;
    } rows[] = {
        {{.expires_at = NOW + 3600, .lifetime = 3600}, "before_expiry"},
        {{.expires_at = NOW + 3600,
          .lifetime = 3600,
          .before_expiry = {MARGIN_SECONDS, 0}},
         "at_expiry"},
        {{.expires_at = NOW + 3600, .lifetime = 3600, .last = true},
         "token_ends"},
        {{.expires_at = NOW + 3600,
          .lifetime = 3600,
          .refresh_expires_at = NOW + 1800},
         "grant_ends"},
        {{.outcome = OUTCOME_TRANSIENT}, "backoff"},
        {{.outcome = OUTCOME_TRANSIENT, .retry_after = 60}, "retry_after"},
        /* Shorter than what comes anyway: it asked all the same. */
        {{.outcome = OUTCOME_MISCONFIGURED, .retry_after = 1}, "retry_after"},
        {{.outcome = OUTCOME_AMBIGUOUS}, "lost_answer"},
        {{.outcome = OUTCOME_AMBIGUOUS, .replay = true}, "backoff"},
        {{.outcome = OUTCOME_AMBIGUOUS, .retry_after = 60}, "retry_after"},
        {{.outcome = OUTCOME_MISCONFIGURED}, "misconfigured"},
        {{.outcome = OUTCOME_MISCONFIGURED, .retry_after = 900}, "retry_after"},
        {{.outcome = OUTCOME_DEAD, .retry_after = 900}, ""},
    };
    struct schedule in;
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        in = rows[i].in;
        in.now = NOW;
        assert_string_equal(schedule_reason_name(schedule_next(&in).reason),
                            rows[i].reason);
    }
    assert_string_equal(schedule_reason_name(SCHEDULE_ON_DEMAND), "on_demand");
    assert_string_equal(schedule_reason_name(SCHEDULE_CLOCK), "clock");
}

static void
a_dead_grant_is_never_renewed(void **state UNUSED)
{
    struct schedule in = {.now = NOW,
                          .expires_at = NOW + 3600,
                          .lifetime = 3600,
                          .outcome = OUTCOME_DEAD,
                          .retry_after = 5};

    assert_int_equal(schedule_next(&in).at, 0);
    assert_int_equal(schedule_next(&in).reason, SCHEDULE_NEVER);
}

/* Access for an hour, but a refresh token that must be used within less. */
static void
the_refresh_token_is_used_before_it_expires(void **state UNUSED)
{
    static const struct {
        int64_t refresh_expires_in, delay;
    } rows[] = {
        {0, 3300},          /* not known, as 0 means */
        {4000, 3300},       /* later than the access token */
        {3600, 3300},       /* as late: the same margin */
        {1800, 1800 - 180}, /* Keycloak's idle sessions */
        {100, 100 - 30},    {60, 60 - 20}, {10, 10 - 4},
        {9, 3300}, /* it gave us the access token just now */
        {-5, 3300},
    };
    struct schedule in = {
        .now = NOW, .expires_at = NOW + 3600, .lifetime = 3600};
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        in.refresh_expires_at = rows[i].refresh_expires_in == 0
                                    ? 0
                                    : NOW + rows[i].refresh_expires_in;
        assert_int_equal(schedule_next(&in).at, NOW + rows[i].delay);
    }
}

/* One that no renewal extends: not a renewal a second at its end. */
static void
a_refresh_token_with_a_fixed_end_costs_few_renewals_more(void **state UNUSED)
{
    struct schedule in = {.lifetime = 3600};
    int64_t now = 0, end = 8 * 3600;
    unsigned renewals = 0;

    while (now < end) {
        in.now = NOW + now;
        in.expires_at = in.now + 3600;
        in.refresh_expires_at = NOW + end;
        now = schedule_next(&in).at - NOW;
        renewals++;
    }
    assert_in_range(renewals, 9, 13);
}

/* ---- On demand ---- */

static void
who_asks_gets_a_renewal_now_but_one_in_5_s(void **state UNUSED)
{
    static const struct {
        struct plan planned, demand;
        int64_t asked_at;
    } rows[] = {
        {{.at = NOW + 900, .reason = SCHEDULE_BEFORE_EXPIRY},
         {.at = NOW, .reason = SCHEDULE_ON_DEMAND},
         0},
        {{.at = NOW + 900, .reason = SCHEDULE_BEFORE_EXPIRY},
         {.at = NOW, .reason = SCHEDULE_ON_DEMAND},
         NOW - 5},
        {{.at = NOW + 900, .reason = SCHEDULE_BEFORE_EXPIRY},
         {.at = NOW + 1, .reason = SCHEDULE_ON_DEMAND},
         NOW - 4},
        {{.at = NOW + 900, .reason = SCHEDULE_BEFORE_EXPIRY},
         {.at = NOW + 5, .reason = SCHEDULE_ON_DEMAND},
         NOW},
        {{.at = NOW + 900, .reason = SCHEDULE_GRANT_ENDS},
         {.at = NOW, .reason = SCHEDULE_ON_DEMAND},
         0},
        {{.at = NOW + 900, .reason = SCHEDULE_BACKOFF},
         {.at = NOW, .reason = SCHEDULE_ON_DEMAND},
         NOW - 60},
        {{.at = NOW + 900, .reason = SCHEDULE_MISCONFIGURED},
         {.at = NOW, .reason = SCHEDULE_ON_DEMAND},
         0},
        /* It is due sooner anyway. */
        {{.at = NOW + 3, .reason = SCHEDULE_BACKOFF},
         {.at = NOW + 3, .reason = SCHEDULE_BACKOFF},
         NOW},
        {{.at = NOW - 3, .reason = SCHEDULE_BACKOFF},
         {.at = NOW - 3, .reason = SCHEDULE_BACKOFF},
         0},
        /* The provider asked us to wait. */
        {{NOW + 900, SCHEDULE_RETRY_AFTER, NOW + 900},
         {NOW + 900, SCHEDULE_RETRY_AFTER, NOW + 900},
         0},
        /* For less than it was put off by chance. */
        {{NOW + 900, SCHEDULE_RETRY_AFTER, NOW + 60},
         {NOW + 60, SCHEDULE_RETRY_AFTER, NOW + 60},
         0},
        {{NOW + 900, SCHEDULE_RETRY_AFTER, NOW},
         {NOW, SCHEDULE_ON_DEMAND, NOW},
         0},
        {{NOW + 900, SCHEDULE_RETRY_AFTER, NOW + 1},
         {NOW + 2, SCHEDULE_ON_DEMAND, NOW + 1},
         NOW - 3},
        /* The request may still be under way. */
        {{.at = NOW + 12, .reason = SCHEDULE_LOST_ANSWER},
         {.at = NOW + 12, .reason = SCHEDULE_LOST_ANSWER},
         0},
        /* There is nothing to renew it with, and it is still good. */
        {{.at = NOW + 900, .reason = SCHEDULE_TOKEN_ENDS},
         {.at = NOW + 900, .reason = SCHEDULE_TOKEN_ENDS},
         0},
        {{.at = 0, .reason = SCHEDULE_NEVER},
         {.at = 0, .reason = SCHEDULE_NEVER},
         0},
        /* The clock was set back since. */
        {{.at = NOW + 900, .reason = SCHEDULE_BACKOFF},
         {.at = NOW, .reason = SCHEDULE_ON_DEMAND},
         NOW + 3600},
    };
    struct plan plan;
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        plan = schedule_demand(&rows[i].planned, NOW, rows[i].asked_at,
                               SCHEDULE_ON_DEMAND);
        assert_int_equal(plan.at, rows[i].demand.at);
        assert_int_equal(plan.reason, rows[i].demand.reason);
        assert_int_equal(plan.not_before, rows[i].demand.not_before);
    }
}

/* ---- An expired key is not to be collected ---- */

static void
an_expired_key_is_kept_every_120_s(void **state UNUSED)
{
    static const struct {
        int64_t expired_for, keep_in;
    } rows[] = {{-3600, 3720}, {0, 120},   {1, 119},   {119, 1},
                {120, 120},    {121, 119}, {1000, 80}, {86400, 120}};
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(schedule_keep(NOW, NOW - rows[i].expired_for),
                         NOW + rows[i].keep_in);
}

/* ---- Properties ---- */

/* xorshift64*: the same numbers everywhere. */
static uint64_t seed;

static uint64_t
next_random(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static unsigned long
cases(void)
{
    return getenv("VALGRIND") != NULL ? 2000 : 1000000;
}

/* From 0 to limit; small ones as often as large ones. */
static int64_t
some(int64_t limit)
{
    uint64_t number = next_random() >> (next_random() % 64);

    return (int64_t) (number % ((uint64_t) limit + 1));
}

static struct schedule
some_schedule(void)
{
    struct schedule in = {
        .now = NOW + some(TEN_YEARS),
        .lifetime = some(TEN_YEARS),
        .before_expiry = {.unit = MARGIN_AUTO},
        .in_step = next_random() % 2 == 0,
        .failures = some(100),
        .failing_for = some(100000),
        .retry_after = some(100000),
        .random = (uint32_t) next_random(),
    };

    in.expires_at = in.now + in.lifetime - some(2 * in.lifetime + 10);
    switch (next_random() % 3) {
    case 0:
        in.before_expiry.unit = MARGIN_SECONDS;
        in.before_expiry.value = some(31622400);
        break;
    case 1:
        in.before_expiry.unit = MARGIN_PERCENT;
        in.before_expiry.value = some(90);
        break;
    default:
        break;
    }
    return in;
}

/* What the header promises, computed another way. */
static int64_t
margin_of(const struct schedule *in)
{
    int64_t margin, nine_tenths = in->lifetime - in->lifetime / 10;

    if (in->before_expiry.unit == MARGIN_SECONDS)
        margin = in->before_expiry.value;
    else if (in->before_expiry.unit == MARGIN_PERCENT)
        margin = in->lifetime * in->before_expiry.value / 100;
    else
        margin =
            max(min(in->lifetime / 10, 300), min(30, (in->lifetime + 2) / 3));
    return min(margin, nine_tenths);
}

static void
fail_case(unsigned long number, const struct schedule *in, int64_t when,
          const char *property)
{
    print_error("seed %#" PRIx64 ", case %lu: not true: %s\n"
                "now %" PRId64 " expires_at %" PRId64 " lifetime %" PRId64
                " before_expiry %d %" PRId64 " outcome %d failures %" PRId64
                " failing_for %" PRId64 " in_step %d"
                " retry_after %" PRId64 " random %" PRIu32 ": %" PRId64 "\n",
                SEED, number, property, in->now, in->expires_at, in->lifetime,
                (int) in->before_expiry.unit, in->before_expiry.value,
                (int) in->outcome, in->failures, in->failing_for,
                (int) in->in_step, in->retry_after, in->random, when);
    fail();
}

#define HOLDS(property)                                                        \
    do {                                                                       \
        if (!(property))                                                       \
            fail_case(i, &in, when, #property);                                \
    } while (0)

static void
properties_after_success_hold_in_a_million_cases(void **state UNUSED)
{
    struct schedule in;
    int64_t when, margin, jitter, latest;
    unsigned long i;

    seed = SEED;
    for (i = 0; i < cases(); i++) {
        in = some_schedule();
        in.outcome = OUTCOME_OK;
        when = schedule_next(&in).at;
        margin = margin_of(&in);
        jitter = (in.lifetime - margin) / 4;
        jitter = in.in_step ? 3 * jitter : min(3 * margin, jitter);
        latest = in.expires_at - margin;
        HOLDS(when >= in.now + 1);
        HOLDS(when <= max(in.now + 1, latest));
        HOLDS(when >= latest - jitter);
        /* Never earlier than the token's first moments. */
        HOLDS(when >= min(latest, in.expires_at - in.lifetime));
        HOLDS(margin > 0 || when == max(in.now + 1, in.expires_at));
    }
}

static void
properties_after_failure_hold_in_a_million_cases(void **state UNUSED)
{
    static const enum outcome outcomes[] = {
        OUTCOME_TRANSIENT, OUTCOME_AMBIGUOUS, OUTCOME_MISCONFIGURED,
        OUTCOME_DENIED, OUTCOME_EXPIRED};
    int64_t when, later, asked, left;
    struct schedule in, more;
    unsigned long i;

    seed = SEED;
    for (i = 0; i < cases(); i++) {
        in = some_schedule();
        in.outcome = outcomes[next_random() % ARRAY_LEN(outcomes)];
        in.replay = next_random() % 2 == 0;
        if (next_random() % 2 == 0)
            in.refresh_expires_at = in.now + some(TEN_YEARS);
        if (next_random() % 2 == 0)
            in.retry_after = 0;
        when = schedule_next(&in).at;
        asked = min(in.retry_after, 3600);
        HOLDS(schedule_next(&in).not_before
              == (asked > 0 ? in.now + asked : 0));
        HOLDS(when >= in.now + 1);
        HOLDS(when >= in.now + asked);
        HOLDS(when <= in.now + max(asked > 0 ? asked + 600 : 0, 915));
        HOLDS(in.outcome != OUTCOME_MISCONFIGURED || when >= in.now + 300);
        /* A token that was good is not given up without a last try. */
        left = in.expires_at - in.now;
        HOLDS(in.outcome != OUTCOME_TRANSIENT || left < 2
              || left <= min(15, in.failing_for) || asked > 0
              || when < in.expires_at);
        /* Who asks for more time never gets less. */
        more = in;
        more.retry_after += some(5000);
        later = schedule_next(&more).at;
        HOLDS(later >= when);
    }
}

/* The margin, the jitter and the floor, of a grant that ends as well. */
static void
properties_of_a_grant_that_ends_hold_in_a_million_cases(void **state UNUSED)
{
    struct schedule in, endless;
    int64_t when, left;
    unsigned long i;

    seed = SEED;
    for (i = 0; i < cases(); i++) {
        in = some_schedule();
        in.outcome = OUTCOME_OK;
        left = some(TEN_YEARS);
        in.refresh_expires_at = in.now + left;
        endless = in;
        endless.refresh_expires_at = 0;
        when = schedule_next(&in).at;
        HOLDS(when >= in.now + 1);
        HOLDS(when <= schedule_next(&endless).at);
        HOLDS(left < 10 || when < in.refresh_expires_at);
        HOLDS(left >= 10 || when == schedule_next(&endless).at);
        /* Half of what is left, or the access token's own time. */
        HOLDS(when >= min(in.now + left / (in.in_step ? 6 : 2) - 1,
                          schedule_next(&endless).at));
    }
}

/* What a damaged key or a clock gone mad may say. */
static void
no_number_makes_it_overflow_or_storm(void **state UNUSED)
{
    struct schedule in;
    struct plan plan;
    int64_t when;
    unsigned long i;

    seed = SEED;
    for (i = 0; i < cases(); i++) {
        in = some_schedule();
        in.now = (int64_t) next_random();
        in.expires_at = (int64_t) next_random();
        in.lifetime = (int64_t) next_random();
        in.refresh_expires_at = (int64_t) next_random();
        in.failures = (int64_t) next_random();
        in.failing_for = (int64_t) next_random();
        in.retry_after = (int64_t) next_random();
        in.outcome = (enum outcome)(next_random() % OUTCOME_COUNT);
        in.replay = next_random() % 2 == 0;
        plan = schedule_next(&in);
        when = plan.at;
        HOLDS((in.outcome == OUTCOME_DEAD) == (when == 0));
        HOLDS((in.outcome == OUTCOME_DEAD) == (plan.reason == SCHEDULE_NEVER));
        HOLDS(when == 0 || when > in.now || in.now >= UNIX_TIME_MAX);
        HOLDS(when <= UNIX_TIME_MAX + 3600 + 600);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(auto_is_a_tenth_at_most_300_at_least_30_or_a_third),
        cmocka_unit_test(a_number_of_seconds_is_the_margin),
        cmocka_unit_test(a_percentage_is_of_the_lifetime),
        cmocka_unit_test(
            no_margin_is_exactly_at_expiry_and_at_least_1_s_from_now),
        cmocka_unit_test(
            chance_brings_it_forward_by_three_margins_or_a_quarter),
        cmocka_unit_test(who_may_be_in_step_is_spread_over_three_quarters),
        cmocka_unit_test(a_larger_random_number_is_an_earlier_renewal),
        cmocka_unit_test(the_last_token_is_good_until_it_expires),
        cmocka_unit_test(a_late_begin_is_at_least_1_s_from_now),
        cmocka_unit_test(a_lifetime_that_makes_no_sense_is_none),
        cmocka_unit_test(without_a_token_the_limit_doubles_from_5_to_600),
        cmocka_unit_test(
            without_a_token_the_limit_is_half_as_long_as_it_has_failed),
        cmocka_unit_test(a_good_token_is_renewed_soon_once_and_then_at_its_end),
        cmocka_unit_test(a_refresh_token_is_tried_once_more_at_its_end),
        cmocka_unit_test(a_lost_answer_is_retried_in_1_s_once),
        cmocka_unit_test(
            a_lost_answer_after_other_failures_is_retried_in_1_s_too),
        cmocka_unit_test(an_administrator_has_300_to_600_s),
        cmocka_unit_test(honours_retry_after_up_to_an_hour),
        cmocka_unit_test(retry_after_is_followed_by_chance),
        cmocka_unit_test(who_asks_for_a_second_more_never_gets_less),
        cmocka_unit_test(each_plan_says_why),
        cmocka_unit_test(a_dead_grant_is_never_renewed),
        cmocka_unit_test(the_refresh_token_is_used_before_it_expires),
        cmocka_unit_test(
            a_refresh_token_with_a_fixed_end_costs_few_renewals_more),
        cmocka_unit_test(who_asks_gets_a_renewal_now_but_one_in_5_s),
        cmocka_unit_test(an_expired_key_is_kept_every_120_s),
        cmocka_unit_test(properties_after_success_hold_in_a_million_cases),
        cmocka_unit_test(properties_after_failure_hold_in_a_million_cases),
        cmocka_unit_test(
            properties_of_a_grant_that_ends_hold_in_a_million_cases),
        cmocka_unit_test(no_number_makes_it_overflow_or_storm),
    };

    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
