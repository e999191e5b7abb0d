/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_FORM_H
#define EXCHANGE_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/secret.h"

/* The body of a request: application/x-www-form-urlencoded.  {0} is empty. */
struct form {
    struct secret body;
    const struct secret *hidden[8]; /* borrowed: what no message may repeat */
    size_t n_hidden;
};

/* Append bytes form-encoded: what is not unreserved (RFC 3986) as %XX. */
int form_encode(const void *data, size_t len, struct secret *out) MUST_CHECK;

/* Append name=value.  0, -EMSGSIZE or -ENOMEM, here and below. */
int form_add(struct form *form, const char *name, const char *value) MUST_CHECK;

/* The same, nothing for a value that is NULL. */
int form_add_optional(struct form *form, const char *name,
                      const char *value) MUST_CHECK;

/* The parameter once for each of the words, which a space separates. */
int form_add_words(struct form *form, const char *name,
                   const char *words) MUST_CHECK;

/* The same as form_add(), and form_hide(): value must outlive the form. */
int form_add_secret(struct form *form, const char *name,
                    const struct secret *value) MUST_CHECK;

/* Remember a secret that goes with the request in another way. */
void form_hide(struct form *form, const struct secret *secret);

/* Whether a text repeats a secret that was sent, as leak_found() sees it. */
bool form_leaks(const struct form *form, const char *text);

void form_clear(struct form *form);

#endif
