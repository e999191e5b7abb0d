/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/keyring.h"
#include "common/message.h"
#include "common/number.h"
#include "common/text.h"
#include "pam/handoff.h"
#include "pam/real_root.h"
#include "pam/session.h"

#define ACCESS_TOKEN_VARIABLE "OIDC_ACCESS_TOKEN_KEY"
#define REVIVED_SECONDS       5 /* until another helper has it */

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

    /* Root's own is the one that services share. */
    return key_info_get(ring, &info) == 0 && info.uid == uid && uid != 0
           && strncmp(info.description, "_uid", 4) != 0
           && keyring_find(ring, "keyring", KEYRING_TOKENS, &other) < 0;
}

/*
 * A new one, root's until it is the user's: nobody else owns it in between.  It
 * keeps the kernel's permissions: all for the possessor, view and read for the
 * user.
 */
static int
join_session_keyring(uid_t uid, gid_t gid, key_serial_t *out)
{
    key_serial_t ring;
    uid_t before;
    int r, back;

    r = real_root_begin(&before);
    if (r < 0)
        return r;
    ring = keyctl_join_session_keyring(NULL);
    if (ring == -1 || keyctl_chown(ring, uid, gid) == -1)
        r = -errno;
    back = real_root_end(before);
    if (back < 0)
        r = back;
    if (r == 0)
        *out = ring;
    return r;
}

static int
session_keyring(uid_t uid, gid_t gid, key_serial_t *out)
{
    key_serial_t ring = keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);
    int r = 0;

    if (ring == -1 || !is_own_session_keyring(ring, uid))
        r = join_session_keyring(uid, gid, &ring);
    if (r == 0)
        *out = ring;
    return r;
}

/* ---- Adopting the keys of the hand-off ---- */

/* Seconds from now until a time, at least 1: what is over shall not be read. */
static int64_t
seconds_until(int64_t at)
{
    int64_t left = at - time(NULL);

    return left > 1 ? left : 1;
}

static int64_t
access_lifetime(key_serial_t ring)
{
    struct secret text = {0};
    int64_t at = 0;

    if (keyring_get(ring, KEY_EXPIRES_AT, &text) == 0
        && number_parse(secret_text(&text), UNIX_TIME_MAX, &at) < 0)
        at = 0;
    secret_clear(&text);
    return seconds_until(at);
}

static int64_t
id_lifetime(key_serial_t ring)
{
    struct message settings = {0};
    struct secret wire = {0};
    int64_t left = KEY_FOREVER, at;

    if (keyring_get(ring, KEY_SETTINGS, &wire) == 0
        && message_decode(wire.data, wire.len, &settings) > 0
        && message_number(&settings, FIELD_ID_EXPIRES_AT, &at) == 0)
        left = seconds_until(at);
    message_clear(&settings);
    secret_clear(&wire);
    return left;
}

/* From the hand-off's permissions and timeout to those that it keeps. */
static const struct adoption {
    const char *name;
    key_perm_t permissions;
    bool in_session; /* linked into `oidc`; otherwise the helper's alone */
} adoptions[] = {
    {KEY_ACCESS_TOKEN, KEY_FOR_SESSION, true},
    {KEY_ID_TOKEN, KEY_FOR_SESSION, true},
    {KEY_EXPIRES_AT, KEY_FOR_SESSION, true},
    {KEY_STATUS, KEY_FOR_SESSION, true},
    {KEY_REFRESH_TOKEN, KEY_FOR_HELPER, false},
    {KEY_SETTINGS, KEY_FOR_READING, false},
};

static int
adopt(const struct session *session, const struct adoption *adoption)
{
    int64_t lifetime = KEY_FOREVER;
    key_serial_t key = 0;
    int r;

    r = keyring_find(session->ring, "user", adoption->name, &key);
    if (r == -ENOKEY && strcmp(adoption->name, KEY_REFRESH_TOKEN) == 0)
        return 0; /* the provider gave none */
    if (strcmp(adoption->name, KEY_ACCESS_TOKEN) == 0)
        lifetime = access_lifetime(session->ring);
    else if (strcmp(adoption->name, KEY_ID_TOKEN) == 0)
        lifetime = id_lifetime(session->ring);
    if (r == 0)
        r = key_set_lifetime(key, lifetime);
    if (r == 0)
        r = key_protect(key, adoption->permissions, session->owner.system.gid);
    if (r == 0 && adoption->in_session && session->tokens != 0
        && keyctl_link(key, session->tokens) == -1)
        r = -errno;
    return r;
}

static int
adopt_all(const struct session *session)
{
    size_t i;
    int r = 0;

    for (i = 0; r == 0 && i < ARRAY_LEN(adoptions); i++)
        r = adopt(session, &adoptions[i]);
    return r;
}

/*
 * The keyring `oidc`, protected before anything is in it.  It is also linked
 * into the hand-off keyring, and so into @p: pam_keyinit may revoke the
 * session's keyring before we are called to close.
 */
static int
make_tokens(struct session *session)
{
    int r;

    r = keyring_make(session->keyring, KEYRING_TOKENS, &session->tokens);
    if (r == 0)
        r = key_protect(session->tokens, KEY_FOR_SESSION,
                        session->owner.system.gid);
    if (r == 0 && keyctl_link(session->tokens, session->ring) == -1)
        r = -errno;
    if (r == 0)
        r = key_set_lifetime(session->ring, KEY_FOREVER);
    return r;
}

/* ---- Its helper ---- */

struct helper_user
owner_helper(const struct owner *owner, key_serial_t session)
{
    return (struct helper_user){
        .name = owner->name,
        /* Root's tokens need no root. */
        .uid = owner->uid != 0 ? owner->uid : owner->system.uid,
        .gid = owner->system.gid,
        .session = session,
    };
}

/* ---- Ending ---- */

/*
 * What the session may read.  The access token is the helper's to revoke, which
 * needs it first; without the keyring nobody else possesses it.
 */
static void
revoke_session_keys(const struct session *session)
{
    static const char *const names[] = {KEY_ID_TOKEN, KEY_EXPIRES_AT,
                                        KEY_STATUS};
    key_serial_t key;
    size_t i;

    if (session->tokens != 0)
        (void) key_revoke(session->tokens);
    for (i = 0; i < ARRAY_LEN(names); i++)
        if (keyring_find(session->ring, "user", names[i], &key) == 0)
            (void) key_revoke(key);
}

/*
 * Without a helper, one is started only to revoke at the provider.  It runs as
 * the system user, so that a user who killed theirs cannot kill it as well.
 */
static int
start_ending_helper(struct session *session)
{
    const struct owner *owner = &session->owner;
    const struct helper_user user = {
        .name = owner->name,
        .uid = owner->system.uid,
        .gid = owner->system.gid,
    };
    key_serial_t key;
    size_t i;
    int r;

    /* The session may not have come so far that they were adopted. */
    for (i = 0; i < ARRAY_LEN(adoptions); i++) {
        if (keyring_find(session->ring, "user", adoptions[i].name, &key) < 0)
            continue; /* revoked, expired, or never there */
        r = key_protect(key, adoptions[i].permissions, owner->system.gid);
        if (r < 0)
            return r;
    }
    return helper_start(&user, session->ring, 0, &session->helper);
}

/* What could be there, but cannot be looked for, counts as there. */
static bool
has(const struct session *session, const char *name)
{
    key_serial_t key;
    int r = keyring_find(session->ring, "user", name, &key);

    return r != -ENOKEY && r != -EKEYREVOKED && r != -EKEYEXPIRED;
}

static void
end_without_helper(const struct context *ctx, struct session *session)
{
    int r;

    helper_forget(&session->helper);
    if (!has(session, KEY_ACCESS_TOKEN) && !has(session, KEY_REFRESH_TOKEN)) {
        log_line(ctx, LOGGED_DEBUG, LOG_DEBUG,
                 "there was no helper, and no token to revoke");
        handoff_revoke(session->ring);
        return;
    }
    r = start_ending_helper(session);
    if (r == 0) {
        log_line(ctx, LOGGED_DEBUG, LOG_DEBUG,
                 "there was no helper; a new one revokes");
        return;
    }
    log_line(ctx, LOGGED_REVOKE_FAILED, LOG_ERR,
             "the tokens are removed, but not revoked at the provider:"
             " the helper is gone and cannot be started again: %s",
             strerror(-r));
    handoff_revoke(session->ring);
}

int
session_find_helper(struct session *session)
{
    const struct helper_user user =
        owner_helper(&session->owner, session->keyring);
    struct helper found = HELPER_NONE;
    int r;

    r = helper_continue(&session->helper);
    if (r != -ESRCH)
        return r;
    r = helper_find(session->helper.pid, &user, &found);
    if (r < 0)
        return r;
    helper_forget(&session->helper);
    session->helper = found;
    return helper_continue(&session->helper);
}

/* Also one whose descriptor the application has closed. */
static bool
end_helper(struct session *session)
{
    return helper_end(&session->helper) == 0
           || (session_find_helper(session) == 0
               && helper_end(&session->helper) == 0);
}

void
session_close(const struct context *ctx, struct session *session)
{
    bool alive = end_helper(session);

    /* The signal first: a helper that is storing a renewal just now is refused
     * by the kernel, and shall know why. */
    revoke_session_keys(session);
    if (!alive)
        end_without_helper(ctx, session);
    (void) keyctl_unlink(session->ring, KEY_SPEC_PROCESS_KEYRING);
    helper_forget(&session->helper);
    session->ring = session->tokens = 0;
}

/* ---- Opening ---- */

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
start_helper(struct session *session)
{
    const struct helper_user user =
        owner_helper(&session->owner, session->keyring);

    return helper_start(&user, session->ring, session->tokens,
                        &session->helper);
}

static int
set_up(const struct context *ctx, struct session *session)
{
    const struct owner *owner = &session->owner;
    int r;

    r = session_keyring(owner->uid, owner->gid, &session->keyring);
    if (r == 0)
        r = make_tokens(session);
    if (r == 0)
        r = adopt_all(session);
    if (r == 0)
        r = start_helper(session);
    if (r == 0)
        r = export_access_token(ctx, session);
    return r;
}

int
owner_get(const struct context *ctx, const struct passwd *pw, struct owner *out)
{
    struct owner owner = {
        .uid = pw->pw_uid, .gid = pw->pw_gid, .process = getpid()};
    int r;

    r = system_user_get(ctx, &owner.system);
    if (r < 0)
        return r;
    text_clean(pw->pw_name, owner.name, sizeof(owner.name));
    *out = owner;
    return 0;
}

int
session_open(const struct context *ctx, const struct owner *owner,
             key_serial_t ring, struct session *out)
{
    struct session session = {
        .owner = *owner, .ring = ring, .helper = HELPER_NONE};
    int r;

    r = handoff_take(ring);
    if (r < 0)
        return r;
    r = set_up(ctx, &session);
    if (r < 0)
        session_close(ctx, &session);
    else
        *out = session;
    return r;
}

/*
 * A helper finds the access token, to write and to revoke it, by its key.  When
 * that has expired, or the user has destroyed it, there is one again, root's,
 * with nothing in it for a moment; an expired one keeps its serial.
 */
static int
revive_access_token(struct session *session)
{
    struct secret nothing = {0};
    struct key_info info;
    key_serial_t key = 0;
    int r;

    r = keyring_find(session->ring, "user", KEY_ACCESS_TOKEN, &key);
    if (r == 0 && key_info_get(key, &info) == 0 && info.uid == 0)
        return 0;
    r = secret_append_text(&nothing, KEY_NO_TOKEN, 1);
    if (r == 0)
        r = keyring_put(session->ring, KEY_ACCESS_TOKEN, &nothing,
                        REVIVED_SECONDS, &key);
    if (r == 0)
        r = key_protect(key, KEY_FOR_SESSION, session->owner.system.gid);
    if (r == 0 && keyctl_link(key, session->tokens) == -1)
        r = -errno;
    secret_clear(&nothing);
    return r;
}

int
session_restart(struct session *session)
{
    int r;

    helper_forget(&session->helper);
    r = revive_access_token(session);
    return r == 0 ? start_helper(session) : r;
}

void
session_discard(const struct context *ctx, const struct owner *owner,
                key_serial_t ring)
{
    struct session session = {
        .owner = *owner, .ring = ring, .helper = HELPER_NONE};

    if (handoff_take(ring) == 0)
        session_close(ctx, &session);
}
