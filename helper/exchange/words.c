/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "helper/exchange/words.h"

bool
words_have(const char *words, const char *word)
{
    size_t len, wanted = strlen(word);

    if (wanted == 0)
        return false;
    while (*(words += strspn(words, " ")) != '\0') {
        len = strcspn(words, " ");
        if (len == wanted && memcmp(words, word, len) == 0)
            return true;
        words += len;
    }
    return false;
}
