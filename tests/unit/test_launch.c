/* SPDX-License-Identifier: MIT */
/* The rest of it is in test_helper.c, by way of helper_start(). */
#include <config.h>

#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>

#include "common/io.h"
#include "common/launch.h"
#include "tests/lib/child.h"
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

static int
start(const char *script, pid_t *pid, int *pidfd)
{
    const char *const argv[] = {fake_program, script, NULL};
    struct spawn plan = {
        .argv = argv, .fds = {-1, -1, -1}, .n_fds = 3, .keep_keyring = true};

    return launch(&plan, pid, pidfd);
}

static void
gives_a_pidfd_of_the_one_that_runs(void **state UNUSED)
{
    struct pollfd pfd = {.fd = -1, .events = POLLIN};
    pid_t pid = 0;

    NEED_PIDFD();
    assert_int_equal(start("send|ready|pid=@;hang", &pid, &pfd.fd), 0);
    assert_int_equal(kill(pid, 0), 0);
    assert_int_equal(poll(&pfd, 1, 0), 0);
    assert_int_equal(pidfd_send_signal(pfd.fd, SIGKILL, NULL, 0), 0);
    assert_int_equal(poll(&pfd, 1, 5000), 1);
    fd_close(&pfd.fd);
}

static void
leaves_the_results_alone_when_it_fails(void **state UNUSED)
{
    pid_t pid = -7;
    int pidfd = -8;

    NEED_PIDFD();
    assert_true(start("exit|1", &pid, &pidfd) < 0);
    assert_int_equal(start("send|go;receive", &pid, &pidfd), -EBADMSG);
    assert_int_equal(pid, -7);
    assert_int_equal(pidfd, -8);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_a_pidfd_of_the_one_that_runs),
        cmocka_unit_test(leaves_the_results_alone_when_it_fails),
    };

    return cmocka_run_group_tests_name("launch", tests, NULL, NULL);
}
