/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_JWS_H
#define EXCHANGE_JWS_H

#include <stddef.h>

#include <cjson/cJSON.h>
#include <openssl/types.h>

#include "common/attr.h"
#include "common/secret.h"
#include "helper/exchange/problem.h"

/* The signatures of RFC 7518 3.1 and RFC 8037 that are known here. */
struct jws_algorithm {
    const char *name;  /* "alg" of a header and of a JWK */
    const char *kty;   /* of the JWK */
    const char *crv;   /* likewise; NULL for RSA */
    const char *hash;  /* OpenSSL's name; of Ed25519: the one inside it */
    size_t coordinate; /* bytes of x, y, r and s; for Ed25519: of the key */
};

/* The one of this name, byte for byte, or NULL. */
const struct jws_algorithm *jws_algorithm(const char *name);

/*
 * Whether a JOSE header is that of an ID token (RFC 8725 3.1, 3.11, RFC 7515
 * 4.1.11), signed in a way that is one of the words in accepted.  Where keys
 * are to be found is not read from it.  0 or -EPROTO (OUTCOME_DENIED).
 */
int jws_check_header(const cJSON *header, const char *accepted,
                     const struct jws_algorithm **out,
                     struct problem *problem) MUST_CHECK;

/*
 * Verify a signature over len bytes.  The key must be one that jwk_find() gave
 * for this algorithm.  0, -EKEYREJECTED when it is wrong, -EBADMSG when it is
 * not even the form of one, or -ENOMEM.
 */
int jws_verify(const struct jws_algorithm *algorithm, EVP_PKEY *key,
               const void *data, size_t len,
               const struct secret *signature) MUST_CHECK;

#endif
