/* SPDX-License-Identifier: MIT */
/*
 * oidc-session: what a user does with the tokens of their session.  It has no
 * privilege: it reads the keyring that the session can read anyway, and sends
 * signals to the helper, which has the user's uid.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "helper/cli/command.h"
#include "helper/cli/report.h"
#include "helper/cli/usage.h"

/* In the order in which a newcomer needs them. */
static const struct command {
    const char *name;
    const char *help;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"status", "show whose tokens this session has, and how they fare",
     command_status},
    {"token", "print the access token, renewed first if it must be",
     command_token},
    {"renew", "renew the tokens now", command_renew},
    {"login", "log in at the provider, when the session has no tokens",
     command_login},
    {"run", "run a command with a file that always has a fresh token",
     command_run},
    {"logout", "remove the tokens of this session and revoke them",
     command_logout},
    {"check", "for administrators: find what is wrong with the set-up",
     command_check},
};

static void
help(void)
{
    size_t i;

    (void) puts("Usage: oidc-session COMMAND [OPTION]...\n"
                "Use the OpenID Connect tokens of this login session.\n"
                "\n"
                "Commands:");
    for (i = 0; i < ARRAY_LEN(commands); i++)
        (void) printf("  %-9s %s\n", commands[i].name, commands[i].help);
    (void) puts(
        "\n"
        "Options:\n"
        "  --help     show this, or with a command what it takes\n"
        "  --version  show the version\n"
        "\n"
        "Exit status: 0 done, or there is a token; 1 no token; 2 expired or a\n"
        "login is required; 3 failed; 64 wrong usage.\n"
        "More in oidc-session(1).");
}

/*
 * Tokens are in our memory for a moment, or while the helper renews them.  What
 * we execute is looked at as before.
 */
static int
harden(void)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
        return COMMAND_OK;
    report("cannot protect this process: %s", strerror(errno));
    return COMMAND_FAILED;
}

/* Returns a command's place; or NULL with the exit status in *status. */
static const struct command *
find_command(int argc, char **argv, int *status)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    size_t i;

    *status = COMMAND_OK;
    switch (usage_option(argc, argv, "+hV", options)) {
    case -1:
        break;
    case 'h':
        help();
        return NULL;
    case 'V':
        (void) puts("oidc-session (" PACKAGE_NAME ") " PACKAGE_VERSION);
        return NULL;
    default:
        *status = usage_hint(NULL);
        return NULL;
    }
    if (optind >= argc) {
        *status = usage_error(NULL, "a command is missing");
        return NULL;
    }
    for (i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, argv[optind]) == 0)
            return &commands[i];
    *status = usage_error(NULL, "there is no command '%s'", argv[optind]);
    return NULL;
}

int
main(int argc, char **argv)
{
    const struct command *command;
    int status, first;

    command = find_command(argc, argv, &status);
    if (command != NULL)
        status = harden();
    if (command != NULL && status == COMMAND_OK) {
        first = optind;
        optind = 0; /* the beginning of another list */
        status = command->run(argc - first, argv + first);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        report("cannot write to standard output: %s", strerror(errno));
        return COMMAND_FAILED;
    }
    return status;
}
