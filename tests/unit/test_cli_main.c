/* SPDX-License-Identifier: MIT */
/* oidc-session as it was built. */
#include <config.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "helper/cli/command.h"
#include "tests/lib/child.h"
#include "tests/lib/cli.h"
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

struct start {
    const char *argv[4];
    const char *out; /* the file that standard output is, or NULL */
};

static int
start(void *data)
{
    const struct start *this = data;
    const char *argv[5] = {built_command};
    int status;
    pid_t pid;

    memcpy(argv + 1, this->argv, sizeof(this->argv));
    argv[4] = NULL;
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        if (this->out != NULL)
            dup2(open(this->out, O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
        execv(argv[0], (char *const *) (uintptr_t) argv);
        _exit(126);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
run(const char *first, const char *second, const char *out, struct cli *cli)
{
    struct start this = {.argv = {first, second}, .out = out};

    cli_capture(start, &this, cli);
}

/* 24 lines, one of them for the prompt, of 80 columns, the last left free. */
static void
assert_fits_a_screen(const char *text)
{
    unsigned lines = 0;
    size_t length;

    for (; *text != '\0'; text += length + 1, lines++) {
        length = strcspn(text, "\n");
        /* Where it is, is not for us to say. */
        if (memmem(text, length, CONFIG_PATH, strlen(CONFIG_PATH)) == NULL)
            assert_true(length < 80);
        assert_int_equal(text[length], '\n');
    }
    assert_in_range(lines, 1, 23);
}

static void
its_help_fits_a_screen(void **state UNUSED)
{
    struct cli cli;

    run("--help", NULL, NULL, &cli);
    assert_int_equal(cli.status, COMMAND_OK);
    assert_fits_a_screen(cli.out);
    assert_string_equal(cli.err, "");
}

/* Those that the help names, and so all that there are. */
static void
the_help_of_each_command_fits_a_screen(void **state UNUSED)
{
    struct cli all, one;
    char name[16], first[64];
    unsigned found = 0;
    const char *line;

    run("--help", NULL, NULL, &all);
    line = strstr(all.out, "Commands:\n");
    assert_non_null(line);
    for (line = strchr(line, '\n') + 1; sscanf(line, "  %15[a-z]", name) == 1;
         line = strchr(line, '\n') + 1) {
        run(name, "--help", NULL, &one);
        assert_int_equal(one.status, COMMAND_OK);
        assert_fits_a_screen(one.out);
        assert_string_equal(one.err, "");
        (void) snprintf(first, sizeof(first), "Usage: oidc-session %s", name);
        assert_memory_equal(one.out, first, strlen(first));
        found++;
    }
    assert_true(found >= 4);
}

static void
says_its_version(void **state UNUSED)
{
    struct cli cli;

    run("--version", NULL, NULL, &cli);
    assert_int_equal(cli.status, COMMAND_OK);
    assert_string_equal(cli.out, "oidc-session (" PACKAGE_NAME
                                 ") " PACKAGE_VERSION "\n");
}

static void
says_what_is_wrong_with_its_arguments(void **state UNUSED)
{
    static const struct {
        const char *argv[2];
        const char *said;
    } cases[] = {
        {{NULL},
         "oidc-session: a command is missing\n"
         "Try 'oidc-session --help' for more information.\n"},
        {{"frobnicate"},
         "oidc-session: there is no command 'frobnicate'\n"
         "Try 'oidc-session --help' for more information.\n"},
        {{"--x", "status"},
         "oidc-session: unrecognized option '--x'\n"
         "Try 'oidc-session --help' for more information.\n"},
        {{"status", "--x"},
         "oidc-session: unrecognized option '--x'\n"
         "Try 'oidc-session status --help' for more information.\n"},
    };
    struct cli cli;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        run(cases[i].argv[0], cases[i].argv[1], NULL, &cli);
        assert_int_equal(cli.status, COMMAND_USAGE);
        assert_string_equal(cli.err, cases[i].said);
        assert_string_equal(cli.out, "");
    }
}

static void
a_full_disk_is_a_failure(void **state UNUSED)
{
    struct cli cli;

    run("--help", NULL, "/dev/full", &cli);
    assert_int_equal(cli.status, COMMAND_FAILED);
    assert_string_equal(cli.err, "oidc-session: cannot write to standard"
                                 " output: No space left on device\n");
}

/* ---- What it holds ---- */

#define SOMEBODY 61001

static void
exec_waiting(int in, int executed)
{
    dup2(in, STDIN_FILENO);
    if ((getuid() == 0 && become(SOMEBODY, SOMEBODY) != 0)
        || access(built_command, X_OK) != 0 || write(executed, "x", 1) != 1)
        _exit(1);
    execl(built_command, built_command, "token", "--format=git", "--host=h",
          "get", (char *) NULL);
    _exit(1);
}

/* What is in /proc/PID of whoever may be looked into belongs to their user. */
static bool
becomes_roots(pid_t pid)
{
    const struct timespec moment = {.tv_nsec = 10000000};
    struct stat status;
    char path[32];
    unsigned i;

    (void) snprintf(path, sizeof(path), "/proc/%d/mem", (int) pid);
    for (i = 0; i < 1000; i++) {
        if (stat(path, &status) == 0 && status.st_uid == 0)
            return true;
        nanosleep(&moment, NULL);
    }
    return false;
}

/* While it waits, here for git: what is in its memory is nobody's. */
static void
no_debugger_looks_into_it(void **state UNUSED)
{
    int in[2], executed[2], status;
    bool protected, could;
    char byte;
    pid_t pid;

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(executed, O_CLOEXEC), 0);
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0)
        exec_waiting(in[0], executed[1]);
    close(executed[1]);
    could = read(executed[0], &byte, 1) == 1;
    /* The end: it is executed.  Until then it belongs to root, as it was. */
    could = read(executed[0], &byte, 1) == 0 && could;
    protected = could && becomes_roots(pid);
    close(in[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(in[0]);
    close(executed[0]);
    if (!could)
        SKIP("another user cannot execute what was built");
    assert_true(protected);
    assert_int_equal(status, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_help_fits_a_screen),
        cmocka_unit_test(the_help_of_each_command_fits_a_screen),
        cmocka_unit_test(says_its_version),
        cmocka_unit_test(says_what_is_wrong_with_its_arguments),
        cmocka_unit_test(a_full_disk_is_a_failure),
        cmocka_unit_test(no_debugger_looks_into_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
