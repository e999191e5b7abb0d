/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stddef.h>
#include <string.h>

#include "helper/exchange/claims.h"
#include "helper/exchange/userinfo.h"

#define WHAT "the userinfo endpoint"

static int
judge(struct client_reply *reply, const struct settings *settings,
      const char *subject_claim, const char *subject, struct problem *problem)
{
    int r = 0;

    if (reply->jwt)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           WHAT " answered with a signed token, which is not "
                                "supported; at the provider, set this client's "
                                "userinfo answers to JSON");
    if (reply->outcome != OUTCOME_OK)
        return client_problem(reply, WHAT, settings->userinfo_endpoint,
                              problem);
    if (strcmp(subject_claim, "sub") != 0)
        r = claims_name_subject(reply->json, subject_claim, WHAT, problem);
    if (r == 0)
        r = claims_check_subject(reply->json, WHAT, subject, problem);
    return r;
}

int
userinfo_fetch(const struct client *client, const struct secret *access_token,
               const char *subject_claim, const char *subject, cJSON **out,
               struct problem *problem)
{
    const char *url = client->settings->userinfo_endpoint;
    struct client_reply reply = {0};
    int r;

    if (url == NULL)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "there is no userinfo endpoint to ask for claims: "
                           "neither in the provider's metadata nor as "
                           "[provider] userinfo_endpoint");
    r = client_get_with(client, url, access_token, &reply);
    if (r == 0)
        r = judge(&reply, client->settings, subject_claim, subject, problem);
    if (r == 0) {
        *out = reply.json;
        reply.json = NULL;
    }
    client_reply_clear(&reply);
    return r;
}
