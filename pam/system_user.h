/* SPDX-License-Identifier: MIT */
#ifndef PAM_SYSTEM_USER_H
#define PAM_SYSTEM_USER_H

#include <sys/types.h>

#include "common/attr.h"
#include "common/process.h"
#include "pam/log.h"

/* The system user of the exchange, and the group that may write the keys. */
struct system_user {
    uid_t uid;
    gid_t gid;
};

/*
 * Look it up.  0, or -EINVAL when it does not exist, which is logged.  Not from
 * a cleanup of PAM data: there, pam_modutil_getpwnam() does not return.
 */
int system_user_get(const struct context *ctx,
                    struct system_user *out) MUST_CHECK;

#endif
