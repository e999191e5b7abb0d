/* SPDX-License-Identifier: MIT */
/* Numbers and margins: what is taken is what was written. */
#include <config.h>

#include <inttypes.h>

#include "common/margin.h"
#include "common/number.h"
#include "tests/fuzz/fuzz.h"

static void
check_number(const char *text, int64_t max)
{
    int64_t number = -7;
    char again[24];

    if (number_parse(text, max, &number) < 0) {
        HOLDS(number == -7); /* written on success only */
        return;
    }
    HOLDS(number >= 0 && number <= max);
    HOLDS(text[0] != '\0' && text[strspn(text, "0123456789")] == '\0');
    (void) snprintf(again, sizeof(again), "%" PRId64, number);
    text += strspn(text, "0");
    HOLDS(strcmp(*text != '\0' ? text : "0", again) == 0);
}

static void
check_margin(const char *text)
{
    struct margin margin = {.value = -7};

    if (margin_parse(text, &margin) < 0) {
        HOLDS(margin.value == -7);
        return;
    }
    HOLDS(margin.value >= 0);
    HOLDS(margin.unit != MARGIN_AUTO || strcmp(text, "auto") == 0);
    HOLDS((margin.unit == MARGIN_PERCENT) == (strchr(text, '%') != NULL));
    HOLDS(margin.value <= (margin.unit == MARGIN_PERCENT ? 90 : 366 * 86400));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    int64_t max = (int64_t) (input_number(&input) >> 1);
    char *text = input_text(&input, NULL);

    check_number(text, max);
    check_number(text, INT64_MAX);
    check_number(text, UNIX_TIME_MAX);
    check_margin(text);
    free(text);
    return 0;
}
