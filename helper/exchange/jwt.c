/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/message.h"
#include "helper/exchange/json.h"
#include "helper/exchange/jwt.h"

enum part { PART_HEADER, PART_PAYLOAD, PART_SIGNATURE, PART_COUNT };

/* The six bits of a character, or -1. */
static int
bits_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

int
base64url_decode(const char *text, size_t len, struct secret *out)
{
    uint32_t group = 0;
    unsigned n_bits = 0;
    uint8_t byte;
    size_t i;
    int bits, r;

    if (len % 4 == 1)
        return -EBADMSG;
    for (i = 0; i < len; i++) {
        bits = bits_of(text[i]);
        if (bits < 0)
            return -EBADMSG;
        group = (group << 6 | (uint32_t) bits) & 0xfff;
        n_bits += 6;
        if (n_bits < 8)
            continue;
        n_bits -= 8;
        byte = (uint8_t) (group >> n_bits);
        r = secret_append(out, &byte, 1, MESSAGE_MAX);
        if (r < 0)
            return r == -EMSGSIZE ? -EBADMSG : r;
    }
    return (group & ((1U << n_bits) - 1)) == 0 ? 0 : -EBADMSG;
}

static int
split(const struct secret *token, struct secret part[PART_COUNT])
{
    const char *text = secret_text(token);
    size_t i, len;
    int r;

    if (strlen(text) != token->len)
        return -EBADMSG;
    for (i = 0; i < PART_COUNT; i++) {
        len = strcspn(text, ".");
        if (len == 0 || (text[len] == '.') != (i < PART_SIGNATURE))
            return -EBADMSG;
        r = base64url_decode(text, len, &part[i]);
        if (r < 0)
            return r;
        text += len + 1;
    }
    return 0;
}

int
jwt_decode(const struct secret *token, cJSON **header, cJSON **payload)
{
    struct secret part[PART_COUNT] = {{0}};
    cJSON *first = NULL, *second = NULL;
    size_t i;
    int r;

    r = split(token, part);
    if (r == 0)
        r = json_parse(part[PART_HEADER].data, part[PART_HEADER].len, &first);
    if (r == 0)
        r = json_parse(part[PART_PAYLOAD].data, part[PART_PAYLOAD].len,
                       &second);
    if (r == 0) {
        *header = first;
        *payload = second;
        first = second = NULL;
    }
    cJSON_Delete(first);
    cJSON_Delete(second);
    for (i = 0; i < PART_COUNT; i++)
        secret_clear(&part[i]);
    return r;
}
