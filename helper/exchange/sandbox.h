/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_SANDBOX_H
#define EXCHANGE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "helper/exchange/settings.h"

/*
 * What the exchange gives up, in three steps, each as soon as it can: it parses
 * what strangers send.  What an older kernel refuses is no error; it is in the
 * report.  Nothing is given up unless sandbox_begin() was called: a test that
 * runs an exchange in its own process stays as it is.
 */

/* One for each endpoint in struct settings, and for the name service. */
#define SANDBOX_PORTS_MAX 8
#define SANDBOX_REPORT    256

/*
 * First of all in main(): no new privileges, no access to our memory, no core
 * file, small limits, signals that must not end us ignored, and the system
 * calls that are never needed denied.  may_write: whether files may be written
 * at all, where sandbox_enter() then says.  0, or a negative errno when one of
 * those is refused that every kernel has; then do not go on.
 */
int sandbox_begin(bool may_write) MUST_CHECK;

struct sandbox_files {
    const char *ca_file; /* read besides the system's; NULL: none */
    int cache_dir;       /* write beneath this directory; -1: nowhere */
};

/*
 * After the last word with the caller about files and before the first one with
 * the network: read only certificates, the resolver's files and libraries,
 * write only beneath cache_dir.
 */
void sandbox_enter(const struct sandbox_files *files);

/* When it is known where to: TCP only to these ports, and to name servers. */
void sandbox_ports(const uint16_t *ports, size_t n);

/*
 * The ports of the provider's endpoints; with a proxy only the proxy's, because
 * all goes through it.  Returns their number, each port once.
 */
size_t sandbox_ports_of(const struct settings *settings,
                        uint16_t out[SANDBOX_PORTS_MAX]);

/*
 * What is in force, and what was refused: one line for a log, empty without
 * sandbox_begin().  Returns out, of SANDBOX_REPORT octets.
 */
const char *sandbox_report(char out[SANDBOX_REPORT]);

#endif
