/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/keyring.h"
#include "helper/cli/command.h"
#include "helper/cli/run.h"
#include "tests/lib/child.h"
#include "tests/lib/cli.h"
#include "tests/lib/test.h"

static struct cli cli;

/* With the signals as they were: the command blocks them for good. */
static void
run(const char *const *argv)
{
    sigset_t before;

    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &before), 0);
    cli_run(command_run, argv, &cli);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

static void
run_shell(const char *script)
{
    const char *const argv[] = {"run", "--", "sh", "-c", script, NULL};

    run(argv);
}

static void
make_session(int64_t seconds)
{
    key_serial_t ring = 0;
    char at[32];

    keys_join();
    assert_int_equal(
        keyring_make(KEY_SPEC_SESSION_KEYRING, KEYRING_TOKENS, &ring), 0);
    (void) snprintf(at, sizeof(at), "%jd", (intmax_t) (time(NULL) + seconds));
    assert_int_equal(put_text(ring, KEY_EXPIRES_AT, at), 0);
    assert_int_equal(put_text(ring, KEY_ACCESS_TOKEN, "CANARY-token"), 0);
    assert_int_equal(put_text(ring, KEY_STATUS, "state=active\n"), 0);
}

#define NEED_SESSION(seconds)                                                  \
    do {                                                                       \
        NEED_KEYS();                                                           \
        if (access("/dev/shm", W_OK) == -1)                                    \
            SKIP("no /dev/shm here");                                          \
        (void) unsetenv("XDG_RUNTIME_DIR");                                    \
        make_session(seconds);                                                 \
    } while (0)

static void
the_exit_status_is_the_commands(void **state UNUSED)
{
    assert_int_equal(run_status(0), 0);
    assert_int_equal(run_status(7 << 8), 7);
    assert_int_equal(run_status(SIGTERM), 128 + SIGTERM);
    assert_int_equal(run_status(SIGSEGV | 0x80), 128 + SIGSEGV);
}

static void
a_signal_from_the_terminal_is_not_forwarded(void **state UNUSED)
{
    static const struct {
        uint32_t number;
        int32_t code;
        bool forwards;
    } cases[] = {
        {SIGTERM, SI_USER, true},   {SIGINT, SI_USER, true},
        {SIGINT, SI_KERNEL, false}, {SIGHUP, SI_KERNEL, false},
        {SIGUSR1, SI_QUEUE, true},  {SIGCHLD, CLD_EXITED, false},
        {SIGCHLD, SI_USER, false},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        const struct signalfd_siginfo info = {.ssi_signo = cases[i].number,
                                              .ssi_code = cases[i].code};

        assert_int_equal(run_forwards(&info), cases[i].forwards);
    }
}

static void
the_command_finds_the_token_in_a_file_that_is_gone_afterwards(
    void **state UNUSED)
{
    char path[4200];

    NEED_SESSION(600);
    assert_int_equal(setenv("BEARER_TOKEN", "an older one", 1), 0);
    run_shell(
        "test -z \"${BEARER_TOKEN+set}\" || exit 9\n"
        "test \"$(stat -c %a \"$BEARER_TOKEN_FILE\")\" = 600 || exit 8\n"
        "test \"$(cat \"$BEARER_TOKEN_FILE\")\" = CANARY-token || exit 7\n"
        "printf %s \"$BEARER_TOKEN_FILE\" >&2; exit 5");
    assert_int_equal(cli.status, 5);
    assert_int_equal(strncmp(cli.err, "/dev/shm/oidc-session.", 22), 0);
    assert_int_equal(access(cli.err, F_OK), -1);
    (void) snprintf(path, sizeof(path), "%s", cli.err);
    *strrchr(path, '/') = '\0';
    assert_int_equal(access(path, F_OK), -1);
}

static void
a_command_that_cannot_be_run_is_126_or_127(void **state UNUSED)
{
    static const char *const unknown[] = {"run", "/nonexistent/command", NULL};
    static const char *const refused[] = {"run", "/", "--help", NULL};

    NEED_SESSION(600);
    run(unknown);
    assert_int_equal(cli.status, 127);
    assert_non_null(strstr(cli.err, "cannot run '/nonexistent/command'"));
    run(refused);
    assert_int_equal(cli.status, 126);
}

static void
a_command_that_dies_leaves_nothing(void **state UNUSED)
{
    NEED_SESSION(600);
    run_shell("printf %s \"$BEARER_TOKEN_FILE\" >&2; kill -KILL $$");
    assert_int_equal(cli.status, 128 + SIGKILL);
    assert_int_equal(access(cli.err, F_OK), -1);
}

static void
a_signal_to_us_goes_to_the_command(void **state UNUSED)
{
    NEED_SESSION(600);
    run_shell("trap 'exit 3' TERM; kill -TERM $PPID; while :; do sleep 0.05;"
              " done");
    assert_int_equal(cli.status, 3);
}

/* As a daemon may leave it to its children. */
static void
a_command_is_waited_for_where_sigchld_is_ignored(void **state UNUSED)
{
    NEED_SESSION(600);
    assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    alarm(20);
    run_shell("printf %s \"$BEARER_TOKEN_FILE\" >&2; exit 4");
    alarm(0);
    assert_int_equal(cli.status, 4);
    assert_int_equal(access(cli.err, F_OK), -1);
    assert_true(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
}

static void
the_umask_is_the_commands_and_not_the_files(void **state UNUSED)
{
    mode_t before = umask(0277);

    NEED_SESSION(600);
    run_shell("umask; cat \"$BEARER_TOKEN_FILE\"");
    (void) umask(before);
    assert_int_equal(cli.status, 0);
    assert_non_null(strstr(cli.out, "0277\nCANARY-token"));
}

/* What the helper does at the end of a session. */
static void
the_file_goes_with_the_token(void **state UNUSED)
{
    NEED_SESSION(3);
    run_shell("test -e \"$BEARER_TOKEN_FILE\" || exit 9\n"
              "for i in $(seq 200); do\n"
              "    test -e \"$BEARER_TOKEN_FILE\" || exit 4\n"
              "    sleep 0.05\n"
              "done");
    assert_int_equal(cli.status, 4);
}

static void
without_a_token_nothing_is_run(void **state UNUSED)
{
    NEED_KEYS();
    run_shell("echo ran");
    assert_int_equal(cli.status, COMMAND_NO_TOKEN);
    assert_string_equal(cli.out, "");
    assert_non_null(strstr(cli.err, "oidc-session login"));
}

static void
an_expired_token_is_none(void **state UNUSED)
{
    NEED_SESSION(-1);
    run_shell("echo ran");
    assert_int_equal(cli.status, COMMAND_EXPIRED);
    assert_string_equal(cli.out, "");
}

static void
a_command_is_needed(void **state UNUSED)
{
    static const char *const nothing[] = {"run", "--", NULL};
    static const char *const unknown[] = {"run", "--fresh", "true", NULL};

    run(nothing);
    assert_int_equal(cli.status, COMMAND_USAGE);
    run(unknown);
    assert_int_equal(cli.status, COMMAND_USAGE);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exit_status_is_the_commands),
        cmocka_unit_test(a_signal_from_the_terminal_is_not_forwarded),
        cmocka_unit_test(
            the_command_finds_the_token_in_a_file_that_is_gone_afterwards),
        cmocka_unit_test(a_command_that_cannot_be_run_is_126_or_127),
        cmocka_unit_test(a_command_that_dies_leaves_nothing),
        cmocka_unit_test(a_signal_to_us_goes_to_the_command),
        cmocka_unit_test(a_command_is_waited_for_where_sigchld_is_ignored),
        cmocka_unit_test(the_umask_is_the_commands_and_not_the_files),
        cmocka_unit_test(the_file_goes_with_the_token),
        cmocka_unit_test(without_a_token_nothing_is_run),
        cmocka_unit_test(an_expired_token_is_none),
        cmocka_unit_test(a_command_is_needed),
    };

    return cmocka_run_group_tests_name("cli_run", tests, NULL, NULL);
}
