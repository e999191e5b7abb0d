/* SPDX-License-Identifier: MIT */
#ifndef PAM_REFRESH_H
#define PAM_REFRESH_H

#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/attr.h"
#include "common/keyring.h"
#include "common/status.h"
#include "pam/log.h"
#include "pam/session.h"

/*
 * "Renew now, if that helps": what pam_setcred() is for when somebody comes back
 * to a locked screen.
 */

enum refresh {
    REFRESH_NOTHING, /* nothing is due, or nothing helps but a new login */
    REFRESH_RENEW,   /* the helper shall renew now */
    REFRESH_RESTART, /* there is no helper any more, and another one can go on */
};

/*
 * Pure.  alive: there is a helper; renewable: and a refresh token that this
 * process can give to another one.
 */
enum refresh refresh_decide(const struct status *status, bool alive,
                            bool renewable, int64_t now);

/*
 * Pure: whether a key is of this module's making.  A user makes keys of any name,
 * but not root's.
 */
bool refresh_believes(const struct key_info *info, gid_t group);

/*
 * For the session that this process has opened.  A helper that died is started
 * again, one that was stopped goes on.  0, or a negative errno, which is not
 * logged.
 */
int refresh_own(const struct context *ctx, struct session *session) MUST_CHECK;

/*
 * For the session that this process is in: a screen locker's, say, with any
 * privilege or none.  It cannot start a helper again, for it has no refresh
 * token.  0, also when there is nothing to do, or a negative errno, which is not
 * logged.
 */
int refresh_around(const struct context *ctx,
                   const struct passwd *pw) MUST_CHECK;

#endif
