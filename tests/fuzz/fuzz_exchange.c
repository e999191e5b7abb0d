/* SPDX-License-Identifier: MIT */
/*
 * The exchange, with a caller and a provider that say whatever the input has.
 * What the provider issued is revoked unless the caller has stored it.
 *
 * The input: the verb; two bytes length and what the caller says; then what the
 * provider answers, each as five bytes about the request and a body.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/io.h"
#include "common/outcome.h"
#include "helper/exchange/exchange.h"
#include "helper/exchange/json.h"
#include "helper/exchange/revoke.h"
#include "tests/fuzz/fuzz.h"

/* Nobody but the linker calls a __wrap_. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"

int
LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
    json_init();
    HOLDS(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    return 0;
}

/* ---- The provider ---- */

static struct input provider;
static struct reply {
    CURLcode code;
    long status;
    curl_off_t begun, retry_after;
} reply;
static size_t (*write_function)(char *, size_t, size_t, void *);
static void *write_data;

CURLcode __real_curl_easy_setopt(CURL *curl, CURLoption option, ...);

CURLcode
__wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
    CURLcode r;
    va_list args;

    va_start(args, option);
    if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB) {
        r = __real_curl_easy_setopt(curl, option, va_arg(args, curl_off_t));
    } else if (option == CURLOPT_WRITEFUNCTION) {
        write_function =
            va_arg(args, size_t(*)(char *, size_t, size_t, void *));
        r = CURLE_OK;
    } else if (option == CURLOPT_WRITEDATA) {
        write_data = va_arg(args, void *);
        r = CURLE_OK;
    } else if (option >= CURLOPTTYPE_OBJECTPOINT) {
        r = __real_curl_easy_setopt(curl, option, va_arg(args, void *));
    } else {
        r = __real_curl_easy_setopt(curl, option, va_arg(args, long));
    }
    va_end(args);
    return r;
}

CURLcode
__wrap_curl_easy_perform(CURL *curl UNUSED)
{
    static const CURLcode codes[] = {CURLE_OK, CURLE_COULDNT_CONNECT,
                                     CURLE_OPERATION_TIMEDOUT,
                                     CURLE_PEER_FAILED_VERIFICATION};
    static const long statuses[] = {200, 400, 401, 404, 429, 500, 503, 302};
    size_t len;
    char *body;

    reply = (struct reply){.code = CURLE_COULDNT_CONNECT};
    if (provider.len == 0)
        return reply.code;
    reply.code = codes[input_byte(&provider) % ARRAY_LEN(codes)];
    reply.status = statuses[input_byte(&provider) % ARRAY_LEN(statuses)];
    reply.begun = input_byte(&provider);
    reply.retry_after = (curl_off_t) input_byte(&provider) * 30;
    body = input_text(&provider, &len);
    if (len > 0 && write_function(body, 1, len, write_data) != len)
        reply.code = CURLE_WRITE_ERROR;
    free(body);
    return reply.code;
}

CURLcode
__wrap_curl_easy_getinfo(CURL *curl UNUSED, CURLINFO info, ...)
{
    va_list args;

    va_start(args, info);
    if (info == CURLINFO_RESPONSE_CODE)
        *va_arg(args, long *) = reply.status;
    else if (info == CURLINFO_RETRY_AFTER)
        *va_arg(args, curl_off_t *) = reply.retry_after;
    else if (info == CURLINFO_PRETRANSFER_TIME_T)
        *va_arg(args, curl_off_t *) = reply.begun;
    va_end(args);
    return CURLE_OK;
}

/* Nobody waits here; a caller of whom nothing is left is gone. */
int
__wrap_caller_sleep(struct caller *caller UNUSED, int64_t seconds)
{
    HOLDS(seconds >= 0 || provider.len > 0);
    return provider.len > 0 ? 0 : -ENODATA;
}

/* ---- What is watched ---- */

static struct {
    struct secret access, refresh; /* issued, and not revoked */
    bool issued, usable, stored, revokes;
} seen;

int __real_token_parse(const cJSON *json, int64_t sent_at, struct token *out,
                       struct problem *problem);

int
__wrap_token_parse(const cJSON *json, int64_t sent_at, struct token *out,
                   struct problem *problem)
{
    int r = __real_token_parse(json, sent_at, out, problem);

    HOLDS(!seen.issued); /* one request for tokens in each exchange */
    seen.issued = !token_is_empty(out);
    seen.usable = r == 0;
    HOLDS(secret_append(&seen.access, out->access.data, out->access.len,
                        SIZE_MAX / 2)
          == 0);
    HOLDS(secret_append(&seen.refresh, out->refresh.data, out->refresh.len,
                        SIZE_MAX / 2)
          == 0);
    return r;
}

static bool
equal(const struct secret *a, const struct secret *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

int __real_revoke_tokens(const struct client *client,
                         const struct secret *refresh,
                         const struct secret *access, struct problem *problem);

int
__wrap_revoke_tokens(const struct client *client, const struct secret *refresh,
                     const struct secret *access, struct problem *problem)
{
    if (equal(refresh, &seen.refresh) && equal(access, &seen.access))
        seen.issued = false;
    return __real_revoke_tokens(client, refresh, access, problem);
}

bool __real_caller_stored(struct caller *caller);

bool
__wrap_caller_stored(struct caller *caller)
{
    seen.stored = __real_caller_stored(caller);
    return seen.stored;
}

int __real_http_open(struct http *http, const struct settings *settings);

int
__wrap_http_open(struct http *http, const struct settings *settings)
{
    seen.revokes = settings->revoke;
    return __real_http_open(http, settings);
}

/* ---- What must be true ---- */

static void
check_result(const char *verb, const struct message *result)
{
    enum outcome outcome;

    HOLDS(outcome_parse(message_text(result, FIELD_OUTCOME), &outcome) == 0);
    HOLDS(is_printable(message_text(result, FIELD_REASON)));
    HOLDS(is_printable(message_text(result, FIELD_NOTICE)));
    if (outcome != OUTCOME_OK) {
        HOLDS(!message_has(result, FIELD_ACCESS_TOKEN));
        HOLDS(!message_has(result, FIELD_REFRESH_TOKEN));
        HOLDS(!seen.issued);
    } else if (strcmp(verb, "revoke") != 0) {
        HOLDS(seen.usable);
        HOLDS(message_has(result, FIELD_ACCESS_TOKEN));
        HOLDS(message_has(result, FIELD_EXPIRES_AT));
    }
}

/* Whole messages, and a RESULT at the end if it ended well. */
static void
check_said(const char *verb, int fd, int r)
{
    struct message message = {0};
    struct secret said = {0};
    size_t at = 0, results = 0;
    ssize_t n;

    HOLDS(lseek(fd, 0, SEEK_SET) == 0);
    HOLDS(read_all(fd, (size_t) 1 << 24, &said) == 0);
    while (at < said.len) {
        HOLDS(results == 0);
        n = message_decode(said.data + at, said.len - at, &message);
        HOLDS(n > 0);
        at += (size_t) n;
        if (message.kind == KIND_RESULT) {
            results++;
            check_result(verb, &message);
        }
    }
    HOLDS((results == 1) == (r == 0));
    message_clear(&message);
    secret_clear(&said);
}

static int
make_caller(struct input *input)
{
    size_t len = (size_t) input_byte(input) << 8;
    int fds[2];

    len |= input_byte(input);
    if (len > input->len)
        len = input->len;
    HOLDS(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
    if (len > 0)
        HOLDS(write(fds[1], input->data, len) == (ssize_t) len);
    fd_close(&fds[1]);
    input->data += len;
    input->len -= len;
    return fds[0];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const verbs[] = {"login", "renew", "revoke"};
    struct input input = {data, size};
    const char *verb = verbs[input_byte(&input) % ARRAY_LEN(verbs)];
    int in = make_caller(&input), out = memfd_create("out", MFD_CLOEXEC), r;

    HOLDS(out >= 0);
    provider = input;
    memset(&seen, 0, sizeof(seen));
    r = exchange_run(verb, in, out);
    HOLDS(r <= 0);
    check_said(verb, out, r);
    HOLDS(!seen.issued || seen.stored || (r == 0 && !seen.revokes));
    secret_clear(&seen.access);
    secret_clear(&seen.refresh);
    fd_close(&in);
    fd_close(&out);
    return 0;
}
