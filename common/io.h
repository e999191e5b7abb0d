/* SPDX-License-Identifier: MIT */
#ifndef COMMON_IO_H
#define COMMON_IO_H

#include <stddef.h>

#include "common/attr.h"
#include "common/secret.h"

/*
 * Write all of it.  A reader that is gone is -EPIPE: callers run in somebody
 * else's process, so the SIGPIPE is taken back before it can be seen.
 */
int write_full(int fd, const void *data, size_t len) MUST_CHECK;

/* Read up to end of file; -EMSGSIZE when there are more than max bytes. */
int read_all(int fd, size_t max, struct secret *out) MUST_CHECK;

/* Close if open, and mark as closed.  -1 means closed. */
void fd_close(int *fd);

#endif
