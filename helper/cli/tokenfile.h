/* SPDX-License-Identifier: MIT */
#ifndef CLI_TOKENFILE_H
#define CLI_TOKENFILE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "common/attr.h"
#include "common/secret.h"

/*
 * A file with the access token, for programs that know no keyring (WLCG Bearer
 * Token Discovery): in memory only, and in a directory of our own that nobody
 * else may enter.
 */
struct tokenfile {
    int parent; /* -1: none, like the next */
    int dir;
    char name[32];   /* of dir in parent */
    char path[4096]; /* of the file, whether it is there or not */
};

#define TOKENFILE_NONE                                                         \
    {                                                                          \
        .parent = -1, .dir = -1                                                \
    }

/*
 * Pure: whether such a directory may be made in this one, on a file system of
 * this type (statfs(2)): the user's own alone, or one of root's for all in which
 * nobody removes what is somebody else's.  Not on a disk.
 */
bool tokenfile_may_be_in(const struct stat *st, long type, uid_t uid);

/*
 * Make the directory in the first of these that may have it; NULL ends them, and
 * a path that is not absolute is passed over.  0; -ENOTDIR when none may; or
 * another negative errno.
 */
int tokenfile_open(const char *const *parents, uid_t uid,
                   struct tokenfile *out) MUST_CHECK;

/*
 * Write the file anew, 0600: readers see the old one or the new one, whole.  0,
 * or a negative errno with the old one as it was.
 */
int tokenfile_write(const struct tokenfile *file,
                    const struct secret *token) MUST_CHECK;

/* Remove it, if it is there. */
void tokenfile_remove(const struct tokenfile *file);

/* Remove it and its directory.  Right for TOKENFILE_NONE and a second time. */
void tokenfile_close(struct tokenfile *file);

#endif
