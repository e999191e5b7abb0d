/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper/exchange/denied.h"

/* for_login and for_renewal, which denied_filter.c has made. */
#include "helper/exchange/denied.inc"

/* What is allowed to signal itself gets to know who it is. */
static void
fill_in(struct sock_filter *filter, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (filter[i].k == DENIED_PID)
            filter[i].k = (uint32_t) getpid();
}

static int
load(struct sock_filter *filter, size_t n)
{
    const struct sock_fprog program = {(unsigned short) n, filter};

    fill_in(filter, n);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &program) == -1
               ? -errno
               : 0;
}

int
denied_load(bool may_write)
{
    return may_write ? load(for_login, ARRAY_LEN(for_login))
                     : load(for_renewal, ARRAY_LEN(for_renewal));
}
