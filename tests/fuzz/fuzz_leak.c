/* SPDX-License-Identifier: MIT */
/*
 * A secret in a text is found in each of the clothes that leak.h names.
 *
 * The input: how it is dressed, twice, and where; the secret; what is around.
 */
#include <config.h>

#include "helper/exchange/leak.h"
#include "tests/fuzz/fuzz.h"

#define MAX (SIZE_MAX / 2)

enum dress { AS_IS, PERCENT, FORM, BASE64, BASE64URL, DRESSES };

static void
add(struct secret *out, const void *data, size_t len)
{
    HOLDS(secret_append(out, data, len, MAX) == 0);
}

/* choice: which of those that need not be escaped are. */
static void
escape(const struct secret *in, bool form, unsigned choice, struct secret *out)
{
    char text[4];
    size_t i;

    for (i = 0; i < in->len; i++) {
        uint8_t byte = in->data[i];
        bool plain = (byte >= '0' && byte <= '9')
                     || (byte >= 'a' && byte <= 'z')
                     || (byte >= 'A' && byte <= 'Z');

        (void) snprintf(text, sizeof(text), choice & 1 ? "%%%02x" : "%%%02X",
                        byte);
        if (form && byte == ' ')
            add(out, "+", 1);
        else if ((plain && (choice >> (1 + i % 7) & 1) == 0)
                 || (!form && byte == '+'))
            add(out, &byte, 1); /* RFC 3986 2.2 leaves '+' as it is */
        else
            add(out, text, 3);
    }
}

static void
encode(const struct secret *in, const char *last, struct secret *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789";
    uint32_t group = 0, bits = 0;
    size_t i;

    /* Bit by bit: slow, and plainly right. */
    for (i = 0; i < 8 * in->len; i++) {
        group = group << 1 | (in->data[i / 8] >> (7 - i % 8) & 1);
        if (++bits == 6) {
            add(out, group < 62 ? &digits[group] : &last[group - 62], 1);
            bits = group = 0;
        }
    }
    if (bits > 0) {
        group <<= 6 - bits;
        add(out, group < 62 ? &digits[group] : &last[group - 62], 1);
    }
}

static void
dress(struct secret *text, unsigned how, unsigned choice)
{
    struct secret out = {0};

    switch (how % DRESSES) {
    case PERCENT:
        escape(text, false, choice, &out);
        break;
    case FORM:
        escape(text, true, choice, &out);
        break;
    case BASE64:
        encode(text, "+/", &out);
        break;
    case BASE64URL:
        encode(text, "-_", &out);
        break;
    default:
        return;
    }
    secret_clear(text);
    *text = out;
}

/* Backwards, or in capitals. */
static void
turn(const char *secret, size_t len, unsigned how, struct secret *out)
{
    size_t i;
    char c;

    for (i = 0; i < len; i++) {
        c = secret[how & 1 ? len - 1 - i : i];
        if ((how & 2) != 0 && c >= 'a' && c <= 'z')
            c = (char) (c - 'a' + 'A');
        add(out, &c, 1);
    }
}

static void
check_found(struct input *input, const struct secret *secret)
{
    unsigned how = input_byte(input), first = input_byte(input),
             second = input_byte(input);
    size_t before = input_byte(input), len;
    struct secret text = {0};
    char *around;

    turn(secret_text(secret), secret->len, how, &text);
    /* base64 "from any byte on": something else may be in the same one. */
    around = input_text(input, &len);
    if (before > len)
        before = len;
    if (first % DRESSES >= BASE64) {
        struct secret more = {0};

        add(&more, around, before);
        add(&more, text.data, text.len);
        secret_clear(&text);
        text = more;
    }
    dress(&text, first, how >> 2);
    dress(&text, second, how >> 3);
    add(&text, " ", 1);
    add(&text, around + before, len - before);
    if (text.len <= LEAK_TEXT_MAX && strlen(secret_text(&text)) == text.len)
        HOLDS(secret->len < LEAK_MIN || leak_found(secret, secret_text(&text)));
    secret_clear(&text);
    free(around);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct secret secret = {0};
    size_t len;
    char *text = input_text(&input, &len);

    add(&secret, text, len);
    check_found(&input, &secret);
    /* And a text that has nothing of it is none. */
    HOLDS(!leak_found(&secret, ""));
    secret_clear(&secret);
    free(text);
    return 0;
}
