/* SPDX-License-Identifier: MIT */
/*
 * A public document of the provider, from the cache or from the network.  Both
 * pass the same checks, and nothing is kept that does not pass them.
 *
 * A document that is no longer fresh is not used, also not when the provider
 * cannot be reached: a key that it withdrew would live on, and a login needs
 * the provider in any case.
 */
#ifndef EXCHANGE_DOCUMENT_H
#define EXCHANGE_DOCUMENT_H

#include <stdint.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "helper/exchange/cache.h"
#include "helper/exchange/client.h"
#include "helper/exchange/problem.h"
#include "helper/exchange/settings.h"

/* What is looked for. */
struct document_kind {
    const char *what; /* for messages: "the provider's metadata" */
    /* 0, or -EPROTO with the problem */
    int (*check)(const cJSON *json, const struct settings *settings,
                 struct problem *problem);
};

/* {0} is empty; the caller clears it. */
struct document {
    cJSON *json;
    int64_t fetched_at;
    long status;  /* of an answer, also of a bad one; 0 from the cache */
    int64_t date; /* likewise, the provider's clock; 0 without one */
};

/* From the cache: 0, or -ENOENT when there is none that is fresh and good. */
int document_find(const struct client *client, const struct cache *cache,
                  const struct document_kind *kind, const char *url,
                  struct document *out) MUST_CHECK;

/*
 * From the network, and into the cache if that can be.  0, -EPROTO or another
 * negative errno.
 */
int document_fetch(const struct client *client, const struct cache *cache,
                   const struct document_kind *kind, const char *url,
                   struct document *out, struct problem *problem) MUST_CHECK;

void document_clear(struct document *document);

#endif
