/* SPDX-License-Identifier: MIT */
/*
 * The helper's real timers.  Nobody here sets the clock of a developer's
 * machine: what the kernel was told is read from it.
 */
#include <config.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/secret.h"
#include "helper/clock.h"
#include "tests/lib/test.h"

static int64_t wall_shift;
int __real_clock_gettime(clockid_t id, struct timespec *out);

int
__wrap_clock_gettime(clockid_t id, struct timespec *out)
{
    int r = __real_clock_gettime(id, out);

    if (id == CLOCK_REALTIME)
        out->tv_sec += (time_t) wall_shift;
    return r;
}

INJECT(int, timerfd_settime,
       (int fd, int flags, const struct itimerspec *when,
        struct itimerspec *old),
       (fd, flags, when, old))

static int
setup(void **state UNUSED)
{
    wall_shift = 0;
    WORK(timerfd_settime);
    return 0;
}

/* A number that the kernel shows of a descriptor. */
static long
fdinfo(int fd, const char *name, int base)
{
    struct secret text = {0};
    const char *found;
    char path[64];
    long number;
    int file;

    (void) snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    file = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read_all(file, 4096, &text), 0);
    found = strstr(secret_text(&text), name);
    assert_non_null(found);
    number = strtol(found + strlen(name), NULL, base);
    fd_close(&file);
    secret_clear(&text);
    return number;
}

static void
the_timer_counts_the_time_that_a_laptop_sleeps(void **state UNUSED)
{
    int fd = clock_timer_open();

    assert_true(fd >= 0);
    assert_int_equal(fdinfo(fd, "clockid: ", 10), CLOCK_BOOTTIME);
    fd_close(&fd);
}

/* TFD_TIMER_ABSTIME and TFD_TIMER_CANCEL_ON_SET, and a time that never comes. */
static void
the_kernel_says_when_the_clock_is_set(void **state UNUSED)
{
    struct pollfd poll_fd = {.events = POLLIN};
    struct itimerspec when;
    int fd = clock_watch_open();

    assert_true(fd >= 0);
    assert_int_equal(fdinfo(fd, "clockid: ", 10), CLOCK_REALTIME);
    assert_int_equal(fdinfo(fd, "settime flags: ", 8),
                     TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
    assert_int_equal(timerfd_gettime(fd, &when), 0);
    assert_true(when.it_value.tv_sec > INT64_C(100) * 366 * 86400);
    poll_fd.fd = fd;
    assert_int_equal(poll(&poll_fd, 1, 0), 0);
    clock_watch_read(fd); /* does not wait */
    fd_close(&fd);
}

static void
no_watch_is_left_open_when_it_cannot_be_set(void **state UNUSED)
{
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;

    close(before);
    FAIL(timerfd_settime, EINVAL, 0);
    assert_int_equal(clock_watch_open(), -1);
    after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(after, before);
    close(after);
}

static void
the_offset_changes_by_what_the_clock_is_set(void **state UNUSED)
{
    static const int64_t jumps[] = {0,     1,         -1,        3600,
                                    -3600, 315360000, -315360000};
    int64_t before = clock_offset();
    size_t i;

    for (i = 0; i < ARRAY_LEN(jumps); i++) {
        wall_shift = jumps[i];
        assert_int_equal(clock_jump(before, clock_offset()), jumps[i]);
    }
}

static void
a_jump_is_rounded_to_seconds(void **state UNUSED)
{
    static const struct {
        int64_t milliseconds, seconds;
    } rows[] = {{0, 0},    {499, 0},  {500, 1},    {-499, 0},      {-500, -1},
                {1499, 1}, {1500, 2}, {-1500, -2}, {3600000, 3600}};
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(clock_jump(7, 7 + rows[i].milliseconds),
                         rows[i].seconds);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_timer_counts_the_time_that_a_laptop_sleeps),
        TEST(the_kernel_says_when_the_clock_is_set),
        TEST(no_watch_is_left_open_when_it_cannot_be_set),
        TEST(the_offset_changes_by_what_the_clock_is_set),
        TEST(a_jump_is_rounded_to_seconds),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
