/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>

#include "helper/cli/command.h"
#include "helper/cli/usage.h"
#include "tests/lib/cli.h"
#include "tests/lib/test.h"

/* A command with two options. */
static int64_t seconds;

static int
command(int argc, char **argv)
{
    static const struct option options[] = {
        {"all", no_argument, NULL, 'a'},
        {"time", required_argument, NULL, 't'},
        {0},
    };
    int option;

    while ((option = usage_option(argc, argv, "a", options)) != -1) {
        if (option == '?')
            return usage_hint(argv[0]);
        if (option == 't'
            && usage_seconds(argv[0], "--time", optarg, 600, &seconds) != 0)
            return COMMAND_USAGE;
    }
    return optind < argc
               ? usage_error(argv[0], "'%s' is too much", argv[optind])
               : COMMAND_OK;
}

static void
says_errors_in_the_gnu_way(void **state UNUSED)
{
    static const struct {
        const char *argv[4];
        const char *said;
    } cases[] = {
        {{"look", "--none"}, "unrecognized option '--none'"},
        {{"look", "-x"}, "invalid option -- 'x'"},
        {{"look", "--time"}, "option '--time' requires an argument"},
        {{"look", "--all=1"}, "option '--all' doesn't allow an argument"},
        {{"look", "here"}, "'here' is too much"},
        {{"look", "--time=soon"},
         "'--time' needs a number of seconds from 0 to 600"},
        {{"look", "--time=-1"},
         "'--time' needs a number of seconds from 0 to 600"},
        {{"look", "--time=601"},
         "'--time' needs a number of seconds from 0 to 600"},
    };
    struct cli cli;
    char expected[256];
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        cli_run(command, cases[i].argv, &cli);
        (void) snprintf(expected, sizeof(expected),
                        "oidc-session: %s\n"
                        "Try 'oidc-session look --help' for more"
                        " information.\n",
                        cases[i].said);
        assert_string_equal(cli.err, expected);
        assert_string_equal(cli.out, "");
        assert_int_equal(cli.status, COMMAND_USAGE);
    }
}

static void
takes_what_is_right(void **state UNUSED)
{
    static const char *const argv[] = {"look", "-a", "--time", "600", NULL};
    struct cli cli;

    cli_run(command, argv, &cli);
    assert_int_equal(cli.status, COMMAND_OK);
    assert_string_equal(cli.err, "");
    assert_int_equal(seconds, 600);
}

static int
no_command(void *data UNUSED)
{
    return usage_error(NULL, "a command is missing");
}

static void
without_a_command_it_names_none(void **state UNUSED)
{
    struct cli cli;

    cli_capture(no_command, NULL, &cli);
    assert_int_equal(cli.status, COMMAND_USAGE);
    assert_string_equal(cli.err,
                        "oidc-session: a command is missing\n"
                        "Try 'oidc-session --help' for more information.\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_errors_in_the_gnu_way),
        cmocka_unit_test(takes_what_is_right),
        cmocka_unit_test(without_a_command_it_names_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
