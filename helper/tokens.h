/* SPDX-License-Identifier: MIT */
#ifndef HELPER_TOKENS_H
#define HELPER_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include <keyutils.h>

#include "common/attr.h"
#include "common/message.h"
#include "common/status.h"

/* The keys in the keyring `oidc`. */
enum session_key {
    SESSION_ACCESS_TOKEN,
    SESSION_ID_TOKEN,
    SESSION_EXPIRES_AT,
    SESSION_STATUS,
    SESSION_KEY_COUNT
};

/*
 * The session's tokens as the helper sees them, through its own session
 * keyring; the layout is in common/keyring.h.  Nothing is kept here but
 * serials, 0 for what is not there.
 */
struct tokens {
    key_serial_t ring; /* the keyring `oidc` */
    key_serial_t key[SESSION_KEY_COUNT];
};

/*
 * Find them.  0; -EKEYREVOKED without a keyring `oidc`: the session is over
 * already; or another negative errno when the kernel does not tell.
 */
int tokens_find(struct tokens *out) MUST_CHECK;

/*
 * expires_at and status; 0 and empty when the user destroyed their keys.
 * 0, -EKEYREVOKED when the session is over, or another negative errno.
 */
int tokens_times(const struct tokens *tokens, int64_t *expires_at,
                 struct status *status) MUST_CHECK;

/* 0, -EKEYREVOKED when the session is over, or another negative errno. */
int tokens_put_status(struct tokens *tokens,
                      const struct status *status) MUST_CHECK;

/*
 * The request for a renewal.  0; -ENOKEY when there is no refresh token;
 * -EKEYREVOKED when the session is over; or another negative errno.  The caller
 * clears *out.
 */
int tokens_request(struct message *out) MUST_CHECK;

/*
 * Store what a renewal brought: the refresh token before the access token is
 * published, so that the next renewal works whatever happens between.  0;
 * -EKEYREVOKED when the session is over; -EDQUOT; or another negative errno.
 * *kept says whether, whatever is returned, what was stored is now needed.
 */
int tokens_store(struct tokens *tokens, const struct message *result,
                 bool *kept) MUST_CHECK;

/* The grant is over: remove the tokens, leave the status for the user. */
void tokens_remove(const struct tokens *tokens);

/*
 * The session is over: revoke all keys, and make of them the request to revoke
 * at the provider, as far as they were still there.  The caller clears *out.
 * Returns 0, or a negative errno when something of it cannot be read, although
 * it is there.  Without the settings it is no request.
 */
int tokens_take(const struct tokens *tokens, struct message *out) MUST_CHECK;

#endif
