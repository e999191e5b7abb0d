/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_DENIED_H
#define EXCHANGE_DENIED_H

#include <stdbool.h>

#include "common/attr.h"

/* In the filters as they are made: the process ID of whoever loads one. */
#define DENIED_PID 0x7e57face

/*
 * Load a seccomp filter that refuses, with EPERM, the system calls that this
 * process never needs and that one which was taken over would like: other
 * processes, programs, privileges, keys, the kernel's rarely used corners.
 * Without may_write it also opens nothing for writing.  A system call of a
 * foreign architecture (int 0x80, x32) ends the process.  Everything else is
 * allowed: what one libc needs is not what another one does.  What is refused is
 * in denied_filter.c.
 *
 * Call it once, before there are threads, and after no_new_privs.  0, or a negative
 * errno when the kernel refuses; then nothing is filtered.
 */
int denied_load(bool may_write) MUST_CHECK;

#endif
