/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_CLIENT_H
#define EXCHANGE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "common/outcome.h"
#include "helper/exchange/form.h"
#include "helper/exchange/http.h"
#include "helper/exchange/oauth.h"
#include "helper/exchange/settings.h"

/* Us, at the provider: a handle, and what to say with it.  All borrowed. */
struct client {
    struct http *http;
    const struct settings *settings;
};

/* What an endpoint answered.  {0} is empty; the caller clears it. */
struct client_reply {
    struct oauth_answer answer;
    enum outcome outcome; /* oauth_classify(answer) */
    cJSON *json;          /* the body, or NULL when it is no JSON object */
    bool jwt;             /* it says that it is a signed or encrypted token */
    int64_t sent_at;      /* Unix time before the request was sent */
    int64_t fresh_for;    /* seconds from then on: freshness_lifetime() */
    int64_t date;         /* the provider's clock: freshness_date() */
};

/* Fetch a document.  0 when it was tried, or a negative errno. */
int client_get(const struct client *client, const char *url,
               struct client_reply *out) MUST_CHECK;

/*
 * Fetch what an access token gives a right to (RFC 6750 2.1).  It is one that
 * token_parse() took.  0 when it was tried, or a negative errno.
 */
int client_get_with(const struct client *client, const char *url,
                    const struct secret *access_token,
                    struct client_reply *out) MUST_CHECK;

/*
 * Post a form, with the client's authentication.  It is added to the form,
 * which is good for one request.  0 when it was tried, or a negative errno.
 */
int client_post(const struct client *client, const char *url, struct form *form,
                struct client_reply *out) MUST_CHECK;

/* oauth_problem() for a reply. */
int client_problem(const struct client_reply *reply, const char *what,
                   const char *url, struct problem *problem);

void client_reply_clear(struct client_reply *reply);

#endif
