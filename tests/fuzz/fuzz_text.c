/* SPDX-License-Identifier: MIT */
/* What strangers write is printable afterwards, and no longer than its place. */
#include <config.h>

#include "common/text.h"
#include "helper/exchange/problem.h"
#include "tests/fuzz/fuzz.h"

static void
check_clean(const char *text, size_t size)
{
    char *out = malloc(size);
    size_t i, len = strlen(text);

    HOLDS(out != NULL);
    HOLDS(text_clean(text, out, size) == out);
    HOLDS(ends_within(out, size) && is_printable(out));
    HOLDS(strlen(out) == (len < size ? len : size - 1));
    if (len >= size)
        HOLDS(strcmp(out + size - 4, "...") == 0);
    for (i = 0; i < len && len < size; i++)
        HOLDS(out[i] == text[i] || out[i] == '?');
    if (is_printable(text) && len < size)
        HOLDS(strcmp(text, out) == 0);
    free(out);
}

static void
check_problem(const char *text)
{
    struct problem problem = {0};

    HOLDS(problem_set(&problem, OUTCOME_DENIED, "%s", text) < 0);
    problem_notice(&problem, "so: %s", text);
    HOLDS(ends_within(problem.reason, sizeof(problem.reason)));
    HOLDS(ends_within(problem.notice, sizeof(problem.notice)));
    HOLDS(is_printable(problem.reason) && is_printable(problem.notice));
    HOLDS(problem.outcome == OUTCOME_DENIED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    size_t place = (size_t) input_byte(&input) + 4;
    char *text = input_text(&input, NULL);

    check_clean(text, place);
    check_problem(text);
    free(text);
    return 0;
}
