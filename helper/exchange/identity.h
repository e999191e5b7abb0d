/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_IDENTITY_H
#define EXCHANGE_IDENTITY_H

#include <stdint.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "helper/exchange/problem.h"
#include "helper/exchange/settings.h"

/* Seconds: no two clocks agree. */
#define IDENTITY_LEEWAY 60

/*
 * Who an ID token speaks for: its claims, checked as OIDC Core 3.1.3.7 says, as
 * far as it can be without the signature.  Problems are OUTCOME_DENIED.
 */

/* Issuer, audience, subject.  0 or -EPROTO. */
int identity_check(const cJSON *claims, const struct settings *settings,
                   struct problem *problem) MUST_CHECK;

/* exp and nbf.  *expires_at is the exp.  0 or -EPROTO. */
int identity_check_times(const cJSON *claims, int64_t now, int64_t *expires_at,
                         struct problem *problem) MUST_CHECK;

/* That it is the same subject as at login.  0 or -EPROTO. */
int identity_check_subject(const cJSON *claims, const char *subject,
                           struct problem *problem) MUST_CHECK;

/*
 * That the claim is the name of the user who logs in, byte for byte.  With
 * -EPROTO there is also a notice for the user.
 */
int identity_check_name(const cJSON *claims, const char *claim,
                        const char *user, struct problem *problem) MUST_CHECK;

#endif
