/* SPDX-License-Identifier: MIT */
/*
 * The exchange, with a caller and a provider that say whatever the input has.
 * What the provider issued is revoked unless the caller has stored it, and only
 * then.
 *
 * The input: the verb; two bytes length and what the caller says; then what the
 * provider answers, each as four bytes about the request and a body.  In a body
 * '$' stands for an ID token with the claims that the next text has, '~' for
 * one that is signed with a key which is not the provider's, and '^' for the
 * provider's keys.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/io.h"
#include "common/outcome.h"
#include "helper/exchange/access.h"
#include "helper/exchange/exchange.h"
#include "helper/exchange/json.h"
#include "helper/exchange/revoke.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/signer.h"

/* Nobody but the linker calls a __wrap_. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"

static char *keys; /* the provider's, as it publishes them */

int
LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
    cJSON *set;

    json_init();
    set = cJSON_CreateObject();
    HOLDS(cJSON_AddItemToArray(cJSON_AddArrayToObject(set, "keys"),
                               signer_jwk(SIGNER_P256, "k")));
    keys = cJSON_PrintUnformatted(set);
    HOLDS(keys != NULL);
    cJSON_Delete(set);
    HOLDS(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    return 0;
}

/* ---- The provider ---- */

static struct input provider;
static struct secret signed_tokens; /* that are the provider's, in lines */
static struct reply {
    CURLcode code;
    long status;
    curl_off_t begun;
} reply;
static size_t (*write_function)(char *, size_t, size_t, void *);
static size_t (*header_function)(char *, size_t, size_t, void *);
static void *write_data, *header_data;

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
    } else if (option == CURLOPT_HEADERFUNCTION) {
        header_function =
            va_arg(args, size_t(*)(char *, size_t, size_t, void *));
        r = CURLE_OK;
    } else if (option == CURLOPT_HEADERDATA) {
        header_data = va_arg(args, void *);
        r = CURLE_OK;
    } else if (option >= CURLOPTTYPE_OBJECTPOINT) {
        r = __real_curl_easy_setopt(curl, option, va_arg(args, void *));
    } else {
        r = __real_curl_easy_setopt(curl, option, va_arg(args, long));
    }
    va_end(args);
    return r;
}

/* Its timeouts are libFuzzer's. */
int __real_sigaction(int number, const struct sigaction *action,
                     struct sigaction *before);

int
__wrap_sigaction(int number, const struct sigaction *action,
                 struct sigaction *before)
{
    if (number == SIGALRM && provider.data != NULL)
        return 0;
    return __real_sigaction(number, action, before);
}

unsigned
__wrap_alarm(unsigned seconds UNUSED)
{
    return 0;
}

static void
add_token(bool ours, struct secret *out)
{
    struct secret token = {0};
    char *claims = input_text(&provider, NULL);

    if (ours)
        signer_token("ES256", SIGNER_P256, "{\"alg\":\"ES256\",\"kid\":\"k\"}",
                     claims, &token);
    else
        signer_token("ES384", SIGNER_P384, "{\"alg\":\"ES384\",\"kid\":\"k\"}",
                     claims, &token);
    HOLDS(secret_append(out, token.data, token.len, SIZE_MAX / 2) == 0);
    HOLDS(!ours
          || (secret_append(&signed_tokens, token.data, token.len, SIZE_MAX / 2)
                  == 0
              && secret_append(&signed_tokens, "\n", 1, SIZE_MAX / 2) == 0));
    secret_clear(&token);
    free(claims);
}

static void
fill_in(const char *body, size_t len, struct secret *out)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if (body[i] == '$' || body[i] == '~')
            add_token(body[i] == '$', out);
        else if (body[i] == '^')
            HOLDS(secret_append_text(out, keys, SIZE_MAX / 2) == 0);
        else
            HOLDS(secret_append(out, &body[i], 1, SIZE_MAX / 2) == 0);
    }
}

/* A header that asks for so much patience. */
static void
send_header(int retry_after)
{
    char lines[3][48];
    size_t i;

    (void) snprintf(lines[0], sizeof(lines[0]), "HTTP/1.1 %ld Fake\r\n",
                    reply.status);
    (void) snprintf(lines[1], sizeof(lines[1]), "Retry-After: %d\r\n",
                    retry_after);
    (void) snprintf(lines[2], sizeof(lines[2]), "\r\n");
    for (i = 0; i < ARRAY_LEN(lines); i++)
        HOLDS(header_function(lines[i], 1, strlen(lines[i]), header_data)
              == strlen(lines[i]));
}

CURLcode
__wrap_curl_easy_perform(CURL *curl UNUSED)
{
    static const CURLcode codes[] = {CURLE_OK, CURLE_COULDNT_CONNECT,
                                     CURLE_OPERATION_TIMEDOUT,
                                     CURLE_PEER_FAILED_VERIFICATION};
    static const long statuses[] = {200, 400, 401, 404, 429, 500, 503, 302};
    struct secret filled = {0};
    size_t len;
    char *body;

    reply = (struct reply){.code = CURLE_COULDNT_CONNECT};
    if (provider.len == 0)
        return reply.code;
    reply.code = codes[input_byte(&provider) % ARRAY_LEN(codes)];
    reply.status = statuses[input_byte(&provider) % ARRAY_LEN(statuses)];
    reply.begun = input_byte(&provider);
    send_header(input_byte(&provider) * 30);
    body = input_text(&provider, &len);
    fill_in(body, len, &filled);
    if (filled.len > 0
        && write_function((char *) filled.data, 1, filled.len, write_data)
               != filled.len)
        reply.code = CURLE_WRITE_ERROR;
    secret_clear(&filled);
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
    struct secret access, refresh, id; /* as issued */
    bool access_lives, refresh_lives;  /* issued, and not revoked */
    bool issued, usable, revokes;
    enum caller_has has;
    bool may;       /* access_check() has said yes … */
    char user[256]; /* … to them */
    int64_t uid;
} seen;

int __real_token_parse(const cJSON *json, int64_t sent_at, int64_t unsaid,
                       struct token *out, struct problem *problem);

int
__wrap_token_parse(const cJSON *json, int64_t sent_at, int64_t unsaid,
                   struct token *out, struct problem *problem)
{
    int r = __real_token_parse(json, sent_at, unsaid, out, problem);

    HOLDS(!seen.issued); /* one request for tokens in each exchange */
    seen.issued = true;
    seen.access_lives = out->access.len > 0;
    seen.refresh_lives = out->refresh.len > 0;
    seen.usable = r == 0;
    HOLDS(secret_append(&seen.access, out->access.data, out->access.len,
                        SIZE_MAX / 2)
          == 0);
    HOLDS(secret_append(&seen.refresh, out->refresh.data, out->refresh.len,
                        SIZE_MAX / 2)
          == 0);
    HOLDS(secret_append(&seen.id, out->id.data, out->id.len, SIZE_MAX / 2)
          == 0);
    return r;
}

int __real_access_check(const cJSON *claims, const struct access *access,
                        const char *user, int64_t uid, struct problem *problem);

int
__wrap_access_check(const cJSON *claims, const struct access *access,
                    const char *user, int64_t uid, struct problem *problem)
{
    int r = __real_access_check(claims, access, user, uid, problem);

    seen.may = r == 0;
    seen.uid = uid;
    (void) snprintf(seen.user, sizeof(seen.user), "%s", user);
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
    HOLDS(seen.has != CALLER_HAS_ALL);
    HOLDS(seen.has != CALLER_HAS_REFRESH || refresh->len == 0);
    if (equal(refresh, &seen.refresh))
        seen.refresh_lives = false;
    if (equal(access, &seen.access))
        seen.access_lives = false;
    return __real_revoke_tokens(client, refresh, access, problem);
}

enum caller_has __real_caller_stored(struct caller *caller, bool in_steps);

enum caller_has
__wrap_caller_stored(struct caller *caller, bool in_steps)
{
    seen.has = __real_caller_stored(caller, in_steps);
    HOLDS(in_steps || seen.has != CALLER_HAS_REFRESH);
    return seen.has;
}

int __real_http_open(struct http *http, const struct settings *settings);

int
__wrap_http_open(struct http *http, const struct settings *settings)
{
    seen.revokes = settings->revoke;
    return __real_http_open(http, settings);
}

/* ---- What must be true ---- */

/* What the exchange itself says; a token may be made of the same words. */
static const char own_words[] =
    "the reason is not shown: it repeats a secret; what it issued is not "
    "revoked: the ID token cannot be verified; why is not shown: it repeats "
    "the token The provider's answer cannot be used. Please tell your "
    "administrator.";

/* A text has no twelve bytes in a row of a secret. */
static bool
is_kept_secret(const char *text, const struct secret *secret)
{
    size_t i;

    for (i = 0; i + 12 <= secret->len; i++)
        if (memmem(text, strlen(text), secret->data + i, 12) != NULL
            && memmem(own_words, strlen(own_words), secret->data + i, 12)
                   == NULL)
            return false;
    return true;
}

static void
check_words(const char *text)
{
    HOLDS(is_printable(text));
    HOLDS(is_kept_secret(text, &seen.access));
    HOLDS(is_kept_secret(text, &seen.refresh));
    HOLDS(is_kept_secret(text, &seen.id));
}

/* An ID token goes on only if the provider's key has signed it. */
static void
check_id_token(const struct secret *token)
{
    HOLDS(token->len == 0
          || (signed_tokens.len > 0
              && memmem(signed_tokens.data, signed_tokens.len, token->data,
                        token->len)
                     != NULL));
}

/* Whoever logs in is whom access_check() was asked for. */
static void
check_login(const struct message *request, const struct message *result)
{
    int64_t uid;

    HOLDS(message_number(request, FIELD_UID, &uid) == 0);
    HOLDS(seen.may && seen.uid == uid);
    HOLDS(strncmp(seen.user, message_text(request, FIELD_USER),
                  sizeof(seen.user) - 1)
          == 0);
    HOLDS(message_text(result, FIELD_SUBJECT)[0] != '\0');
    HOLDS(message_has(result, FIELD_REVOKE));
    HOLDS(message_has(result, FIELD_NOTIFY));
}

static void
check_result(const char *verb, const struct message *request,
             const struct message *result)
{
    enum outcome outcome;

    HOLDS(outcome_parse(message_text(result, FIELD_OUTCOME), &outcome) == 0);
    check_words(message_text(result, FIELD_REASON));
    check_words(message_text(result, FIELD_NOTICE));
    check_id_token(&result->field[FIELD_ID_TOKEN]);
    if (outcome != OUTCOME_OK) {
        HOLDS(!message_has(result, FIELD_ACCESS_TOKEN));
        HOLDS(!message_has(result, FIELD_REFRESH_TOKEN));
        HOLDS(!seen.access_lives && !seen.refresh_lives);
    } else if (strcmp(verb, "revoke") != 0) {
        HOLDS(seen.usable);
        HOLDS(message_has(result, FIELD_ACCESS_TOKEN));
        HOLDS(message_has(result, FIELD_EXPIRES_AT));
        if (strcmp(verb, "login") == 0)
            check_login(request, result);
    }
}

/*
 * Whole messages, files asked for first or never, and a RESULT at the end if it
 * ended well.
 */
static void
check_said(const char *verb, const struct message *request, int fd, int r)
{
    struct message message = {0};
    struct secret said = {0};
    size_t at = 0, results = 0, count = 0;
    ssize_t n;

    HOLDS(lseek(fd, 0, SEEK_SET) == 0);
    HOLDS(read_all(fd, (size_t) 1 << 24, &said) == 0);
    while (at < said.len) {
        HOLDS(results == 0);
        n = message_decode(said.data + at, said.len - at, &message);
        HOLDS(n > 0);
        at += (size_t) n;
        HOLDS(message.kind != KIND_NEED_FILES || count == 0);
        count++;
        if (message.kind == KIND_RESULT) {
            results++;
            check_result(verb, request, &message);
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
    int out = memfd_create("out", MFD_CLOEXEC), in, r;
    struct message request = {0};

    HOLDS(out >= 0);
    if (input.len > 2)
        HOLDS(message_decode(input.data + 2, input.len - 2, &request) != 1);
    in = make_caller(&input);
    provider = input;
    memset(&seen, 0, sizeof(seen));
    r = exchange_run(verb, in, out);
    HOLDS(r <= 0);
    /* The same again was not issued anew: the session has it, it lives on. */
    if (equal(&request.field[FIELD_REFRESH_TOKEN], &seen.refresh))
        seen.refresh_lives = false;
    check_said(verb, &request, out, r);
    if (r < 0 || seen.revokes) {
        HOLDS(!seen.access_lives || seen.has == CALLER_HAS_ALL);
        HOLDS(!seen.refresh_lives || seen.has != CALLER_HAS_NOTHING);
    }
    secret_clear(&seen.access);
    secret_clear(&seen.refresh);
    secret_clear(&seen.id);
    secret_clear(&signed_tokens);
    message_clear(&request);
    fd_close(&in);
    fd_close(&out);
    return 0;
}
