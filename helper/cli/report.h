/* SPDX-License-Identifier: MIT */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "common/attr.h"

/*
 * Why a command failed: one line "oidc-session: …" on standard error.  The text
 * says what happened and what to do, has no secret in it, and whatever somebody
 * else wrote has been through text_clean().
 */
void report(const char *format, ...) PRINTF(1, 2);

#endif
