/* SPDX-License-Identifier: MIT */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/attr.h"

/*
 * Bytes that nobody else may see: tokens, codes, passwords, and whatever
 * contains them.  {0} is empty.  data is NULL when cap is 0; it always has a
 * NUL behind the last byte once anything was appended, which len does not
 * count.
 */
struct secret {
    uint8_t *data;
    size_t len;
    size_t cap;
};

/*
 * Append len bytes; the result may not exceed max.  Growing never leaves a copy
 * behind.  Returns 0, -EMSGSIZE or -ENOMEM; *s is unchanged after an error.
 */
int secret_append(struct secret *s, const void *data, size_t len,
                  size_t max) MUST_CHECK;

/* The same for a NUL-terminated text. */
int secret_append_text(struct secret *s, const char *text,
                       size_t max) MUST_CHECK;

/* Room for len more bytes behind data + len, and the NUL.  0 or -ENOMEM. */
int secret_reserve(struct secret *s, size_t len) MUST_CHECK;

/* Remove the first len bytes (at most all of them). */
void secret_consume(struct secret *s, size_t len);

/* The text: "" for an empty secret.  It may contain a NUL of its own. */
const char *secret_text(const struct secret *s);

/* Wipe and free.  Right for {0} and a second time. */
void secret_clear(struct secret *s);

#endif
