/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "helper/exchange/check.h"
#include "helper/exchange/exchange.h"
#include "helper/exchange/login.h"
#include "helper/exchange/renew.h"
#include "helper/exchange/revoke.h"
#include "helper/exchange/sandbox.h"

static const struct verb {
    const char *name;
    enum kind kind;
    int (*run)(struct exchange *exchange, const struct message *request,
               struct message *result);
} verbs[] = {
    {"login", KIND_LOGIN, login_run},
    {"renew", KIND_RENEW, renew_run},
    {"revoke", KIND_REVOKE, revoke_run},
    {"check", KIND_CHECK, check_run},
};

static const struct verb *
find_verb(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

bool
exchange_has_verb(const char *verb)
{
    return find_verb(verb) != NULL;
}

struct client
exchange_client(struct exchange *exchange)
{
    return (struct client){
        .http = &exchange->http,
        .settings = &exchange->settings,
    };
}

/* It writes nothing, and where it will connect to is known already. */
static void
confine(struct exchange *exchange)
{
    const struct settings *settings = &exchange->settings;
    uint16_t ports[SANDBOX_PORTS_MAX];

    cache_open(CACHE_PATH, settings->issuer, false, &exchange->cache);
    sandbox_enter(
        &(struct sandbox_files){.ca_file = settings->ca_file, .cache_dir = -1});
    sandbox_ports(ports, sandbox_ports_of(settings, ports));
}

int
exchange_resume(struct exchange *exchange, const struct message *request)
{
    int r;

    r = settings_decode(&request->field[FIELD_SETTINGS], &exchange->settings);
    if (r == -EBADMSG)
        return problem_set(
            &exchange->problem, OUTCOME_MISCONFIGURED,
            "the settings of this session are damaged; log out and in again");
    if (r < 0)
        return r;
    confine(exchange);
    return http_open(&exchange->http, &exchange->settings);
}

/* Nobody will use what was obtained.  Whether the provider knows that, too. */
static bool
discard(struct exchange *exchange, struct problem *problem)
{
    struct client client = exchange_client(exchange);
    int r = 0;

    if (!token_is_empty(&exchange->token))
        r = revoke_tokens(&client, &exchange->token.refresh,
                          &exchange->token.access, problem);
    return r == 0;
}

/*
 * A last look at what is said to the caller: whatever a stranger has put into a
 * name, a claim or an error, no secret of this exchange goes into a log.
 */
static void
hide_secrets(const struct exchange *exchange, const struct message *request,
             struct problem *problem)
{
    struct form said = {0};

    form_hide(&said, &exchange->settings.client_secret);
    form_hide(&said, &exchange->token.access);
    form_hide(&said, &exchange->token.refresh);
    form_hide(&said, &exchange->token.id);
    form_hide(&said, &exchange->token.proof);
    form_hide(&said, &request->field[FIELD_REFRESH_TOKEN]);
    form_hide(&said, &request->field[FIELD_ACCESS_TOKEN]);
    if (form_leaks(&said, problem->reason))
        (void) problem_set(problem, problem->outcome, /* returns -EPROTO */
                           "the reason is not shown: it repeats a secret");
    if (form_leaks(&said, problem->notice))
        problem_notice(problem, "The provider's answer cannot be used. Please "
                                "tell your administrator.");
    form_clear(&said);
}

static int
put_text(struct message *out, enum field field, const char *text)
{
    return *text != '\0' ? message_set_text(out, field, text) : 0;
}

/* outcome, and the words that go with it, also with a good one. */
static int
send_result(struct exchange *exchange, enum outcome outcome,
            struct message *result)
{
    const struct problem *problem = &exchange->problem;
    char sandbox[SANDBOX_REPORT];
    int r;

    result->kind = KIND_RESULT;
    r = message_set_text(result, FIELD_OUTCOME, outcome_name(outcome));
    if (r == 0)
        r = put_text(result, FIELD_REASON, problem->reason);
    if (r == 0)
        r = put_text(result, FIELD_NOTICE, problem->notice);
    if (r == 0 && problem->retry_after > 0)
        r = message_set_number(result, FIELD_RETRY_AFTER, problem->retry_after);
    if (r == 0)
        r = put_text(result, FIELD_SANDBOX, sandbox_report(sandbox));
    if (r == 0)
        r = message_send(exchange->caller.out, result);
    return r;
}

/* What was issued is not left behind.  The caller learns whether it is. */
static void
give_up(struct exchange *exchange, const struct message *request)
{
    struct problem *problem = &exchange->problem, left = {0};
    char reason[sizeof(problem->reason)];

    if (discard(exchange, &left))
        return;
    hide_secrets(exchange, request, &left);
    memcpy(reason, problem->reason, sizeof(reason));
    (void) problem_set(problem, problem->outcome, /* returns -EPROTO */
                       "%.700s; what it issued is not revoked: %.200s", reason,
                       left.reason);
}

static int
fail(struct exchange *exchange)
{
    struct message result = {0}; /* the verb's may be half done */
    int r;

    r = send_result(exchange, exchange->problem.outcome, &result);
    message_clear(&result);
    return r;
}

/*
 * What the caller does not have, nobody will use; what it has must live on.  A
 * provider may end a grant with its access token (RFC 7009 2.1), but whoever
 * stops between the two is about to end the session.
 */
static void
discard_rest(struct exchange *exchange, enum caller_has has)
{
    struct problem unheard = {0}; /* there is nobody to tell */

    if (has == CALLER_HAS_ALL || !exchange->settings.revoke)
        return;
    if (has == CALLER_HAS_REFRESH)
        secret_clear(&exchange->token.refresh);
    (void) discard(exchange, &unheard);
}

/* A login gives its tokens to a module, which stores all of them or none. */
static int
deliver(struct exchange *exchange, const struct verb *verb,
        struct message *result)
{
    enum caller_has has = CALLER_HAS_NOTHING;
    int r;

    r = send_result(exchange, OUTCOME_OK, result);
    if (token_is_empty(&exchange->token))
        return r;
    if (r == 0)
        has = caller_stored(&exchange->caller, verb->kind == KIND_RENEW);
    discard_rest(exchange, has);
    return r;
}

static int
serve(struct exchange *exchange, const struct verb *verb)
{
    struct message request = {0}, result = {0};
    struct problem unheard = {0};
    int r;

    r = caller_expect(&exchange->caller, verb->kind, &request);
    if (r == 0)
        r = verb->run(exchange, &request, &result);
    hide_secrets(exchange, &request, &exchange->problem);
    if (r == -EPROTO)
        give_up(exchange, &request);
    message_clear(&request);
    if (r == 0)
        r = deliver(exchange, verb, &result);
    else if (r == -EPROTO)
        r = fail(exchange);
    else /* no memory, or no caller: there is nobody to tell */
        (void) discard(exchange, &unheard);
    message_clear(&result);
    return r;
}

int
exchange_run(const char *verb, int in, int out)
{
    const struct verb *found = find_verb(verb);
    struct exchange exchange = {.caller = {.in = in, .out = out}};
    int r;

    if (found == NULL)
        return -EINVAL;
    r = serve(&exchange, found);
    token_clear(&exchange.token);
    http_close(&exchange.http);
    cache_close(&exchange.cache);
    settings_clear(&exchange.settings);
    caller_clear(&exchange.caller);
    return r;
}
