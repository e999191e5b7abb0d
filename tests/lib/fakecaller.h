/* SPDX-License-Identifier: MIT */
/* The part of the module, or the helper, in a test of the exchange. */
#ifndef TESTS_LIB_FAKECALLER_H
#define TESTS_LIB_FAKECALLER_H

#include <pthread.h>

#include "common/message.h"

/* An exchange that runs in a thread, and our ends of its two pipes. */
struct play {
    const char *verb;
    int to, from;
    int in, out;
    struct secret buf;
    pthread_t thread;
    int result;
};

void play_begin(struct play *play, const char *verb);

/* Send a message, and clear it. */
void play_say(struct play *play, struct message *message);
void play_say_kind(struct play *play, enum kind kind);

/* Wait for a message and fail if it is not of that kind.  Clear *out. */
void play_hear(struct play *play, enum kind kind, struct message *out);

/* Hang up, and return what exchange_run() returned. */
int play_end(struct play *play);

/* Set a field of a message; fails the test if it cannot. */
void set(struct message *message, enum field field, const char *text);

#endif
