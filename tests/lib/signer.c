/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "tests/lib/signer.h"
#include "tests/lib/test.h"

#define MAX 200000

static EVP_PKEY *keys[SIGNER_COUNT];

static const struct {
    const char *type;
    const char *crv;
    size_t size; /* bits of RSA, bytes of a coordinate */
} kinds[SIGNER_COUNT] = {
    [SIGNER_RSA] = {"RSA", NULL, 2048},
    [SIGNER_P256] = {"EC", "P-256", 32},
    [SIGNER_P384] = {"EC", "P-384", 48},
    [SIGNER_P521] = {"EC", "P-521", 66},
    [SIGNER_ED25519] = {"ED25519", "Ed25519", 32},
    [SIGNER_ATTACKER] = {"RSA", NULL, 2048},
    [SIGNER_WEAK] = {"RSA", NULL, 1024},
};

/*
 * An RSA key takes a second to find, under valgrind a minute: the first program
 * leaves it to the others, in the directory where the tests are run.
 */
static void
name_file(enum signer signer, const char *suffix, char *out, size_t size)
{
    (void) snprintf(out, size, "tests/lib/signer-%d.pem%s", (int) signer,
                    suffix);
}

static EVP_PKEY *
load(enum signer signer)
{
    EVP_PKEY *key = NULL;
    char path[64];
    FILE *file;

    name_file(signer, "", path, sizeof(path));
    file = fopen(path, "re");
    if (file != NULL) {
        key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        (void) fclose(file);
    }
    return key;
}

static void
save(enum signer signer)
{
    char path[64], part[64], suffix[16];
    FILE *file;

    (void) snprintf(suffix, sizeof(suffix), ".%d", (int) getpid());
    name_file(signer, "", path, sizeof(path));
    name_file(signer, suffix, part, sizeof(part));
    file = fopen(part, "wxe");
    if (file == NULL)
        return; /* then each has its own */
    assert_true(
        PEM_write_PrivateKey(file, keys[signer], NULL, NULL, 0, NULL, NULL));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(part, path), 0);
}

EVP_PKEY *
signer_key(enum signer signer)
{
    const char *type = kinds[signer].type;
    bool is_slow = strcmp(type, "RSA") == 0;

    if (keys[signer] == NULL && is_slow)
        keys[signer] = load(signer);
    if (keys[signer] != NULL)
        return keys[signer];
    if (is_slow)
        keys[signer] = EVP_PKEY_Q_keygen(NULL, NULL, type, kinds[signer].size);
    else if (strcmp(type, "EC") == 0)
        keys[signer] = EVP_PKEY_Q_keygen(NULL, NULL, type, kinds[signer].crv);
    else
        keys[signer] = EVP_PKEY_Q_keygen(NULL, NULL, type);
    assert_non_null(keys[signer]);
    if (is_slow)
        save(signer);
    return keys[signer];
}

void
signer_encode(const void *data, size_t len, struct secret *out)
{
    char *text = malloc(len / 3 * 4 + 5), *c;

    assert_non_null(text);
    (void) EVP_EncodeBlock((unsigned char *) text, data, (int) len);
    text[strcspn(text, "=")] = '\0';
    for (c = text; *c != '\0'; c++) {
        if (*c == '+')
            *c = '-';
        if (*c == '/')
            *c = '_';
    }
    assert_int_equal(secret_append_text(out, text, MAX), 0);
    free(text);
}

static void
add_bytes(cJSON *jwk, const char *name, const void *data, size_t len)
{
    struct secret text = {0};

    signer_encode(data, len, &text);
    assert_non_null(cJSON_AddStringToObject(jwk, name, secret_text(&text)));
    secret_clear(&text);
}

static void
add_number(cJSON *jwk, const char *name, EVP_PKEY *key, const char *parameter,
           size_t len)
{
    unsigned char bytes[256];
    BIGNUM *number = NULL;

    assert_int_equal(EVP_PKEY_get_bn_param(key, parameter, &number), 1);
    if (len == 0)
        len = (size_t) BN_num_bytes(number);
    assert_in_range(len, 1, sizeof(bytes));
    assert_int_equal(BN_bn2binpad(number, bytes, (int) len), len);
    add_bytes(jwk, name, bytes, len);
    BN_free(number);
}

static void
add_okp(cJSON *jwk, EVP_PKEY *key)
{
    unsigned char bytes[32];
    size_t len = sizeof(bytes);

    assert_int_equal(EVP_PKEY_get_raw_public_key(key, bytes, &len), 1);
    add_bytes(jwk, "x", bytes, len);
}

cJSON *
signer_jwk(enum signer signer, const char *kid)
{
    const char *type = kinds[signer].type, *crv = kinds[signer].crv;
    EVP_PKEY *key = signer_key(signer);
    size_t size = kinds[signer].size;
    cJSON *jwk = cJSON_CreateObject();

    if (kid != NULL)
        cJSON_AddStringToObject(jwk, "kid", kid);
    if (crv != NULL)
        cJSON_AddStringToObject(jwk, "crv", crv);
    if (strcmp(type, "RSA") == 0) {
        cJSON_AddStringToObject(jwk, "kty", "RSA");
        add_number(jwk, "n", key, OSSL_PKEY_PARAM_RSA_N, 0);
        add_number(jwk, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
    } else if (strcmp(type, "EC") == 0) {
        cJSON_AddStringToObject(jwk, "kty", "EC");
        add_number(jwk, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, size);
        add_number(jwk, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, size);
    } else {
        cJSON_AddStringToObject(jwk, "kty", "OKP");
        add_okp(jwk, key);
    }
    return jwk;
}

static const char *
hash_of(const char *alg)
{
    if (strcmp(alg, "EdDSA") == 0)
        return NULL;
    if (strncmp(alg + 2, "256", 3) == 0)
        return "SHA256";
    return strcmp(alg + 2, "384") == 0 ? "SHA384" : "SHA512";
}

/* DER as r || s. */
static void
add_pair(const unsigned char *der, size_t len, size_t half, struct secret *out)
{
    unsigned char bytes[2 * 66];
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long) len);

    assert_non_null(sig);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), bytes, (int) half);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), bytes + half, (int) half);
    assert_int_equal(secret_append(out, bytes, 2 * half, MAX), 0);
    ECDSA_SIG_free(sig);
}

void
signer_sign(const char *alg, enum signer signer, const struct secret *input,
            struct secret *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY *key = signer_key(signer);
    unsigned char bytes[512];
    size_t len = sizeof(bytes);
    EVP_PKEY_CTX *key_ctx;

    assert_int_equal(EVP_DigestSignInit_ex(ctx, &key_ctx, hash_of(alg), NULL,
                                           NULL, key, NULL),
                     1);
    if (alg[0] == 'P') {
        EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(
            key_ctx, strstr(alg, "salt0") != NULL ? 0 : RSA_PSS_SALTLEN_DIGEST);
    }
    assert_int_equal(EVP_DigestSign(ctx, bytes, &len, input->data, input->len),
                     1);
    if (strcmp(kinds[signer].type, "EC") == 0 && strcmp(alg, "ESDER") != 0)
        add_pair(bytes, len, kinds[signer].size, out);
    else
        assert_int_equal(secret_append(out, bytes, len, MAX), 0);
    EVP_MD_CTX_free(ctx);
}

void
signer_hmac(const char *alg, const void *key, size_t key_len,
            const struct secret *input, struct secret *out)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    size_t len;

    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, hash_of(alg), NULL, key,
                              key_len, input->data, input->len, bytes,
                              sizeof(bytes), &len));
    assert_int_equal(secret_append(out, bytes, len, MAX), 0);
}

void
signer_token(const char *alg, enum signer signer, const char *header,
             const char *payload, struct secret *out)
{
    struct secret signature = {0};

    signer_encode(header, strlen(header), out);
    assert_int_equal(secret_append_text(out, ".", MAX), 0);
    signer_encode(payload, strlen(payload), out);
    if (*alg != '\0')
        signer_sign(alg, signer, out, &signature);
    assert_int_equal(secret_append_text(out, ".", MAX), 0);
    if (*alg != '\0')
        signer_encode(signature.data, signature.len, out);
    secret_clear(&signature);
}

void
signer_free(void)
{
    size_t i;

    for (i = 0; i < SIGNER_COUNT; i++) {
        EVP_PKEY_free(keys[i]);
        keys[i] = NULL;
    }
}
