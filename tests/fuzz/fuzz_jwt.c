/* SPDX-License-Identifier: MIT */
/* ID tokens taken apart.  Base64url is strict: one text for the same bytes. */
#include <config.h>

#include <errno.h>

#include "helper/exchange/json.h"
#include "helper/exchange/jwt.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
    json_init();
    return 0;
}

static void
encode(const struct secret *bytes, struct secret *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
                                 "tuvwxyz0123456789-_";
    uint32_t group;
    size_t i, j;

    for (i = 0; i < bytes->len; i += 3) {
        group = 0;
        for (j = 0; j < 3; j++)
            group = group << 8 | (i + j < bytes->len ? bytes->data[i + j] : 0U);
        for (j = 0; j < 4 && i + j <= bytes->len; j++)
            HOLDS(secret_append(out, &digits[group >> (18 - 6 * j) & 63], 1,
                                SIZE_MAX / 2)
                  == 0);
    }
}

static void
check_base64url(const char *text, size_t len)
{
    struct secret bytes = {0}, again = {0};
    int r;

    r = base64url_decode(text, len, &bytes);
    HOLDS(r == 0 || r == -EBADMSG);
    if (r == 0) {
        encode(&bytes, &again);
        HOLDS(again.len == len);
        HOLDS(len == 0 || memcmp(again.data, text, len) == 0);
    }
    secret_clear(&bytes);
    secret_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problem problem = {0};
    struct secret token = {0};
    struct jwt jwt = {0};
    const char *text, *part;
    int r;

    HOLDS(secret_append(&token, data, size, SIZE_MAX / 2) == 0);
    text = secret_text(&token);
    check_base64url(text, token.len);
    for (part = text; part != NULL; part = strchr(part, '.')) {
        part += *part == '.';
        check_base64url(part, strcspn(part, "."));
    }
    r = jwt_decode(&token, &jwt, &problem);
    HOLDS(r == 0 || r == -EPROTO);
    HOLDS(is_printable(problem.reason));
    HOLDS((r == 0) == (problem.reason[0] == '\0'));
    if (r == 0) {
        HOLDS(cJSON_IsObject(jwt.header) && cJSON_IsObject(jwt.payload));
    }
    jwt_clear(&jwt);
    jwt_clear(&jwt);
    secret_clear(&token);
    return 0;
}
