/* SPDX-License-Identifier: MIT */
#ifndef CLI_LOOK_H
#define CLI_LOOK_H

#include <stdint.h>

#include "helper/cli/session.h"

/* Seconds: for what is late, or did not work. */
#define LOOK_AGAIN 10

/*
 * Pure: in how many seconds, from this Unix time on, 'oidc-session run' looks at
 * the tokens again: a moment after their renewal, when they expire, or soon when
 * the renewal is late.  Now and then in any case: somebody may have renewed
 * them before their time.  NULL: there is no session to look at.
 */
int64_t look_next(const struct session *session, int64_t now);

#endif
