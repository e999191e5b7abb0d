/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_CLAIMS_H
#define EXCHANGE_CLAIMS_H

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "helper/exchange/problem.h"

/* What a provider says about a person: members of a JSON object. */

/*
 * Find a claim by its name, or inside of others by its path: "groups",
 * "realm_access.roles", "https://example.org/groups".  Where a name itself has
 * dots, the longest one that is there is tried first.  NULL when it is absent.
 */
const cJSON *claims_find(const cJSON *claims, const char *path);

/*
 * Copy from more what claims do not have.  What they have stays as it is, and
 * no name comes in that claims_find() would take instead of it; nor does what
 * speaks of a token and not of the person (iss, exp, acr, …), nor half of what
 * belongs together (email, email_verified).  0 or -ENOMEM.
 */
int claims_add(cJSON *claims, const cJSON *more) MUST_CHECK;

/*
 * Make a claim, found as by claims_find(), the answer's sub, instead of any that
 * it has: for OAuth 2.0 providers that call it otherwise, as GitHub does with
 * its id.  It is a text, or a whole number below 2^53, which becomes its
 * decimal digits.  what is the endpoint, for messages.  0, -EPROTO or -ENOMEM.
 */
int claims_name_subject(cJSON *claims, const char *name, const char *what,
                        struct problem *problem) MUST_CHECK;

/*
 * That what an endpoint says is about somebody, and, unless subject is NULL,
 * about this one.  what is the endpoint, for messages.  0 or -EPROTO.
 */
int claims_check_subject(const cJSON *claims, const char *what,
                         const char *subject,
                         struct problem *problem) MUST_CHECK;

#endif
