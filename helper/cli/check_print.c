/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "helper/cli/check_print.h"

enum level
check_worst(const struct findings *findings)
{
    if (findings_count(findings, LEVEL_ERROR) > 0)
        return LEVEL_ERROR;
    return findings_count(findings, LEVEL_WARNING) > 0 ? LEVEL_WARNING
                                                       : LEVEL_OK;
}

void
check_print_text(const struct findings *findings, bool colour, FILE *file)
{
    static const char *const colours[LEVEL_COUNT] = {
        [LEVEL_OK] = "\x1b[32m",
        [LEVEL_SKIPPED] = "\x1b[36m",
        [LEVEL_WARNING] = "\x1b[33m",
        [LEVEL_ERROR] = "\x1b[31m",
    };
    const struct finding *finding;
    size_t i;

    for (i = 0; i < findings->count; i++) {
        finding = &findings->item[i];
        (void) fprintf(file, "%s%-7s%s  %-8s  %s\n",
                       colour ? colours[finding->level] : "",
                       level_name(finding->level), colour ? "\x1b[0m" : "",
                       finding->area, finding->text);
        if (finding->advice[0] != '\0')
            (void) fprintf(file, "%21s %s\n", "->", finding->advice);
    }
    (void) fprintf(file, "%zu ok, %zu skipped, %zu warnings, %zu errors\n",
                   findings_count(findings, LEVEL_OK),
                   findings_count(findings, LEVEL_SKIPPED),
                   findings_count(findings, LEVEL_WARNING),
                   findings_count(findings, LEVEL_ERROR));
}

/* A text of printable ASCII, as all of them are. */
static void
print_string(const char *text, FILE *file)
{
    (void) fputc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            (void) fputc('\\', file);
        (void) fputc(*text, file);
    }
    (void) fputc('"', file);
}

void
check_print_json(const struct findings *findings, FILE *file)
{
    const struct finding *finding;
    size_t i;

    (void) fprintf(file, "{\"version\": 1, \"result\": \"%s\", \"findings\": [",
                   level_name(check_worst(findings)));
    for (i = 0; i < findings->count; i++) {
        finding = &findings->item[i];
        (void) fprintf(file,
                       "%s\n {\"level\": \"%s\", \"area\": ", i > 0 ? "," : "",
                       level_name(finding->level));
        print_string(finding->area, file);
        (void) fputs(", \"text\": ", file);
        print_string(finding->text, file);
        (void) fputs(", \"advice\": ", file);
        if (finding->advice[0] != '\0')
            print_string(finding->advice, file);
        else
            (void) fputs("null", file);
        (void) fputc('}', file);
    }
    (void) fputs("\n]}\n", file);
}
