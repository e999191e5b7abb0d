/* SPDX-License-Identifier: MIT */
#ifndef COMMON_MARGIN_H
#define COMMON_MARGIN_H

#include <stdint.h>

#include "common/attr.h"

/* [renewal] before_expiry: how long before its end a token is renewed. */
struct margin {
    enum { MARGIN_AUTO, MARGIN_SECONDS, MARGIN_PERCENT } unit;
    int64_t value;
};

/*
 * "auto", a number of seconds up to a year, or a percentage up to 90: "10%".
 * Returns 0 or -EINVAL.
 */
int margin_parse(const char *text, struct margin *out) MUST_CHECK;

#endif
