/* SPDX-License-Identifier: MIT */
#ifndef HELPER_RENEWAL_H
#define HELPER_RENEWAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/message.h"
#include "common/outcome.h"
#include "common/status.h"

/* What a renewal, or the failure of one, means for the session. */
struct verdict {
    enum outcome outcome;
    int64_t retry_after; /* seconds, or 0 */
    char reason[256];    /* one line, "" after success */
};

/* Pure: what a RESULT says.  One without a known outcome is ambiguous. */
void verdict_from_result(const struct message *result, struct verdict *out);

/* Pure: a failure of our own.  */
void verdict_from_errno(int r, struct verdict *out);

/*
 * When the tokens of a RESULT end, by our clock: it counts from when we asked.
 * Times that are absent are 0.
 */
struct renewal_times {
    int64_t expires_at;
    int64_t id_expires_at;
    int64_t refresh_expires_at;
};

/*
 * Pure: 0, or -EBADMSG for a RESULT without the times that it must have.  The
 * exchange has looked at the clock as well, but whatever has set it meanwhile,
 * a lifetime is a lifetime.
 */
int renewal_times_get(const struct message *result, int64_t asked_at,
                      struct renewal_times *out) MUST_CHECK;

/*
 * Pure: the status while a renewal is under way, written before it is sent: if
 * nobody is there to take the answer, the next helper knows that one is
 * missing.  Returns whether one was missing before: then this is the same
 * request once more.
 */
bool renewal_begin(struct status *status, int64_t now);

/*
 * Pure: the status after it; renew_at and renew_reason are the caller's to set.
 * times are those of a RESULT, after success.  replay is what renewal_begin()
 * said.
 */
void verdict_apply(const struct verdict *verdict, bool replay,
                   const struct renewal_times *times, struct status *status);

/*
 * Pure: set or clear the warning that the provider ends the grant soon: before
 * the next renewal, or within an hour if renewals do not put it off.  before is
 * what renewal_refresh_lifetime() was before the last one.
 */
void renewal_warn(struct status *status, int64_t now, int64_t before);

/* Pure: of the refresh token, from when it was asked for; 0: not known. */
int64_t renewal_refresh_lifetime(const struct status *status);

#endif
