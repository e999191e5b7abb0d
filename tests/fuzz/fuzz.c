/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "tests/fuzz/fuzz.h"

uint8_t
input_byte(struct input *input)
{
    if (input->len == 0)
        return 0;
    input->len--;
    return *input->data++;
}

uint64_t
input_number(struct input *input)
{
    uint64_t number = 0;
    size_t i;

    for (i = 0; i < sizeof(number) && input->len > 0; i++)
        number = number << 8 | input_byte(input);
    return number;
}

char *
input_text(struct input *input, size_t *len)
{
    const uint8_t *end = NULL;
    size_t n = input->len;
    char *text;

    if (n > 0)
        end = memchr(input->data, INPUT_SEPARATOR, n);
    if (end != NULL)
        n = (size_t) (end - input->data);
    text = malloc(n + 1);
    HOLDS(text != NULL);
    if (n > 0)
        memcpy(text, input->data, n);
    text[n] = '\0';
    input->data += n + (end != NULL);
    input->len -= n + (end != NULL);
    if (len != NULL)
        *len = n;
    return text;
}

bool
is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

bool
ends_within(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

bool
messages_equal(const struct message *a, const struct message *b)
{
    size_t i;

    for (i = 0; i < FIELD_COUNT; i++) {
        if (message_has(a, (enum field) i) != message_has(b, (enum field) i)
            || a->field[i].len != b->field[i].len)
            return false;
        if (a->field[i].len > 0
            && memcmp(a->field[i].data, b->field[i].data, a->field[i].len) != 0)
            return false;
    }
    return a->kind == b->kind;
}
