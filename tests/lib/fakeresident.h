/* SPDX-License-Identifier: MIT */
/*
 * A session with tokens, and a helper for it, as far as oidc-session sees it.  A
 * test that is linked with --wrap=process_check takes it for the helper, unless
 * it says otherwise.
 */
#ifndef TESTS_LIB_FAKERESIDENT_H
#define TESTS_LIB_FAKERESIDENT_H

#include <sys/types.h>

#include <keyutils.h>

/* What process_check() says. */
extern int fakeresident_check;

/* An anonymous session keyring with the keyring `oidc`. */
key_serial_t fakeresident_ring(void);

/*
 * Start it.  At SIGALRM it puts these texts into keys, by name and text, up to a
 * NULL; at SIGTERM it revokes the keyring and ends.  Without any text it ends at
 * SIGALRM.
 */
pid_t fakeresident_start(key_serial_t ring, const char *const *texts);

/* Write a status with the number of the one that was started behind these lines;
 * or without one, of a process that is gone. */
void fakeresident_status(key_serial_t ring, const char *lines);

/* End it.  Right without one. */
void fakeresident_stop(void);

#endif
