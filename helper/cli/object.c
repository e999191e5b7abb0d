/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/message.h"
#include "helper/cli/object.h"

/* A token of which every byte is escaped, and what is around it. */
#define OBJECT_MAX (TOKEN_MAX * 6 + 4096U)

static void
append(struct object *object, const char *text)
{
    if (object->r == 0)
        object->r = secret_append_text(&object->text, text, OBJECT_MAX);
}

static void
append_quoted(struct object *object, const char *text)
{
    char escaped[8];
    size_t plain;

    append(object, "\"");
    while (*text != '\0' && object->r == 0) {
        for (plain = 0; text[plain] >= ' ' && text[plain] <= '~'
                        && text[plain] != '"' && text[plain] != '\\';)
            plain++;
        if (plain > 0) {
            object->r = secret_append(&object->text, text, plain, OBJECT_MAX);
            text += plain;
            continue;
        }
        (void) snprintf(escaped, sizeof(escaped), "\\u%04x",
                        (unsigned) (unsigned char) *text);
        append(object, escaped);
        text++;
    }
    append(object, "\"");
}

static void
indent(struct object *object)
{
    int i;

    append(object, "\n");
    for (i = 0; i < object->depth; i++)
        append(object, "  ");
}

/* What is in front of a value. */
static void
begin(struct object *object, const char *name)
{
    if (object->more)
        append(object, ",");
    object->more = true;
    if (object->depth > 0)
        indent(object);
    if (name != NULL) {
        append_quoted(object, name);
        append(object, ": ");
    }
}

void
object_open(struct object *object, const char *name)
{
    begin(object, name);
    append(object, "{");
    object->depth++;
    object->more = false;
}

void
object_close(struct object *object)
{
    object->depth--;
    indent(object);
    append(object, "}");
    object->more = true;
}

void
object_text(struct object *object, const char *name, const char *value)
{
    if (value == NULL) {
        object_null(object, name);
        return;
    }
    begin(object, name);
    append_quoted(object, value);
}

void
object_number(struct object *object, const char *name, int64_t value)
{
    char digits[32];

    begin(object, name);
    (void) snprintf(digits, sizeof(digits), "%" PRId64, value);
    append(object, digits);
}

void
object_null(struct object *object, const char *name)
{
    begin(object, name);
    append(object, "null");
}

int
object_end(struct object *object)
{
    append(object, "\n");
    return object->r;
}
