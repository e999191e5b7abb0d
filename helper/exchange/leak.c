/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdint.h>
#include <string.h>

#include "helper/exchange/leak.h"

/* Encodings around each other that are taken off. */
#define DEPTH 2

/* base64 may begin anywhere: its digits come in groups of so many. */
#define GROUP 4U

/* Of the hash: odd, and its bits well spread. */
#define FACTOR 2654435769U

/* Of a '+' nobody knows whether it was a blank before. */
static uint8_t
fold(uint8_t byte)
{
    if (byte == '+')
        return ' ';
    return byte >= 'A' && byte <= 'Z' ? (uint8_t) (byte - 'A' + 'a') : byte;
}

static bool
same(const uint8_t *text, const uint8_t *secret, size_t len, bool backwards)
{
    size_t i;

    for (i = 0; i < len; i++)
        if (fold(text[i]) != fold(secret[backwards ? len - 1 - i : i]))
            return false;
    return true;
}

static bool
is_in(const struct secret *text, const uint8_t *secret, size_t run)
{
    size_t i;

    for (i = 0; i + run <= text->len; i++)
        if (same(text->data + i, secret, run, false)
            || same(text->data + i, secret, run, true))
            return true;
    return false;
}

/* A set of hashes that may take one for another, but forgets none. */
struct seen {
    uint8_t bit[UINT16_MAX / 8 + 1];
};

static bool
seen_one(struct seen *seen, uint16_t number, bool add)
{
    uint8_t mask = (uint8_t) (1U << number % 8);

    if (add)
        seen->bit[number / 8] |= mask;
    return (seen->bit[number / 8] & mask) != 0;
}

static bool
seen_hash(struct seen *seen, uint32_t hash, bool add)
{
    bool low = seen_one(seen, (uint16_t) hash, add);

    return seen_one(seen, (uint16_t) (hash >> 16), add) && low;
}

/*
 * The provider chooses how long a secret is, and may choose a megabyte: each of
 * its bytes is passed once, with a hash of the run that ends there.
 */
static bool
contains(const struct secret *text, const struct secret *secret)
{
    size_t run = secret->len < LEAK_RUN ? secret->len : LEAK_RUN, i, j;
    uint32_t forwards, backwards, hash = 0, power = 1;
    struct seen seen = {0};

    for (i = 0; i + run <= text->len; i++) {
        forwards = backwards = 0;
        for (j = 0; j < run; j++) {
            forwards = forwards * FACTOR + fold(text->data[i + j]);
            backwards = backwards * FACTOR + fold(text->data[i + run - 1 - j]);
        }
        seen_hash(&seen, forwards, true);
        seen_hash(&seen, backwards, true);
    }
    for (j = 0; j < run; j++)
        power *= FACTOR;
    for (j = 0; j < secret->len; j++) {
        hash = hash * FACTOR + fold(secret->data[j]);
        if (j >= run)
            hash -= power * fold(secret->data[j - run]);
        if (j + 1 >= run && seen_hash(&seen, hash, false)
            && is_in(text, secret->data + j + 1 - run, run))
            return true;
    }
    return false;
}

static int
hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte = fold(byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* What is not encoded stays as it is. */
static int
unescape(const struct secret *text, struct secret *out)
{
    const uint8_t *data = text->data;
    int r = 0, high, low;
    uint8_t byte;
    size_t i;

    for (i = 0; r == 0 && i < text->len; i++) {
        byte = data[i];
        high = low = -1;
        if (byte == '%' && text->len - i > 2) {
            high = hex_digit(data[i + 1]);
            low = hex_digit(data[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            byte = (uint8_t) (high * 16 + low);
            i += 2;
        }
        r = secret_append(out, &byte, 1, LEAK_TEXT_MAX);
    }
    return r;
}

static int
base64_digit(uint8_t byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return byte - 'A';
    if (byte >= 'a' && byte <= 'z')
        return byte - 'a' + 26;
    if (byte >= '0' && byte <= '9')
        return byte - '0' + 52;
    if (byte == '+' || byte == '-')
        return 62;
    return byte == '/' || byte == '_' ? 63 : -1;
}

/* Each run of digits, without so many at its beginning. */
static int
decode(const struct secret *text, size_t skip, struct secret *out)
{
    size_t i, to_skip = skip, bits = 0;
    uint32_t group = 0;
    uint8_t byte;
    int r = 0, digit;

    for (i = 0; r == 0 && i < text->len; i++) {
        digit = base64_digit(text->data[i]);
        if (digit < 0) {
            to_skip = skip;
            bits = 0;
        } else if (to_skip > 0) {
            to_skip--;
        } else {
            group = group << 6 | (uint32_t) digit;
            bits += 6;
        }
        if (bits < 8)
            continue;
        bits -= 8;
        byte = (uint8_t) (group >> bits);
        r = secret_append(out, &byte, 1, LEAK_TEXT_MAX);
    }
    return r;
}

static bool
found(const struct secret *secret, const struct secret *text, int depth)
{
    struct secret plain = {0};
    size_t skip;
    bool leak;

    /* What is too short for it is no longer when it is decoded. */
    if (text->len < secret->len && text->len < LEAK_RUN)
        return false;
    leak = contains(text, secret);
    if (leak || depth == 0)
        return leak;
    leak = unescape(text, &plain) < 0 || found(secret, &plain, depth - 1);
    secret_clear(&plain);
    for (skip = 0; !leak && skip < GROUP; skip++) {
        leak =
            decode(text, skip, &plain) < 0 || found(secret, &plain, depth - 1);
        secret_clear(&plain);
    }
    return leak;
}

bool
leak_found(const struct secret *secret, const char *text)
{
    struct secret copy = {0};
    bool leak;

    if (secret->len < LEAK_MIN)
        return false;
    leak =
        secret_append(&copy, text, strnlen(text, LEAK_TEXT_MAX), LEAK_TEXT_MAX)
            < 0
        || found(secret, &copy, DEPTH);
    secret_clear(&copy);
    return leak;
}
