/* SPDX-License-Identifier: MIT */
#ifndef PAM_SESSION_H
#define PAM_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include <keyutils.h>

#include "common/attr.h"
#include "pam/log.h"

/*
 * The session's tokens, as the login program holds them.  Serials, and a pidfd:
 * nothing secret.
 */
struct session {
    key_serial_t ring;   /* the hand-off keyring with all keys, in @p */
    key_serial_t tokens; /* the keyring `oidc` */
    int helper;          /* pidfd of the helper */
    pid_t owner;         /* the process that opened it */
    uid_t uid;
    gid_t gid;
};

/*
 * Take the hand-off of this login, give the session its keyring, start the
 * helper, export OIDC_ACCESS_TOKEN_KEY.  Returns 0; -ENODATA when this login
 * has no tokens; -EIO after an error, which it has logged, with nothing left
 * behind.
 */
int session_open(const struct context *ctx, uid_t uid, gid_t gid,
                 struct session *out) MUST_CHECK;

/*
 * When this returns, no token of the session is readable and nothing can put
 * one back.  The helper revokes them at the provider in the background.
 */
void session_close(const struct context *ctx, struct session *session);

/* End the hand-off of a login that was refused after all. */
void session_discard(const struct context *ctx, uid_t uid);

#endif
