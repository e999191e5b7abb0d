/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_JSON_H
#define EXCHANGE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "common/secret.h"

/* The longest time that anything is good for: ten years. */
#define JSON_SECONDS_MAX (INT64_C(10) * 366 * 24 * 3600)

/* Make cJSON wipe what it frees.  Once, before anything else of cJSON. */
void json_init(void);

/*
 * Parse bytes that are one JSON object and nothing else.  -EBADMSG for anything
 * else, and for what two readers may understand differently: a member given
 * twice, a NUL in a string.  The caller ends *out with cJSON_Delete().
 */
int json_parse(const void *data, size_t len, cJSON **out) MUST_CHECK;

/* Append the JSON text of it.  0, -EMSGSIZE (more than max) or -ENOMEM. */
int json_print(const cJSON *json, size_t max, struct secret *out) MUST_CHECK;

/* The member when it is a string that is not empty, else NULL. */
const char *json_text(const cJSON *object, const char *name);

/*
 * A number of seconds as providers write it: 300, 300.9, "300".  What is larger
 * than JSON_SECONDS_MAX becomes that.  -ENODATA when it is absent or null,
 * -EINVAL when it is negative or no number.
 */
int json_seconds(const cJSON *object, const char *name,
                 int64_t *out) MUST_CHECK;

/* A Unix time (RFC 7519 NumericDate).  0, -ENODATA or -EINVAL. */
int json_date(const cJSON *object, const char *name, int64_t *out) MUST_CHECK;

#endif
