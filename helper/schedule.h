/* SPDX-License-Identifier: MIT */
#ifndef HELPER_SCHEDULE_H
#define HELPER_SCHEDULE_H

#include <stdint.h>

#include "common/margin.h"
#include "common/outcome.h"

/*
 * When to renew.  Pure: the clock and the dice come in, an instant goes out.
 * All times are Unix time in seconds, all durations seconds, 64 bits wide.
 */
struct schedule {
    int64_t now;
    int64_t expires_at;
    int64_t lifetime; /* from the request for the token to its expiry */
    struct margin before_expiry;
    enum outcome outcome; /* of the last renewal; ok at the beginning */
    int64_t failures;     /* in a row, that one included */
    int64_t retry_after;  /* what the provider asked for, or 0 */
    uint32_t random;      /* any number */
};

/*
 * Never before now + 1.
 *
 * After success: before_expiry seconds before the token expires, a little
 * earlier by chance so that a fleet does not renew in step: by up to half the
 * margin. "auto" is a tenth of the lifetime, at most 300 s, but at least 30 s
 * or a third of the lifetime, whichever is less.  A margin is never more than
 * nine tenths of the lifetime.  before_expiry = 0 is exactly at expiry.
 *
 * After a failure: a random time up to 5 s, doubled with each failure in a row,
 * up to 300 s; after a lost answer first in 1 s; 300 to 600 s when an
 * administrator must act.  Never before retry_after, of which an hour counts.
 */
int64_t schedule_next(const struct schedule *in);

#endif
