/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_modutil.h>

#include "common/io.h"
#include "common/keyring.h"
#include "common/message.h"
#include "common/number.h"
#include "pam/handoff.h"
#include "pam/helper.h"
#include "pam/session.h"

#define ACCESS_TOKEN_VARIABLE "OIDC_ACCESS_TOKEN_KEY"

/* ---- The session's keyring ---- */

/*
 * Whether a keyring is the right one for this user's tokens.  A program without
 * pam_keyinit may have root's, the caller's (su), or the one that all processes
 * of a uid share; and one with tokens belongs to another login.
 */
static bool
is_own_session_keyring(key_serial_t ring, uid_t uid)
{
    struct key_info info;
    key_serial_t other;

    return key_info_get(ring, &info) == 0 && info.uid == uid
           && strncmp(info.description, "_uid", 4) != 0
           && keyring_find(ring, "keyring", KEYRING_TOKENS, &other) < 0;
}

static int
session_keyring(uid_t uid, gid_t gid, key_serial_t *out)
{
    key_serial_t ring = keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);

    if (ring == -1 || !is_own_session_keyring(ring, uid)) {
        ring = keyctl_join_session_keyring(NULL);
        if (ring == -1 || keyctl_setperm(ring, KEY_POS_ALL | KEY_USR_ALL) == -1
            || keyctl_chown(ring, uid, gid) == -1)
            return -errno;
    }
    *out = ring;
    return 0;
}

/* ---- Adopting the keys of the hand-off ---- */

/* Seconds that a token still has: its key's timeout. */
static int64_t
lifetime_left(key_serial_t ring, const char *name)
{
    struct secret text = {0};
    int64_t at = 0;

    if (keyring_get(ring, name, &text) == 0
        && number_parse(secret_text(&text), INT64_MAX, &at) < 0)
        at = 0;
    secret_clear(&text);
    return at - time(NULL);
}

static int64_t
id_lifetime_left(key_serial_t ring)
{
    struct message settings = {0};
    struct secret wire = {0};
    int64_t left = KEY_FOREVER, at;

    if (keyring_get(ring, KEY_SETTINGS, &wire) == 0
        && message_decode(wire.data, wire.len, &settings) > 0
        && message_number(&settings, FIELD_ID_EXPIRES_AT, &at) == 0) {
        left = at - time(NULL);
        if (left < 1)
            left = 1;
    }
    message_clear(&settings);
    secret_clear(&wire);
    return left;
}

/* From the hand-off's timeout to the one it keeps. */
static int
set_lifetime(key_serial_t key, int64_t lifetime)
{
    unsigned seconds = lifetime > INT32_MAX ? INT32_MAX : (unsigned) lifetime;

    if (lifetime == KEY_FOREVER)
        seconds = 0; /* never, says the kernel */
    else if (lifetime < 1)
        seconds = 1;
    return keyctl_set_timeout(key, seconds) == -1 ? -errno : 0;
}

static const struct adoption {
    const char *name;
    bool in_session; /* linked into `oidc`; otherwise the helper's alone */
} adoptions[] = {
    {KEY_ACCESS_TOKEN, true},   {KEY_ID_TOKEN, true},
    {KEY_EXPIRES_AT, true},     {KEY_STATUS, true},
    {KEY_REFRESH_TOKEN, false}, {KEY_SETTINGS, false},
};

static int
adopt(const struct session *session, const struct adoption *adoption,
      gid_t group)
{
    int64_t lifetime = KEY_FOREVER;
    key_serial_t key = 0;
    int r;

    r = keyring_find(session->ring, "user", adoption->name, &key);
    if (r == -ENOKEY && strcmp(adoption->name, KEY_REFRESH_TOKEN) == 0)
        return 0; /* the provider gave none */
    if (strcmp(adoption->name, KEY_ACCESS_TOKEN) == 0)
        lifetime = lifetime_left(session->ring, KEY_EXPIRES_AT);
    else if (strcmp(adoption->name, KEY_ID_TOKEN) == 0)
        lifetime = id_lifetime_left(session->ring);
    if (r == 0)
        r = set_lifetime(key, lifetime);
    if (r == 0)
        r = key_protect(key,
                        adoption->in_session ? KEY_FOR_SESSION : KEY_FOR_HELPER,
                        group);
    if (r == 0 && adoption->in_session && session->tokens != 0
        && keyctl_link(key, session->tokens) == -1)
        r = -errno;
    return r;
}

static int
adopt_all(const struct session *session, gid_t group)
{
    size_t i;
    int r = 0;

    for (i = 0; r == 0 && i < ARRAY_LEN(adoptions); i++)
        r = adopt(session, &adoptions[i], group);
    return r;
}

/*
 * The keyring `oidc`, protected before anything is in it.  It is also linked
 * into the hand-off keyring, and so into @p: pam_keyinit may revoke the
 * session's keyring before we are called to close.
 */
static int
make_tokens(struct session *session, key_serial_t ring, gid_t group)
{
    int r;

    r = keyring_make(ring, KEYRING_TOKENS, &session->tokens);
    if (r == 0)
        r = key_protect(session->tokens, KEY_FOR_SESSION, group);
    if (r == 0 && keyctl_link(session->tokens, session->ring) == -1)
        r = -errno;
    if (r == 0)
        r = set_lifetime(session->ring, KEY_FOREVER);
    return r;
}

/* ---- Ending ---- */

/*
 * Without a helper, one is started only to revoke at the provider.  It runs as
 * the system user, so that a user who killed theirs cannot kill it as well.
 */
static int
end_without_helper(const struct context *ctx, const struct session *session)
{
    const struct passwd *pw = pam_modutil_getpwnam(ctx->pamh, OIDC_USER);
    int helper = -1, r;

    if (pw == NULL)
        return -ENOENT;
    r = helper_start(ctx->user, pw->pw_uid, session->gid, session->ring, 0,
                     &helper);
    fd_close(&helper);
    return r;
}

void
session_close(const struct context *ctx, struct session *session)
{
    static const char *const names[] = {KEY_ID_TOKEN, KEY_EXPIRES_AT,
                                        KEY_STATUS};
    key_serial_t key;
    size_t i;
    int r;

    r = helper_end(session->helper);
    /* The keyring first: without it nobody in the session possesses a key, and
     * a helper that is storing a renewal just now is refused by the kernel.
     * The access token is the helper's to revoke, for it needs it first. */
    if (session->tokens != 0)
        (void) key_revoke(session->tokens);
    for (i = 0; i < ARRAY_LEN(names); i++)
        if (keyring_find(session->ring, "user", names[i], &key) == 0)
            (void) key_revoke(key);
    if (r < 0) {
        r = end_without_helper(ctx, session);
        if (r < 0) {
            log_line(ctx, LOG_ERR,
                     "the helper is gone and cannot be started again: the"
                     " tokens are removed, but not revoked at the provider: %s",
                     strerror(-r));
            handoff_revoke(session->ring);
        } else {
            log_line(ctx, LOG_DEBUG, "the helper was gone; a new one revokes");
        }
    }
    (void) keyctl_unlink(session->ring, KEY_SPEC_PROCESS_KEYRING);
    fd_close(&session->helper);
    session->ring = session->tokens = 0;
}

/* ---- Opening ---- */

static void
log_open_error(const struct context *ctx, int r)
{
    if (r == -EKEYREJECTED)
        log_line(ctx, LOG_WARNING,
                 HANDOFF_VARIABLE " does not name a hand-off for this user"
                                  " (set in ~/.pam_environment?); refused");
    else if (r == -ENOKEY || r == -EKEYEXPIRED || r == -EKEYREVOKED)
        log_line(ctx, LOG_WARNING,
                 "the tokens of this login timed out before the session began");
    else if (r == -EDQUOT)
        log_line(ctx, LOG_ERR,
                 "root's key quota is used up; raise the sysctls"
                 " kernel.keys.root_maxkeys and kernel.keys.root_maxbytes");
    else if (r == -ESRCH)
        log_line(ctx, LOG_ERR,
                 "the system group %s does not exist; run systemd-sysusers",
                 OIDC_USER);
    else
        log_line(ctx, LOG_ERR, "cannot set up the session's tokens: %s",
                 strerror(-r));
}

static int
export_access_token(const struct context *ctx, const struct session *session)
{
    key_serial_t key = 0;
    char text[64];
    int r;

    r = keyring_find(session->ring, "user", KEY_ACCESS_TOKEN, &key);
    if (r < 0)
        return r;
    (void) snprintf(text, sizeof(text), ACCESS_TOKEN_VARIABLE "=%" PRId32, key);
    return pam_putenv(ctx->pamh, text) == PAM_SUCCESS ? 0 : -ENOMEM;
}

static int
helper_group(const struct context *ctx, gid_t *out)
{
    const struct group *gr = pam_modutil_getgrnam(ctx->pamh, OIDC_USER);

    if (gr == NULL)
        return -ESRCH;
    *out = gr->gr_gid;
    return 0;
}

static int
set_up(const struct context *ctx, struct session *session, gid_t user_gid)
{
    key_serial_t ring = 0;
    int r;

    r = session_keyring(session->uid, user_gid, &ring);
    if (r == 0)
        r = make_tokens(session, ring, session->gid);
    if (r == 0)
        r = adopt_all(session, session->gid);
    if (r == 0)
        r = helper_start(ctx->user, session->uid, session->gid, session->ring,
                         session->tokens, &session->helper);
    if (r == 0)
        r = export_access_token(ctx, session);
    return r;
}

int
session_open(const struct context *ctx, uid_t uid, gid_t gid,
             struct session *out)
{
    struct session session = {.helper = -1, .owner = getpid(), .uid = uid};
    int r;

    r = handoff_take(ctx, uid, &session.ring);
    if (r == -ENODATA)
        return r;
    if (r == 0) {
        r = helper_group(ctx, &session.gid);
        if (r == 0)
            r = set_up(ctx, &session, gid);
        if (r < 0)
            session_close(ctx, &session);
    }
    if (r < 0) {
        log_open_error(ctx, r);
        return -EIO;
    }
    *out = session;
    return 0;
}

void
session_discard(const struct context *ctx, uid_t uid)
{
    struct session session = {.helper = -1, .owner = getpid(), .uid = uid};

    if (handoff_take(ctx, uid, &session.ring) < 0)
        return; /* there is none, or it timed out */
    if (helper_group(ctx, &session.gid) == 0
        && adopt_all(&session, session.gid) == 0)
        session_close(ctx, &session);
    else
        handoff_revoke(session.ring);
}
