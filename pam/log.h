/* SPDX-License-Identifier: MIT */
#ifndef PAM_LOG_H
#define PAM_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include <security/pam_modules.h>

#include "common/attr.h"
#include "common/logline.h"

/*
 * What the module knows about this call.  Everything is borrowed: the user's
 * name from PAM, or "?" before it is known.
 */
struct context {
    pam_handle_t *pamh;
    const char *user;
    uid_t uid;       /* the user's; NO_UID before it is known */
    int32_t session; /* the session's keyring; 0 before there is one */
    bool debug;
    bool silent; /* PAM_SILENT: say nothing to the user */
};

/* One line of common/logline.h to syslog (authpriv); LOG_DEBUG if asked for. */
void log_line(const struct context *ctx, enum logged event, int priority,
              const char *format, ...) PRINTF(4, 5);

/* One line to the user, unless silent. */
void log_user(const struct context *ctx, const char *format, ...) PRINTF(2, 3);

#endif
