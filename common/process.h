/* SPDX-License-Identifier: MIT */
#ifndef COMMON_PROCESS_H
#define COMMON_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/attr.h"
#include "common/secret.h"

/* A group that owns nothing: for processes that must not write the keys. */
#define NOBODY_GID 65534

/* An argument that may be anything. */
#define PROCESS_ANY ""

/*
 * Whether a process is the one of ours that it is said to be: a signal to
 * another one would end that.  By what the kernel tells everybody, because the
 * helper is not dumpable: a screen locker may not read its /proc/PID/exe.  (Root
 * may, but after an upgrade that names a file that is deleted.)
 *
 * A user can give their processes any name and arguments, but not these groups:
 * only root has the means.  Of those that have them, the arguments tell which.
 */
struct process {
    const char *const
        *argv; /* its first arguments, PROCESS_ANY; NULL ends it */
    uid_t uid; /* real, effective, saved, and for files */
    gid_t real_gid;
    gid_t gid; /* effective, saved, and for files */
};

/*
 * The beginning, 4 KiB at most, of a file of /proc/PID.  0; -ENOENT when the
 * process is gone, or hidden (hidepid); -ESRCH when it ends meanwhile; or another
 * negative errno.
 */
int process_read(pid_t pid, const char *name, struct secret *out) MUST_CHECK;

/* Pure: whether the text of /proc/PID/status has these IDs. */
bool process_has_ids(const char *status, const struct process *wanted);

/* Pure: whether that of /proc/PID/cmdline begins with these arguments. */
bool process_has_arguments(const struct secret *text,
                           const struct process *wanted);

/*
 * 0 when it is; -ESRCH when it is certainly another one, a program of another
 * name or none any more; -EPERM when the name is right and something else is
 * not, so that nobody should rely on either; or another negative errno when
 * /proc does not say (-ENOENT: it is gone, or hidden).  The number may be given
 * to another process meanwhile: the caller sees to it that it was not.
 */
int process_check(pid_t pid, const struct process *wanted) MUST_CHECK;

#endif
