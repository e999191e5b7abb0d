/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/process.h"
#include "tests/lib/child.h"
#include "tests/lib/test.h"

#define USER  61001
#define GROUP 61500
#define REAL  65534

static const char *argv[3];

/* A child with the helper's IDs, which nobody may look into. */
static pid_t pid = -1;
static struct process wanted;

static int
setup(void **state UNUSED)
{
    argv[0] = program_invocation_name;
    wanted = (struct process){
        .argv = argv, .uid = USER, .real_gid = REAL, .gid = GROUP};
    return 0;
}

static int
teardown(void **state UNUSED)
{
    if (pid > 0) {
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
    }
    pid = -1;
    return 0;
}

static void
start(void)
{
    int ready[2];
    char byte;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        if (setresgid(REAL, GROUP, GROUP) == -1
            || setresuid(USER, USER, USER) == -1
            || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1
            || write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
}

/* ---- The text of the kernel ---- */

static void
ids_are_those_of_the_helper_or_others(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool are;
    } cases[] = {
        {"Name:\tx\nUid:\t61001\t61001\t61001\t61001\n"
         "Gid:\t65534\t61500\t61500\t61500\nFDSize:\t64\n",
         true},
        /* another user's, root's, one who becomes root */
        {"\nUid:\t61002\t61002\t61002\t61002\n"
         "Gid:\t65534\t61500\t61500\t61500\n",
         false},
        {"\nUid:\t0\t0\t0\t0\nGid:\t65534\t61500\t61500\t61500\n", false},
        {"\nUid:\t61001\t0\t0\t0\nGid:\t65534\t61500\t61500\t61500\n", false},
        {"\nUid:\t61001\t61001\t0\t61001\n"
         "Gid:\t65534\t61500\t61500\t61500\n",
         false},
        /* any other process of the user's; an exchange of the helper's */
        {"\nUid:\t61001\t61001\t61001\t61001\n"
         "Gid:\t61001\t61001\t61001\t61001\n",
         false},
        {"\nUid:\t61001\t61001\t61001\t61001\n"
         "Gid:\t65534\t65534\t65534\t65534\n",
         false},
        /* somebody whom an administrator let into the group */
        {"\nUid:\t61001\t61001\t61001\t61001\n"
         "Gid:\t61500\t61500\t61500\t61500\n",
         false},
        /* only parts of it, or nothing */
        {"\nUid:\t61001\t61001\t61001\t61001\n", false},
        {"\nUid:\t61001\t61001\t61001\t61001\n"
         "Gid:\t65534\t61500\t61500\t615001\n",
         false},
        {"\nUid:\t161001\t61001\t61001\t61001\n"
         "Gid:\t65534\t61500\t61500\t61500\n",
         false},
        {"", false},
        /* a process may have any name: the kernel writes \n for a newline */
        {"Name:\tUid:\t61001\t61001\t61001\t61001\\nGid:\t65534\t61500\t61500\t"
         "61500\\n\n",
         false},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(process_has_ids(cases[i].text, &wanted), cases[i].are);
}

static void
arguments_are_those_that_were_given_or_others(void **state UNUSED)
{
    static const char *const helper[] = {"/helper", "alice", "42", NULL};
    static const struct {
        const char *text;
        size_t len;
        bool are;
    } cases[] = {
        {"/helper\0alice\00042", 17, true},
        {"/helper\0alice\00042\0--resume", 26, true},
        {"/helper\0alice\00042", 16, false}, /* no NUL */
        {"/helper\0alice\000421", 18, false},
        {"/helper\0alice\0004", 16, false},
        {"/helper\0alice", 14, false},
        {"/helper\0bob\00042", 15, false},
        {"/helpers\0alice\00042", 18, false},
        {"helper\0alice\00042", 16, false},
        {"/helper alice 42", 17, false},
        {"\0", 1, false},
    };
    const struct process process = {.argv = helper};
    struct secret text = {0};
    size_t i;

    assert_false(process_has_arguments(&text, &process)); /* a zombie's */
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        secret_clear(&text);
        assert_int_equal(
            secret_append(&text, cases[i].text, cases[i].len, 4096), 0);
        assert_int_equal(process_has_arguments(&text, &process), cases[i].are);
    }
    secret_clear(&text);
}

static void
an_argument_may_be_anything_but_missing(void **state UNUSED)
{
    static const char *const helper[] = {"/helper", PROCESS_ANY, "42", NULL};
    const struct process process = {.argv = helper};
    struct secret text = {0};

    assert_int_equal(secret_append(&text, "/helper\0bob\00042", 15, 4096), 0);
    assert_true(process_has_arguments(&text, &process));
    secret_clear(&text);
    assert_int_equal(secret_append(&text, "/helper\0\00042", 12, 4096), 0);
    assert_true(process_has_arguments(&text, &process));
    secret_clear(&text);
    assert_int_equal(secret_append(&text, "/helper\00042", 11, 4096), 0);
    assert_false(process_has_arguments(&text, &process));
    secret_clear(&text);
}

/* ---- Real processes ---- */

/* Under valgrind a process has those of valgrind. */
static void
need_own_arguments(void)
{
    if (getenv("VALGRIND") != NULL)
        SKIP("under valgrind the arguments are valgrind's");
}

static void
is_known_by_its_ids_and_its_name(void **state UNUSED)
{
    NEED_ROOT();
    need_own_arguments();
    start();
    assert_int_equal(process_check(pid, &wanted), 0);
}

/* Their numbers make the status longer than what is read of it. */
static void
is_known_with_very_many_groups_too(void **state UNUSED)
{
    static gid_t groups[1000];
    size_t i;

    NEED_ROOT();
    need_own_arguments();
    for (i = 0; i < ARRAY_LEN(groups); i++)
        groups[i] = 1000000000 + (gid_t) i;
    assert_int_equal(setgroups(ARRAY_LEN(groups), groups), 0);
    start();
    assert_int_equal(setgroups(0, NULL), 0);
    assert_int_equal(process_check(pid, &wanted), 0);
}

static void
is_another_with_another_id_or_name(void **state UNUSED)
{
    struct process other;

    NEED_ROOT();
    need_own_arguments();
    start();
    other = wanted;
    other.uid = 0;
    assert_int_equal(process_check(pid, &other), -EPERM);
    other = wanted;
    other.gid = USER;
    assert_int_equal(process_check(pid, &other), -EPERM);
    other = wanted;
    other.real_gid = GROUP;
    assert_int_equal(process_check(pid, &other), -EPERM);
    argv[1] = "no argument of this test's";
    assert_int_equal(process_check(pid, &wanted), -EPERM);
    argv[1] = NULL;
    argv[0] = "/usr/libexec/oidc-session-helper";
    assert_int_equal(process_check(pid, &wanted), -ESRCH);
}

/* What a screen locker sees of the helper, and what it does not see. */
static int
look_as_the_user(void)
{
    char path[64], exe[256];

    CHECK_EQUAL(become(USER, USER), 0);
    CHECK_EQUAL(process_check(pid, &wanted), 0);
    (void) snprintf(path, sizeof(path), "/proc/%d/exe", (int) pid);
    CHECK_EQUAL(readlink(path, exe, sizeof(exe)), -1);
    CHECK_EQUAL(errno, EACCES);
    return 0;
}

static void
is_known_without_privilege_too(void **state UNUSED)
{
    NEED_ROOT();
    need_own_arguments();
    start();
    in_child(look_as_the_user);
}

static void
a_zombie_is_none(void **state UNUSED)
{
    siginfo_t info;

    NEED_ROOT();
    start();
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(process_check(pid, &wanted), -ESRCH);
}

/* With hidepid=1 the kernel says EPERM, as if somebody had looked at it. */
static int
look_where_proc_hides(void)
{
    if (unshare(CLONE_NEWNS) == -1
        || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1
        || mount("proc", "/proc", "proc", 0, "hidepid=1") == -1)
        return CHILD_SKIP;
    CHECK_EQUAL(become(USER, USER), 0);
    CHECK_EQUAL(process_check(pid, &wanted), -ENOENT);
    return 0;
}

static void
one_that_is_hidden_is_enoent(void **state UNUSED)
{
    NEED_ROOT();
    need_own_arguments();
    start();
    in_child(look_where_proc_hides);
}

static void
one_that_is_gone_is_enoent(void **state UNUSED)
{
    NEED_ROOT();
    start();
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(process_check(pid, &wanted), -ENOENT);
    pid = -1;
}

/* Its name is what it begins with. */
static void
one_with_a_long_command_line_is_another(void **state UNUSED)
{
    static char text[8192];
    int ready[2];
    char byte;

    argv[0] = "/usr/libexec/oidc-session-helper";
    wanted = (struct process){
        .argv = argv, .uid = getuid(), .real_gid = getgid(), .gid = getgid()};
    memset(text, 'x', sizeof(text) - 1);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        if (dup2(ready[1], 1) == 1)
            execl("/bin/sh", "sh", "-c", "echo; kill -STOP $$", text,
                  (char *) NULL);
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    assert_int_equal(process_check(pid, &wanted), -ESRCH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(ids_are_those_of_the_helper_or_others),
        TEST(arguments_are_those_that_were_given_or_others),
        TEST(an_argument_may_be_anything_but_missing),
        TEST(is_known_by_its_ids_and_its_name),
        TEST(is_known_with_very_many_groups_too),
        TEST(is_another_with_another_id_or_name),
        TEST(is_known_without_privilege_too),
        TEST(a_zombie_is_none),
        TEST(one_that_is_hidden_is_enoent),
        TEST(one_that_is_gone_is_enoent),
        TEST(one_with_a_long_command_line_is_another),
    };

    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
