/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/number.h"
#include "helper/cli/command.h"
#include "helper/cli/usage.h"

static char program[] = "oidc-session";

int
usage_option(int argc, char **argv, const char *short_options,
             const struct option *options)
{
    char *command = argv[0];
    int option;

    argv[0] = program; /* what its messages begin with */
    option = getopt_long(argc, argv, short_options, options, NULL);
    argv[0] = command;
    return option;
}

int
usage_hint(const char *command)
{
    (void) fprintf(stderr, "Try '%s%s%s --help' for more information.\n",
                   program, command != NULL ? " " : "",
                   command != NULL ? command : "");
    return COMMAND_USAGE;
}

int
usage_error(const char *command, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void) fprintf(stderr, "%s: ", program);
    (void) vfprintf(stderr, format, args);
    (void) fputc('\n', stderr);
    va_end(args);
    return usage_hint(command);
}

int
usage_seconds(const char *command, const char *option, const char *text,
              int64_t max, int64_t *out)
{
    if (number_parse(text, max, out) == 0)
        return 0;
    return usage_error(command,
                       "'%s' needs a number of seconds from 0 to %" PRId64,
                       option, max);
}
