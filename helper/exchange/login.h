/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_LOGIN_H
#define EXCHANGE_LOGIN_H

#include "common/attr.h"
#include "common/message.h"
#include "helper/exchange/exchange.h"

/* The verb.  0, -EPROTO or another negative errno. */
int login_run(struct exchange *exchange, const struct message *request,
              struct message *result) MUST_CHECK;

#endif
