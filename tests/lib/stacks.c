/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "tests/lib/stacks.h"

static int
read_one(void *arg, const char *name, struct secret *out)
{
    const struct stack_file *file;

    for (file = arg; file->name != NULL; file++)
        if (strcmp(file->name, strrchr(name, '/') + 1) == 0)
            return secret_append_text(out, file->text, 65536);
    return -ENOENT;
}

int
stacks_read(const struct stack_file *files, const char *service,
            struct stack *out)
{
    union {
        const struct stack_file *files;
        void *arg;
    } table = {.files = files};
    const struct stack_source source = {read_one, table.arg};

    return stack_read(service, &source, out);
}
