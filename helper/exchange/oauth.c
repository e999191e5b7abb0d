/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "helper/exchange/json.h"
#include "helper/exchange/oauth.h"

/* curl's errors that no waiting cures, when they come before the request. */
static const CURLcode local_errors[] = {
    /* an address, or a curl, that cannot be meant */
    CURLE_UNSUPPORTED_PROTOCOL,
    CURLE_URL_MALFORMAT,
    CURLE_NOT_BUILT_IN,
    CURLE_BAD_FUNCTION_ARGUMENT,
    CURLE_UNKNOWN_OPTION,
    CURLE_SETOPT_OPTION_SYNTAX,
    /* TLS, as it is set up here */
    CURLE_SSL_ENGINE_NOTFOUND,
    CURLE_SSL_ENGINE_SETFAILED,
    CURLE_SSL_ENGINE_INITFAILED,
    CURLE_SSL_CIPHER,
    CURLE_SSL_CACERT_BADFILE,
    CURLE_SSL_CRL_BADFILE,
    /* who trusts whom */
    CURLE_SSL_CERTPROBLEM,
    CURLE_SSL_CLIENTCERT,
    CURLE_PEER_FAILED_VERIFICATION,
    CURLE_SSL_ISSUER_ERROR,
    CURLE_SSL_INVALIDCERTSTATUS,
    CURLE_SSL_PINNEDPUBKEYNOTMATCH,
};

/* RFC 6749 5.2, RFC 8628 3.5, RFC 7009 2.2.1, RFC 8707 2, OIDC Core 3.1.2.6. */
static const struct {
    const char *error;
    enum outcome outcome;
} errors[] = {
    {"invalid_grant", OUTCOME_DEAD},
    {"access_denied", OUTCOME_DEAD},
    {"login_required", OUTCOME_DEAD},
    {"interaction_required", OUTCOME_DEAD},
    {"consent_required", OUTCOME_DEAD},
    {"account_selection_required", OUTCOME_DEAD},
    {"expired_token", OUTCOME_EXPIRED},
    {"authorization_pending", OUTCOME_TRANSIENT},
    {"slow_down", OUTCOME_TRANSIENT},
    {"temporarily_unavailable", OUTCOME_TRANSIENT},
    {"server_error", OUTCOME_TRANSIENT},
    {"invalid_client", OUTCOME_MISCONFIGURED},
    {"unauthorized_client", OUTCOME_MISCONFIGURED},
    {"invalid_scope", OUTCOME_MISCONFIGURED},
    {"invalid_target", OUTCOME_MISCONFIGURED},
    {"invalid_request", OUTCOME_MISCONFIGURED},
    {"unsupported_grant_type", OUTCOME_MISCONFIGURED},
    {"unsupported_token_type", OUTCOME_MISCONFIGURED},
    {"incorrect_client_credentials", OUTCOME_MISCONFIGURED}, /* GitHub */
};

/* The first row that fits; a status in none of them is not one of HTTP's. */
static const struct {
    long first, last;
    enum outcome outcome;
} statuses[] = {
    {200, 299, OUTCOME_OK},
    {300, 399, OUTCOME_MISCONFIGURED}, /* we follow no redirects */
    {404, 405, OUTCOME_MISCONFIGURED}, /* that is not the endpoint */
    {407, 407, OUTCOME_MISCONFIGURED}, /* the proxy wants a password */
    {408, 408, OUTCOME_TRANSIENT},
    {429, 429, OUTCOME_TRANSIENT},
    {400, 499, OUTCOME_DEAD}, /* some refuse a grant without a word */
    {500, 599, OUTCOME_TRANSIENT},
};

static bool
is_overloaded(long status)
{
    return status == 408 || status == 429 || (status >= 500 && status <= 599);
}

static enum outcome
classify_transport(CURLcode code, bool sent)
{
    size_t i;

    if (sent)
        return OUTCOME_AMBIGUOUS;
    for (i = 0; i < ARRAY_LEN(local_errors); i++)
        if (local_errors[i] == code)
            return OUTCOME_MISCONFIGURED;
    return OUTCOME_TRANSIENT;
}

static enum outcome
classify_status(long status)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(statuses); i++)
        if (status >= statuses[i].first && status <= statuses[i].last)
            return statuses[i].outcome;
    return OUTCOME_TRANSIENT;
}

static enum outcome
classify_error(const char *error)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(errors); i++)
        if (strcmp(errors[i].error, error) == 0)
            return errors[i].outcome;
    return OUTCOME_DEAD; /* said by the provider, and not "later" */
}

enum outcome
oauth_classify(const struct oauth_answer *answer)
{
    enum outcome outcome;

    /* Whatever such an answer says, and were it cut: the provider is not
     * itself. */
    if (is_overloaded(answer->status))
        return OUTCOME_TRANSIENT;
    if (answer->code != CURLE_OK)
        return classify_transport(answer->code, answer->sent);
    if (answer->error[0] != '\0') /* with any status: GitHub's is 200 */
        return classify_error(answer->error);
    outcome = classify_status(answer->status);
    /* A captive portal, or a web page where the provider was. */
    if (outcome == OUTCOME_OK && !answer->json)
        return OUTCOME_TRANSIENT;
    return outcome;
}

static void
read_member(const cJSON *json, const char *name, const struct form *form,
            char *out, size_t size)
{
    const char *text = json_text(json, name);

    if (text == NULL)
        return;
    if (form_leaks(form, text))
        text = "not shown: it repeats a secret";
    (void) text_clean(text, out, size); /* returns out */
}

void
oauth_read_error(const cJSON *json, const struct form *form,
                 struct oauth_answer *out)
{
    read_member(json, "error", form, out->error, sizeof(out->error));
    if (out->error[0] != '\0')
        read_member(json, "error_description", form, out->description,
                    sizeof(out->description));
}

static const char *
explain_transport(enum outcome outcome)
{
    if (outcome == OUTCOME_AMBIGUOUS)
        return "gave no usable answer";
    return outcome == OUTCOME_MISCONFIGURED ? "cannot be used"
                                            : "cannot be reached";
}

/* There is no answer, or half of one. */
static int
transport_problem(const struct oauth_answer *answer, enum outcome outcome,
                  const char *what, const char *host, struct problem *problem)
{
    if (is_overloaded(answer->status))
        return problem_set(problem, outcome,
                           "%s at %s answered %ld, but not to the end: %s",
                           what, host, answer->status, answer->detail);
    return problem_set(problem, outcome, "%s at %s %s: %s", what, host,
                       explain_transport(outcome), answer->detail);
}

static const char *
explain_status(const struct oauth_answer *answer)
{
    if (answer->status >= 200 && answer->status <= 299)
        return " with something that is not a JSON object (a captive portal?)";
    if (answer->status >= 300 && answer->status <= 399)
        return ", a redirect, which is not followed";
    return " without an error code";
}

int
oauth_problem(const struct oauth_answer *answer, const char *what,
              const char *host, struct problem *problem)
{
    enum outcome outcome = oauth_classify(answer);

    /* The others are not tried again, or by another clock. */
    problem->retry_after =
        outcome == OUTCOME_TRANSIENT ? answer->retry_after : 0;
    if (answer->code != CURLE_OK)
        return transport_problem(answer, outcome, what, host, problem);
    if (answer->error[0] == '\0')
        return problem_set(problem, outcome, "%s at %s answered %ld%s", what,
                           host, answer->status, explain_status(answer));
    if (answer->description[0] == '\0')
        return problem_set(problem, outcome, "%s at %s answered %ld %s", what,
                           host, answer->status, answer->error);
    return problem_set(problem, outcome, "%s at %s answered %ld %s (%s)", what,
                       host, answer->status, answer->error,
                       answer->description);
}
