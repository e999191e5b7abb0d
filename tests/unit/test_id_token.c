/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "helper/exchange/id_token.h"
#include "helper/exchange/json.h"
#include "helper/exchange/jwt.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/signer.h"
#include "tests/lib/test.h"

#define NOW      INT64_C(1800000000)
#define ISSUER   "https://login.example/realm"
#define ACCEPTED "RS256 PS256 ES256 ES384 ES512 EdDSA"
#define MAX      200000

/* ---- an allocation that fails: ours or OpenSSL's ------------------------- */

static bool counts;
static unsigned allocations, failing;

static bool
fails(void)
{
    return counts && ++allocations == failing;
}

void *__real_malloc(size_t size);
void *
__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

static void *
crypto_malloc(size_t size, const char *file UNUSED, int line UNUSED)
{
    return fails() ? NULL : __real_malloc(size);
}

static void *
crypto_realloc(void *block, size_t size, const char *file UNUSED,
               int line UNUSED)
{
    return fails() ? NULL : realloc(block, size);
}

static void
crypto_free(void *block, const char *file UNUSED, int line UNUSED)
{
    free(block);
}

/* ---- a login that is good, and what is changed in it --------------------- */

static const struct {
    const char *name;
    const char *text;
} good_claims[] = {
    {"iss", "\"iss\":\"" ISSUER "\""},
    {"sub", "\"sub\":\"248289761001\""},
    {"aud", "\"aud\":\"host\""},
    {"exp", "\"exp\":1800000300"},
    {"iat", "\"iat\":1799999990"},
    {"nonce", "\"nonce\":\"n-0S6_WzA2Mj\""},
    {"auth_time", "\"auth_time\":1799999900"},
    {"acr", "\"acr\":\"silver\""},
    /* That of the access token below for SHA-256: OIDC Core A.3. */
    {"at_hash", "\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\""},
};
#define ACCESS_TOKEN "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"

static const struct {
    const char *kid;
    enum signer signer;
} good_keys[] = {
    {"rsa", SIGNER_RSA},   {"p256", SIGNER_P256},  {"p384", SIGNER_P384},
    {"p521", SIGNER_P521}, {"ed", SIGNER_ED25519}, {"weak", SIGNER_WEAK},
};

#define HEADER "{\"alg\":\"RS256\",\"kid\":\"rsa\"}"

/* What is NULL, 0, or "" is that of a good login. */
struct forgery {
    const char *what;
    const char *reason; /* all of it */
    const char *header; /* JSON */
    const char *alg;    /* how it is signed in truth; "": not at all */
    enum signer signer;
    const char *without;                 /* a claim that is left out */
    const char *with;                    /* "name":value, behind the others */
    const char *payload;                 /* all the claims */
    void (*spoil)(struct secret *token); /* in the end */
    const char *kid, *jwk_with;          /* members of this key, set */
    const char *subject;                 /* the renewal of this one's login */
    int r;                               /* 0: -EPROTO */
};

static void
append(struct secret *out, const char *text)
{
    assert_int_equal(secret_append_text(out, text, MAX), 0);
}

static void
make_payload(const char *without, const char *with, struct secret *out)
{
    const char *separator = "{";
    size_t i;

    for (i = 0; i < ARRAY_LEN(good_claims); i++) {
        if (without != NULL && strcmp(without, good_claims[i].name) == 0)
            continue;
        append(out, separator);
        append(out, good_claims[i].text);
        separator = ",";
    }
    if (with != NULL) {
        append(out, ",");
        append(out, with);
    }
    append(out, "}");
}

static void
change(cJSON *jwk, const char *with)
{
    cJSON *changes = cJSON_Parse(with), *item;

    if (changes == NULL)
        fail_msg("not parsed: %s", with);
    while ((item = changes->child) != NULL) {
        cJSON_DetachItemViaPointer(changes, item);
        cJSON_DeleteItemFromObjectCaseSensitive(jwk, item->string);
        cJSON_AddItemToObject(jwk, item->string, item);
    }
    cJSON_Delete(changes);
}

static cJSON *
make_set(const char *kid, const char *with)
{
    cJSON *set = cJSON_CreateObject(), *jwk;
    cJSON *keys = cJSON_AddArrayToObject(set, "keys");
    size_t i;

    for (i = 0; i < ARRAY_LEN(good_keys); i++) {
        jwk = signer_jwk(good_keys[i].signer, good_keys[i].kid);
        if (kid != NULL && strcmp(kid, good_keys[i].kid) == 0)
            change(jwk, with);
        cJSON_AddItemToArray(keys, jwk);
    }
    return set;
}

static struct secret access_token;

static struct id_token_check
make_check(void)
{
    return (struct id_token_check){
        .issuer = ISSUER,
        .client_id = "host",
        .algorithms = ACCEPTED,
        .nonce = "n-0S6_WzA2Mj",
        .access_token = &access_token,
        .max_age = 600,
        .acr = "silver gold",
        .now = NOW,
    };
}

static int
verify(const struct secret *token, const cJSON *set,
       const struct id_token_check *check, struct problem *problem)
{
    int64_t expires_at = -7;
    cJSON *claims = NULL;
    int r;

    allocations = 0;
    counts = true;
    r = id_token_verify(token, set, check, &claims, &expires_at, problem);
    counts = false;
    assert_int_equal(ERR_peek_error(), 0);
    if (r == 0) {
        assert_string_equal(json_text(claims, "iss"), ISSUER);
        if (!check->at_any_time)
            assert_in_range(expires_at, check->now - 59, INT64_MAX);
    } else {
        assert_null(claims);
        assert_int_equal(expires_at, -7);
        if (r != -ENOMEM)
            assert_int_equal(problem->outcome, OUTCOME_DENIED);
    }
    cJSON_Delete(claims);
    return r;
}

static int
try(const struct forgery *forgery, struct problem *problem)
{
    const char *header = forgery->header != NULL ? forgery->header : HEADER;
    const char *alg = forgery->alg != NULL ? forgery->alg : "RS256";
    cJSON *set = make_set(forgery->kid, forgery->jwk_with);
    struct secret payload = {0}, token = {0};
    struct id_token_check check = make_check();
    int r;

    check.subject = forgery->subject;
    if (forgery->payload != NULL)
        append(&payload, forgery->payload);
    else
        make_payload(forgery->without, forgery->with, &payload);
    signer_token(alg, forgery->signer, header, secret_text(&payload), &token);
    if (forgery->spoil != NULL)
        forgery->spoil(&token);
    r = verify(&token, set, &check, problem);
    cJSON_Delete(set);
    secret_clear(&token);
    secret_clear(&payload);
    return r;
}

static void
assert_refused(const struct forgery *rows, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct problem problem = {0};
        int r = try(&rows[i], &problem);

        if (r != (rows[i].r != 0 ? rows[i].r : -EPROTO)
            || strcmp(problem.reason, rows[i].reason) != 0)
            fail_msg("%s: %d, %s", rows[i].what, r, problem.reason);
    }
    print_message("# refused: %zu\n", count);
}

/* ---- what is good -------------------------------------------------------- */

static void
each_algorithm_is_good_for_a_login(void **state UNUSED)
{
    static const struct {
        const char *alg;
        enum signer signer;
        const char *kid;
        const char *at_hash;
    } rows[] = {
        {"RS256", SIGNER_RSA, "rsa", "77QmUPtjPfzWtF2AnpK9RQ"},
        {"PS256", SIGNER_RSA, "rsa", "77QmUPtjPfzWtF2AnpK9RQ"},
        {"ES256", SIGNER_P256, "p256", "77QmUPtjPfzWtF2AnpK9RQ"},
        {"RS384", SIGNER_RSA, "rsa", "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs"},
        {"PS384", SIGNER_RSA, "rsa", "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs"},
        {"ES384", SIGNER_P384, "p384", "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs"},
        {"RS512", SIGNER_RSA, "rsa",
         "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"},
        {"PS512", SIGNER_RSA, "rsa",
         "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"},
        {"ES512", SIGNER_P521, "p521",
         "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"},
        {"EdDSA", SIGNER_ED25519, "ed",
         "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"},
    };
    struct id_token_check check = make_check();
    cJSON *set = make_set(NULL, NULL);
    char header[128], claim[128];
    size_t i;

    check.algorithms = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 "
                       "EdDSA";
    for (i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        const bool with_kid = i % 2 == 0;
        struct secret payload = {0}, token = {0};
        struct problem problem = {0};

        (void) snprintf(header, sizeof(header),
                        with_kid ? "{\"alg\":\"%s\",\"kid\":\"%s\"}"
                                 : "{\"alg\":\"%s\"}",
                        rows[i / 2].alg, rows[i / 2].kid);
        (void) snprintf(claim, sizeof(claim), "\"at_hash\":\"%s\"",
                        rows[i / 2].at_hash);
        make_payload("at_hash", claim, &payload);
        signer_token(rows[i / 2].alg, rows[i / 2].signer, header,
                     secret_text(&payload), &token);
        if (verify(&token, set, &check, &problem) < 0)
            fail_msg("%s: %s", rows[i / 2].alg, problem.reason);
        secret_clear(&token);
        secret_clear(&payload);
    }
    cJSON_Delete(set);
}

static void
what_a_good_token_may_have(void **state UNUSED)
{
    static const struct forgery rows[] = {
        {.what = "all of it"},
        {.what = "a type",
         .header = "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"JWT\"}"},
        {.what = "keys of somebody else, which are not looked at",
         .header = "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"jku\":"
                   "\"https://evil.example/\",\"x5c\":[1],\"jwk\":null}"},
        {.what = "an azp", .with = "\"azp\":\"host\""},
        {.what = "a list of one",
         .without = "aud",
         .with = "\"aud\":[\"host\"]"},
        {.what = "several audiences and an azp",
         .without = "aud",
         .with = "\"aud\":[\"x\",\"host\"],\"azp\":\"host\""},
        {.what = "no at_hash", .without = "at_hash"},
        {.what = "a name with an escape",
         .without = "aud",
         .with = "\"\\u0061ud\":\"h\\u006fst\""},
        {.what = "other claims of any type",
         .with = "\"ISS\":[],\"Exp\":1,\"x\":null,\"name\":\"\xc3\xa4\""},
        {.what = "the same subject", .subject = "248289761001"},
        {.what = "the other acr", .without = "acr", .with = "\"acr\":\"gold\""},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        struct problem problem = {0};

        if (try(&rows[i], &problem) < 0)
            fail_msg("%s: %s", rows[i].what, problem.reason);
    }
}

static void
what_was_not_asked_for_is_not_checked(void **state UNUSED)
{
    static const char text[] =
        "{\"iss\":\"" ISSUER "\",\"sub\":\"1\",\"aud\":\"host\","
        "\"exp\":1800000300,\"iat\":1800000000,\"at_hash\":\"x\","
        "\"nonce\":\"other\"}";
    struct id_token_check check = {
        .issuer = ISSUER,
        .client_id = "host",
        .algorithms = "RS256",
        .max_age = -1,
        .now = NOW,
    };
    struct problem problem = {0};
    struct secret token = {0};
    cJSON *set = make_set(NULL, NULL);

    signer_token("RS256", SIGNER_RSA, HEADER, text, &token);
    if (verify(&token, set, &check, &problem) < 0)
        fail_msg("%s", problem.reason);
    check.algorithms = "ES256";
    assert_int_equal(verify(&token, set, &check, &problem), -EPROTO);
    check.algorithms = "RS256";
    check.now = NOW + 1000000;
    assert_int_equal(verify(&token, set, &check, &problem), -EPROTO);
    check.at_any_time = true;
    assert_int_equal(verify(&token, set, &check, &problem), 0);
    secret_clear(&token);
    cJSON_Delete(set);
}

/* ---- forgeries: the algorithm -------------------------------------------- */

static void
sign_with_pem(const char *alg, struct secret *token)
{
    char *pem = NULL, *point;
    BIO *bio = BIO_new(BIO_s_mem());
    struct secret signature = {0};
    long len;

    assert_int_equal(PEM_write_bio_PUBKEY(bio, signer_key(SIGNER_RSA)), 1);
    len = BIO_get_mem_data(bio, &pem);
    point = strrchr((char *) token->data, '.');
    token->len = (size_t) (point - (char *) token->data);
    signer_hmac(alg, pem, (size_t) len, token, &signature);
    append(token, ".");
    signer_encode(signature.data, signature.len, token);
    secret_clear(&signature);
    BIO_free(bio);
}

static void
pem_256(struct secret *token)
{
    sign_with_pem("HS256", token);
}

static void
pem_384(struct secret *token)
{
    sign_with_pem("HS384", token);
}

static void
pem_512(struct secret *token)
{
    sign_with_pem("HS512", token);
}

static void
modulus_256(struct secret *token)
{
    cJSON *jwk = signer_jwk(SIGNER_RSA, NULL);
    struct secret n = {0}, signature = {0};
    const char *text = json_text(jwk, "n");
    char *point;

    assert_int_equal(base64url_decode(text, strlen(text), &n), 0);
    point = strrchr((char *) token->data, '.');
    token->len = (size_t) (point - (char *) token->data);
    signer_hmac("HS256", n.data, n.len, token, &signature);
    append(token, ".");
    signer_encode(signature.data, signature.len, token);
    secret_clear(&signature);
    secret_clear(&n);
    cJSON_Delete(jwk);
}

static void
give_signature(struct secret *token)
{
    append(token, "AAAA");
}

#define ALG(alg, kid) "{\"alg\":\"" alg "\",\"kid\":\"" kid "\"}"
#define SHARED(alg)                                                            \
    "the ID token is signed with '" alg "', a shared secret, which is never "  \
    "accepted: choose RS256 or the like for this client at the provider"
#define UNSIGNED(alg)                                                          \
    "the ID token is not signed (alg is '" alg "'): the provider must sign "   \
    "ID tokens of this client"
#define WRONG(alg) "the ID token's signature (" alg ") is wrong"
#define FORM(alg)  "the ID token's signature has not the form that " alg " has"
#define NO_ALG     "the ID token does not say how it is signed (alg)"

static void
forged_algorithms_are_refused(void **state UNUSED)
{
    static const struct forgery rows[] = {
        {"none, RFC 7515 A.5", .alg = "", .header = ALG("none", "rsa"),
         .reason = "the ID token is malformed: its signature is empty"},
        {"none with a signature", .alg = "", .header = ALG("none", "rsa"),
         .spoil = give_signature, .reason = UNSIGNED("none")},
        {"none with a good signature", .header = ALG("none", "rsa"),
         .reason = UNSIGNED("none")},
        {"None", .header = ALG("None", "rsa"), .reason = UNSIGNED("None")},
        {"NONE", .header = ALG("NONE", "rsa"), .reason = UNSIGNED("NONE")},
        {"nOnE", .header = ALG("nOnE", "rsa"), .reason = UNSIGNED("nOnE")},
        {"none, escaped", .header = ALG("n\\u006fne", "rsa"),
         .reason = UNSIGNED("none")},
        {"no alg", .header = "{\"kid\":\"rsa\"}", .reason = NO_ALG},
        {"an empty alg", .header = ALG("", "rsa"), .reason = NO_ALG},
        {"an alg that is a list",
         .header = "{\"alg\":[\"RS256\"],\"kid\":\"rsa\"}", .reason = NO_ALG},
        {"an alg that is a number", .header = "{\"alg\":256,\"kid\":\"rsa\"}",
         .reason = NO_ALG},
        {"an alg of another case", .header = ALG("rs256", "rsa"),
         .reason = "the ID token is signed with 'rs256', which is not known "
                   "here"},
        {"HS256 with the public key", .header = ALG("HS256", "rsa"),
         .spoil = pem_256, .reason = SHARED("HS256")},
        {"HS384 with the public key", .header = ALG("HS384", "rsa"),
         .spoil = pem_384, .reason = SHARED("HS384")},
        {"HS512 with the public key", .header = ALG("HS512", "rsa"),
         .spoil = pem_512, .reason = SHARED("HS512")},
        {"HS256 with the modulus", .header = ALG("HS256", "rsa"),
         .spoil = modulus_256, .reason = SHARED("HS256")},
        {"HS256 that says RS256", .spoil = modulus_256,
         .reason = FORM("RS256")},
        {"an algorithm that is not accepted", .header = ALG("RS512", "rsa"),
         .alg = "RS512",
         .reason = "the ID token is signed with RS512, which is not accepted "
                   "(signing_algorithms: " ACCEPTED ")"},
        {"RS256 that says PS256", .header = ALG("PS256", "rsa"),
         .reason = WRONG("PS256")},
        {"PS256 that says RS256", .alg = "PS256", .reason = WRONG("RS256")},
        {"RS512 that says RS256", .alg = "RS512", .reason = WRONG("RS256")},
        {"PS256 without salt", .header = ALG("PS256", "rsa"),
         .alg = "PS256salt0", .reason = WRONG("PS256")},
        {"ES256 with a key of P-384", .header = ALG("ES256", "p384"),
         .alg = "ES256", .signer = SIGNER_P384,
         .reason = "the ID token is signed with ES256 and the key 'p384', "
                   "which is on another curve (crv)",
         .r = -ENOKEY},
        {"ES256 with an RSA key", .header = ALG("ES256", "rsa"),
         .reason = "the ID token is signed with ES256 and the key 'rsa', "
                   "which is of another type (kty)",
         .r = -ENOKEY},
        {"RS256 with a key of P-256", .header = ALG("RS256", "p256"),
         .alg = "ES256", .signer = SIGNER_P256,
         .reason = "the ID token is signed with RS256 and the key 'p256', "
                   "which is of another type (kty)",
         .r = -ENOKEY},
        {"EdDSA with a key of P-256", .header = ALG("EdDSA", "p256"),
         .alg = "ES256", .signer = SIGNER_P256,
         .reason = "the ID token is signed with EdDSA and the key 'p256', "
                   "which is of another type (kty)",
         .r = -ENOKEY},
    };

    assert_refused(rows, ARRAY_LEN(rows));
}

/* ---- forgeries: the signature -------------------------------------------- */

/* The token with other bytes as its signature. */
static void
replace_signature(struct secret *token, const void *bytes, size_t len)
{
    char *point = strrchr((char *) token->data, '.');

    token->len = (size_t) (point - (char *) token->data) + 1;
    token->data[token->len] = '\0';
    signer_encode(bytes, len, token);
}

static void
zeros(struct secret *token)
{
    static const uint8_t bytes[64];

    replace_signature(token, bytes, sizeof(bytes));
}

static void
zero_s(struct secret *token)
{
    static const uint8_t bytes[64] = {[31] = 1};

    replace_signature(token, bytes, sizeof(bytes));
}

static void
zero_r(struct secret *token)
{
    static const uint8_t bytes[64] = {[63] = 1};

    replace_signature(token, bytes, sizeof(bytes));
}

static void
ones(struct secret *token)
{
    static const uint8_t bytes[64] = {[31] = 1, [63] = 1};

    replace_signature(token, bytes, sizeof(bytes));
}

static void
rsa_zeros(struct secret *token)
{
    static const uint8_t bytes[256];

    replace_signature(token, bytes, sizeof(bytes));
}

static void
rsa_one(struct secret *token)
{
    static const uint8_t bytes[256] = {[255] = 1};

    replace_signature(token, bytes, sizeof(bytes));
}

static void
rsa_too_large(struct secret *token)
{
    uint8_t bytes[256];

    memset(bytes, 0xff, sizeof(bytes));
    replace_signature(token, bytes, sizeof(bytes));
}

/* DER: only their signer makes it. */
static void
der(struct secret *token)
{
    char *point = strrchr((char *) token->data, '.');
    struct secret signature = {0};

    token->len = (size_t) (point - (char *) token->data);
    signer_sign("ESDER", SIGNER_P256, token, &signature);
    append(token, ".");
    signer_encode(signature.data, signature.len, token);
    secret_clear(&signature);
}

static void
take_signature(const struct secret *token, struct secret *out)
{
    const char *text = strrchr(secret_text(token), '.') + 1;

    assert_int_equal(base64url_decode(text, strlen(text), out), 0);
}

static void
cut(struct secret *token)
{
    struct secret bytes = {0};

    take_signature(token, &bytes);
    replace_signature(token, bytes.data, bytes.len - 1);
    secret_clear(&bytes);
}

static void
extend(struct secret *token)
{
    struct secret bytes = {0};

    take_signature(token, &bytes);
    assert_int_equal(secret_append(&bytes, "", 1, MAX), 0);
    replace_signature(token, bytes.data, bytes.len);
    secret_clear(&bytes);
}

/* Where a part begins. */
static char *
part(struct secret *token, unsigned n)
{
    char *text = (char *) token->data;

    while (n-- > 0)
        text = strchr(text, '.') + 1;
    return text;
}

static void
flip_first(struct secret *token)
{
    char *c = part(token, 2);

    *c = *c == 'A' ? 'B' : 'A';
}

static void
flip_middle(struct secret *token)
{
    char *c = part(token, 2) + 100;

    *c = *c == 'A' ? 'B' : 'A';
}

/* The last character of 256 bytes has two bits, of 64 likewise. */
static void
flip_last(struct secret *token)
{
    char *c = (char *) token->data + token->len - 1;

    *c = *c == 'A' ? 'Q' : 'A';
}

static void
leave_bits_over(struct secret *token)
{
    char *c = (char *) token->data + token->len - 1;

    *c = *c == 'A' ? 'B' : (char) (*c + 1);
}

/* The parts of one token in another. */
static void
exchange_part(struct secret *token, const char *header, const char *payload)
{
    const char *text = secret_text(token);
    const char *second = strchr(text, '.') + 1;
    struct secret out = {0};

    if (header != NULL)
        signer_encode(header, strlen(header), &out);
    else
        assert_int_equal(
            secret_append(&out, text, (size_t) (second - text - 1), MAX), 0);
    append(&out, ".");
    if (payload != NULL)
        signer_encode(payload, strlen(payload), &out);
    else
        assert_int_equal(secret_append(&out, second, strcspn(second, "."), MAX),
                         0);
    append(&out, strrchr(text, '.'));
    secret_clear(token);
    *token = out;
}

static void
change_payload(struct secret *token)
{
    struct secret payload = {0};

    make_payload("sub", "\"sub\":\"root\"", &payload);
    exchange_part(token, NULL, secret_text(&payload));
    secret_clear(&payload);
}

static void
change_header(struct secret *token)
{
    exchange_part(token, "{\"kid\":\"rsa\",\"alg\":\"RS256\"}", NULL);
}

static void
change_to_attacker(struct secret *token)
{
    char *point = strrchr((char *) token->data, '.');
    struct secret signature = {0};

    token->len = (size_t) (point - (char *) token->data);
    signer_sign("RS256", SIGNER_ATTACKER, token, &signature);
    append(token, ".");
    signer_encode(signature.data, signature.len, token);
    secret_clear(&signature);
}

static void
forged_signatures_are_refused(void **state UNUSED)
{
    static const struct forgery rows[] = {
        {"a key of somebody else", .signer = SIGNER_ATTACKER,
         .reason = WRONG("RS256")},
        {"the same, without a kid", .signer = SIGNER_ATTACKER,
         .header = "{\"alg\":\"RS256\"}", .reason = WRONG("RS256"),
         .r = -ENOKEY},
        {"RSA: cut", .spoil = cut, .reason = FORM("RS256")},
        {"RSA: extended", .spoil = extend, .reason = FORM("RS256")},
        {"RSA: the first bits", .spoil = flip_first, .reason = WRONG("RS256")},
        {"RSA: the middle", .spoil = flip_middle, .reason = WRONG("RS256")},
        {"RSA: the last bits", .spoil = flip_last, .reason = WRONG("RS256")},
        {"RSA: 0", .spoil = rsa_zeros, .reason = WRONG("RS256")},
        {"RSA: 1", .spoil = rsa_one, .reason = WRONG("RS256")},
        {"RSA: larger than the modulus", .spoil = rsa_too_large,
         .reason = WRONG("RS256")},
        {"PSS: 0", .spoil = rsa_zeros, .header = ALG("PS256", "rsa"),
         .reason = WRONG("PS256")},
        {"ECDSA as DER", .header = ALG("ES256", "p256"), .alg = "ES256",
         .signer = SIGNER_P256, .spoil = der, .reason = FORM("ES256")},
        {"ECDSA: r and s are 0 (CVE-2022-21449)",
         .header = ALG("ES256", "p256"), .spoil = zeros,
         .reason = FORM("ES256")},
        {"ECDSA: r is 0", .header = ALG("ES256", "p256"), .spoil = zero_r,
         .reason = FORM("ES256")},
        {"ECDSA: s is 0", .header = ALG("ES256", "p256"), .spoil = zero_s,
         .reason = FORM("ES256")},
        {"ECDSA: r and s are 1", .header = ALG("ES256", "p256"), .spoil = ones,
         .reason = WRONG("ES256")},
        {"ECDSA: cut", .header = ALG("ES256", "p256"), .alg = "ES256",
         .signer = SIGNER_P256, .spoil = cut, .reason = FORM("ES256")},
        {"ECDSA: extended", .header = ALG("ES256", "p256"), .alg = "ES256",
         .signer = SIGNER_P256, .spoil = extend, .reason = FORM("ES256")},
        {"ECDSA: a bit", .header = ALG("ES256", "p256"), .alg = "ES256",
         .signer = SIGNER_P256, .spoil = flip_last, .reason = WRONG("ES256")},
        {"ECDSA of P-384 that says ES256", .header = ALG("ES256", "p256"),
         .alg = "ES384", .signer = SIGNER_P384, .reason = FORM("ES256")},
        {"Ed25519: cut", .header = ALG("EdDSA", "ed"), .alg = "EdDSA",
         .signer = SIGNER_ED25519, .spoil = cut, .reason = FORM("EdDSA")},
        {"Ed25519: extended", .header = ALG("EdDSA", "ed"), .alg = "EdDSA",
         .signer = SIGNER_ED25519, .spoil = extend, .reason = FORM("EdDSA")},
        {"Ed25519: a bit", .header = ALG("EdDSA", "ed"), .alg = "EdDSA",
         .signer = SIGNER_ED25519, .spoil = flip_first,
         .reason = WRONG("EdDSA")},
        {"Ed25519: 0", .header = ALG("EdDSA", "ed"), .spoil = zeros,
         .reason = WRONG("EdDSA")},
        {"another payload", .spoil = change_payload, .reason = WRONG("RS256")},
        {"another header", .spoil = change_header, .reason = WRONG("RS256")},
        {"its key in x5c", .spoil = change_to_attacker,
         .header = "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"x5c\":[\"MIIC\"]}",
         .reason = WRONG("RS256")},
        {"its key behind jku", .spoil = change_to_attacker,
         .header = "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"jku\":"
                   "\"https://evil.example/jwks\"}",
         .reason = WRONG("RS256")},
        {"its key behind jku, without a kid", .spoil = change_to_attacker,
         .header = "{\"alg\":\"RS256\",\"jku\":\"https://evil.example/jwks\"}",
         .reason = WRONG("RS256"), .r = -ENOKEY},
    };

    assert_refused(rows, ARRAY_LEN(rows));
}

/* CVE-2018-0114: the header brings the key that it is signed with. */
static void
the_key_in_the_header_is_not_used(void **state UNUSED)
{
    cJSON *header = cJSON_Parse(HEADER);
    struct id_token_check check = make_check();
    cJSON *set = make_set(NULL, NULL);
    struct secret payload = {0};
    int with_kid;
    char *text;

    cJSON_AddItemToObject(header, "jwk", signer_jwk(SIGNER_ATTACKER, "rsa"));
    make_payload(NULL, NULL, &payload);
    for (with_kid = 1; with_kid >= 0; with_kid--) {
        struct secret token = {0};
        struct problem problem = {0};

        text = cJSON_PrintUnformatted(header);
        signer_token("RS256", SIGNER_ATTACKER, text, secret_text(&payload),
                     &token);
        assert_int_equal(verify(&token, set, &check, &problem),
                         with_kid ? -EPROTO : -ENOKEY);
        assert_string_equal(problem.reason, WRONG("RS256"));
        cJSON_free(text);
        secret_clear(&token);
        cJSON_DeleteItemFromObjectCaseSensitive(header, "kid");
    }
    secret_clear(&payload);
    cJSON_Delete(header);
    cJSON_Delete(set);
}

/* ---- forgeries: the form ------------------------------------------------- */

static void
insert(struct secret *token, size_t at, const char *text)
{
    struct secret out = {0};

    assert_int_equal(secret_append(&out, token->data, at, MAX), 0);
    append(&out, text);
    assert_int_equal(
        secret_append(&out, token->data + at, token->len - at, MAX), 0);
    secret_clear(token);
    *token = out;
}

#define AT(name, part_number, text)                                            \
    static void name(struct secret *token)                                     \
    {                                                                          \
        insert(token,                                                          \
               (size_t) (part(token, part_number) - (char *) token->data),     \
               text);                                                          \
    }
AT(json_first, 0, "{\"payload\":\"e30\",\"signatures\":[],\"x\":\"")
AT(space_first, 0, " ")
AT(newline_first, 0, "\n")
AT(bearer, 0, "Bearer ")
AT(point_first, 0, ".")
AT(plus_in_header, 0, "+")
AT(slash_in_payload, 1, "/")
AT(newline_in_payload, 1, "\n")
AT(space_in_signature, 2, " ")
AT(percent, 1, "%41")
AT(empty_payload_part, 1, ".")

static void
newline_last(struct secret *token)
{
    append(token, "\n");
}

static void
padding_last(struct secret *token)
{
    append(token, "==");
}

static void
pad_payload(struct secret *token)
{
    insert(token, (size_t) (part(token, 2) - (char *) token->data) - 1, "=");
}

static void
nul_last(struct secret *token)
{
    assert_int_equal(secret_append(token, "\0x", 2, MAX), 0);
}

static void
two_parts(struct secret *token)
{
    part(token, 2)[-1] = '\0';
    token->len = strlen((char *) token->data);
}

static void
four_parts(struct secret *token)
{
    append(token, ".e30");
}

static void
five_parts(struct secret *token)
{
    append(token, ".e30.e30");
}

static void
no_signature(struct secret *token)
{
    token->len = (size_t) (part(token, 2) - (char *) token->data);
    token->data[token->len] = '\0';
}

static void
nothing(struct secret *token)
{
    secret_clear(token);
}

static void
too_long(struct secret *token)
{
    while (token->len <= JWT_MAX)
        append(token,
               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

static void
points(struct secret *token)
{
    char text[60001];

    memset(text, '.', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    append(token, text);
}

static void
nest(struct secret *token)
{
    char text[40000] = "{\"x\":";

    memset(text + 5, '[', sizeof(text) - 6);
    text[sizeof(text) - 1] = '\0';
    exchange_part(token, NULL, text);
}

#define MALFORMED(text) "the ID token is malformed: " text
#define NOT_BASE64(name)                                                       \
    MALFORMED("its " name " is not base64url without padding")
#define NOT_JSON(name)                                                         \
    MALFORMED("its " name " is not a JSON object, or has a member twice")

static void
malformed_tokens_are_refused(void **state UNUSED)
{
    static const struct forgery rows[] = {
        {"a space before it", .spoil = space_first,
         .reason = NOT_BASE64("header")},
        {"a newline before it", .spoil = newline_first,
         .reason = NOT_BASE64("header")},
        {"Bearer", .spoil = bearer, .reason = NOT_BASE64("header")},
        {"a plus", .spoil = plus_in_header, .reason = NOT_BASE64("header")},
        {"a slash", .spoil = slash_in_payload, .reason = NOT_BASE64("payload")},
        {"a newline inside", .spoil = newline_in_payload,
         .reason = NOT_BASE64("payload")},
        {"an escape of URLs", .spoil = percent,
         .reason = NOT_BASE64("payload")},
        {"a space inside", .spoil = space_in_signature,
         .reason = NOT_BASE64("signature")},
        {"a newline behind it", .spoil = newline_last,
         .reason = NOT_BASE64("signature")},
        {"padding behind it", .spoil = padding_last,
         .reason = NOT_BASE64("signature")},
        {"padding inside", .spoil = pad_payload,
         .reason = NOT_BASE64("payload")},
        {"bits left over", .spoil = leave_bits_over,
         .reason = NOT_BASE64("signature")},
        {"a NUL", .spoil = nul_last, .reason = MALFORMED("it has a NUL in it")},
        {"two parts", .spoil = two_parts,
         .reason = MALFORMED("parts: 2, not 3")},
        {"four parts", .spoil = four_parts,
         .reason = MALFORMED("parts: 4, not 3")},
        {"a point before it", .spoil = point_first,
         .reason = MALFORMED("parts: 4, not 3")},
        {"two points", .spoil = empty_payload_part,
         .reason = MALFORMED("parts: 4, not 3")},
        {"thousands of points (CVE-2025-30204)", .spoil = points,
         .reason = MALFORMED("parts: 60003, not 3")},
        {"a JSON serialization around it (CVE-2022-39227)", .spoil = json_first,
         .reason = NOT_BASE64("header")},
        {"lists in lists", .spoil = nest, .reason = NOT_JSON("payload")},
        {"a JWE", .spoil = five_parts,
         .reason = "the ID token is encrypted: the provider must only sign ID "
                   "tokens of this client"},
        {"no signature", .spoil = no_signature,
         .reason = MALFORMED("its signature is empty")},
        {"nothing", .spoil = nothing, .reason = MALFORMED("parts: 1, not 3")},
        {"very long", .spoil = too_long,
         .reason = "the ID token is longer than 65536 bytes"},
        {"alg twice",
         .header = "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"alg\":\"none\"}",
         .reason = NOT_JSON("header")},
        {"alg twice, escaped",
         .header = "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"\\u0061lg\":\"none\"}",
         .reason = NOT_JSON("header")},
        {"aud twice", .with = "\"aud\":\"host\"",
         .reason = NOT_JSON("payload")},
        {"aud twice, escaped", .with = "\"a\\u0075d\":\"host\"",
         .reason = NOT_JSON("payload")},
        {"a claim twice inside another", .with = "\"x\":{\"y\":1,\"y\":2}",
         .reason = NOT_JSON("payload")},
        {"a claim with a NUL", .without = "sub", .with = "\"sub\":\"1\\u0000\"",
         .reason = NOT_JSON("payload")},
        {"a header that is a list", .header = "[\"RS256\"]",
         .reason = NOT_JSON("header")},
        {"a header and more", .header = HEADER "x",
         .reason = NOT_JSON("header")},
        {"a header with a comment", .header = "/**/" HEADER,
         .reason = NOT_JSON("header")},
        {"a payload that is a text", .payload = "\"host\"",
         .reason = NOT_JSON("payload")},
        {"a payload that is a token", .payload = "eyJhbGciOiJub25lIn0.e30.",
         .reason = NOT_JSON("payload")},
        {"an empty payload", .payload = "",
         .reason = MALFORMED("its payload is empty")},
        {"NaN", .without = "exp", .with = "\"exp\":NaN",
         .reason = NOT_JSON("payload")},
        {"Infinity", .without = "exp", .with = "\"exp\":Infinity",
         .reason = NOT_JSON("payload")},
    };

    assert_refused(rows, ARRAY_LEN(rows));
}

/* ---- forgeries: the header and the key ----------------------------------- */

#define MORE(more) "{\"alg\":\"RS256\",\"kid\":\"rsa\"," more "}"
#define KEY(why)                                                               \
    "the ID token is signed with RS256 and the key 'rsa', which " why

static void
other_headers_and_keys_are_refused(void **state UNUSED)
{
    static const struct forgery rows[] = {
        {"crit", .header = MORE("\"crit\":[\"exp\"],\"exp\":1"),
         .reason = "the ID token needs extensions (crit) that are not known "
                   "here"},
        {"an empty crit", .header = MORE("\"crit\":[]"),
         .reason = "the ID token needs extensions (crit) that are not known "
                   "here"},
        {"b64", .header = MORE("\"b64\":false"),
         .reason = "the ID token has an unencoded payload (b64)"},
        {"an access token", .header = MORE("\"typ\":\"at+jwt\""),
         .reason = "the ID token is of the type (typ) 'at+jwt', not 'JWT'"},
        {"a logout token", .header = MORE("\"typ\":\"logout+jwt\""),
         .reason = "the ID token is of the type (typ) 'logout+jwt', not 'JWT'"},
        {"a type that is no text", .header = MORE("\"typ\":{}"),
         .reason = "the ID token has a type (typ) that is no text"},
        {"an unknown kid", .header = ALG("RS256", "../../dev/null"),
         .reason = "the ID token is signed with a key '../../dev/null' that "
                   "the provider does not have",
         .r = -ENOKEY},
        {"a kid of another case", .header = ALG("RS256", "RSA"),
         .reason = "the ID token is signed with a key 'RSA' that the provider "
                   "does not have",
         .r = -ENOKEY},
        {"a kid for a terminal", .header = ALG("RS256", "\\u001b[2J"),
         .reason = "the ID token is signed with a key '?[2J' that the provider "
                   "does not have",
         .r = -ENOKEY},
        {"an empty kid", .header = ALG("RS256", ""),
         .reason = "the ID token is signed with a key '' that the provider "
                   "does not have",
         .r = -ENOKEY},
        {"a kid that is a number", .header = "{\"alg\":\"RS256\",\"kid\":1}",
         .reason = "the ID token names its key (kid) by something that is no "
                   "text"},
        {"a kid that is null", .header = "{\"alg\":\"RS256\",\"kid\":null}",
         .reason = "the ID token names its key (kid) by something that is no "
                   "text"},
        {"a key for encryption", .kid = "rsa", .jwk_with = "{\"use\":\"enc\"}",
         .reason = KEY("is not for signatures (use)"), .r = -ENOKEY},
        {"a key that does not verify", .kid = "rsa",
         .jwk_with = "{\"key_ops\":[\"encrypt\"]}",
         .reason = KEY("is not for verifying (key_ops)"), .r = -ENOKEY},
        {"a key for another alg", .kid = "rsa",
         .jwk_with = "{\"alg\":\"RS384\"}",
         .reason = KEY("is for another algorithm (alg)"), .r = -ENOKEY},
        {"a key of another type", .kid = "rsa", .jwk_with = "{\"kty\":\"EC\"}",
         .reason = KEY("is of another type (kty)"), .r = -ENOKEY},
        {"a shared secret", .kid = "rsa",
         .jwk_with = "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
         .reason = KEY("is a shared secret (kty oct)"), .r = -ENOKEY},
        {"a private key", .kid = "rsa", .jwk_with = "{\"d\":\"AQAB\"}",
         .reason = KEY("is published with its private part: anybody can sign "
                       "with it"),
         .r = -ENOKEY},
        {"an exponent of 1", .kid = "rsa", .jwk_with = "{\"e\":\"AQ\"}",
         .reason = KEY("has an unsafe exponent (e)"), .r = -ENOKEY},
        {"RSA of 1024 bits", .header = ALG("RS256", "weak"),
         .signer = SIGNER_WEAK,
         .reason = "the ID token is signed with RS256 and the key 'weak', "
                   "which is an RSA key of less than 2048 bits",
         .r = -ENOKEY},
        {"a point that is not on the curve", .header = ALG("ES256", "p256"),
         .alg = "ES256", .signer = SIGNER_P256, .kid = "p256",
         .jwk_with = "{\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
         .reason = "the ID token is signed with ES256 and the key 'p256', "
                   "which is no point of its curve",
         .r = -ENOKEY},
    };

    assert_refused(rows, ARRAY_LEN(rows));
}

/* ---- forgeries: the claims ----------------------------------------------- */

#define FROM(iss) "the ID token is from '" iss "', not from '" ISSUER "'"
#define NOT_FOR   "the ID token is not for this client ('host')"
#define NO_AUD    "the ID token has no usable audience (aud)"
#define NO_AZP                                                                 \
    "the ID token is for several audiences (aud), but does not say for which " \
    "it was issued (azp)"
#define AZP(azp) "the ID token was issued to another client (azp: '" azp "')"
#define NO_SUB   "the ID token has no usable subject (sub)"

static void
claims_of_somebody_else_are_refused(void **state UNUSED)
{
    static const struct forgery rows[] = {
        {"another issuer", .without = "iss",
         .with = "\"iss\":\"https://evil.example\"",
         .reason = FROM("https://evil.example")},
        {"a slash behind the issuer", .without = "iss",
         .with = "\"iss\":\"" ISSUER "/\"", .reason = FROM(ISSUER "/")},
        {"an issuer of another case", .without = "iss",
         .with = "\"iss\":\"https://login.example/Realm\"",
         .reason = FROM("https://login.example/Realm")},
        {"the beginning of the issuer", .without = "iss",
         .with = "\"iss\":\"https://login.example\"",
         .reason = FROM("https://login.example")},
        {"a longer issuer", .without = "iss",
         .with = "\"iss\":\"" ISSUER ".evil.example\"",
         .reason = FROM(ISSUER ".evil.example")},
        {"a list of issuers", .without = "iss",
         .with = "\"iss\":[\"" ISSUER "\"]", .reason = FROM("")},
        {"no issuer", .without = "iss", .reason = FROM("")},
        {"another audience", .without = "aud", .with = "\"aud\":\"hosts\"",
         .reason = NOT_FOR},
        {"words as the audience", .without = "aud",
         .with = "\"aud\":\"other host\"", .reason = NOT_FOR},
        {"an audience of another case", .without = "aud",
         .with = "\"aud\":\"Host\"", .reason = NOT_FOR},
        {"audiences without us", .without = "aud",
         .with = "\"aud\":[\"a\",\"b\"]", .reason = NOT_FOR},
        {"no audiences", .without = "aud", .with = "\"aud\":[]",
         .reason = NOT_FOR},
        {"an audience that is a list of lists", .without = "aud",
         .with = "\"aud\":[[\"host\"]]", .reason = NO_AUD},
        {"an audience that is a list of objects", .without = "aud",
         .with = "\"aud\":[\"host\",{\"host\":1}]", .reason = NO_AUD},
        {"an audience that is an object", .without = "aud",
         .with = "\"aud\":{\"0\":\"host\"}", .reason = NO_AUD},
        {"an audience that is null", .without = "aud", .with = "\"aud\":null",
         .reason = NO_AUD},
        {"an audience that is true", .without = "aud", .with = "\"aud\":true",
         .reason = NO_AUD},
        {"no audience", .without = "aud", .reason = NO_AUD},
        {"several audiences, no azp", .without = "aud",
         .with = "\"aud\":[\"host\",\"x\"]", .reason = NO_AZP},
        {"us twice, no azp", .without = "aud",
         .with = "\"aud\":[\"host\",\"host\"]", .reason = NO_AZP},
        {"several audiences, another azp", .without = "aud",
         .with = "\"aud\":[\"host\",\"x\"],\"azp\":\"x\"", .reason = AZP("x")},
        {"another azp", .with = "\"azp\":\"evil\"", .reason = AZP("evil")},
        {"an azp that is a list", .with = "\"azp\":[\"host\"]",
         .reason = AZP("")},
        {"an azp that is null", .with = "\"azp\":null", .reason = AZP("")},
        {"no subject", .without = "sub", .reason = NO_SUB},
        {"an empty subject", .without = "sub", .with = "\"sub\":\"\"",
         .reason = NO_SUB},
        {"a subject that is a number", .without = "sub", .with = "\"sub\":0",
         .reason = NO_SUB},
        {"a subject with a control character", .without = "sub",
         .with = "\"sub\":\"a\\u0007\"", .reason = NO_SUB},
        {"a subject with a newline", .without = "sub",
         .with = "\"sub\":\"a\\nb\"", .reason = NO_SUB},
        {"a subject with a space", .without = "sub", .with = "\"sub\":\"a b\"",
         .reason = NO_SUB},
        {"a subject that is not ASCII", .without = "sub",
         .with = "\"sub\":\"\xc3\xa4\"", .reason = NO_SUB},
        {"another subject at a renewal", .subject = "1",
         .reason = "the provider renewed for '248289761001', but '1' is "
                   "logged in"},
        {"a longer subject at a renewal", .subject = "24828976100",
         .reason = "the provider renewed for '248289761001', but "
                   "'24828976100' is logged in"},
        {"no nonce", .without = "nonce",
         .reason = "the ID token has no nonce, but one was sent"},
        {"a nonce that is a list", .without = "nonce",
         .with = "\"nonce\":[\"n-0S6_WzA2Mj\"]",
         .reason = "the ID token has no nonce, but one was sent"},
        {"another nonce", .without = "nonce",
         .with = "\"nonce\":\"n-0S6_WzA2M\"",
         .reason = "the ID token is that of another login (nonce)"},
        {"no acr", .without = "acr",
         .reason = "the ID token does not say how the user authenticated "
                   "(acr), as require_acr requires"},
        {"an acr that is a list", .without = "acr",
         .with = "\"acr\":[\"silver\"]",
         .reason = "the ID token does not say how the user authenticated "
                   "(acr), as require_acr requires"},
        {"another acr", .without = "acr", .with = "\"acr\":\"bronze\"",
         .reason = "the user authenticated by 'bronze' (acr), which is not in "
                   "require_acr"},
        {"all acr at once", .without = "acr", .with = "\"acr\":\"silver gold\"",
         .reason = "the user authenticated by 'silver gold' (acr), which is "
                   "not in require_acr"},
        {"another access token", .without = "at_hash",
         .with = "\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RA\"",
         .reason = "the ID token belongs to another access token (at_hash)"},
        {"half of an at_hash", .without = "at_hash",
         .with = "\"at_hash\":\"77QmUPtjPfw\"",
         .reason = "the ID token belongs to another access token (at_hash)"},
        {"an empty at_hash", .without = "at_hash", .with = "\"at_hash\":\"\"",
         .reason = "the ID token belongs to another access token (at_hash)"},
        {"an at_hash with padding", .without = "at_hash",
         .with = "\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ==\"",
         .reason = "the ID token belongs to another access token (at_hash)"},
        {"an at_hash that is no text", .without = "at_hash",
         .with = "\"at_hash\":null",
         .reason = "the ID token has an unusable at_hash"},
    };

    assert_refused(rows, ARRAY_LEN(rows));
}

#define NO_EXP "the ID token has no usable end (exp)"
#define NO_IAT "the ID token has no usable time of issue (iat)"
#define NO_NBF "the ID token has an unusable start (nbf)"
#define NO_AUTH                                                                \
    "the ID token does not say when the user authenticated (auth_time), as "   \
    "max_age requires"
#define DATE(name, value, why)                                                 \
    {                                                                          \
        name ": " value, .without = name, .with = "\"" name "\":" value,       \
                         .reason = why                                         \
    }

static void
times_that_are_none_are_refused(void **state UNUSED)
{
    static const struct forgery rows[] = {
        {"no exp", .without = "exp", .reason = NO_EXP},
        DATE("exp", "\"1800000300\"", NO_EXP),
        DATE("exp", "\"NaN\"", NO_EXP),
        DATE("exp", "null", NO_EXP),
        DATE("exp", "true", NO_EXP),
        DATE("exp", "[1800000300]", NO_EXP),
        DATE("exp", "{}", NO_EXP),
        DATE("exp", "-1", NO_EXP),
        DATE("exp", "-1800000300", NO_EXP),
        DATE("exp", "-1e308", NO_EXP),
        DATE("exp", "1e308", NO_EXP),
        DATE("exp", "1e999", NO_EXP),
        DATE("exp", "9223372036854775807", NO_EXP),
        DATE("exp", "18446744073709551616", NO_EXP),
        DATE("exp", "253402300800", NO_EXP),
        DATE("exp", "1800000300.5", NO_EXP),
        DATE("exp", "1799999940",
             "the ID token expired 60 s ago (is the clock of this host "
             "right?)"),
        DATE("exp", "0",
             "the ID token expired 1800000000 s ago (is the clock of this "
             "host right?)"),
        DATE("exp", "1799999990",
             "the ID token ends (exp) before it was issued (iat)"),
        DATE("exp", "1799999989",
             "the ID token ends (exp) before it was issued (iat)"),
        {"no iat", .without = "iat", .reason = NO_IAT},
        DATE("iat", "\"1799999990\"", NO_IAT),
        DATE("iat", "-1", NO_IAT),
        DATE("iat", "1e999", NO_IAT),
        DATE("iat", "null", NO_IAT),
        DATE("iat", "1800000061",
             "the ID token was issued 61 s in the future (is the clock of "
             "this host or of the provider wrong?)"),
        DATE("iat", "1800000600",
             "the ID token was issued 600 s in the future (is the clock of "
             "this host or of the provider wrong?)"),
        DATE("nbf", "1800000061",
             "the ID token is not valid yet (is the clock of this host "
             "right?)"),
        DATE("nbf", "\"0\"", NO_NBF),
        DATE("nbf", "null", NO_NBF),
        DATE("nbf", "-1", NO_NBF),
        DATE("nbf", "1e999", NO_NBF),
        {"no auth_time", .without = "auth_time", .reason = NO_AUTH},
        DATE("auth_time", "\"1799999900\"", NO_AUTH),
        DATE("auth_time", "null", NO_AUTH),
        DATE("auth_time", "-1", NO_AUTH),
        DATE("auth_time", "1799999339",
             "the user authenticated 661 s ago, longer than max_age (600 s)"),
        DATE("auth_time", "0",
             "the user authenticated 1800000000 s ago, longer than max_age "
             "(600 s)"),
        DATE("auth_time", "1800000061",
             "the user authenticated 61 s in the future (auth_time; is the "
             "clock of this host or of the provider wrong?)"),
    };

    assert_refused(rows, ARRAY_LEN(rows));
}

/* ---- to the second ------------------------------------------------------- */

static int
check_text(const char *text, const struct id_token_check *check,
           struct problem *problem)
{
    int64_t expires_at = 0;
    cJSON *claims = NULL;
    int r;

    assert_int_equal(json_parse(text, strlen(text), &claims), 0);
    r = id_token_check_claims(claims, check, &expires_at, problem);
    cJSON_Delete(claims);
    return r;
}

static void
the_clocks_may_differ_by_a_minute(void **state UNUSED)
{
    static const struct {
        const char *claims; /* the last one has no value yet */
        int64_t last;       /* for which it is good */
        int step;           /* to where it is not */
    } rows[] = {
        {"\"iat\":1,\"auth_time\":1800000000,\"exp\":", NOW - 59, -1},
        {"\"exp\":1800000300,\"auth_time\":1800000000,\"iat\":", NOW + 60, 1},
        {"\"exp\":1800000300,\"auth_time\":1800000000,\"iat\":1,\"nbf\":",
         NOW + 60, 1},
        {"\"exp\":1800000300,\"iat\":1,\"auth_time\":", NOW - 660, -1},
        {"\"exp\":1800000300,\"iat\":1,\"auth_time\":", NOW + 60, 1},
        {"\"exp\":1800000300,\"auth_time\":1800000000,\"iat\":", INT64_C(0),
         -1},
    };
    struct id_token_check check = make_check();
    char text[256];
    size_t i;

    check.nonce = check.acr = NULL;
    for (i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        const bool is_good = i % 2 == 0;
        struct problem problem = {0};

        (void) snprintf(text, sizeof(text),
                        "{\"iss\":\"" ISSUER "\",\"sub\":\"1\",\"aud\":"
                        "\"host\",%s%" PRId64 "}",
                        rows[i / 2].claims,
                        rows[i / 2].last + (is_good ? 0 : rows[i / 2].step));
        if (check_text(text, &check, &problem) != (is_good ? 0 : -EPROTO))
            fail_msg("%s: %s", text, problem.reason);
    }
}

static void
a_subject_has_255_characters_at_most(void **state UNUSED)
{
    struct id_token_check check = make_check();
    struct problem problem = {0};
    char text[512], sub[257];
    size_t len;

    check.nonce = check.acr = NULL;
    check.max_age = -1;
    for (len = 255; len <= 256; len++) {
        memset(sub, 'x', len);
        sub[len] = '\0';
        (void) snprintf(text, sizeof(text),
                        "{\"iss\":\"" ISSUER "\",\"aud\":\"host\",\"iat\":1,"
                        "\"exp\":1800000300,\"sub\":\"%s\"}",
                        sub);
        assert_int_equal(check_text(text, &check, &problem),
                         len == 255 ? 0 : -EPROTO);
    }
    assert_string_equal(problem.reason, NO_SUB);
}

static void
nothing_is_left_in_memory(void **state UNUSED)
{
    struct id_token_check check = make_check();
    cJSON *set = make_set(NULL, NULL);
    struct secret payload = {0}, token = {0};
    struct problem problem = {0};
    const char *reason;

    make_payload(NULL, "\"x\":\"CANARY\"", &payload);
    signer_token("RS256", SIGNER_RSA, HEADER, secret_text(&payload), &token);
    secret_clear(&payload);
    wiped_begin("CANARY");
    assert_int_equal(verify(&token, set, &check, &problem), 0);
    check.client_id = "x";
    assert_int_equal(verify(&token, set, &check, &problem), -EPROTO);
    assert_wiped();
    reason = problem.reason;
    assert_null(strstr(reason, "CANARY"));
    secret_clear(&token);
    cJSON_Delete(set);
}

/* Under ASan also that each of them is freed again. */
static void
no_forgery_is_good_when_memory_is_short(void **state UNUSED)
{
    static const struct forgery rows[] = {
        {.what = "RSA"},
        {"RSA, forged", .signer = SIGNER_ATTACKER},
        {"PSS, forged", .header = ALG("PS256", "rsa"), .alg = "PS256",
         .signer = SIGNER_ATTACKER},
        {"EC", .header = ALG("ES256", "p256"), .alg = "ES256",
         .signer = SIGNER_P256},
        {"EC, forged", .header = ALG("ES256", "p256"), .alg = "ES256",
         .signer = SIGNER_P256, .spoil = flip_last},
        {"Ed25519, forged", .header = ALG("EdDSA", "ed"), .alg = "EdDSA",
         .signer = SIGNER_ED25519, .spoil = flip_first},
        {"no at_hash of ours", .without = "at_hash",
         .with = "\"at_hash\":\"AAAAAAAAAAAAAAAAAAAAAA\""},
    };
    /* Under valgrind each of them takes long. */
    const unsigned step = getenv("VALGRIND") != NULL ? 16 : 1;
    unsigned tried = 0;
    size_t i;
    int r;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        const bool is_good = rows[i].with == NULL
                             && rows[i].signer != SIGNER_ATTACKER
                             && rows[i].spoil == NULL;

        failing = 0;
        do {
            struct problem problem = {0};

            failing += step;
            tried++;
            r = try(&rows[i], &problem);
            if (r == 0 ? !is_good : problem.reason[0] == '\0' && r != -ENOMEM)
                fail_msg("%s, allocation %u: %d", rows[i].what, failing, r);
        } while (allocations >= failing);
        assert_int_equal(r, is_good ? 0 : -EPROTO);
    }
    failing = 0;
    print_message("# failed: %u\n", tried);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_algorithm_is_good_for_a_login),
        cmocka_unit_test(what_a_good_token_may_have),
        cmocka_unit_test(what_was_not_asked_for_is_not_checked),
        cmocka_unit_test(forged_algorithms_are_refused),
        cmocka_unit_test(forged_signatures_are_refused),
        cmocka_unit_test(the_key_in_the_header_is_not_used),
        cmocka_unit_test(malformed_tokens_are_refused),
        cmocka_unit_test(other_headers_and_keys_are_refused),
        cmocka_unit_test(claims_of_somebody_else_are_refused),
        cmocka_unit_test(times_that_are_none_are_refused),
        cmocka_unit_test(the_clocks_may_differ_by_a_minute),
        cmocka_unit_test(a_subject_has_255_characters_at_most),
        cmocka_unit_test(nothing_is_left_in_memory),
        cmocka_unit_test(no_forgery_is_good_when_memory_is_short),
    };
    int failed;

    assert_int_equal(
        CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free),
        1);
    json_init();
    append(&access_token, ACCESS_TOKEN);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    secret_clear(&access_token);
    signer_free();
    return failed;
}
