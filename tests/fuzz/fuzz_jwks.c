/* SPDX-License-Identifier: MIT */
/* A provider's keys: a few public ones, none of them weak, or a reason. */
#include <config.h>

#include <errno.h>

#include <openssl/evp.h>

#include "helper/exchange/json.h"
#include "helper/exchange/jwk.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
    json_init();
    return 0;
}

static void
check_found(const struct jws_algorithm *algorithm,
            const struct jwk_found *found, const struct secret *signature)
{
    size_t i;
    int bits, r;

    HOLDS(found->count > 0 && found->count <= JWK_FOUND_MAX);
    for (i = 0; i < found->count; i++) {
        bits = EVP_PKEY_get_bits(found->key[i]);
        if (strcmp(algorithm->kty, "RSA") == 0)
            HOLDS(bits >= JWK_RSA_BITS_MIN && bits <= JWK_RSA_BITS_MAX);
        r = jws_verify(algorithm, found->key[i], "data", 4, signature);
        HOLDS(r == -EKEYREJECTED || r == -EBADMSG);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"RS256", "PS256", "ES256", "ES384",
                                        "ES512", "EdDSA", "none",  "HS256"};
    struct input input = {data, size};
    const struct jws_algorithm *algorithm =
        jws_algorithm(names[input_byte(&input) % ARRAY_LEN(names)]);
    char *kid = input_text(&input, NULL), *text;
    struct secret signature = {0};
    struct problem problem = {0};
    struct jwk_found found = {0};
    cJSON *set = NULL;
    size_t len;
    int r;

    text = input_text(&input, &len);
    HOLDS(secret_append(&signature, input.data, input.len, SIZE_MAX / 2) == 0);
    if (algorithm != NULL && json_parse(text, len, &set) == 0) {
        r = jwk_find(set, *kid != '\0' ? kid : NULL, algorithm, &found,
                     &problem);
        HOLDS(r == 0 || r == -ENOKEY || r == -EPROTO);
        HOLDS(is_printable(problem.reason));
        HOLDS(r == 0 || problem.reason[0] != '\0');
        if (r == 0)
            check_found(algorithm, &found, &signature);
    }
    jwk_found_clear(&found);
    secret_clear(&signature);
    cJSON_Delete(set);
    free(text);
    free(kid);
    return 0;
}
