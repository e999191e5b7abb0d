/* SPDX-License-Identifier: MIT */
#ifndef HELPER_MUSL_H
#define HELPER_MUSL_H

#include <unistd.h>

/*
 * What glibc declares in unistd.h, and musl not at all: in every source of the
 * helper when that is linked with musl.
 */
#ifndef __GLIBC__
int close_range(unsigned first, unsigned last, int flags);
#endif

#endif
