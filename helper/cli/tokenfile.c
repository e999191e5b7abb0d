/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "common/io.h"
#include "helper/cli/tokenfile.h"

#define FILE_NAME "token"
#define NEW_NAME  "token.new"

bool
tokenfile_may_be_in(const struct stat *st, long type, uid_t uid)
{
    bool own = st->st_uid == uid && (st->st_mode & 07777) == 0700;
    bool for_all = st->st_uid == 0 && (st->st_mode & S_ISVTX) != 0;

    return S_ISDIR(st->st_mode) && (type == TMPFS_MAGIC || type == RAMFS_MAGIC)
           && (own || for_all);
}

/* A descriptor, or -ENOTDIR when it may not be there. */
static int
open_parent(const char *path, uid_t uid)
{
    struct statfs fs;
    struct stat st;
    int fd;

    if (path[0] != '/')
        return -ENOTDIR;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd == -1)
        return -ENOTDIR;
    if (fstat(fd, &st) == 0 && fstatfs(fd, &fs) == 0
        && tokenfile_may_be_in(&st, (long) fs.f_type, uid))
        return fd;
    fd_close(&fd);
    return -ENOTDIR;
}

static int
make_directory(struct tokenfile *file)
{
    uint64_t number;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t) sizeof(number))
        return -errno;
    (void) snprintf(file->name, sizeof(file->name), "oidc-session.%016" PRIx64,
                    number);
    if (mkdirat(file->parent, file->name, 0700) == -1)
        return -errno;
    file->dir = openat(file->parent, file->name,
                       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return file->dir == -1 ? -errno : 0;
}

static int
open_in(const char *parent, uid_t uid, struct tokenfile *file)
{
    int r, n;

    r = open_parent(parent, uid);
    if (r < 0)
        return r;
    file->parent = r;
    r = make_directory(file);
    n = snprintf(file->path, sizeof(file->path), "%s/%s/" FILE_NAME, parent,
                 file->name);
    if (r == 0 && (n < 0 || (size_t) n >= sizeof(file->path)))
        r = -ENAMETOOLONG;
    return r;
}

int
tokenfile_open(const char *const *parents, uid_t uid, struct tokenfile *out)
{
    struct tokenfile file = TOKENFILE_NONE;
    int r = -ENOTDIR;

    for (; *parents != NULL; parents++) {
        r = open_in(*parents, uid, &file);
        if (r == 0) {
            *out = file;
            return 0;
        }
        tokenfile_close(&file);
    }
    return r;
}

int
tokenfile_write(const struct tokenfile *file, const struct secret *token)
{
    int fd, r;

    (void) unlinkat(file->dir, NEW_NAME, 0); /* of a write that failed */
    fd = openat(file->dir, NEW_NAME,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd == -1)
        return -errno;
    r = write_full(fd, token->data, token->len);
    fd_close(&fd);
    if (r == 0 && renameat(file->dir, NEW_NAME, file->dir, FILE_NAME) == -1)
        r = -errno;
    if (r < 0)
        (void) unlinkat(file->dir, NEW_NAME, 0);
    return r;
}

void
tokenfile_remove(const struct tokenfile *file)
{
    (void) unlinkat(file->dir, FILE_NAME, 0);
}

void
tokenfile_close(struct tokenfile *file)
{
    if (file->dir >= 0) {
        tokenfile_remove(file);
        (void) unlinkat(file->dir, NEW_NAME, 0);
    }
    if (file->parent >= 0)
        (void) unlinkat(file->parent, file->name, AT_REMOVEDIR);
    fd_close(&file->dir);
    fd_close(&file->parent);
}
