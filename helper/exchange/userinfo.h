/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_USERINFO_H
#define EXCHANGE_USERINFO_H

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "common/secret.h"
#include "helper/exchange/client.h"
#include "helper/exchange/problem.h"

/*
 * Ask who the person is that an access token was issued for (OIDC Core 5.3).
 * subject is that of the ID token, whose answer it must be; NULL when there was
 * none (plain OAuth 2.0): then the answer's own sub is who it is.  An answer
 * without sub is never used; with another subject_claim than "sub", that one of
 * its claims becomes its sub first.  The answer is not signed: that it is the
 * provider's is known from TLS.
 *
 * Returns 0, -EPROTO or another negative errno.  The caller ends *out with
 * cJSON_Delete().
 */
int userinfo_fetch(const struct client *client,
                   const struct secret *access_token, const char *subject_claim,
                   const char *subject, cJSON **out,
                   struct problem *problem) MUST_CHECK;

#endif
