/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "helper/exchange/discovery.h"
#include "helper/exchange/document.h"
#include "helper/exchange/json.h"
#include "helper/exchange/url.h"

#define OIDC_PATH  "/.well-known/openid-configuration"
#define OAUTH_PATH "/.well-known/oauth-authorization-server"

char *
discovery_url(const char *issuer, enum discovery_form form)
{
    const char *host = strstr(issuer, "://");
    size_t len = strlen(issuer), split;
    char *url = NULL;
    int r;

    if (len > 0 && issuer[len - 1] == '/')
        len--;
    split = host != NULL ? (size_t) (host + 3 - issuer) : 0;
    split += strcspn(issuer + split, "/");
    if (form == DISCOVERY_OIDC || split > len)
        split = len;
    r = asprintf(&url, "%.*s%s%.*s", (int) split, issuer,
                 form == DISCOVERY_OIDC ? OIDC_PATH : OAUTH_PATH,
                 (int) (len - split), issuer + split);
    return r < 0 ? NULL : url;
}

/* ---- what it says -------------------------------------------------------- */

/* clang-format off */
#define ENDPOINT(field) { #field, offsetof(struct settings, field) }
/* clang-format on */

/* What is taken, by the same name. */
static const struct endpoint {
    const char *name;
    size_t offset;
} endpoints[] = {
    ENDPOINT(token_endpoint),      ENDPOINT(device_authorization_endpoint),
    ENDPOINT(revocation_endpoint), ENDPOINT(jwks_uri),
    ENDPOINT(userinfo_endpoint),   ENDPOINT(introspection_endpoint),
};

static const char *
value_of(const struct settings *settings, const struct endpoint *endpoint)
{
    return *(char *const *) (const void *) ((const char *) settings
                                            + endpoint->offset);
}

/* One that is configured is not looked at. */
static int
check_endpoints(const cJSON *json, const struct settings *settings,
                struct problem *problem)
{
    const char *url, *wrong;
    size_t i;

    for (i = 0; i < ARRAY_LEN(endpoints); i++) {
        url = json_text(json, endpoints[i].name);
        if (url == NULL || value_of(settings, &endpoints[i]) != NULL)
            continue;
        wrong = url_check(url, settings->insecure_http);
        if (wrong != NULL)
            return problem_set(problem, OUTCOME_MISCONFIGURED,
                               "the provider's metadata: %s '%.200s' %s",
                               endpoints[i].name, url, wrong);
    }
    return 0;
}

static int
check(const cJSON *json, const struct settings *settings,
      struct problem *problem)
{
    const char *issuer = json_text(json, "issuer");
    int r;

    if (issuer == NULL || strcmp(issuer, settings->issuer) != 0)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "the provider's metadata is that of issuer "
                           "'%.200s', not of '%.200s'",
                           issuer != NULL ? issuer : "", settings->issuer);
    r = check_endpoints(json, settings, problem);
    if (r == 0 && settings->token_endpoint == NULL
        && json_text(json, "token_endpoint") == NULL)
        r = problem_set(problem, OUTCOME_MISCONFIGURED,
                        "the provider's metadata has no token_endpoint");
    return r;
}

int
discovery_read(const cJSON *json, struct settings *settings,
               struct problem *problem)
{
    const char *url;
    char **field;
    size_t i;
    int r;

    r = check(json, settings, problem);
    for (i = 0; i < ARRAY_LEN(endpoints) && r == 0; i++) {
        url = json_text(json, endpoints[i].name);
        field = (char **) (void *) ((char *) settings + endpoints[i].offset);
        if (url == NULL || *field != NULL)
            continue;
        r = text_copy(url, field);
    }
    return r;
}

/* ---- where it is found --------------------------------------------------- */

static const struct document_kind kind = {"the provider's metadata", check};

/* Of both forms, to be freed.  0 or -ENOMEM. */
static int
make_urls(const struct settings *settings, char *urls[static 2])
{
    urls[DISCOVERY_OIDC] = discovery_url(settings->issuer, DISCOVERY_OIDC);
    urls[DISCOVERY_OAUTH] = discovery_url(settings->issuer, DISCOVERY_OAUTH);
    return urls[DISCOVERY_OIDC] != NULL && urls[DISCOVERY_OAUTH] != NULL
               ? 0
               : -ENOMEM;
}

static int
find(const struct client *client, const struct cache *cache,
     struct document *out)
{
    char *urls[2] = {NULL, NULL};
    int r;

    r = make_urls(client->settings, urls);
    if (r == 0)
        r = document_find(client, cache, &kind, urls[DISCOVERY_OIDC], out);
    if (r == -ENOENT)
        r = document_find(client, cache, &kind, urls[DISCOVERY_OAUTH], out);
    free(urls[DISCOVERY_OIDC]);
    free(urls[DISCOVERY_OAUTH]);
    return r;
}

int
discovery_fetch(const struct client *client, const struct cache *cache,
                struct document *out, struct problem *problem)
{
    char *urls[2] = {NULL, NULL};
    int r;

    r = make_urls(client->settings, urls);
    if (r == 0)
        r = document_fetch(client, cache, &kind, urls[DISCOVERY_OIDC], out,
                           problem);
    if (r == -EPROTO && out->status == 404) {
        *problem = (struct problem){0};
        r = document_fetch(client, cache, &kind, urls[DISCOVERY_OAUTH], out,
                           problem);
    }
    free(urls[DISCOVERY_OIDC]);
    free(urls[DISCOVERY_OAUTH]);
    return r;
}

int
discovery_run(struct http *http, const struct cache *cache,
              struct settings *settings, struct problem *problem)
{
    struct client client = {.http = http, .settings = settings};
    struct document document = {0};
    int r;

    if (settings->token_endpoint != NULL)
        return 0;
    r = find(&client, cache, &document);
    if (r == -ENOENT)
        r = discovery_fetch(&client, cache, &document, problem);
    if (r == 0)
        r = discovery_read(document.json, settings, problem);
    document_clear(&document);
    return r;
}
