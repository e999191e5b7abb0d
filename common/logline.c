/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/logline.h"
#include "common/text.h"

#define NAME_SIZE   64
#define NUMBER_SIZE 16

static const char *const names[LOGGED_COUNT] = {
    [LOGGED_DEBUG] = "debug",
    [LOGGED_LOGIN] = "login",
    [LOGGED_LOGIN_WARNING] = "login_warning",
    [LOGGED_LOGIN_REFUSED] = "login_refused",
    [LOGGED_LOGIN_FAILED] = "login_failed",
    [LOGGED_MISCONFIGURED] = "misconfigured",
    [LOGGED_TOO_MANY_LOGINS] = "too_many_logins",
    [LOGGED_UNKNOWN_USER] = "unknown_user",
    [LOGGED_ACCOUNT_REFUSED] = "account_refused",
    [LOGGED_OPENED] = "opened",
    [LOGGED_OPEN_FAILED] = "open_failed",
    [LOGGED_NOT_THEIRS] = "not_theirs",
    [LOGGED_CLOSED] = "closed",
    [LOGGED_HELPER_RESTARTED] = "helper_restarted",
    [LOGGED_REFRESH_FAILED] = "refresh_failed",
    [LOGGED_RENEWED] = "renewed",
    [LOGGED_RENEW_FAILED] = "renew_failed",
    [LOGGED_GRANT_OVER] = "grant_over",
    [LOGGED_CLOCK_SET] = "clock_set",
    [LOGGED_KEYS_FAILED] = "keys_failed",
    [LOGGED_ENDED] = "ended",
    [LOGGED_REVOKED] = "revoked",
    [LOGGED_REVOKE_FAILED] = "revoke_failed",
    [LOGGED_RELOAD_FAILED] = "reload_failed",
    [LOGGED_HELPER_FAILED] = "helper_failed",
};

const char *
logline_event_name(enum logged event)
{
    return names[event];
}

/* minimum_uid=5 is no field. */
static bool
ends_a_word(const char *text, const char *at)
{
    return at > text && (isalnum((unsigned char) at[-1]) != 0 || at[-1] == '_');
}

/* So that who looks for a field finds ours and no other; some look for it in
 * either case. */
static void
disarm(char *text)
{
    static const char *const fields[] = {"event=", "session=", "uid="};
    size_t i;
    char *at;

    for (i = 0; i < ARRAY_LEN(fields); i++)
        for (at = text; (at = strcasestr(at, fields[i])) != NULL; at++)
            if (!ends_a_word(text, at))
                at[strlen(fields[i]) - 1] = '?';
}

static const char *
number_or_none(bool known, int64_t number, char out[static NUMBER_SIZE])
{
    if (!known)
        return "-";
    (void) snprintf(out, NUMBER_SIZE, "%" PRId64, number);
    return out;
}

static int
make_tail(const struct logline *line, char *out, size_t size)
{
    char session[NUMBER_SIZE], uid[NUMBER_SIZE];

    return snprintf(out, size, " event=%s session=%s uid=%s",
                    logline_event_name(line->event),
                    number_or_none(line->session != 0, line->session, session),
                    number_or_none(line->uid != NO_UID, line->uid, uid));
}

void
logline_format(const struct logline *line, const char *format, va_list args,
               char out[static LOGLINE_SIZE])
{
    char text[2 * LOGLINE_SIZE], tail[128], name[NAME_SIZE];
    int begun, tail_len;

    tail_len = make_tail(line, tail, sizeof(tail));
    text_clean(line->user, name, sizeof(name));
    begun = snprintf(text, LOGLINE_SIZE, "user %s: ", name);
    (void) vsnprintf(text + begun, sizeof(text) - (size_t) begun, format, args);
    text_clean(text, out, LOGLINE_SIZE - (size_t) tail_len);
    disarm(out);
    memcpy(out + strlen(out), tail, (size_t) tail_len + 1);
}
