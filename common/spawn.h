/* SPDX-License-Identifier: MIT */
#ifndef COMMON_SPAWN_H
#define COMMON_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <keyutils.h>

#include "common/attr.h"

#define SPAWN_FDS_MAX 4

/*
 * The one way in which we start a program.  It is nobody's child: the caller is
 * somebody else's process, which may reap our children or be confused by them.
 * What it has to say comes through its pipes.
 *
 * It starts with the descriptors named here and no others, no signal blocked or
 * ignored, the directory /, its own session, no_new_privs, an environment of
 * ours, and a new session keyring that holds the keys named here and no others.
 *
 * Without `become` it is who the caller is, in su root entirely.  What root starts
 * as root starts faster: so a program that can drop root itself is started so.
 */
struct spawn {
    const char *const *argv; /* argv[0] is the path, NULL ends it */
    int fds[SPAWN_FDS_MAX];  /* its descriptors 0, 1, …; -1 is /dev/null */
    size_t n_fds;            /* at least 3 */
    const key_serial_t *keys;
    size_t n_keys;
    bool keep_keyring; /* no new session keyring, but the caller's */
    bool become; /* first drop to this user and group, no supplementary ones */
    uid_t uid;
    gid_t gid;       /* effective and saved: whose keys it may write */
    gid_t real_gid;  /* what drop_group leaves to what it starts in turn */
    bool drop_group; /* without privilege: to the real group, for good */
};

/*
 * Returns 0 when execve() was reached; -ETIMEDOUT when it was not within 5 s,
 * though what root starts as root is waited for as long as execve() takes;
 * otherwise the negative errno of the first thing that failed, and nothing
 * runs.
 */
int spawn(const struct spawn *plan) MUST_CHECK;

/*
 * The same, with pipes made for its standard input and output.  *to and *from
 * are our ends; after an error they are -1.  The caller closes them.
 */
int spawn_with_pipes(struct spawn *plan, int *to, int *from) MUST_CHECK;

/*
 * From root to this user and group, and no supplementary groups, for good.  0, or
 * -1 with errno; safe between fork() and execve().
 */
int spawn_become(uid_t uid, gid_t gid, gid_t real_gid) MUST_CHECK;

#endif
