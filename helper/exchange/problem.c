/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/text.h"
#include "helper/exchange/problem.h"

#define RAW_MAX 2048

static void PRINTF(3, 0)
    write_clean(char *out, size_t size, const char *format, va_list args)
{
    char raw[RAW_MAX];

    if (vsnprintf(raw, sizeof(raw), format, args) < 0)
        raw[0] = '\0';
    (void) text_clean(raw, out, size); /* returns out */
}

int
problem_set(struct problem *problem, enum outcome outcome, const char *format,
            ...)
{
    va_list args;

    problem->outcome = outcome;
    va_start(args, format);
    write_clean(problem->reason, sizeof(problem->reason), format, args);
    va_end(args);
    return -EPROTO;
}

void
problem_notice(struct problem *problem, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_clean(problem->notice, sizeof(problem->notice), format, args);
    va_end(args);
}
