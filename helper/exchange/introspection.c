/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "helper/exchange/claims.h"
#include "helper/exchange/id_token.h"
#include "helper/exchange/introspection.h"
#include "helper/exchange/json.h"

#define WHAT "the introspection endpoint"

/* Not "true", not 1: only this one is what the RFC means. */
static bool
is_active(const cJSON *answer)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "active"));
}

/* A member that is there must be this text; *found is for the message. */
static bool
is_or_absent(const cJSON *answer, const char *name, const char *wanted,
             const char **found)
{
    *found = json_text(answer, name);
    if (cJSON_GetObjectItemCaseSensitive(answer, name) == NULL)
        return true;
    if (*found == NULL)
        *found = "";
    return strcmp(*found, wanted) == 0;
}

static int
check_origin(const cJSON *answer, const struct settings *settings,
             struct problem *problem)
{
    const char *found;

    if (!is_or_absent(answer, "client_id", settings->client_id, &found))
        return problem_set(problem, OUTCOME_DENIED,
                           WHAT " says that the token is of client '%.100s', "
                                "not of '%.100s'",
                           found, settings->client_id);
    if (!is_or_absent(answer, "iss", settings->issuer, &found))
        return problem_set(problem, OUTCOME_DENIED,
                           WHAT " says that the token is from '%.200s', not "
                                "from '%.200s'",
                           found, settings->issuer);
    return 0;
}

static int
check_type(const cJSON *answer, struct problem *problem)
{
    const char *type = json_text(answer, "token_type");

    if (cJSON_GetObjectItemCaseSensitive(answer, "token_type") == NULL
        || (type != NULL && strcasecmp(type, "bearer") == 0))
        return 0;
    return problem_set(problem, OUTCOME_DENIED,
                       WHAT " says that the token is of type '%.40s', not of "
                            "type 'bearer'",
                       type != NULL ? type : "");
}

static int
check_times(const cJSON *answer, int64_t now, struct problem *problem)
{
    int64_t exp = now, nbf = now; /* as if one that is absent were good */

    if (json_date(answer, "exp", &exp) == -EINVAL
        || json_date(answer, "nbf", &nbf) == -EINVAL)
        return problem_set(problem, OUTCOME_DENIED,
                           WHAT " gives the token an unusable end or start "
                                "(exp, nbf)");
    if (now >= exp + ID_TOKEN_LEEWAY)
        return problem_set(problem, OUTCOME_DENIED,
                           WHAT " says that the token expired %jd s ago (is "
                                "the clock of this host or of the provider "
                                "wrong?)",
                           (intmax_t) (now - exp));
    if (now < nbf - ID_TOKEN_LEEWAY)
        return problem_set(problem, OUTCOME_DENIED,
                           WHAT " says that the token is valid only in %jd s "
                                "(is the clock of this host or of the provider "
                                "wrong?)",
                           (intmax_t) (nbf - now));
    return 0;
}

int
introspection_check(const cJSON *answer, const struct settings *settings,
                    const char *subject, int64_t now, struct problem *problem)
{
    int r;

    if (!is_active(answer))
        return problem_set(problem, OUTCOME_DENIED,
                           WHAT " says that the token is not active (may this "
                                "client introspect its own tokens?)");
    r = check_origin(answer, settings, problem);
    if (r == 0)
        r = check_type(answer, problem);
    if (r == 0)
        r = check_times(answer, now, problem);
    if (r == 0)
        r = claims_check_subject(answer, WHAT, subject, problem);
    return r;
}

static int
ask(const struct client *client, const struct secret *token, const char *hint,
    struct client_reply *out)
{
    struct form form = {0};
    int r;

    r = form_add_secret(&form, "token", token);
    if (r == 0)
        r = form_add(&form, "token_type_hint", hint);
    if (r == 0)
        r = client_post(client, client->settings->introspection_endpoint, &form,
                        out);
    form_clear(&form);
    return r;
}

static int
judge(const struct client_reply *reply, const struct settings *settings,
      const char *subject, struct problem *problem)
{
    if (reply->jwt)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           WHAT " answered with a signed token, which is not "
                                "supported; at the provider, set this client's "
                                "introspection answers to JSON");
    if (reply->outcome != OUTCOME_OK)
        return client_problem(reply, WHAT, settings->introspection_endpoint,
                              problem);
    return introspection_check(reply->json, settings, subject, reply->sent_at,
                               problem);
}

int
introspection_fetch(const struct client *client,
                    const struct secret *access_token, const char *subject,
                    cJSON **out, struct problem *problem)
{
    struct client_reply reply = {0};
    int r;

    if (client->settings->introspection_endpoint == NULL)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "there is no introspection endpoint to ask for "
                           "claims: neither in the provider's metadata nor as "
                           "[provider] introspection_endpoint");
    r = ask(client, access_token, "access_token", &reply);
    if (r == 0)
        r = judge(&reply, client->settings, subject, problem);
    if (r == 0) {
        *out = reply.json;
        reply.json = NULL;
    }
    client_reply_clear(&reply);
    return r;
}

int64_t
introspection_read_refresh_end(const cJSON *answer,
                               const struct settings *settings, int64_t now)
{
    struct problem unsaid = {0}; /* nothing depends on it */
    int64_t end;

    if (!is_active(answer) || check_origin(answer, settings, &unsaid) < 0
        || json_date(answer, "exp", &end) < 0 || end <= now)
        return 0;
    return end;
}

/* Callers wait for a few requests; the first was for the tokens themselves. */
static bool
is_wanted(const struct settings *settings, const struct token *token)
{
    return settings->introspect_refresh
           && settings->introspection_endpoint != NULL && token->refresh.len > 0
           && token->refresh_expires_at == 0
           && time(NULL) - token->sent_at < settings->timeout;
}

void
introspection_find_refresh_end(const struct client *client, struct token *token)
{
    const struct settings *settings = client->settings;
    struct client_reply reply = {0};

    if (!is_wanted(settings, token))
        return;
    if (ask(client, &token->refresh, "refresh_token", &reply) == 0
        && reply.outcome == OUTCOME_OK && !reply.jwt)
        token->refresh_expires_at =
            introspection_read_refresh_end(reply.json, settings, reply.sent_at);
    client_reply_clear(&reply);
}
