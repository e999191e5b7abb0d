/* SPDX-License-Identifier: MIT */
/* oidc-session as it was built. */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/cli/command.h"
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_help_fits_a_screen),
        cmocka_unit_test(the_help_of_each_command_fits_a_screen),
        cmocka_unit_test(says_its_version),
        cmocka_unit_test(says_what_is_wrong_with_its_arguments),
        cmocka_unit_test(a_full_disk_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
