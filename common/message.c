/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/message.h"
#include "common/number.h"

#define HEADER     5U
#define CHUNK_SIZE 4096U

void
message_clear(struct message *message)
{
    size_t i;

    for (i = 0; i < FIELD_COUNT; i++)
        secret_clear(&message->field[i]);
    message->kind = KIND_NONE;
}

bool
message_has(const struct message *message, enum field field)
{
    return message->field[field].data != NULL;
}

const char *
message_text(const struct message *message, enum field field)
{
    return secret_text(&message->field[field]);
}

int
message_set(struct message *message, enum field field, const void *data,
            size_t len)
{
    struct secret value = {0};
    int r;

    r = secret_append(&value, data, len, MESSAGE_MAX);
    if (r < 0)
        return r;
    message_move(message, field, &value);
    return 0;
}

int
message_set_text(struct message *message, enum field field, const char *text)
{
    return message_set(message, field, text, strlen(text));
}

int
message_set_number(struct message *message, enum field field, int64_t number)
{
    char text[24];
    int len;

    len = snprintf(text, sizeof(text), "%" PRId64, number);
    return message_set(message, field, text, (size_t) len);
}

void
message_move(struct message *message, enum field field, struct secret *from)
{
    secret_clear(&message->field[field]);
    message->field[field] = *from;
    *from = (struct secret){0};
}

int
message_number(const struct message *message, enum field field, int64_t *out)
{
    const struct secret *value = &message->field[field];

    if (!message_has(message, field))
        return -ENODATA;
    if (strlen(secret_text(value)) != value->len)
        return -EINVAL; /* a NUL is not its end */
    return number_parse(message_text(message, field), INT64_MAX, out);
}

static int
frame_append(struct secret *out, uint8_t tag, const void *data, size_t len)
{
    uint8_t header[HEADER] = {
        tag,
        (uint8_t) (len >> 24),
        (uint8_t) (len >> 16),
        (uint8_t) (len >> 8),
        (uint8_t) len,
    };
    int r;

    r = secret_append(out, header, sizeof(header), MESSAGE_MAX);
    if (r < 0)
        return r;
    return secret_append(out, data, len, MESSAGE_MAX);
}

int
message_encode(const struct message *message, struct secret *out)
{
    uint8_t kind = (uint8_t) message->kind;
    size_t i;
    int r;

    for (i = 0; i < FIELD_COUNT; i++) {
        if (!message_has(message, (enum field) i))
            continue;
        r = frame_append(out, (uint8_t) i, message->field[i].data,
                         message->field[i].len);
        if (r < 0)
            return r;
    }
    return frame_append(out, MESSAGE_END, &kind, sizeof(kind));
}

static int
end_decode(const uint8_t *body, size_t len, struct message *out)
{
    if (len != 1 || body[0] == KIND_NONE || body[0] >= KIND_COUNT)
        return -EBADMSG;
    out->kind = (enum kind) body[0];
    return 0;
}

static int
field_decode(uint8_t tag, const uint8_t *body, size_t len, struct message *out)
{
    if (tag >= FIELD_COUNT || message_has(out, (enum field) tag))
        return -EBADMSG;
    return message_set(out, (enum field) tag, body, len);
}

ssize_t
message_decode(const uint8_t *data, size_t len, struct message *out)
{
    size_t at = 0, body;
    uint8_t tag;
    int r;

    message_clear(out);
    while (out->kind == KIND_NONE) {
        if (len - at < HEADER)
            return len > MESSAGE_MAX ? -EMSGSIZE : 0;
        tag = data[at];
        body = (size_t) data[at + 1] << 24 | (size_t) data[at + 2] << 16
               | (size_t) data[at + 3] << 8 | data[at + 4];
        /* Before anything is read or kept: the limit. */
        if (body > MESSAGE_MAX - HEADER || at > MESSAGE_MAX - HEADER - body)
            return -EMSGSIZE;
        if (len - at - HEADER < body)
            return 0;
        at += HEADER;
        r = tag == MESSAGE_END ? end_decode(data + at, body, out)
                               : field_decode(tag, data + at, body, out);
        if (r < 0)
            return r;
        at += body;
    }
    return (ssize_t) at;
}

int
message_send(int fd, const struct message *message)
{
    struct secret wire = {0};
    int r;

    r = message_encode(message, &wire);
    if (r == 0)
        r = write_full(fd, wire.data, wire.len);
    secret_clear(&wire);
    return r;
}

int
message_send_kind(int fd, enum kind kind)
{
    struct message message = {.kind = kind};

    return message_send(fd, &message);
}

/* 1 when a whole message was taken from *buf, 0 when not, or an errno. */
static int
message_take(struct secret *buf, struct message *out)
{
    ssize_t n;

    n = message_decode(buf->data, buf->len, out);
    if (n <= 0)
        return (int) n;
    secret_consume(buf, (size_t) n);
    return 1;
}

int
message_receive(int fd, struct secret *buf, struct message *out)
{
    ssize_t n;
    int r;

    r = secret_reserve(buf, CHUNK_SIZE);
    if (r < 0)
        return r;
    do
        n = read(fd, buf->data + buf->len, CHUNK_SIZE);
    while (n == -1 && errno == EINTR);
    if (n == -1)
        return -errno;
    if (n == 0)
        return -ENODATA;
    buf->len += (size_t) n;
    buf->data[buf->len] = '\0';
    return message_take(buf, out);
}

static int64_t
now_ms(void)
{
    struct timespec ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail on Linux */
    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
message_wait(int fd, struct secret *buf, int timeout, struct message *out)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    int64_t end = now_ms() + timeout, left = timeout;
    int r;

    r = message_take(buf, out); /* one may have come with the last */
    while (r == 0) {
        if (timeout >= 0) {
            left = end - now_ms();
            if (left < 0)
                left = 0;
        }
        r = poll(&pfd, 1, (int) left);
        if (r == -1 && errno != EINTR)
            return -errno;
        if (r == 0)
            return -ETIMEDOUT;
        r = r == -1 ? 0 : message_receive(fd, buf, out);
    }
    return r < 0 ? r : 0;
}
