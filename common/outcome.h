/* SPDX-License-Identifier: MIT */
#ifndef COMMON_OUTCOME_H
#define COMMON_OUTCOME_H

#include "common/attr.h"

/* How an exchange ended: what the module and the helper decide by. */
enum outcome {
    OUTCOME_OK,
    OUTCOME_TRANSIENT, /* not reached, overloaded: the same may work later */
    OUTCOME_AMBIGUOUS, /* sent, no answer: it may have been carried out */
    OUTCOME_DEAD,      /* the grant is over: only a new login helps */
    OUTCOME_MISCONFIGURED,  /* an administrator must act: client, scope, TLS */
    OUTCOME_DENIED,         /* login: refused by the user or by a check */
    OUTCOME_EXPIRED,        /* login: nobody approved in time */
    OUTCOME_WRONG_PASSWORD, /* login: another try may do better */
    OUTCOME_COUNT
};

/* The word for it on the wire and in logs: "ok", "transient", … */
const char *outcome_name(enum outcome outcome);

/* Returns 0, or -EINVAL for an unknown word. */
int outcome_parse(const char *name, enum outcome *out) MUST_CHECK;

#endif
