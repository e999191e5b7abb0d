/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <time.h>

#include "helper/cli/command.h"
#include "helper/cli/demand.h"
#include "helper/cli/moment.h"
#include "helper/cli/session.h"
#include "helper/cli/usage.h"

static const char help[] =
    "Usage: oidc-session renew [OPTION]...\n"
    "Renew the tokens of this session now, and say what came of it.\n"
    "\n"
    "  --timeout SECONDS  how long to wait for it (default: 30)\n"
    "  --help             show this\n"
    "\n"
    "Two renewals are at least 5 seconds apart.\n";

static int
renew(int64_t seconds)
{
    char duration[MOMENT_SIZE], at[MOMENT_SIZE];
    struct session session = {0};
    enum demand demand = DEMAND_PENDING;
    int r;

    r = session_find(&session);
    if (r < 0)
        return session_report(r);
    r = demand_renewal(&session, seconds, &demand);
    if (r < 0 || demand != DEMAND_RENEWED)
        return demand_report(r, demand, &session);
    (void) printf("Renewed: the access token expires in %s, at %s.\n",
                  moment_duration(session.expires_at - time(NULL), duration),
                  moment_local(session.expires_at, at));
    return COMMAND_OK;
}

int
command_renew(int argc, char **argv)
{
    static const struct option options[] = {
        {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int64_t seconds = DEMAND_SECONDS;
    int option;

    while ((option = usage_option(argc, argv, "h", options)) != -1) {
        switch (option) {
        case 't':
            if (usage_seconds(argv[0], "--timeout", optarg, DEMAND_SECONDS_MAX,
                              &seconds)
                != 0)
                return COMMAND_USAGE;
            break;
        case 'h':
            (void) fputs(help, stdout);
            return COMMAND_OK;
        default:
            return usage_hint(argv[0]);
        }
    }
    if (optind < argc)
        return usage_error(argv[0], "extra operand '%s'", argv[optind]);
    return renew(seconds);
}
