/* SPDX-License-Identifier: MIT */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stddef.h>

#include "common/attr.h"

/*
 * Copy text that somebody else wrote into out, fit for a terminal, a log line
 * or a name=value line: printable ASCII stays, every other byte becomes '?',
 * and what does not fit is cut and ends in "...".  size is that of out, at
 * least 4. Returns out.
 */
char *text_clean(const char *text, char *out, size_t size);

/* A copy, to be freed.  0 or -ENOMEM, and *out is unchanged. */
int text_copy(const char *text, char **out) MUST_CHECK;

#endif
