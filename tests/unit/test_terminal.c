/* SPDX-License-Identifier: MIT */
/* With real pseudo-terminals, and processes on them. */
#include <config.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io.h"
#include "helper/terminal.h"
#include "tests/lib/test.h"

#define LINE "Log in again."

/* ---- Pure ---- */

static void
reads_parent_and_terminal(void **state UNUSED)
{
    static const struct {
        const char *stat;
        int r;
        pid_t parent;
        unsigned terminal;
    } rows[] = {
        {"4711 (bash) S 4710 4711 4711 34817 4711 0", 0, 4710, 34817},
        {"4711 (sshd) S 1 4711 4711 0 -1 0", 0, 1, 0},
        /* A name may look like anything. */
        {"4711 (a) S 7 7 7 34817 (b)) R 12 1 1 34816 1", 0, 12, 34816},
        {"4711 (bash) S -1 4711 4711 34817", -EBADMSG, 0, 0},
        {"4711 (bash) S 4710 4711 4711", -EBADMSG, 0, 0},
        {"4711 (bash)", -EBADMSG, 0, 0},
        {"nothing", -EBADMSG, 0, 0},
        {"", -EBADMSG, 0, 0},
    };
    struct terminal_process process;
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        process = (struct terminal_process){0};
        assert_int_equal(terminal_process_parse(rows[i].stat, &process),
                         rows[i].r);
        assert_int_equal(process.parent, rows[i].parent);
        assert_int_equal(process.terminal, rows[i].terminal);
    }
}

static void
knows_the_devices_that_people_log_in_at(void **state UNUSED)
{
    static const struct {
        unsigned major, minor;
        const char *path;
    } rows[] = {
        {136, 0, "/dev/pts/0"},
        {136, 255, "/dev/pts/255"},
        {137, 0, "/dev/pts/256"},
        {143, 255, "/dev/pts/2047"},
        {4, 1, "/dev/tty1"},
        {4, 63, "/dev/tty63"},
        {4, 64, "/dev/ttyS0"},
        {4, 0, NULL},
        {5, 0, NULL},
        {144, 0, NULL},
        {0, 0, NULL},
    };
    char path[64];
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(terminal_path(makedev(rows[i].major, rows[i].minor),
                                       path, sizeof(path)),
                         rows[i].path != NULL);
        if (rows[i].path != NULL)
            assert_string_equal(path, rows[i].path);
    }
}

/* ---- Terminals ---- */

/* A shell on a terminal, and our end of that. */
struct user {
    pid_t pid;
    int terminal;
};

static void
on_terminal(const char *path)
{
    int fd;

    (void) setsid();
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd == -1 || ioctl(fd, TIOCSCTTY, 0) == -1)
        _exit(1);
}

/* ready: a pipe; its other end is read when the terminal is there. */
static void
sit_down(const char *path, int ready, unsigned generations)
{
    on_terminal(path);
    while (generations-- > 0)
        if (fork() != 0)
            pause();
    if (write(ready, "x", 1) != 1)
        _exit(1);
    pause();
}

static struct user
log_in(unsigned generations)
{
    struct user user = {.terminal =
                            posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    char path[64], octet;
    int ready[2];

    assert_true(user.terminal >= 0);
    assert_int_equal(grantpt(user.terminal), 0);
    assert_int_equal(unlockpt(user.terminal), 0);
    assert_int_equal(ptsname_r(user.terminal, path, sizeof(path)), 0);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    user.pid = fork();
    if (user.pid == 0)
        sit_down(path, ready[1], generations);
    close(ready[1]);
    assert_int_equal(read(ready[0], &octet, 1), 1);
    close(ready[0]);
    return user;
}

static void
log_out(struct user *user)
{
    (void) kill(-user->pid, SIGKILL);
    (void) kill(user->pid, SIGKILL);
    assert_int_equal(waitpid(user->pid, NULL, 0), user->pid);
    fd_close(&user->terminal);
}

/* What is on the screen. */
static void
screen(const struct user *user, char *out, size_t size)
{
    struct pollfd poll_fd = {.fd = user->terminal, .events = POLLIN};
    ssize_t n = 0;

    if (poll(&poll_fd, 1, 200) > 0)
        n = read(user->terminal, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
}

static void
writes_one_line_to_the_terminal_of_the_session(void **state UNUSED)
{
    struct user user = log_in(0);
    char seen[256];

    assert_int_equal(terminal_tell(getpid(), LINE), 1);
    screen(&user, seen, sizeof(seen));
    assert_string_equal(seen, "\r\r\n" LINE "\r\r\n");
    log_out(&user);
}

/* A shell's children are on it, too. */
static void
a_terminal_with_several_processes_is_told_once(void **state UNUSED)
{
    struct user user = log_in(3);
    char seen[256];

    assert_int_equal(terminal_tell(getpid(), LINE), 1);
    screen(&user, seen, sizeof(seen));
    assert_string_equal(seen, "\r\r\n" LINE "\r\r\n");
    log_out(&user);
}

static void
every_terminal_of_the_session_is_told(void **state UNUSED)
{
    struct user first = log_in(0), second = log_in(1);
    char seen[256];

    assert_int_equal(terminal_tell(getpid(), LINE), 2);
    screen(&second, seen, sizeof(seen));
    assert_non_null(strstr(seen, LINE));
    log_out(&first);
    log_out(&second);
}

static void
terminals_of_other_sessions_are_left_alone(void **state UNUSED)
{
    struct user user = log_in(0), other = log_in(0);
    char seen[256];

    assert_int_equal(terminal_tell(user.pid, LINE), 0);
    screen(&other, seen, sizeof(seen));
    assert_string_equal(seen, "");
    log_out(&user);
    log_out(&other);
}

static void
another_users_terminal_is_left_alone(void **state UNUSED)
{
    struct user user = log_in(0);
    char path[64], seen[256];

    if (geteuid() != 0) {
        log_out(&user);
        SKIP("needs root");
    }
    assert_int_equal(ptsname_r(user.terminal, path, sizeof(path)), 0);
    assert_int_equal(chown(path, 61001, (gid_t) -1), 0);
    assert_int_equal(terminal_tell(getpid(), LINE), 0);
    screen(&user, seen, sizeof(seen));
    assert_string_equal(seen, "");
    log_out(&user);
}

/* Nobody reads it, and it is full: we go on. */
static void
a_stopped_terminal_is_not_waited_for(void **state UNUSED)
{
    struct user user = log_in(0);
    char path[64], many[65536];
    int fd;

    memset(many, 'x', sizeof(many));
    assert_int_equal(ptsname_r(user.terminal, path, sizeof(path)), 0);
    fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    while (write(fd, many, sizeof(many)) > 0)
        continue;
    /* The kernel may have made a little room since. */
    alarm(20); /* or this test is ended */
    assert_in_range(terminal_tell(getpid(), LINE), 0, 1);
    assert_int_not_equal(alarm(0), 0);
    fd_close(&fd);
    log_out(&user);
}

static void
a_session_without_a_terminal_is_not_told(void **state UNUSED)
{
    assert_int_equal(terminal_tell(getpid(), LINE), 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_parent_and_terminal),
        cmocka_unit_test(knows_the_devices_that_people_log_in_at),
        cmocka_unit_test(writes_one_line_to_the_terminal_of_the_session),
        cmocka_unit_test(a_terminal_with_several_processes_is_told_once),
        cmocka_unit_test(every_terminal_of_the_session_is_told),
        cmocka_unit_test(terminals_of_other_sessions_are_left_alone),
        cmocka_unit_test(another_users_terminal_is_left_alone),
        cmocka_unit_test(a_stopped_terminal_is_not_waited_for),
        cmocka_unit_test(a_session_without_a_terminal_is_not_told),
    };

    return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
