/* SPDX-License-Identifier: MIT */
#ifndef HELPER_RENEWAL_H
#define HELPER_RENEWAL_H

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
 * Pure: the status after it; renew_at is the caller's to set.  now and
 * renewed_at (when the present token was asked for) are Unix time in seconds.
 */
void verdict_apply(const struct verdict *verdict, int64_t renewed_at,
                   struct status *status);

#endif
