/* SPDX-License-Identifier: MIT */
/*
 * Messages between the processes.  What is decoded and encoded again is the
 * same message, and in pieces the same messages arrive as in one.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/io.h"
#include "tests/fuzz/fuzz.h"

static void
check_round_trip(const struct message *message)
{
    struct message again = {0};
    struct secret wire = {0};

    /* An encoding is never longer than what was decoded. */
    HOLDS(message_encode(message, &wire) == 0);
    HOLDS(message_decode(wire.data, wire.len, &again) == (ssize_t) wire.len);
    HOLDS(messages_equal(message, &again));
    HOLDS(message_decode(wire.data, wire.len - 1, &again) == 0);
    message_clear(&again);
    secret_clear(&wire);
}

/* How many messages there are before something else, and what that is. */
static size_t
count_in_one(const uint8_t *data, size_t len, ssize_t *last)
{
    struct message message = {0};
    size_t n = 0;

    for (;;) {
        *last = message_decode(data, len, &message);
        if (*last <= 0)
            break;
        HOLDS((size_t) *last <= len && *last <= (ssize_t) MESSAGE_MAX);
        HOLDS(message.kind > KIND_NONE && message.kind < KIND_COUNT);
        check_round_trip(&message);
        data += *last;
        len -= (size_t) *last;
        n++;
    }
    message_clear(&message);
    return n;
}

/* The same through a pipe that holds so many bytes at a time. */
static size_t
count_in_pieces(const uint8_t *data, size_t len, size_t piece, int *last)
{
    struct message message = {0};
    struct secret buf = {0};
    size_t n = 0, part;
    int pipe_of[2], r = 0;

    HOLDS(pipe2(pipe_of, O_CLOEXEC | O_NONBLOCK) == 0);
    while (len > 0 && r >= 0) {
        part = len < piece ? len : piece;
        HOLDS(write_full(pipe_of[1], data, part) == 0);
        data += part;
        len -= part;
        /* One read takes one message; the next may be in the buffer. */
        r = message_receive(pipe_of[0], &buf, &message);
        while (r == 1) {
            n++;
            r = message_wait(pipe_of[0], &buf, 0, &message);
            r = r == 0 ? 1 : r == -ETIMEDOUT ? 0 : r;
        }
    }
    *last = r;
    fd_close(&pipe_of[0]);
    fd_close(&pipe_of[1]);
    message_clear(&message);
    secret_clear(&buf);
    return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    size_t piece = (size_t) input_byte(&input) * 8 + 1, whole, pieces;
    ssize_t last;
    int r;

    whole = count_in_one(input.data, input.len, &last);
    pieces = count_in_pieces(input.data, input.len, piece, &r);
    HOLDS(whole == pieces);
    HOLDS(r == last);
    return 0;
}
