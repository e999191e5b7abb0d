/* SPDX-License-Identifier: MIT */
#ifndef HELPER_SCHEDULE_H
#define HELPER_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/margin.h"
#include "common/outcome.h"

/*
 * When to renew, and why then.  Pure: the clock and the dice come in, an
 * instant goes out.  All times are Unix time in seconds, all durations seconds,
 * 64 bits wide; any number is taken.
 */
struct schedule {
    int64_t now;
    int64_t expires_at;
    int64_t lifetime; /* from the request for the token to its expiry */
    int64_t refresh_expires_at;  /* of the refresh token; 0: not known */
    struct margin before_expiry; /* as margin_parse() takes them */
    bool last;                   /* there is no refresh token */
    bool in_step;                /* others may have got theirs when we did */
    enum outcome outcome;        /* of the last renewal; ok at the beginning */
    int64_t failures;            /* in a row, that one included */
    int64_t failing_for;         /* since the first of these; 0: not known */
    bool replay;                 /* an answer before that one was lost, too */
    int64_t retry_after;         /* what the provider asked for, or 0 */
    uint32_t random;             /* any number, all of its bits by chance */
};

/* What status and log show. */
enum schedule_reason {
    SCHEDULE_BEFORE_EXPIRY,
    SCHEDULE_AT_EXPIRY,     /* there is no margin */
    SCHEDULE_TOKEN_ENDS,    /* there is nothing to renew it with */
    SCHEDULE_GRANT_ENDS,    /* before the refresh token expires */
    SCHEDULE_BACKOFF,       /* after a failure */
    SCHEDULE_RETRY_AFTER,   /* as the provider asked for */
    SCHEDULE_LOST_ANSWER,   /* the same request once more */
    SCHEDULE_MISCONFIGURED, /* an administrator must act */
    SCHEDULE_ON_DEMAND,     /* somebody asked for it */
    SCHEDULE_CLOCK,         /* the clock was set beyond the token's end */
    SCHEDULE_NEVER,         /* login is required */
    SCHEDULE_REASON_COUNT
};

struct plan {
    int64_t at; /* 0: never */
    enum schedule_reason reason;
    int64_t not_before; /* as the provider asked for, whoever asks us; or 0 */
};

/* The word for it: "before_expiry", …; "" for SCHEDULE_NEVER. */
const char *schedule_reason_name(enum schedule_reason reason);

/*
 * Never before now + 1.  Why the numbers are these: docs/fleet.md.
 *
 * After success: before_expiry seconds before the token expires, and earlier by
 * chance so that a fleet does not renew in step: by up to three margins, but at
 * most a quarter of the time up to the margin; by up to three quarters of that
 * time if in_step.  "auto" is a tenth of the lifetime, at most 300 s, but at
 * least 30 s or a third of the lifetime, whichever is less.  A margin is never
 * more than nine tenths of the lifetime.  before_expiry = 0 is exactly at
 * expiry.  All the same not later than the same "auto" before the refresh token
 * expires, if that has 10 s left.  The last token ends when it expires.
 *
 * After a failure while the token lives: once within 5 s; then in its last 15 s,
 * or its second half if it has less than 30, or after 600 to 900 s if that is
 * sooner.  Once it has expired, or that chance was taken: a random time up to
 * 5 s, doubled with each failure in a row, or up to half of failing_for if that
 * is more, up to 600 s.  In the last 15 s of the refresh token if that is
 * sooner.  After the first lost answer 1 s, after a second one up to 10 s; 300
 * to 600 s when an administrator must act.
 *
 * Never within retry_after, of which an hour counts, but by chance as long
 * again, at most 600 s, because others were told the same; the more it is, the
 * later for the same random number.  With more than 5 s a token that lives is
 * not tried at once.  Never at all when the grant is dead.
 */
struct plan schedule_next(const struct schedule *in);

/* Two renewals that were asked for are so many seconds apart. */
#define SCHEDULE_DEMAND_SECONDS 5

/*
 * The plan when somebody asks for a renewal, or it is needed, for a reason:
 * now, but not within SCHEDULE_DEMAND_SECONDS of asked_at, when the provider
 * was last asked; never later than planned.  What the provider asked for, then
 * the reason, an answer that may still come, and the end of the last token are
 * waited for all the same.
 */
struct plan schedule_demand(const struct plan *planned, int64_t now,
                            int64_t asked_at, enum schedule_reason reason);

/*
 * The kernel collects a key 300 s after it expired, and with it the serial that
 * the session knows.  When to bring an access token's key back to life for that
 * reason: the first after now of the instants SCHEDULE_KEEP_SECONDS apart.
 */
#define SCHEDULE_KEEP_SECONDS 120

int64_t schedule_keep(int64_t now, int64_t expires_at);

#endif
