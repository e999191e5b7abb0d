/* SPDX-License-Identifier: MIT */
/* The helper's program as it was built, started as the module starts it. */
#include <config.h>

#include <fcntl.h>
#include <linux/securebits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/keyring.h"
#include "common/message.h"
#include "common/process.h"
#include "common/status.h"
#include "tests/lib/child.h"
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

#define EXIT_USAGE  100
#define EXIT_SYSTEM 111

#define SESSION KEY_SPEC_SESSION_KEYRING

static pid_t pid = -1;
static int to = -1, from = -1;
static struct secret buf;
static struct message message;
static key_serial_t ring;
static bool as_nobody;          /* the next one that is started */
static bool keeps_capabilities; /* likewise: SECBIT_NO_SETUID_FIXUP */

static int
teardown(void **state UNUSED)
{
    if (pid > 0) {
        kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
    }
    pid = -1;
    as_nobody = keeps_capabilities = false;
    fd_close(&to);
    fd_close(&from);
    secret_clear(&buf);
    message_clear(&message);
    return 0;
}

/* login: what is its descriptor 3, or -1 for none. */
static void
start(const char *const *argv, int login)
{
    int in[2], out[2];

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        int high = login == -1 ? -1 : fcntl(login, F_DUPFD, 10);

        dup2(in[0], 0);
        dup2(out[1], 1);
        if (high != -1)
            dup2(high, 3);
        close_range(high == -1 ? 3 : 4, ~0U, 0);
        if (as_nobody && become(65534, 65534) == -1)
            _exit(1);
        if (keeps_capabilities
            && prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == -1)
            _exit(1);
        execv(argv[0], (char *const *) (uintptr_t) argv);
        _exit(1);
    }
    close(in[0]);
    close(out[1]);
    to = in[1];
    from = out[0];
}

/* With a pidfd of this process, as the module does. */
static void
start_as_the_module(void)
{
    const char *const argv[] = {built_helper, "alice", "2147483647", "1", NULL};
    int self = pidfd_open(getpid(), 0);

    assert_int_not_equal(self, -1);
    start(argv, self);
    close(self);
}

/* Its exit status; -1 when it does not end within 15 s or by a signal. */
static int
exit_status(void)
{
    int status, i;

    for (i = 0; i < 1500; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            pid = -1;
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        usleep(10000);
    }
    return -1;
}

static bool
still_runs(void)
{
    usleep(200000);
    return waitpid(pid, NULL, WNOHANG) == 0;
}

/* A session with tokens that are not revoked at the provider. */
static void
make_tokens(const char *expires_at)
{
    struct message settings = {.kind = KIND_RENEW};
    struct secret wire = {0};

    assert_int_equal(keyring_make(SESSION, KEYRING_TOKENS, &ring), 0);
    assert_int_equal(put_text(ring, KEY_ACCESS_TOKEN, "access"), 0);
    assert_int_equal(put_text(ring, KEY_ID_TOKEN, "id"), 0);
    assert_int_equal(put_text(ring, KEY_EXPIRES_AT, expires_at), 0);
    assert_int_equal(put_text(ring, KEY_STATUS, "state=active\n"), 0);
    assert_int_equal(put_text(SESSION, KEY_REFRESH_TOKEN, "refresh"), 0);
    assert_int_equal(message_set_text(&settings, FIELD_REVOKE, "no"), 0);
    assert_int_equal(message_encode(&settings, &wire), 0);
    assert_int_equal(
        keyring_put(SESSION, KEY_SETTINGS, &wire, KEY_FOREVER, NULL), 0);
    secret_clear(&wire);
    message_clear(&settings);
}

static void
wait_until_ready(void)
{
    int64_t number = 0;

    assert_int_equal(message_wait(from, &buf, 15000, &message), 0);
    assert_int_equal(message.kind, KIND_READY);
    assert_int_equal(message_number(&message, FIELD_PID, &number), 0);
    assert_int_equal(number, pid);
}

static void
wait_until_gone(const char *name)
{
    key_serial_t key;
    int i, r = 0;

    for (i = 0; i < 1000 && r == 0; i++) {
        r = keyring_find(SESSION, "user", name, &key);
        usleep(10000);
    }
    assert_true(r == -ENOKEY || r == -EKEYREVOKED);
}

#define NEED()                                                                 \
    do {                                                                       \
        NEED_PIDFD();                                                          \
        NEED_KEYS();                                                           \
        make_tokens("99999999999");                                            \
    } while (0)

/* ---- Usage ---- */

static void
wrong_usage_is_100(void **state UNUSED)
{
    const char *const cases[][8] = {
        {built_helper, NULL},
        {built_helper, "alice", NULL},
        {built_helper, "alice", "bob", NULL},
        {built_helper, "alice", "--help", NULL},
        {built_helper, "alice", "--resume", NULL},
        {built_helper, "alice", "--resume", "1", NULL},
        {built_helper, "alice", "1", NULL},
        {built_helper, "alice", "1", "2", "3", NULL},
        {built_helper, "alice", "1", "", NULL},
        {built_helper, "alice", "1", "-1", NULL},
        {built_helper, "alice", "1", "--resume", NULL},
        {built_helper, "alice", "", "1", NULL},
        {built_helper, "alice", "-1", "1", NULL},
        {built_helper, "alice", "2147483648", "1", NULL},
        {built_helper, "alice", "1", "1", "--resume", "x", NULL},
        {built_helper, "alice", "1", "1", "", "1", NULL},
        {built_helper, "alice", "1", "1", "0", "-1", NULL},
        {built_helper, "alice", "1", "1", "4294967295", "1", NULL},
        {built_helper, "alice", "1", "1", "1", "4294967295", NULL},
        {built_helper, "alice", "1", "1", "1", "1", "1", NULL},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        start(cases[i], -1);
        assert_int_equal(exit_status(), EXIT_USAGE);
        teardown(NULL);
    }
}

static void
without_a_pidfd_of_the_login_program_is_111(void **state UNUSED)
{
    const char *const argv[] = {built_helper, "alice", "0", "1", NULL};

    start(argv, -1);
    assert_int_equal(exit_status(), EXIT_SYSTEM);
}

static void
with_broken_keys_is_111(void **state UNUSED)
{
    NEED_PIDFD();
    NEED_KEYS();
    make_tokens("soon");
    start_as_the_module();
    assert_int_equal(exit_status(), EXIT_SYSTEM);
}

/* ---- The handshake ---- */

static void
says_ready_with_its_process_id(void **state UNUSED)
{
    NEED();
    start_as_the_module();
    wait_until_ready();
}

static void
begins_when_it_is_told_to_go(void **state UNUSED)
{
    NEED();
    start_as_the_module();
    wait_until_ready();
    assert_int_equal(message_send_kind(to, KIND_GO), 0);
    assert_true(still_runs());
}

static void
never_begins_when_the_module_hangs_up(void **state UNUSED)
{
    NEED();
    start_as_the_module();
    wait_until_ready();
    fd_close(&to);
    assert_int_equal(exit_status(), EXIT_SYSTEM);
}

static void
never_begins_when_it_is_told_something_else(void **state UNUSED)
{
    static const enum kind kinds[] = {KIND_READY, KIND_STORED, KIND_RESULT};
    size_t i;

    NEED();
    for (i = 0; i < ARRAY_LEN(kinds); i++) {
        start_as_the_module();
        wait_until_ready();
        assert_int_equal(message_send_kind(to, kinds[i]), 0);
        assert_int_equal(exit_status(), EXIT_SYSTEM);
        teardown(NULL);
    }
}

static void
never_begins_when_it_is_told_nothing(void **state UNUSED)
{
    NEED();
    start_as_the_module();
    wait_until_ready();
    assert_int_equal(exit_status(), EXIT_SYSTEM); /* after 10 s */
}

/* The module takes them back then. */
static void
one_that_never_begins_leaves_the_tokens(void **state UNUSED)
{
    key_serial_t key;

    NEED();
    start_as_the_module();
    wait_until_ready();
    fd_close(&to);
    assert_int_equal(exit_status(), EXIT_SYSTEM);
    assert_int_equal(keyring_find(SESSION, "user", KEY_ACCESS_TOKEN, &key), 0);
    assert_int_equal(keyring_find(SESSION, "user", KEY_REFRESH_TOKEN, &key), 0);
}

static void
closes_the_modules_pipes(void **state UNUSED)
{
    struct pollfd pfd;

    NEED();
    start_as_the_module();
    wait_until_ready();
    assert_int_equal(message_send_kind(to, KIND_GO), 0);
    pfd = (struct pollfd){.fd = from, .events = POLLIN};
    assert_int_equal(poll(&pfd, 1, 10000), 1);
    assert_true((pfd.revents & POLLHUP) != 0);
}

/* ---- What it is like ---- */

static void
says_in_the_status_who_it_is_and_when_it_renews(void **state UNUSED)
{
    struct secret text = {0};
    struct status status;

    NEED();
    start_as_the_module();
    wait_until_ready();
    assert_int_equal(keyring_get(SESSION, KEY_STATUS, &text), 0);
    assert_int_equal(status_parse(secret_text(&text), &status), 0);
    assert_int_equal(status.helper_pid, pid);
    assert_true(status.renew_at > time(NULL));
    secret_clear(&text);
}

static void
leaves_no_core(void **state UNUSED)
{
    char path[64], line[256];
    bool found = false;
    FILE *file;

    NEED();
    start_as_the_module();
    wait_until_ready();
    (void) snprintf(path, sizeof(path), "/proc/%d/limits", (int) pid);
    file = fopen(path, "re");
    if (file == NULL)
        SKIP("needs root");
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "Max core file size", 18) == 0) {
            long soft = -1, hard = -1;

            assert_int_equal(sscanf(line + 18, "%ld %ld", &soft, &hard), 2);
            assert_int_equal(soft, 0);
            assert_int_equal(hard, 0);
            found = true;
        }
    }
    fclose(file);
    assert_true(found);
}

static bool
nobody_can_run_it(void)
{
    int status = -1;
    pid_t child = fork();

    assert_int_not_equal(child, -1);
    if (child == 0)
        _exit(become(65534, 65534) == -1 || access(built_helper, X_OK) == -1);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status == 0;
}

/* As the module starts it. */
static void
start_as_root(void)
{
    const char *const argv[] = {built_helper, "alice", "2147483647", "1",
                                "61001",      "61002", NULL};
    int self = pidfd_open(getpid(), 0);

    assert_int_not_equal(self, -1);
    start(argv, self);
    close(self);
}

static void
assert_status(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL)
        fail_msg("no \"%s\" in %s", wanted, text);
}

static void
root_becomes_the_user_with_the_keys_group_and_nothing_else(void **state UNUSED)
{
    struct secret status = {0};
    struct stat st;
    char path[64];

    NEED_ROOT();
    NEED();
    start_as_root();
    wait_until_ready();
    assert_int_equal(process_read(pid, "status", &status), 0);
    assert_status(secret_text(&status), "\nUid:\t61001\t61001\t61001\t61001\n");
    assert_status(secret_text(&status), "\nGid:\t65534\t61002\t61002\t61002\n");
    assert_status(secret_text(&status), "\nGroups:\t \n");
    assert_status(secret_text(&status), "\nCapPrm:\t0000000000000000\n");
    assert_status(secret_text(&status), "\nCapEff:\t0000000000000000\n");
    secret_clear(&status);
    (void) snprintf(path, sizeof(path), "/proc/%d/environ", (int) pid);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 0);
}

static void
its_capabilities_go_even_where_they_would_stay(void **state UNUSED)
{
    struct secret status = {0};

    NEED_ROOT();
    NEED();
    keeps_capabilities = true;
    start_as_root();
    wait_until_ready();
    assert_int_equal(process_read(pid, "status", &status), 0);
    assert_status(secret_text(&status), "\nUid:\t61001\t61001\t61001\t61001\n");
    assert_status(secret_text(&status), "\nCapPrm:\t0000000000000000\n");
    assert_status(secret_text(&status), "\nCapEff:\t0000000000000000\n");
    secret_clear(&status);
}

static void
without_the_privilege_to_become_the_user_it_never_begins(void **state UNUSED)
{
    NEED();
    as_nobody = geteuid() == 0;
    if (as_nobody && !nobody_can_run_it())
        SKIP("the build directory is root's alone");
    start_as_root();
    assert_int_equal(exit_status(), EXIT_SYSTEM);
    assert_int_equal(message_wait(from, &buf, 1000, &message), -ENODATA);
}

/* Then its files in /proc are root's, whoever runs it. */
static void
nobody_may_look_into_it(void **state UNUSED)
{
    struct stat st;
    char path[64];

    NEED();
    as_nobody = geteuid() == 0;
    if (as_nobody && !nobody_can_run_it())
        SKIP("the build directory is root's alone");
    start_as_the_module();
    wait_until_ready();
    (void) snprintf(path, sizeof(path), "/proc/%d/environ", (int) pid);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 0);
}

/* ---- Signals ---- */

static void
run_it(void)
{
    start_as_the_module();
    wait_until_ready();
    assert_int_equal(message_send_kind(to, KIND_GO), 0);
    assert_true(still_runs());
}

static void
sigterm_removes_the_tokens_and_ends_it(void **state UNUSED)
{
    NEED();
    run_it();
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(exit_status(), 0);
    wait_until_gone(KEY_ACCESS_TOKEN);
    wait_until_gone(KEY_REFRESH_TOKEN);
    wait_until_gone(KEY_SETTINGS);
}

static void
a_sigterm_before_it_is_told_to_go_is_not_lost(void **state UNUSED)
{
    NEED();
    start_as_the_module();
    wait_until_ready();
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(message_send_kind(to, KIND_GO), 0);
    assert_int_equal(exit_status(), 0);
    wait_until_gone(KEY_ACCESS_TOKEN);
}

static void
the_death_of_the_login_program_removes_the_tokens(void **state UNUSED)
{
    const char *const argv[] = {built_helper, "alice", "0", "1", NULL};
    pid_t login;
    int fd;

    NEED();
    login = fork();
    assert_int_not_equal(login, -1);
    if (login == 0) {
        pause();
        _exit(0);
    }
    fd = pidfd_open(login, 0);
    assert_int_not_equal(fd, -1);
    start(argv, fd);
    close(fd);
    wait_until_ready();
    assert_int_equal(message_send_kind(to, KIND_GO), 0);
    assert_true(still_runs());
    assert_int_equal(kill(login, SIGKILL), 0);
    assert_int_equal(waitpid(login, NULL, 0), login);
    assert_int_equal(exit_status(), 0);
    wait_until_gone(KEY_ACCESS_TOKEN);
}

static void
without_a_keyring_it_ends_the_tokens_at_once(void **state UNUSED)
{
    NEED();
    assert_int_equal(keyctl_unlink(ring, SESSION), 0);
    start_as_the_module();
    wait_until_ready();
    assert_int_equal(message_send_kind(to, KIND_GO), 0);
    assert_int_equal(exit_status(), 0);
    wait_until_gone(KEY_REFRESH_TOKEN);
}

/* What it would execute is not installed where it was built. */
static void
sighup_without_a_new_program_goes_on(void **state UNUSED)
{
    NEED();
    if (access(HELPER_PATH, F_OK) == 0)
        SKIP(HELPER_PATH " is installed");
    run_it();
    assert_int_equal(kill(pid, SIGHUP), 0);
    assert_true(still_runs());
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(exit_status(), 0);
    wait_until_gone(KEY_ACCESS_TOKEN);
}

static void
resumed_it_says_nothing_and_waits_for_nobody(void **state UNUSED)
{
    const char *const argv[] = {built_helper, "alice",    "1",
                                "1",          "--resume", NULL};
    struct pollfd pfd;
    int self;

    NEED();
    self = pidfd_open(getpid(), 0);
    assert_int_not_equal(self, -1);
    start(argv, self);
    close(self);
    pfd = (struct pollfd){.fd = from, .events = POLLIN};
    assert_int_equal(poll(&pfd, 1, 300), 0);
    assert_true(still_runs());
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(exit_status(), 0);
    wait_until_gone(KEY_ACCESS_TOKEN);
}

/* Nobody else would revoke them, should the login program die. */
static void
resumed_with_broken_keys_it_ends_the_tokens(void **state UNUSED)
{
    const char *const argv[] = {built_helper, "alice",    "1",
                                "1",          "--resume", NULL};
    int self;

    NEED();
    assert_int_equal(put_text(ring, KEY_EXPIRES_AT, "soon"), 0);
    self = pidfd_open(getpid(), 0);
    assert_int_not_equal(self, -1);
    start(argv, self);
    close(self);
    assert_int_equal(exit_status(), 0);
    wait_until_gone(KEY_ACCESS_TOKEN);
    wait_until_gone(KEY_REFRESH_TOKEN);
}

static void
sigpipe_does_not_kill_it(void **state UNUSED)
{
    NEED();
    run_it();
    assert_int_equal(kill(pid, SIGPIPE), 0);
    assert_true(still_runs());
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(wrong_usage_is_100),
        TEST(without_a_pidfd_of_the_login_program_is_111),
        TEST(with_broken_keys_is_111),
        TEST(says_ready_with_its_process_id),
        TEST(begins_when_it_is_told_to_go),
        TEST(never_begins_when_the_module_hangs_up),
        TEST(never_begins_when_it_is_told_something_else),
        TEST(never_begins_when_it_is_told_nothing),
        TEST(one_that_never_begins_leaves_the_tokens),
        TEST(closes_the_modules_pipes),
        TEST(says_in_the_status_who_it_is_and_when_it_renews),
        TEST(leaves_no_core),
        TEST(root_becomes_the_user_with_the_keys_group_and_nothing_else),
        TEST(its_capabilities_go_even_where_they_would_stay),
        TEST(without_the_privilege_to_become_the_user_it_never_begins),
        TEST(nobody_may_look_into_it),
        TEST(sigterm_removes_the_tokens_and_ends_it),
        TEST(a_sigterm_before_it_is_told_to_go_is_not_lost),
        TEST(the_death_of_the_login_program_removes_the_tokens),
        TEST(without_a_keyring_it_ends_the_tokens_at_once),
        TEST(sighup_without_a_new_program_goes_on),
        TEST(resumed_it_says_nothing_and_waits_for_nobody),
        TEST(resumed_with_broken_keys_it_ends_the_tokens),
        TEST(sigpipe_does_not_kill_it),
    };

    return cmocka_run_group_tests_name("main", tests, NULL, NULL);
}
