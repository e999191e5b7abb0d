/* SPDX-License-Identifier: MIT */
#ifndef CLI_DEMAND_H
#define CLI_DEMAND_H

#include "common/attr.h"
#include "helper/cli/session.h"

/* How long to wait for a renewal unless told otherwise, and at most. */
#define DEMAND_SECONDS     30
#define DEMAND_SECONDS_MAX 3600

/* A renewal that the user asks for, and what came of it. */
enum demand {
    DEMAND_PENDING, /* asked for, not over yet */
    DEMAND_RENEWED,
    DEMAND_FAILED,         /* the helper tries again by itself */
    DEMAND_LOGIN_REQUIRED, /* the grant is over */
    DEMAND_MUST_WAIT,      /* the provider asked to wait: nothing was sent */
    DEMAND_LAST_TOKEN,     /* there is no refresh token: nothing was sent */
};

/* Pure: whether the helper would renew, if it were asked now: DEMAND_PENDING; or
 * why not. */
enum demand demand_before(const struct status *status, int64_t now);

/* Pure: what has become of it, by the status before and after. */
enum demand demand_after(const struct status *before,
                         const struct status *after);

/*
 * Ask the helper to renew, and wait until that has an end, at most so many
 * seconds; *session is read anew.  0 with an end in *out; -ETIMEDOUT; -ENOKEY
 * when the tokens were removed meanwhile; or an error of resident_find().
 */
int demand_renewal(struct session *session, int64_t seconds,
                   enum demand *out) MUST_CHECK;

/*
 * Say why demand_renewal() did not renew, and what to do.  r is what it
 * returned.  Returns the exit status for it.
 */
int demand_report(int r, enum demand demand, const struct session *session);

#endif
