/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_RENEW_H
#define EXCHANGE_RENEW_H

#include "common/attr.h"
#include "common/message.h"
#include "helper/exchange/exchange.h"

/* The verb: RFC 6749 6.  0, -EPROTO or another negative errno. */
int renew_run(struct exchange *exchange, const struct message *request,
              struct message *result) MUST_CHECK;

#endif
