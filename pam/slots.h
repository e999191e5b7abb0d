/* SPDX-License-Identifier: MIT */
#ifndef PAM_SLOTS_H
#define PAM_SLOTS_H

#include <stdint.h>
#include <sys/types.h>

#include "common/attr.h"

/* The largest limit. */
#define SLOTS_MAX INT64_C(4096)

/*
 * How many logins wait at once: one lock for each, on a byte of a file of
 * root's.  The kernel gives it back when the process ends, however.
 *
 * Take a slot of the host and one of the user; a limit of 0 is none.  The file
 * `logins` in this directory is made when there is none.  Returns 0 with a
 * descriptor in *out, which holds them until it is closed (-1 without limits);
 * -EBUSY when the host has no slot, -EUSERS when the user has none, -EPERM when
 * somebody else could have made the file or its directory, or another negative
 * errno.
 */
int slots_take(const char *directory, uid_t uid, int64_t host, int64_t user,
               int *out) MUST_CHECK;

#endif
