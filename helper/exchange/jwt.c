/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/message.h"
#include "helper/exchange/json.h"
#include "helper/exchange/jwt.h"

enum part { PART_HEADER, PART_PAYLOAD, PART_SIGNATURE, PART_COUNT };

static const char *const part_names[PART_COUNT] = {
    [PART_HEADER] = "header",
    [PART_PAYLOAD] = "payload",
    [PART_SIGNATURE] = "signature",
};

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

/* The parts of a text: one more than it has points. */
static unsigned
count_parts(const char *text)
{
    unsigned n = 1;

    while ((text = strchr(text, '.')) != NULL) {
        text++;
        n++;
    }
    return n;
}

static int
check_form(const struct secret *token, struct problem *problem)
{
    const char *text = secret_text(token);
    unsigned n;

    if (token->len > JWT_MAX)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is longer than %zu bytes", JWT_MAX);
    if (strlen(text) != token->len)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is malformed: it has a NUL in it");
    n = count_parts(text);
    if (n == 5) /* RFC 7516 7.1 */
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is encrypted: the provider must only "
                           "sign ID tokens of this client");
    if (n != PART_COUNT)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is malformed: parts: %u, not 3", n);
    return 0;
}

static int
split(const struct secret *token, struct secret part[PART_COUNT],
      size_t *signed_len, struct problem *problem)
{
    const char *text = secret_text(token);
    size_t i, len;
    int r;

    r = check_form(token, problem);
    for (i = 0; r == 0 && i < PART_COUNT; i++) {
        len = strcspn(text, ".");
        if (len == 0)
            return problem_set(problem, OUTCOME_DENIED,
                               "the ID token is malformed: its %s is empty",
                               part_names[i]);
        r = base64url_decode(text, len, &part[i]);
        if (r == -EBADMSG)
            return problem_set(problem, OUTCOME_DENIED,
                               "the ID token is malformed: its %s is not "
                               "base64url without padding",
                               part_names[i]);
        text += len + 1;
        if (i == PART_PAYLOAD)
            *signed_len = (size_t) (text - 1 - secret_text(token));
    }
    return r;
}

static int
parse(const struct secret *part, const char *name, cJSON **out,
      struct problem *problem)
{
    int r;

    r = json_parse(part->data, part->len, out);
    if (r == -EBADMSG)
        r = problem_set(problem, OUTCOME_DENIED,
                        "the ID token is malformed: its %s is not a JSON "
                        "object, or has a member twice",
                        name);
    return r;
}

int
jwt_decode(const struct secret *token, struct jwt *out, struct problem *problem)
{
    struct secret part[PART_COUNT] = {{0}};
    struct jwt jwt = {0};
    size_t i;
    int r;

    r = split(token, part, &jwt.signed_len, problem);
    for (i = 0; r == 0 && i < PART_SIGNATURE; i++)
        r = parse(&part[i], part_names[i],
                  i == PART_HEADER ? &jwt.header : &jwt.payload, problem);
    if (r == 0) {
        jwt.signature = part[PART_SIGNATURE];
        part[PART_SIGNATURE] = (struct secret){0};
        *out = jwt;
        jwt = (struct jwt){0};
    }
    jwt_clear(&jwt);
    for (i = 0; i < PART_COUNT; i++)
        secret_clear(&part[i]);
    return r;
}

void
jwt_clear(struct jwt *jwt)
{
    cJSON_Delete(jwt->header);
    cJSON_Delete(jwt->payload);
    secret_clear(&jwt->signature);
    *jwt = (struct jwt){0};
}
