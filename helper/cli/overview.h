/* SPDX-License-Identifier: MIT */
#ifndef CLI_OVERVIEW_H
#define CLI_OVERVIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/attr.h"
#include "common/secret.h"
#include "helper/cli/session.h"

/* What 'oidc-session status' shows. */
enum condition {
    CONDITION_ACTIVE,
    CONDITION_RETRYING, /* the token is there, but the last renewal failed */
    CONDITION_EXPIRED,
    CONDITION_LOGIN_REQUIRED,
    CONDITION_NONE, /* no tokens */
};

struct overview {
    const char *user;       /* of this host */
    struct session session; /* {0} for CONDITION_NONE without a keyring */
    enum condition condition;
    enum { RESIDENT_RUNNING, RESIDENT_GONE, RESIDENT_UNKNOWN } resident;
    int64_t now;
};

/* Pure: token is what session_token() returned for the access token. */
enum condition condition_of(const struct session *session, int token,
                            int64_t now);

/* Pure: the exit status for it. */
int condition_exit(enum condition condition);

/* For people; in colour, for a terminal that has some. */
void overview_print(const struct overview *overview, bool colour, FILE *out);

/*
 * For programs: append a JSON object, whose members are in oidc-session(1).  0,
 * -EMSGSIZE or -ENOMEM.
 */
int overview_json(const struct overview *overview,
                  struct secret *out) MUST_CHECK;

#endif
