/* SPDX-License-Identifier: MIT */
#ifndef CLI_DIALOGUE_H
#define CLI_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/attr.h"
#include "common/message.h"
#include "common/secret.h"

/*
 * A login by the device grant: what the exchange is asked, what it asks back,
 * and what the user sees on standard error meanwhile.
 */
struct dialogue {
    const char *user;   /* the local name */
    uid_t uid;          /* and number */
    const char *config; /* the path of the configuration */
    int signals;        /* signalfd of those that end the login */
    bool terminal;      /* standard error is one */
    /* The rest is the dialogue's own. */
    int to, from;    /* the exchange's standard input and output */
    bool first;      /* nothing has been received yet */
    bool prompted;   /* page and code have been shown */
    int64_t silence; /* CLOCK_BOOTTIME until which it has to say something */
    int64_t end;     /* the code's; 0: none is shown */
    bool shown;      /* there is a line of progress on the terminal */
};

/*
 * Pure: the line of progress so many seconds before the code ends.  Returns out,
 * whose size is at least 64.
 */
char *dialogue_progress(int64_t left, char *out, size_t size);

/*
 * Run the exchange with the bytes of the configuration until its RESULT.
 * Failures are told here.  Returns 0, and the exchange waits to hear that its
 * tokens are stored; -EINTR when a signal ended it, with its number in *signal;
 * or another negative errno.  The caller clears *result and calls
 * dialogue_end() in any case.
 */
int dialogue_run(struct dialogue *dialogue, const struct secret *config,
                 int *signal, struct message *result) MUST_CHECK;

/* Say that they are stored.  0, or a negative errno: then it revokes them. */
int dialogue_stored(const struct dialogue *dialogue) MUST_CHECK;

/* Hang up. */
void dialogue_end(struct dialogue *dialogue);

#endif
