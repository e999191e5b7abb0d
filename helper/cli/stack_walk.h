/* SPDX-License-Identifier: MIT */
/* The way that libpam goes through the lines of auth, and what comes of it. */
#ifndef CLI_STACK_WALK_H
#define CLI_STACK_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "helper/cli/stack.h"

/*
 * Where it goes on behind line number at, which answers with this value of
 * pam.conf(5): the number of a line, or stack->count at the end.
 */
size_t stack_next(const struct stack *stack, size_t at, const char *answer);

/* Whether a line proves who logs in: pam_unix.so is one, pam_env.so is not. */
bool stack_authenticates(const struct stack_line *line);

/*
 * Whether who fails with this answer in line number at, and has nothing else to
 * prove who they are with, logs in all the same.  Lines before it are taken to
 * have approved; those behind, which look at something else, answer with others.
 */
bool stack_lets_in(const struct stack *stack, size_t at, const char *answer,
                   const char *others);

#endif
