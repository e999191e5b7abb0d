/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/message.h"
#include "common/number.h"
#include "common/status.h"
#include "common/text.h"

static const char *const states[] = {
    [STATE_ACTIVE] = "active",
    [STATE_RETRYING] = "retrying",
    [STATE_LOGIN_REQUIRED] = "login_required",
};

enum type { TYPE_STATE, TYPE_TEXT, TYPE_TIME, TYPE_COUNT };

/* clang-format off */
#define LINE(type, field) \
    { #field, TYPE_##type, offsetof(struct status, field), \
      sizeof(((struct status *) 0)->field) }
/* clang-format on */

/* In the order in which they are shown. */
static const struct line {
    const char *name;
    enum type type;
    size_t offset;
    size_t size;
} lines[] = {
    LINE(STATE, state),
    LINE(TIME, since),
    LINE(TEXT, subject),
    LINE(TEXT, issuer),
    LINE(TEXT, scope),
    LINE(TIME, renew_at),
    LINE(TEXT, renew_reason),
    LINE(TIME, renewed_at),
    LINE(COUNT, renewals),
    LINE(COUNT, failures),
    LINE(TEXT, last_error),
    LINE(TEXT, last_error_class),
    LINE(TIME, asked_at),
    LINE(TIME, unanswered_since),
    LINE(TIME, not_before),
    LINE(TIME, id_expires_at),
    LINE(TIME, refresh_expires_at),
    LINE(TEXT, warning),
    LINE(TIME, helper_pid),
};

const char *
state_name(enum state state)
{
    return states[state];
}

/* The value as a text; false when the line is left out. */
static bool
value_format(const struct status *status, const struct line *line, char *out,
             size_t size)
{
    const char *field = (const char *) status + line->offset;
    enum state state;
    int64_t number;

    switch (line->type) {
    case TYPE_STATE:
        memcpy(&state, field, sizeof(state));
        text_clean(states[state], out, size);
        return true;
    case TYPE_TEXT:
        text_clean(field, out, size);
        return *field != '\0';
    case TYPE_TIME:
    case TYPE_COUNT:
        memcpy(&number, field, sizeof(number));
        (void) snprintf(out, size, "%" PRId64, number); /* 20 digits fit */
        return number != 0 || line->type == TYPE_COUNT;
    }
    return false;
}

int
status_format(const struct status *status, struct secret *out)
{
    char value[1024], text[1100];
    size_t i;
    int r;

    for (i = 0; i < ARRAY_LEN(lines); i++) {
        if (!value_format(status, &lines[i], value, sizeof(value)))
            continue;
        (void) snprintf(text, sizeof(text), "%s=%s\n", lines[i].name, value);
        r = secret_append_text(out, text, TOKEN_MAX);
        if (r < 0)
            return r;
    }
    return 0;
}

static int
state_parse(const char *text, enum state *out)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(states); i++) {
        if (strcmp(states[i], text) == 0) {
            *out = (enum state) i;
            return 0;
        }
    }
    return -EBADMSG;
}

static int
value_parse(const char *text, const struct line *line, struct status *status)
{
    char *field = (char *) status + line->offset;
    enum state state;
    int64_t number;

    switch (line->type) {
    case TYPE_STATE:
        if (state_parse(text, &state) < 0)
            return -EBADMSG;
        memcpy(field, &state, sizeof(state));
        return 0;
    case TYPE_TEXT:
        text_clean(text, field, line->size);
        return 0;
    case TYPE_TIME:
    case TYPE_COUNT:
        if (number_parse(text,
                         line->type == TYPE_TIME ? UNIX_TIME_MAX : INT32_MAX,
                         &number)
            < 0)
            return -EBADMSG;
        memcpy(field, &number, sizeof(number));
        return 0;
    }
    return -EBADMSG;
}

static int
line_parse(const char *text, struct status *status)
{
    size_t i, len;

    for (i = 0; i < ARRAY_LEN(lines); i++) {
        len = strlen(lines[i].name);
        if (strncmp(text, lines[i].name, len) == 0 && text[len] == '=')
            return value_parse(text + len + 1, &lines[i], status);
    }
    return 0;
}

int
status_parse(const char *text, struct status *out)
{
    struct status status = {0};
    char line[1100];
    size_t len;
    int r;

    for (; *text != '\0'; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        if (len >= sizeof(line))
            continue; /* longer than any that we know */
        memcpy(line, text, len);
        line[len] = '\0';
        r = line_parse(line, &status);
        if (r < 0)
            return r;
    }
    *out = status;
    return 0;
}

int64_t
time_shift(int64_t at, int64_t seconds)
{
    if (at == 0)
        return 0; /* it says that there is none */
    if (seconds >= UNIX_TIME_MAX - at)
        return UNIX_TIME_MAX;
    return seconds > -at ? at + seconds : 1;
}

void
status_shift(struct status *status, int64_t seconds)
{
    int64_t *const times[] = {
        &status->renew_at,      &status->renewed_at,
        &status->asked_at,      &status->unanswered_since,
        &status->id_expires_at, &status->refresh_expires_at,
        &status->not_before,    &status->since,
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(times); i++)
        *times[i] = time_shift(*times[i], seconds);
}

bool
status_wants_renewal(const struct status *status, int64_t now)
{
    return status->state == STATE_RETRYING
           || (status->state == STATE_ACTIVE && status->renew_at <= now);
}
