/* SPDX-License-Identifier: MIT */
/* The helper's user name is the script of the program that runs instead of it. */
#include <config.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io.h"
#include "common/keyring.h"
#include "common/message.h"
#include "common/process.h"
#include "common/spawn.h"
#include "pam/fdinfo.h"
#include "pam/helper.h"
#include "tests/lib/child.h"
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

INJECT(int, pipe2, (int *pair, int flags), (pair, flags))
INJECT(int, pidfd_open, (pid_t pid, unsigned flags), (pid, flags))
INJECT(int, pidfd_send_signal,
       (int fd, int number, siginfo_t *info, unsigned flags),
       (fd, number, info, flags))

/* What was to be started. */
static struct {
    struct spawn plan;
    key_serial_t keys[8];
    char argv[7][256];
    bool self_is_us;
    int result;
} spawned;

int __real_spawn_with_pipes(struct spawn *plan, int *to, int *from);

int
__wrap_spawn_with_pipes(struct spawn *plan, int *to, int *from)
{
    pid_t pid;
    size_t i;

    spawned.plan = *plan;
    for (i = 0; i < plan->n_keys; i++)
        spawned.keys[i] = plan->keys[i];
    for (i = 0; i < 7 && plan->argv[i] != NULL; i++)
        (void) snprintf(spawned.argv[i], sizeof(spawned.argv[i]), "%s",
                        plan->argv[i]);
    spawned.self_is_us = fdinfo_pid(plan->fds[3], &pid) == 0 && pid == getpid();
    if (spawned.result == 0)
        return __real_spawn_with_pipes(plan, to, from);
    *to = *from = -1;
    return spawned.result;
}

/* How long it waits for the helper. */
static int waited;
int __real_message_wait(int fd, struct secret *buf, int timeout,
                        struct message *out);

int
__wrap_message_wait(int fd, struct secret *buf, int timeout,
                    struct message *out)
{
    waited = timeout;
    return __real_message_wait(fd, buf, timeout, out);
}

/* The process that was looked at, for what, and what happens meanwhile. */
static struct {
    unsigned checks;
    pid_t pid;
    struct process wanted;
    char argv[3][64];
    int result;
    bool dies, is_reaped;
} looked;

int
__wrap_process_check(pid_t pid, const struct process *wanted)
{
    siginfo_t info;
    size_t i;

    looked.checks++;
    looked.pid = pid;
    looked.wanted = *wanted;
    for (i = 0; i < 3 && wanted->argv[i] != NULL; i++)
        (void) snprintf(looked.argv[i], sizeof(looked.argv[i]), "%.63s",
                        wanted->argv[i]);
    assert_null(wanted->argv[i]);
    if (looked.dies) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t) pid, &info,
                                looked.is_reaped ? WEXITED : WEXITED | WNOWAIT),
                         0);
    }
    return looked.result;
}

static char directory[] = "/tmp/test_helper.XXXXXX";
static char fifo[64], script[256];
static key_serial_t ring;
static struct helper helper = HELPER_NONE;

static int
setup(void **state UNUSED)
{
    memset(&spawned, 0, sizeof(spawned));
    memset(&looked, 0, sizeof(looked));
    waited = 0;
    ring = 0;
    return 0;
}

static int
teardown(void **state UNUSED)
{
    WORK(pipe2);
    WORK(pidfd_open);
    WORK(pidfd_send_signal);
    if (helper.pidfd >= 0)
        (void) pidfd_send_signal(helper.pidfd, SIGKILL, NULL, 0);
    fd_close(&helper.pidfd);
    return 0;
}

static int
group_setup(void **state UNUSED)
{
    if (mkdtemp(directory) == NULL)
        return -1;
    (void) snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
    return mkfifo(fifo, 0600);
}

static int
group_teardown(void **state UNUSED)
{
    (void) unlink(fifo);
    return rmdir(directory);
}

/*
 * What it wrote to the FIFO: up to the end, so that the next one to open it does
 * not meet this writer.
 */
static const char *
told(void)
{
    struct secret text = {0};
    static char word[64];
    int fd = open(fifo, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(read_all(fd, sizeof(word) - 1, &text), 0);
    close(fd);
    strcpy(word, secret_text(&text));
    secret_clear(&text);
    return word;
}

#define NEED()                                                                 \
    do {                                                                       \
        NEED_PIDFD();                                                          \
        NEED_KEYS();                                                           \
        ring = KEY_SPEC_SESSION_KEYRING;                                       \
    } while (0)

static int
start_with(const char *what, key_serial_t tokens)
{
    const struct helper_user user = {
        .name = what, .uid = 61001, .gid = 61002, .session = 2147483647};

    return helper_start(&user, ring, tokens, &helper);
}

static int
start(const char *what)
{
    return start_with(what, 0);
}

static bool
has_ended(void)
{
    struct pollfd pfd = {.fd = helper.pidfd, .events = POLLIN};

    return poll(&pfd, 1, 5000) == 1;
}

static int
n_fds_open(void)
{
    int fd, n = 0;

    for (fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}

/* ---- Starting ---- */

static void
runs_once_it_has_said_ready(void **state UNUSED)
{
    struct pollfd pfd;

    NEED();
    assert_int_equal(start("send|ready|pid=@;hang"), 0);
    pfd = (struct pollfd){.fd = helper.pidfd, .events = POLLIN};
    assert_int_equal(poll(&pfd, 1, 0), 0);
    assert_int_equal(waited, 5000);
}

static void
is_told_to_go(void **state UNUSED)
{
    NEED();
    (void) snprintf(script, sizeof(script), "send|ready|pid=@;tell|%s;hang",
                    fifo);
    assert_int_equal(start(script), 0);
    assert_string_equal(told(), "go");
}

static void
is_told_which_user_to_become(void **state UNUSED)
{
    NEED();
    assert_int_equal(start("send|ready|pid=@;hang"), 0);
    assert_string_equal(spawned.argv[0], fake_program);
    assert_string_equal(spawned.argv[1], "send|ready|pid=@;hang");
    assert_string_equal(spawned.argv[2], "2147483647");
    assert_int_equal(atoi(spawned.argv[3]), getpid());
    assert_string_equal(spawned.argv[4], "61001");
    assert_string_equal(spawned.argv[5], "61002");
    assert_string_equal(spawned.argv[6], "");
    assert_false(spawned.plan.become);
}

static void
gets_a_pidfd_of_this_process(void **state UNUSED)
{
    NEED();
    assert_int_equal(start("send|ready|pid=@;hang"), 0);
    assert_int_equal(spawned.plan.n_fds, 4);
    assert_int_equal(spawned.plan.fds[2], -1);
    assert_true(spawned.self_is_us);
}

static void
gets_the_keys_it_needs_and_the_keyring(void **state UNUSED)
{
    static const char *const names[] = {KEY_ACCESS_TOKEN, KEY_REFRESH_TOKEN,
                                        KEY_SETTINGS, KEY_ID_TOKEN, KEY_STATUS};
    key_serial_t keys[ARRAY_LEN(names)] = {0}, tokens = 0;
    size_t i;

    NEED();
    assert_int_equal(keyring_make(ring, KEYRING_TOKENS, &tokens), 0);
    assert_int_equal(keyctl_setperm(tokens, KEY_POS_ALL | KEY_USR_ALL), 0);
    for (i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(put_text(ring, names[i], "x"), 0);
        assert_int_equal(keyring_find(ring, "user", names[i], &keys[i]), 0);
        assert_int_equal(keyctl_setperm(keys[i], KEY_POS_ALL | KEY_USR_ALL), 0);
    }
    assert_int_equal(start_with("send|ready|pid=@;hang", tokens), 0);
    assert_int_equal(spawned.plan.n_keys, 4);
    assert_memory_equal(spawned.keys, keys, 3 * sizeof(keys[0]));
    assert_int_equal(spawned.keys[3], tokens);
}

static void
gets_the_keys_that_there_are(void **state UNUSED)
{
    key_serial_t key = 0;

    NEED();
    assert_int_equal(put_text(ring, KEY_SETTINGS, "x"), 0);
    assert_int_equal(keyring_find(ring, "user", KEY_SETTINGS, &key), 0);
    assert_int_equal(keyctl_setperm(key, KEY_POS_ALL | KEY_USR_ALL), 0);
    assert_int_equal(start("send|ready|pid=@;hang"), 0);
    assert_int_equal(spawned.plan.n_keys, 1);
    assert_int_equal(spawned.keys[0], key);
}

/* ---- What fails ---- */

static void
one_that_dies_at_once_is_an_error(void **state UNUSED)
{
    NEED();
    assert_true(start("exit|1") < 0);
    assert_int_equal(helper.pidfd, -1);
}

static void
one_that_says_something_else_is_ebadmsg(void **state UNUSED)
{
    NEED();
    assert_int_equal(start("send|go;receive"), -EBADMSG);
    assert_int_equal(start("raw|ee00000000;receive"), -EBADMSG);
    assert_int_equal(helper.pidfd, -1);
}

static void
one_that_does_not_say_who_it_is_is_an_error(void **state UNUSED)
{
    NEED();
    assert_true(start("send|ready;receive") < 0);
    assert_int_equal(start("send|ready|pid=me;receive"), -EINVAL);
    assert_int_equal(helper.pidfd, -1);
}

static void
one_that_does_not_exist_is_an_error(void **state UNUSED)
{
    NEED();
    assert_true(start("send|ready|pid=999999999;receive") < 0);
    assert_int_equal(helper.pidfd, -1);
}

/* Whatever failed here: one that is not told to go must not begin. */
static void
without_a_pidfd_it_is_not_told_to_go(void **state UNUSED)
{
    NEED();
    (void) snprintf(script, sizeof(script), "send|ready|pid=@;tell|%s", fifo);
    FAIL(pidfd_open, EMFILE, 1); /* the first is ours */
    assert_int_equal(start(script), -EMFILE);
    assert_string_equal(told(), "gone");
    assert_int_equal(helper.pidfd, -1);
}

static void
one_that_does_not_listen_is_epipe(void **state UNUSED)
{
    NEED();
    assert_int_equal(start("deaf;send|ready|pid=@;hang"), -EPIPE);
    assert_int_equal(helper.pidfd, -1);
}

static void
gives_the_errno_of_what_failed(void **state UNUSED)
{
    NEED();
    FAIL(pipe2, EMFILE, 0);
    assert_int_equal(start("hang"), -EMFILE);
    FAIL(pipe2, ENFILE, 1);
    assert_int_equal(start("hang"), -ENFILE);
    WORK(pipe2);
    FAIL(pidfd_open, ENOMEM, 0);
    assert_int_equal(start("hang"), -ENOMEM);
    WORK(pidfd_open);
    spawned.result = -ENOENT;
    assert_int_equal(start("hang"), -ENOENT);
    assert_int_equal(helper.pidfd, -1);
}

static void
leaves_no_descriptor_but_the_pidfd(void **state UNUSED)
{
    int before;

    NEED();
    before = n_fds_open();
    assert_int_equal(start("send|ready|pid=@;hang"), 0);
    assert_int_equal(n_fds_open(), before + 1);
    assert_true((fcntl(helper.pidfd, F_GETFD) & FD_CLOEXEC) != 0);
    (void) pidfd_send_signal(helper.pidfd, SIGKILL, NULL, 0);
    fd_close(&helper.pidfd);
    assert_true(start("exit|1") < 0);
    assert_int_equal(n_fds_open(), before);
    FAIL(pipe2, EMFILE, 1);
    assert_int_equal(start("hang"), -EMFILE);
    assert_int_equal(n_fds_open(), before);
    WORK(pipe2);
    spawned.result = -ENOENT;
    assert_int_equal(start("hang"), -ENOENT);
    assert_int_equal(n_fds_open(), before);
}

/* ---- Ending ---- */

static void
is_asked_to_end(void **state UNUSED)
{
    NEED();
    assert_int_equal(start("send|ready|pid=@;hang"), 0);
    assert_int_equal(helper_end(&helper), 0);
    assert_true(has_ended());
}

/* Until it is stopped: a signal may come to it before the stop does. */
static bool
is_stopped(pid_t pid)
{
    char path[64], line[512] = "", state = ' ';
    FILE *file;
    int i;

    (void) snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
    for (i = 0; i < 500 && state != 'T'; i++) {
        usleep(10000);
        file = fopen(path, "re");
        if (file == NULL)
            return false;
        if (fgets(line, sizeof(line), file) != NULL)
            (void) sscanf(strrchr(line, ')'), ") %c", &state);
        fclose(file);
    }
    return state == 'T';
}

static void
one_that_was_stopped_ends_too(void **state UNUSED)
{
    NEED();
    assert_int_equal(start("send|ready|pid=@;hang"), 0);
    assert_int_equal(pidfd_send_signal(helper.pidfd, SIGSTOP, NULL, 0), 0);
    assert_true(is_stopped(helper.pid));
    assert_int_equal(helper_end(&helper), 0);
    assert_true(has_ended());
}

static void
one_that_is_dead_is_esrch(void **state UNUSED)
{
    NEED();
    assert_int_equal(start("send|ready|pid=@;hang"), 0);
    assert_int_equal(pidfd_send_signal(helper.pidfd, SIGKILL, NULL, 0), 0);
    assert_true(has_ended());
    assert_int_equal(helper_end(&helper), -ESRCH);
}

/* A signal to it would succeed. */
static void
a_zombie_is_dead(void **state UNUSED)
{
    struct pollfd pfd;
    pid_t pid;

    NEED_PIDFD();
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0)
        _exit(0);
    helper = (struct helper){.pidfd = pidfd_open(pid, 0), .pid = pid};
    assert_int_not_equal(helper.pidfd, -1);
    pfd = (struct pollfd){.fd = helper.pidfd, .events = POLLIN};
    assert_int_equal(poll(&pfd, 1, 5000), 1);
    assert_int_equal(helper_end(&helper), -ESRCH);
}

static void
none_at_all_is_esrch(void **state UNUSED)
{
    assert_int_equal(helper_end(&helper), -ESRCH);
}

static void
one_that_may_not_be_asked_gives_its_errno(void **state UNUSED)
{
    NEED();
    assert_int_equal(start("send|ready|pid=@;hang"), 0);
    FAIL(pidfd_send_signal, EPERM, 0);
    assert_int_equal(helper_end(&helper), -EPERM);
}

/* Some close what they do not know, and open something else in its place. */
static void
one_whose_descriptor_is_another_now_is_esrch(void **state UNUSED)
{
    struct helper another;
    int fd;

    NEED();
    assert_int_equal(start("send|ready|pid=@;hang"), 0);
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    another = (struct helper){.pidfd = fd, .pid = helper.pid};
    assert_int_equal(helper_end(&another), -ESRCH);
    helper_forget(&another);
    assert_int_equal(another.pidfd, -1);
    assert_int_not_equal(fcntl(fd, F_GETFD), -1); /* it is not ours to close */
    close(fd);
    another = (struct helper){.pidfd = fd, .pid = helper.pid};
    assert_int_equal(helper_end(&another), -ESRCH); /* not open at all */
    assert_int_equal(helper_end(&helper), 0);
}

/* ---- Renewing ---- */

/* One that is our child, so that the signal it ends by can be seen. */
static pid_t
start_child(void)
{
    pid_t pid = fork();

    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        pause();
        _exit(0);
    }
    helper = (struct helper){.pidfd = pidfd_open(pid, 0), .pid = pid};
    assert_int_not_equal(helper.pidfd, -1);
    return pid;
}

static void
is_asked_to_renew_by_sigalrm(void **state UNUSED)
{
    int status = 0;
    pid_t pid;

    NEED_PIDFD();
    pid = start_child();
    assert_int_equal(helper_renew(&helper), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGALRM);
}

static void
one_that_was_stopped_renews_too(void **state UNUSED)
{
    int status = 0;
    pid_t pid;

    NEED_PIDFD();
    pid = start_child();
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(helper_renew(&helper), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void
one_that_was_stopped_goes_on(void **state UNUSED)
{
    int status = 0;
    pid_t pid;

    NEED_PIDFD();
    pid = start_child();
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_int_equal(helper_continue(&helper), 0);
    assert_int_equal(waitpid(pid, &status, WCONTINUED), pid);
    assert_true(WIFCONTINUED(status));
    assert_int_equal(helper_continue(&helper), 0); /* and is not harmed */
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void
one_that_is_dead_does_not_renew(void **state UNUSED)
{
    pid_t pid;

    NEED_PIDFD();
    pid = start_child();
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_true(has_ended());
    assert_int_equal(helper_renew(&helper), -ESRCH);
    assert_int_equal(helper_continue(&helper), -ESRCH);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(helper_renew(&helper), -ESRCH);
    assert_int_equal(helper_continue(&helper), -ESRCH);
}

/* ---- Finding ---- */

static const struct helper_user sought = {
    .name = "alice", .uid = 61001, .gid = 61500, .session = 2147483647};

static void
is_found_by_its_process_id(void **state UNUSED)
{
    struct helper found = HELPER_NONE;
    pid_t pid;

    NEED_PIDFD();
    pid = start_child();
    assert_int_equal(helper_find(pid, &sought, &found), 0);
    assert_int_equal(looked.pid, pid);
    assert_memory_equal(looked.argv[0], fake_program, strlen(looked.argv[0]));
    assert_string_equal(looked.argv[1], "alice");
    assert_string_equal(looked.argv[2], "2147483647");
    assert_int_equal(looked.wanted.uid, 61001);
    assert_int_equal(looked.wanted.real_gid, 65534);
    assert_int_equal(looked.wanted.gid, 61500);
    assert_int_equal(found.pid, pid);
    assert_true((fcntl(found.pidfd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(helper_end(&found), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    fd_close(&found.pidfd);
}

static void
what_is_no_helper_is_not_found(void **state UNUSED)
{
    struct helper found = HELPER_NONE;
    int before, status;
    pid_t pid;

    NEED_PIDFD();
    pid = start_child();
    before = n_fds_open();
    looked.result = -ESRCH;
    assert_int_equal(helper_find(pid, &sought, &found), -ESRCH);
    looked.result = -EPERM; /* another session's */
    assert_int_equal(helper_find(pid, &sought, &found), -ESRCH);
    looked.result = -EACCES; /* nobody says */
    assert_int_equal(helper_find(pid, &sought, &found), -EACCES);
    assert_int_equal(found.pidfd, -1);
    assert_int_equal(n_fds_open(), before);
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* Its number may be another's by now: what was looked at says nothing. */
static void
one_that_dies_while_it_is_looked_at_is_not_found(void **state UNUSED)
{
    struct helper found = HELPER_NONE;
    pid_t pid;

    NEED_PIDFD();
    pid = start_child();
    looked.dies = true;
    assert_int_equal(helper_find(pid, &sought, &found), -ESRCH);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    fd_close(&helper.pidfd);
    pid = start_child();
    looked.is_reaped = true;
    assert_int_equal(helper_find(pid, &sought, &found), -ESRCH);
    assert_int_equal(looked.checks, 2);
    assert_int_equal(found.pidfd, -1);
}

static void
a_number_that_is_no_process_is_not_looked_at(void **state UNUSED)
{
    static const int64_t numbers[] = {
        0, -1, INT64_MIN, INT32_MAX, INT64_C(1) << 32, UINT32_MAX, INT64_MAX};
    struct helper found = HELPER_NONE;
    size_t i;

    NEED_PIDFD();
    for (i = 0; i < ARRAY_LEN(numbers); i++)
        assert_int_equal(helper_find(numbers[i], &sought, &found), -ESRCH);
    FAIL(pidfd_open, EINVAL, 0); /* a thread's */
    assert_int_equal(helper_find(getpid(), &sought, &found), -ESRCH);
    FAIL(pidfd_open, ENOENT, 0);
    assert_int_equal(helper_find(getpid(), &sought, &found), -ESRCH);
    FAIL(pidfd_open, EMFILE, 0);
    assert_int_equal(helper_find(getpid(), &sought, &found), -EMFILE);
    assert_int_equal(looked.checks, 0);
    assert_int_equal(found.pidfd, -1);
}

/* In a container, say, with the host's /proc: it names other processes. */
static int
find_in_another_namespace(void)
{
    struct helper found = HELPER_NONE;
    int status = -1;
    pid_t pid;

    if (unshare(CLONE_NEWPID) == -1)
        return CHILD_SKIP;
    pid = fork();
    if (pid == 0) {
        /* Our number here is 1; nothing that /proc/1 says is about us. */
        if (helper_find(getpid(), &sought, &found) != -ESRCH)
            _exit(1);
        _exit(getpid() == 1 && looked.checks == 1 && looked.pid == 1 ? 0 : 2);
    }
    CHECK_EQUAL(waitpid(pid, &status, 0), pid);
    CHECK_EQUAL(status, 0);
    return 0;
}

static void
what_another_proc_says_is_not_believed(void **state UNUSED)
{
    NEED_ROOT();
    NEED_PIDFD();
    in_child(find_in_another_namespace);
}

/* ---- Forgetting ---- */

static void
forgetting_closes_the_descriptor(void **state UNUSED)
{
    int fd;

    NEED();
    assert_int_equal(start("send|ready|pid=@;hang"), 0);
    fd = helper.pidfd;
    assert_int_equal(helper_end(&helper), 0);
    /* Before it ends: of a process that is gone nobody can tell. */
    assert_int_equal(start("send|ready|pid=@;hang"), 0);
    close(fd);
    fd = helper.pidfd;
    helper_forget(&helper);
    assert_int_equal(helper.pidfd, -1);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    helper_forget(&helper);
    assert_int_equal(helper.pidfd, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(runs_once_it_has_said_ready),
        TEST(is_told_to_go),
        TEST(is_told_which_user_to_become),
        TEST(gets_a_pidfd_of_this_process),
        TEST(gets_the_keys_it_needs_and_the_keyring),
        TEST(gets_the_keys_that_there_are),
        TEST(one_that_dies_at_once_is_an_error),
        TEST(one_that_says_something_else_is_ebadmsg),
        TEST(one_that_does_not_say_who_it_is_is_an_error),
        TEST(one_that_does_not_exist_is_an_error),
        TEST(without_a_pidfd_it_is_not_told_to_go),
        TEST(one_that_does_not_listen_is_epipe),
        TEST(gives_the_errno_of_what_failed),
        TEST(leaves_no_descriptor_but_the_pidfd),
        TEST(is_asked_to_end),
        TEST(one_that_was_stopped_ends_too),
        TEST(one_that_is_dead_is_esrch),
        TEST(a_zombie_is_dead),
        TEST(none_at_all_is_esrch),
        TEST(one_that_may_not_be_asked_gives_its_errno),
        TEST(one_whose_descriptor_is_another_now_is_esrch),
        TEST(is_asked_to_renew_by_sigalrm),
        TEST(one_that_was_stopped_renews_too),
        TEST(one_that_was_stopped_goes_on),
        TEST(one_that_is_dead_does_not_renew),
        TEST(is_found_by_its_process_id),
        TEST(what_is_no_helper_is_not_found),
        TEST(one_that_dies_while_it_is_looked_at_is_not_found),
        TEST(a_number_that_is_no_process_is_not_looked_at),
        TEST(what_another_proc_says_is_not_believed),
        TEST(forgetting_closes_the_descriptor),
    };

    return cmocka_run_group_tests_name("helper", tests, group_setup,
                                       group_teardown);
}
