/* SPDX-License-Identifier: MIT */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include <getopt.h>
#include <stdint.h>

#include "common/attr.h"

/* What --help and errors of usage say, in the GNU way. */

/*
 * getopt_long(), whose messages begin with our name and not with the command's.
 * After '?' the command returns usage_hint(argv[0]).
 */
int usage_option(int argc, char **argv, const char *short_options,
                 const struct option *options);

/*
 * Say what is wrong, and then as usage_hint().  command is argv[0] of a command,
 * or NULL for none of them.
 */
int usage_error(const char *command, const char *format, ...) PRINTF(2, 3);

/* "Try 'oidc-session COMMAND --help' for more information."  COMMAND_USAGE. */
int usage_hint(const char *command);

/*
 * The argument of an option that takes a number of seconds, up to max.  0, or
 * COMMAND_USAGE after saying what is wrong.
 */
int usage_seconds(const char *command, const char *option, const char *text,
                  int64_t max, int64_t *out) MUST_CHECK;

#endif
