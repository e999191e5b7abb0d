/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "common/outcome.h"

static const char *const names[OUTCOME_COUNT] = {
    [OUTCOME_OK] = "ok",
    [OUTCOME_TRANSIENT] = "transient",
    [OUTCOME_AMBIGUOUS] = "ambiguous",
    [OUTCOME_DEAD] = "dead",
    [OUTCOME_MISCONFIGURED] = "misconfigured",
    [OUTCOME_DENIED] = "denied",
    [OUTCOME_EXPIRED] = "expired",
    [OUTCOME_WRONG_PASSWORD] = "wrong_password",
};

const char *
outcome_name(enum outcome outcome)
{
    return names[outcome];
}

int
outcome_parse(const char *name, enum outcome *out)
{
    int i;

    for (i = 0; i < OUTCOME_COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum outcome) i;
            return 0;
        }
    }
    return -EINVAL;
}
