/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <assert.h>
#include <string.h>

#include "helper/exchange/form.h"
#include "helper/exchange/leak.h"

/* A token fits three times over, encoded. */
#define FORM_MAX ((size_t) 256 * 1024)

static bool
is_unreserved(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z')
           || (byte >= '0' && byte <= '9')
           || (byte != '\0' && strchr("-._~", byte) != NULL);
}

int
form_encode(const void *data, size_t len, struct secret *out)
{
    static const char hex[] = "0123456789ABCDEF";
    const uint8_t *bytes = data;
    size_t i;
    int r;

    for (i = 0; i < len; i++) {
        char escape[] = {'%', hex[bytes[i] >> 4], hex[bytes[i] & 15]};

        if (is_unreserved(bytes[i]))
            r = secret_append(out, &bytes[i], 1, FORM_MAX);
        else
            r = secret_append(out, escape, sizeof(escape), FORM_MAX);
        if (r < 0)
            return r;
    }
    return 0;
}

static int
add(struct form *form, const char *name, const void *value, size_t len)
{
    int r = 0;

    if (form->body.len > 0)
        r = secret_append(&form->body, "&", 1, FORM_MAX);
    if (r == 0)
        r = form_encode(name, strlen(name), &form->body);
    if (r == 0)
        r = secret_append(&form->body, "=", 1, FORM_MAX);
    if (r == 0)
        r = form_encode(value, len, &form->body);
    return r;
}

int
form_add(struct form *form, const char *name, const char *value)
{
    return add(form, name, value, strlen(value));
}

int
form_add_optional(struct form *form, const char *name, const char *value)
{
    return value != NULL ? form_add(form, name, value) : 0;
}

int
form_add_words(struct form *form, const char *name, const char *words)
{
    size_t len;
    int r = 0;

    if (words == NULL)
        return 0;
    for (; r == 0 && *words != '\0'; words += len) {
        words += strspn(words, " ");
        len = strcspn(words, " ");
        if (len > 0)
            r = add(form, name, words, len);
    }
    return r;
}

int
form_add_secret(struct form *form, const char *name, const struct secret *value)
{
    form_hide(form, value);
    return add(form, name, value->data, value->len);
}

void
form_hide(struct form *form, const struct secret *secret)
{
    assert(form->n_hidden < ARRAY_LEN(form->hidden));
    form->hidden[form->n_hidden++] = secret;
}

bool
form_leaks(const struct form *form, const char *text)
{
    size_t i;

    for (i = 0; i < form->n_hidden; i++)
        if (leak_found(form->hidden[i], text))
            return true;
    return false;
}

void
form_clear(struct form *form)
{
    secret_clear(&form->body);
    form->n_hidden = 0;
}
