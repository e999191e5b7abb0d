/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_JWT_H
#define EXCHANGE_JWT_H

#include <stddef.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "common/secret.h"

/*
 * Take a compact JWS (RFC 7515 7.1) apart: three parts that are strict
 * base64url, the first two of them JSON objects.  The signature is not
 * verified. Returns 0, -EBADMSG for anything else, or -ENOMEM.  The caller ends
 * *header and *payload with cJSON_Delete().
 */
int jwt_decode(const struct secret *token, cJSON **header,
               cJSON **payload) MUST_CHECK;

/*
 * Append what the text stands for (RFC 4648 5, without padding).  0, -EBADMSG
 * for any other character, a length that cannot be, or bits left over; -ENOMEM.
 */
int base64url_decode(const char *text, size_t len,
                     struct secret *out) MUST_CHECK;

#endif
