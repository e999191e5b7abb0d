/* SPDX-License-Identifier: MIT */
/*
 * The kernel's keys, as far as the module uses them, in memory: what is linked
 * with --wrap of the calls in fakekeys.c makes no real ones.
 */
#ifndef TESTS_FUZZ_FAKEKEYS_H
#define TESTS_FUZZ_FAKEKEYS_H

#include <stdbool.h>
#include <stddef.h>

/* Forget all keys. */
void fakekeys_reset(void);

/*
 * A call asks whether it shall fail; then it does, with this errno.  Calls that
 * only remove something do not ask: what remains then is no fault of ours.
 */
extern int (*fakekeys_fails)(void);

/*
 * How many `user` keys can still be found from this process, its session or
 * root's user keyring; without those that time out by themselves if so.
 */
size_t fakekeys_left(bool also_timed);

/* Whether such a key holds these bytes. */
bool fakekeys_holds(const char *name, const void *data, size_t len);

#endif
