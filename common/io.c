/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"

#define CHUNK_SIZE 4096U

static int
write_loop(int fd, const char *data, size_t len)
{
    ssize_t n;

    while (len > 0) {
        n = write(fd, data, len);
        if (n == -1 && errno != EINTR)
            return -errno;
        if (n > 0) {
            data += n;
            len -= (size_t) n;
        }
    }
    return 0;
}

int
write_full(int fd, const void *data, size_t len)
{
    const struct timespec at_once = {0};
    sigset_t pipe, old, pending;
    int r;

    /* The disposition belongs to the application: block SIGPIPE in this thread
     * only, and take back the one that we caused. */
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    r = -pthread_sigmask(SIG_BLOCK, &pipe, &old);
    if (r < 0)
        return r;
    r = write_loop(fd, data, len);
    if (r == -EPIPE && !sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&pipe, NULL, &at_once) == -1 && errno == EINTR)
            ;
    (void) pthread_sigmask(SIG_SETMASK, &old, NULL); /* it was valid above */
    return r;
}

int
read_all(int fd, size_t max, struct secret *out)
{
    ssize_t n;
    int r;

    for (;;) {
        r = secret_reserve(out, CHUNK_SIZE);
        if (r < 0)
            return r;
        n = read(fd, out->data + out->len, CHUNK_SIZE);
        if (n == 0)
            return 0;
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -errno;
        if ((size_t) n > max - out->len)
            return -EMSGSIZE;
        out->len += (size_t) n;
        out->data[out->len] = '\0';
    }
}

void
fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
