/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "helper/exchange/inifile.h"

struct parse {
    struct inifile *file;
    const char *next;
    const char *end;
    int error;
};

static int
bad(struct parse *parse, const char *wrong)
{
    parse->file->wrong = wrong;
    return -EBADMSG;
}

static bool
has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if (((uint8_t) *text < ' ' && *text != '\t') || *text == 0x7f)
            return true;
    return false;
}

/* line is "[section]" and may be changed. */
static int
check_section(struct parse *parse, char *line)
{
    char *end = strchr(line, ']');
    const char *rest;

    if (end == NULL)
        return bad(parse, "a section has no ]");
    rest = end + 1 + strspn(end + 1, " \t");
    if (*rest != '\0' && !(*rest == ';' && rest > end + 1))
        return bad(parse, "there is text behind a section's name");
    *end = '\0';
    return parse->file->setting(parse->file->arg, parse->file->line, line + 1,
                                NULL, NULL);
}

/* line is one line without its end, and a copy. */
static int
check_line(struct parse *parse, char *line)
{
    const char *start = line + strspn(line, " \t");

    if (has_control(line))
        return bad(parse, "there is a control character");
    if (*start == '\0' || *start == ';' || *start == '#')
        return 0;
    if (start > line)
        return bad(parse, "it starts with a space");
    return *line == '[' ? check_section(parse, line) : 0;
}

/* One line to str, as inih's own reader would give it; then check it. */
static int
take_line(struct parse *parse, char *str, size_t size)
{
    const char *newline;
    size_t len, left = (size_t) (parse->end - parse->next);
    char *copy;
    int r;

    parse->file->line++;
    newline = memchr(parse->next, '\n', left);
    len = newline != NULL ? (size_t) (newline - parse->next) : left;
    if (len + 2 > size)
        return bad(parse,
                   "it is longer than inih takes (usually 198 characters)");
    memcpy(str, parse->next, len);
    str[len] = '\0';
    parse->next += newline != NULL ? len + 1 : len;
    if (len > 0 && str[len - 1] == '\r')
        str[--len] = '\0';
    if (memchr(str, '\0', len) != NULL)
        return bad(parse, "there is a control character");
    copy = strdup(str);
    if (copy == NULL)
        return -ENOMEM;
    r = check_line(parse, copy);
    free(copy);
    return r;
}

static char *
on_read(char *str, int num, void *stream)
{
    struct parse *parse = stream;

    if (parse->error < 0 || parse->next == parse->end)
        return NULL;
    parse->error = take_line(parse, str, (size_t) num);
    return parse->error < 0 ? NULL : str;
}

static int
on_setting(void *arg, const char *section, const char *name, const char *value)
{
    struct parse *parse = arg;

    if (parse->error == 0)
        parse->error =
            parse->file->setting(parse->file->arg, parse->file->line, section,
                                 name, value != NULL ? value : "");
    return 1;
}

int
inifile_parse(struct inifile *file, const void *data, size_t len)
{
    struct parse parse = {
        .file = file,
        .next = data,
        .end = (const char *) data + len,
    };
    int syntax;

    file->line = 0;
    file->wrong = NULL;
    syntax = ini_parse_stream(on_read, &parse, on_setting, &parse);
    if (syntax < 0)
        return -ENOMEM;
    /* inih reads on behind a line that is no setting, and returns the first. */
    if (syntax > 0 && (parse.error == 0 || (unsigned) syntax < file->line)) {
        file->line = (unsigned) syntax;
        return bad(&parse, "it is neither a [section] nor key = value");
    }
    return parse.error;
}
