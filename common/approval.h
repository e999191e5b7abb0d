/* SPDX-License-Identifier: MIT */
#ifndef COMMON_APPROVAL_H
#define COMMON_APPROVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/message.h"

/* Whether and when the user sees the QR code of a PROMPT. */
enum qr_show {
    QR_NEVER,
    QR_ON_REQUEST, /* nobody knows what the terminal can show: the user does */
    QR_AT_ONCE,    /* below the text */
};

/* What a user must know to refuse somebody else's login (RFC 8628 5.4). */
struct approval {
    const char *host;   /* this one's name */
    const char *user;   /* as whom: a local name */
    const char *remote; /* who asks: an address, or a terminal here */
    int64_t left;       /* seconds that this host waits; 0: no limit */
    enum qr_show qr;    /* what the text says about the QR code */
};

/*
 * Pure: whether the pages of a PROMPT are https, or http of this host.  The
 * exchange has checked it; it may have been taken over since.
 */
bool approval_is_safe(const struct message *prompt);

/*
 * Pure: the text of that prompt.  Everything in it comes from others and is
 * cleaned.  Returns out.
 */
char *approval_text(const struct message *prompt,
                    const struct approval *approval, char *out, size_t size);

#endif
