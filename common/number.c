/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>

#include "common/number.h"

int
number_parse(const char *text, int64_t max, int64_t *out)
{
    int64_t number = 0;
    int digit;

    if (*text == '\0')
        return -EINVAL;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -EINVAL;
        digit = *text - '0';
        if (number > (max - digit) / 10)
            return -EINVAL;
        number = number * 10 + digit;
    }
    if (number > max)
        return -EINVAL;
    *out = number;
    return 0;
}
