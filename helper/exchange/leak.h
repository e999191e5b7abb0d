/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_LEAK_H
#define EXCHANGE_LEAK_H

#include <stdbool.h>

#include "common/secret.h"

/* So much of a secret is enough to be called a leak of it. */
#define LEAK_RUN 12U

/* Less than this cannot be told from words, and is nobody's secret. */
#define LEAK_MIN 3U

/* No more than this of a text is looked at; less of it is shown. */
#define LEAK_TEXT_MAX 1024U

/*
 * Whether a text repeats a secret: LEAK_RUN of its bytes in a row, or all of a
 * shorter one; in either case of letters, forwards or backwards; as it is,
 * percent- or form-encoded, or in base64 or base64url, from any byte on; or in
 * two of these encodings, one around the other.  Also when there is no memory
 * to find out.  A secret of less than LEAK_MIN bytes is never repeated.
 */
bool leak_found(const struct secret *secret, const char *text);

#endif
