/* SPDX-License-Identifier: MIT */
#ifndef CLI_RESIDENT_H
#define CLI_RESIDENT_H

#include "common/attr.h"
#include "helper/cli/session.h"

/* The helper that looks after a session. */

/*
 * Find it by the number in the status, and make sure that it is this session's
 * helper: a signal to another process would end that.  0 and a pidfd to close in
 * *out; -ESRCH when it certainly does not run; or another negative errno when
 * nobody can tell, and it may go on writing tokens (-ENODATA: the status is not
 * there or does not name it; -ENOENT: /proc hides it; -EPERM: a helper, but not
 * certainly this one).
 */
int resident_find(const struct session *session, int *out) MUST_CHECK;

/*
 * Send it a signal, and let it go on if it was stopped.  0, -ESRCH, or another
 * negative errno.
 */
int resident_tell(int pidfd, int number) MUST_CHECK;

/* Whether it has ended, after waiting so many milliseconds for that. */
bool resident_ended(int pidfd, int timeout);

/* Say why resident_find() or resident_tell() failed, and what to do.
 * COMMAND_FAILED. */
int resident_report(int r, const struct session *session);

#endif
