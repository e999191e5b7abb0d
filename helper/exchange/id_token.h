/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_ID_TOKEN_H
#define EXCHANGE_ID_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "common/secret.h"
#include "helper/exchange/problem.h"

/* Seconds: no two clocks agree. */
#define ID_TOKEN_LEEWAY 60

/* What an ID token must say. */
struct id_token_check {
    const char *issuer, *client_id;
    const char *algorithms; /* words with one space between them, never NULL */
    const char *nonce;      /* NULL: none was sent */
    const struct secret *access_token; /* for at_hash; NULL: not checked */
    int64_t max_age;                   /* seconds, -1: not asked for */
    const char *acr;     /* words, any of them is good; NULL: all are */
    const char *subject; /* at a renewal: that of the login; else NULL */
    int64_t now;
    bool at_any_time; /* exp, iat and nbf: the caller asks for them itself */
};

/*
 * Verify an ID token as OIDC Core 3.1.3.7 says, against the provider's JWK Set.
 * Returns 0; -EPROTO with a problem (OUTCOME_DENIED); -ENOKEY, likewise with a
 * problem, when no key of this set has made the signature, but one of a newer
 * set may have: the set has no key that fits, or the token does not name its
 * key; or -ENOMEM.  *claims is the caller's, who ends it with cJSON_Delete().
 * *expires_at is the exp, or untouched with at_any_time.
 */
int id_token_verify(const struct secret *token, const cJSON *jwks,
                    const struct id_token_check *check, cJSON **claims,
                    int64_t *expires_at, struct problem *problem) MUST_CHECK;

/*
 * The claims alone, without at_hash.  No substitute for id_token_verify().  0
 * or -EPROTO.
 */
int id_token_check_claims(const cJSON *claims,
                          const struct id_token_check *check,
                          int64_t *expires_at,
                          struct problem *problem) MUST_CHECK;

/* exp, iat and nbf alone.  *expires_at is the exp.  0 or -EPROTO. */
int id_token_check_times(const cJSON *claims, int64_t now, int64_t *expires_at,
                         struct problem *problem) MUST_CHECK;

#endif
