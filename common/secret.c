/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"

/* So that a token that comes in pieces is not copied for each of them. */
#define SECRET_STEP 256

int
secret_reserve(struct secret *s, size_t len)
{
    uint8_t *grown;
    size_t cap;

    if (len > SIZE_MAX / 4 || s->len > SIZE_MAX / 4)
        return -ENOMEM;
    if (s->cap > s->len + len)
        return 0;
    /* Not realloc(): it may move the bytes and leave the old copy. */
    cap = s->len + len + s->cap / 2 + SECRET_STEP;
    grown = malloc(cap);
    if (grown == NULL)
        return -ENOMEM;
    if (s->len > 0)
        memcpy(grown, s->data, s->len);
    if (s->data != NULL)
        explicit_bzero(s->data, s->cap);
    free(s->data);
    s->data = grown;
    s->cap = cap;
    s->data[s->len] = '\0';
    return 0;
}

int
secret_append(struct secret *s, const void *data, size_t len, size_t max)
{
    int r;

    if (s->len > max || len > max - s->len)
        return -EMSGSIZE;
    r = secret_reserve(s, len);
    if (r < 0)
        return r;
    if (len > 0)
        memcpy(s->data + s->len, data, len);
    s->len += len;
    s->data[s->len] = '\0';
    return 0;
}

int
secret_append_text(struct secret *s, const char *text, size_t max)
{
    return secret_append(s, text, strlen(text), max);
}

void
secret_consume(struct secret *s, size_t len)
{
    if (len >= s->len)
        len = s->len;
    if (len == 0)
        return;
    memmove(s->data, s->data + len, s->len - len);
    explicit_bzero(s->data + s->len - len, len);
    s->len -= len;
    s->data[s->len] = '\0';
}

const char *
secret_text(const struct secret *s)
{
    return s->data != NULL ? (const char *) s->data : "";
}

void
secret_clear(struct secret *s)
{
    if (s->data != NULL)
        explicit_bzero(s->data, s->cap);
    free(s->data);
    *s = (struct secret){0};
}
