/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_RENEW_H
#define EXCHANGE_RENEW_H

#include <stdint.h>

#include "common/attr.h"
#include "common/message.h"
#include "helper/exchange/exchange.h"

/*
 * Check the ID token of a renewal, if there is one: another issuer, client or
 * subject is OUTCOME_DEAD.  One that is only out of date is left out, because
 * that may be the fault of this host's clock.  0, -EPROTO or -ENOMEM.
 */
int renew_check(const struct settings *settings, int64_t now,
                struct token *token, struct problem *problem) MUST_CHECK;

/* The verb: RFC 6749 6.  0, -EPROTO or another negative errno. */
int renew_run(struct exchange *exchange, const struct message *request,
              struct message *result) MUST_CHECK;

#endif
