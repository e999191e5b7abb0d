/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>

#include <cjson/cJSON.h>

#include "common/text.h"
#include "helper/exchange/access.h"
#include "helper/exchange/claims.h"
#include "helper/exchange/id_token.h"
#include "helper/exchange/identity.h"
#include "helper/exchange/introspection.h"
#include "helper/exchange/json.h"
#include "helper/exchange/jwks.h"
#include "helper/exchange/leak.h"
#include "helper/exchange/userinfo.h"

/* ---- the ID token -------------------------------------------------------- */

static int
verify_with(struct exchange *exchange, const struct id_token_check *check,
            bool again, cJSON **claims)
{
    struct client client = exchange_client(exchange);
    struct token *token = &exchange->token;
    cJSON *keys = NULL;
    int r;

    r = jwks_get(&client, &exchange->cache, again, &keys, &exchange->problem);
    if (r == 0)
        r = id_token_verify(&token->id, keys, check, claims,
                            &token->id_expires_at, &exchange->problem);
    cJSON_Delete(keys);
    return r;
}

/* -ENOKEY, with a problem, when the provider has no such key now either. */
static int
verify(struct exchange *exchange, const struct id_token_check *check,
       cJSON **claims)
{
    int r;

    r = verify_with(exchange, check, false, claims);
    if (r != -ENOKEY)
        return r;
    exchange->problem = (struct problem){0};
    return verify_with(exchange, check, true, claims);
}

/* ---- at a login ---------------------------------------------------------- */

static int
verify_login(struct exchange *exchange, const struct config *config,
             int64_t now, cJSON **claims)
{
    const struct id_token_check check = {
        .issuer = exchange->settings.issuer,
        .client_id = exchange->settings.client_id,
        .algorithms = exchange->settings.signing_algorithms,
        .access_token = &exchange->token.access,
        .max_age = config->max_age,
        .acr = config->require_acr,
        .now = now,
    };
    int r;

    if (exchange->token.id.len == 0)
        return problem_set(&exchange->problem, OUTCOME_DENIED,
                           "the provider issued no ID token (is openid in "
                           "the scope?)");
    r = verify(exchange, &check, claims);
    return r == -ENOKEY ? -EPROTO : r;
}

static int
add_userinfo(struct exchange *exchange, cJSON *claims)
{
    struct client client = exchange_client(exchange);
    cJSON *more = NULL;
    int r;

    r = userinfo_fetch(&client, &exchange->token.access, "sub",
                       json_text(claims, "sub"), &more, &exchange->problem);
    if (r == 0)
        r = claims_add(claims, more);
    cJSON_Delete(more);
    return r;
}

static int
collect(struct exchange *exchange, const struct config *config, int64_t now,
        cJSON **claims)
{
    struct client client = exchange_client(exchange);
    const struct secret *token = &exchange->token.access;
    int r;

    if (config->claims_from == CLAIMS_USERINFO)
        return userinfo_fetch(&client, token, config->subject_claim, NULL,
                              claims, &exchange->problem);
    if (config->claims_from == CLAIMS_INTROSPECTION)
        return introspection_fetch(&client, token, NULL, claims,
                                   &exchange->problem);
    r = verify_login(exchange, config, now, claims);
    if (r == 0 && config->claims_from == CLAIMS_ID_TOKEN_USERINFO)
        r = add_userinfo(exchange, *claims);
    return r;
}

int
identity_check_login(struct exchange *exchange, const struct config *config,
                     const char *user, int64_t uid, int64_t now)
{
    const struct access access = {
        .username_claim = config->username_claim,
        .username_strip_domain = config->username_strip_domain,
        .map_path = config->username_map_file,
        .map = &config->map,
        .groups_claim = config->groups_claim,
        .require_group = config->require_group,
    };
    cJSON *claims = NULL;
    int r;

    r = collect(exchange, config, now, &claims);
    if (r == 0)
        r = access_check(claims, &access, user, uid, &exchange->problem);
    if (r == 0)
        r = text_copy(json_text(claims, "sub"), &exchange->settings.subject);
    /* After an error the reason is still to be compared with it. */
    if (r == 0 && !config_wants_id_token(config))
        secret_clear(&exchange->token.id);
    cJSON_Delete(claims);
    return r;
}

/* ---- at a renewal -------------------------------------------------------- */

/* The reason goes with a good outcome, but only if it does not repeat it. */
static void
forget_id_token(struct exchange *exchange)
{
    if (leak_found(&exchange->token.id, exchange->problem.reason))
        (void) problem_set(&exchange->problem, OUTCOME_OK, /* it goes on */
                           "the ID token cannot be verified; why is not "
                           "shown: it repeats the token");
    secret_clear(&exchange->token.id);
    exchange->problem.retry_after = 0;
}

int
identity_check_renewal(struct exchange *exchange, int64_t now)
{
    const struct id_token_check check = {
        .issuer = exchange->settings.issuer,
        .client_id = exchange->settings.client_id,
        .algorithms = exchange->settings.signing_algorithms,
        .access_token = &exchange->token.access,
        .max_age = MAX_AGE_NONE,
        .subject = exchange->settings.subject,
        .now = now,
        .at_any_time = true,
    };
    struct problem *problem = &exchange->problem;
    struct token *token = &exchange->token;
    cJSON *claims = NULL;
    int r;

    if (token->id.len == 0)
        return 0;
    r = verify(exchange, &check, &claims);
    if (r == -EPROTO && problem->outcome == OUTCOME_DENIED) {
        problem->outcome = OUTCOME_DEAD;
        return r;
    }
    if (r == 0)
        r = id_token_check_times(claims, now, &token->id_expires_at, problem);
    if (r == -EPROTO || r == -ENOKEY) {
        forget_id_token(exchange);
        r = 0;
    }
    cJSON_Delete(claims);
    return r;
}
