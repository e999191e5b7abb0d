/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_JWKS_H
#define EXCHANGE_JWKS_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "helper/exchange/cache.h"
#include "helper/exchange/client.h"
#include "helper/exchange/problem.h"

/* Keys younger than this are not asked for again, whatever a token says. */
#define JWKS_AGAIN 60

/*
 * The keys of the provider, as RFC 7517 5 has them: an object with an array
 * "keys", of which nothing else is checked.  again: those that the cache has
 * are not enough (a token names another key), so they are fetched anew, unless
 * they are younger than JWKS_AGAIN.  The caller asks again once at most, and
 * ends *out with cJSON_Delete().  0, -EPROTO or another negative errno.
 */
int jwks_get(const struct client *client, const struct cache *cache, bool again,
             cJSON **out, struct problem *problem) MUST_CHECK;

#endif
