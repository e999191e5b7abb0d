/* SPDX-License-Identifier: MIT */
/*
 * oidc-session-exchange: the only program that speaks to the provider, and the
 * only one that parses what it says.  A function of its standard input; it says
 * nothing anywhere else, because the caller logs.
 */
#include <config.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "helper/exchange/exchange.h"
#include "helper/exchange/json.h"

#define EXIT_USAGE  100
#define EXIT_SYSTEM 111

/*
 * Nobody may read our memory.  A caller that is gone must not end us, nor must
 * the end of a session's processes: what was obtained is still to be revoked,
 * and our time is bounded.
 */
static int
harden(void)
{
    const struct rlimit none = {0};

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1
        || setrlimit(RLIMIT_CORE, &none) == -1
        || signal(SIGPIPE, SIG_IGN) == SIG_ERR
        || signal(SIGHUP, SIG_IGN) == SIG_ERR
        || signal(SIGTERM, SIG_IGN) == SIG_ERR)
        return -1;
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc != 2 || !exchange_has_verb(argv[1]))
        return EXIT_USAGE;
    if (harden() == -1)
        return EXIT_SYSTEM;
    json_init();
    if (exchange_run(argv[1], STDIN_FILENO, STDOUT_FILENO) < 0)
        return EXIT_SYSTEM;
    return 0;
}
