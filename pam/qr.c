/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "common/blocks.h"
#include "pam/qr.h"

enum qr_show
qr_decide(const struct qr_place *place)
{
    const char *tty = place->tty != NULL ? place->tty : "";

    if (place->display != NULL || *tty == ':')
        return QR_NEVER;
    if (strcmp(place->when, "yes") == 0)
        return QR_AT_ONCE;
    if (strcmp(place->when, "auto") != 0 || *tty == '\0')
        return QR_NEVER;
    if (strcmp(tty, "ssh") == 0)
        return QR_ON_REQUEST;
    return blocks_can_show(place->term, place->charset) ? QR_AT_ONCE : QR_NEVER;
}
