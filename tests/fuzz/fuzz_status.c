/* SPDX-License-Identifier: MIT */
/* oidc:status: what was read and written is read again as the same. */
#include <config.h>

#include <errno.h>

#include "common/status.h"
#include "tests/fuzz/fuzz.h"

static bool
same(const struct status *a, const struct status *b)
{
    return a->state == b->state && strcmp(a->subject, b->subject) == 0
           && strcmp(a->issuer, b->issuer) == 0
           && strcmp(a->scope, b->scope) == 0
           && strcmp(a->renew_reason, b->renew_reason) == 0
           && strcmp(a->last_error, b->last_error) == 0
           && strcmp(a->last_error_class, b->last_error_class) == 0
           && a->since == b->since && strcmp(a->warning, b->warning) == 0
           && a->renew_at == b->renew_at && a->renewed_at == b->renewed_at
           && a->renewals == b->renewals && a->failures == b->failures
           && a->asked_at == b->asked_at
           && a->unanswered_since == b->unanswered_since
           && a->not_before == b->not_before
           && a->id_expires_at == b->id_expires_at
           && a->refresh_expires_at == b->refresh_expires_at
           && a->helper_pid == b->helper_pid;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct status status = {0}, again = {0};
    struct secret text = {0};
    char *given = input_text(&input, NULL), *line;
    int r;

    r = status_parse(given, &status);
    HOLDS(r == 0 || r == -EBADMSG);
    if (r == 0) {
        HOLDS(status_format(&status, &text) == 0);
        HOLDS(status_parse(secret_text(&text), &again) == 0);
        HOLDS(same(&status, &again));
        for (line = strtok((char *) text.data, "\n"); line != NULL;
             line = strtok(NULL, "\n"))
            HOLDS(is_printable(line) && strchr(line, '=') != NULL);
    }
    secret_clear(&text);
    free(given);
    return 0;
}
