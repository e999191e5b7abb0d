/* SPDX-License-Identifier: MIT */
#ifndef PAM_LOGIN_H
#define PAM_LOGIN_H

#include "common/attr.h"
#include "common/message.h"
#include "pam/log.h"
#include "pam/options.h"
#include "pam/session.h"

/* What the user is told of what only the log explains. */
#define TELL_ADMINISTRATOR                                                     \
    "Logging in by the provider is not set up correctly. Please tell your"     \
    " administrator."

/* Keep what a RESULT brought.  0, or a negative errno that it has logged. */
typedef int store_fn(const struct context *ctx, const struct owner *owner,
                     const struct message *result);

/*
 * Get tokens for ctx->user: run the exchange, answer what it asks, talk to the
 * user.  store() is called with its RESULT; only when that succeeds is the
 * exchange told that the tokens are safe, otherwise it revokes them.
 *
 * Failures are logged and told here, once.  Returns 0, -EACCES when the login
 * is refused, -ETIME when nobody approved in time, -EHOSTUNREACH when the
 * provider cannot be used now, -EINVAL for the configuration, -ECANCELED when
 * the user went away, what store() returned, or another negative errno.
 */
int login_obtain(const struct context *ctx, const struct options *options,
                 const struct owner *owner, store_fn *store) MUST_CHECK;

#endif
