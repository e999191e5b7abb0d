/* SPDX-License-Identifier: MIT */
/* What glibc has, the helper needs, and musl has not. */
#include <config.h>

#include <sys/syscall.h>
#include <unistd.h>

#include "helper/musl.h"

#ifndef __GLIBC__
int
close_range(unsigned first, unsigned last, int flags)
{
    return (int) syscall(SYS_close_range, first, last, flags);
}
#endif
