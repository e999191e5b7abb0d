/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_LOGIN_H
#define EXCHANGE_LOGIN_H

#include <stdint.h>

#include "common/attr.h"
#include "common/message.h"
#include "helper/exchange/exchange.h"

/*
 * Check that the ID token that came with a login says that this is the user,
 * and note its subject in *settings.  0, -EPROTO or -ENOMEM.
 */
int login_check(const char *username_claim, const char *user, int64_t now,
                struct settings *settings, struct token *token,
                struct problem *problem) MUST_CHECK;

/* The verb.  0, -EPROTO or another negative errno. */
int login_run(struct exchange *exchange, const struct message *request,
              struct message *result) MUST_CHECK;

#endif
