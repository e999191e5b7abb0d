/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>

#include "helper/cli/report.h"

void
report(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void) fputs("oidc-session: ", stderr);
    (void) vfprintf(stderr, format, args);
    (void) fputc('\n', stderr);
    va_end(args);
}
