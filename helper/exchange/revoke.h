/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_REVOKE_H
#define EXCHANGE_REVOKE_H

#include "common/attr.h"
#include "common/message.h"
#include "common/secret.h"
#include "helper/exchange/client.h"
#include "helper/exchange/exchange.h"
#include "helper/exchange/problem.h"

/*
 * Revoke tokens at the provider (RFC 7009), the refresh token first, because
 * with it new access tokens could still be had.  An empty one is left out.
 * Returns 0 when nothing more can be done, with a reason in *problem if the
 * provider refused; -EPROTO (OUTCOME_TRANSIENT) when it could not be asked; or
 * another negative errno.
 */
int revoke_tokens(const struct client *client, const struct secret *refresh,
                  const struct secret *access,
                  struct problem *problem) MUST_CHECK;

/* The verb.  0, -EPROTO or another negative errno. */
int revoke_run(struct exchange *exchange, const struct message *request,
               struct message *result) MUST_CHECK;

#endif
