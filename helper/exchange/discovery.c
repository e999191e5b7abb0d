/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/exchange/discovery.h"
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

static int
take(const cJSON *json, const char *name, bool insecure_http, char **out,
     struct problem *problem)
{
    const char *url = json_text(json, name), *wrong;

    if (*out != NULL || url == NULL)
        return 0;
    wrong = url_check(url, insecure_http);
    if (wrong != NULL)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "the provider's metadata: %s '%.200s' %s", name, url,
                           wrong);
    *out = strdup(url);
    return *out != NULL ? 0 : -ENOMEM;
}

static int
take_all(const cJSON *json, struct settings *settings, struct problem *problem)
{
    bool http = settings->insecure_http;
    int r;

    r = take(json, "token_endpoint", http, &settings->token_endpoint, problem);
    if (r == 0)
        r = take(json, "device_authorization_endpoint", http,
                 &settings->device_authorization_endpoint, problem);
    if (r == 0)
        r = take(json, "revocation_endpoint", http,
                 &settings->revocation_endpoint, problem);
    if (r == 0)
        r = take(json, "jwks_uri", http, &settings->jwks_uri, problem);
    return r;
}

int
discovery_read(const cJSON *json, struct settings *settings,
               struct problem *problem)
{
    const char *issuer = json_text(json, "issuer");
    int r;

    if (issuer == NULL || strcmp(issuer, settings->issuer) != 0)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "the provider's metadata is that of issuer "
                           "'%.200s', not of '%.200s'",
                           issuer != NULL ? issuer : "", settings->issuer);
    r = take_all(json, settings, problem);
    if (r == 0 && settings->token_endpoint == NULL)
        r = problem_set(problem, OUTCOME_MISCONFIGURED,
                        "the provider's metadata has no token_endpoint");
    return r;
}

static int
fetch(struct http *http, const struct settings *settings,
      enum discovery_form form, struct client_reply *out,
      struct problem *problem)
{
    struct client client = {.http = http, .settings = settings};
    char *url = discovery_url(settings->issuer, form);
    int r = -ENOMEM;

    if (url != NULL)
        r = client_get(&client, url, out);
    if (r == 0 && out->outcome != OUTCOME_OK)
        r = client_problem(out, "the provider's metadata", url, problem);
    free(url);
    return r;
}

int
discovery_run(struct http *http, struct settings *settings,
              struct problem *problem)
{
    struct client_reply reply = {0};
    int r;

    if (settings->token_endpoint != NULL)
        return 0;
    r = fetch(http, settings, DISCOVERY_OIDC, &reply, problem);
    if (r == -EPROTO && reply.answer.status == 404) {
        client_reply_clear(&reply);
        *problem = (struct problem){0};
        r = fetch(http, settings, DISCOVERY_OAUTH, &reply, problem);
    }
    if (r == 0)
        r = discovery_read(reply.json, settings, problem);
    client_reply_clear(&reply);
    return r;
}
