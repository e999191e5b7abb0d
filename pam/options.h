/* SPDX-License-Identifier: MIT */
#ifndef PAM_OPTIONS_H
#define PAM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

/* The module's arguments; see pam_oidc_session(8).  Strings are argv's. */
struct options {
    const char *config;
    int64_t deadline; /* seconds for one login; 0: no limit */
    bool debug;
    int64_t max_logins;      /* at once, on this host; 0: no limit */
    int64_t max_user_logins; /* the same, of one user */
    int64_t minimum_uid;
    bool try_first_pass;
    bool use_first_pass;
};

/*
 * Returns 0, or -EINVAL with the argument at fault in *bad.
 */
int options_parse(int argc, const char **argv, struct options *out,
                  const char **bad) MUST_CHECK;

#endif
