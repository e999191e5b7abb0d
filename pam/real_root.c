/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pam/real_root.h"

static int
set_real_uid(uid_t uid)
{
    return syscall(SYS_setresuid, uid, -1, -1) == -1 ? -errno : 0;
}

int
real_root_begin(uid_t *before)
{
    *before = getuid();
    return *before != 0 ? set_real_uid(0) : 0;
}

int
real_root_end(uid_t before)
{
    return before != 0 ? set_real_uid(before) : 0;
}
