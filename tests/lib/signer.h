/* SPDX-License-Identifier: MIT */
/*
 * A provider's keys, made when they are first used, and what can be signed with
 * them: as it should be, or not.
 */
#ifndef TESTS_LIB_SIGNER_H
#define TESTS_LIB_SIGNER_H

#include <cjson/cJSON.h>
#include <openssl/types.h>

#include "common/secret.h"

enum signer {
    SIGNER_RSA, /* 2048 bits */
    SIGNER_P256,
    SIGNER_P384,
    SIGNER_P521,
    SIGNER_ED25519,
    SIGNER_ATTACKER, /* RSA, 2048 bits */
    SIGNER_WEAK,     /* RSA, 1024 bits */
    SIGNER_COUNT,
};

/* It stays the signer's. */
EVP_PKEY *signer_key(enum signer signer);

/* The public key as a JWK, with this kid unless it is NULL. */
cJSON *signer_jwk(enum signer signer, const char *kid);

/* Append base64url. */
void signer_encode(const void *data, size_t len, struct secret *out);

/*
 * Append the signature of an algorithm of RFC 7518 3.1, whatever the key is
 * meant for.  For HS256 and the like: with these bytes as the secret.
 */
void signer_sign(const char *alg, enum signer signer,
                 const struct secret *input, struct secret *out);
void signer_hmac(const char *alg, const void *key, size_t key_len,
                 const struct secret *input, struct secret *out);

/* Two JSON texts as a compact JWS.  "": an empty signature. */
void signer_token(const char *alg, enum signer signer, const char *header,
                  const char *payload, struct secret *out);

void signer_free(void);

#endif
