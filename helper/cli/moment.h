/* SPDX-License-Identifier: MIT */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include <stdint.h>

/* Times and durations for people and programs.  Each returns out. */

#define MOMENT_SIZE 48

/* Seconds as "54 min 3 s": two units, the second one left out when it is 0.
 * Less than 0 is 0. */
char *moment_duration(int64_t seconds, char out[MOMENT_SIZE]);

/* A Unix time, seen from now: "in 54 min 3 s", "2 min ago", "now". */
char *moment_from(int64_t at, int64_t now, char out[MOMENT_SIZE]);

/* A Unix time by the user's clock: "2026-11-26 03:12:44 CET". */
char *moment_local(int64_t at, char out[MOMENT_SIZE]);

/* A Unix time as of RFC 3339, in UTC: "2026-11-26T02:12:44Z". */
char *moment_rfc3339(int64_t at, char out[MOMENT_SIZE]);

#endif
