/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>

#include "helper/cli/command.h"
#include "helper/cli/session.h"
#include "helper/cli/usage.h"

static const char help[] = "Usage: oidc-session logout [OPTION]...\n";

int
command_logout(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct session session;
    int r;

    switch (usage_option(argc, argv, "h", options)) {
    case -1:
        break;
    case 'h':
        (void) fputs(help, stdout);
        return COMMAND_OK;
    default:
        return usage_hint(argv[0]);
    }
    if (optind < argc)
        return usage_error(argv[0], "extra operand '%s'", argv[optind]);
    r = session_find(&session);
    return r < 0 ? session_report(r) : COMMAND_FAILED;
}
