/* SPDX-License-Identifier: MIT */
#ifndef COMMON_LOGLINE_H
#define COMMON_LOGLINE_H

#include <stdarg.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * With the time, the host, the program and its number, which syslog puts before
 * it, a line has at most the 1024 bytes that RFC 3164 promises to carry.
 */
#define LOGLINE_SIZE 900

/* Nobody has it: see chown(2). */
#define NO_UID ((uid_t) -1)

/* What has happened: docs/messages.md says what each of them means. */
enum logged {
    LOGGED_DEBUG,
    LOGGED_LOGIN,
    LOGGED_LOGIN_WARNING,
    LOGGED_LOGIN_REFUSED,
    LOGGED_LOGIN_FAILED,
    LOGGED_MISCONFIGURED,
    LOGGED_TOO_MANY_LOGINS,
    LOGGED_UNKNOWN_USER,
    LOGGED_ACCOUNT_REFUSED,
    LOGGED_OPENED,
    LOGGED_OPEN_FAILED,
    LOGGED_NOT_THEIRS,
    LOGGED_CLOSED,
    LOGGED_HELPER_RESTARTED,
    LOGGED_REFRESH_FAILED,
    LOGGED_RENEWED,
    LOGGED_RENEW_FAILED,
    LOGGED_GRANT_OVER,
    LOGGED_CLOCK_SET,
    LOGGED_KEYS_FAILED,
    LOGGED_ENDED,
    LOGGED_REVOKED,
    LOGGED_REVOKE_FAILED,
    LOGGED_RELOAD_FAILED,
    LOGGED_HELPER_FAILED,
    LOGGED_COUNT
};

/* Whom and what a line is about. */
struct logline {
    const char *user; /* as PAM gave it: it may be anything */
    enum logged event;
    int32_t session; /* serial of the session's keyring; 0: none, or unknown */
    uid_t uid;       /* of the user; NO_UID: unknown */
};

/* "login", ...: lower-case letters and underscores. */
const char *logline_event_name(enum logged event);

/*
 * One line of printable ASCII:
 *
 *   user NAME: TEXT event=EVENT session=SERIAL uid=NUMBER
 *
 * with "-" for what is unknown.  No value needs quotes.  Somebody else may have
 * written parts of the text, or the name: where the tail's "event=", "session="
 * or "uid=" begins a word in them, a '?' takes the place of the '='.  The tail is
 * never cut; the text is, and ends in "..." then.
 */
void logline_format(const struct logline *line, const char *format,
                    va_list args, char out[static LOGLINE_SIZE])
    __attribute__((format(printf, 2, 0)));

#endif
