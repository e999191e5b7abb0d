/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "common/secret.h"
#include "helper/exchange/json.h"
#include "helper/exchange/jwk.h"
#include "helper/exchange/jwt.h"

/* Beyond these, verifying takes its time: OpenSSL has the same limit. */
#define EXPONENT_BITS_MAX 64

/* ---- what a key is for --------------------------------------------------- */

/*
 * Functions return 0, -ENOKEY with *why, a half sentence about the key, when it
 * cannot be used, or -ENOMEM.
 */
static int
refuse(const char **why, const char *reason)
{
    *why = reason;
    return -ENOKEY;
}

/* Whoever has read the set can sign with such a key. */
static bool
has_private_part(const cJSON *jwk)
{
    static const char *const members[] = {"d",  "p",  "q",   "dp",
                                          "dq", "qi", "oth", "k"};
    size_t i;

    for (i = 0; i < ARRAY_LEN(members); i++)
        if (cJSON_GetObjectItemCaseSensitive(jwk, members[i]) != NULL)
            return true;
    return false;
}

/* Absent, or the text. */
static bool
may_be(const cJSON *jwk, const char *name, const char *text)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(jwk, name);

    return item == NULL
           || (cJSON_IsString(item) && strcmp(item->valuestring, text) == 0);
}

/* RFC 7517 4.3 */
static bool
may_verify(const cJSON *jwk)
{
    const cJSON *ops = cJSON_GetObjectItemCaseSensitive(jwk, "key_ops");
    const cJSON *item;

    if (ops == NULL)
        return true;
    if (!cJSON_IsArray(ops))
        return false;
    cJSON_ArrayForEach(item, ops)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, "verify") == 0)
            return true;
    }
    return false;
}

static int
check_purpose(const cJSON *jwk, const struct jws_algorithm *algorithm,
              const char **why)
{
    const char *kty = json_text(jwk, "kty");

    if (kty != NULL && strcmp(kty, "oct") == 0)
        return refuse(why, "is a shared secret (kty oct)");
    if (kty == NULL || strcmp(kty, algorithm->kty) != 0)
        return refuse(why, "is of another type (kty)");
    if (has_private_part(jwk))
        return refuse(why, "is published with its private part: anybody can "
                           "sign with it");
    if (!may_be(jwk, "use", "sig"))
        return refuse(why, "is not for signatures (use)");
    if (!may_verify(jwk))
        return refuse(why, "is not for verifying (key_ops)");
    if (!may_be(jwk, "alg", algorithm->name))
        return refuse(why, "is for another algorithm (alg)");
    return 0;
}

/* ---- the key itself ------------------------------------------------------ */

static int
take_bytes(const cJSON *jwk, const char *name, struct secret *out,
           const char **why)
{
    const char *text = json_text(jwk, name);
    int r = -EBADMSG;

    /* Hexadecimal would be no longer than this. */
    if (text != NULL && strlen(text) <= JWK_RSA_BITS_MAX / 4)
        r = base64url_decode(text, strlen(text), out);
    return r == -EBADMSG ? refuse(why, "is malformed") : r;
}

/* 0, -EINVAL or -ENOMEM.  *out is the caller's. */
static int
make_key(const char *type, OSSL_PARAM_BLD *build, EVP_PKEY **out)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    int r = 0;

    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
        r = -ENOMEM;
    else if (EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) != 1)
        r = -EINVAL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return r;
}

static int
check_rsa(const BIGNUM *n, const BIGNUM *e, const char **why)
{
    if (BN_num_bits(n) < JWK_RSA_BITS_MIN)
        return refuse(why, "is an RSA key of less than 2048 bits");
    if (BN_num_bits(n) > JWK_RSA_BITS_MAX)
        return refuse(why, "is an RSA key of more than 16384 bits");
    if (!BN_is_odd(n))
        return refuse(why, "has an even modulus (n)");
    if (!BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > EXPONENT_BITS_MAX)
        return refuse(why, "has an unsafe exponent (e)");
    return 0;
}

static int
build_rsa(const struct secret *n_bytes, const struct secret *e_bytes,
          EVP_PKEY **out, const char **why)
{
    BIGNUM *n = BN_bin2bn(n_bytes->data, (int) n_bytes->len, NULL);
    BIGNUM *e = BN_bin2bn(e_bytes->data, (int) e_bytes->len, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    int r = -ENOMEM;

    if (n != NULL && e != NULL && build != NULL)
        r = check_rsa(n, e, why);
    if (r == 0
        && (!OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n)
            || !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e)))
        r = -ENOMEM;
    if (r == 0)
        r = make_key("RSA", build, out);
    OSSL_PARAM_BLD_free(build);
    BN_free(e);
    BN_free(n);
    return r == -EINVAL ? refuse(why, "is malformed") : r;
}

static int
take_rsa(const cJSON *jwk, const struct jws_algorithm *algorithm UNUSED,
         EVP_PKEY **out, const char **why)
{
    struct secret n = {0}, e = {0};
    int r;

    r = take_bytes(jwk, "n", &n, why);
    if (r == 0)
        r = take_bytes(jwk, "e", &e, why);
    if (r == 0)
        r = build_rsa(&n, &e, out, why);
    secret_clear(&n);
    secret_clear(&e);
    return r;
}

static int
build_ec(const struct jws_algorithm *algorithm, const struct secret *point,
         EVP_PKEY **out, const char **why)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    int r = -ENOMEM;

    if (build != NULL
        && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
                                           algorithm->crv, 0)
        && OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
                                            point->data, point->len))
        r = make_key("EC", build, out);
    OSSL_PARAM_BLD_free(build);
    return r == -EINVAL ? refuse(why, "is no point of its curve") : r;
}

static int
take_ec(const cJSON *jwk, const struct jws_algorithm *algorithm, EVP_PKEY **out,
        const char **why)
{
    static const uint8_t uncompressed = 4; /* SEC 1 2.3.3 */
    size_t half = algorithm->coordinate;
    struct secret point = {0};
    int r;

    r = secret_append(&point, &uncompressed, 1, 1);
    if (r == 0)
        r = take_bytes(jwk, "x", &point, why);
    if (r == 0 && point.len != 1 + half)
        r = refuse(why, "has an x of a wrong length");
    if (r == 0)
        r = take_bytes(jwk, "y", &point, why);
    if (r == 0 && point.len != 1 + 2 * half)
        r = refuse(why, "has a y of a wrong length");
    if (r == 0)
        r = build_ec(algorithm, &point, out, why);
    secret_clear(&point);
    return r;
}

static int
take_okp(const cJSON *jwk, const struct jws_algorithm *algorithm,
         EVP_PKEY **out, const char **why)
{
    struct secret x = {0};
    int r;

    r = take_bytes(jwk, "x", &x, why);
    if (r == 0 && x.len != algorithm->coordinate)
        r = refuse(why, "has an x of a wrong length");
    if (r == 0) {
        *out = EVP_PKEY_new_raw_public_key_ex(NULL, algorithm->crv, NULL,
                                              x.data, x.len);
        if (*out == NULL) /* a library in FIPS mode has no such keys */
            r = refuse(why, "cannot be used by this host's OpenSSL");
    }
    secret_clear(&x);
    return r;
}

static int
take_key(const cJSON *jwk, const struct jws_algorithm *algorithm,
         EVP_PKEY **out, const char **why)
{
    const char *crv = json_text(jwk, "crv");
    int r;

    r = check_purpose(jwk, algorithm, why);
    if (r < 0)
        return r;
    if (algorithm->crv == NULL)
        return take_rsa(jwk, algorithm, out, why);
    if (crv == NULL || strcmp(crv, algorithm->crv) != 0)
        return refuse(why, "is on another curve (crv)");
    return strcmp(algorithm->kty, "EC") == 0
               ? take_ec(jwk, algorithm, out, why)
               : take_okp(jwk, algorithm, out, why);
}

/* ---- the set ------------------------------------------------------------- */

static bool
has_kid(const cJSON *jwk, const char *kid)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(jwk, "kid");

    return kid == NULL
           || (cJSON_IsString(item) && strcmp(item->valuestring, kid) == 0);
}

static int
collect(const cJSON *keys, const char *kid,
        const struct jws_algorithm *algorithm, struct jwk_found *out,
        const char **why)
{
    const cJSON *jwk;
    int r;

    cJSON_ArrayForEach(jwk, keys)
    {
        if (out->count == JWK_FOUND_MAX)
            break;
        if (!cJSON_IsObject(jwk) || !has_kid(jwk, kid))
            continue;
        r = take_key(jwk, algorithm, &out->key[out->count], why);
        if (r == 0)
            out->count++;
        else if (r != -ENOKEY)
            return r;
    }
    return 0;
}

static int
say_no_key(const char *kid, const struct jws_algorithm *algorithm,
           const char *why, struct problem *problem)
{
    if (kid == NULL)
        (void) problem_set(problem, OUTCOME_DENIED, /* it is -ENOKEY */
                           "the provider has no key for %s; the last one it "
                           "has %s",
                           algorithm->name,
                           why != NULL ? why : "does not exist");
    else if (why == NULL)
        (void) problem_set(problem, OUTCOME_DENIED,
                           "the ID token is signed with a key '%.100s' that "
                           "the provider does not have",
                           kid);
    else
        (void) problem_set(problem, OUTCOME_DENIED,
                           "the ID token is signed with %s and the key "
                           "'%.100s', which %s",
                           algorithm->name, kid, why);
    return -ENOKEY;
}

int
jwk_find(const cJSON *set, const char *kid,
         const struct jws_algorithm *algorithm, struct jwk_found *out,
         struct problem *problem)
{
    const cJSON *keys = cJSON_GetObjectItemCaseSensitive(set, "keys");
    struct jwk_found found = {0};
    const char *why = NULL;
    int r;

    if (!cJSON_IsArray(keys))
        return problem_set(problem, OUTCOME_DENIED,
                           "the provider's key set (jwks_uri) has no keys");
    if (cJSON_GetArraySize(keys) > JWK_SET_MAX)
        return problem_set(problem, OUTCOME_DENIED,
                           "the provider's key set (jwks_uri) has more than "
                           "%d keys",
                           JWK_SET_MAX);
    r = collect(keys, kid, algorithm, &found, &why);
    ERR_clear_error(); /* what is left there would be taken for one of TLS */
    if (r == 0 && found.count == 0)
        r = say_no_key(kid, algorithm, why, problem);
    if (r < 0) {
        jwk_found_clear(&found);
        return r;
    }
    *out = found;
    return 0;
}

void
jwk_found_clear(struct jwk_found *found)
{
    size_t i;

    for (i = 0; i < found->count; i++)
        EVP_PKEY_free(found->key[i]);
    *found = (struct jwk_found){0};
}
