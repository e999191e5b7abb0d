/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_TRUST_H
#define EXCHANGE_TRUST_H

#include <stdbool.h>

/*
 * Whether a directory has certificates that OpenSSL finds by the hash of their
 * subject (see openssl-rehash(1)), so that it reads only those it needs.  false
 * also when it is NULL, or cannot be read.
 */
bool trust_is_hashed(const char *directory);

#endif
