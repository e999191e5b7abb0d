/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include <security/pam_ext.h>

#include "common/text.h"
#include "pam/log.h"

#define NOTE_SIZE 1024

void
log_line(const struct context *ctx, enum logged event, int priority,
         const char *format, ...)
{
    const struct logline line = {.user = ctx->user,
                                 .event = event,
                                 .session = ctx->session,
                                 .uid = ctx->uid};
    char text[LOGLINE_SIZE];
    va_list args;

    if (priority == LOG_DEBUG && !ctx->debug)
        return;
    va_start(args, format);
    logline_format(&line, format, args, text);
    va_end(args);
    pam_syslog(ctx->pamh, priority, "%s", text);
}

void
log_user(const struct context *ctx, const char *format, ...)
{
    char note[NOTE_SIZE], clean[NOTE_SIZE];
    va_list args;

    if (ctx->silent)
        return;
    va_start(args, format);
    (void) vsnprintf(note, sizeof(note), format, args); /* cut if too long */
    va_end(args);
    text_clean(note, clean, sizeof(clean));
    /* A user who cannot be told is no reason to fail: the log has it. */
    (void) pam_info(ctx->pamh, "%s", clean);
}
