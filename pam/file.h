/* SPDX-License-Identifier: MIT */
#ifndef PAM_FILE_H
#define PAM_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/secret.h"

#define FILE_MAX (64U * 1024)

/*
 * Read a file that root trusts: a regular file of root's (not a link to one)
 * that nobody else may write; a private one may not be read by others either.
 * It is checked on the descriptor, before reading.  Returns 0 or a negative
 * errno, and then *why says what is wrong and what is expected.  The caller
 * clears *out.
 */
int file_read(const char *path, bool is_private, struct secret *out,
              const char **why) MUST_CHECK;

#endif
