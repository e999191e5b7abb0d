/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/message.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/test.h"

#define CANARY "CANARY-message"

INJECT_ENOMEM(malloc, (size_t size), (size))
INJECT(ssize_t, read, (int fd, void *data, size_t len), (fd, data, len))
INJECT(int, poll, (struct pollfd * fds, nfds_t n, int timeout),
       (fds, n, timeout))

static struct message in, out;
static struct secret wire, buf;
static int fds[2] = {-1, -1};

static int
setup(void **state UNUSED)
{
    return pipe2(fds, O_CLOEXEC);
}

static int
teardown(void **state UNUSED)
{
    malloc_fails = false;
    WORK(read);
    WORK(poll);
    message_clear(&in);
    message_clear(&out);
    secret_clear(&wire);
    secret_clear(&buf);
    fd_close(&fds[0]);
    fd_close(&fds[1]);
    return 0;
}

/* Append a frame as it is on the wire. */
static void
frame(uint8_t tag, const void *body, size_t len)
{
    const uint8_t header[] = {tag, (uint8_t) (len >> 24), (uint8_t) (len >> 16),
                              (uint8_t) (len >> 8), (uint8_t) len};

    assert_int_equal(
        secret_append(&wire, header, sizeof(header), 2 * MESSAGE_MAX), 0);
    assert_int_equal(secret_append(&wire, body, len, 2 * MESSAGE_MAX), 0);
}

static void
frame_end(uint8_t kind)
{
    frame(MESSAGE_END, &kind, 1);
}

/* ---- Fields ---- */

static void
sets_texts_numbers_and_octets(void **state UNUSED)
{
    int64_t number = 0;

    assert_int_equal(message_set_text(&in, FIELD_USER, "alice"), 0);
    assert_int_equal(message_set_number(&in, FIELD_EXPIRES_AT, INT64_MAX), 0);
    assert_int_equal(message_set(&in, FIELD_CONFIG, "a\0b", 3), 0);
    assert_string_equal(message_text(&in, FIELD_USER), "alice");
    assert_int_equal(in.field[FIELD_USER].len, 5);
    assert_string_equal(message_text(&in, FIELD_EXPIRES_AT),
                        "9223372036854775807");
    assert_int_equal(message_number(&in, FIELD_EXPIRES_AT, &number), 0);
    assert_int_equal(number, INT64_MAX);
    assert_int_equal(in.field[FIELD_CONFIG].len, 3);
    assert_memory_equal(in.field[FIELD_CONFIG].data, "a\0b", 4);
}

static void
tells_an_empty_field_from_an_absent_one(void **state UNUSED)
{
    assert_false(message_has(&in, FIELD_USER));
    assert_string_equal(message_text(&in, FIELD_USER), "");
    assert_int_equal(message_set(&in, FIELD_USER, NULL, 0), 0);
    assert_true(message_has(&in, FIELD_USER));
    assert_string_equal(message_text(&in, FIELD_USER), "");
    assert_false(message_has(&in, FIELD_PASSWORD));
}

static void
replaces_and_wipes_what_was_there(void **state UNUSED)
{
    assert_int_equal(message_set_text(&in, FIELD_USER, CANARY), 0);
    wiped_begin(CANARY);
    assert_int_equal(message_set_text(&in, FIELD_USER, "bob"), 0);
    assert_wiped();
    assert_string_equal(message_text(&in, FIELD_USER), "bob");
}

static void
a_field_that_cannot_be_set_stays(void **state UNUSED)
{
    static const char many[MESSAGE_MAX + 1];

    assert_int_equal(message_set_text(&in, FIELD_USER, "alice"), 0);
    assert_int_equal(message_set(&in, FIELD_USER, many, sizeof(many)),
                     -EMSGSIZE);
    malloc_fails = true;
    assert_int_equal(message_set_text(&in, FIELD_USER, "bob"), -ENOMEM);
    assert_int_equal(message_set_number(&in, FIELD_USER, 1), -ENOMEM);
    malloc_fails = false;
    assert_string_equal(message_text(&in, FIELD_USER), "alice");
}

static void
moves_a_secret_without_a_copy(void **state UNUSED)
{
    struct secret from = {0};
    const uint8_t *data;

    assert_int_equal(secret_append_text(&from, CANARY, 99), 0);
    assert_int_equal(message_set_text(&in, FIELD_PASSWORD, "old"), 0);
    data = from.data;
    message_move(&in, FIELD_PASSWORD, &from);
    assert_null(from.data);
    assert_int_equal(from.len, 0);
    assert_int_equal(from.cap, 0);
    assert_ptr_equal(in.field[FIELD_PASSWORD].data, data);
}

static void
a_number_is_absent_malformed_or_right(void **state UNUSED)
{
    static const char *const malformed[] = {"", "-1", "1x", " 1",
                                            "9223372036854775808"};
    int64_t number = 42;
    size_t i;

    assert_int_equal(message_number(&in, FIELD_PID, &number), -ENODATA);
    for (i = 0; i < ARRAY_LEN(malformed); i++) {
        assert_int_equal(message_set_text(&in, FIELD_PID, malformed[i]), 0);
        assert_int_equal(message_number(&in, FIELD_PID, &number), -EINVAL);
    }
    assert_int_equal(number, 42);
    assert_int_equal(message_set_number(&in, FIELD_PID, -5), 0);
    assert_string_equal(message_text(&in, FIELD_PID), "-5");
    assert_int_equal(message_number(&in, FIELD_PID, &number), -EINVAL);
    assert_int_equal(message_set_number(&in, FIELD_PID, 0), 0);
    assert_int_equal(message_number(&in, FIELD_PID, &number), 0);
    assert_int_equal(number, 0);
}

static void
a_number_ends_where_the_field_ends(void **state UNUSED)
{
    int64_t number = 42;

    assert_int_equal(message_set(&in, FIELD_PID, "12\0003", 4), 0);
    assert_int_equal(message_number(&in, FIELD_PID, &number), -EINVAL);
    assert_int_equal(number, 42);
}

static void
clearing_wipes_every_field(void **state UNUSED)
{
    size_t i;

    in.kind = KIND_RESULT;
    for (i = 0; i < FIELD_COUNT; i++)
        assert_int_equal(message_set_text(&in, (enum field) i, CANARY), 0);
    wiped_begin(CANARY);
    message_clear(&in);
    assert_wiped();
    assert_int_equal(in.kind, KIND_NONE);
    for (i = 0; i < FIELD_COUNT; i++)
        assert_false(message_has(&in, (enum field) i));
}

static void
clearing_is_right_for_nothing_and_a_second_time(void **state UNUSED)
{
    struct message message = {0};

    message_clear(&message);
    assert_int_equal(message_set_text(&message, FIELD_USER, "x"), 0);
    message_clear(&message);
    message_clear(&message);
    assert_false(message_has(&message, FIELD_USER));
}

/* ---- The wire ---- */

static void
is_frames_of_tag_length_and_bytes(void **state UNUSED)
{
    static const uint8_t expected[] = {
        FIELD_USER,  0, 0, 0, 5, 'a',        'l', 'i', 'c', 'e', /* the field */
        MESSAGE_END, 0, 0, 0, 1, KIND_LOGIN,                     /* the end */
    };

    in.kind = KIND_LOGIN;
    assert_int_equal(message_set_text(&in, FIELD_USER, "alice"), 0);
    assert_int_equal(message_encode(&in, &wire), 0);
    assert_int_equal(wire.len, sizeof(expected));
    assert_memory_equal(wire.data, expected, sizeof(expected));
}

static void
the_length_has_the_most_significant_octet_first(void **state UNUSED)
{
    static const char many[0x012345];

    in.kind = KIND_LOGIN;
    assert_int_equal(message_set(&in, FIELD_CONFIG, many, sizeof(many)), 0);
    assert_int_equal(message_encode(&in, &wire), 0);
    assert_memory_equal(wire.data, "\0\0\x01\x23\x45", 5);
    assert_int_equal(message_decode(wire.data, wire.len, &out), wire.len);
    assert_int_equal(out.field[FIELD_CONFIG].len, sizeof(many));
}

static void
every_field_and_every_kind_comes_back(void **state UNUSED)
{
    char text[16];
    int kind, i;

    for (kind = KIND_NONE + 1; kind < KIND_COUNT; kind++) {
        in.kind = (enum kind) kind;
        for (i = 0; i < FIELD_COUNT; i++) {
            assert_true(snprintf(text, sizeof(text), "field %d", i) > 0);
            assert_int_equal(message_set_text(&in, (enum field) i, text), 0);
        }
        secret_clear(&wire);
        assert_int_equal(message_encode(&in, &wire), 0);
        assert_int_equal(message_decode(wire.data, wire.len, &out), wire.len);
        assert_int_equal(out.kind, kind);
        for (i = 0; i < FIELD_COUNT; i++)
            assert_string_equal(message_text(&out, (enum field) i),
                                message_text(&in, (enum field) i));
    }
}

static void
an_empty_field_comes_back_and_an_absent_one_does_not(void **state UNUSED)
{
    in.kind = KIND_FILES;
    assert_int_equal(message_set(&in, FIELD_FILE, NULL, 0), 0);
    assert_int_equal(message_encode(&in, &wire), 0);
    assert_int_equal(message_decode(wire.data, wire.len, &out), wire.len);
    assert_true(message_has(&out, FIELD_FILE));
    assert_int_equal(out.field[FIELD_FILE].len, 0);
    assert_false(message_has(&out, FIELD_REASON));
}

static void
octets_of_any_value_come_back(void **state UNUSED)
{
    uint8_t all[256];
    int i;

    for (i = 0; i < 256; i++)
        all[i] = (uint8_t) i;
    in.kind = KIND_FILES;
    assert_int_equal(message_set(&in, FIELD_FILE, all, sizeof(all)), 0);
    assert_int_equal(message_encode(&in, &wire), 0);
    assert_int_equal(message_decode(wire.data, wire.len, &out), wire.len);
    assert_int_equal(out.field[FIELD_FILE].len, sizeof(all));
    assert_memory_equal(out.field[FIELD_FILE].data, all, sizeof(all));
}

static void
encoding_appends(void **state UNUSED)
{
    in.kind = KIND_GO;
    assert_int_equal(secret_append_text(&wire, "before", 99), 0);
    assert_int_equal(message_encode(&in, &wire), 0);
    assert_int_equal(wire.len, 6 + 6);
    assert_memory_equal(wire.data, "before\xff", 7);
}

static void
asks_for_more_at_every_short_length(void **state UNUSED)
{
    uint8_t *copy;
    size_t len;

    in.kind = KIND_RESULT;
    assert_int_equal(message_set_text(&in, FIELD_OUTCOME, "ok"), 0);
    assert_int_equal(message_set_text(&in, FIELD_ACCESS_TOKEN, "token"), 0);
    assert_int_equal(message_set(&in, FIELD_SCOPE, NULL, 0), 0);
    assert_int_equal(message_encode(&in, &wire), 0);
    for (len = 0; len < wire.len; len++) {
        copy = malloc(len + 1); /* so that reading too far is seen */
        assert_non_null(copy);
        memcpy(copy, wire.data, len);
        assert_int_equal(message_decode(copy, len, &out), 0);
        free(copy);
    }
    assert_int_equal(message_decode(NULL, 0, &out), 0);
}

static void
takes_the_first_of_two_messages(void **state UNUSED)
{
    frame(FIELD_USER, "alice", 5);
    frame_end(KIND_LOGIN);
    frame(FIELD_USER, "bob", 3);
    frame_end(KIND_GO);
    assert_int_equal(message_decode(wire.data, wire.len, &out), 16);
    assert_int_equal(out.kind, KIND_LOGIN);
    assert_string_equal(message_text(&out, FIELD_USER), "alice");
    assert_int_equal(message_decode(wire.data + 16, wire.len - 16, &out), 14);
    assert_int_equal(out.kind, KIND_GO);
    assert_string_equal(message_text(&out, FIELD_USER), "bob");
}

static void
decoding_forgets_what_was_there(void **state UNUSED)
{
    assert_int_equal(message_set_text(&out, FIELD_PASSWORD, "old"), 0);
    out.kind = KIND_PASSWORD;
    frame_end(KIND_GO);
    assert_int_equal(message_decode(wire.data, wire.len, &out), 6);
    assert_false(message_has(&out, FIELD_PASSWORD));
    assert_int_equal(out.kind, KIND_GO);
}

static void
refuses_a_field_given_twice(void **state UNUSED)
{
    frame(FIELD_USER, "alice", 5);
    frame(FIELD_USER, "bob", 3);
    assert_int_equal(message_decode(wire.data, wire.len, &out), -EBADMSG);
}

static void
refuses_an_empty_field_given_twice(void **state UNUSED)
{
    frame(FIELD_USER, "", 0);
    frame(FIELD_USER, "", 0);
    assert_int_equal(message_decode(wire.data, wire.len, &out), -EBADMSG);
}

static void
refuses_every_unknown_tag(void **state UNUSED)
{
    int tag;

    for (tag = FIELD_COUNT; tag < MESSAGE_END; tag++) {
        secret_clear(&wire);
        frame((uint8_t) tag, "x", 1);
        frame_end(KIND_GO);
        assert_int_equal(message_decode(wire.data, wire.len, &out), -EBADMSG);
    }
}

static void
refuses_every_unknown_kind(void **state UNUSED)
{
    int kind;

    for (kind = 0; kind < 256; kind++) {
        if (kind > KIND_NONE && kind < KIND_COUNT)
            continue;
        secret_clear(&wire);
        frame_end((uint8_t) kind);
        assert_int_equal(message_decode(wire.data, wire.len, &out), -EBADMSG);
    }
}

static void
refuses_an_end_that_is_not_one_octet(void **state UNUSED)
{
    static const uint8_t kinds[] = {KIND_GO, KIND_GO};

    frame(MESSAGE_END, "", 0);
    assert_int_equal(message_decode(wire.data, wire.len, &out), -EBADMSG);
    secret_clear(&wire);
    frame(MESSAGE_END, kinds, 2);
    assert_int_equal(message_decode(wire.data, wire.len, &out), -EBADMSG);
}

static void
an_empty_message_cannot_be_told_from_none(void **state UNUSED)
{
    assert_int_equal(message_encode(&in, &wire), 0); /* KIND_NONE */
    assert_int_equal(message_decode(wire.data, wire.len, &out), -EBADMSG);
}

/* ---- Limits ---- */

static void
takes_a_message_of_the_largest_size(void **state UNUSED)
{
    static const char many[MESSAGE_MAX - 5 - 6];

    in.kind = KIND_FILES;
    assert_int_equal(message_set(&in, FIELD_FILE, many, sizeof(many)), 0);
    assert_int_equal(message_encode(&in, &wire), 0);
    assert_int_equal(wire.len, MESSAGE_MAX);
    assert_int_equal(message_decode(wire.data, wire.len, &out), MESSAGE_MAX);
}

static void
encodes_no_message_that_is_larger(void **state UNUSED)
{
    static const char many[MESSAGE_MAX - 5 - 6 + 1];

    in.kind = KIND_FILES;
    assert_int_equal(message_set(&in, FIELD_FILE, many, sizeof(many)), 0);
    assert_int_equal(message_encode(&in, &wire), -EMSGSIZE);
    assert_true(wire.len <= MESSAGE_MAX);
    secret_clear(&wire);
    message_clear(&in);
    in.kind = KIND_GO;
    assert_int_equal(secret_append(&wire, many, sizeof(many), MESSAGE_MAX), 0);
    assert_int_equal(message_set(&in, FIELD_FILE, "x", 1), 0);
    assert_int_equal(message_encode(&in, &wire), -EMSGSIZE);
}

/* From its header: before a byte of it is kept. */
static void
refuses_a_frame_that_will_be_too_large(void **state UNUSED)
{
    static const uint8_t lengths[][4] = {
        {0xff, 0xff, 0xff, 0xff}, {0x80, 0, 0, 0},          {0, 4, 0, 0},
        {0, 3, 0xff, 0xfc},       {0x7f, 0xff, 0xff, 0xfb},
    };
    uint8_t header[5] = {FIELD_FILE};
    size_t i;

    for (i = 0; i < ARRAY_LEN(lengths); i++) {
        memcpy(header + 1, lengths[i], 4);
        assert_int_equal(message_decode(header, sizeof(header), &out),
                         -EMSGSIZE);
    }
    memcpy(header + 1, "\0\3\xff\xfb", 4); /* exactly the limit */
    assert_int_equal(message_decode(header, sizeof(header), &out), 0);
}

static void
refuses_frames_that_are_too_large_together(void **state UNUSED)
{
    static const char many[MESSAGE_MAX / 2];

    frame(FIELD_FILE, many, sizeof(many));
    frame(FIELD_CONFIG, many, sizeof(many));
    assert_int_equal(message_decode(wire.data, 5 + sizeof(many) + 5, &out),
                     -EMSGSIZE);
}

static void
refuses_more_bytes_than_the_limit_without_an_end(void **state UNUSED)
{
    static const char many[MESSAGE_MAX - 5];

    frame(FIELD_FILE, many, sizeof(many));
    assert_int_equal(secret_append(&wire, "\xff\0\0\0", 4, 2 * MESSAGE_MAX), 0);
    assert_int_equal(message_decode(wire.data, wire.len, &out), -EMSGSIZE);
}

static void
decoding_says_enomem(void **state UNUSED)
{
    frame(FIELD_FILE, "x", 1);
    frame_end(KIND_GO);
    malloc_fails = true;
    assert_int_equal(message_decode(wire.data, wire.len, &out), -ENOMEM);
}

static void
encoding_and_sending_say_enomem(void **state UNUSED)
{
    in.kind = KIND_GO;
    malloc_fails = true;
    assert_int_equal(message_encode(&in, &wire), -ENOMEM);
    assert_int_equal(message_send(fds[1], &in), -ENOMEM);
    assert_int_equal(message_send_kind(fds[1], KIND_GO), -ENOMEM);
    assert_int_equal(message_receive(fds[0], &buf, &out), -ENOMEM);
}

static void
a_decode_that_fails_leaves_nothing_unwiped(void **state UNUSED)
{
    frame(FIELD_PASSWORD, CANARY, strlen(CANARY));
    frame(FIELD_PASSWORD, CANARY, strlen(CANARY));
    wiped_begin(CANARY);
    assert_int_equal(message_decode(wire.data, wire.len, &out), -EBADMSG);
    message_clear(&out);
    secret_clear(&wire);
    assert_wiped();
}

/* ---- Pipes ---- */

static void
is_sent_and_received(void **state UNUSED)
{
    in.kind = KIND_PASSWORD;
    assert_int_equal(message_set_text(&in, FIELD_PASSWORD, CANARY), 0);
    wiped_begin(CANARY);
    assert_int_equal(message_send(fds[1], &in), 0);
    assert_wiped(); /* the wire form */
    assert_int_equal(message_receive(fds[0], &buf, &out), 1);
    assert_int_equal(out.kind, KIND_PASSWORD);
    assert_string_equal(message_text(&out, FIELD_PASSWORD), CANARY);
    assert_int_equal(buf.len, 0);
    assert_null(
        memmem(buf.data, 5 + strlen(CANARY) + 6, CANARY, strlen(CANARY)));
}

static void
one_that_has_only_a_kind_is_sent(void **state UNUSED)
{
    assert_int_equal(message_send_kind(fds[1], KIND_STORED), 0);
    assert_int_equal(message_receive(fds[0], &buf, &out), 1);
    assert_int_equal(out.kind, KIND_STORED);
}

static void
sending_to_nobody_is_epipe(void **state UNUSED)
{
    fd_close(&fds[0]);
    assert_int_equal(message_send_kind(fds[1], KIND_GO), -EPIPE);
}

struct slow {
    pthread_t reader;
    const uint8_t *data;
    size_t len;
};

static void
on_signal(int number UNUSED)
{
}

/* One byte at a time, and a signal to the reader before each of them. */
static void *
write_slowly(void *arg)
{
    const struct slow *slow = arg;
    size_t i;

    for (i = 0; i < slow->len; i++) {
        pthread_kill(slow->reader, SIGUSR1);
        usleep(200);
        if (write(fds[1], slow->data + i, 1) != 1)
            return arg;
        pthread_kill(slow->reader, SIGUSR1);
    }
    return NULL;
}

static void
comes_one_byte_at_a_time_with_signals_between(void **state UNUSED)
{
    struct sigaction action = {.sa_handler = on_signal}, old; /* no restart */
    struct slow slow = {.reader = pthread_self()};
    pthread_t writer;
    void *failed;

    in.kind = KIND_RESULT;
    assert_int_equal(message_set_text(&in, FIELD_OUTCOME, "ok"), 0);
    assert_int_equal(message_set_text(&in, FIELD_ACCESS_TOKEN, CANARY), 0);
    assert_int_equal(message_encode(&in, &wire), 0);
    slow.data = wire.data;
    slow.len = wire.len;
    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_slowly, &slow), 0);
    assert_int_equal(message_wait(fds[0], &buf, 10000, &out), 0);
    assert_int_equal(pthread_join(writer, &failed), 0);
    assert_null(failed);
    assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
    assert_string_equal(message_text(&out, FIELD_ACCESS_TOKEN), CANARY);
    assert_int_equal(buf.len, 0);
}

static void
receiving_reads_once_and_asks_for_more(void **state UNUSED)
{
    size_t i;
    int r = 0;

    in.kind = KIND_LOGIN;
    assert_int_equal(message_set_text(&in, FIELD_USER, "alice"), 0);
    assert_int_equal(message_encode(&in, &wire), 0);
    for (i = 0; i < wire.len; i++) {
        assert_int_equal(r, 0);
        assert_int_equal(write(fds[1], wire.data + i, 1), 1);
        r = message_receive(fds[0], &buf, &out);
    }
    assert_int_equal(r, 1);
    assert_string_equal(message_text(&out, FIELD_USER), "alice");
}

static void
receiving_keeps_what_came_with_it(void **state UNUSED)
{
    assert_int_equal(message_send_kind(fds[1], KIND_READY), 0);
    assert_int_equal(message_send_kind(fds[1], KIND_GO), 0);
    assert_int_equal(write(fds[1], "\xff\0", 2), 2);
    assert_int_equal(message_wait(fds[0], &buf, 1000, &out), 0);
    assert_int_equal(out.kind, KIND_READY);
    assert_int_equal(message_wait(fds[0], &buf, 1000, &out), 0);
    assert_int_equal(out.kind, KIND_GO);
    assert_int_equal(buf.len, 2);
    assert_int_equal(message_wait(fds[0], &buf, 0, &out), -ETIMEDOUT);
}

static void
the_end_of_file_is_enodata_even_within_a_message(void **state UNUSED)
{
    assert_int_equal(write(fds[1], "\xff\0\0", 3), 3);
    fd_close(&fds[1]);
    assert_int_equal(message_receive(fds[0], &buf, &out), 0);
    assert_int_equal(message_receive(fds[0], &buf, &out), -ENODATA);
    assert_int_equal(message_wait(fds[0], &buf, -1, &out), -ENODATA);
}

static void
a_read_without_data_is_eagain(void **state UNUSED)
{
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(message_receive(fds[0], &buf, &out), -EAGAIN);
}

static void
a_read_that_fails_gives_its_errno(void **state UNUSED)
{
    FAIL(read, EIO, 0);
    assert_int_equal(message_receive(fds[0], &buf, &out), -EIO);
}

static void
garbage_is_ebadmsg(void **state UNUSED)
{
    assert_int_equal(write(fds[1], "<html><body>", 12), 12);
    assert_true(message_receive(fds[0], &buf, &out) < 0);
    secret_clear(&buf);
    assert_int_equal(write(fds[1], "\xff\0\0\0\1\0", 6), 6);
    assert_int_equal(message_wait(fds[0], &buf, 1000, &out), -EBADMSG);
}

static void
the_reader_has_a_limit(void **state UNUSED)
{
    assert_int_equal(write(fds[1], "\0\0\4\0\0", 5), 5);
    assert_int_equal(message_wait(fds[0], &buf, 1000, &out), -EMSGSIZE);
    assert_true(buf.cap < MESSAGE_MAX);
}

static void *
write_all(void *arg UNUSED)
{
    return message_send(fds[1], &in) == 0 ? NULL : arg;
}

static void
the_largest_message_goes_through_a_pipe(void **state UNUSED)
{
    static char many[MESSAGE_MAX - 5 - 6];
    pthread_t writer;
    void *failed;

    memset(many, 'm', sizeof(many));
    in.kind = KIND_FILES;
    assert_int_equal(message_set(&in, FIELD_FILE, many, sizeof(many)), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_all, many), 0);
    assert_int_equal(message_wait(fds[0], &buf, 10000, &out), 0);
    assert_int_equal(pthread_join(writer, &failed), 0);
    assert_null(failed);
    assert_memory_equal(out.field[FIELD_FILE].data, many, sizeof(many));
}

static void
waiting_ends_after_its_time(void **state UNUSED)
{
    struct timespec begin, end;
    long ms;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &begin), 0);
    assert_int_equal(message_wait(fds[0], &buf, 50, &out), -ETIMEDOUT);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &end), 0);
    ms = (end.tv_sec - begin.tv_sec) * 1000
         + (end.tv_nsec - begin.tv_nsec) / 1000000;
    assert_in_range(ms, 48, 5000);
}

static void
waiting_ends_although_signals_and_bytes_come(void **state UNUSED)
{
    struct sigaction action = {.sa_handler = on_signal}, old;
    struct slow slow = {.reader = pthread_self()};
    static uint8_t half[2000] = {FIELD_FILE, 0, 0, 0x10, 0};
    struct timespec begin, end;
    pthread_t writer;
    void *failed;

    slow.data = half;
    slow.len = sizeof(half);
    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &begin), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_slowly, &slow), 0);
    assert_int_equal(message_wait(fds[0], &buf, 100, &out), -ETIMEDOUT);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &end), 0);
    assert_int_equal(pthread_join(writer, &failed), 0);
    assert_null(failed);
    assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
    assert_true(buf.len > 0);
    assert_in_range(end.tv_sec - begin.tv_sec, 0, 5);
}

static void
waiting_gives_the_errno_of_poll(void **state UNUSED)
{
    FAIL(poll, EINVAL, 0);
    assert_int_equal(message_wait(fds[0], &buf, 1000, &out), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(sets_texts_numbers_and_octets),
        TEST(tells_an_empty_field_from_an_absent_one),
        TEST(replaces_and_wipes_what_was_there),
        TEST(a_field_that_cannot_be_set_stays),
        TEST(moves_a_secret_without_a_copy),
        TEST(a_number_is_absent_malformed_or_right),
        TEST(a_number_ends_where_the_field_ends),
        TEST(clearing_wipes_every_field),
        TEST(clearing_is_right_for_nothing_and_a_second_time),
        TEST(is_frames_of_tag_length_and_bytes),
        TEST(the_length_has_the_most_significant_octet_first),
        TEST(every_field_and_every_kind_comes_back),
        TEST(an_empty_field_comes_back_and_an_absent_one_does_not),
        TEST(octets_of_any_value_come_back),
        TEST(encoding_appends),
        TEST(asks_for_more_at_every_short_length),
        TEST(takes_the_first_of_two_messages),
        TEST(decoding_forgets_what_was_there),
        TEST(refuses_a_field_given_twice),
        TEST(refuses_an_empty_field_given_twice),
        TEST(refuses_every_unknown_tag),
        TEST(refuses_every_unknown_kind),
        TEST(refuses_an_end_that_is_not_one_octet),
        TEST(an_empty_message_cannot_be_told_from_none),
        TEST(takes_a_message_of_the_largest_size),
        TEST(encodes_no_message_that_is_larger),
        TEST(refuses_a_frame_that_will_be_too_large),
        TEST(refuses_frames_that_are_too_large_together),
        TEST(refuses_more_bytes_than_the_limit_without_an_end),
        TEST(decoding_says_enomem),
        TEST(encoding_and_sending_say_enomem),
        TEST(a_decode_that_fails_leaves_nothing_unwiped),
        TEST(is_sent_and_received),
        TEST(one_that_has_only_a_kind_is_sent),
        TEST(sending_to_nobody_is_epipe),
        TEST(comes_one_byte_at_a_time_with_signals_between),
        TEST(receiving_reads_once_and_asks_for_more),
        TEST(receiving_keeps_what_came_with_it),
        TEST(the_end_of_file_is_enodata_even_within_a_message),
        TEST(a_read_without_data_is_eagain),
        TEST(a_read_that_fails_gives_its_errno),
        TEST(garbage_is_ebadmsg),
        TEST(the_reader_has_a_limit),
        TEST(the_largest_message_goes_through_a_pipe),
        TEST(waiting_ends_after_its_time),
        TEST(waiting_ends_although_signals_and_bytes_come),
        TEST(waiting_gives_the_errno_of_poll),
    };

    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
