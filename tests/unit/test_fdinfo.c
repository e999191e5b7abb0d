/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/io.h"
#include "pam/fdinfo.h"
#include "tests/lib/child.h"
#include "tests/lib/test.h"

static void
finds_the_process_in_the_text(void **state UNUSED)
{
    static const struct {
        const char *text;
        int r;
        pid_t pid;
    } rows[] = {
        {"pos:\t0\nflags:\t02000002\nmnt_id:\t15\nPid:\t4711\nNSpid:\t4711\n",
         0, 4711},
        {"pos:\t0\nPid:\t1\n", 0, 1},
        {"pos:\t0\nPid:\t-1\n", -EBADF, 0}, /* it has been waited for */
        {"pos:\t0\nPid:\t0\n", -EBADF, 0},  /* of another namespace */
        {"pos:\t0\nPid:\t\n", -EBADF, 0},
        {"pos:\t0\nPid:\t12", -EBADF, 0}, /* cut */
        {"pos:\t0\nPid:\t12x\n", -EBADF, 0},
        {"pos:\t0\nPid:\t99999999999\n", -EBADF, 0},
        {"pos:\t0\nflags:\t02\n", -EBADF, 0}, /* a file */
        {"pos:\t0\nPid:\t42 \n", -EBADF, 0},
        {"Pid:\t42\n", -EBADF, 0},
        {"NSpid:\t12\n", -EBADF, 0},
        {"", -EBADF, 0},
    };
    pid_t pid;
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        pid = 0;
        assert_int_equal(fdinfo_parse(rows[i].text, &pid), rows[i].r);
        assert_int_equal(pid, rows[i].pid);
    }
}

static void
the_kernel_tells_whose_pidfd_it_is(void **state UNUSED)
{
    pid_t pid = 0;
    int fd;

    NEED_PIDFD();
    fd = pidfd_open(getppid(), 0);
    assert_true(fd >= 0);
    assert_int_equal(fdinfo_pid(fd, &pid), 0);
    assert_int_equal(pid, getppid());
    fd_close(&fd);
}

static void
what_is_no_pidfd_is_ebadf(void **state UNUSED)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pid_t pid;

    assert_int_equal(fdinfo_pid(fd, &pid), -EBADF);
    fd_close(&fd);
    assert_int_equal(fdinfo_pid(9999, &pid), -ENOENT);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_process_in_the_text),
        cmocka_unit_test(the_kernel_tells_whose_pidfd_it_is),
        cmocka_unit_test(what_is_no_pidfd_is_ebadf),
    };

    return cmocka_run_group_tests_name("fdinfo", tests, NULL, NULL);
}
