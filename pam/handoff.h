/* SPDX-License-Identifier: MIT */
#ifndef PAM_HANDOFF_H
#define PAM_HANDOFF_H

#include <stdbool.h>
#include <sys/types.h>

#include <keyutils.h>

#include "common/attr.h"
#include "common/message.h"
#include "pam/log.h"

/*
 * From authentication to session.  sshd authenticates in a child whose PAM data
 * and process keyring are lost; only PAM environment variables come back.  So
 * the tokens wait in a keyring `oidc-handoff:UID:RANDOM`, root's and readable
 * by nobody else, linked into root's user keyring, in keys that time out after
 * two minutes.  Its serial travels in the PAM variable below.
 *
 * The keys have the names and payloads of common/keyring.h, so that the session
 * adopts them instead of copying secrets through this process.
 */
#define HANDOFF_VARIABLE "OIDC_SESSION_HANDOFF"

/*
 * Store what a RESULT brought, and export the variable.  Nothing is left behind
 * after an error.  0, -EDQUOT or another negative errno.
 */
int handoff_make(const struct context *ctx, uid_t uid,
                 const struct message *result, key_serial_t *out) MUST_CHECK;

/*
 * Read the variable, and unset it.  Anybody may have set it.  0; -ENODATA when
 * there is none; -EKEYREJECTED when it names anything but a hand-off for this
 * uid; -ENOKEY when that is gone.
 */
int handoff_find(const struct context *ctx, uid_t uid,
                 key_serial_t *out) MUST_CHECK;

/*
 * The same without unsetting it, and whether its access token is still there.
 * ring: the one that this handle knows, or 0 for the variable's.
 */
int handoff_look(const struct context *ctx, uid_t uid,
                 key_serial_t ring) MUST_CHECK;

/* Unset the variable, if it is set: it must not reach the user's
 * environment. */
void handoff_forget(pam_handle_t *pamh);

/*
 * Take such a keyring out of root's user keyring and into this process's.  It
 * is then the caller's to revoke, and its keys still time out.  0, or -ENOKEY
 * when it timed out or somebody else took it.
 */
int handoff_take(key_serial_t ring) MUST_CHECK;

/* Pure: whether a keyring is such a hand-off. */
struct key_info;
bool handoff_is_for(const struct key_info *info, uid_t uid);

/* Revoke every key in a hand-off keyring, then the keyring, and forget it. */
void handoff_revoke(key_serial_t ring);

#endif
