/* SPDX-License-Identifier: MIT */
/*
 * oidc-session-exchange: the only program that speaks to the provider, and the
 * only one that parses what it says.  A function of its standard input; it says
 * nothing anywhere else, because the caller logs.
 */
#include <config.h>

#include <string.h>
#include <unistd.h>

#include "helper/exchange/exchange.h"
#include "helper/exchange/json.h"
#include "helper/exchange/sandbox.h"

#define EXIT_USAGE  100
#define EXIT_SYSTEM 111

int
main(int argc, char **argv)
{
    int r;

    if (argc != 2 || !exchange_has_verb(argv[1]))
        return EXIT_USAGE;
    /* Only a login writes: into the cache. */
    if (sandbox_begin(strcmp(argv[1], "login") == 0) < 0)
        return EXIT_SYSTEM;
    json_init();
    r = exchange_run(argv[1], STDIN_FILENO, STDOUT_FILENO);
    /* At once: what OpenSSL would tidy up now ends with us. */
    _exit(r < 0 ? EXIT_SYSTEM : 0);
}
