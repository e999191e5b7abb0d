/* SPDX-License-Identifier: MIT */
/* What strangers write is printable afterwards, and no longer than its place. */
#include <config.h>

#include "common/logline.h"
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

static void PRINTF(3, 4)
    format(const struct logline *line, char out[static LOGLINE_SIZE],
           const char *text, ...)
{
    va_list args;

    va_start(args, text);
    logline_format(line, text, args, out);
    va_end(args);
}

/* Whoever the user says to be, and whatever the provider says. */
static void
check_line(const char *user, const char *text)
{
    static const char tail[] = " event=opened session=5 uid=7";
    const struct logline line = {
        .user = user, .event = LOGGED_OPENED, .session = 5, .uid = 7};
    char out[LOGLINE_SIZE];

    format(&line, out, "%s", text);
    HOLDS(ends_within(out, sizeof(out)) && is_printable(out));
    HOLDS(strcmp(out + strlen(out) - strlen(tail), tail) == 0);
    HOLDS(strstr(out, " event=") == out + strlen(out) - strlen(tail));
    HOLDS(strstr(out, " uid=") == out + strlen(out) - strlen(" uid=7"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    size_t place = (size_t) input_byte(&input) + 4;
    char *text = input_text(&input, NULL);

    check_clean(text, place);
    check_problem(text);
    check_line("alice", text);
    check_line(text, "x");
    free(text);
    return 0;
}
