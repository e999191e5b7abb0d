/* SPDX-License-Identifier: MIT */
#ifndef COMMON_MESSAGE_H
#define COMMON_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/attr.h"
#include "common/secret.h"

/*
 * What our processes say to each other.  A message is a kind and some fields.
 *
 * On the wire it is a sequence of frames: one octet tag, four octets length
 * (most significant first), the bytes.  A field's tag is its number in enum
 * field; the frame with tag MESSAGE_END carries the kind in one octet and ends
 * the message.  Numbers and names inside fields are text.
 *
 * Who says what:
 *
 *   module -> exchange   LOGIN  config path user uid deadline, then the answers
 *                        FILES (file, or reason when it is refused; map, or
 *                        map_reason) and PASSWORD (password)
 *   helper -> exchange   RENEW  settings refresh_token
 *   helper, module -> exchange
 *                        REVOKE settings refresh_token? access_token?
 *   command -> exchange  CHECK  config path, then the answer FILES.  A file
 *                        that it may not read itself has neither bytes nor
 *                        reason.
 *   both -> exchange     STORED the tokens of the last RESULT are safe.  Who
 *                        hangs up without saying so does not have them, and the
 *                        exchange revokes what it obtained.
 *   helper -> exchange   REFRESH_STORED before that: the refresh token is safe,
 *                        or there was no new one.  Who hangs up then has lost
 *                        the access token only.
 *   exchange -> module   NEED_FILES path? map_path? password? (whether it will
 *                        ask for one, once).  Always the first message,
 *                        before the exchange talks to anybody else, and never
 *                        again: a stranger who took it over gets no file.
 *                        NEED_PASSWORD
 *                        PROMPT user_code verification_uri
 *                        verification_uri_complete? expires_in
 *                        qr? qr_when?
 *   exchange -> command  NEED_FILES path? map_path? password? (if it were
 *                        a login), RESULT findings sandbox?
 *   exchange -> both     RESULT outcome, and
 *                          ok: access_token id_token? refresh_token?
 *                              expires_at renewed_at id_expires_at?
 *                              refresh_expires_at? scope?,
 *                              for LOGIN also issuer subject settings
 *                              before_expiry revoke timeout notify
 *                              reason? notice?: good, but not all is well
 *                          otherwise: reason notice? retry_after?
 *                          always: sandbox?
 *   helper -> module     READY pid;  module -> helper: GO
 */
enum field {
    FIELD_CONFIG,        /* the bytes of oidc-session.conf */
    FIELD_PATH,          /* a file's name */
    FIELD_FILE,          /* a file's bytes */
    FIELD_USER,          /* PAM_USER */
    FIELD_PASSWORD,      /* PAM_AUTHTOK */
    FIELD_SETTINGS,      /* made by the exchange, for the exchange: opaque */
    FIELD_BEFORE_EXPIRY, /* [renewal] before_expiry, see common/margin.h */
    FIELD_REVOKE,        /* [logout] revoke: "yes" or "no" */
    FIELD_TIMEOUT,       /* [provider] timeout, seconds for one request */
    FIELD_ACCESS_TOKEN,
    FIELD_ID_TOKEN,
    FIELD_REFRESH_TOKEN,
    FIELD_EXPIRES_AT,    /* of the access token: Unix time in seconds */
    FIELD_ID_EXPIRES_AT, /* of the ID token */
    FIELD_RENEWED_AT,    /* when the access token was asked for */
    FIELD_ISSUER,
    FIELD_SUBJECT,
    FIELD_SCOPE,
    FIELD_USER_CODE, /* RFC 8628 3.2, like the next three */
    FIELD_VERIFICATION_URI,
    FIELD_VERIFICATION_URI_COMPLETE,
    FIELD_EXPIRES_IN,
    FIELD_OUTCOME,     /* see common/outcome.h */
    FIELD_REASON,      /* why, for the log: one line, no secret */
    FIELD_NOTICE,      /* why, for the user: one line, no secret */
    FIELD_RETRY_AFTER, /* seconds, as the provider asked for */
    FIELD_PID,
    FIELD_UID,        /* of FIELD_USER */
    FIELD_DEADLINE,   /* seconds that this login may take, 0: no limit */
    FIELD_MAP_PATH,   /* [login] username_map_file */
    FIELD_MAP,        /* its bytes */
    FIELD_MAP_REASON, /* why it was refused */
    FIELD_SANDBOX,    /* what is in force: one line, for the debug log */
    FIELD_REFRESH_EXPIRES_AT, /* of the refresh token, if the provider says */
    FIELD_NOTIFY,             /* [renewal] notify: "yes" or "no" */
    FIELD_FINDINGS,           /* common/finding.h */
    FIELD_QR,                 /* of the page, as common/blocks.h wants it */
    FIELD_QR_WHEN,            /* [login] qr: "auto" or "yes" */
    FIELD_COUNT
};

enum kind {
    KIND_NONE,
    KIND_LOGIN,
    KIND_FILES,
    KIND_PASSWORD,
    KIND_RENEW,
    KIND_REVOKE,
    KIND_STORED,
    KIND_NEED_FILES,
    KIND_NEED_PASSWORD,
    KIND_PROMPT,
    KIND_RESULT,
    KIND_READY,
    KIND_GO,
    KIND_REFRESH_STORED,
    KIND_CHECK,
    KIND_COUNT
};

#define MESSAGE_END 0xff
#define MESSAGE_MAX ((size_t) 256 * 1024)

/*
 * The largest payload of a `user` key in the kernel, and so of a token.
 */
#define TOKEN_MAX 32767U

struct message {
    enum kind kind;
    struct secret field[FIELD_COUNT];
};

/* Right for {0} and a second time. */
void message_clear(struct message *message);

bool message_has(const struct message *message, enum field field);

/* The field as a text, or "" when it is absent. */
const char *message_text(const struct message *message, enum field field);

/* Set a field (it replaces what was there).  0, -EMSGSIZE or -ENOMEM. */
int message_set(struct message *message, enum field field, const void *data,
                size_t len) MUST_CHECK;
int message_set_text(struct message *message, enum field field,
                     const char *text) MUST_CHECK;
int message_set_number(struct message *message, enum field field,
                       int64_t number) MUST_CHECK;

/* Move a secret into a field; *from is empty then. */
void message_move(struct message *message, enum field field,
                  struct secret *from);

/* -ENODATA when absent, -EINVAL when it is not a number >= 0. */
int message_number(const struct message *message, enum field field,
                   int64_t *out) MUST_CHECK;

/* Append the wire form to *out (at most MESSAGE_MAX in all). */
int message_encode(const struct message *message,
                   struct secret *out) MUST_CHECK;

/*
 * Decode the message at the start of len bytes.  Returns the number of bytes it
 * took, 0 when more are needed, -EBADMSG for an unknown tag or kind or a field
 * given twice, -EMSGSIZE when it is or will be larger than MESSAGE_MAX,
 * -ENOMEM. The caller clears *out, also after an error.
 */
ssize_t message_decode(const uint8_t *data, size_t len,
                       struct message *out) MUST_CHECK;

/* Write it, whatever the number of writes.  0 or a negative errno. */
int message_send(int fd, const struct message *message) MUST_CHECK;

/* One that has only a kind. */
int message_send_kind(int fd, enum kind kind) MUST_CHECK;

/*
 * Read once from fd into *buf, and take a message from it if there is a whole
 * one.  Returns 1 with a message in *out (which it clears first), 0 when more
 * must be read, -ENODATA at end of file, -EAGAIN, or another negative errno.
 * The caller clears both.
 */
int message_receive(int fd, struct secret *buf, struct message *out) MUST_CHECK;

/*
 * The same until there is a message, or until timeout milliseconds have passed
 * (-ETIMEDOUT); -1 waits for ever.  Returns 0 or a negative errno.
 */
int message_wait(int fd, struct secret *buf, int timeout,
                 struct message *out) MUST_CHECK;

#endif
