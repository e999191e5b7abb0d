/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_PROBLEM_H
#define EXCHANGE_PROBLEM_H

#include <stdint.h>

#include "common/attr.h"
#include "common/outcome.h"

/*
 * Why an exchange did not end well, in words.  Functions that fill one return
 * -EPROTO; any other negative errno means that this system failed (no memory,
 * the caller is gone), and then it says nothing.
 */
struct problem {
    enum outcome outcome;
    char reason[1024];   /* for the log; "" when there is nothing to say */
    char notice[256];    /* for the user; likewise */
    int64_t retry_after; /* seconds, 0 when the provider did not say */
};

/*
 * Set outcome and reason.  Whatever the arguments contain, the reason is one
 * line of printable ASCII; a secret they may not contain.  Returns -EPROTO, so
 * that a caller can say "return problem_set(…)".
 */
int problem_set(struct problem *problem, enum outcome outcome,
                const char *format, ...) PRINTF(3, 4);

/* Set what the user is told, cleaned in the same way. */
void problem_notice(struct problem *problem, const char *format, ...)
    PRINTF(2, 3);

#endif
