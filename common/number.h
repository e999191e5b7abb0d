/* SPDX-License-Identifier: MIT */
#ifndef COMMON_NUMBER_H
#define COMMON_NUMBER_H

#include <stdint.h>

#include "common/attr.h"

/* The last second of the year 9999: sums of such times do not overflow. */
#define UNIX_TIME_MAX INT64_C(253402300799)

/*
 * Decimal digits, nothing else: no sign, no space, not empty.
 * Returns 0, or -EINVAL when it is not a number from 0 to max.
 */
int number_parse(const char *text, int64_t max, int64_t *out) MUST_CHECK;

#endif
