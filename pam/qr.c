/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "common/blocks.h"
#include "pam/qr.h"

enum qr_show
qr_decide(const struct qr_place *place)
{
    if (place->display != NULL || (place->tty != NULL && *place->tty == ':'))
        return QR_NEVER;
    if (strcmp(place->when, "yes") == 0)
        return QR_AT_ONCE;
    if (strcmp(place->when, "auto") != 0 || place->tty == NULL)
        return QR_NEVER;
    if (strcmp(place->tty, "ssh") == 0)
        return QR_ON_REQUEST;
    return blocks_can_show(place->term, place->charset) ? QR_AT_ONCE : QR_NEVER;
}
