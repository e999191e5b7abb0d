/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "common/text.h"

char *
text_clean(const char *text, char *out, size_t size)
{
    size_t i;

    for (i = 0; i < size - 1 && text[i] != '\0'; i++)
        out[i] = (char) (text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
    out[i] = '\0';
    if (text[i] != '\0')
        memcpy(out + size - 4, "...", 4);
    return out;
}

int
text_copy(const char *text, char **out)
{
    char *copy = strdup(text);

    if (copy == NULL)
        return -ENOMEM;
    *out = copy;
    return 0;
}
