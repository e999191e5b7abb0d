/* SPDX-License-Identifier: MIT */
#ifndef HELPER_REQUEST_H
#define HELPER_REQUEST_H

#include "common/attr.h"
#include "common/message.h"
#include "common/secret.h"

/*
 * One exchange at work.  It is nobody's child and ends by itself; we only hold
 * its pipes.
 */
struct request {
    int to;   /* its standard input; -1 when there is none */
    int from; /* its standard output */
    struct secret buf;
};

#define REQUEST_NONE                                                           \
    {                                                                          \
        .to = -1, .from = -1                                                   \
    }

/*
 * Start oidc-session-exchange with a verb and send it a message.  0 or a
 * negative errno, and nothing runs.
 */
int request_start(struct request *request, const char *verb,
                  const struct message *message) MUST_CHECK;

/*
 * What poll() says is there.  1 with a RESULT in *out; 0 when more must be
 * read; -ENODATA when it went away; or another negative errno.  The caller
 * clears *out.
 */
int request_receive(struct request *request, struct message *out) MUST_CHECK;

/*
 * Say that the refresh token it brought is safe.  Whoever hangs up now has lost
 * nothing but an access token.
 */
void request_refresh_stored(struct request *request);

/*
 * Say that all it brought is safe.  An exchange that no longer listens does
 * not matter here: the next renewal shows what it did.
 */
void request_stored(struct request *request);

/*
 * Hang up.  Without request_stored() the exchange revokes what it obtains.
 */
void request_end(struct request *request);

#endif
