/* SPDX-License-Identifier: MIT */
#ifndef PAM_LOGIN_H
#define PAM_LOGIN_H

#include "common/attr.h"
#include "common/message.h"
#include "pam/log.h"
#include "pam/options.h"

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
int login_run(const struct context *ctx, const struct options *options,
              int (*store)(const struct context *ctx, uid_t uid,
                           const struct message *result),
              uid_t uid) MUST_CHECK;

#endif
