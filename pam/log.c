/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include <security/pam_ext.h>

#include "common/text.h"
#include "pam/log.h"

#define LINE_SIZE 1024
#define NAME_SIZE 64

void
log_line(const struct context *ctx, int priority, const char *format, ...)
{
    char line[LINE_SIZE], clean[LINE_SIZE], name[NAME_SIZE];
    va_list args;

    if (priority == LOG_DEBUG && !ctx->debug)
        return;
    va_start(args, format);
    (void) vsnprintf(line, sizeof(line), format, args); /* cut if too long */
    va_end(args);
    /* The exchange, which listens to strangers, wrote parts of it; and a name
     * that nobody has authenticated yet may be anything. */
    text_clean(line, clean, sizeof(clean));
    text_clean(ctx->user, name, sizeof(name));
    pam_syslog(ctx->pamh, priority, "user %s: %s", name, clean);
}

void
log_user(const struct context *ctx, const char *format, ...)
{
    char line[LINE_SIZE], clean[LINE_SIZE];
    va_list args;

    if (ctx->silent)
        return;
    va_start(args, format);
    (void) vsnprintf(line, sizeof(line), format, args); /* cut if too long */
    va_end(args);
    text_clean(line, clean, sizeof(clean));
    /* A user who cannot be told is no reason to fail: the log has it. */
    (void) pam_info(ctx->pamh, "%s", clean);
}
