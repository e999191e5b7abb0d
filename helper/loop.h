/* SPDX-License-Identifier: MIT */
#ifndef HELPER_LOOP_H
#define HELPER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <keyutils.h>

#include "common/attr.h"
#include "common/margin.h"
#include "common/status.h"
#include "helper/request.h"
#include "helper/schedule.h"
#include "helper/state.h"
#include "helper/tokens.h"

/* The resident helper, all of it.  Nothing in here is secret while it waits. */
struct helper {
    const char *user;     /* for the log */
    int signals;          /* signalfd */
    int timer;            /* of helper/clock.h: a suspended laptop renews */
    int clock;            /* likewise: the wall clock was set; -1: none */
    int login;            /* pidfd of the login program; -1 once it has died */
    pid_t login_pid;      /* and its number; /proc does not tell us */
    key_serial_t session; /* the session's keyring; 0: not known */
    enum phase phase;
    bool reload;
    bool keeping;                /* the timer is for a key, not for a renewal */
    bool replay;                 /* the renewal under way is one once more */
    bool status_failed;          /* it could not be written, which is logged */
    bool sandbox_told;           /* once for each session is enough */
    bool last;                   /* there is no refresh token */
    struct margin before_expiry; /* of the settings, when they were last read */
    int64_t patience;      /* clock_awake() until which an exchange may take */
    int64_t failing_since; /* clock_awake() of the first failure in a row */
    int64_t clock_offset;  /* as it was when the times here were right */
    struct tokens tokens;
    struct request request;
    int64_t expires_at;          /* of the access token: Unix time in seconds */
    enum schedule_reason reason; /* of renew_at in the status */
    struct status status;
};

/*
 * Find the tokens, set the timer by their status or anew, say so in the status.
 * 0; -EKEYREVOKED when the session is over; or another negative errno.
 */
int loop_begin(struct helper *helper) MUST_CHECK;

/*
 * One poll() for every event, until the session's tokens are gone: because it
 * is over, or because the grant is.  Returns 0, 1 when the program must be
 * executed anew, or a negative errno.
 */
int loop_run(struct helper *helper) MUST_CHECK;

/* End the session's tokens, whatever the phase. */
void loop_end(struct helper *helper);

#endif
