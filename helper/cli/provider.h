/* SPDX-License-Identifier: MIT */
#ifndef CLI_PROVIDER_H
#define CLI_PROVIDER_H

#include "common/attr.h"
#include "common/finding.h"

/* [login] grant, as far as it is known. */
enum provider_grant { PROVIDER_UNKNOWN, PROVIDER_DEVICE, PROVIDER_PASSWORD };

/*
 * Look at a configuration and at its provider, by an exchange that runs as for
 * a login; without root as the user.  What is wrong is a finding.
 */
void provider_check(const char *config, enum provider_grant *grant,
                    struct findings *out);

#endif
