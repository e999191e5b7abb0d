/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <time.h>

#include <openssl/crypto.h>

#include "helper/exchange/identity.h"
#include "helper/exchange/introspection.h"
#include "helper/exchange/renew.h"

static int
make_form(const struct settings *settings, const struct secret *refresh,
          struct form *out)
{
    int r;

    r = form_add(out, "grant_type", "refresh_token");
    if (r == 0)
        r = form_add_secret(out, "refresh_token", refresh);
    if (r == 0)
        r = form_add_optional(out, "audience", settings->audience);
    if (r == 0)
        r = form_add_words(out, "resource", settings->resource);
    return r;
}

static bool
is_same(const struct secret *a, const struct secret *b)
{
    return a->len == b->len && a->len > 0
           && CRYPTO_memcmp(a->data, b->data, a->len) == 0;
}

static int
refresh(struct exchange *exchange, const struct secret *refresh_token)
{
    struct client client = exchange_client(exchange);
    const char *url = exchange->settings.token_endpoint;
    struct problem *problem = &exchange->problem;
    struct client_reply reply = {0};
    struct form form = {0};
    int r;

    r = make_form(&exchange->settings, refresh_token, &form);
    if (r == 0)
        r = client_post(&client, url, &form, &reply);
    if (r == 0 && reply.outcome != OUTCOME_OK)
        r = client_problem(&reply, "the token endpoint", url, problem);
    if (r == 0)
        r = token_parse(reply.json, reply.sent_at,
                        exchange->settings.default_lifetime, &exchange->token,
                        problem);
    /* The same again is no new one.  It is not ours to revoke: it is stored. */
    if (is_same(&exchange->token.refresh, refresh_token))
        secret_clear(&exchange->token.refresh);
    client_reply_clear(&reply);
    form_clear(&form);
    return r;
}

int
renew_run(struct exchange *exchange, const struct message *request,
          struct message *result)
{
    struct client client = exchange_client(exchange);
    int r;

    if (request->field[FIELD_REFRESH_TOKEN].len == 0)
        return -EBADMSG;
    r = exchange_resume(exchange, request);
    if (r == 0)
        r = refresh(exchange, &request->field[FIELD_REFRESH_TOKEN]);
    if (r == 0)
        r = identity_check_renewal(exchange, time(NULL));
    if (r < 0)
        return r;
    introspection_find_refresh_end(&client, &exchange->token);
    return token_put(&exchange->token, result);
}
