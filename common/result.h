/* SPDX-License-Identifier: MIT */
#ifndef COMMON_RESULT_H
#define COMMON_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/message.h"
#include "common/secret.h"

/*
 * What is kept of the RESULT of a login: pure, and the same whoever asked for
 * it.  The keys are those of common/keyring.h.
 */

/*
 * Whether a good one has all that a session needs, and numbers that a helper can
 * count with.
 */
bool result_is_whole(const struct message *result);

/*
 * Append the payload of oidc:settings: the request for a renewal, as far as it
 * is always the same.  0, -EMSGSIZE or -ENOMEM.  The caller clears *out.
 */
int result_settings(const struct message *result,
                    struct secret *out) MUST_CHECK;

/* Append that of oidc:status, at this Unix time.  Likewise. */
int result_status(const struct message *result, int64_t now,
                  struct secret *out) MUST_CHECK;

#endif
