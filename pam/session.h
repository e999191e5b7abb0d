/* SPDX-License-Identifier: MIT */
#ifndef PAM_SESSION_H
#define PAM_SESSION_H

#include <pwd.h>
#include <stdbool.h>
#include <sys/types.h>

#include <keyutils.h>

#include "common/attr.h"
#include "pam/helper.h"
#include "pam/log.h"
#include "pam/system_user.h"

/*
 * Whose tokens they are.  It goes with them in PAM data, because nothing can be
 * looked up in the cleanup of that.
 */
struct owner {
    char name[64]; /* cut, if need be: it is only shown */
    uid_t uid;
    gid_t gid;
    struct system_user system;
    pid_t process; /* the one that was given the tokens; not a fork of it */
};

/* 0, or -EINVAL without a system user, which is logged. */
int owner_get(const struct context *ctx, const struct passwd *pw,
              struct owner *out) MUST_CHECK;

/* The helper of their session; the name is the owner's. */
struct helper_user owner_helper(const struct owner *owner,
                                key_serial_t session);

/*
 * The session's tokens, as the login program holds them.  Serials, and a pidfd:
 * nothing secret.
 */
struct session {
    struct owner owner;
    key_serial_t ring;    /* the hand-off keyring with all keys, in @p */
    key_serial_t tokens;  /* the keyring `oidc` */
    key_serial_t keyring; /* the session's, into which that is linked */
    struct helper helper;
};

/*
 * Take the hand-off keyring of this login, give the session its keyring, start
 * the helper, export OIDC_ACCESS_TOKEN_KEY.  Returns 0, or a negative errno
 * with nothing left behind.
 */
int session_open(const struct context *ctx, const struct owner *owner,
                 key_serial_t ring, struct session *out) MUST_CHECK;

/*
 * When this returns, no token of the session is readable and nothing can put
 * one back.  The helper revokes them at the provider in the background; if it is
 * dead, another one does, unless there is no token left.
 */
void session_close(const struct context *ctx, struct session *session);

/*
 * 0 when its helper lives, and then it goes on if a user has stopped it.  That
 * the application has closed our descriptor does not mean that it is dead: only
 * one may use the refresh token.  -ESRCH when it is, or another negative errno
 * when nobody says.
 */
int session_find_helper(struct session *session) MUST_CHECK;

/* Start its helper again, when that has died.  0 or a negative errno. */
int session_restart(struct session *session) MUST_CHECK;

/* End the hand-off of a login that no session takes, unless one has. */
void session_discard(const struct context *ctx, const struct owner *owner,
                     key_serial_t ring);

#endif
