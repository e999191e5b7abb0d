/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SIMULATE_FLEET_H
#define TESTS_SIMULATE_FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/margin.h"

/*
 * A fleet of sessions on paper, second by second, each of which plans with the
 * schedule_next() of the helper.  docs/fleet.md says what is left out.
 */

/* How the provider fails while it is down, or has too much to do. */
enum fleet_fault {
    FLEET_NO_CONNECTION,
    FLEET_BUSY,         /* 503, without a word about when */
    FLEET_RETRY_AFTER,  /* 503, and so many seconds */
    FLEET_RETRY_AT_END, /* 503, and the date at which it will be back */
};

/* All times are seconds; those of the day begin with 0. */
struct fleet {
    uint32_t sessions;
    uint64_t seed;
    int64_t seconds; /* the day */
    int64_t lifetime;
    int64_t short_lifetime; /* of every other session; 0: all are alike */
    struct margin before_expiry;
    bool one_minute; /* all log in within it; or as long ago as you like */
    int64_t
        session_length; /* on average, then another one begins; 0: for ever */
    int64_t reboot_at;  /* 0: never */
    int64_t down_from, down_to;
    enum fleet_fault fault;
    int64_t retry_after;
    uint32_t capacity; /* requests a second, beyond which it is busy; 0: any */
};

/* Of the day: arrays of as many seconds. */
struct fleet_day {
    uint32_t *renewals; /* requests for them, good or not */
    uint32_t *others;   /* requests of logins and revocations */
    uint32_t *expired;  /* sessions whose token has expired */
    uint32_t
        impossible; /* expired unrenewed while the provider was down, or had
                            told the session to wait */
    uint32_t lost;  /* expired unrenewed at any other time */
    int64_t latest; /* how long after the outage the last of these did */
};

/* Live through it.  The caller frees, also after an error.  0 or -ENOMEM. */
int fleet_run(const struct fleet *fleet, struct fleet_day *out);
void fleet_free(struct fleet_day *day);

/* ---- What such a curve says ---- */

double fleet_mean(const uint32_t *counts, int64_t from, int64_t to);

/* The most in one second, or on average in so many that begin with a multiple
 * of that. */
double fleet_peak(const uint32_t *counts, int64_t from, int64_t to,
                  int64_t width);

/* From when on no average of so many seconds is more than that; `to`: never. */
int64_t fleet_calm(const uint32_t *counts, int64_t from, int64_t to,
                   int64_t width, double limit);

#endif
