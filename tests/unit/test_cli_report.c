/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "helper/cli/report.h"
#include "tests/lib/cli.h"
#include "tests/lib/test.h"

static int
say(void *data)
{
    report("there is no %s: look for one", (const char *) data);
    return 0;
}

static void
says_it_in_one_line_with_our_name(void **state UNUSED)
{
    char what[] = "token";
    struct cli cli;

    cli_capture(say, what, &cli);
    assert_string_equal(cli.err,
                        "oidc-session: there is no token: look for one\n");
    assert_string_equal(cli.out, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_it_in_one_line_with_our_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
