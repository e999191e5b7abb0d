/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>

#include "common/number.h"
#include "common/result.h"
#include "common/status.h"
#include "common/text.h"

/* [provider] timeout */
#define TIMEOUT_MAX 60

/* One that is absent is none. */
static bool
is_in_range(const struct message *result, enum field field, int64_t min,
            int64_t max)
{
    int64_t number;

    return !message_has(result, field)
           || (message_number(result, field, &number) == 0 && number >= min
               && number <= max);
}

bool
result_is_whole(const struct message *result)
{
    return result->field[FIELD_ACCESS_TOKEN].len > 0
           && result->field[FIELD_SETTINGS].len > 0
           && message_has(result, FIELD_EXPIRES_AT)
           && is_in_range(result, FIELD_EXPIRES_AT, 0, UNIX_TIME_MAX)
           && is_in_range(result, FIELD_RENEWED_AT, 0, UNIX_TIME_MAX)
           && is_in_range(result, FIELD_TIMEOUT, 1, TIMEOUT_MAX);
}

int
result_settings(const struct message *result, struct secret *out)
{
    static const enum field fields[] = {
        FIELD_SETTINGS, FIELD_BEFORE_EXPIRY, FIELD_REVOKE,
        FIELD_TIMEOUT,  FIELD_ID_EXPIRES_AT, FIELD_NOTIFY};
    struct message settings = {.kind = KIND_RENEW};
    const struct secret *value;
    size_t i;
    int r = 0;

    for (i = 0; r == 0 && i < ARRAY_LEN(fields); i++) {
        value = &result->field[fields[i]];
        if (message_has(result, fields[i]))
            r = message_set(&settings, fields[i], value->data, value->len);
    }
    if (r == 0)
        r = message_encode(&settings, out);
    message_clear(&settings);
    return r;
}

/* A time that a status can hold, or this one instead. */
static int64_t
time_of(const struct message *result, enum field field, int64_t otherwise)
{
    int64_t at;

    return message_number(result, field, &at) == 0 && at <= UNIX_TIME_MAX
               ? at
               : otherwise;
}

int
result_status(const struct message *result, int64_t now, struct secret *out)
{
    struct status status = {
        .state = STATE_ACTIVE,
        .since = now,
        .renewed_at = time_of(result, FIELD_RENEWED_AT, now),
        .id_expires_at = time_of(result, FIELD_ID_EXPIRES_AT, 0),
        .refresh_expires_at = time_of(result, FIELD_REFRESH_EXPIRES_AT, 0),
    };

    text_clean(message_text(result, FIELD_SUBJECT), status.subject,
               sizeof(status.subject));
    text_clean(message_text(result, FIELD_ISSUER), status.issuer,
               sizeof(status.issuer));
    text_clean(message_text(result, FIELD_SCOPE), status.scope,
               sizeof(status.scope));
    text_clean(message_text(result, FIELD_REASON), status.last_error,
               sizeof(status.last_error));
    return status_format(&status, out);
}
