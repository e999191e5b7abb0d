/* SPDX-License-Identifier: MIT */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <stdbool.h>
#include <sys/signalfd.h>

/* What is pure of 'oidc-session run'. */

/* The exit status for what waitpid(2) says of the command. */
int run_status(int status);

/* Whether the command has not got this signal of ours itself. */
bool run_forwards(const struct signalfd_siginfo *info);

#endif
