/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/blocks.h"
#include "helper/exchange/device.h"
#include "helper/exchange/json.h"
#include "helper/exchange/url.h"

#define GRANT_TYPE       "urn:ietf:params:oauth:grant-type:device_code"
#define INTERVAL_DEFAULT 5
#define INTERVAL_MAX     3600
#define SLOW_DOWN        5
#define BACKOFF_MAX      60
#define EXPIRES_DEFAULT  300
#define CODE_MAX         8192U
#define USER_CODE_MAX    64U
#define URI_MAX          2048U

/* ---- pure ---------------------------------------------------------------- */

static int
unusable(const char *what, struct problem *problem)
{
    return problem_set(problem, OUTCOME_MISCONFIGURED,
                       "the device authorization response has no usable %s",
                       what);
}

/* It is shown to the user: nothing but visible ASCII and single spaces. */
static int
take_user_code(const char *code, char **out, struct problem *problem)
{
    size_t i;

    if (code == NULL || strlen(code) > USER_CODE_MAX || *code == ' ')
        return unusable("user_code", problem);
    for (i = 0; code[i] != '\0'; i++)
        if (code[i] < ' ' || code[i] > '~')
            return unusable("user_code", problem);
    *out = strdup(code);
    return *out != NULL ? 0 : -ENOMEM;
}

static int
take_uri(const char *name, const char *uri, bool insecure_http, char **out,
         struct problem *problem)
{
    if (uri == NULL || strlen(uri) > URI_MAX
        || url_check(uri, insecure_http) != NULL)
        return unusable(name, problem);
    *out = strdup(uri);
    return *out != NULL ? 0 : -ENOMEM;
}

static int
take_uris(const cJSON *json, bool insecure_http, struct device *out,
          struct problem *problem)
{
    const char *complete = json_text(json, "verification_uri_complete");
    const char *uri = json_text(json, "verification_uri");
    int r;

    if (uri == NULL)
        uri = json_text(json, "verification_url"); /* Google */
    r = take_uri("verification_uri", uri, insecure_http, &out->uri, problem);
    if (r < 0 || complete == NULL)
        return r;
    return take_uri("verification_uri_complete", complete, insecure_http,
                    &out->uri_complete, problem);
}

int
device_parse(const cJSON *json, bool insecure_http, struct device *out,
             struct problem *problem)
{
    const char *code = json_text(json, "device_code");
    int r;

    if (code == NULL || strlen(code) > CODE_MAX)
        return unusable("device_code", problem);
    r = secret_append_text(&out->code, code, CODE_MAX);
    if (r == 0)
        r = take_user_code(json_text(json, "user_code"), &out->user_code,
                           problem);
    if (r == 0)
        r = take_uris(json, insecure_http, out, problem);
    if (r < 0)
        return r;
    if (json_seconds(json, "expires_in", &out->expires_in) < 0
        || out->expires_in == 0)
        out->expires_in = EXPIRES_DEFAULT;
    if (json_seconds(json, "interval", &out->interval) < 0
        || out->interval == 0)
        out->interval = INTERVAL_DEFAULT;
    if (out->interval > INTERVAL_MAX)
        out->interval = INTERVAL_MAX;
    return 0;
}

enum device_step
device_step(const struct client_reply *reply)
{
    const char *error = reply->answer.error;

    if (reply->outcome == OUTCOME_OK)
        return DEVICE_DONE;
    if (strcmp(error, "authorization_pending") == 0)
        return DEVICE_PENDING;
    if (strcmp(error, "slow_down") == 0)
        return DEVICE_SLOW_DOWN;
    if (reply->outcome == OUTCOME_MISCONFIGURED)
        return DEVICE_FINAL;
    if (reply->answer.code != CURLE_OK)
        return DEVICE_UNANSWERED;
    /* Any other error that the provider names ends it, also "server_error". */
    if (reply->outcome == OUTCOME_TRANSIENT
        && (*error == '\0' || reply->answer.status >= 500
            || reply->answer.status == 429))
        return DEVICE_BUSY;
    return DEVICE_FINAL;
}

int64_t
device_pause(enum device_step step, int64_t retry_after, int64_t *interval)
{
    if (step == DEVICE_SLOW_DOWN)
        *interval += SLOW_DOWN;
    if (step == DEVICE_UNANSWERED && *interval < BACKOFF_MAX)
        *interval = *interval * 2 < BACKOFF_MAX ? *interval * 2 : BACKOFF_MAX;
    return retry_after > *interval ? retry_after : *interval;
}

void
device_clear(struct device *device)
{
    secret_clear(&device->code);
    free(device->user_code);
    free(device->uri);
    free(device->uri_complete);
    *device = (struct device){0};
}

/* ---- with the provider and the caller ------------------------------------ */

/* Counts the time of a suspended host as well: the code's does not stop. */
static int64_t
uptime(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail on Linux */
    return now.tv_sec;
}

struct device_deadline
device_deadline(int64_t seconds)
{
    return (struct device_deadline){.seconds = seconds,
                                    .end = uptime() + seconds};
}

static int
authorize(const struct client *client, const char *scope, struct device *out,
          struct problem *problem)
{
    const struct settings *settings = client->settings;
    const char *url = settings->device_authorization_endpoint;
    struct client_reply reply = {0};
    struct form form = {0};
    int r;

    r = form_add(&form, "scope", scope);
    if (r == 0)
        r = form_add_optional(&form, "audience", settings->audience);
    if (r == 0)
        r = form_add_words(&form, "resource", settings->resource);
    if (r == 0)
        r = client_post(client, url, &form, &reply);
    if (r == 0 && reply.outcome != OUTCOME_OK)
        r = client_problem(&reply, "the device authorization endpoint", url,
                           problem);
    if (r == 0)
        r = device_parse(reply.json, settings->insecure_http, out, problem);
    client_reply_clear(&reply);
    form_clear(&form);
    return r;
}

/* One with the code in it, if there is one.  None if it is too large. */
static int
put_qr(enum qr_when qr, const struct device *device, struct message *message)
{
    const char *uri =
        device->uri_complete != NULL ? device->uri_complete : device->uri;
    struct secret modules = {0};
    int r;

    if (qr == QR_NO)
        return 0;
    r = qrcode_encode(uri, qr == QR_AUTO ? BLOCKS_SIDE_SCREEN : BLOCKS_SIDE_MAX,
                      &modules);
    if (r == 0) {
        message_move(message, FIELD_QR, &modules);
        r = message_set_text(message, FIELD_QR_WHEN,
                             qr == QR_YES ? "yes" : "auto");
    }
    secret_clear(&modules);
    return r == -EMSGSIZE || r == -ENOTSUP ? 0 : r;
}

static int
prompt(struct caller *caller, const struct device *device, enum qr_when qr)
{
    struct message message = {.kind = KIND_PROMPT};
    int r;

    r = message_set_text(&message, FIELD_USER_CODE, device->user_code);
    if (r == 0)
        r = message_set_text(&message, FIELD_VERIFICATION_URI, device->uri);
    if (r == 0 && device->uri_complete != NULL)
        r = message_set_text(&message, FIELD_VERIFICATION_URI_COMPLETE,
                             device->uri_complete);
    if (r == 0)
        r = message_set_number(&message, FIELD_EXPIRES_IN, device->expires_in);
    if (r == 0)
        r = put_qr(qr, device, &message);
    if (r == 0)
        r = message_send(caller->out, &message);
    message_clear(&message);
    return r;
}

static int
ask(const struct client *client, const struct device *device,
    struct client_reply *out)
{
    const struct settings *settings = client->settings;
    struct form form = {0};
    int r;

    r = form_add(&form, "grant_type", GRANT_TYPE);
    if (r == 0)
        r = form_add_secret(&form, "device_code", &device->code);
    if (r == 0)
        r = form_add_words(&form, "resource", settings->resource);
    if (r == 0)
        r = client_post(client, settings->token_endpoint, &form, out);
    form_clear(&form);
    return r;
}

static int
expired(const struct device *device, struct problem *problem)
{
    return problem_set(problem, OUTCOME_EXPIRED,
                       "nobody approved the login within %jd s",
                       (intmax_t) device->expires_in);
}

static int
too_late(const struct device_deadline *deadline, struct problem *problem)
{
    return problem_set(problem, OUTCOME_EXPIRED,
                       "nobody approved the login within %jd s (deadline)",
                       (intmax_t) deadline->seconds);
}

/* Until the provider says something final; that is left in *reply. */
static int
poll_provider(const struct client *client, const struct device *device,
              const struct device_deadline *deadline, struct caller *caller,
              struct client_reply *reply, struct problem *problem)
{
    int64_t end = uptime() + device->expires_in, interval = device->interval;
    int64_t pause = interval, left;
    bool early = deadline->seconds > 0 && deadline->end < end;
    enum device_step step;
    int r;

    if (early)
        end = deadline->end;
    left = end - uptime();

    do {
        if (left < 0)
            left = 0;
        r = caller_sleep(caller, pause < left ? pause : left);
        if (r < 0)
            return r;
        if (uptime() >= end)
            return early ? too_late(deadline, problem)
                         : expired(device, problem);
        client_reply_clear(reply);
        r = ask(client, device, reply);
        if (r < 0)
            return r;
        step = device_step(reply);
        pause = device_pause(step, reply->answer.retry_after, &interval);
        left = end - uptime();
    } while (step != DEVICE_DONE && step != DEVICE_FINAL);
    return 0;
}

static int
finish(const struct client *client, const struct device *device,
       const struct device_deadline *deadline, struct caller *caller,
       struct token *out, struct problem *problem)
{
    const char *url = client->settings->token_endpoint;
    struct client_reply reply = {0};
    int r;

    r = poll_provider(client, device, deadline, caller, &reply, problem);
    if (r == 0 && reply.outcome != OUTCOME_OK)
        r = client_problem(&reply, "the token endpoint", url, problem);
    if (r == 0)
        r = token_parse(reply.json, reply.sent_at,
                        client->settings->default_lifetime, out, problem);
    client_reply_clear(&reply);
    return r;
}

int
device_run(const struct client *client, const char *scope, enum qr_when qr,
           const struct device_deadline *deadline, struct caller *caller,
           struct token *out, struct problem *problem)
{
    struct device device = {0};
    int r;

    r = authorize(client, scope, &device, problem);
    if (r == 0 && deadline->seconds > 0 && uptime() >= deadline->end)
        r = too_late(deadline, problem); /* a code that nobody could use */
    if (r == 0)
        r = prompt(caller, &device, qr);
    if (r == 0)
        r = finish(client, &device, deadline, caller, out, problem);
    out->proof = device.code;
    device.code = (struct secret){0};
    device_clear(&device);
    return r;
}
