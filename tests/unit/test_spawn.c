/* SPDX-License-Identifier: MIT */
/*
 * The program that is spawned is this one: with the argument --report it says what
 * it was given, and ends when its standard input does.
 */
#include <config.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <keyutils.h>

#include "common/io.h"
#include "common/keyring.h"
#include "common/message.h"
#include "common/secret.h"
#include "common/spawn.h"
#include "tests/lib/child.h"
#include "tests/lib/test.h"

INJECT(int, pipe2, (int *pair, int flags), (pair, flags))
INJECT(pid_t, fork, (void), ())
INJECT(int, clone, (int (*run)(void *), void *stack, int flags, void *arg, ...),
       (run, stack, flags, arg))
INJECT(int, setgroups, (size_t n, const gid_t *groups), (n, groups))
INJECT(int, setresgid, (gid_t r, gid_t e, gid_t s), (r, e, s))
INJECT(int, setresuid, (uid_t r, uid_t e, uid_t s), (r, e, s))
INJECT(pid_t, setsid, (void), ())
INJECT(int, chdir, (const char *path), (path))
INJECT(int, close_range, (unsigned first, unsigned last, int flags),
       (first, last, flags))
INJECT(int, dup2, (int from, int to), (from, to))
INJECT(int, dup3, (int from, int to, int flags), (from, to, flags))
INJECT(key_serial_t, keyctl_join_session_keyring, (const char *name), (name))
INJECT(long, keyctl_link, (key_serial_t key, key_serial_t ring), (key, ring))

static int prctl_error;
int __real_prctl(int option, ...);

int
__wrap_prctl(int option, ...)
{
    if (prctl_error != 0) {
        errno = prctl_error;
        return -1;
    }
    return __real_prctl(option, 1L, 0L, 0L, 0L);
}

/* Nothing happens on the pipe for errors. */
static bool poll_times_out;
int __real_poll(struct pollfd *fds, nfds_t n, int timeout);

int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    if (!poll_times_out)
        return __real_poll(fds, n, timeout);
    assert_in_range(timeout, 1000, 10000);
    return 0;
}

/* ---- The program that is spawned ---- */

static void
report_fds(void)
{
    struct stat st;
    int fd;

    printf("fds");
    for (fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) != -1)
            printf(" %d%s", fd,
                   fstat(fd, &st) == 0 && S_ISCHR(st.st_mode)
                           && st.st_rdev == makedev(1, 3)
                       ? "=null"
                       : "");
    printf("\n");
}

static void
report_signals(void)
{
    struct sigaction action;
    sigset_t blocked;
    int number;

    sigprocmask(SIG_BLOCK, NULL, &blocked);
    printf("blocked");
    for (number = 1; number < NSIG; number++)
        if (sigismember(&blocked, number) == 1)
            printf(" %d", number);
    printf("\nignored");
    for (number = 1; number < NSIG; number++)
        if (sigaction(number, NULL, &action) == 0
            && action.sa_handler == SIG_IGN)
            printf(" %d", number);
    printf("\n");
}

static void
report_keys(void)
{
    struct key_info info;
    key_serial_t keys[16];
    long i, n;

    n = keyctl_read(KEY_SPEC_SESSION_KEYRING, (char *) keys, sizeof(keys));
    if (key_info_get(KEY_SPEC_SESSION_KEYRING, &info) == 0)
        printf("keyring of %u\n", info.uid);
    printf("keys");
    for (i = 0; i < n / (long) sizeof(keys[0]); i++)
        if (key_info_get(keys[i], &info) == 0)
            printf(" %s", info.description);
    printf("\n");
}

static int
report(void)
{
    char cwd[4096], octet;
    char **variable;

    report_fds();
    report_signals();
    report_keys();
    printf("cwd %s\n", getcwd(cwd, sizeof(cwd)));
    printf("session %s\n", getsid(0) == getpid() ? "own" : "of another");
    printf("no_new_privs %d\n", __real_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    printf("environment");
    for (variable = environ; *variable != NULL; variable++)
        printf(" %s", *variable);
    printf("\nids %d %d %d\n", (int) getuid(), (int) getgid(),
           (int) getgroups(0, NULL));
    printf("parent %d\n", (int) getppid());
    printf("end\n");
    fflush(stdout);
    alarm(20); /* it may have been given the other end itself */
    while (read(STDIN_FILENO, &octet, 1) == 1)
        ;
    _exit(0);
}

/* ---- Running it ---- */

static char self[4096];
static const char *const argv_report[] = {self, "--report", NULL};
static int to[2] = {-1, -1}, from[2] = {-1, -1};
static char said[8192];

static int
setup(void **state UNUSED)
{
    said[0] = '\0';
    prctl_error = 0;
    poll_times_out = false;
    return pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0 ? 0 : -1;
}

static int
teardown(void **state UNUSED)
{
    prctl_error = 0;
    WORK(pipe2);
    WORK(fork);
    WORK(clone);
    WORK(setgroups);
    WORK(setresgid);
    WORK(setresuid);
    WORK(setsid);
    WORK(chdir);
    WORK(close_range);
    WORK(dup2);
    WORK(dup3);
    WORK(keyctl_join_session_keyring);
    WORK(keyctl_link);
    fd_close(&to[0]);
    fd_close(&to[1]);
    fd_close(&from[0]);
    fd_close(&from[1]);
    return 0;
}

static struct spawn
plan_report(void)
{
    return (struct spawn){
        .argv = argv_report, .fds = {to[0], from[1], -1}, .n_fds = 3};
}

/* What it says, up to its line "end". */
static void
listen(void)
{
    struct pollfd pfd = {.fd = from[0], .events = POLLIN};
    size_t len = 0;
    ssize_t n;

    fd_close(&from[1]);
    while (strstr(said, "end\n") == NULL && poll(&pfd, 1, 10000) == 1) {
        n = read(from[0], said + len, sizeof(said) - 1 - len);
        if (n <= 0)
            break;
        len += (size_t) n;
        said[len] = '\0';
    }
}

static const char *
line(const char *name)
{
    static char out[1024];
    const char *at = strstr(said, name);

    out[0] = '\0';
    if (at != NULL)
        (void) snprintf(out, sizeof(out), "%.*s", (int) strcspn(at, "\n"), at);
    return out;
}

static void
assert_said(const char *name, const char *all)
{
    assert_string_equal(line(name), all);
}

static void
run(const struct spawn *plan)
{
    assert_int_equal(spawn(plan), 0);
    listen();
    assert_non_null(strstr(said, "end\n"));
}

/* ---- What the program gets ---- */

static void
has_only_the_descriptors_named(void **state UNUSED)
{
    struct spawn plan = plan_report();
    int others[3];

    NEED_KEYS();
    others[0] = dup(to[1]); /* without close-on-exec */
    others[1] = dup2(to[1], 700);
    others[2] = open("/dev/zero", O_RDONLY);
    run(&plan);
    assert_said("fds", "fds 0 1 2=null");
    fd_close(&others[0]);
    fd_close(&others[1]);
    fd_close(&others[2]);
}

static void
has_a_fourth_descriptor_when_it_is_named(void **state UNUSED)
{
    struct spawn plan = plan_report();

    NEED_KEYS();
    plan.fds[3] = to[1];
    plan.n_fds = 4;
    run(&plan);
    assert_said("fds", "fds 0 1 2=null 3");
}

static void
every_descriptor_may_be_dev_null(void **state UNUSED)
{
    struct spawn plan = plan_report();

    NEED_KEYS();
    plan.fds[0] = -1;
    plan.fds[3] = -1;
    plan.n_fds = 4;
    run(&plan);
    assert_said("fds", "fds 0=null 1 2=null 3=null");
}

/* The application has closed 0, 1 and 2, and ours are there, the wrong way. */
static int
spawn_with_crossed_descriptors(void)
{
    struct spawn plan = {.argv = argv_report, .n_fds = 4};
    int reader[2], writer[2];

    CHECK(pipe(reader) == 0 && pipe(writer) == 0);
    CHECK(dup2(writer[1], 0) == 0);
    CHECK(dup2(reader[0], 1) == 1);
    CHECK(dup2(reader[1], 3) == 3);
    plan.fds[0] = 1; /* 1 becomes 0, 0 becomes 1, 3 becomes 2, null 3 */
    plan.fds[1] = 0;
    plan.fds[2] = 3;
    plan.fds[3] = -1;
    from[0] = writer[0];
    from[1] = -1;
    CHECK_EQUAL(spawn(&plan), 0);
    listen();
    CHECK(strcmp(line("fds"), "fds 0 1 2 3=null") == 0);
    CHECK(strstr(said, "end\n") != NULL);
    return 0;
}

static void
descriptors_may_stand_in_each_others_place(void **state UNUSED)
{
    NEED_KEYS();
    in_child(spawn_with_crossed_descriptors);
}

static int
spawn_without_descriptors(void)
{
    struct spawn plan = plan_report();

    close(0);
    close(1);
    close(2);
    CHECK_EQUAL(spawn(&plan), 0);
    listen();
    CHECK(strcmp(line("fds"), "fds 0 1 2=null") == 0);
    return 0;
}

static void
the_application_may_have_closed_0_1_and_2(void **state UNUSED)
{
    NEED_KEYS();
    in_child(spawn_without_descriptors);
}

static void
one_descriptor_may_be_named_twice(void **state UNUSED)
{
    struct spawn plan = plan_report();

    NEED_KEYS();
    plan.fds[2] = from[1];
    run(&plan);
    assert_said("fds", "fds 0 1 2");
}

static int
spawn_with_signals(void)
{
    struct spawn plan = plan_report();
    char hangup[32];
    sigset_t all;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGRTMIN + 3, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    CHECK_EQUAL(spawn(&plan), 0);
    listen();
    snprintf(hangup, sizeof(hangup), "blocked %d", SIGHUP);
    CHECK(strcmp(line("blocked"), hangup) == 0);
    CHECK(strcmp(line("ignored"), "ignored") == 0);
    return 0;
}

/* An upgrade must not kill a helper that is not ready yet. */
static void
no_signal_but_sighup_is_blocked_and_none_ignored(void **state UNUSED)
{
    NEED_KEYS();
    in_child(spawn_with_signals);
}

static void
the_applications_signals_stay_as_they_were(void **state UNUSED)
{
    struct spawn plan = plan_report();
    struct sigaction action;
    sigset_t set, old, now;

    NEED_KEYS();
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    assert_int_equal(sigprocmask(SIG_SETMASK, &set, &old), 0);
    assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    run(&plan);
    assert_int_equal(sigprocmask(SIG_SETMASK, &old, &now), 0);
    assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
    assert_ptr_equal(action.sa_handler, SIG_IGN);
    assert_true(sigismember(&now, SIGUSR2));
    assert_false(sigismember(&now, SIGUSR1));
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
}

static void
has_an_environment_of_ours(void **state UNUSED)
{
    struct spawn plan = plan_report();

    NEED_KEYS();
    assert_int_equal(setenv("LD_PRELOAD_OF_THE_USER", "x", 1), 0);
    run(&plan);
    assert_said("environment", "environment PATH=/usr/bin:/bin");
}

static void
is_in_the_root_directory(void **state UNUSED)
{
    struct spawn plan = plan_report();

    NEED_KEYS();
    run(&plan);
    assert_said("cwd", "cwd /");
}

static void
has_a_session_of_its_own(void **state UNUSED)
{
    struct spawn plan = plan_report();

    NEED_KEYS();
    run(&plan);
    assert_said("session", "session own");
}

static void
gets_no_new_privileges(void **state UNUSED)
{
    struct spawn plan = plan_report();

    NEED_KEYS();
    run(&plan);
    assert_said("no_new_privs", "no_new_privs 1");
    assert_int_equal(__real_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

static void
is_not_our_child(void **state UNUSED)
{
    struct spawn plan = plan_report();
    char parent[64];

    NEED_KEYS();
    run(&plan); /* it still runs: its standard input is open */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    (void) snprintf(parent, sizeof(parent), "parent %d", (int) getpid());
    assert_string_not_equal(line("parent"), parent);
}

static int
spawn_ignoring_children(void)
{
    struct spawn plan = plan_report();

    signal(SIGCHLD, SIG_IGN); /* the kernel reaps */
    CHECK_EQUAL(spawn(&plan), 0);
    listen();
    CHECK(strstr(said, "end\n") != NULL);
    return 0;
}

static void
an_application_may_reap_our_children(void **state UNUSED)
{
    NEED_KEYS();
    in_child(spawn_ignoring_children);
}

static void
has_an_empty_session_keyring(void **state UNUSED)
{
    struct spawn plan = plan_report();

    NEED_KEYS();
    assert_int_equal(put_text(KEY_SPEC_SESSION_KEYRING, "a", "x"), 0);
    run(&plan);
    assert_said("keys", "keys");
}

static void
has_the_keys_named_and_no_others(void **state UNUSED)
{
    struct spawn plan = plan_report();
    key_serial_t keys[2] = {0}, found = 0;

    NEED_KEYS();
    assert_int_equal(put_text(KEY_SPEC_SESSION_KEYRING, "a", "x"), 0);
    assert_int_equal(put_text(KEY_SPEC_SESSION_KEYRING, "b", "x"), 0);
    assert_int_equal(keyring_make(KEY_SPEC_SESSION_KEYRING, "ring", &keys[0]),
                     0);
    assert_int_equal(
        keyring_find(KEY_SPEC_SESSION_KEYRING, "user", "b", &keys[1]), 0);
    /* As their owner: the child does not possess them any more. */
    assert_int_equal(keyctl_setperm(keys[0], KEY_POS_ALL | KEY_USR_ALL), 0);
    assert_int_equal(keyctl_setperm(keys[1], KEY_POS_ALL | KEY_USR_ALL), 0);
    plan.keys = keys;
    plan.n_keys = 2;
    run(&plan);
    assert_true(strcmp(line("keys"), "keys ring b") == 0
                || strcmp(line("keys"), "keys b ring") == 0);
    /* and ours is the one it was */
    assert_int_equal(
        keyring_find(KEY_SPEC_SESSION_KEYRING, "user", "a", &found), 0);
}

static void
becomes_another_user_without_groups(void **state UNUSED)
{
    static const char *const argv[] = {"/bin/cat", "/proc/self/status", NULL};
    struct spawn plan = {.argv = argv,
                         .n_fds = 3,
                         .become = true,
                         .uid = 61001,
                         .gid = 61002,
                         .real_gid = 61003};

    NEED_ROOT();
    NEED_KEYS();
    plan.fds[0] = plan.fds[2] = -1;
    plan.fds[1] = from[1];
    assert_int_equal(spawn(&plan), 0);
    listen();
    assert_said("Uid:", "Uid:\t61001\t61001\t61001\t61001");
    assert_said("Gid:", "Gid:\t61003\t61002\t61002\t61002");
    assert_said("Groups:", "Groups:\t ");
    assert_said("CapEff:", "CapEff:\t0000000000000000");
    assert_said("CapPrm:", "CapPrm:\t0000000000000000");
}

/* What the helper starts: it must not have the keys' group. */
static int
spawn_dropping_the_group(void)
{
    static const char *const argv[] = {"/bin/cat", "/proc/self/status", NULL};
    struct spawn plan = {.argv = argv, .n_fds = 3, .drop_group = true};

    plan.fds[0] = plan.fds[2] = -1;
    plan.fds[1] = from[1];
    CHECK(__real_setgroups(0, NULL) == 0);
    CHECK(__real_setresgid(61003, 61002, 61002) == 0);
    CHECK(__real_setresuid(61001, 61001, 61001) == 0);
    CHECK_EQUAL(spawn(&plan), 0);
    listen();
    CHECK(strcmp(line("Gid:"), "Gid:\t61003\t61003\t61003\t61003") == 0);
    CHECK(strcmp(line("Uid:"), "Uid:\t61001\t61001\t61001\t61001") == 0);
    return 0;
}

static void
drops_its_group_without_privilege(void **state UNUSED)
{
    NEED_ROOT();
    NEED_KEYS();
    in_child(spawn_dropping_the_group);
}

static int
spawn_as_in_su(void)
{
    struct spawn plan = plan_report();

    CHECK(__real_setresuid(61001, 0, 0) == 0);
    CHECK_EQUAL(spawn(&plan), 0);
    listen();
    CHECK(strcmp(line("keyring"), "keyring of 0") == 0);
    CHECK(strncmp(line("ids"), "ids 0 ", 6) == 0);
    CHECK(getuid() == 61001); /* we stay who we are */
    /* The user may kill one child while another is at work in the memory. */
    CHECK_EQUAL(clone_calls, 0);
    return 0;
}

/* Its real uid is the caller's, who would own the new keyring. */
static void
in_su_the_keyring_is_roots(void **state UNUSED)
{
    NEED_ROOT();
    NEED_KEYS();
    in_child(spawn_as_in_su);
}

static void
stays_who_it_is_otherwise(void **state UNUSED)
{
    struct spawn plan = plan_report();
    char ids[64];

    NEED_KEYS();
    plan.uid = 61001; /* not asked for */
    run(&plan);
    (void) snprintf(ids, sizeof(ids), "ids %d %d %d", (int) getuid(),
                    (int) getgid(), (int) getgroups(0, NULL));
    assert_said("ids", ids);
}

/* A user who stops it must not stop us; and our memory stays dumpable. */
static void
one_that_changes_who_it_is_has_memory_of_its_own(void **state UNUSED)
{
    static const char *const argv[] = {"/bin/true", NULL};
    struct spawn plan = plan_report();

    NEED_ROOT();
    NEED_KEYS();
    plan.argv = argv;
    plan.become = true;
    plan.uid = 61001;
    assert_int_equal(__real_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
    FAIL(clone, ENOSYS, 0);
    assert_int_equal(spawn(&plan), 0);
    assert_int_equal(__real_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
    plan.become = false;
    plan.drop_group = true;
    assert_int_equal(spawn(&plan), 0);
    assert_int_equal(clone_calls, 0);
}

static void
what_root_starts_as_root_copies_no_memory(void **state UNUSED)
{
    struct spawn plan = plan_report();

    NEED_ROOT();
    NEED_KEYS();
    FAIL(fork, ENOSYS, 0);
    run(&plan);
    assert_int_equal(fork_calls, 0);
    assert_true(clone_calls > 0); /* valgrind copies it all the same */
}

static int
spawn_with_another_saved_uid(void)
{
    struct spawn plan = plan_report();

    CHECK(__real_setresuid(0, 0, 61001) == 0);
    CHECK_EQUAL(spawn(&plan), 0);
    listen();
    CHECK(strstr(said, "end\n") != NULL);
    CHECK_EQUAL(clone_calls, 0);
    return 0;
}

static void
no_memory_is_shared_where_a_user_may_send_signals(void **state UNUSED)
{
    NEED_ROOT();
    NEED_KEYS();
    in_child(spawn_with_another_saved_uid);
}

static void *
spawn_when_cancelled(void *result)
{
    struct spawn plan = plan_report();

    (void) pthread_cancel(pthread_self());
    *(int *) result = spawn(&plan);
    pthread_testcancel();
    return NULL;
}

static void
a_cancelled_thread_is_so_when_it_has_started_the_program(void **state UNUSED)
{
    int result = -ECANCELED;
    pthread_t thread;
    void *end;

    NEED_KEYS();
    assert_int_equal(
        pthread_create(&thread, NULL, spawn_when_cancelled, &result), 0);
    assert_int_equal(pthread_join(thread, &end), 0);
    assert_ptr_equal(end, PTHREAD_CANCELED);
    assert_int_equal(result, 0);
    listen();
    assert_non_null(strstr(said, "end\n"));
}

/* ---- What fails ---- */

static void
a_missing_program_is_enoent(void **state UNUSED)
{
    static const char *const argv[] = {"/nonexistent/program", NULL};
    struct spawn plan = plan_report();

    NEED_KEYS();
    plan.argv = argv;
    assert_int_equal(spawn(&plan), -ENOENT);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
a_program_that_may_not_run_is_eacces(void **state UNUSED)
{
    static const char *const argv[] = {"/etc/passwd", NULL};
    struct spawn plan = plan_report();

    NEED_KEYS();
    plan.argv = argv;
    assert_int_equal(spawn(&plan), -EACCES);
}

static void
a_descriptor_that_is_not_open_is_ebadf(void **state UNUSED)
{
    struct spawn plan = plan_report();

    NEED_KEYS();
    plan.fds[2] = 900;
    assert_int_equal(spawn(&plan), -EBADF);
}

static void
a_key_that_does_not_exist_is_enokey(void **state UNUSED)
{
    const key_serial_t keys[] = {INT32_MAX};
    struct spawn plan = plan_report();

    NEED_KEYS();
    plan.keys = keys;
    plan.n_keys = 1;
    assert_int_equal(spawn(&plan), -ENOKEY);
}

static void
without_a_pipe_or_a_process_nothing_happens(void **state UNUSED)
{
    struct spawn plan = plan_report();

    FAIL(pipe2, EMFILE, 0);
    assert_int_equal(spawn(&plan), -EMFILE);
    WORK(pipe2);
    FAIL(clone, EAGAIN, 0);
    FAIL(fork, EAGAIN, 0);
    assert_int_equal(spawn(&plan), -EAGAIN);
    plan.drop_group = true;
    assert_int_equal(spawn(&plan), -EAGAIN);
}

static int n_fds_open(void);

static void
leaves_no_descriptor_open(void **state UNUSED)
{
    static const char *const missing[] = {"/nonexistent/program", NULL};
    struct spawn plan = plan_report();
    int before;

    NEED_KEYS();
    before = n_fds_open();
    plan.argv = missing;
    assert_int_equal(spawn(&plan), -ENOENT);
    assert_int_equal(n_fds_open(), before);
    FAIL(clone, EAGAIN, 0);
    FAIL(fork, EAGAIN, 0);
    assert_int_equal(spawn(&plan), -EAGAIN);
    WORK(clone);
    WORK(fork);
    assert_int_equal(n_fds_open(), before);
    plan.argv = argv_report;
    assert_int_equal(spawn(&plan), 0);
    assert_int_equal(n_fds_open(), before);
}

static int
n_fds_open(void)
{
    int fd, n = 0;

    for (fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}

/* The program must not have run, nor anything be left that holds its pipe. */
static void
assert_fails_as(const struct spawn *plan, int error)
{
    char octet;

    assert_int_equal(spawn(plan), -error);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    fd_close(&from[1]);
    assert_int_equal(read(from[0], &octet, 1), 0);
}

static void
assert_fails(int error)
{
    const key_serial_t keys[] = {KEY_SPEC_PROCESS_KEYRING};
    struct spawn plan = plan_report();

    plan.keys = keys;
    plan.n_keys = 1;
    plan.become = true;
    plan.uid = geteuid();
    plan.gid = getegid();
    assert_fails_as(&plan, error);
}

static void
assert_fails_in_our_memory(int error)
{
    struct spawn plan = plan_report();

    assert_fails_as(&plan, error);
}

/* One test for each step between fork() and execve(), of both kinds. */
#define STEP_FAILS(name, error)                                                \
    static void when_##name##_fails_nothing_runs(void **state UNUSED)          \
    {                                                                          \
        NEED_KEYS();                                                           \
        FAIL(name, error, 0);                                                  \
        assert_fails(error);                                                   \
        teardown(NULL);                                                        \
        assert_int_equal(setup(NULL), 0);                                      \
        FAIL(name, error, 0);                                                  \
        assert_fails_in_our_memory(error);                                     \
    }

STEP_FAILS(setsid, EPERM)
STEP_FAILS(chdir, EIO)
STEP_FAILS(dup2, EBUSY)
STEP_FAILS(dup3, EBUSY)
STEP_FAILS(close_range, ENOSYS)

static void
when_the_keyring_cannot_be_joined_nothing_runs(void **state UNUSED)
{
    NEED_ROOT();
    NEED_KEYS();
    FAIL(keyctl_join_session_keyring, EDQUOT, 0);
    assert_fails(EDQUOT);
}

static void
when_a_key_cannot_be_linked_nothing_runs(void **state UNUSED)
{
    NEED_ROOT();
    NEED_KEYS();
    FAIL(keyctl_link, EKEYREVOKED, 0);
    assert_fails(EKEYREVOKED);
}

static void
when_setgroups_fails_nothing_runs(void **state UNUSED)
{
    NEED_ROOT(); /* for what is before it */
    NEED_KEYS();
    FAIL(setgroups, EPERM, 0);
    assert_fails(EPERM);
}

static void
when_the_second_fork_fails_nothing_runs(void **state UNUSED)
{
    NEED_KEYS();
    FAIL(fork, EAGAIN, 1);
    assert_fails(EAGAIN);
    teardown(NULL);
    assert_int_equal(setup(NULL), 0);
    FAIL(clone, EAGAIN, 1);
    FAIL(fork, EAGAIN, 1);
    assert_fails_in_our_memory(EAGAIN);
}

static void
when_setresgid_fails_nothing_runs(void **state UNUSED)
{
    NEED_ROOT();
    NEED_KEYS();
    FAIL(setresgid, EPERM, 0);
    assert_fails(EPERM);
}

static void
when_setresuid_fails_nothing_runs(void **state UNUSED)
{
    NEED_ROOT();
    NEED_KEYS();
    FAIL(setresuid, EAGAIN, 0);
    assert_fails(EAGAIN);
}

static int
spawn_as_in_su_without_a_real_root(void)
{
    struct spawn plan = plan_report();

    CHECK(__real_setresuid(61001, 0, 0) == 0);
    FAIL(setresuid, EPERM, 0);
    CHECK_EQUAL(spawn(&plan), -EPERM);
    return 0;
}

static void
in_su_nothing_runs_whose_keyring_would_be_the_users(void **state UNUSED)
{
    NEED_ROOT();
    NEED_KEYS();
    in_child(spawn_as_in_su_without_a_real_root);
}

static void
without_no_new_privs_nothing_runs(void **state UNUSED)
{
    NEED_ROOT();
    NEED_KEYS();
    prctl_error = EINVAL;
    assert_fails(EINVAL);
}

static void
when_the_group_cannot_be_dropped_nothing_runs(void **state UNUSED)
{
    struct spawn plan = plan_report();

    NEED_KEYS();
    plan.drop_group = true;
    FAIL(setresgid, EPERM, 0);
    assert_int_equal(spawn(&plan), -EPERM);
}

/* A user may stop a child that is already theirs. */
static void
one_that_does_not_come_to_execve_is_not_waited_for(void **state UNUSED)
{
    struct spawn plan = plan_report();

    NEED_KEYS();
    poll_times_out = true;
    assert_int_equal(spawn(&plan), -ETIMEDOUT);
    poll_times_out = false;
}

/* ---- With pipes ---- */

static void
pipes_lead_to_it_and_from_it(void **state UNUSED)
{
    struct spawn plan = plan_report();
    int in = 42, out = 42;

    NEED_KEYS();
    assert_int_equal(spawn_with_pipes(&plan, &in, &out), 0);
    assert_true((fcntl(in, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(out, F_GETFD) & FD_CLOEXEC) != 0);
    fd_close(&from[0]);
    from[0] = out;
    listen();
    assert_said("fds", "fds 0 1 2=null");
    fd_close(&in); /* so it ends */
    assert_int_equal(read(out, said, 1), 0);
}

static void
a_message_does_not_wait_for_its_reader(void **state UNUSED)
{
    static const char *const argv[] = {"/bin/sleep", "5", NULL};
    struct spawn plan = {.argv = argv, .fds = {-1, -1, -1}, .n_fds = 3};
    int in = -1, out = -1;

    NEED_KEYS();
    assert_int_equal(spawn_with_pipes(&plan, &in, &out), 0);
    if (geteuid() == 0)
        assert_true(fcntl(in, F_GETPIPE_SZ) >= (int) MESSAGE_MAX);
    fd_close(&in);
    fd_close(&out);
}

static void
without_a_program_there_are_no_pipes(void **state UNUSED)
{
    static const char *const missing[] = {"/nonexistent/program", NULL};
    struct spawn plan = plan_report();
    int before = n_fds_open(), in = 42, out = 42;
    unsigned spared;

    NEED_KEYS();
    plan.argv = missing;
    assert_int_equal(spawn_with_pipes(&plan, &in, &out), -ENOENT);
    assert_int_equal(in, -1);
    assert_int_equal(out, -1);
    assert_int_equal(n_fds_open(), before);
    for (spared = 0; spared < 3; spared++) {
        in = out = 42;
        FAIL(pipe2, EMFILE, spared);
        assert_int_equal(spawn_with_pipes(&plan, &in, &out), -EMFILE);
        assert_int_equal(in, -1);
        assert_int_equal(out, -1);
        assert_int_equal(n_fds_open(), before);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(int argc, char **argv UNUSED)
{
    static const struct CMUnitTest tests[] = {
        TEST(has_only_the_descriptors_named),
        TEST(has_a_fourth_descriptor_when_it_is_named),
        TEST(every_descriptor_may_be_dev_null),
        TEST(descriptors_may_stand_in_each_others_place),
        TEST(the_application_may_have_closed_0_1_and_2),
        TEST(one_descriptor_may_be_named_twice),
        TEST(no_signal_but_sighup_is_blocked_and_none_ignored),
        TEST(the_applications_signals_stay_as_they_were),
        TEST(has_an_environment_of_ours),
        TEST(is_in_the_root_directory),
        TEST(has_a_session_of_its_own),
        TEST(gets_no_new_privileges),
        TEST(is_not_our_child),
        TEST(an_application_may_reap_our_children),
        TEST(has_an_empty_session_keyring),
        TEST(has_the_keys_named_and_no_others),
        TEST(becomes_another_user_without_groups),
        TEST(drops_its_group_without_privilege),
        TEST(in_su_the_keyring_is_roots),
        TEST(stays_who_it_is_otherwise),
        TEST(one_that_changes_who_it_is_has_memory_of_its_own),
        TEST(what_root_starts_as_root_copies_no_memory),
        TEST(no_memory_is_shared_where_a_user_may_send_signals),
        TEST(a_cancelled_thread_is_so_when_it_has_started_the_program),
        TEST(a_missing_program_is_enoent),
        TEST(a_program_that_may_not_run_is_eacces),
        TEST(a_descriptor_that_is_not_open_is_ebadf),
        TEST(a_key_that_does_not_exist_is_enokey),
        TEST(without_a_pipe_or_a_process_nothing_happens),
        TEST(leaves_no_descriptor_open),
        TEST(when_setsid_fails_nothing_runs),
        TEST(when_chdir_fails_nothing_runs),
        TEST(when_dup2_fails_nothing_runs),
        TEST(when_dup3_fails_nothing_runs),
        TEST(when_close_range_fails_nothing_runs),
        TEST(when_the_keyring_cannot_be_joined_nothing_runs),
        TEST(when_a_key_cannot_be_linked_nothing_runs),
        TEST(when_setgroups_fails_nothing_runs),
        TEST(when_the_second_fork_fails_nothing_runs),
        TEST(when_setresgid_fails_nothing_runs),
        TEST(when_setresuid_fails_nothing_runs),
        TEST(in_su_nothing_runs_whose_keyring_would_be_the_users),
        TEST(without_no_new_privs_nothing_runs),
        TEST(when_the_group_cannot_be_dropped_nothing_runs),
        TEST(one_that_does_not_come_to_execve_is_not_waited_for),
        TEST(pipes_lead_to_it_and_from_it),
        TEST(a_message_does_not_wait_for_its_reader),
        TEST(without_a_program_there_are_no_pipes),
    };

    if (argc > 1)
        return report();
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) == -1)
        return 1;
    return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
