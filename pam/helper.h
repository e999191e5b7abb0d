/* SPDX-License-Identifier: MIT */
#ifndef PAM_HELPER_H
#define PAM_HELPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <keyutils.h>

#include "common/attr.h"

/*
 * Start oidc-session-helper for the tokens in a hand-off keyring.  It gets
 * links to the keyring `oidc` (0: none), the access token, the refresh token
 * and the settings, all of which must be protected for its group already, and a
 * pidfd of this process.  Without a keyring `oidc` it ends the tokens at once.
 *
 * Returns 0 once it runs; otherwise a negative errno, and it never begins.
 */
struct helper {
    int pidfd; /* -1: none */
    pid_t pid;
};

#define HELPER_NONE                                                            \
    {                                                                          \
        .pidfd = -1                                                            \
    }

struct helper_user {
    const char *name; /* for its log lines */
    uid_t uid;
    gid_t gid;            /* the keys' */
    key_serial_t session; /* the session's keyring, its second argument; or 0 */
};

int helper_start(const struct helper_user *user, key_serial_t ring,
                 key_serial_t tokens, struct helper *out) MUST_CHECK;

/*
 * Ask it to end the session's tokens.  0, or -ESRCH when it is dead, or when
 * the application has closed our descriptor, and so nobody knows.
 */
int helper_end(const struct helper *helper) MUST_CHECK;

/*
 * Ask it to renew now; or only to go on, if a user has stopped it.  0, or
 * -ESRCH likewise.
 */
int helper_renew(const struct helper *helper) MUST_CHECK;
int helper_continue(const struct helper *helper) MUST_CHECK;

/*
 * The helper that has this process ID and was started like this.  0; -ESRCH when
 * there is no such process, or it is another one; or a negative errno when
 * nobody says.
 */
int helper_find(int64_t pid, const struct helper_user *user,
                struct helper *out) MUST_CHECK;

/* Close the descriptor, if it is still ours.  Right a second time. */
void helper_forget(struct helper *helper);

#endif
