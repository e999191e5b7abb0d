/* SPDX-License-Identifier: MIT */
/*
 * ID tokens that are signed: by a key that the provider publishes, by one that
 * it does not, or not at all.  Only the first may be taken, and only with the
 * claims that were asked for.
 */
#include <config.h>

#include <errno.h>

#include "helper/exchange/id_token.h"
#include "helper/exchange/json.h"
#include "helper/exchange/jwt.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/signer.h"

#define NOW    INT64_C(1800000000)
#define ISSUER "https://login.example"
#define CLIENT "c"

static cJSON *jwks;

static const struct {
    const char *alg;
    enum signer signer;
    bool published;
} hands[] = {
    {"ES256", SIGNER_P256, true},
    {"EdDSA", SIGNER_ED25519, true},
    {"ES384", SIGNER_P384, false},
};

int
LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
    cJSON *keys;

    json_init();
    jwks = cJSON_CreateObject();
    keys = cJSON_AddArrayToObject(jwks, "keys");
    HOLDS(cJSON_AddItemToArray(keys, signer_jwk(SIGNER_P256, "p256")));
    HOLDS(cJSON_AddItemToArray(keys, signer_jwk(SIGNER_ED25519, "ed")));
    return 0;
}

static void
check_taken(const cJSON *claims, int64_t expires_at)
{
    const char *issuer = json_text(claims, "iss");

    HOLDS(issuer != NULL && strcmp(issuer, ISSUER) == 0);
    HOLDS(json_text(claims, "sub") != NULL);
    HOLDS(cJSON_GetObjectItemCaseSensitive(claims, "aud") != NULL);
    HOLDS(expires_at > NOW - ID_TOKEN_LEEWAY);
}

/* Whether it is taken. */
static bool
verify(const struct secret *token)
{
    const struct id_token_check check = {
        .issuer = ISSUER,
        .client_id = CLIENT,
        .algorithms = "RS256 ES256 ES384 EdDSA",
        .max_age = -1,
        .now = NOW,
    };
    struct problem problem = {0};
    cJSON *claims = NULL;
    int64_t expires_at = 0;
    int r;

    r = id_token_verify(token, jwks, &check, &claims, &expires_at, &problem);
    HOLDS(r == 0 || r == -EPROTO || r == -ENOKEY);
    HOLDS((r == 0) == (claims != NULL));
    HOLDS(is_printable(problem.reason) && is_printable(problem.notice));
    HOLDS((r == 0) == (problem.reason[0] == '\0'));
    HOLDS(r == 0 || problem.outcome == OUTCOME_DENIED);
    if (r == 0)
        check_taken(claims, expires_at);
    cJSON_Delete(claims);
    return r == 0;
}

/* Another last character is another signature, or no base64url. */
static void
check_forged(struct secret *token, uint8_t change)
{
    uint8_t *last = &token->data[token->len - 2];

    *last = change != *last && change > '-' ? change : *last ^ 1;
    HOLDS(!verify(token));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    size_t hand = input_byte(&input) % (ARRAY_LEN(hands) + 1);
    struct secret token = {0};
    char *header, *payload;

    if (hand == ARRAY_LEN(hands)) { /* whatever it is, nobody has signed it */
        HOLDS(secret_append(&token, input.data, input.len, SIZE_MAX / 2) == 0);
        HOLDS(!verify(&token));
        secret_clear(&token);
        return 0;
    }
    header = input_text(&input, NULL);
    payload = input_text(&input, NULL);
    signer_token(hands[hand].alg, hands[hand].signer, header, payload, &token);
    if (verify(&token)) {
        HOLDS(hands[hand].published);
        HOLDS(strstr(header, hands[hand].alg) != NULL
              || strchr(header, '\\') != NULL);
        check_forged(&token, input_byte(&input));
    }
    secret_clear(&token);
    free(header);
    free(payload);
    return 0;
}
