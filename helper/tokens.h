/* SPDX-License-Identifier: MIT */
#ifndef HELPER_TOKENS_H
#define HELPER_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include <keyutils.h>

#include "common/attr.h"
#include "common/message.h"
#include "common/status.h"
#include "helper/renewal.h"

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
    bool own;          /* it is the user's, not root's: oidc-session login */
    key_serial_t key[SESSION_KEY_COUNT];
    /* In the helper's own keyring; 0 until they are first read. */
    key_serial_t settings, refresh;
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
int tokens_request(struct tokens *tokens, struct message *out) MUST_CHECK;

/*
 * Store the refresh token that a renewal brought, if it brought one: before the
 * access token is published, so that the next renewal works whatever happens
 * between.  0, or a negative errno with the old one intact.
 */
int tokens_store_refresh(struct tokens *tokens,
                         const struct message *result) MUST_CHECK;

/*
 * Publish the rest, which ends at these times, now being a Unix time.  0;
 * -EKEYREVOKED when the session is over; -EDQUOT; or another negative errno.
 */
int tokens_publish(struct tokens *tokens, const struct message *result,
                   const struct renewal_times *times, int64_t now) MUST_CHECK;

/*
 * The clock was set: let the keys end when the tokens end, by the new one.  0;
 * -EKEYEXPIRED when the access token has expired by the new clock, and with its
 * key is out of reach; -EKEYREVOKED when the session is over; or another
 * negative errno.
 */
int tokens_retime(struct tokens *tokens, const struct renewal_times *times,
                  int64_t now) MUST_CHECK;

/*
 * Bring the key of an expired access token back to life, for a second and with
 * nothing in it, so that the kernel does not collect it: a session knows its
 * serial.  A failure costs no more than that.  One that has not expired is left
 * alone.
 */
void tokens_keep(struct tokens *tokens);

/*
 * Whether the keyring of the session is still there for the session, as far as
 * we may know: 0 is none to ask for.  Without it nobody reads the tokens.
 */
bool tokens_session_lives(key_serial_t session);

/*
 * The request to revoke at the provider, as far as the tokens are still there.
 * The caller clears *out.  Returns 0, or a negative errno when something of it
 * cannot be read, although it is there.  Without the settings it is no request.
 */
int tokens_revocation(struct tokens *tokens, struct message *out) MUST_CHECK;

/* The grant is over: remove the tokens, leave the status for the user. */
void tokens_remove(const struct tokens *tokens);

/* The session is over: revoke all keys. */
void tokens_end(const struct tokens *tokens);

#endif
