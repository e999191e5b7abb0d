/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "helper/exchange/claims.h"
#include "helper/exchange/json.h"

#define SUBJECT_MAX 255 /* OIDC Core 2 */

/* Up to here a double has every whole number, and no two in one. */
#define WHOLE_MAX 9007199254740991.0

/*
 * Of the token that they came with, or of how it was got: who reads them later
 * takes them for those of the ID token.  RFC 7519 4.1, 7662 2.2, OIDC Core 2,
 * 3.1.3.6, 3.3.2.11.
 */
static const char *const of_a_token[] = {
    "iss", "sub",       "aud",        "azp",       "exp",   "nbf",     "iat",
    "jti", "acr",       "amr",        "auth_time", "nonce", "at_hash", "c_hash",
    "cnf", "client_id", "token_type", "active",    "scope", "sid",
};

static const cJSON *
find_member(const cJSON *object, const char *name, size_t len)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, object)
    {
        if (strncmp(item->string, name, len) == 0 && item->string[len] == '\0')
            return item;
    }
    return NULL;
}

/* Each member is looked into by one path only, so this takes linear time. */
const cJSON *
claims_find(const cJSON *claims, const char *path)
{
    const cJSON *item;
    size_t len = strlen(path);

    if (!cJSON_IsObject(claims))
        return NULL;
    while (len > 0) {
        item = find_member(claims, path, len);
        if (item != NULL && path[len] != '\0')
            item = claims_find(item, path + len + 1);
        if (item != NULL)
            return item;
        do
            len--;
        while (len > 0 && path[len] != '.');
    }
    return NULL;
}

static bool
is_of_a_token(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(of_a_token); i++)
        if (strcmp(of_a_token[i], name) == 0)
            return true;
    return false;
}

/* "a.b" would be found before the "b" in an "a" that is there. */
static bool
is_taken(const cJSON *claims, const char *name)
{
    const cJSON *item;
    size_t len;

    cJSON_ArrayForEach(item, claims)
    {
        len = strlen(item->string);
        if (strncmp(name, item->string, len) == 0
            && (name[len] == '\0' || name[len] == '.'))
            return true;
    }
    return false;
}

static bool
has(const cJSON *claims, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(claims, name) != NULL;
}

/* Whether one address is verified says nothing of another. */
static bool
is_split(const cJSON *claims, const char *name)
{
    static const char *const pairs[][2] = {
        {"email", "email_verified"},
        {"phone_number", "phone_number_verified"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(pairs); i++)
        if (strcmp(pairs[i][0], name) == 0 || strcmp(pairs[i][1], name) == 0)
            return has(claims, pairs[i][0]) || has(claims, pairs[i][1]);
    return false;
}

/* Whatever comes of it, *item is not the caller's any more. */
static int
add(cJSON *claims, cJSON *item)
{
    if (item == NULL)
        return -ENOMEM;
    if (cJSON_AddItemToObject(claims, item->string, item))
        return 0;
    cJSON_Delete(item);
    return -ENOMEM;
}

/* What claims lack; one by one into claims, they would be in their own way. */
static int
collect(const cJSON *claims, const cJSON *more, cJSON *out)
{
    const cJSON *item;
    int r;

    cJSON_ArrayForEach(item, more)
    {
        if (is_of_a_token(item->string) || is_taken(claims, item->string)
            || is_split(claims, item->string))
            continue;
        r = add(out, cJSON_Duplicate(item, true));
        if (r < 0)
            return r;
    }
    return 0;
}

int
claims_add(cJSON *claims, const cJSON *more)
{
    cJSON *lacking = cJSON_CreateObject();
    int r = -ENOMEM;

    if (lacking != NULL)
        r = collect(claims, more, lacking);
    while (r == 0 && lacking->child != NULL)
        r = add(claims, cJSON_DetachItemViaPointer(lacking, lacking->child));
    cJSON_Delete(lacking);
    return r;
}

/* A subject as text; NULL when it is neither that nor a whole number. */
static cJSON *
subject_of(const cJSON *item)
{
    char digits[24];
    double number;

    if (cJSON_IsString(item))
        return cJSON_CreateString(item->valuestring);
    if (!cJSON_IsNumber(item))
        return NULL;
    number = item->valuedouble;
    if (!(number >= 0 && number <= WHOLE_MAX)
        || (double) (int64_t) number < number || signbit(number))
        return NULL;
    (void) snprintf(digits, sizeof(digits), "%.0f", number);
    return cJSON_CreateString(digits);
}

int
claims_name_subject(cJSON *claims, const char *name, const char *what,
                    struct problem *problem)
{
    const cJSON *item = claims_find(claims, name);
    cJSON *subject;

    if (item == NULL)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "%s does not say whom its answer is about (no "
                           "%.64s): its claims cannot be used",
                           what, name);
    subject = subject_of(item);
    if (subject == NULL)
        return problem_set(problem, OUTCOME_DENIED,
                           "%s gave no usable subject (%.64s)", what, name);
    cJSON_DeleteItemFromObjectCaseSensitive(claims, "sub");
    if (cJSON_AddItemToObject(claims, "sub", subject))
        return 0;
    cJSON_Delete(subject);
    return -ENOMEM;
}

/* Texts and lengths as for the subject of an ID token. */
static bool
is_subject(const char *sub)
{
    const char *at = sub;

    while (*at > ' ' && *at <= '~')
        at++;
    return *at == '\0' && at - sub <= SUBJECT_MAX;
}

int
claims_check_subject(const cJSON *claims, const char *what, const char *subject,
                     struct problem *problem)
{
    const char *sub = json_text(claims, "sub");

    if (cJSON_GetObjectItemCaseSensitive(claims, "sub") == NULL)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "%s does not say whom its answer is about (no sub): "
                           "its claims cannot be used",
                           what);
    if (sub == NULL || !is_subject(sub))
        return problem_set(problem, OUTCOME_DENIED,
                           "%s gave no usable subject (sub)", what);
    if (subject != NULL && strcmp(sub, subject) != 0)
        return problem_set(problem, OUTCOME_DENIED,
                           "%s speaks of '%.100s', but the ID token of "
                           "'%.100s'",
                           what, sub, subject);
    return 0;
}
