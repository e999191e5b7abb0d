/* SPDX-License-Identifier: MIT */
#ifndef HELPER_STATE_H
#define HELPER_STATE_H

/* What the helper does next: a pure table of state and event. */

enum phase {
    PHASE_WAITING,  /* for the timer, or for nothing when login is required */
    PHASE_RENEWING, /* an exchange works on a renewal */
    PHASE_REVOKING, /* the session is over, an exchange revokes */
    PHASE_DONE,
    PHASE_COUNT
};

enum event {
    EVENT_TIMER,  /* the renewal is due, or the exchange takes too long */
    EVENT_KEEP,   /* an expired key is to be kept */
    EVENT_CLOCK,  /* the wall clock was set */
    EVENT_RENEW,  /* SIGALRM */
    EVENT_RELOAD, /* SIGHUP */
    EVENT_END,    /* SIGTERM, or the login program died */
    EVENT_RESULT, /* the exchange answered */
    EVENT_LOST,   /* it went away without an answer */
    EVENT_COUNT
};

enum action {
    ACTION_NONE,
    ACTION_RENEW,   /* start a renewal */
    ACTION_DEMAND,  /* start one now, or soon */
    ACTION_KEEP,    /* keep the key, set the timer again */
    ACTION_CLOCK,   /* move all times, those of the keys as well */
    ACTION_STORE,   /* take its result */
    ACTION_FAIL,    /* it has none: hang up, count a lost answer */
    ACTION_END,     /* hang up, remove the tokens, start to revoke */
    ACTION_CLEAR,   /* it is revoking already: remove what is left */
    ACTION_RELOAD,  /* execute the program anew, after a renewal in flight */
    ACTION_FINISH,  /* the revocation has a result */
    ACTION_GIVE_UP, /* it has none */
};

struct step {
    enum action action;
    enum phase next;
};

struct step state_step(enum phase phase, enum event event);

#endif
