/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "helper/exchange/password.h"

static int
make_form(const struct settings *settings, const char *scope, const char *user,
          const struct secret *password, struct form *out)
{
    int r;

    r = form_add(out, "grant_type", "password");
    if (r == 0)
        r = form_add(out, "username", user);
    if (r == 0)
        r = form_add_secret(out, "password", password);
    if (r == 0)
        r = form_add(out, "scope", scope);
    if (r == 0)
        r = form_add_optional(out, "audience", settings->audience);
    if (r == 0)
        r = form_add_words(out, "resource", settings->resource);
    return r;
}

/* invalid_grant is the provider's word for it; the user needs a clearer one. */
static int
refused(const struct client_reply *reply, const char *url,
        struct problem *problem)
{
    if (strcmp(reply->answer.error, "invalid_grant") != 0
        || reply->outcome != OUTCOME_DEAD)
        return client_problem(reply, "the token endpoint", url, problem);
    return problem_set(problem, OUTCOME_WRONG_PASSWORD,
                       "user name or password is wrong");
}

static int
exchange(const struct client *client, const char *scope, const char *user,
         const struct secret *password, struct token *out,
         struct problem *problem)
{
    const char *url = client->settings->token_endpoint;
    struct client_reply reply = {0};
    struct form form = {0};
    int r;

    r = make_form(client->settings, scope, user, password, &form);
    if (r == 0)
        r = client_post(client, url, &form, &reply);
    if (r == 0 && reply.outcome != OUTCOME_OK)
        r = refused(&reply, url, problem);
    if (r == 0)
        r = token_parse(reply.json, reply.sent_at,
                        client->settings->default_lifetime, out, problem);
    client_reply_clear(&reply);
    form_clear(&form);
    return r;
}

int
password_run(const struct client *client, const char *scope, const char *user,
             struct caller *caller, struct token *out, struct problem *problem)
{
    const struct message question = {.kind = KIND_NEED_PASSWORD};
    struct message answer = {0};
    int r;

    r = caller_ask(caller, &question, KIND_PASSWORD, &answer);
    if (r == 0 && answer.field[FIELD_PASSWORD].len == 0)
        r = problem_set(problem, OUTCOME_WRONG_PASSWORD,
                        "no password was given");
    if (r == 0)
        r = exchange(client, scope, user, &answer.field[FIELD_PASSWORD], out,
                     problem);
    out->proof = answer.field[FIELD_PASSWORD];
    answer.field[FIELD_PASSWORD] = (struct secret){0};
    message_clear(&answer);
    return r;
}
