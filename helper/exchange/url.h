/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_URL_H
#define EXCHANGE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether we talk to this address, or send a user there: https, a host, neither
 * user name nor fragment; with insecure_http also http on a loopback host.
 * Returns NULL, or what is wrong with it, to be said behind its name.
 */
const char *url_check(const char *url, bool insecure_http);

/* Its host, and port if it names one, for messages.  Returns out. */
const char *url_host(const char *url, char *out, size_t size);

/*
 * The port that it leads to: its own, otherwise the one given, otherwise that of
 * its scheme.  0 when there is none.
 */
uint16_t url_port(const char *url, uint16_t otherwise);

#endif
