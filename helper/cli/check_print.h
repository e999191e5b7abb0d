/* SPDX-License-Identifier: MIT */
#ifndef CLI_CHECK_PRINT_H
#define CLI_CHECK_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "common/finding.h"

/* In columns, with the advice below; the levels in colour if that is wished. */
void check_print_text(const struct findings *findings, bool colour, FILE *file);

/* As one JSON object, which oidc-session(1) describes. */
void check_print_json(const struct findings *findings, FILE *file);

/* The worst level that there is; skipped counts as ok. */
enum level check_worst(const struct findings *findings);

#endif
