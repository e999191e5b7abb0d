/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "common/margin.h"
#include "common/number.h"

#define SECONDS_MAX (INT64_C(366) * 24 * 3600)
#define PERCENT_MAX 90

int
margin_parse(const char *text, struct margin *out)
{
    size_t len = strlen(text);
    char digits[4] = {0};
    int64_t value;
    int r;

    if (strcmp(text, "auto") == 0) {
        *out = (struct margin){.unit = MARGIN_AUTO};
        return 0;
    }
    if (len > 0 && text[len - 1] == '%') {
        if (len > sizeof(digits))
            return -EINVAL;
        memcpy(digits, text, len - 1);
        r = number_parse(digits, PERCENT_MAX, &value);
        if (r == 0)
            *out = (struct margin){.unit = MARGIN_PERCENT, .value = value};
        return r;
    }
    r = number_parse(text, SECONDS_MAX, &value);
    if (r == 0)
        *out = (struct margin){.unit = MARGIN_SECONDS, .value = value};
    return r;
}
