/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_TOKEN_H
#define EXCHANGE_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "common/message.h"
#include "common/secret.h"
#include "helper/exchange/problem.h"

/*
 * How long an access token is good for, counted from before it was asked for:
 * expires_in; without it, if the token is a JWT, its exp less its iat, both of
 * the provider's clock, or exp less our time if iat is absent, malformed or more
 * than a day from our time; else what the configuration says, or this, in seconds.
 * It is never more than
 * JSON_SECONDS_MAX.
 */
#define TOKEN_LIFETIME_DEFAULT 300

/* What a token endpoint gave (RFC 6749 5.1).  What it did not give is empty. */
struct token {
    struct secret access;
    struct secret refresh;
    struct secret id;
    struct secret proof; /* password or device code: never sent on */
    struct secret scope;
    int64_t sent_at;       /* when access was asked for: Unix time */
    int64_t expires_at;    /* of access: Unix time */
    int64_t id_expires_at; /* of id; 0 until the ID token was checked */
    /* Of the refresh token, without a new one of that which was used; 0: no end
     * is known. */
    int64_t refresh_expires_at;
};

/*
 * Take a token endpoint's answer to a request that was sent at a Unix time.  An
 * access token whose lifetime it does not say lives for unsaid seconds, with 0
 * for TOKEN_LIFETIME_DEFAULT.
 * Returns 0, -EPROTO when the answer cannot be used (OUTCOME_MISCONFIGURED), or
 * -ENOMEM.  Also then *out has the tokens that were issued, for the caller to
 * revoke, and clears it.
 */
int token_parse(const cJSON *json, int64_t sent_at, int64_t unsaid,
                struct token *out, struct problem *problem) MUST_CHECK;

/* Whether there is anything in it that could be revoked. */
bool token_is_empty(const struct token *token);

/* Copy it into the fields of a RESULT. */
int token_put(const struct token *token, struct message *out) MUST_CHECK;

void token_clear(struct token *token);

#endif
