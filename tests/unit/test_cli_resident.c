/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io.h"
#include "helper/cli/command.h"
#include "helper/cli/resident.h"
#include "tests/lib/child.h"
#include "tests/lib/cli.h"
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

static pid_t pid;
static int pidfd = -1, stuffed = -1;
static struct session session;

/*
 * A program that runs for ever whatever its arguments are: yes(1), whose pipe
 * nobody reads.  It has the arguments of the helper of 'oidc-session login'.
 */
static void
start(const char *user, long ring)
{
    char serial[32];
    int out[2];

    (void) snprintf(serial, sizeof(serial), "%ld", ring);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* after a failed test */
        dup2(out[1], STDOUT_FILENO);
        execl("/usr/bin/yes", fake_program, user, serial, (char *) NULL);
        _exit(1);
    }
    close(out[1]);
    stuffed = out[0];
    /* Once it writes, it is what it will be. */
    assert_int_equal(read(stuffed, serial, 1), 1);
    session = (struct session){
        .has_status = true,
        .status = {.helper_pid = pid},
        .info = {.uid = getuid(), .gid = getgid()},
    };
}

static int
teardown(void **state UNUSED)
{
    if (pid > 0) {
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
    }
    pid = 0;
    fd_close(&pidfd);
    fd_close(&stuffed);
    return 0;
}

static const char *
me(void)
{
    const struct passwd *pw = getpwuid(getuid());

    return pw != NULL ? pw->pw_name : "?";
}

#define NEED_HELPER()                                                          \
    do {                                                                       \
        NEED_KEYS();                                                           \
        NEED_PIDFD();                                                          \
        if (getpwuid(getuid()) == NULL || access("/usr/bin/yes", X_OK) != 0)   \
            SKIP("needs a user and yes(1)");                                   \
    } while (0)

static long
own_ring(void)
{
    return keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);
}

static void
is_the_helper_of_this_session(void **state UNUSED)
{
    NEED_HELPER();
    start(me(), own_ring());
    assert_int_equal(resident_find(&session, &pidfd), 0);
    assert_false(resident_ended(pidfd, 0));
    assert_int_equal(resident_tell(pidfd, SIGTERM), 0);
    assert_true(resident_ended(pidfd, 10000));
    assert_int_equal(resident_tell(pidfd, SIGTERM), -ESRCH);
}

static void
one_that_was_stopped_goes_on(void **state UNUSED)
{
    int status;

    NEED_HELPER();
    start(me(), own_ring());
    assert_int_equal(resident_find(&session, &pidfd), 0);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(resident_tell(pidfd, 0), 0);
    assert_int_equal(waitpid(pid, &status, WCONTINUED), pid);
    assert_true(WIFCONTINUED(status));
}

static void
that_of_another_session_is_not_ours(void **state UNUSED)
{
    NEED_HELPER();
    start(me(), own_ring() + 1);
    assert_int_equal(resident_find(&session, &pidfd), -ESRCH);
    assert_int_equal(pidfd, -1);
}

static void
that_of_another_user_is_not_ours(void **state UNUSED)
{
    NEED_HELPER();
    start("somebody", own_ring());
    assert_int_equal(resident_find(&session, &pidfd), -ESRCH);
}

/* The module's: a process of the user's own cannot have its group. */
static void
one_without_the_group_of_the_keys_is_not_ours(void **state UNUSED)
{
    NEED_HELPER();
    start(me(), own_ring());
    session.info.gid = getgid() + 1;
    assert_int_equal(resident_find(&session, &pidfd), -ESRCH);
}

static void
one_that_is_dead_is_not_there(void **state UNUSED)
{
    NEED_HELPER();
    start(me(), own_ring());
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    pid = 0;
    assert_int_equal(resident_find(&session, &pidfd), -ESRCH);
}

static void
without_a_status_nobody_knows(void **state UNUSED)
{
    static const int64_t bad[] = {0, -1, INT64_MAX};
    size_t i;

    session = (struct session){.has_status = false};
    assert_int_equal(resident_find(&session, &pidfd), -ENODATA);
    session.has_status = true;
    for (i = 0; i < ARRAY_LEN(bad); i++) {
        session.status.helper_pid = bad[i];
        assert_int_equal(resident_find(&session, &pidfd), -ESRCH);
    }
}

static int
say(void *data)
{
    return resident_report(*(const int *) data, &session);
}

static void
says_why_it_cannot_be_asked(void **state UNUSED)
{
    static const struct {
        int r;
        const char *said;
    } cases[] = {
        {-ESRCH, "does not run"},
        {-ENODATA, "no status"},
        {-ENOENT, "whether process 17 is the helper"},
    };
    struct cli cli;
    size_t i;
    int r;

    session.status.helper_pid = 17;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        r = cases[i].r;
        cli_capture(say, &r, &cli);
        assert_int_equal(cli.status, COMMAND_FAILED);
        assert_non_null(strstr(cli.err, cases[i].said));
    }
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_the_helper_of_this_session),
        TEST(one_that_was_stopped_goes_on),
        TEST(that_of_another_session_is_not_ours),
        TEST(that_of_another_user_is_not_ours),
        TEST(one_without_the_group_of_the_keys_is_not_ours),
        TEST(one_that_is_dead_is_not_there),
        TEST(without_a_status_nobody_knows),
        TEST(says_why_it_cannot_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
