/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_INTROSPECTION_H
#define EXCHANGE_INTROSPECTION_H

#include <stdint.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "common/secret.h"
#include "helper/exchange/client.h"
#include "helper/exchange/problem.h"
#include "helper/exchange/token.h"

/*
 * Ask whose an access token is and what for (RFC 7662), as providers without ID
 * tokens let one do.  subject is that of the ID token if there was one all the
 * same, else NULL.  Returns 0, -EPROTO or another negative errno.  The caller
 * ends *out with cJSON_Delete().
 */
int introspection_fetch(const struct client *client,
                        const struct secret *access_token, const char *subject,
                        cJSON **out, struct problem *problem) MUST_CHECK;

/*
 * The decision of it.  The token must be active, of this client and issuer, in
 * time, and of type bearer, each as far as the answer says it; and it must say
 * whose it is.  aud is not looked at: it names the services that take the
 * token, and we are none of them.  0 or -EPROTO.
 */
int introspection_check(const cJSON *answer, const struct settings *settings,
                        const char *subject, int64_t now,
                        struct problem *problem) MUST_CHECK;

/*
 * Ask until when a refresh token is good, where the settings say so and the
 * token endpoint has not said it.  It is good to know and nothing more: whatever
 * goes wrong, token->refresh_expires_at stays 0.  It is not asked when the
 * provider has been slow, because the caller does not wait for ever.
 */
void introspection_find_refresh_end(const struct client *client,
                                    struct token *token);

/*
 * The decision of it: a Unix time after now, or 0 when the answer does not say
 * that, or not of an active token of this client and issuer.
 */
int64_t introspection_read_refresh_end(const cJSON *answer,
                                       const struct settings *settings,
                                       int64_t now);

#endif
