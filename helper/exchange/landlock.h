/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_LANDLOCK_H
#define EXCHANGE_LANDLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

/*
 * Landlock(7), as far as the kernel knows it.  The numbers are the ABI's: the
 * headers that we are built with are often older than the kernel.
 */
#define LANDLOCK_ABI_NET    4 /* the first one with TCP ports */
#define LANDLOCK_ABI_SCOPES 6 /* abstract sockets and signals */

/* The kernel's ABI, 1 or more; or -ENOSYS, -EOPNOTSUPP when it is off. */
int landlock_abi(void) MUST_CHECK;

/*
 * From now on this thread, and those that it starts, may read only these files
 * and what is beneath these directories, write only beneath write_dir (a
 * descriptor, or -1), not bind a TCP socket, and neither call an abstract
 * socket of other processes nor signal them.  What does not exist is skipped;
 * paths ends with NULL.  0 or a negative errno, and nothing has changed.
 */
int landlock_files(int abi, const char *const *paths, int write_dir) MUST_CHECK;

/* From now on it may connect to these TCP ports only.  As above. */
int landlock_ports(int abi, const uint16_t *ports, size_t n) MUST_CHECK;

#endif
