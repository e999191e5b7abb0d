/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "helper/exchange/revoke.h"

#define WHAT "the revocation endpoint"

static int
post(const struct client *client, const struct secret *token, const char *hint,
     struct client_reply *out)
{
    struct form form = {0};
    int r;

    r = form_add_secret(&form, "token", token);
    if (r == 0)
        r = form_add(&form, "token_type_hint", hint);
    if (r == 0)
        r = client_post(client, client->settings->revocation_endpoint, &form,
                        out);
    form_clear(&form);
    return r;
}

/* Whether asking again later may help.  The body does not matter (2.2). */
static bool
is_transient(const struct client_reply *reply)
{
    if (reply->answer.code != CURLE_OK)
        return true;
    return reply->outcome == OUTCOME_TRANSIENT && reply->answer.status >= 400;
}

/*
 * A token that is no good any more need not be revoked: RFC 7009 2.2 answers
 * 200, Google 400, so that of the access token whose grant has just ended.
 */
static bool
is_gone(const struct client_reply *reply)
{
    return reply->answer.code == CURLE_OK && reply->answer.status == 400
           && strcmp(reply->answer.error, "invalid_token") == 0;
}

static bool
is_done(const struct client_reply *reply)
{
    if (is_gone(reply))
        return true;
    return reply->answer.code == CURLE_OK && reply->answer.status >= 200
           && reply->answer.status <= 299 && reply->answer.error[0] == '\0';
}

/* A refusal is for the log; not being able to ask matters more. */
static int
judge(const struct client_reply *reply, const char *url,
      struct problem *problem)
{
    struct problem own = {0};

    if (is_done(reply))
        return 0;
    (void) client_problem(reply, WHAT, url, &own); /* always -EPROTO */
    if (is_transient(reply))
        own.outcome = OUTCOME_TRANSIENT;
    if (is_transient(reply) || problem->reason[0] == '\0')
        *problem = own;
    return is_transient(reply) ? -EPROTO : 0;
}

/* *reached says whether the provider answered at all. */
static int
revoke_one(const struct client *client, const struct secret *token,
           const char *hint, bool *reached, struct problem *problem)
{
    struct client_reply reply = {0};
    int r;

    if (token->len == 0)
        return 0;
    r = post(client, token, hint, &reply);
    if (r == 0) {
        *reached = reply.answer.code == CURLE_OK;
        r = judge(&reply, client->settings->revocation_endpoint, problem);
    }
    client_reply_clear(&reply);
    return r;
}

int
revoke_tokens(const struct client *client, const struct secret *refresh,
              const struct secret *access, struct problem *problem)
{
    bool reached = true;
    int first, second = 0;

    if (client->settings->revocation_endpoint == NULL) {
        (void) problem_set(problem, OUTCOME_OK, /* not a failure */
                           "the provider has no revocation endpoint");
        return 0;
    }
    first = revoke_one(client, refresh, "refresh_token", &reached, problem);
    if (reached)
        second = revoke_one(client, access, "access_token", &reached, problem);
    return first < 0 ? first : second;
}

int
revoke_run(struct exchange *exchange, const struct message *request,
           struct message *result UNUSED)
{
    struct client client = exchange_client(exchange);
    int r;

    r = exchange_resume(exchange, request);
    if (r < 0)
        return r;
    return revoke_tokens(&client, &request->field[FIELD_REFRESH_TOKEN],
                         &request->field[FIELD_ACCESS_TOKEN],
                         &exchange->problem);
}
