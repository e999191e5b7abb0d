/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/evp.h>

#include "common/text.h"
#include "helper/exchange/client.h"
#include "helper/exchange/json.h"
#include "helper/exchange/url.h"

#define HEADER_MAX ((size_t) 64 * 1024)
#define HOST_MAX   256

static int
append_base64(const struct secret *data, struct secret *out)
{
    int r;

    if (data->len > HEADER_MAX)
        return -EMSGSIZE;
    r = secret_reserve(out, (data->len + 2) / 3 * 4);
    if (r < 0)
        return r;
    /* It ends in the NUL for which secret_reserve() has left room. */
    r = EVP_EncodeBlock(out->data + out->len, data->data, (int) data->len);
    out->len += (size_t) r;
    return 0;
}

/* RFC 6749 2.3.1: both are form-encoded before they are joined. */
static int
make_basic(const struct settings *settings, struct secret *out)
{
    struct secret pair = {0};
    int r;

    r = form_encode(settings->client_id, strlen(settings->client_id), &pair);
    if (r == 0)
        r = secret_append(&pair, ":", 1, HEADER_MAX);
    if (r == 0)
        r = form_encode(settings->client_secret.data,
                        settings->client_secret.len, &pair);
    if (r == 0)
        r = secret_append_text(out, "Basic ", HEADER_MAX);
    if (r == 0)
        r = append_base64(&pair, out);
    secret_clear(&pair);
    return r;
}

static int
authenticate(const struct settings *settings, struct form *form,
             struct secret *header)
{
    int r;

    if (settings->auth == AUTH_BASIC) {
        form_hide(form, &settings->client_secret);
        return make_basic(settings, header);
    }
    r = form_add(form, "client_id", settings->client_id);
    if (r == 0 && settings->auth == AUTH_POST)
        r = form_add_secret(form, "client_secret", &settings->client_secret);
    return r;
}

/* application/jwt (OIDC Core 5.3.2), …/token-introspection+jwt (RFC 9701) */
static bool
is_jwt(const char *type)
{
    size_t len = strcspn(type, "; ");

    return len >= 4
           && (strncasecmp(type + len - 4, "/jwt", 4) == 0
               || strncasecmp(type + len - 4, "+jwt", 4) == 0);
}

/*
 * Half an answer that passes for a whole one, because nobody said how long it
 * is: curl does not insist on the word of TLS that nothing more comes.
 */
static bool
is_cut(const struct http_reply *http)
{
    const uint8_t *data = http->body.data;
    size_t i = 0;

    while (i < http->body.len && strchr(" \t\r\n", data[i]) != NULL)
        i++;
    return !http->measured && i < http->body.len && data[i] == '{';
}

static void
read_reply(const struct http_reply *http, const struct form *form,
           struct client_reply *out)
{
    struct oauth_answer *answer = &out->answer;

    answer->code = http->code;
    answer->sent = http->sent;
    answer->status = http->status;
    answer->retry_after = http->retry_after;
    out->fresh_for = freshness_lifetime(&http->freshness, out->sent_at);
    out->date = freshness_date(&http->freshness);
    memcpy(answer->detail, http->detail, sizeof(answer->detail));
    out->jwt = http->code == CURLE_OK && is_jwt(http->type);
    /* Half an answer is none.  A body that is no JSON has nothing to say. */
    if (http->code == CURLE_OK
        && json_parse(http->body.data, http->body.len, &out->json) == 0) {
        answer->json = true;
        oauth_read_error(out->json, form, answer);
    } else if (http->code == CURLE_OK && is_cut(http)) {
        answer->code = CURLE_PARTIAL_FILE;
        text_clean(curl_easy_strerror(answer->code), answer->detail,
                   sizeof(answer->detail));
    }
    out->outcome = oauth_classify(answer);
}

int
client_get(const struct client *client, const char *url,
           struct client_reply *out)
{
    const struct form nothing = {0};
    struct http_reply reply = {0};
    int r;

    out->sent_at = time(NULL);
    r = http_get(client->http, url, &reply);
    if (r == 0)
        read_reply(&reply, &nothing, out);
    http_reply_clear(&reply);
    return r;
}

int
client_get_with(const struct client *client, const char *url,
                const struct secret *access_token, struct client_reply *out)
{
    struct http_reply reply = {0};
    struct secret header = {0};
    struct form form = {0};
    int r;

    form_hide(&form, access_token);
    r = secret_append_text(&header, "Bearer ", HEADER_MAX);
    if (r == 0)
        r = secret_append(&header, access_token->data, access_token->len,
                          HEADER_MAX);
    out->sent_at = time(NULL);
    if (r == 0)
        r = http_get_as(client->http, url, &header, &reply);
    if (r == 0)
        read_reply(&reply, &form, out);
    http_reply_clear(&reply);
    secret_clear(&header);
    form_clear(&form);
    return r;
}

int
client_post(const struct client *client, const char *url, struct form *form,
            struct client_reply *out)
{
    struct http_reply reply = {0};
    struct secret header = {0};
    int r;

    r = authenticate(client->settings, form, &header);
    out->sent_at = time(NULL);
    if (r == 0)
        r = http_post(client->http, url, &form->body, &header, &reply);
    if (r == 0)
        read_reply(&reply, form, out);
    http_reply_clear(&reply);
    secret_clear(&header);
    return r;
}

int
client_problem(const struct client_reply *reply, const char *what,
               const char *url, struct problem *problem)
{
    char host[HOST_MAX];

    return oauth_problem(&reply->answer, what,
                         url_host(url, host, sizeof(host)), problem);
}

void
client_reply_clear(struct client_reply *reply)
{
    cJSON_Delete(reply->json);
    *reply = (struct client_reply){0};
}
