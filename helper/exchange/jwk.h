/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_JWK_H
#define EXCHANGE_JWK_H

#include <stddef.h>

#include <cjson/cJSON.h>
#include <openssl/types.h>

#include "common/attr.h"
#include "helper/exchange/jws.h"
#include "helper/exchange/problem.h"

/* More keys than a provider has; and more than are worth trying. */
#define JWK_SET_MAX   100
#define JWK_FOUND_MAX 8

/* An RSA key that is neither weak nor slow. */
#define JWK_RSA_BITS_MIN 2048
#define JWK_RSA_BITS_MAX 16384

/* Keys that may have signed something.  {0} is empty. */
struct jwk_found {
    EVP_PKEY *key[JWK_FOUND_MAX];
    size_t count;
};

/*
 * Choose from a JWK Set (RFC 7517 5) the public keys that are for signatures of
 * this algorithm: those with this kid, or all of them when kid is NULL, the
 * first JWK_FOUND_MAX at most.  Returns 0; -ENOKEY when there is none, with a
 * problem (OUTCOME_DENIED) that says why the last one with that kid was not
 * taken: a set that is fetched anew may have one; -EPROTO, likewise with a
 * problem, when it is no set; or -ENOMEM.  The caller clears *out after
 * success.
 */
int jwk_find(const cJSON *set, const char *kid,
             const struct jws_algorithm *algorithm, struct jwk_found *out,
             struct problem *problem) MUST_CHECK;

void jwk_found_clear(struct jwk_found *found);

#endif
