/* SPDX-License-Identifier: MIT */
#ifndef PAM_FDINFO_H
#define PAM_FDINFO_H

#include <sys/types.h>

#include "common/attr.h"

/* Pure: the process of a pidfd, from its /proc/self/fdinfo/N.  -EBADF if it is
 * not one, or that process is gone. */
int fdinfo_parse(const char *text, pid_t *out) MUST_CHECK;

/* The same of a descriptor; or another negative errno. */
int fdinfo_pid(int fd, pid_t *out) MUST_CHECK;

#endif
