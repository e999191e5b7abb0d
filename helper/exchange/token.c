/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "helper/exchange/json.h"
#include "helper/exchange/jwt.h"
#include "helper/exchange/token.h"

#define SCOPE_MAX 4096U

/* A body has at most 1 MiB, so this takes any token of it. */
#define BODY_MAX ((size_t) 1024 * 1024)

/* Two clocks that differ by more than a day: one of them shows no time. */
#define CLOCKS_APART INT64_C(86400)

static int
take(const cJSON *json, const char *name, struct secret *out)
{
    const char *text = json_text(json, name);

    return text != NULL ? secret_append_text(out, text, BODY_MAX) : 0;
}

static int
take_all(const cJSON *json, struct token *out)
{
    int r;

    r = take(json, "access_token", &out->access);
    if (r == 0)
        r = take(json, "refresh_token", &out->refresh);
    if (r == 0)
        r = take(json, "id_token", &out->id);
    if (r == 0)
        r = take(json, "scope", &out->scope);
    return r;
}

/* From first to '~': visible ASCII, with the space if first is that. */
static bool
is_ascii(const struct secret *text, char first)
{
    size_t i;

    for (i = 0; i < text->len; i++)
        if (text->data[i] < first || text->data[i] > '~')
            return false;
    return true;
}

static int
check(const char *name, const struct secret *token, struct problem *problem)
{
    if (token->len > TOKEN_MAX)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "the %s of %zu bytes does not fit into a key, "
                           "which holds %u",
                           name, token->len, TOKEN_MAX);
    if (!is_ascii(token, '!'))
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "the %s contains a space or a special character",
                           name);
    return 0;
}

/* Not just any text of the provider's: it might be the password. */
static const char *
type_shown(const char *type)
{
    static const char *const known[] = {"mac", "DPoP", "pop", "N_A"};
    size_t i;

    for (i = 0; type != NULL && i < ARRAY_LEN(known); i++)
        if (strcasecmp(known[i], type) == 0)
            return known[i];
    return type == NULL ? "" : "unknown";
}

static int
check_type(const cJSON *json, struct problem *problem)
{
    const char *type = json_text(json, "token_type");

    if (type != NULL && strcasecmp(type, "bearer") == 0)
        return 0;
    return problem_set(problem, OUTCOME_MISCONFIGURED,
                       "the provider issued a token of type '%s', not of "
                       "type 'bearer'",
                       type_shown(type));
}

static int
check_all(const cJSON *json, const struct token *token, struct problem *problem)
{
    int r;

    if (token->access.len == 0)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "the token endpoint's answer has no access_token");
    r = check_type(json, problem);
    if (r == 0)
        r = check("access token", &token->access, problem);
    if (r == 0)
        r = check("refresh token", &token->refresh, problem);
    if (r == 0)
        r = check("ID token", &token->id, problem);
    return r;
}

/* Both are of the provider's clock, unless iat cannot be meant. */
static int64_t
span(const cJSON *claims, int64_t sent_at)
{
    int64_t begin, end;

    if (json_date(claims, "exp", &end) < 0)
        return 0;
    if (json_date(claims, "iat", &begin) < 0 || begin < sent_at - CLOCKS_APART
        || begin > sent_at + CLOCKS_APART)
        begin = sent_at;
    return end - begin;
}

/* Of an access token that is a JWT; 0 or less when it does not say. */
static int64_t
jwt_lifetime(const struct secret *access, int64_t sent_at)
{
    struct problem ignored; /* it may be anything */
    struct jwt jwt = {0};
    int64_t seconds = 0;

    if (jwt_decode(access, &jwt, &ignored) == 0)
        seconds = span(jwt.payload, sent_at);
    jwt_clear(&jwt);
    return seconds;
}

/* 0 and less is no lifetime: some mean "for ever" by it, and nobody "now". */
static int64_t
lifetime(const cJSON *json, const struct secret *access, int64_t sent_at,
         int64_t unsaid)
{
    int64_t seconds;

    if (json_seconds(json, "expires_in", &seconds) == 0 && seconds > 0)
        return seconds;
    seconds = jwt_lifetime(access, sent_at);
    if (seconds <= 0)
        return unsaid > 0 ? unsaid : TOKEN_LIFETIME_DEFAULT;
    return seconds < JSON_SECONDS_MAX ? seconds : JSON_SECONDS_MAX;
}

/* Of the refresh token; 0 stands for one without an end that is known. */
static int64_t
refresh_end(const cJSON *json, int64_t sent_at)
{
    static const char *const names[] = {
        "refresh_expires_in",       /* Keycloak */
        "refresh_token_expires_in", /* GitHub, Entra ID */
    };
    int64_t seconds;
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++)
        if (json_seconds(json, names[i], &seconds) == 0 && seconds > 0)
            return sent_at + seconds;
    return 0;
}

int
token_parse(const cJSON *json, int64_t sent_at, int64_t unsaid,
            struct token *out, struct problem *problem)
{
    int r;

    r = take_all(json, out);
    if (r == 0)
        r = check_all(json, out, problem);
    if (r < 0)
        return r;
    if (out->scope.len > SCOPE_MAX || !is_ascii(&out->scope, ' '))
        secret_clear(&out->scope); /* it is only shown */
    out->sent_at = sent_at;
    out->expires_at = sent_at + lifetime(json, &out->access, sent_at, unsaid);
    out->refresh_expires_at = refresh_end(json, sent_at);
    return 0;
}

bool
token_is_empty(const struct token *token)
{
    return token->access.len == 0 && token->refresh.len == 0;
}

static int
put(struct message *out, enum field field, const struct secret *value)
{
    if (value->len == 0)
        return 0;
    return message_set(out, field, value->data, value->len);
}

int
token_put(const struct token *token, struct message *out)
{
    int r;

    r = put(out, FIELD_ACCESS_TOKEN, &token->access);
    if (r == 0)
        r = put(out, FIELD_REFRESH_TOKEN, &token->refresh);
    if (r == 0)
        r = put(out, FIELD_ID_TOKEN, &token->id);
    if (r == 0)
        r = put(out, FIELD_SCOPE, &token->scope);
    if (r == 0)
        r = message_set_number(out, FIELD_EXPIRES_AT, token->expires_at);
    if (r == 0)
        r = message_set_number(out, FIELD_RENEWED_AT, token->sent_at);
    if (r == 0 && token->id.len > 0)
        r = message_set_number(out, FIELD_ID_EXPIRES_AT, token->id_expires_at);
    if (r == 0 && token->refresh_expires_at > 0)
        r = message_set_number(out, FIELD_REFRESH_EXPIRES_AT,
                               token->refresh_expires_at);
    return r;
}

void
token_clear(struct token *token)
{
    secret_clear(&token->access);
    secret_clear(&token->refresh);
    secret_clear(&token->id);
    secret_clear(&token->scope);
    secret_clear(&token->proof);
    token->sent_at = token->expires_at = token->id_expires_at = 0;
    token->refresh_expires_at = 0;
}
