/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_DEVICE_H
#define EXCHANGE_DEVICE_H

#include <stdint.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "common/secret.h"
#include "helper/exchange/caller.h"
#include "helper/exchange/client.h"
#include "helper/exchange/problem.h"
#include "helper/exchange/qrcode.h"
#include "helper/exchange/token.h"

/* A device authorization response, RFC 8628 3.2.  All texts are owned. */
struct device {
    struct secret code;
    char *user_code;
    char *uri;
    char *uri_complete; /* NULL without one */
    int64_t expires_in;
    int64_t interval;
};

/* What an answer to a poll means, RFC 8628 3.5. */
enum device_step {
    DEVICE_DONE,       /* the tokens are there */
    DEVICE_PENDING,    /* nobody approved yet */
    DEVICE_SLOW_DOWN,  /* likewise, and that was too early */
    DEVICE_UNANSWERED, /* no connection, or no answer */
    DEVICE_BUSY,       /* the provider is overloaded, or a portal answered */
    DEVICE_FINAL,      /* it is over */
};

/*
 * Read a response.  expires_in is required, but without it the provider will
 * still say when the code has expired: then it is 300 s.  0, -EPROTO or
 * -ENOMEM.  The caller clears *out, also after an error.
 */
int device_parse(const cJSON *json, bool insecure_http, struct device *out,
                 struct problem *problem) MUST_CHECK;

enum device_step device_step(const struct client_reply *reply);

/*
 * Seconds until the next poll.  slow_down lengthens *interval by 5 s for good;
 * each poll without an answer doubles it, up to a minute.
 */
int64_t device_pause(enum device_step step, int64_t retry_after,
                     int64_t *interval);

/* When this host stops waiting. */
struct device_deadline {
    int64_t seconds; /* for the login; 0: as long as the code lives */
    int64_t end;     /* on CLOCK_BOOTTIME */
};

/* That many seconds from now. */
struct device_deadline device_deadline(int64_t seconds);

/*
 * Obtain tokens by the device grant: show the code through the caller, with a
 * QR code if qr says so and the page's address fits into one, and poll until
 * somebody has approved.  0, -EPROTO, or another negative errno: -ENODATA
 * when the caller is gone.  *out may have tokens also after -EPROTO.
 */
int device_run(const struct client *client, const char *scope, enum qr_when qr,
               const struct device_deadline *deadline, struct caller *caller,
               struct token *out, struct problem *problem) MUST_CHECK;

void device_clear(struct device *device);

#endif
