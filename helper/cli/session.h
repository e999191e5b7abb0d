/* SPDX-License-Identifier: MIT */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <keyutils.h>

#include "common/attr.h"
#include "common/keyring.h"
#include "common/secret.h"
#include "common/status.h"

/* The tokens of the caller's login session: common/keyring.h. */
struct session {
    key_serial_t ring;    /* the keyring `oidc` */
    bool has_status;      /* false: somebody has destroyed it */
    struct status status; /* its texts are printable ASCII */
    struct key_info info; /* of the key of the status: whose helper writes it */
    int64_t expires_at;   /* of the access token, Unix time; 0: not known */
};

/*
 * Find the keyring `oidc` of this session, and read what is in it but for the
 * tokens.  Returns 0; -ENOKEY when the session has no tokens, or none any more;
 * -EBADMSG when a later version wrote it; or another negative errno.
 */
int session_find(struct session *out) MUST_CHECK;

/* Read it again.  The same errors; *session is unchanged then. */
int session_read(struct session *session) MUST_CHECK;

/*
 * Read KEY_ACCESS_TOKEN or KEY_ID_TOKEN.  The caller clears *out, also after an
 * error.  Returns 0; -ENOKEY when there is none; -EKEYEXPIRED when it has
 * expired, and a renewal may bring it back; or another negative errno.
 */
int session_token(const struct session *session, const char *name,
                  struct secret *out) MUST_CHECK;

/*
 * Say why session_find() or session_read() failed, and what to do.  Returns the
 * exit status for it: COMMAND_NO_TOKEN or COMMAND_FAILED.
 */
int session_report(int r);

#endif
