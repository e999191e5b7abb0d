/* SPDX-License-Identifier: MIT */
#ifndef HELPER_RECORD_H
#define HELPER_RECORD_H

#include "common/attr.h"
#include "common/logline.h"
#include "helper/loop.h"

/* One line of common/logline.h to syslog. */
void record(const struct helper *helper, enum logged event, int priority,
            const char *format, ...) PRINTF(4, 5);

#endif
