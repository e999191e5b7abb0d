/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "tests/simulate/scenarios.h"

#define MINUTE INT64_C(60)
#define HOUR   (60 * MINUTE)
#define NOON   (12 * HOUR)

#define FLEET .sessions = 1000000, .seed = 1
#define DAY   FLEET, .seconds = 24 * HOUR
/* Less of it, where tokens are short and the requests many. */
#define HOURS(n) FLEET, .seconds = (n) *HOUR
#define HOURLY   .lifetime = HOUR
#define SHORT    .lifetime = 300
/* Every other one. */
#define MIXED .lifetime = HOUR, .short_lifetime = 300
#define WORK  .session_length = 8 * HOUR
/* From a certain hour. */
#define DOWN(at, time) .down_from = (at) *HOUR, .down_to = (at) *HOUR + (time)
#define TOLD(seconds)  .fault = FLEET_RETRY_AFTER, .retry_after = (seconds)
#define DATE           .fault = FLEET_RETRY_AT_END

/* clang-format off */
const struct scenario scenarios[] = {
    {"steady", "a day of work, sessions of 8 hours",
     {DAY, HOURLY, WORK}, 1.5},
    {"steady-300", "the same, tokens of 300 s",
     {HOURS(3), SHORT, WORK}, 1.5},
    {"steady-mixed", "every other token 300 s",
     {HOURS(3), MIXED, WORK}, 1.5},
    {"minute", "all log in within one minute",
     {DAY, HOURLY, .one_minute = true}, 1.5},
    {"minute-300", "the same, tokens of 300 s",
     {HOURS(3), SHORT, .one_minute = true}, 1.5},
    {"outage-1m", "no connection for 1 min",
     {HOURS(6), HOURLY, DOWN(2, MINUTE)}, 3},
    {"outage-10m", "no connection for 10 min",
     {DAY, HOURLY, DOWN(12, 10 * MINUTE)}, 3},
    {"outage-10m-300", "the same, tokens of 300 s",
     {HOURS(3), SHORT, DOWN(1, 10 * MINUTE)}, 3},
    {"outage-10m-mixed", "the same, every other token 300 s",
     {HOURS(3), MIXED, DOWN(1, 10 * MINUTE)}, 3},
    {"outage-10m-seconds", "503 for 10 min, Retry-After: 120",
     {HOURS(6), HOURLY, DOWN(2, 10 * MINUTE), TOLD(120)}, 3},
    {"outage-10m-date", "503 for 10 min, Retry-After: the end",
     {HOURS(6), HOURLY, DOWN(2, 10 * MINUTE), DATE}, 3},
    {"outage-10m-at-expiry", "no connection, before_expiry = 0",
     {HOURS(6), HOURLY, DOWN(2, 10 * MINUTE),
      .before_expiry = {MARGIN_SECONDS, 0}}, 0},
    {"outage-30m", "no connection for 30 min",
     {HOURS(6), HOURLY, DOWN(2, 30 * MINUTE)}, 0},
    {"outage-2h", "no connection for 2 h",
     {DAY, HOURLY, DOWN(12, 2 * HOUR)}, 0},
    {"outage-2h-seconds", "503 for 2 h, Retry-After: 120",
     {HOURS(8), HOURLY, DOWN(2, 2 * HOUR), TOLD(120)}, 0},
    {"outage-2h-date", "503 for 2 h, Retry-After: the end",
     {HOURS(8), HOURLY, DOWN(2, 2 * HOUR), DATE}, 0},
    {"outage-2h-full", "the same as seconds, then 1000 a second",
     {HOURS(8), HOURLY, DOWN(2, 2 * HOUR), TOLD(120), .capacity = 1000}, 0},
    {"reboot", "all hosts restart at noon",
     {DAY, HOURLY, .reboot_at = NOON}, 1.5},
};
/* clang-format on */
const size_t scenario_count = sizeof(scenarios) / sizeof(*scenarios);

/* When it has happened: nothing is asked of the time before. */
static int64_t
end_of_event(const struct fleet *fleet)
{
    return fleet->down_to != 0 ? fleet->down_to : fleet->reboot_at;
}

static double
usual(const struct fleet *fleet, const struct fleet_day *day)
{
    if (fleet->down_to != 0)
        return fleet_mean(day->renewals, 0, fleet->down_from);
    if (fleet->reboot_at != 0)
        return fleet_mean(day->renewals, 0, fleet->reboot_at);
    /* They have no renewal to make yet at the beginning. */
    return fleet_mean(day->renewals, fleet->one_minute ? fleet->seconds / 2 : 0,
                      fleet->seconds);
}

/* How long until no more than that have no token. */
static int64_t
recovered(const struct fleet *fleet, const struct fleet_day *day, double limit)
{
    int64_t end = end_of_event(fleet);

    return fleet_calm(day->expired, end, fleet->seconds, 1, limit) - end;
}

static double
peak_of_both(const struct fleet_day *day, int64_t from, int64_t to)
{
    double both, peak = 0;

    for (; from < to; from++) {
        both = (double) day->renewals[from] + day->others[from];
        if (both > peak)
            peak = both;
    }
    return peak;
}

void
scenario_measure(const struct scenario *scenario, const struct fleet_day *day,
                 struct measures *out)
{
    const struct fleet *fleet = &scenario->fleet;
    int64_t from = end_of_event(fleet), to = fleet->seconds;
    double mean = usual(fleet, day);
    bool none_lost =
        day->lost == 0
        || (fleet->down_to != 0 && day->latest <= SCENARIO_LAST_CHANCE);

    *out = (struct measures){
        .mean = mean,
        .peak = fleet_peak(day->renewals, from, to, 1),
        .peak_10 = fleet_peak(day->renewals, from, to, 10),
        .down = fleet_peak(day->renewals, fleet->down_from, fleet->down_to, 1),
        .others = peak_of_both(day, from, to),
        .calm = fleet_calm(day->renewals, from, to, 10, 1.5 * mean) - from,
    };
    if (fleet->down_to != 0) {
        out->most = recovered(fleet, day, day->expired[from] / 100.0);
        out->all = recovered(fleet, day, 0);
    }
    out->met = scenario->goal <= 0
               || (out->peak <= scenario->goal * mean && none_lost);
}
