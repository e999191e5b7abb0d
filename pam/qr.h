/* SPDX-License-Identifier: MIT */
#ifndef PAM_QR_H
#define PAM_QR_H

#include "common/approval.h"

/* What is known about the place where the user sits. */
struct qr_place {
    const char *when;    /* [login] qr: "auto" or "yes"; "" for neither */
    const char *tty;     /* PAM_TTY, or NULL, like the next two */
    const char *display; /* PAM_XDISPLAY */
    const char *term;    /* TERM of the login program */
    const char *charset; /* of its locale */
};

/*
 * Pure.  A window of a display manager gets none, whatever the configuration
 * says: it shows lines of text in a proportional font.  sshd knows neither the
 * TERM nor the locale of the client before the session, and the client shows
 * each octet of a block as \ooo in a locale that is not UTF-8.
 */
enum qr_show qr_decide(const struct qr_place *place);

#endif
