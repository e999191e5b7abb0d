/* SPDX-License-Identifier: MIT */
/* A command of oidc-session in a unit test: what it prints and returns. */
#ifndef TESTS_LIB_CLI_H
#define TESTS_LIB_CLI_H

struct cli {
    int status;
    char out[16384];
    char err[4096];
};

/* Run it with these arguments; NULL ends them, and the first is its name. */
void cli_run(int (*command)(int argc, char **argv), const char *const *argv,
             struct cli *result);

/* The same of what is no command. */
void cli_capture(int (*function)(void *data), void *data, struct cli *result);

#endif
