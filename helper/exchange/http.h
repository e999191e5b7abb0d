/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_HTTP_H
#define EXCHANGE_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "common/attr.h"
#include "common/secret.h"
#include "helper/exchange/freshness.h"
#include "helper/exchange/settings.h"

/*
 * One curl handle for all requests of an exchange, so that they share a
 * connection.  https only (http with insecure_http), TLS 1.2 or newer, no
 * redirects, no proxy but ours, a time limit, size limits, no cookies.
 * It may not be moved while it is open, and SIGALRM is its own.
 *
 * curl repeats a request by itself when a connection that it has used before
 * turns out to be closed.  A renewal is the first request of its exchange, so
 * its refresh token is never sent twice.
 */
struct http {
    CURL *curl;        /* NULL: closed */
    unsigned patience; /* seconds until SIGALRM ends a connection */
    char detail[CURL_ERROR_SIZE];
};

/* What came back.  {0} is empty; the caller clears it. */
struct http_reply {
    CURLcode code;       /* anything but CURLE_OK: no answer, or half of one */
    bool sent;           /* the request may have reached the provider */
    long status;         /* 0 without an answer */
    int64_t retry_after; /* seconds: freshness_retry_after() */
    bool measured;       /* it said how long it is */
    char type[64];       /* Content-Type, one line, cut; "" without one */
    struct freshness freshness;
    size_t header_len; /* octets of all lines of all headers, and trailers */
    struct secret body;
    char detail[CURL_ERROR_SIZE]; /* curl's words for code, one line */
};

/* 0, -ENOMEM, or -ENOTSUP when curl refuses one of these settings. */
int http_open(struct http *http, const struct settings *settings) MUST_CHECK;

/* Right for {0} and a second time. */
void http_close(struct http *http);

/*
 * Send a request.  Returns 0 when it was tried, whatever came of it; -ENOMEM or
 * -ENOTSUP when it was not.
 */
int http_get(struct http *http, const char *url,
             struct http_reply *out) MUST_CHECK;

/* authorization, here and below, is that header's value, or empty. */
int http_get_as(struct http *http, const char *url,
                const struct secret *authorization,
                struct http_reply *out) MUST_CHECK;

/* POST a form. */
int http_post(struct http *http, const char *url, const struct secret *form,
              const struct secret *authorization,
              struct http_reply *out) MUST_CHECK;

void http_reply_clear(struct http_reply *reply);

#endif
