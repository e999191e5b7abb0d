/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/number.h"
#include "helper/clock.h"

int
clock_timer_open(void)
{
    return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

int
clock_watch_open(void)
{
    const struct itimerspec never = {.it_value = {.tv_sec = UNIX_TIME_MAX}};
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

    if (fd != -1
        && timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
                           &never, NULL)
               == -1)
        fd_close(&fd);
    return fd;
}

void
clock_watch_read(int fd)
{
    uint64_t count;

    /* ECANCELED, which also makes it ready for the next time. */
    (void) !read(fd, &count, sizeof(count));
}

static int64_t
milliseconds(clockid_t id)
{
    struct timespec now = {0};

    (void) clock_gettime(id, &now); /* cannot fail: both exist */
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_awake(void)
{
    return milliseconds(CLOCK_MONOTONIC) / 1000;
}

int64_t
clock_offset(void)
{
    return milliseconds(CLOCK_REALTIME) - milliseconds(CLOCK_BOOTTIME);
}

int64_t
clock_jump(int64_t before, int64_t after)
{
    int64_t by = after - before;

    return (by + (by < 0 ? -500 : 500)) / 1000;
}
