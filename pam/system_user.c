/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <syslog.h>

#include <security/pam_modutil.h>

#include "pam/system_user.h"

int
system_user_get(const struct context *ctx, struct system_user *out)
{
    const struct passwd *pw = pam_modutil_getpwnam(ctx->pamh, OIDC_USER);
    const struct group *gr = pam_modutil_getgrnam(ctx->pamh, OIDC_USER);

    if (pw == NULL || gr == NULL || pw->pw_uid == 0 || gr->gr_gid == 0) {
        log_line(ctx, LOGGED_MISCONFIGURED, LOG_ERR,
                 "the system user and group %s do not exist;"
                 " run systemd-sysusers",
                 OIDC_USER);
        return -EINVAL;
    }
    *out = (struct system_user){.uid = pw->pw_uid, .gid = gr->gr_gid};
    return 0;
}
