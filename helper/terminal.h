/* SPDX-License-Identifier: MIT */
#ifndef HELPER_TERMINAL_H
#define HELPER_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/attr.h"

/* What /proc/PID/stat says of a process. */
struct terminal_process {
    pid_t parent;
    dev_t terminal; /* 0: none */
};

/* Pure.  0 or -EBADMSG. */
int terminal_process_parse(const char *stat,
                           struct terminal_process *out) MUST_CHECK;

/* Pure: the path of a terminal's device; false when it is none that we know. */
bool terminal_path(dev_t terminal, char *out, size_t size) MUST_CHECK;

/*
 * Write a line to the terminals of a session: those of the processes that the
 * login program has started, and they in turn, if they are ours.  Nobody waits
 * for a terminal that is stopped.  Returns to how many it was written.
 */
size_t terminal_tell(pid_t login, const char *line);

#endif
