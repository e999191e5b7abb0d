/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SIMULATE_SCENARIOS_H
#define TESTS_SIMULATE_SCENARIOS_H

#include <stddef.h>

#include "tests/simulate/fleet.h"

/*
 * A token is tried for the last time at least once in so many seconds before
 * its end.  One that ends within as many after an outage may be lost by it.
 */
#define SCENARIO_LAST_CHANCE 15

struct scenario {
    const char *name, *title;
    struct fleet fleet;
    double goal; /* peak by mean; and no token lost for nothing.  0: no goal */
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

struct measures {
    double mean;          /* renewals a second, before anything happens */
    double peak, peak_10; /* in one second, in ten; when it has happened */
    double down;          /* the peak while the provider is away */
    double others;        /* the peak with logins and revocations */
    int64_t most, all;    /* until 99 % and all have a token again */
    int64_t calm;         /* until ten seconds have 1.5 times the mean */
    bool met;
};

/* What a day of that scenario says. */
void scenario_measure(const struct scenario *scenario,
                      const struct fleet_day *day, struct measures *out);

#endif
