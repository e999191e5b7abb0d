/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_PROBE_H
#define EXCHANGE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "common/attr.h"
#include "common/finding.h"
#include "helper/exchange/settings.h"

/* A certificate is to be renewed when it has fewer days than this. */
#define PROBE_DAYS_MIN 14

/* A connection to the provider, and nothing said on it. */
struct probe {
    CURLcode code; /* anything but CURLE_OK: there is none */
    char detail[CURL_ERROR_SIZE];
    bool tls13;      /* otherwise it is TLS 1.2 */
    int64_t expires; /* of the server's certificate, Unix time; 0: not known */
};

/*
 * Connect to the host of an https URL, and hang up.  0 when it was tried,
 * whatever came of it; otherwise -ENOMEM or -ENOTSUP.
 */
int probe_run(const struct settings *settings, const char *url,
              struct probe *out) MUST_CHECK;

/* What to say of it.  now: Unix time. */
void probe_judge(const struct probe *probe, const char *host, int64_t now,
                 struct findings *out);

#endif
