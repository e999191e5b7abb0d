/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_EXCHANGE_H
#define EXCHANGE_EXCHANGE_H

#include <stdbool.h>

#include "common/attr.h"
#include "common/message.h"
#include "helper/exchange/cache.h"
#include "helper/exchange/caller.h"
#include "helper/exchange/client.h"
#include "helper/exchange/http.h"
#include "helper/exchange/problem.h"
#include "helper/exchange/settings.h"
#include "helper/exchange/token.h"

/* All that a verb works on.  {0} is right to begin with. */
struct exchange {
    struct caller caller;
    struct settings settings;
    struct http http;
    struct cache cache; /* of the settings' issuer */
    struct token token; /* obtained: revoked as far as nobody stores it */
    struct problem problem;
};

/*
 * Take the settings that a login made, for another exchange, and open http.
 * 0, -EPROTO when they are damaged, or another negative errno.
 */
int exchange_resume(struct exchange *exchange,
                    const struct message *request) MUST_CHECK;

/* The client that speaks with these settings. */
struct client exchange_client(struct exchange *exchange);

/*
 * Serve one request from in and answer to out, as common/message.h says; verb
 * ("login", "renew", "revoke", "check") is the kind that is expected.  Returns 0 when a
 * RESULT was delivered, -EINVAL for an unknown verb, or another negative errno.
 */
int exchange_run(const char *verb, int in, int out) MUST_CHECK;

/* Whether there is such a verb. */
bool exchange_has_verb(const char *verb);

#endif
