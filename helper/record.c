/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdarg.h>
#include <syslog.h>
#include <unistd.h>

#include "helper/record.h"

void
record(const struct helper *helper, enum logged event, int priority,
       const char *format, ...)
{
    /* One that has no session has only to revoke, as the system user. */
    const struct logline line = {
        .user = helper->user,
        .event = event,
        .session = helper->session,
        .uid = helper->session != 0 ? getuid() : NO_UID,
    };
    char text[LOGLINE_SIZE];
    va_list args;

    va_start(args, format);
    logline_format(&line, format, args, text);
    va_end(args);
    syslog(priority, "%s", text);
}
