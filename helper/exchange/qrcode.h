/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_QRCODE_H
#define EXCHANGE_QRCODE_H

#include <stdbool.h>

#include "common/attr.h"
#include "common/secret.h"

/* [login] qr */
enum qr_when {
    QR_AUTO, /* where the terminal can show it, and if it fits on the screen */
    QR_YES,
    QR_NO,
    QR_COUNT
};

/* Whether this was built with libqrencode. */
bool qrcode_available(void);

/*
 * The modules of the QR code of a text, as common/blocks.h wants them, at most
 * side_max on a side, with the error correction L: a screen has no scratches.
 * 0, -EMSGSIZE when it has more, -ENOTSUP without libqrencode, -EINVAL for an
 * empty text, or -ENOMEM.  The caller clears *out, which is empty before.
 */
int qrcode_encode(const char *text, unsigned side_max,
                  struct secret *out) MUST_CHECK;

#endif
