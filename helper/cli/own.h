/* SPDX-License-Identifier: MIT */
#ifndef CLI_OWN_H
#define CLI_OWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <keyutils.h>

#include "common/attr.h"
#include "common/keyring.h"
#include "common/message.h"
#include "helper/cli/anchor.h"

/* What to do about -EDQUOT. */
#define OWN_QUOTA_TEXT                                                         \
    "your key quota is used up (/proc/key-users): end what else uses it, or"   \
    " ask your administrator to raise the sysctls kernel.keys.maxkeys and"     \
    " kernel.keys.maxbytes; nothing is stored"

/*
 * Tokens of a user's own: what the module does as root, done by the user.  The
 * keys are the user's and charged to the user's quota; the layout is that of
 * common/keyring.h.
 */
struct own {
    key_serial_t session; /* the keyring of the login session */
    key_serial_t ring;    /* the keyring `oidc` */
    key_serial_t access_token;
};

/*
 * Pure: whether a session keyring is one for this user's tokens.  Without
 * pam_keyinit it may be the caller's (su), or the one that all processes of a
 * uid share.
 */
bool own_is_possible(const struct key_info *session, uid_t uid);

/*
 * Store what a RESULT brought, at this Unix time, in a new session keyring of
 * this process: that of the helper.  out->session is the one before, which is
 * still possessed.  0; -EDQUOT or another negative errno with nothing stored.
 */
int own_store(key_serial_t session, const struct message *result, int64_t now,
              struct own *out) MUST_CHECK;

/*
 * Start the helper with that session keyring, and link the keyring `oidc` into
 * the session's, in the place of another one.  0 and a pidfd of the helper,
 * which the caller closes; or a negative errno, and nothing runs or is left.
 */
int own_start(const struct own *own, const char *user,
              const struct anchor *anchor, int *pidfd) MUST_CHECK;

/* Revoke all of it.  For what the helper does not have yet. */
void own_revoke(const struct own *own);

#endif
