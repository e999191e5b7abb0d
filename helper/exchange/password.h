/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_PASSWORD_H
#define EXCHANGE_PASSWORD_H

#include "common/attr.h"
#include "helper/exchange/caller.h"
#include "helper/exchange/client.h"
#include "helper/exchange/problem.h"
#include "helper/exchange/token.h"

/*
 * Obtain tokens by the password grant (RFC 6749 4.3): ask the caller for the
 * password, and the provider with it.  0, -EPROTO, or another negative errno.
 * *out may have tokens also after -EPROTO.
 */
int password_run(const struct client *client, const char *scope,
                 const char *user, struct caller *caller, struct token *out,
                 struct problem *problem) MUST_CHECK;

#endif
