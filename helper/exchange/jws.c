/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "helper/exchange/jws.h"
#include "helper/exchange/words.h"

/* Without HMAC on purpose: a shared secret does not say who signed. */
static const struct jws_algorithm algorithms[] = {
    {"RS256", "RSA", NULL, "SHA256", 0},
    {"RS384", "RSA", NULL, "SHA384", 0},
    {"RS512", "RSA", NULL, "SHA512", 0},
    {"PS256", "RSA", NULL, "SHA256", 0},
    {"PS384", "RSA", NULL, "SHA384", 0},
    {"PS512", "RSA", NULL, "SHA512", 0},
    {"ES256", "EC", "P-256", "SHA256", 32},
    {"ES384", "EC", "P-384", "SHA384", 48},
    {"ES512", "EC", "P-521", "SHA512", 66},
    {"EdDSA", "OKP", "Ed25519", "SHA512", 32},
};

const struct jws_algorithm *
jws_algorithm(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(algorithms); i++)
        if (strcmp(algorithms[i].name, name) == 0)
            return &algorithms[i];
    return NULL;
}

/* ---- the header ---------------------------------------------------------- */

/* A token for another purpose is no ID token: "at+jwt", "logout+jwt". */
static int
check_type(const cJSON *header, struct problem *problem)
{
    const cJSON *typ = cJSON_GetObjectItemCaseSensitive(header, "typ");

    if (typ == NULL
        || (cJSON_IsString(typ)
            && (strcasecmp(typ->valuestring, "JWT") == 0
                || strcasecmp(typ->valuestring, "application/jwt") == 0)))
        return 0;
    if (!cJSON_IsString(typ))
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token has a type (typ) that is no text");
    return problem_set(problem, OUTCOME_DENIED,
                       "the ID token is of the type (typ) '%.64s', not 'JWT'",
                       typ->valuestring);
}

static int
check_extensions(const cJSON *header, struct problem *problem)
{
    if (cJSON_GetObjectItemCaseSensitive(header, "crit") != NULL)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token needs extensions (crit) that are not "
                           "known here");
    /* RFC 7797: it must be in crit; who leaves that out is not obeyed. */
    if (cJSON_GetObjectItemCaseSensitive(header, "b64") != NULL)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token has an unencoded payload (b64)");
    return 0;
}

static int
refuse_algorithm(const char *name, struct problem *problem)
{
    if (strcasecmp(name, "none") == 0)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is not signed (alg is '%.8s'): the "
                           "provider must sign ID tokens of this client",
                           name);
    if (strncasecmp(name, "HS", 2) == 0)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is signed with '%.32s', a shared "
                           "secret, which is never accepted: choose RS256 or "
                           "the like for this client at the provider",
                           name);
    return problem_set(problem, OUTCOME_DENIED,
                       "the ID token is signed with '%.32s', which is not "
                       "known here",
                       name);
}

int
jws_check_header(const cJSON *header, const char *accepted,
                 const struct jws_algorithm **out, struct problem *problem)
{
    const cJSON *alg = cJSON_GetObjectItemCaseSensitive(header, "alg");
    const struct jws_algorithm *algorithm;
    int r;

    if (!cJSON_IsString(alg) || alg->valuestring[0] == '\0')
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token does not say how it is signed (alg)");
    algorithm = jws_algorithm(alg->valuestring);
    if (algorithm == NULL)
        return refuse_algorithm(alg->valuestring, problem);
    if (!words_have(accepted, algorithm->name))
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is signed with %s, which is not "
                           "accepted (signing_algorithms: %.128s)",
                           algorithm->name, accepted);
    r = check_extensions(header, problem);
    if (r == 0)
        r = check_type(header, problem);
    if (r == 0)
        *out = algorithm;
    return r;
}

/* ---- the signature ------------------------------------------------------- */

static bool
is_pss(const struct jws_algorithm *algorithm)
{
    return algorithm->name[0] == 'P';
}

/* r || s (RFC 7518 3.4) as DER, which OpenSSL wants: *out is the caller's. */
static int
der_of_pair(const struct secret *pair, size_t half, unsigned char **out,
            size_t *out_len)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(pair->data, (int) half, NULL);
    BIGNUM *s = BN_bin2bn(pair->data + half, (int) half, NULL);
    int len = -1;

    if (sig == NULL || r == NULL || s == NULL || !ECDSA_SIG_set0(sig, r, s)) {
        BN_free(r);
        BN_free(s);
    } else {
        len = i2d_ECDSA_SIG(sig, out);
    }
    ECDSA_SIG_free(sig);
    if (len < 0)
        return -ENOMEM;
    *out_len = (size_t) len;
    return 0;
}

/* CVE-2022-21449: to a verifier that forgets this, (0, 0) fits everything. */
static bool
is_zero(const uint8_t *bytes, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static bool
has_form(const struct jws_algorithm *algorithm, const EVP_PKEY *key,
         const struct secret *signature)
{
    size_t half = algorithm->coordinate;

    if (algorithm->crv == NULL) /* RFC 8017 8.1.2, 8.2.2: exactly that long */
        return signature->len == (size_t) EVP_PKEY_get_size(key);
    if (signature->len != 2 * half)
        return false;
    return strcmp(algorithm->kty, "EC") != 0
           || (!is_zero(signature->data, half)
               && !is_zero(signature->data + half, half));
}

static bool
set_padding(const struct jws_algorithm *algorithm, EVP_PKEY_CTX *ctx)
{
    if (!is_pss(algorithm))
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0
           && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0
           && EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, algorithm->hash, NULL) > 0;
}

static int
verify(const struct jws_algorithm *algorithm, EVP_PKEY *key, const void *data,
       size_t len, const unsigned char *signature, size_t signature_len)
{
    bool is_ed = strcmp(algorithm->kty, "OKP") == 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL; /* it belongs to ctx */
    int r = -ENOMEM;

    if (ctx != NULL
        && EVP_DigestVerifyInit_ex(ctx, &key_ctx,
                                   is_ed ? NULL : algorithm->hash, NULL, NULL,
                                   key, NULL)
               == 1
        && (algorithm->crv != NULL || set_padding(algorithm, key_ctx)))
        r = EVP_DigestVerify(ctx, signature, signature_len, data, len) == 1
                ? 0
                : -EKEYREJECTED;
    EVP_MD_CTX_free(ctx);
    return r;
}

int
jws_verify(const struct jws_algorithm *algorithm, EVP_PKEY *key,
           const void *data, size_t len, const struct secret *signature)
{
    unsigned char *der = NULL;
    size_t der_len = 0;
    int r = 0;

    if (!has_form(algorithm, key, signature))
        return -EBADMSG;
    if (strcmp(algorithm->kty, "EC") == 0) {
        r = der_of_pair(signature, algorithm->coordinate, &der, &der_len);
        if (r == 0)
            r = verify(algorithm, key, data, len, der, der_len);
        OPENSSL_free(der);
    } else {
        r = verify(algorithm, key, data, len, signature->data, signature->len);
    }
    ERR_clear_error(); /* what is left there would be taken for one of TLS */
    return r;
}
