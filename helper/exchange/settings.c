/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "common/text.h"
#include "helper/exchange/json.h"
#include "helper/exchange/settings.h"
#include "helper/exchange/url.h"

static const char *const auth_names[AUTH_COUNT] = {
    [AUTH_NONE] = "none",
    [AUTH_BASIC] = "client_secret_basic",
    [AUTH_POST] = "client_secret_post",
};

/* clang-format off */
#define TEXT(field, required) \
    { #field, offsetof(struct settings, field), required }
/* clang-format on */

/* Every text: cleared, written and read by this table. */
static const struct text {
    const char *name;
    size_t offset;
    bool required;
} texts[] = {
    TEXT(issuer, true),
    TEXT(subject, true),
    TEXT(client_id, true),
    TEXT(audience, false),
    TEXT(resource, false),
    TEXT(ca_file, false),
    TEXT(proxy, false),
    TEXT(token_endpoint, true),
    TEXT(device_authorization_endpoint, false),
    TEXT(revocation_endpoint, false),
    TEXT(jwks_uri, false),
    TEXT(userinfo_endpoint, false),
    TEXT(introspection_endpoint, false),
    TEXT(signing_algorithms, false),
};

static char **
field_of(struct settings *settings, const struct text *text)
{
    return (char **) (void *) ((char *) settings + text->offset);
}

static const char *
value_of(const struct settings *settings, const struct text *text)
{
    return *(char *const *) (const void *) ((const char *) settings
                                            + text->offset);
}

const char *
auth_name(enum auth auth)
{
    return auth_names[auth];
}

int
auth_parse(const char *name, enum auth *out)
{
    int i;

    for (i = 0; i < AUTH_COUNT; i++) {
        if (strcmp(auth_names[i], name) == 0) {
            *out = (enum auth) i;
            return 0;
        }
    }
    return -EINVAL;
}

static bool
add_text(cJSON *json, const char *name, const char *value)
{
    return value == NULL || cJSON_AddStringToObject(json, name, value) != NULL;
}

static bool
fill(const struct settings *settings, cJSON *json)
{
    const char *secret = NULL;
    size_t i;

    if (settings->client_secret.len > 0)
        secret = secret_text(&settings->client_secret);
    for (i = 0; i < ARRAY_LEN(texts); i++)
        if (!add_text(json, texts[i].name, value_of(settings, &texts[i])))
            return false;
    return add_text(json, "client_secret", secret)
           && add_text(json, "client_auth", auth_name(settings->auth))
           && cJSON_AddNumberToObject(json, "timeout",
                                      (double) settings->timeout)
           && cJSON_AddNumberToObject(json, "default_lifetime",
                                      (double) settings->default_lifetime)
           && cJSON_AddBoolToObject(json, "insecure_http",
                                    settings->insecure_http)
           && cJSON_AddBoolToObject(json, "revoke", settings->revoke)
           && cJSON_AddBoolToObject(json, "introspect_refresh",
                                    settings->introspect_refresh);
}

int
settings_encode(const struct settings *settings, struct secret *out)
{
    cJSON *json = cJSON_CreateObject();
    int r = -ENOMEM;

    if (json != NULL && fill(settings, json))
        r = json_print(json, TOKEN_MAX, out); /* it is kept in a key, too */
    cJSON_Delete(json);
    return r;
}

static int
read_texts(const cJSON *json, struct settings *out)
{
    const char *value;
    char **field;
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++) {
        value = json_text(json, texts[i].name);
        field = field_of(out, &texts[i]);
        if (value == NULL && texts[i].required)
            return -EBADMSG;
        if (value != NULL && text_copy(value, field) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* One that is absent is older than that, and means no. */
static bool
read_flag(const cJSON *json, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, name));
}

static int
read_rest(const cJSON *json, struct settings *out)
{
    const char *auth = json_text(json, "client_auth");
    const char *secret = json_text(json, "client_secret");

    if (auth == NULL || auth_parse(auth, &out->auth) < 0
        || (out->auth != AUTH_NONE && secret == NULL)
        || json_seconds(json, "timeout", &out->timeout) < 0
        || out->timeout == 0)
        return -EBADMSG;
    /* Absent from what an older exchange made: then it stays 0. */
    if (json_seconds(json, "default_lifetime", &out->default_lifetime)
        == -EINVAL)
        return -EBADMSG;
    out->insecure_http = read_flag(json, "insecure_http");
    out->revoke = read_flag(json, "revoke");
    out->introspect_refresh = read_flag(json, "introspect_refresh");
    if (secret == NULL)
        return 0;
    return secret_append_text(&out->client_secret, secret, TOKEN_MAX);
}

/* An exchange made them, perhaps one that a stranger had taken over. */
static bool
urls_are_good(const struct settings *settings)
{
    const char *const urls[] = {
        settings->token_endpoint,      settings->device_authorization_endpoint,
        settings->revocation_endpoint, settings->jwks_uri,
        settings->userinfo_endpoint,   settings->introspection_endpoint,
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(urls); i++)
        if (urls[i] != NULL
            && url_check(urls[i], settings->insecure_http) != NULL)
            return false;
    return true;
}

int
settings_decode(const struct secret *text, struct settings *out)
{
    cJSON *json = NULL;
    int r;

    r = json_parse(text->data, text->len, &json);
    if (r == 0)
        r = read_texts(json, out);
    if (r == 0)
        r = read_rest(json, out);
    if (r == 0
        && (!urls_are_good(out)
            /* Keys are for some algorithms, or nothing could be compared. */
            || (out->jwks_uri != NULL && out->signing_algorithms == NULL)))
        r = -EBADMSG;
    cJSON_Delete(json);
    return r;
}

void
settings_clear(struct settings *settings)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++)
        free(*field_of(settings, &texts[i]));
    secret_clear(&settings->client_secret);
    *settings = (struct settings){0};
}
