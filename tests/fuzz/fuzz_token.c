/* SPDX-License-Identifier: MIT */
/* A token endpoint's answer: tokens, or an error that can be shown. */
#include <config.h>

#include <errno.h>

#include "common/number.h"
#include "helper/exchange/form.h"
#include "helper/exchange/json.h"
#include "helper/exchange/oauth.h"
#include "helper/exchange/token.h"
#include "tests/fuzz/fuzz.h"

#define SENT_AT INT64_C(1700000000)
#define SECRET  "s3cr3t-that-was-sent"

int
LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
    json_init();
    return 0;
}

static void
check_sendable(const struct token *token)
{
    struct message result = {.kind = KIND_RESULT};
    struct secret wire = {0};
    int64_t at;

    HOLDS(token_put(token, &result) == 0);
    HOLDS(message_number(&result, FIELD_EXPIRES_AT, &at) == 0);
    HOLDS(at == token->expires_at);
    HOLDS(message_has(&result, FIELD_REFRESH_EXPIRES_AT)
          == (token->refresh_expires_at > 0));
    HOLDS(message_encode(&result, &wire) == 0);
    message_clear(&result);
    secret_clear(&wire);
}

static void
check_token(const cJSON *json)
{
    struct problem problem = {0};
    struct token token = {0};
    int r;

    r = token_parse(json, SENT_AT, 0, &token, &problem);
    HOLDS(r == 0 || r == -EPROTO);
    HOLDS(is_printable(problem.reason));
    HOLDS((r == 0) == (problem.reason[0] == '\0'));
    if (r == 0) {
        HOLDS(token.access.len > 0 && token.access.len <= TOKEN_MAX);
        HOLDS(token.refresh.len <= TOKEN_MAX && token.id.len <= TOKEN_MAX);
        HOLDS(is_printable(secret_text(&token.access)));
        HOLDS(token.expires_at > SENT_AT && token.expires_at < UNIX_TIME_MAX);
        HOLDS(token.sent_at == SENT_AT && token.id_expires_at == 0);
        HOLDS(token.refresh_expires_at == 0
              || (token.refresh_expires_at > SENT_AT
                  && token.refresh_expires_at < UNIX_TIME_MAX));
        HOLDS(!token_is_empty(&token));
        check_sendable(&token);
    } else { /* what was issued is there to be revoked */
        HOLDS((json_text(json, "access_token") != NULL)
              == (token.access.len > 0));
        HOLDS(problem.outcome == OUTCOME_MISCONFIGURED);
    }
    token_clear(&token);
    token_clear(&token);
}

static void
check_error(const cJSON *json, struct input *input)
{
    static const CURLcode codes[] = {CURLE_OK, CURLE_COULDNT_CONNECT,
                                     CURLE_SSL_ISSUER_ERROR,
                                     CURLE_OPERATION_TIMEDOUT};
    struct secret secret = {0};
    struct form form = {0};
    struct problem problem = {0};
    struct oauth_answer answer = {
        .code = codes[input_byte(input) % ARRAY_LEN(codes)],
        .sent = input_byte(input) % 2 != 0,
        .status = (long) (input_number(input) % 1000),
        .json = json != NULL,
    };

    HOLDS(secret_append_text(&secret, SECRET, 64) == 0);
    form_hide(&form, &secret);
    oauth_read_error(json, &form, &answer);
    HOLDS(ends_within(answer.error, sizeof(answer.error)));
    HOLDS(ends_within(answer.description, sizeof(answer.description)));
    HOLDS(is_printable(answer.error) && is_printable(answer.description));
    HOLDS(strstr(answer.description, SECRET) == NULL);
    HOLDS(strstr(answer.error, SECRET) == NULL);
    HOLDS(oauth_classify(&answer) < OUTCOME_COUNT);
    if (oauth_classify(&answer) == OUTCOME_OK)
        HOLDS(answer.code == CURLE_OK && answer.error[0] == '\0'
              && answer.status / 100 == 2 && answer.json);
    HOLDS(oauth_problem(&answer, "it", "host", &problem) == -EPROTO);
    HOLDS(is_printable(problem.reason) && problem.reason[0] != '\0');
    HOLDS(strstr(problem.reason, SECRET) == NULL);
    secret_clear(&secret);
    form_clear(&form);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    cJSON *json = NULL, *again = NULL;
    struct secret text = {0};
    size_t len;
    char *body = input_text(&input, &len);

    if (json_parse(body, len, &json) == 0) {
        check_token(json);
        check_error(json, &input);
        /* What cJSON writes is as good: one object, no name twice. */
        if (json_print(json, MESSAGE_MAX, &text) == 0) {
            HOLDS(json_parse(text.data, text.len, &again) == 0);
            cJSON_Delete(again);
        }
    }
    secret_clear(&text);
    cJSON_Delete(json);
    free(body);
    return 0;
}
