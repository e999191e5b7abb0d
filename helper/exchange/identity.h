/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_IDENTITY_H
#define EXCHANGE_IDENTITY_H

#include <stdint.h>

#include "common/attr.h"
#include "helper/exchange/config.h"
#include "helper/exchange/exchange.h"

/*
 * Whose the tokens are that an exchange has obtained: ID token, userinfo and
 * introspection, put together.
 */

/*
 * At a login: verify what the configuration says the claims come from, and that
 * they are this local user's.  The subject becomes that of the settings; an ID
 * token that was not verified is forgotten.  0, -EPROTO or another negative
 * errno.
 */
int identity_check_login(struct exchange *exchange, const struct config *config,
                         const char *user, int64_t uid, int64_t now) MUST_CHECK;

/*
 * At a renewal: an ID token must be the provider's and of the same subject,
 * otherwise the problem is OUTCOME_DEAD.  One that cannot be verified now, or
 * has the wrong time, is forgotten: the session keeps the one it has.  0,
 * -EPROTO or another negative errno.
 */
int identity_check_renewal(struct exchange *exchange, int64_t now) MUST_CHECK;

#endif
