/* SPDX-License-Identifier: MIT */
/* What introspection or userinfo says counts only when it is all right. */
#include <config.h>

#include <errno.h>

#include "common/number.h"
#include "helper/exchange/claims.h"
#include "helper/exchange/id_token.h"
#include "helper/exchange/introspection.h"
#include "helper/exchange/json.h"
#include "tests/fuzz/fuzz.h"

#define NOW INT64_C(1800000000)

static char issuer[] = "https://login.example", client[] = "c";

int
LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
    json_init();
    return 0;
}

/* A member that is there is this text. */
static bool
fits(const cJSON *answer, const char *name, const char *text)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(answer, name);

    return item == NULL
           || (cJSON_IsString(item) && strcmp(item->valuestring, text) == 0);
}

static void
check_taken(const cJSON *answer, const char *subject)
{
    const char *sub = json_text(answer, "sub");
    int64_t at;

    HOLDS(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "active")));
    HOLDS(fits(answer, "iss", issuer) && fits(answer, "client_id", client));
    HOLDS(sub != NULL && *sub != '\0');
    HOLDS(subject == NULL || strcmp(sub, subject) == 0);
    if (json_date(answer, "exp", &at) == 0)
        HOLDS(at > NOW - ID_TOKEN_LEEWAY);
    if (json_date(answer, "nbf", &at) == 0)
        HOLDS(at <= NOW + ID_TOKEN_LEEWAY);
}

static void
check(const cJSON *answer, const char *subject)
{
    const struct settings settings = {.issuer = issuer, .client_id = client};
    struct problem problem = {0}, own = {0};
    int r = introspection_check(answer, &settings, subject, NOW, &problem);

    HOLDS(r == 0 || r == -EPROTO);
    HOLDS((r == 0) == (problem.reason[0] == '\0'));
    HOLDS(is_printable(problem.reason) && is_printable(problem.notice));
    if (r == 0) {
        check_taken(answer, subject);
        HOLDS(claims_check_subject(answer, "x", subject, &own) == 0);
    }
}

/* Until when a refresh token is good, if it is. */
static void
check_refresh(const cJSON *answer)
{
    const struct settings settings = {.issuer = issuer, .client_id = client};
    int64_t end = introspection_read_refresh_end(answer, &settings, NOW), at;

    if (end == 0)
        return;
    HOLDS(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "active")));
    HOLDS(fits(answer, "iss", issuer) && fits(answer, "client_id", client));
    HOLDS(end > NOW && end <= UNIX_TIME_MAX);
    HOLDS(json_date(answer, "exp", &at) == 0 && at == end);
}

/* claims_add() changes nothing that is known, and not who it is. */
static void
check_added(const cJSON *answer)
{
    cJSON *claims = cJSON_CreateObject();
    const char *sub;

    HOLDS(cJSON_AddStringToObject(claims, "sub", "24") != NULL);
    HOLDS(claims_add(claims, answer) == 0);
    sub = json_text(claims, "sub");
    HOLDS(sub != NULL && strcmp(sub, "24") == 0);
    HOLDS(cJSON_GetObjectItemCaseSensitive(claims, "exp") == NULL);
    HOLDS(cJSON_GetObjectItemCaseSensitive(claims, "iss") == NULL);
    cJSON_Delete(claims);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    char *subject = input_text(&input, NULL);
    cJSON *answer = NULL;

    if (json_parse(input.data, input.len, &answer) == 0) {
        check(answer, NULL);
        check(answer, subject);
        check_refresh(answer);
        check_added(answer);
    }
    cJSON_Delete(answer);
    free(subject);
    return 0;
}
