/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_DISCOVERY_H
#define EXCHANGE_DISCOVERY_H

#include <stddef.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "helper/exchange/cache.h"
#include "helper/exchange/document.h"
#include "helper/exchange/http.h"
#include "helper/exchange/problem.h"
#include "helper/exchange/settings.h"

enum discovery_form {
    DISCOVERY_OIDC,  /* OIDC Discovery 4: appended to the issuer */
    DISCOVERY_OAUTH, /* RFC 8414 3: between its host and its path */
};

/* Where an issuer's metadata is.  Returns a text to be freed, or NULL. */
char *discovery_url(const char *issuer, enum discovery_form form);

/*
 * Take the endpoints from a metadata document, but not those that are already
 * set.  Returns 0, -EPROTO when the document is not that of the issuer, or an
 * endpoint is missing or not to be talked to, and then none is taken, or
 * -ENOMEM.
 */
int discovery_read(const cJSON *json, struct settings *settings,
                   struct problem *problem) MUST_CHECK;

/*
 * Fetch the issuer's metadata, in whichever form there is.  0, -EPROTO or
 * another negative errno; out->status and date are also those of a bad answer.
 * The caller clears *out, also after an error.
 */
int discovery_fetch(const struct client *client, const struct cache *cache,
                    struct document *out, struct problem *problem) MUST_CHECK;

/*
 * Find the endpoints that are not configured.  With a token endpoint nothing is
 * fetched; nor with metadata in the cache, of whichever form.  0, -EPROTO or
 * another negative errno.
 */
int discovery_run(struct http *http, const struct cache *cache,
                  struct settings *settings,
                  struct problem *problem) MUST_CHECK;

#endif
