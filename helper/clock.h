/* SPDX-License-Identifier: MIT */
#ifndef HELPER_CLOCK_H
#define HELPER_CLOCK_H

#include <stdint.h>

#include "common/attr.h"

/*
 * The wall clock can be set; CLOCK_BOOTTIME goes on whatever happens, while the
 * machine is suspended as well.  What the one is ahead of the other changes
 * only when somebody sets the clock.
 */

/* A timer for what is due in so many seconds: CLOCK_BOOTTIME.  -1 and errno. */
int clock_timer_open(void) MUST_CHECK;

/*
 * A descriptor that is readable once the wall clock was set: a timer that never
 * fires, with TFD_TIMER_CANCEL_ON_SET.  -1 and errno.
 */
int clock_watch_open(void) MUST_CHECK;

/* Take from it that this has happened. */
void clock_watch_read(int fd);

/*
 * Seconds of CLOCK_MONOTONIC, which stands still while the machine is
 * suspended, as the limits of an exchange do.
 */
int64_t clock_awake(void);

/* How far the wall clock is ahead of CLOCK_BOOTTIME, in milliseconds. */
int64_t clock_offset(void);

/* Pure: by how many seconds it was set between two such offsets, rounded. */
int64_t clock_jump(int64_t before, int64_t after);

#endif
