/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/number.h"
#include "common/text.h"
#include "helper/cli/stack.h"

#define LINE_MAX_BYTES 4096
#define NAME_MAX_BYTES 128
#define STACK_NAME_MAX (NAME_MAX_BYTES + sizeof(STACK_DIR))
#define BLANK          " \t"

static const char *const type_names[STACK_TYPES] = {
    [STACK_AUTH] = "auth",
    [STACK_ACCOUNT] = "account",
    [STACK_PASSWORD] = "password",
    [STACK_SESSION] = "session",
};

const char *
stack_type_name(enum stack_type type)
{
    return type_names[type];
}

/* ---- words ----------------------------------------------------------------- */

static void
copy_cut(const char *text, size_t len, char *out, size_t size)
{
    if (len >= size)
        len = size - 1;
    memcpy(out, text, len);
    out[len] = '\0';
}

bool
stack_word(const char **text, char *out, size_t size)
{
    const char *at = *text + strspn(*text, BLANK);
    size_t len = strcspn(at, BLANK);

    if (*at == '\0')
        return false;
    if (*at == '[') {
        len = strcspn(at, "]");
        len += at[len] == ']';
    }
    copy_cut(at, len, out, size);
    *text = at + len;
    return true;
}

/* ---- controls -------------------------------------------------------------- */

static enum stack_action
parse_action(const char *text, size_t len)
{
    static const char *const names[] = {
        [STACK_IGNORE] = "ignore", [STACK_OK] = "ok",   [STACK_DONE] = "done",
        [STACK_BAD] = "bad",       [STACK_DIE] = "die", [STACK_JUMP] = "",
        [STACK_RESET] = "reset",
    };
    size_t i;

    if (len > 0 && strspn(text, "0123456789") >= len)
        return STACK_JUMP;
    for (i = 0; i < ARRAY_LEN(names); i++)
        if (len > 0 && strlen(names[i]) == len
            && strncasecmp(names[i], text, len) == 0)
            return (enum stack_action) i;
    return STACK_NONE;
}

/* The action in "[value=action value=action]", or NULL. */
static const char *
find_text(const char *control, const char *value)
{
    const char *at = control + 1;
    size_t len = strlen(value);

    while (*at != '\0' && *at != ']') {
        at += strspn(at, BLANK);
        if (strncasecmp(at, value, len) == 0 && at[len] == '=')
            return at + len + 1;
        at += strcspn(at, BLANK "]");
    }
    return NULL;
}

static const char *
find_action(const char *control, const char *value)
{
    const char *text = find_text(control, value);

    return text != NULL ? text : find_text(control, "default");
}

unsigned
stack_jump(const char *control, const char *value)
{
    const char *text = *control == '[' ? find_action(control, value) : NULL;
    int64_t lines = 0;
    char digits[8];
    size_t len;

    if (text == NULL)
        return 0;
    len = strspn(text, "0123456789");
    if (len >= sizeof(digits))
        return STACK_LINES_MAX;
    copy_cut(text, len, digits, sizeof(digits));
    return number_parse(digits, STACK_LINES_MAX, &lines) == 0 ? (unsigned) lines
                                                              : STACK_LINES_MAX;
}

enum stack_action
stack_action(const char *control, const char *value)
{
    static const struct {
        const char *name;
        enum stack_action success, otherwise;
    } words[] = {
        {"required", STACK_OK, STACK_BAD},
        {"requisite", STACK_OK, STACK_DIE},
        {"sufficient", STACK_DONE, STACK_IGNORE},
        {"optional", STACK_OK, STACK_IGNORE},
    };
    const char *text;
    size_t i;

    if (*control == '[') {
        text = find_action(control, value);
        return text != NULL ? parse_action(text, strcspn(text, BLANK "]"))
                            : STACK_NONE;
    }
    for (i = 0; i < ARRAY_LEN(words); i++)
        if (strcasecmp(words[i].name, control) == 0)
            return strcmp(value, "success") == 0 ? words[i].success
                                                 : words[i].otherwise;
    return STACK_NONE;
}

/* ---- lines ----------------------------------------------------------------- */

/* One that is read: what is around a line. */
struct place {
    const struct stack_source *source;
    struct stack *stack;
    const char *file;
    unsigned line;
    unsigned depth;
    unsigned substack;
    int only; /* lines of this type, or -1: all */
};

static int read_file(const struct place *place);

static void
complain(const struct place *place, const char *wrong, const char *what)
{
    char text[sizeof(place->stack->problem)];

    if (place->stack->problem[0] != '\0')
        return;
    (void) snprintf(text, sizeof(text), "%s:%u: %s%s", place->file, place->line,
                    wrong, what);
    (void) text_clean(text, place->stack->problem,
                      sizeof(place->stack->problem));
}

static const char *
full_name(const char *name, char out[static STACK_NAME_MAX])
{
    (void) snprintf(out, STACK_NAME_MAX, "%s%s", *name != '/' ? STACK_DIR : "",
                    name);
    return out;
}

/* Lines from another file: 0, or -ENOMEM or -EMSGSIZE. */
static int
include(const struct place *from, const char *name, int only, bool substack)
{
    char file[STACK_NAME_MAX];
    struct place place = *from;
    int r;

    if (from->depth == STACK_DEPTH_MAX) {
        complain(from, "too deep, or in a circle: ", name);
        return 0;
    }
    place.file = full_name(name, file);
    place.line = 0;
    place.depth++;
    place.only = only;
    if (substack) {
        place.substack = ++from->stack->substacks;
        from->stack->parent[place.substack] = from->substack;
    }
    r = read_file(&place);
    if (r == -ENOMEM || r == -EMSGSIZE)
        return r;
    if (r < 0)
        complain(from, "cannot include ", name);
    return 0;
}

static int
add(const struct place *place, enum stack_type type, const char *control,
    const char *module, const char *arguments)
{
    struct stack *stack = place->stack;
    const char *base = strrchr(module, '/');
    struct stack_line *line;

    if (stack->line == NULL)
        stack->line = calloc(STACK_LINES_MAX, sizeof(*stack->line));
    if (stack->line == NULL)
        return -ENOMEM;
    if (stack->count == STACK_LINES_MAX)
        return -EMSGSIZE;
    line = &stack->line[stack->count++];
    line->type = type;
    line->line = place->line;
    line->substack = place->substack;
    base = base != NULL ? base + 1 : module;
    copy_cut(control, strlen(control), line->control, sizeof(line->control));
    copy_cut(base, strlen(base), line->module, sizeof(line->module));
    copy_cut(arguments, strlen(arguments), line->arguments,
             sizeof(line->arguments));
    copy_cut(place->file, strlen(place->file), line->file, sizeof(line->file));
    return 0;
}

static int
find_type(const char *word)
{
    int type;

    word += *word == '-'; /* "-session": no word in the log if it is missing */
    for (type = 0; type < STACK_TYPES; type++)
        if (strcasecmp(type_names[type], word) == 0)
            return type;
    return -1;
}

static int
take_line(const struct place *place, const char *text)
{
    char word[NAME_MAX_BYTES], control[160], module[256];
    int type;

    if (!stack_word(&text, word, sizeof(word)))
        return 0;
    if (strcasecmp(word, "@include") == 0) {
        if (stack_word(&text, word, sizeof(word)))
            return include(place, word, place->only, false);
        complain(place, "@include of nothing", "");
        return 0;
    }
    type = find_type(word);
    if (type < 0 || !stack_word(&text, control, sizeof(control))
        || !stack_word(&text, module, sizeof(module))) {
        complain(place, "not a line of PAM: ", word);
        return 0;
    }
    if (place->only >= 0 && place->only != type)
        return 0;
    if (strcasecmp(control, "include") == 0
        || strcasecmp(control, "substack") == 0)
        return include(place, module, type, (*control | 0x20) == 's');
    text += strspn(text, BLANK);
    return add(place, (enum stack_type) type, control, module, text);
}

/*
 * One line without its comment and its line end, and the next one too if it
 * ends in a backslash.  Returns what is behind.
 */
static const char *
join_line(const char *text, char *out, size_t size, unsigned *lines)
{
    size_t len, keep, used = 0;
    bool more = true;

    while (more && *text != '\0') {
        len = strcspn(text, "\n");
        keep = strcspn(text, "#\n");
        more = keep == len && len > 0 && text[len - 1] == '\\';
        keep -= more;
        if (keep > size - 2 - used)
            keep = size - 2 - used;
        memcpy(out + used, text, keep);
        used += keep;
        if (more && used < size - 2)
            out[used++] = ' ';
        text += len + (text[len] == '\n');
        ++*lines;
    }
    out[used] = '\0';
    return text;
}

/* As they are read, it is one line with a space where a \r is. */
static void
soften(char *line)
{
    for (; *line != '\0'; line++)
        if (*line == '\r' || *line == '\v' || *line == '\f')
            *line = ' ';
}

static int
read_file(const struct place *place)
{
    char line[LINE_MAX_BYTES];
    struct place at = *place;
    struct secret bytes = {0};
    const char *text;
    unsigned lines = 0;
    int r;

    if (++place->stack->files > STACK_FILES_MAX)
        return -EMSGSIZE;
    r = place->source->read(place->source->arg, place->file, &bytes);
    text = secret_text(&bytes);
    while (r == 0 && *text != '\0') {
        at.line = lines + 1;
        text = join_line(text, line, sizeof(line), &lines);
        soften(line);
        r = take_line(&at, line);
    }
    secret_clear(&bytes);
    return r;
}

int
stack_read(const char *service, const struct stack_source *source,
           struct stack *out)
{
    char file[STACK_NAME_MAX];
    const struct place place = {
        .source = source,
        .stack = out,
        .file = full_name(service, file),
        .only = -1,
    };

    return read_file(&place);
}

void
stack_clear(struct stack *stack)
{
    free(stack->line);
    *stack = (struct stack){0};
}
