/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/io.h"

/* A secret and a map fit into one message. */
static const struct {
    size_t max;
    const char *too_large;
} limits[] = {
    [FILE_CONFIG] = {(size_t) 64 * 1024, "is larger than 64 KiB"},
    [FILE_SECRET] = {(size_t) 16 * 1024, "is larger than 16 KiB"},
    [FILE_MAP] = {(size_t) 192 * 1024, "is larger than 192 KiB"},
};

/* NULL when a file may be trusted. */
static const char *
distrust(const struct stat *st, bool is_private)
{
    if (!S_ISREG(st->st_mode))
        return "is not a regular file";
    if (st->st_uid != 0)
        return "does not belong to root; chown it to root";
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "may be written by others than root; chmod go-w it";
    if (is_private && (st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return "may be read by others than root; chmod 0600 it";
    return NULL;
}

static const char *
open_error(int error)
{
    switch (error) {
    case ELOOP:
        return "is a symbolic link; name the file itself";
    case ENOENT:
    case ENOTDIR:
        return "does not exist";
    case EACCES:
    case EPERM:
        return "cannot be opened: permission denied";
    case ENXIO:
        return "is not a regular file";
    default:
        return "cannot be opened";
    }
}

int
file_read(const char *path, enum file_kind kind, struct secret *out,
          const char **why)
{
    struct stat st;
    int fd, r;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd == -1) {
        r = -errno;
        *why = open_error(-r);
        return r;
    }
    *why = fstat(fd, &st) == -1 ? "cannot be examined"
                                : distrust(&st, kind == FILE_SECRET);
    r = *why != NULL ? -EPERM : read_all(fd, limits[kind].max, out);
    if (r == -EMSGSIZE)
        *why = limits[kind].too_large;
    else if (r < 0 && *why == NULL)
        *why = "cannot be read";
    fd_close(&fd);
    return r;
}
