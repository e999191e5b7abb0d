/* SPDX-License-Identifier: MIT */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include <stddef.h>

#include "common/attr.h"
#include "common/secret.h"

/* Whoever may read it, nobody but root may write it. */
enum file_kind {
    FILE_CONFIG, /* others may read it; at most 64 KiB */
    FILE_SECRET, /* private; at most 16 KiB */
    FILE_MAP     /* others may read it; at most 192 KiB */
};

/*
 * Read a file that root trusts: a regular file of root's (not a link to one)
 * that nobody else may write; a private one may not be read by others either, and
 * none may be larger than its kind.
 * It is checked on the descriptor, before reading.  Returns 0 or a negative
 * errno, and then *why says what is wrong and what is expected.  The caller
 * clears *out.
 */
int file_read(const char *path, enum file_kind kind, struct secret *out,
              const char **why) MUST_CHECK;

#endif
