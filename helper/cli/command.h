/* SPDX-License-Identifier: MIT */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/*
 * The commands of oidc-session, one function each.  argv[0] is the command's
 * name, so that its options begin at argv[1]; getopt is at its beginning.  Each
 * writes what was asked for to standard output, why it failed to standard
 * error (helper/cli/report.h), and returns the exit status.
 */
enum command_exit {
    COMMAND_OK = 0,       /* done; there is a token */
    COMMAND_NO_TOKEN = 1, /* this session has none */
    COMMAND_EXPIRED = 2,  /* it has expired, or only a new login helps */
    COMMAND_FAILED = 3,   /* the system or the provider refused something */
    COMMAND_USAGE = 64,   /* EX_USAGE of sysexits.h */
};

int command_check(int argc, char **argv);
int command_login(int argc, char **argv);
int command_logout(int argc, char **argv);
int command_renew(int argc, char **argv);
int command_run(int argc, char **argv);
int command_status(int argc, char **argv);
int command_token(int argc, char **argv);

#endif
