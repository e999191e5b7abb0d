/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_JWT_H
#define EXCHANGE_JWT_H

#include <stddef.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "common/secret.h"
#include "helper/exchange/problem.h"

/* Twice what a key of the kernel can hold. */
#define JWT_MAX ((size_t) 64 * 1024)

/* A compact JWS, taken apart.  {0} is empty. */
struct jwt {
    cJSON *header;
    cJSON *payload;
    size_t signed_len; /* so many bytes of the token are what was signed */
    struct secret signature;
};

/*
 * Take a compact JWS (RFC 7515 7.1) apart: three parts that are strict
 * base64url, the first two of them JSON objects without twins.  The signature
 * is not verified.  Returns 0, -EPROTO (OUTCOME_DENIED) for anything else, or
 * -ENOMEM.  The caller clears *out after success.
 */
int jwt_decode(const struct secret *token, struct jwt *out,
               struct problem *problem) MUST_CHECK;

void jwt_clear(struct jwt *jwt);

/*
 * Append what the text stands for (RFC 4648 5, without padding).  0, -EBADMSG
 * for any other character, a length that cannot be, or bits left over; -ENOMEM.
 */
int base64url_decode(const char *text, size_t len,
                     struct secret *out) MUST_CHECK;

#endif
