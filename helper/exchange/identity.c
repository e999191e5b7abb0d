/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/text.h"
#include "helper/exchange/identity.h"
#include "helper/exchange/json.h"

#define SUBJECT_MAX 255 /* OIDC Core 2 */
#define SHOWN_MAX   64

static bool
is_visible(const char *text)
{
    while (*text > ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

static bool
has_audience(const cJSON *claims, const char *client_id)
{
    const cJSON *aud = cJSON_GetObjectItemCaseSensitive(claims, "aud");
    const cJSON *item;

    if (cJSON_IsString(aud))
        return strcmp(aud->valuestring, client_id) == 0;
    if (!cJSON_IsArray(aud))
        return false;
    cJSON_ArrayForEach(item, aud) if (cJSON_IsString(item)
                                      && strcmp(item->valuestring, client_id)
                                             == 0) return true;
    return false;
}

int
identity_check(const cJSON *claims, const struct settings *settings,
               struct problem *problem)
{
    const char *iss = json_text(claims, "iss");
    const char *sub = json_text(claims, "sub");

    if (iss == NULL || strcmp(iss, settings->issuer) != 0)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is from '%.200s', not from '%.200s'",
                           iss != NULL ? iss : "", settings->issuer);
    if (!has_audience(claims, settings->client_id))
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is not for this client ('%.100s')",
                           settings->client_id);
    if (sub == NULL || strlen(sub) > SUBJECT_MAX || !is_visible(sub))
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token has no usable subject (sub)");
    return 0;
}

int
identity_check_times(const cJSON *claims, int64_t now, int64_t *expires_at,
                     struct problem *problem)
{
    int64_t exp, nbf = 0;
    int r;

    if (json_date(claims, "exp", &exp) < 0)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token has no usable end (exp)");
    if (now >= exp + IDENTITY_LEEWAY)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token expired %jd s ago (is the clock of "
                           "this host right?)",
                           (intmax_t) (now - exp));
    r = json_date(claims, "nbf", &nbf);
    if (r == -EINVAL || now < nbf - IDENTITY_LEEWAY)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is not valid yet (is the clock of "
                           "this host right?)");
    *expires_at = exp;
    return 0;
}

int
identity_check_subject(const cJSON *claims, const char *subject,
                       struct problem *problem)
{
    const char *sub = json_text(claims, "sub");

    if (sub != NULL && strcmp(sub, subject) == 0)
        return 0;
    return problem_set(problem, OUTCOME_DENIED,
                       "the provider renewed for '%.100s', but '%.100s' is "
                       "logged in",
                       sub != NULL ? sub : "", subject);
}

int
identity_check_name(const cJSON *claims, const char *claim, const char *user,
                    struct problem *problem)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(claims, claim);
    char name[SHOWN_MAX], wanted[SHOWN_MAX];

    (void) text_clean(user, wanted, sizeof(wanted)); /* returns wanted */
    if (!cJSON_IsString(item) || item->valuestring[0] == '\0') {
        problem_notice(problem, "The provider does not say who you are.");
        return problem_set(problem, OUTCOME_DENIED,
                           "no usable name: claim %.64s is %s the ID token",
                           claim,
                           item == NULL ? "missing in" : "not a name in");
    }
    (void) text_clean(item->valuestring, name, sizeof(name));
    if (strcmp(item->valuestring, user) == 0 && is_visible(user))
        return 0;
    problem_notice(problem, "You are '%s' at the provider, not '%s'.", name,
                   wanted);
    return problem_set(problem, OUTCOME_DENIED,
                       "the provider says this is '%s', not '%s'", name,
                       wanted);
}
