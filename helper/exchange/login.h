/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_LOGIN_H
#define EXCHANGE_LOGIN_H

#include "common/attr.h"
#include "common/message.h"
#include "helper/exchange/config.h"
#include "helper/exchange/exchange.h"

/*
 * Ask the caller for the files that the configuration names, also if it names
 * none: there is no other time to ask.  0 or a negative errno of caller_ask().
 */
int login_ask_for_files(struct exchange *exchange, const struct config *config,
                        struct message *answer) MUST_CHECK;

/* The verb.  0, -EPROTO or another negative errno. */
int login_run(struct exchange *exchange, const struct message *request,
              struct message *result) MUST_CHECK;

#endif
