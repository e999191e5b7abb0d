/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "common/text.h"

char *
text_clean(const char *text, char *out, size_t size)
{
    size_t i;

    for (i = 0; text[i] != '\0' && i < size - 1; i++)
        out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    out[i] = '\0';
    if (text[i] != '\0')
        memcpy(out + size - 4, "...", 4);
    return out;
}
