/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <time.h>

#include "helper/exchange/document.h"
#include "helper/exchange/jwks.h"

static int
check(const cJSON *json, const struct settings *settings UNUSED,
      struct problem *problem)
{
    if (cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(json, "keys")))
        return 0;
    return problem_set(problem, OUTCOME_MISCONFIGURED,
                       "the provider's keys: the document has no array 'keys'");
}

static const struct document_kind kind = {"the provider's keys", check};

int
jwks_get(const struct client *client, const struct cache *cache, bool again,
         cJSON **out, struct problem *problem)
{
    const char *url = client->settings->jwks_uri;
    struct document document = {0};
    int r;

    if (url == NULL)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "the provider's metadata has no jwks_uri, and none "
                           "is configured: nothing says where its keys are");
    r = document_find(client, cache, &kind, url, &document);
    if (r == 0 && again && time(NULL) - document.fetched_at >= JWKS_AGAIN) {
        document_clear(&document);
        r = -ENOENT;
    }
    if (r == -ENOENT)
        r = document_fetch(client, cache, &kind, url, &document, problem);
    if (r < 0) {
        document_clear(&document);
        return r;
    }
    *out = document.json;
    return 0;
}
