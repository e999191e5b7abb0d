/* SPDX-License-Identifier: MIT */
#ifndef PAM_REAL_ROOT_H
#define PAM_REAL_ROOT_H

#include <sys/types.h>

#include "common/attr.h"

/*
 * In su the real uid is still the caller's, and the kernel goes by it for the
 * user keyring and for the owner of a new session keyring.  Between these two
 * calls it is root's, for this thread only: libc's setresuid() would switch
 * all. 0 or a negative errno.
 */
int real_root_begin(uid_t *before) MUST_CHECK;
int real_root_end(uid_t before) MUST_CHECK;

#endif
