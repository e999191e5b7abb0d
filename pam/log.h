/* SPDX-License-Identifier: MIT */
#ifndef PAM_LOG_H
#define PAM_LOG_H

#include <stdbool.h>

#include <security/pam_modules.h>

#include "common/attr.h"

/*
 * What the module knows about this call.  Everything is borrowed: the user's
 * name from PAM, or "?" before it is known.
 */
struct context {
    pam_handle_t *pamh;
    const char *user;
    bool debug;
    bool silent; /* PAM_SILENT: say nothing to the user */
};

/* One line to syslog (authpriv) that names the user.  LOG_DEBUG: if asked
 * for. */
void log_line(const struct context *ctx, int priority, const char *format, ...)
    PRINTF(3, 4);

/* One line to the user, unless silent. */
void log_user(const struct context *ctx, const char *format, ...) PRINTF(2, 3);

#endif
