/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_CHECK_H
#define EXCHANGE_CHECK_H

#include "common/attr.h"
#include "common/message.h"
#include "helper/exchange/exchange.h"

/*
 * The verb of `oidc-session check`: look at the configuration and at the
 * provider, log nobody in, and say what was found.  The client's secret does
 * not leave this host.  0 or a negative errno; never -EPROTO, because what is
 * wrong is a finding.
 */
int check_run(struct exchange *exchange, const struct message *request,
              struct message *result) MUST_CHECK;

#endif
