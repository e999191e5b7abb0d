/* SPDX-License-Identifier: MIT */
/*
 * A library for /etc/ld.so.preload of a throwaway host: inside of a helper the
 * wall clock is ahead by as many seconds as FAKECLOCK_DIR/seconds says, eight
 * octets.  That it was set, which the kernel says by a timer, is said by eight
 * octets in the FIFO FAKECLOCK_DIR/set.  In every other program, and without that
 * directory, it does nothing.
 */
#include <config.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "common/attr.h"

#define FAKECLOCK_DIR "/tmp/fakeclock"

#define EXPORT __attribute__((visibility("default")))

/* Nobody but the linker calls these. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"

static const int64_t *seconds; /* NULL: this is another program */
static int set_fd = -1;

static void __attribute__((constructor)) begin(void)
{
    void *map;
    int fd;

    if (strcmp(program_invocation_short_name, "oidc-session-helper") != 0)
        return;
    fd = open(FAKECLOCK_DIR "/seconds", O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return;
    map = mmap(NULL, sizeof(*seconds), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        seconds = map;
}

static int64_t
ahead(void)
{
    return seconds != NULL ? *(const volatile int64_t *) seconds : 0;
}

static int
real_gettime(clockid_t id, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);

    if (real == NULL)
        real = (int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT,
                                                             "clock_gettime");
    return real(id, out);
}

EXPORT int
clock_gettime(clockid_t id, struct timespec *out)
{
    int r = real_gettime(id, out);

    if (r == 0 && id == CLOCK_REALTIME)
        out->tv_sec += (time_t) ahead();
    return r;
}

EXPORT time_t
time(time_t *out)
{
    struct timespec now = {0};

    (void) clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

EXPORT int
timerfd_create(int id, int flags)
{
    int (*real)(int, int) =
        (int (*)(int, int)) dlsym(RTLD_NEXT, "timerfd_create");

    if (seconds == NULL || id != CLOCK_REALTIME)
        return real(id, flags);
    set_fd = open(FAKECLOCK_DIR "/set", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return set_fd;
}

EXPORT int
timerfd_settime(int fd, int flags, const struct itimerspec *when,
                struct itimerspec *old)
{
    int (*real)(int, int, const struct itimerspec *, struct itimerspec *) =
        (int (*)(int, int, const struct itimerspec *,
                 struct itimerspec *)) dlsym(RTLD_NEXT, "timerfd_settime");

    if (fd != set_fd)
        return real(fd, flags, when, old);
    if (flags == (TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        return 0;
    errno = EINVAL;
    return -1;
}
