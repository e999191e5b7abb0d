/* SPDX-License-Identifier: MIT */
#ifndef COMMON_STATUS_H
#define COMMON_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/attr.h"
#include "common/secret.h"

/*
 * oidc:status, for people and scripts: lines of name=value.  Nothing in it is
 * secret.  Texts are printable ASCII; one that is empty and a time that is 0
 * are left out.
 */
struct status {
    enum state { STATE_ACTIVE, STATE_RETRYING, STATE_LOGIN_REQUIRED } state;
    int64_t since; /* when that state began: Unix time in seconds */
    char subject[256];
    char issuer[512];
    char scope[1024];
    int64_t renew_at;      /* likewise, as all that follow */
    char renew_reason[32]; /* why then: a name of helper/schedule.h */
    int64_t renewed_at;    /* when the present token was asked for */
    int64_t renewals;
    int64_t failures; /* in a row */
    char last_error[256];
    char last_error_class[16];  /* its outcome: a name of common/outcome.h */
    int64_t asked_at;           /* when the provider was last asked */
    int64_t unanswered_since;   /* since the first answer that was lost */
    int64_t not_before;         /* until when the provider wants no renewal */
    int64_t id_expires_at;      /* of the ID token */
    int64_t refresh_expires_at; /* of the refresh token; 0: not known */
    char warning[256];          /* what the user should do soon */
    int64_t helper_pid;
};

/* The word for it: "active", "retrying", "login_required". */
const char *state_name(enum state state);

/* Append the text.  0, -EMSGSIZE or -ENOMEM. */
int status_format(const struct status *status, struct secret *out) MUST_CHECK;

/*
 * Read it back.  Lines it does not know are passed over, so that an older
 * helper can follow a newer one.  0, or -EBADMSG.
 */
int status_parse(const char *text, struct status *out) MUST_CHECK;

/* Pure: a time so many seconds later; 0, which is none, stays 0. */
int64_t time_shift(int64_t at, int64_t seconds);

/*
 * Pure: the wall clock was set forwards by so many seconds (or back, when
 * negative): all times that are set move with it.
 */
void status_shift(struct status *status, int64_t seconds);

/*
 * Pure: whether somebody who comes back (unlocks the screen, resumes the
 * machine) is helped by a renewal at this Unix time: it is due, or the last one
 * failed.  Not when only a new login helps.
 */
bool status_wants_renewal(const struct status *status, int64_t now);

#endif
