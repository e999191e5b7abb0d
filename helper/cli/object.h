/* SPDX-License-Identifier: MIT */
#ifndef CLI_OBJECT_H
#define CLI_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/secret.h"

/*
 * A JSON object that is written, and may have a token in it: so it is a secret,
 * which no JSON library knows to wipe.  {0} is empty.
 *
 *     struct object object = {0};
 *
 *     object_open(&object, NULL);
 *     object_text(&object, "name", "value");
 *     object_close(&object);
 *     r = object_end(&object);
 *     …
 *     secret_clear(&object.text);
 */
struct object {
    struct secret text;
    int depth;
    bool more; /* a member was written at this depth */
    int r;     /* the first error */
};

/* Begin an object: the outermost (name NULL), or one that is a member. */
void object_open(struct object *object, const char *name);
void object_close(struct object *object);

/* A member.  A value of NULL is null.  Text is ASCII. */
void object_text(struct object *object, const char *name, const char *value);
void object_number(struct object *object, const char *name, int64_t value);
void object_null(struct object *object, const char *name);

/* Behind the last object_close(): 0, -EMSGSIZE or -ENOMEM. */
int object_end(struct object *object) MUST_CHECK;

#endif
