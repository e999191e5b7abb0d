/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/keyring.h"
#include "common/text.h"
#include "helper/renewal.h"

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

void
verdict_apply(const struct verdict *verdict, int64_t renewed_at,
              struct status *status)
{
    if (verdict->outcome == OUTCOME_OK) {
        status->state = STATE_ACTIVE;
        status->renewed_at = renewed_at;
        if (status->renewals < INT32_MAX)
            status->renewals++;
        status->failures = 0;
        status->last_error[0] = '\0';
        return;
    }
    status->state = verdict->outcome == OUTCOME_DEAD ? STATE_LOGIN_REQUIRED
                                                     : STATE_RETRYING;
    if (status->failures < INT32_MAX)
        status->failures++;
    memcpy(status->last_error, verdict->reason, sizeof(status->last_error));
}
