/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "helper/exchange/id_token.h"
#include "helper/exchange/json.h"
#include "helper/exchange/jwk.h"
#include "helper/exchange/jws.h"
#include "helper/exchange/offer.h"
#include "helper/exchange/words.h"

#define AREA        "offer"
#define DEVICE_CODE "urn:ietf:params:oauth:grant-type:device_code"

/* ---- lists ----------------------------------------------------------------- */

static const cJSON *
list_of(const cJSON *metadata, const char *name)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(metadata, name);

    return cJSON_IsArray(list) ? list : NULL;
}

static bool
list_has(const cJSON *list, const char *word)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, word) == 0)
            return true;
    }
    return false;
}

/* Call for each of the words. */
static void
each_word(const char *words, void (*call)(const char *word, void *arg),
          void *arg)
{
    char word[128];
    size_t len;

    while (words != NULL && *words != '\0') {
        len = strcspn(words, " ");
        if (len > 0 && len < sizeof(word)) {
            memcpy(word, words, len);
            word[len] = '\0';
            call(word, arg);
        }
        words += len + (words[len] == ' ');
    }
}

/* ---- endpoints ------------------------------------------------------------- */

/* One that is needed, or that something is lost without. */
static void
need(const char *url, const char *name, enum level level, const char *loss,
     struct findings *out)
{
    if (url != NULL) {
        findings_add(out, LEVEL_OK, AREA, "%s: %s", name, url);
        return;
    }
    findings_add(out, level, AREA, "the provider offers no %s: %s", name, loss);
    findings_advise(out,
                    "allow it at the provider; if it only does not say so, set "
                    "%s in [provider]",
                    name);
}

static void
judge_endpoints(const struct config *config, struct findings *out)
{
    const struct settings *settings = &config->settings;

    if (config->grant == GRANT_DEVICE) {
        need(settings->device_authorization_endpoint,
             "device_authorization_endpoint", LEVEL_ERROR,
             "nobody can log in with grant = device", out);
    }
    if (settings->revoke)
        need(settings->revocation_endpoint, "revocation_endpoint",
             LEVEL_WARNING,
             "at logout tokens are removed here, but live on there", out);
    if (config->claims_from == CLAIMS_USERINFO
        || config->claims_from == CLAIMS_ID_TOKEN_USERINFO)
        need(settings->userinfo_endpoint, "userinfo_endpoint", LEVEL_ERROR,
             "claims_from asks for it", out);
    if (config->claims_from == CLAIMS_INTROSPECTION)
        need(settings->introspection_endpoint, "introspection_endpoint",
             LEVEL_ERROR, "claims_from asks for it", out);
    if (config_wants_id_token(config))
        need(settings->jwks_uri, "jwks_uri", LEVEL_ERROR,
             "no ID token can be verified", out);
}

/* ---- the lists against the configuration ----------------------------------- */

static void
judge_grant(const cJSON *metadata, const char *grant, const char *name,
            const char *loss, struct findings *out)
{
    const cJSON *list = list_of(metadata, "grant_types_supported");

    if (list == NULL) {
        findings_add(out, LEVEL_OK, AREA,
                     "the provider does not list its grants; %s: not known",
                     name);
    } else if (list_has(list, grant)) {
        findings_add(out, LEVEL_OK, AREA, "grant %s: offered", name);
    } else {
        findings_add(out, LEVEL_WARNING, AREA,
                     "grant %s: not in the provider's grant_types_supported; "
                     "%s",
                     name, loss);
        findings_advise(out, "allow this grant at the provider, for this "
                             "client too");
    }
}

static void
judge_auth(const cJSON *metadata, const struct config *config,
           struct findings *out)
{
    const cJSON *list =
        list_of(metadata, "token_endpoint_auth_methods_supported");
    const char *name = auth_name(config->settings.auth);
    /* Left out, it means this one: RFC 8414 2. */
    bool offered = list != NULL ? list_has(list, name)
                                : config->settings.auth == AUTH_BASIC;

    if (offered) {
        findings_add(out, LEVEL_OK, AREA, "client_auth %s: offered", name);
    } else if (config->settings.auth == AUTH_NONE) {
        /* Most providers with public clients do not list them. */
        findings_add(out, LEVEL_OK, AREA,
                     "client_auth none: not listed, which is usual; the client "
                     "must be a public one there");
    } else {
        findings_add(out, LEVEL_WARNING, AREA,
                     "client_auth %s: not offered by the provider", name);
        findings_advise(out, "set client_auth in [provider] to one that is: "
                             "client_secret_basic, client_secret_post or none");
    }
}

struct lookup {
    const cJSON *list;
    struct findings *out;
    size_t found;
};

static void
judge_scope(const char *scope, void *arg)
{
    struct lookup *lookup = arg;

    if (list_has(lookup->list, scope)) {
        lookup->found++;
        return;
    }
    findings_add(lookup->out, LEVEL_WARNING, AREA,
                 "scope %s: not in the provider's scopes_supported", scope);
    if (strcmp(scope, "offline_access") == 0)
        findings_advise(lookup->out,
                        "without a refresh token nothing is renewed: find out "
                        "what this provider wants for one; if it needs no "
                        "scope, take this one out");
    else
        findings_advise(lookup->out, "take it out of scope in [provider], or "
                                     "allow it at the provider");
}

static void
judge_scopes(const cJSON *metadata, const struct config *config,
             struct findings *out)
{
    struct lookup lookup = {list_of(metadata, "scopes_supported"), out, 0};

    if (config_wants_id_token(config) && !words_have(config->scope, "openid")) {
        findings_add(out, LEVEL_ERROR, AREA,
                     "scope has no openid: the provider will issue no ID "
                     "token, and the login fails");
        findings_advise(out, "put openid into scope in [provider]");
    }
    if (lookup.list == NULL) {
        findings_add(out, LEVEL_OK, AREA,
                     "the provider does not list its scopes");
        return;
    }
    each_word(config->scope, judge_scope, &lookup);
    if (lookup.found > 0)
        findings_add(out, LEVEL_OK, AREA, "scopes: %zu of '%s' are offered",
                     lookup.found, config->scope);
    if (list_has(lookup.list, "offline_access")
        && !words_have(config->scope, "offline_access")) {
        findings_add(out, LEVEL_WARNING, AREA,
                     "the provider offers scope offline_access, and it is not "
                     "asked for: perhaps there will be no refresh token");
        findings_advise(out, "put offline_access into scope in [provider]");
    }
}

static void
count_word(const char *word, void *arg)
{
    struct lookup *lookup = arg;

    lookup->found += list_has(lookup->list, word);
}

static void
judge_algorithms(const cJSON *metadata, const struct config *config,
                 struct findings *out)
{
    struct lookup lookup = {
        list_of(metadata, "id_token_signing_alg_values_supported"), out, 0};

    if (lookup.list == NULL || !config_wants_id_token(config))
        return;
    each_word(config->settings.signing_algorithms, count_word, &lookup);
    if (lookup.found > 0) {
        findings_add(out, LEVEL_OK, AREA,
                     "ID tokens: %zu signature algorithms that are accepted",
                     lookup.found);
        return;
    }
    findings_add(out, LEVEL_ERROR, AREA,
                 "the provider signs ID tokens with no algorithm of "
                 "signing_algorithms");
    findings_advise(out, "let the provider sign this client's ID tokens with "
                         "RS256 or ES256, or change signing_algorithms");
}

/* What is listed, and the one that the configuration needs is not. */
static void
judge_listed(const cJSON *metadata, const char *list_name, const char *words,
             const char *setting, struct findings *out)
{
    struct lookup lookup = {list_of(metadata, list_name), out, 0};

    if (lookup.list == NULL || words == NULL)
        return;
    each_word(words, count_word, &lookup);
    if (lookup.found > 0)
        return;
    findings_add(out, LEVEL_WARNING, AREA, "%s '%s': not in the provider's %s",
                 setting, words, list_name);
    findings_advise(out,
                    "see what this provider puts into tokens, and change "
                    "%s in [login]; many do not list all",
                    setting);
}

void
offer_judge(const cJSON *metadata, const struct config *config,
            struct findings *out)
{
    judge_endpoints(config, out);
    if (metadata == NULL)
        return;
    if (config->grant == GRANT_DEVICE)
        judge_grant(metadata, DEVICE_CODE, "device", "logins may be refused",
                    out);
    else
        judge_grant(metadata, "password", "password", "logins may be refused",
                    out);
    judge_grant(metadata, "refresh_token", "refresh_token",
                "tokens may not be renewed", out);
    judge_auth(metadata, config, out);
    judge_scopes(metadata, config, out);
    judge_algorithms(metadata, config, out);
    judge_listed(metadata, "claims_supported", config->username_claim,
                 "username_claim", out);
    judge_listed(metadata, "acr_values_supported", config->require_acr,
                 "require_acr", out);
}

/* ---- keys ------------------------------------------------------------------ */

struct keys {
    const cJSON *set;
    const cJSON *offered; /* algorithms; NULL: not listed */
    size_t usable;
    char names[96];
    struct problem problem; /* why there is none */
};

static void
find_keys(const char *name, void *arg)
{
    const struct jws_algorithm *algorithm = jws_algorithm(name);
    struct jwk_found found = {0};
    struct keys *keys = arg;
    size_t len = strlen(keys->names);

    if (algorithm == NULL
        || (keys->offered != NULL && !list_has(keys->offered, name))
        || jwk_find(keys->set, NULL, algorithm, &found, &keys->problem) < 0)
        return;
    keys->usable += found.count;
    if (len + strlen(name) + 2 < sizeof(keys->names)) {
        keys->names[len] = ' ';
        memcpy(keys->names + len + 1, name, strlen(name) + 1);
    }
    jwk_found_clear(&found);
}

void
offer_judge_keys(const cJSON *set, const cJSON *metadata,
                 const struct config *config, struct findings *out)
{
    struct keys keys = {.set = set};

    keys.offered = list_of(metadata, "id_token_signing_alg_values_supported");
    each_word(config->settings.signing_algorithms, find_keys, &keys);
    if (keys.usable > 0) {
        findings_add(out, LEVEL_OK, "keys",
                     "the provider's keys can be used, for%s", keys.names);
        return;
    }
    findings_add(out, LEVEL_ERROR, "keys",
                 "no key of the provider can be used for ID tokens%s%.300s",
                 keys.problem.reason[0] != '\0' ? ": " : "",
                 keys.problem.reason);
    findings_advise(out, "let the provider use a key of 2048 bits RSA or more, "
                         "or of P-256, that signing_algorithms has");
}

/* ---- the clock ------------------------------------------------------------- */

void
offer_judge_clock(int64_t theirs, int64_t before, int64_t after,
                  struct findings *out)
{
    int64_t ahead; /* we, of them; a Date has whole seconds */

    if (theirs <= 0) {
        findings_add(out, LEVEL_SKIPPED, "clock",
                     "the provider's answer has no date to compare with");
        return;
    }
    ahead = after < theirs ? after - theirs : 0;
    if (before > theirs)
        ahead = before - theirs;
    if (ahead >= -ID_TOKEN_LEEWAY / 2 && ahead <= ID_TOKEN_LEEWAY / 2) {
        findings_add(out, LEVEL_OK, "clock",
                     "this host and the provider differ by %" PRId64 " s",
                     ahead < 0 ? -ahead : ahead);
        return;
    }
    findings_add(out,
                 ahead < -ID_TOKEN_LEEWAY || ahead > ID_TOKEN_LEEWAY
                     ? LEVEL_ERROR
                     : LEVEL_WARNING,
                 "clock", "this host is %" PRId64 " s %s the provider",
                 ahead < 0 ? -ahead : ahead, ahead < 0 ? "behind" : "ahead of");
    findings_advise(out,
                    "set the clock, and let a time service keep it: more "
                    "than %d s, and ID tokens are refused",
                    ID_TOKEN_LEEWAY);
}
