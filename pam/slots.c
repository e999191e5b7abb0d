/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io.h"
#include "pam/slots.h"

/* Root's, and nobody else may even lock it.  0 or a negative errno. */
static int
check(int fd, mode_t type)
{
    struct stat st;

    if (fstat(fd, &st) == -1)
        return -errno;
    if ((st.st_mode & S_IFMT) != type || st.st_uid != 0
        || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return -EPERM;
    return 0;
}

static int
file_open(const char *directory, int *out)
{
    int dir, fd = -1, r;

    if (mkdir(directory, 0700) == -1 && errno != EEXIST)
        return -errno;
    dir = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir == -1)
        return -errno;
    r = check(dir, S_IFDIR);
    if (r == 0) {
        fd = openat(dir, "logins",
                    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
                    0600);
        r = fd == -1 ? -errno : check(fd, S_IFREG);
    }
    fd_close(&dir);
    if (r == 0)
        *out = fd;
    else
        fd_close(&fd);
    return r;
}

/* Lock one of n bytes from first; -EAGAIN when all are taken. */
static int
take_one(int fd, int64_t first, int64_t n)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    int64_t i;

    for (i = 0; i < n; i++) {
        lock.l_start = first + i;
        if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
            return 0;
        if (errno != EAGAIN && errno != EACCES)
            return -errno;
    }
    return -EAGAIN;
}

int
slots_take(const char *directory, uid_t uid, int64_t host, int64_t user,
           int *out)
{
    int fd = -1, r = 0;

    if (host > 0 || user > 0)
        r = file_open(directory, &fd);
    /* The user's first: one who has none must not cost the host's for a
     * moment. */
    if (r == 0 && user > 0) {
        r = take_one(fd, ((int64_t) uid + 1) * SLOTS_MAX, user);
        r = r == -EAGAIN ? -EUSERS : r;
    }
    if (r == 0 && host > 0) {
        r = take_one(fd, 0, host);
        r = r == -EAGAIN ? -EBUSY : r;
    }
    if (r == 0)
        *out = fd;
    else
        fd_close(&fd);
    return r;
}
