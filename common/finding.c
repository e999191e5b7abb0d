/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/finding.h"
#include "common/message.h"
#include "common/text.h"

static const char *const level_names[LEVEL_COUNT] = {
    [LEVEL_OK] = "ok",
    [LEVEL_SKIPPED] = "skipped",
    [LEVEL_WARNING] = "warning",
    [LEVEL_ERROR] = "error",
};

const char *
level_name(enum level level)
{
    return level_names[level];
}

/* The place of the next one, or NULL. */
static struct finding *
next(struct findings *findings)
{
    if (findings->item == NULL)
        findings->item = calloc(FINDINGS_MAX, sizeof(*findings->item));
    if (findings->item == NULL)
        findings->error = -ENOMEM;
    else if (findings->count == FINDINGS_MAX)
        findings->error = -EMSGSIZE;
    else
        return &findings->item[findings->count];
    return NULL;
}

static void PRINTF(3, 0)
    write_clean(char *out, size_t size, const char *format, va_list args)
{
    char text[2048];

    (void) vsnprintf(text, sizeof(text), format, args);
    (void) text_clean(text, out, size);
}

void
findings_add(struct findings *findings, enum level level, const char *area,
             const char *format, ...)
{
    struct finding *finding = next(findings);
    va_list args;

    if (finding == NULL)
        return;
    *finding = (struct finding){.level = level};
    (void) text_clean(area, finding->area, sizeof(finding->area));
    va_start(args, format);
    write_clean(finding->text, sizeof(finding->text), format, args);
    va_end(args);
    findings->count++;
}

void
findings_advise(struct findings *findings, const char *format, ...)
{
    struct finding *last;
    va_list args;

    if (findings->error < 0 || findings->count == 0)
        return; /* the one that it belongs to is missing */
    last = &findings->item[findings->count - 1];
    va_start(args, format);
    write_clean(last->advice, sizeof(last->advice), format, args);
    va_end(args);
}

size_t
findings_count(const struct findings *findings, enum level level)
{
    size_t i, n = 0;

    for (i = 0; i < findings->count; i++)
        n += findings->item[i].level == level;
    return n;
}

/* ---- as a text ------------------------------------------------------------ */

#define FIELDS 4

static int
encode_one(const struct finding *finding, struct secret *out)
{
    const char *const fields[FIELDS] = {
        level_name(finding->level),
        finding->area,
        finding->text,
        finding->advice,
    };
    size_t i;
    int r = 0;

    for (i = 0; i < FIELDS && r == 0; i++) {
        r = secret_append_text(out, fields[i], MESSAGE_MAX);
        if (r == 0)
            r = secret_append_text(out, i + 1 < FIELDS ? "\t" : "\n",
                                   MESSAGE_MAX);
    }
    return r;
}

int
findings_encode(const struct findings *findings, struct secret *out)
{
    size_t i;
    int r = findings->error;

    for (i = 0; i < findings->count && r == 0; i++)
        r = encode_one(&findings->item[i], out);
    return r;
}

/* Cut a line at its tabs. */
static int
split(char *line, char *fields[static FIELDS])
{
    size_t i;

    for (i = 0; i < FIELDS; i++) {
        fields[i] = line;
        line = line != NULL ? strchr(line, '\t') : NULL;
        if ((line == NULL) != (i + 1 == FIELDS))
            return -EBADMSG;
        if (line != NULL)
            *line++ = '\0';
    }
    return 0;
}

static int
decode_one(char *line, struct findings *out)
{
    char *fields[FIELDS];
    int level = 0;

    if (split(line, fields) < 0)
        return -EBADMSG;
    while (level < LEVEL_COUNT && strcmp(level_names[level], fields[0]) != 0)
        level++;
    if (level == LEVEL_COUNT)
        return -EBADMSG;
    findings_add(out, (enum level) level, fields[1], "%s", fields[2]);
    findings_advise(out, "%s", fields[3]);
    return out->error;
}

int
findings_decode(const char *text, struct findings *out)
{
    char *copy = NULL, *line, *rest = NULL;
    int r;

    r = text_copy(text, &copy);
    if (r < 0)
        return r;
    for (line = strtok_r(copy, "\n", &rest); r == 0 && line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        r = decode_one(line, out);
    free(copy);
    return r;
}

void
findings_clear(struct findings *findings)
{
    free(findings->item);
    *findings = (struct findings){0};
}
