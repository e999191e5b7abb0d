/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_OAUTH_H
#define EXCHANGE_OAUTH_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <curl/curl.h>

#include "common/attr.h"
#include "common/outcome.h"
#include "helper/exchange/form.h"
#include "helper/exchange/problem.h"

/* What came of one request, as far as it decides how to go on. */
struct oauth_answer {
    CURLcode code;         /* of the transport */
    bool sent;             /* the request may have reached the provider */
    long status;           /* of HTTP */
    bool json;             /* the body is a JSON object */
    char error[48];        /* OAuth error code, "" for none */
    char description[104]; /* error_description, fit to be shown */
    char detail[CURL_ERROR_SIZE]; /* the transport's words */
    int64_t retry_after;          /* seconds, 0 without one */
};

/*
 * The one place that decides what an answer means.  It is made for renewals: a
 * login calls OUTCOME_DEAD denied, and has no use for OUTCOME_AMBIGUOUS.
 *
 * transient      408, 429 and 5xx, whatever the body says, also when it was
 *                cut; an error whose name says so; a 2xx without JSON; and when
 *                the request was not sent, unless no waiting cures the cause
 * ambiguous      sent, but no answer came, or half of another one
 * misconfigured  an error of the client or the request by its name; 3xx, 404,
 *                405, 407 without one; not sent because of a certificate, the
 *                address, or what curl cannot do
 * dead           every other error by name, and every other 4xx without one
 */
enum outcome oauth_classify(const struct oauth_answer *answer);

/*
 * Read error and error_description from a body, cleaned and cut.  What repeats
 * a secret that went with the form is left out.
 */
void oauth_read_error(const cJSON *json, const struct form *form,
                      struct oauth_answer *out);

/*
 * Say what is wrong: what is what was asked ("the token endpoint"), host where.
 * The outcome is oauth_classify()'s; retry_after is the answer's if that is
 * transient, else 0.  Returns -EPROTO.
 */
int oauth_problem(const struct oauth_answer *answer, const char *what,
                  const char *host, struct problem *problem);

#endif
