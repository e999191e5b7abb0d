/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io.h"
#include "common/process.h"
#include "helper/cli/command.h"
#include "helper/cli/resident.h"
#include "tests/lib/child.h"
#include "tests/lib/cli.h"
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

static pid_t pid;
static int pidfd = -1, stuffed = -1;
static struct session session;

/* What a user who is not root has; and their session's keys. */
#define SOMEBODY   61001
#define KEYS_GROUP 61500

static void
exec_yes(const char *name, long ring, gid_t real_gid)
{
    char serial[32];

    (void) snprintf(serial, sizeof(serial), "%ld", ring);
    if (getuid() == 0
        && (setgroups(0, NULL) == -1
            || setresgid(real_gid, session.info.gid, session.info.gid) == -1
            || setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == -1))
        _exit(1);
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* after a failed test */
    execl("/usr/bin/yes", name, "alice", serial, (char *) NULL);
    _exit(1);
}

/*
 * A program that runs for ever whatever its arguments are: yes(1), whose pipe
 * nobody reads.  It has the arguments of a helper, and the IDs of session.info.
 */
static void
start_as(const char *name, long ring, gid_t real_gid)
{
    int out[2];
    char byte;

    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        exec_yes(name, ring, real_gid);
    }
    close(out[1]);
    stuffed = out[0];
    /* Once it writes, it is what it will be. */
    assert_int_equal(read(stuffed, &byte, 1), 1);
    session.status.helper_pid = pid;
}

/* That of 'oidc-session login'. */
static void
start(long ring)
{
    session = (struct session){
        .has_status = true,
        .info = {.uid = getuid() == 0 ? SOMEBODY : getuid(),
                 .gid = getuid() == 0 ? SOMEBODY : getgid()},
    };
    start_as(fake_program, ring, session.info.gid);
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

#define NEED_HELPER()                                                          \
    do {                                                                       \
        NEED_KEYS();                                                           \
        NEED_PIDFD();                                                          \
        if (access("/usr/bin/yes", X_OK) != 0)                                 \
            SKIP("needs yes(1)");                                              \
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
    start(own_ring());
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
    start(own_ring());
    assert_int_equal(resident_find(&session, &pidfd), 0);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(resident_tell(pidfd, 0), 0);
    assert_int_equal(waitpid(pid, &status, WCONTINUED), pid);
    assert_true(WIFCONTINUED(status));
}

/* Nobody may take what is not understood for dead: it may write tokens. */
static void
that_of_another_session_is_not_ours_but_alive(void **state UNUSED)
{
    NEED_HELPER();
    start(own_ring() + 1);
    assert_int_equal(resident_find(&session, &pidfd), -EPERM);
    assert_int_equal(pidfd, -1);
}

static void
one_with_other_groups_than_its_keys_is_not_ours_but_alive(void **state UNUSED)
{
    NEED_HELPER();
    start(own_ring());
    session.info.gid++;
    assert_int_equal(resident_find(&session, &pidfd), -EPERM);
    session.info.uid = 0;
    assert_int_equal(resident_find(&session, &pidfd), -EPERM);
}

static void
another_program_is_none(void **state UNUSED)
{
    NEED_HELPER();
    start(own_ring());
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    fd_close(&stuffed);
    start_as("yes", own_ring(), session.info.gid);
    assert_int_equal(resident_find(&session, &pidfd), -ESRCH);
}

/* su and sudo without pam_keyinit: root, in the session of a user. */
static void
that_of_a_session_which_is_not_the_callers_is_found(void **state UNUSED)
{
    NEED_ROOT();
    NEED_HELPER();
    if (keyctl_chown(KEY_SPEC_SESSION_KEYRING, SOMEBODY, (gid_t) -1) == -1)
        SKIP("needs root's right to give keys away");
    session = (struct session){
        .has_status = true,
        .info = {.uid = 0, .gid = KEYS_GROUP},
    };
    start_as(fake_program, own_ring(), NOBODY_GID);
    assert_int_equal(resident_find(&session, &pidfd), 0);
}

static void
one_that_is_dead_is_not_there(void **state UNUSED)
{
    NEED_HELPER();
    start(own_ring());
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    pid = 0;
    assert_int_equal(resident_find(&session, &pidfd), -ESRCH);
}

static void
without_its_number_nobody_knows(void **state UNUSED)
{
    static const int64_t bad[] = {0, -1, INT64_MAX};
    size_t i;

    session = (struct session){.has_status = false};
    assert_int_equal(resident_find(&session, &pidfd), -ENODATA);
    session.has_status = true;
    for (i = 0; i < ARRAY_LEN(bad); i++) {
        session.status.helper_pid = bad[i];
        assert_int_equal(resident_find(&session, &pidfd), -ENODATA);
    }
}

static void
after_a_grant_there_is_none(void **state UNUSED)
{
    session = (struct session){.has_status = true,
                               .status = {.state = STATE_LOGIN_REQUIRED}};
    assert_int_equal(resident_find(&session, &pidfd), -ESRCH);
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
        {-ENODATA, "does not name its helper"},
        {-ENOENT, "/proc does not show process 17"},
        {-EPERM, "process 17 is a helper, but not certainly that"},
        {-EACCES, "whether process 17 is the helper"},
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
        TEST(that_of_another_session_is_not_ours_but_alive),
        TEST(one_with_other_groups_than_its_keys_is_not_ours_but_alive),
        TEST(another_program_is_none),
        TEST(that_of_a_session_which_is_not_the_callers_is_found),
        TEST(one_that_is_dead_is_not_there),
        TEST(without_its_number_nobody_knows),
        TEST(after_a_grant_there_is_none),
        TEST(says_why_it_cannot_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
