/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_OFFER_H
#define EXCHANGE_OFFER_H

#include <stdint.h>

#include <cjson/cJSON.h>

#include "common/finding.h"
#include "helper/exchange/config.h"

/*
 * What a provider offers, against what is configured.  All of it is pure.  A
 * login goes by what happens, not by these lists, which many providers do not
 * keep well: only what cannot work is an error.
 */

/*
 * From its metadata (RFC 8414 2, OIDC Discovery 3), or NULL when none is used.
 * config->settings has the endpoints that were found in it.
 */
void offer_judge(const cJSON *metadata, const struct config *config,
                 struct findings *out);

/* From its keys, which jwks_get() gave. */
void offer_judge_keys(const cJSON *set, const cJSON *metadata,
                      const struct config *config, struct findings *out);

/* From the Date of its answer, 0 when there is none; all in Unix time. */
void offer_judge_clock(int64_t theirs, int64_t before, int64_t after,
                       struct findings *out);

#endif
