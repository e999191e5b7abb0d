/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_CALLER_H
#define EXCHANGE_CALLER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/message.h"
#include "common/secret.h"

/* Who started us: the module or the helper, at the other ends of two pipes. */
struct caller {
    int in;
    int out;
    struct secret buf; /* read, but not yet a message */
};

/*
 * Wait for a message of that kind.  0, -EBADMSG when another one comes,
 * -ENODATA when the caller is gone, or another negative errno.
 */
int caller_expect(struct caller *caller, enum kind kind,
                  struct message *out) MUST_CHECK;

/* Send a question and wait for its answer.  As above, and -EPIPE. */
int caller_ask(struct caller *caller, const struct message *question,
               enum kind kind, struct message *answer) MUST_CHECK;

/*
 * Let seconds pass while the caller has nothing to say.  0, -ENODATA as soon as
 * it is gone, -EBADMSG when it does say something, or another negative errno.
 */
int caller_sleep(struct caller *caller, int64_t seconds) MUST_CHECK;

/* What it has of the tokens that it was given. */
enum caller_has {
    CALLER_HAS_NOTHING,
    CALLER_HAS_REFRESH, /* the refresh token, or there was no new one */
    CALLER_HAS_ALL
};

/*
 * Wait until it says that they are stored, or anything else, or is gone.  In
 * steps: it may say of the refresh token first, once, that this one is.
 */
enum caller_has caller_stored(struct caller *caller, bool in_steps);

void caller_clear(struct caller *caller);

#endif
