/* SPDX-License-Identifier: MIT */
#ifndef CLI_ANCHOR_H
#define CLI_ANCHOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/attr.h"

/*
 * The process with which the tokens of 'oidc-session login' end.  It is the
 * login program: going up from us, the first process that is not the user's
 * (sshd, login, su, gdm-session-worker).  Where there is none before process 1
 * (tmux, the user's systemd), it is the leader of the terminal's session, which
 * is the shell in it.
 */

/* What /proc/PID/status says of a process. */
struct anchor_process {
    pid_t parent;
    uid_t uid[4]; /* real, effective, saved, for files */
};

/* Pure.  0 or -EBADMSG. */
int anchor_parse(const char *status, struct anchor_process *out) MUST_CHECK;

/* 0, -ENOENT when it is gone or hidden, or another negative errno. */
typedef int anchor_look(pid_t pid, struct anchor_process *out);

/*
 * Go up from self, whose user this is.  A process that cannot be seen is
 * somebody else's.  0; -ENOENT when the way ends at process 1; or what the look
 * at self, or at another for other reasons, returned.
 */
int anchor_walk(pid_t self, uid_t uid, anchor_look *look,
                pid_t *out) MUST_CHECK;

/*
 * Pure: whether the leader of the terminal's session will do: not if that is us,
 * process 1, or not to be seen from here (0).
 */
bool anchor_may_be_leader(pid_t leader, pid_t self);

/* The one found.  name is cleaned, "" when it is hidden. */
struct anchor {
    pid_t pid;
    int pidfd;
    char name[32];
};

/*
 * 0, and the caller closes out->pidfd; -ENOENT when nothing would end the
 * tokens; or another negative errno.
 */
int anchor_find(struct anchor *out) MUST_CHECK;

#endif
