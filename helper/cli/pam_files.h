/* SPDX-License-Identifier: MIT */
#ifndef CLI_PAM_FILES_H
#define CLI_PAM_FILES_H

#include "common/attr.h"
#include "common/finding.h"
#include "helper/cli/provider.h"

/*
 * Look at the PAM stacks of this host that mention the module, at the
 * configurations that they name besides this one, and at sshd's if it is one of
 * them.  0 or -ENOMEM.
 */
int pam_files_check(const char *config, enum provider_grant grant,
                    struct findings *out) MUST_CHECK;

#endif
