/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <unistd.h>

#include "common/io.h"
#include "helper/exchange/exchange.h"
#include "tests/lib/fakecaller.h"
#include "tests/lib/test.h"

#define PATIENCE 30000 /* ms: longer than any test */

static void *
run(void *arg)
{
    struct play *play = arg;

    play->result = exchange_run(play->verb, play->in, play->out);
    fd_close(&play->in);
    fd_close(&play->out);
    return NULL;
}

void
play_begin(struct play *play, const char *verb)
{
    int to[2], from[2];

    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    *play = (struct play){
        .verb = verb,
        .in = to[0],
        .to = to[1],
        .from = from[0],
        .out = from[1],
    };
    assert_int_equal(pthread_create(&play->thread, NULL, run, play), 0);
}

void
play_say(struct play *play, struct message *message)
{
    assert_int_equal(message_send(play->to, message), 0);
    message_clear(message);
}

void
play_say_kind(struct play *play, enum kind kind)
{
    assert_int_equal(message_send_kind(play->to, kind), 0);
}

void
play_hear(struct play *play, enum kind kind, struct message *out)
{
    assert_int_equal(message_wait(play->from, &play->buf, PATIENCE, out), 0);
    assert_int_equal(out->kind, kind);
}

int
play_end(struct play *play)
{
    fd_close(&play->to);
    fd_close(&play->from);
    (void) pthread_join(play->thread, NULL);
    secret_clear(&play->buf);
    return play->result;
}

void
set(struct message *message, enum field field, const char *text)
{
    assert_int_equal(message_set_text(message, field, text), 0);
}
