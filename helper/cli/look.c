/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdbool.h>
#include <string.h>

#include "helper/cli/look.h"

#define MOMENT 2   /* the provider's answer to a renewal */
#define SELDOM 300 /* nothing is expected */

int64_t
look_next(const struct session *session, int64_t now)
{
    int64_t in = SELDOM, renewal;

    if (session == NULL)
        return SELDOM;
    if (session->has_status && session->status.renew_at != 0
        && session->status.state != STATE_LOGIN_REQUIRED) {
        renewal = session->status.renew_at > now
                      ? session->status.renew_at - now + MOMENT
                      : LOOK_AGAIN;
        /* It is under way: renew_at is when it would be asked again. */
        if (strcmp(session->status.renew_reason, "lost_answer") == 0)
            renewal = MOMENT;
        if (renewal < in)
            in = renewal;
    }
    if (session->expires_at > now && session->expires_at - now < in)
        in = session->expires_at - now;
    return in;
}
