/* SPDX-License-Identifier: MIT */
/* A directory of PAM stacks that is a table of a test. */
#ifndef TESTS_LIB_STACKS_H
#define TESTS_LIB_STACKS_H

#include "helper/cli/stack.h"

struct stack_file {
    const char *name; /* NULL ends the table */
    const char *text;
};

/* stack_read() of it. */
int stacks_read(const struct stack_file *files, const char *service,
                struct stack *out);

#endif
