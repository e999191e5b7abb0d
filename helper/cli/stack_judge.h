/* SPDX-License-Identifier: MIT */
#ifndef CLI_STACK_JUDGE_H
#define CLI_STACK_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/finding.h"
#include "helper/cli/stack.h"

/* Whether a line of the stack is ours. */
bool stack_mentions(const struct stack *stack);

/*
 * What is wrong with our lines of this service, and with their order.  Nothing
 * when it has none.
 */
void stack_judge(const char *service, const struct stack *stack,
                 struct findings *out);

/*
 * What the arguments of a line of ours say: the name of its configuration, which
 * is written to out, and its deadline, 0 without one.  False when they are
 * wrong.
 */
bool stack_arguments(const struct stack_line *line, char *out, size_t size,
                     int64_t *deadline);

#endif
