/* SPDX-License-Identifier: MIT */
#ifndef COMMON_LAUNCH_H
#define COMMON_LAUNCH_H

#include <sys/types.h>

#include "common/attr.h"
#include "common/spawn.h"

/*
 * Start oidc-session-helper by this plan, whose fds[3] is a pidfd of the process
 * with which the session ends, and tell it to begin once it is ready.  Returns 0
 * once it runs, with its process ID and a pidfd that the caller closes;
 * otherwise a negative errno, and it never begins.
 */
int launch(struct spawn *plan, pid_t *pid, int *pidfd) MUST_CHECK;

#endif
