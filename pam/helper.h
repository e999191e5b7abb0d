/* SPDX-License-Identifier: MIT */
#ifndef PAM_HELPER_H
#define PAM_HELPER_H

#include <sys/types.h>

#include <keyutils.h>

#include "common/attr.h"

/*
 * Start oidc-session-helper for the tokens in a hand-off keyring.  It gets
 * links to the keyring `oidc` (0: none), the access token, the refresh token
 * and the settings, all of which must be protected for its group already, and a
 * pidfd of this process.  Without a keyring `oidc` it ends the tokens at once.
 *
 * Returns 0 once it runs, with a pidfd of it; otherwise a negative errno, and
 * nothing runs.  The caller closes *pidfd.
 */
int helper_start(const char *user, uid_t uid, gid_t gid, key_serial_t ring,
                 key_serial_t tokens, int *pidfd) MUST_CHECK;

/*
 * Ask it to end the session's tokens.  0, or -ESRCH when it is dead.
 */
int helper_end(int pidfd) MUST_CHECK;

#endif
