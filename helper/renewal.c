/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/keyring.h"
#include "common/number.h"
#include "common/text.h"
#include "helper/renewal.h"

#define WARN_SECONDS 3600
#define WARN_SLACK   1 /* clocks are read in seconds */

void
verdict_from_result(const struct message *result, struct verdict *out)
{
    *out = (struct verdict){0};
    if (outcome_parse(message_text(result, FIELD_OUTCOME), &out->outcome) < 0
        || (out->outcome == OUTCOME_OK
            && (result->field[FIELD_ACCESS_TOKEN].len == 0
                || result->field[FIELD_EXPIRES_AT].len == 0))) {
        verdict_from_errno(-EBADMSG, out);
        return;
    }
    /* A login's words for it; a renewal that hears them is over as well. */
    if (out->outcome == OUTCOME_DENIED || out->outcome == OUTCOME_EXPIRED
        || out->outcome == OUTCOME_WRONG_PASSWORD)
        out->outcome = OUTCOME_DEAD;
    if (message_number(result, FIELD_RETRY_AFTER, &out->retry_after) < 0)
        out->retry_after = 0;
    if (out->outcome != OUTCOME_OK)
        text_clean(message_text(result, FIELD_REASON), out->reason,
                   sizeof(out->reason));
}

void
verdict_from_errno(int r, struct verdict *out)
{
    *out = (struct verdict){.outcome = OUTCOME_TRANSIENT};
    switch (r) {
    case -EDQUOT:
        text_clean(KEY_QUOTA_TEXT, out->reason, sizeof(out->reason));
        return;
    case -ENOKEY:
        out->outcome = OUTCOME_DEAD;
        text_clean("there is no refresh token", out->reason,
                   sizeof(out->reason));
        return;
    case -EBADMSG:
    case -ENODATA:
    case -ETIMEDOUT:
        /* It may have sent the request: the answer is lost. */
        out->outcome = OUTCOME_AMBIGUOUS;
        (void) snprintf(out->reason, sizeof(out->reason),
                        "%s ended without a result", EXCHANGE_PATH);
        return;
    default:
        (void) snprintf(out->reason, sizeof(out->reason), "cannot renew: %s",
                        strerror(-r));
    }
}

static int64_t
time_of(const struct message *result, enum field field, int64_t shift)
{
    int64_t at;

    return message_number(result, field, &at) < 0 ? 0 : time_shift(at, shift);
}

int
renewal_times_get(const struct message *result, int64_t asked_at,
                  struct renewal_times *out)
{
    int64_t renewed_at, shift;

    if (message_number(result, FIELD_RENEWED_AT, &renewed_at) < 0
        || renewed_at > UNIX_TIME_MAX)
        return -EBADMSG;
    shift = asked_at - renewed_at;
    if (time_of(result, FIELD_EXPIRES_AT, shift) == 0)
        return -EBADMSG;
    *out = (struct renewal_times){
        .expires_at = time_of(result, FIELD_EXPIRES_AT, shift),
        .id_expires_at = time_of(result, FIELD_ID_EXPIRES_AT, shift),
        .refresh_expires_at = time_of(result, FIELD_REFRESH_EXPIRES_AT, shift),
    };
    return 0;
}

bool
renewal_begin(struct status *status, int64_t now)
{
    bool replay = status->unanswered_since != 0;

    status->asked_at = now;
    if (!replay)
        status->unanswered_since = now;
    return replay;
}

static void
apply_success(const struct renewal_times *times, struct status *status)
{
    status->state = STATE_ACTIVE;
    status->renewed_at = status->asked_at;
    if (status->renewals < INT32_MAX)
        status->renewals++;
    status->failures = 0;
    status->last_error[0] = status->last_error_class[0] = '\0';
    status->unanswered_since = 0;
    /* Without a new one, the old one stays. */
    if (times->id_expires_at != 0)
        status->id_expires_at = times->id_expires_at;
    if (times->refresh_expires_at != 0)
        status->refresh_expires_at = times->refresh_expires_at;
    /* It has just been used after that: that is not when it ends. */
    else if (status->refresh_expires_at <= status->asked_at)
        status->refresh_expires_at = 0;
}

static void
apply_end(struct status *status)
{
    status->state = STATE_LOGIN_REQUIRED;
    status->unanswered_since = 0;
    status->id_expires_at = status->refresh_expires_at = 0;
    status->warning[0] = '\0';
}

void
verdict_apply(const struct verdict *verdict, bool replay,
              const struct renewal_times *times, struct status *status)
{
    if (verdict->outcome == OUTCOME_OK) {
        apply_success(times, status);
        return;
    }
    status->state = STATE_RETRYING;
    if (status->failures < INT32_MAX)
        status->failures++;
    memcpy(status->last_error, verdict->reason, sizeof(status->last_error));
    text_clean(outcome_name(verdict->outcome), status->last_error_class,
               sizeof(status->last_error_class));
    /* It may have taken the second request for that of a thief. */
    if (verdict->outcome == OUTCOME_DEAD && replay)
        (void) snprintf(status->last_error, sizeof(status->last_error),
                        "the answer to the renewal before was lost; then: "
                        "%.200s",
                        verdict->reason);
    if (verdict->outcome == OUTCOME_DEAD)
        apply_end(status);
    else if (verdict->outcome != OUTCOME_AMBIGUOUS && !replay)
        status->unanswered_since = 0; /* it has answered, or was not asked */
}

void
renewal_warn(struct status *status, int64_t now, int64_t before)
{
    int64_t end = status->refresh_expires_at;
    /* Less than before: it has an end that does not move. */
    bool fixed = renewal_refresh_lifetime(status) < before - WARN_SLACK;
    time_t at = (time_t) end;
    char text[32];
    struct tm tm;

    status->warning[0] = '\0';
    if (end == 0
        || (end > status->renew_at && !(fixed && end - now <= WARN_SECONDS)))
        return;
    if (gmtime_r(&at, &tm) == NULL
        || strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm) == 0)
        return;
    (void) snprintf(status->warning, sizeof(status->warning),
                    "the provider ends this grant at %s; log in again before",
                    text);
}

int64_t
renewal_refresh_lifetime(const struct status *status)
{
    return status->refresh_expires_at != 0
               ? status->refresh_expires_at - status->renewed_at
               : 0;
}
