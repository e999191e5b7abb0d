/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "helper/exchange/id_token.h"
#include "helper/exchange/json.h"
#include "helper/exchange/jwk.h"
#include "helper/exchange/jws.h"
#include "helper/exchange/jwt.h"
#include "helper/exchange/words.h"

#define SUBJECT_MAX 255 /* OIDC Core 2 */

/* Year 9999: later than any date that is meant. */
#define DATE_MAX INT64_C(253402300799)

static bool
is_visible(const char *text)
{
    while (*text > ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

/* What is not a string is "", which is never equal to what is wanted. */
static const char *
shown(const cJSON *claims, const char *name)
{
    const char *text = json_text(claims, name);

    return text != NULL ? text : "";
}

/* ---- who, for whom ------------------------------------------------------- */

static int
check_issuer(const cJSON *claims, const struct id_token_check *check,
             struct problem *problem)
{
    const char *iss = json_text(claims, "iss");

    if (iss != NULL && strcmp(iss, check->issuer) == 0)
        return 0;
    return problem_set(problem, OUTCOME_DENIED,
                       "the ID token is from '%.200s', not from '%.200s'",
                       shown(claims, "iss"), check->issuer);
}

/* The number of audiences, or -1 when there is one that is no text. */
static int
count_audiences(const cJSON *aud, const char *client_id, bool *has_client)
{
    const cJSON *item;
    int n = 0;

    *has_client = false;
    if (cJSON_IsString(aud)) {
        *has_client = strcmp(aud->valuestring, client_id) == 0;
        return 1;
    }
    if (!cJSON_IsArray(aud))
        return -1;
    cJSON_ArrayForEach(item, aud)
    {
        if (!cJSON_IsString(item))
            return -1;
        if (strcmp(item->valuestring, client_id) == 0)
            *has_client = true;
        n++;
    }
    return n;
}

static int
check_audience(const cJSON *claims, const struct id_token_check *check,
               struct problem *problem)
{
    const cJSON *aud = cJSON_GetObjectItemCaseSensitive(claims, "aud");
    const cJSON *azp = cJSON_GetObjectItemCaseSensitive(claims, "azp");
    bool has_client;
    int n = count_audiences(aud, check->client_id, &has_client);

    if (n < 0)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token has no usable audience (aud)");
    if (!has_client)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is not for this client ('%.100s')",
                           check->client_id);
    if (n > 1 && azp == NULL)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is for several audiences (aud), but "
                           "does not say for which it was issued (azp)");
    if (azp != NULL
        && (!cJSON_IsString(azp)
            || strcmp(azp->valuestring, check->client_id) != 0))
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token was issued to another client (azp: "
                           "'%.100s')",
                           shown(claims, "azp"));
    return 0;
}

static int
check_subject(const cJSON *claims, const struct id_token_check *check,
              struct problem *problem)
{
    const char *sub = json_text(claims, "sub");

    if (sub == NULL || strlen(sub) > SUBJECT_MAX || !is_visible(sub))
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token has no usable subject (sub)");
    if (check->subject != NULL && strcmp(sub, check->subject) != 0)
        return problem_set(problem, OUTCOME_DENIED,
                           "the provider renewed for '%.100s', but '%.100s' "
                           "is logged in",
                           sub, check->subject);
    return 0;
}

/* ---- when ---------------------------------------------------------------- */

/*
 * A whole number of seconds since 1970 that an int64_t can hold and a person
 * may mean.  0, -ENODATA when there is no such claim, or -EINVAL.
 */
static int
take_date(const cJSON *claims, const char *name, int64_t *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(claims, name);
    double number;

    if (item == NULL)
        return -ENODATA;
    if (!cJSON_IsNumber(item))
        return -EINVAL;
    number = item->valuedouble;
    if (!(number >= 0 && number <= (double) DATE_MAX)) /* NaN is neither */
        return -EINVAL;
    if ((double) (int64_t) number != number)
        return -EINVAL;
    *out = (int64_t) number;
    return 0;
}

/* When it was issued, just now, tells how much the clocks differ. */
static int
expired(const cJSON *claims, int64_t now, int64_t exp, struct problem *problem)
{
    char difference[128] = "";
    int64_t iat;

    if (take_date(claims, "iat", &iat) == 0 && iat < now - ID_TOKEN_LEEWAY)
        (void) snprintf(difference, sizeof(difference),
                        "; it was issued %jd s ago: if it is new, the clock of "
                        "the provider is that far behind",
                        (intmax_t) (now - iat));
    return problem_set(problem, OUTCOME_DENIED,
                       "the ID token expired %jd s ago (is the clock of this "
                       "host right?)%s",
                       (intmax_t) (now - exp), difference);
}

static int
check_end(const cJSON *claims, int64_t now, int64_t *out,
          struct problem *problem)
{
    int64_t exp;

    if (take_date(claims, "exp", &exp) < 0)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token has no usable end (exp)");
    if (now >= exp + ID_TOKEN_LEEWAY)
        return expired(claims, now, exp, problem);
    *out = exp;
    return 0;
}

static int
check_start(const cJSON *claims, int64_t now, int64_t exp,
            struct problem *problem)
{
    int64_t iat, nbf = 0;

    if (take_date(claims, "iat", &iat) < 0)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token has no usable time of issue (iat)");
    if (iat > now + ID_TOKEN_LEEWAY)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token was issued %jd s in the future (is "
                           "the clock of this host or of the provider wrong?)",
                           (intmax_t) (iat - now));
    if (exp <= iat)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token ends (exp) before it was issued "
                           "(iat)");
    if (take_date(claims, "nbf", &nbf) == -EINVAL)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token has an unusable start (nbf)");
    if (nbf > now + ID_TOKEN_LEEWAY)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is not valid yet (is the clock of "
                           "this host right?)");
    return 0;
}

int
id_token_check_times(const cJSON *claims, int64_t now, int64_t *expires_at,
                     struct problem *problem)
{
    int64_t exp = 0;
    int r;

    r = check_end(claims, now, &exp, problem);
    if (r == 0)
        r = check_start(claims, now, exp, problem);
    if (r == 0)
        *expires_at = exp;
    return r;
}

static int
check_authentication(const cJSON *claims, const struct id_token_check *check,
                     struct problem *problem)
{
    int64_t at;

    if (check->max_age < 0)
        return 0;
    if (take_date(claims, "auth_time", &at) < 0)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token does not say when the user "
                           "authenticated (auth_time), as max_age requires");
    if (at > check->now + ID_TOKEN_LEEWAY)
        return problem_set(problem, OUTCOME_DENIED,
                           "the user authenticated %jd s in the future "
                           "(auth_time; is the clock of this host or of the "
                           "provider wrong?)",
                           (intmax_t) (at - check->now));
    if (check->now - at - ID_TOKEN_LEEWAY > check->max_age)
        return problem_set(problem, OUTCOME_DENIED,
                           "the user authenticated %jd s ago, longer than "
                           "max_age (%jd s)",
                           (intmax_t) (check->now - at),
                           (intmax_t) check->max_age);
    return 0;
}

/* ---- how ----------------------------------------------------------------- */

static int
check_nonce(const cJSON *claims, const struct id_token_check *check,
            struct problem *problem)
{
    const char *nonce = json_text(claims, "nonce");

    if (check->nonce == NULL)
        return 0;
    if (nonce == NULL)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token has no nonce, but one was sent");
    if (strcmp(nonce, check->nonce) != 0)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token is that of another login (nonce)");
    return 0;
}

static int
check_context(const cJSON *claims, const struct id_token_check *check,
              struct problem *problem)
{
    const char *acr = json_text(claims, "acr");

    if (check->acr == NULL)
        return 0;
    if (acr == NULL)
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token does not say how the user "
                           "authenticated (acr), as require_acr requires");
    if (!words_have(check->acr, acr))
        return problem_set(problem, OUTCOME_DENIED,
                           "the user authenticated by '%.100s' (acr), which "
                           "is not in require_acr",
                           acr);
    return 0;
}

int
id_token_check_claims(const cJSON *claims, const struct id_token_check *check,
                      int64_t *expires_at, struct problem *problem)
{
    int64_t exp = *expires_at;
    int r;

    r = check_issuer(claims, check, problem);
    if (r == 0)
        r = check_audience(claims, check, problem);
    if (r == 0)
        r = check_subject(claims, check, problem);
    if (r == 0 && !check->at_any_time)
        r = id_token_check_times(claims, check->now, &exp, problem);
    if (r == 0)
        r = check_nonce(claims, check, problem);
    if (r == 0)
        r = check_authentication(claims, check, problem);
    if (r == 0)
        r = check_context(claims, check, problem);
    if (r == 0)
        *expires_at = exp;
    return r;
}

/* ---- the access token that came with it ---------------------------------- */

/* Whether the text stands for the left half of the hash (3.1.3.6). */
static int
compare_hash(const char *text, const char *hash, const struct secret *access)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct secret half = {0};
    size_t len = 0;
    int r;

    if (EVP_Q_digest(NULL, hash, NULL, access->data, access->len, digest, &len)
        != 1) {
        ERR_clear_error(); /* what is left there would be taken for one of TLS */
        return -ENOMEM;
    }
    r = base64url_decode(text, strlen(text), &half);
    if (r == 0
        && (half.len != len / 2 || memcmp(half.data, digest, len / 2) != 0))
        r = -EBADMSG;
    secret_clear(&half);
    return r;
}

static int
check_access_token(const cJSON *claims, const struct secret *access,
                   const struct jws_algorithm *algorithm,
                   struct problem *problem)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(claims, "at_hash");
    int r;

    if (item == NULL || access == NULL)
        return 0;
    if (!cJSON_IsString(item))
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token has an unusable at_hash");
    r = compare_hash(item->valuestring, algorithm->hash, access);
    if (r == -EBADMSG)
        r = problem_set(problem, OUTCOME_DENIED,
                        "the ID token belongs to another access token "
                        "(at_hash)");
    return r;
}

/* ---- the signature ------------------------------------------------------- */

static int
take_kid(const cJSON *header, const char **out, struct problem *problem)
{
    const cJSON *kid = cJSON_GetObjectItemCaseSensitive(header, "kid");

    if (kid != NULL && !cJSON_IsString(kid))
        return problem_set(problem, OUTCOME_DENIED,
                           "the ID token names its key (kid) by something "
                           "that is no text");
    *out = kid != NULL ? kid->valuestring : NULL;
    return 0;
}

/* 0, or what jws_verify() says of the key that came closest. */
static int
try_keys(const struct jws_algorithm *algorithm, const struct jwk_found *found,
         const struct secret *token, const struct jwt *jwt)
{
    int r, best = -EBADMSG;
    size_t i;

    for (i = 0; i < found->count; i++) {
        r = jws_verify(algorithm, found->key[i], token->data, jwt->signed_len,
                       &jwt->signature);
        if (r == 0 || r == -ENOMEM)
            return r;
        if (r == -EKEYREJECTED)
            best = r;
    }
    return best;
}

static int
check_signature(const struct secret *token, const struct jwt *jwt,
                const cJSON *jwks, const struct jws_algorithm *algorithm,
                struct problem *problem)
{
    struct jwk_found found = {0};
    const char *kid = NULL;
    int r;

    r = take_kid(jwt->header, &kid, problem);
    if (r == 0)
        r = jwk_find(jwks, kid, algorithm, &found, problem);
    if (r < 0)
        return r;
    r = try_keys(algorithm, &found, token, jwt);
    jwk_found_clear(&found);
    if (r == 0 || r == -ENOMEM)
        return r;
    (void) problem_set(problem, OUTCOME_DENIED, /* what is returned is below */
                       r == -EBADMSG ? "the ID token's signature has not the "
                                       "form that %s has"
                                     : "the ID token's signature (%s) is wrong",
                       algorithm->name);
    /* A provider that names no keys may have changed its key. */
    return kid == NULL ? -ENOKEY : -EPROTO;
}

static int
check_jwt(const struct secret *token, const struct jwt *jwt, const cJSON *jwks,
          const struct id_token_check *check, int64_t *expires_at,
          struct problem *problem)
{
    const struct jws_algorithm *algorithm = NULL;
    int64_t exp = *expires_at;
    int r;

    r = jws_check_header(jwt->header, check->algorithms, &algorithm, problem);
    if (r == 0)
        r = check_signature(token, jwt, jwks, algorithm, problem);
    if (r == 0)
        r = id_token_check_claims(jwt->payload, check, &exp, problem);
    if (r == 0)
        r = check_access_token(jwt->payload, check->access_token, algorithm,
                               problem);
    if (r == 0)
        *expires_at = exp;
    return r;
}

int
id_token_verify(const struct secret *token, const cJSON *jwks,
                const struct id_token_check *check, cJSON **claims,
                int64_t *expires_at, struct problem *problem)
{
    struct jwt jwt = {0};
    int r;

    r = jwt_decode(token, &jwt, problem);
    if (r == 0)
        r = check_jwt(token, &jwt, jwks, check, expires_at, problem);
    if (r == 0) {
        *claims = jwt.payload;
        jwt.payload = NULL;
    }
    jwt_clear(&jwt);
    return r;
}
