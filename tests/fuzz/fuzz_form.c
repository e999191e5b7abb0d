/* SPDX-License-Identifier: MIT */
/* Forms: decoded, they are what was encoded, and one value is one value. */
#include <config.h>

#include <ctype.h>
#include <errno.h>

#include "helper/exchange/form.h"
#include "helper/exchange/leak.h"
#include "tests/fuzz/fuzz.h"

static unsigned
digit(uint8_t c)
{
    HOLDS(isdigit(c) || (c >= 'A' && c <= 'F'));
    return isdigit(c) ? c - (unsigned) '0' : c - (unsigned) 'A' + 10;
}

static void
decode(const char *text, size_t len, struct secret *out)
{
    const uint8_t *bytes = (const uint8_t *) text;
    uint8_t byte;
    size_t i;

    for (i = 0; i < len; i++) {
        byte = bytes[i];
        if (byte == '%') {
            HOLDS(i + 2 < len);
            byte = (uint8_t) (digit(bytes[i + 1]) << 4 | digit(bytes[i + 2]));
            i += 2;
        } else {
            HOLDS(isalnum(byte) || strchr("-._~", byte) != NULL);
        }
        HOLDS(secret_append(out, &byte, 1, SIZE_MAX / 2) == 0);
    }
}

static void
check_value(const char *encoded, size_t len, const void *value, size_t size)
{
    struct secret again = {0};

    decode(encoded, len, &again);
    HOLDS(again.len == size);
    HOLDS(size == 0 || memcmp(again.data, value, size) == 0);
    secret_clear(&again);
}

/* name=value&name=secret, taken apart at the first & and =. */
static void
check_form(const char *name, const char *value, const struct secret *secret)
{
    struct form form = {0};
    const char *text, *equals, *and;
    int r;

    r = form_add(&form, name, value);
    if (r == 0)
        r = form_add_secret(&form, name, secret);
    HOLDS(r == 0 || r == -EMSGSIZE);
    text = secret_text(&form.body);
    equals = strchr(text, '=');
    and = strchr(text, '&');
    if (r == 0) {
        HOLDS(equals != NULL && and != NULL && equals < and);
        check_value(text, (size_t) (equals - text), name, strlen(name));
        check_value(equals + 1, (size_t) (and-equals - 1), value,
                    strlen(value));
        equals = strchr(and, '=');
        HOLDS(equals != NULL && strchr(and+1, '&') == NULL);
        check_value(equals + 1, strlen(equals + 1), secret->data, secret->len);
        HOLDS(!form_leaks(&form, "") || secret->len == 0);
        if (secret->len >= LEAK_MIN
            && strlen(secret_text(secret)) == secret->len)
            HOLDS(form_leaks(&form, secret_text(secret)));
    }
    form_clear(&form);
}

/* As many parameters as there are words, and no space is left. */
static void
check_words(const char *words)
{
    struct form form = {0};
    size_t n = 0, found = 0;
    const char *at;

    for (at = words + strspn(words, " "); *at != '\0'; n++) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    if (form_add_words(&form, "w", words) == 0) {
        for (at = secret_text(&form.body); *at != '\0'; at++)
            found += *at == '=';
        HOLDS(found == n);
    }
    form_clear(&form);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    char *name = input_text(&input, NULL), *value = input_text(&input, NULL);
    struct secret secret = {0};

    HOLDS(secret_append(&secret, input.data, input.len, SIZE_MAX / 2) == 0);
    check_form(name, value, &secret);
    check_words(value);
    secret_clear(&secret);
    free(name);
    free(value);
    return 0;
}
