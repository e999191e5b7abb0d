/* SPDX-License-Identifier: MIT */
/*
 * The six functions that PAM calls.  Here and nowhere else does an errno become
 * a PAM code.
 */
#include <config.h>

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <security/pam_modutil.h>

#include "common/keyring.h"
#include "pam/conversation.h"
#include "pam/handoff.h"
#include "pam/log.h"
#include "pam/login.h"
#include "pam/options.h"
#include "pam/refresh.h"
#include "pam/session.h"

#define ENTRY __attribute__((visibility("default")))

#define SESSION_DATA "oidc_session"
#define LOGIN_DATA   "oidc_session_login"

/* See RETURN VALUES in pam_oidc_session(8). */
static int
pam_code(int r, int otherwise)
{
    switch (r) {
    case 0:
        return PAM_SUCCESS;
    case -ENOMEM:
        return PAM_BUF_ERR;
    case -EACCES: /* for good: the application need not ask again */
        return PAM_MAXTRIES;
    case -EPERM:
        return PAM_PERM_DENIED;
    case -EKEYREJECTED:
    case -ETIME:
        return PAM_AUTH_ERR;
    case -EHOSTUNREACH:
        return PAM_AUTHINFO_UNAVAIL;
    case -EINVAL:
        return PAM_SERVICE_ERR;
    case -ECANCELED:
        return PAM_CONV_ERR;
    default:
        return otherwise;
    }
}

/* ---- What every call begins with ---- */

/* 0 with ctx, options and pw; or a PAM code that ends the call. */
static int
begin(pam_handle_t *pamh, int flags, int argc, const char **argv,
      struct context *ctx, struct options *options, const struct passwd **pw)
{
    const char *bad = NULL;
    int r;

    *ctx = (struct context){.pamh = pamh,
                            .user = "?",
                            .uid = NO_UID,
                            .silent = ((unsigned) flags & PAM_SILENT) != 0};
    r = pam_get_user(pamh, &ctx->user, NULL);
    if (r != PAM_SUCCESS || ctx->user == NULL) {
        ctx->user = "?";
        return r == PAM_CONV_AGAIN ? PAM_INCOMPLETE : PAM_USER_UNKNOWN;
    }
    if (options_parse(argc, argv, options, &bad) < 0) {
        log_line(ctx, LOGGED_MISCONFIGURED, LOG_ERR,
                 "unknown or malformed module argument: %s", bad);
        return PAM_SERVICE_ERR;
    }
    ctx->debug = options->debug;
    *pw = pam_modutil_getpwnam(pamh, ctx->user);
    if (*pw == NULL) {
        log_line(ctx, LOGGED_UNKNOWN_USER, LOG_NOTICE, "no such user");
        return PAM_USER_UNKNOWN;
    }
    /* The provider's name is compared with the one given here; the session gets
     * the uid of the one found there.  They must be one and the same. */
    if (strcmp((*pw)->pw_name, ctx->user) != 0) {
        log_line(ctx, LOGGED_UNKNOWN_USER, LOG_NOTICE,
                 "the user's name is spelled %s", (*pw)->pw_name);
        return PAM_USER_UNKNOWN;
    }
    ctx->uid = (*pw)->pw_uid;
    return PAM_SUCCESS;
}

/* Ours under that name, or NULL; PAM only lends it as const. */
static void *
data_get(pam_handle_t *pamh, const char *name)
{
    const void *data = NULL;

    if (pam_get_data(pamh, name, &data) != PAM_SUCCESS)
        return NULL;
    return (void *) (uintptr_t) data;
}

static bool
is_for_us(const struct options *options, const struct passwd *pw)
{
    return (int64_t) pw->pw_uid >= options->minimum_uid;
}

/* ---- Authentication ---- */

/* Tokens that wait for a session, in the process that asked for them. */
struct login {
    struct owner owner;
    key_serial_t ring; /* the hand-off keyring */
};

/*
 * The end of a handle whose login nobody opened a session for.  In a forked
 * copy, and when open_session has taken the tokens, there is nothing to do.
 */
static void
login_free(pam_handle_t *pamh, void *data, int status)
{
    struct login *login = data;
    const struct context ctx = {.pamh = pamh,
                                .user = login->owner.name,
                                .uid = login->owner.uid,
                                .silent = true};

    if (((unsigned) status & PAM_DATA_SILENT) == 0 && login->ring != 0
        && login->owner.process == getpid())
        session_discard(&ctx, &login->owner, login->ring);
    free(login);
}

static int
login_remember(pam_handle_t *pamh, const struct owner *owner, key_serial_t ring)
{
    struct login *login = malloc(sizeof(*login));

    if (login == NULL)
        return -ENOMEM;
    *login = (struct login){.owner = *owner, .ring = ring};
    if (pam_set_data(pamh, LOGIN_DATA, login, login_free) == PAM_SUCCESS)
        return 0;
    free(login);
    return -ENOMEM;
}

/* The tokens of an earlier login with this handle, if no session took them. */
static void
login_discard(pam_handle_t *pamh)
{
    handoff_forget(pamh);
    (void) pam_set_data(pamh, LOGIN_DATA, NULL, NULL); /* ends and frees them */
}

/* A session has taken them. */
static void
login_forget(pam_handle_t *pamh)
{
    struct login *login = data_get(pamh, LOGIN_DATA);

    if (login != NULL)
        login->ring = 0;
    (void) pam_set_data(pamh, LOGIN_DATA, NULL, NULL);
}

static int
store(const struct context *ctx, const struct owner *owner,
      const struct message *result)
{
    key_serial_t ring = 0;
    int r;

    r = handoff_make(ctx, owner->uid, result, &ring);
    if (r == 0) {
        r = login_remember(ctx->pamh, owner, ring);
        if (r < 0)
            handoff_revoke(ring);
    }
    if (r == -EDQUOT)
        log_line(ctx, LOGGED_LOGIN_FAILED, LOG_ERR, "%s", KEY_QUOTA_TEXT);
    else if (r < 0)
        log_line(ctx, LOGGED_LOGIN_FAILED, LOG_ERR,
                 "cannot keep the tokens for the session: %s", strerror(-r));
    return r < 0 ? -EIO : 0;
}

static int
authenticate(const struct context *ctx, const struct options *options,
             const struct passwd *pw)
{
    struct owner owner;
    int r;

    login_discard(ctx->pamh); /* an application may ask twice */
    r = owner_get(ctx, pw, &owner);
    if (r == 0)
        r = login_obtain(ctx, options, &owner, store);
    if (r < 0)
        login_discard(ctx->pamh);
    else
        log_line(ctx, LOGGED_LOGIN, LOG_INFO, "authenticated by the provider");
    return r;
}

ENTRY int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    const struct passwd *pw = NULL;
    struct options options;
    struct context ctx;
    int r;

    if (!conversation_possible(pamh))
        return PAM_IGNORE;
    r = begin(pamh, flags, argc, argv, &ctx, &options, &pw);
    if (r == PAM_SERVICE_ERR)
        log_user(&ctx, TELL_ADMINISTRATOR);
    if (r != PAM_SUCCESS)
        return r;
    if (!is_for_us(&options, pw)) {
        log_line(&ctx, LOGGED_DEBUG, LOG_DEBUG, "uid %u is below minimum_uid",
                 pw->pw_uid);
        return PAM_IGNORE;
    }
    return pam_code(authenticate(&ctx, &options, pw), PAM_AUTHINFO_UNAVAIL);
}

/*
 * Still the one whose tokens they are, and are they still there?  0; -EPERM for
 * another one; -EKEYREJECTED without tokens.  Nothing is taken or unset: the
 * session is opened later, with sshd in another process.
 */
static int
account(const struct context *ctx, const struct options *options,
        const struct passwd *pw, const struct login *login)
{
    int r;

    if (login != NULL
        && (login->owner.uid != pw->pw_uid
            || strncmp(login->owner.name, ctx->user,
                       sizeof(login->owner.name) - 1)
                   != 0)) {
        log_line(ctx, LOGGED_ACCOUNT_REFUSED, LOG_NOTICE,
                 "the tokens of this login are %s's; refused",
                 login->owner.name);
        return -EPERM;
    }
    if (!is_for_us(options, pw)) {
        log_line(ctx, LOGGED_ACCOUNT_REFUSED, LOG_NOTICE,
                 "a login with tokens, but uid %u is below minimum_uid;"
                 " refused",
                 pw->pw_uid);
        return -EPERM;
    }
    r = handoff_look(ctx, pw->pw_uid, login != NULL ? login->ring : 0);
    if (r == 0)
        return 0;
    log_line(ctx, LOGGED_ACCOUNT_REFUSED, LOG_NOTICE,
             r == -EKEYREJECTED
                 ? HANDOFF_VARIABLE " does not name a hand-off for this user;"
                                    " account refused"
                 : "the tokens of this login are gone or timed out; account"
                   " refused");
    return r == -EKEYREJECTED ? -EPERM : -EKEYREJECTED;
}

ENTRY int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    const struct login *login = data_get(pamh, LOGIN_DATA);
    const struct passwd *pw = NULL;
    struct options options;
    struct context ctx;
    int r;

    if (login == NULL && pam_getenv(pamh, HANDOFF_VARIABLE) == NULL)
        return PAM_IGNORE; /* not a login of ours */
    r = begin(pamh, flags, argc, argv, &ctx, &options, &pw);
    if (r != PAM_SUCCESS)
        return r;
    return pam_code(account(&ctx, &options, pw, login), PAM_AUTH_ERR);
}

ENTRY int
pam_sm_chauthtok(pam_handle_t *pamh UNUSED, int flags UNUSED, int argc UNUSED,
                 const char **argv UNUSED)
{
    return PAM_IGNORE; /* nor of changing passwords */
}

/* ---- Session ---- */

/*
 * The end of a handle with an open session: close it.  In a forked copy the
 * keys still belong to the parent, whether or not it says PAM_DATA_SILENT.
 */
static void
session_free(pam_handle_t *pamh, void *data, int status)
{
    struct session *session = data;
    const struct context ctx = {.pamh = pamh,
                                .user = session->owner.name,
                                .uid = session->owner.uid,
                                .session = session->keyring,
                                .silent = true};

    if (((unsigned) status & PAM_DATA_SILENT) == 0
        && session->owner.process == getpid() && session->ring != 0)
        session_close(&ctx, session);
    free(session);
}

/*
 * sudo authenticates one user and opens the session of another, with one
 * handle. The tokens are not that one's.
 */
static bool
is_another_users(const struct context *ctx, const struct passwd *pw)
{
    const struct login *login = data_get(ctx->pamh, LOGIN_DATA);

    if (login == NULL || login->owner.uid == pw->pw_uid)
        return false;
    log_line(ctx, LOGGED_NOT_THEIRS, LOG_INFO,
             "the tokens of this login are %s's; revoked", login->owner.name);
    login_discard(ctx->pamh);
    return true;
}

static void
log_open_error(const struct context *ctx, int r)
{
    if (r == -EKEYREJECTED)
        log_line(ctx, LOGGED_OPEN_FAILED, LOG_WARNING,
                 HANDOFF_VARIABLE " does not name a hand-off for this user"
                                  " (set in ~/.pam_environment?); refused");
    else if (r == -ENOKEY || r == -EKEYEXPIRED || r == -EKEYREVOKED)
        log_line(ctx, LOGGED_OPEN_FAILED, LOG_WARNING,
                 "the tokens of this login timed out before the session began");
    else if (r == -EDQUOT)
        log_line(ctx, LOGGED_OPEN_FAILED, LOG_ERR, "%s", KEY_QUOTA_TEXT);
    else if (r != -EINVAL) /* that one is logged */
        log_line(ctx, LOGGED_OPEN_FAILED, LOG_ERR,
                 "cannot set up the session's tokens: %s%s", strerror(-r),
                 r == -ENOENT ? " (is " HELPER_PATH " installed?)" : "");
}

/* Open the session with a hand-off keyring that was found. */
static int
session_start(const struct context *ctx, const struct passwd *pw,
              key_serial_t ring)
{
    struct context inside = *ctx;
    struct session *session;
    struct owner owner;
    int r;

    r = owner_get(ctx, pw, &owner);
    if (r < 0) {
        /* Only a login of this process still knows the system user. */
        if (data_get(ctx->pamh, LOGIN_DATA) == NULL)
            handoff_revoke(ring);
        return r;
    }
    session = calloc(1, sizeof(*session));
    if (session == NULL)
        return -ENOMEM;
    r = session_open(ctx, &owner, ring, session);
    if (r == 0
        && pam_set_data(ctx->pamh, SESSION_DATA, session, session_free)
               != PAM_SUCCESS) {
        session_close(ctx, session);
        r = -ENOMEM;
    }
    if (r == -EINVAL)
        r = -EIO; /* not the one that owner_get() has logged */
    if (r < 0) {
        free(session);
        return r;
    }
    inside.session = session->keyring;
    log_line(&inside, LOGGED_OPENED, LOG_INFO,
             "session opened, tokens in keyring %d", session->tokens);
    return 0;
}

/* 0; -ENODATA without tokens; -ENOMEM; -EIO for all else, which is logged. */
static int
open_session(const struct context *ctx, const struct passwd *pw)
{
    key_serial_t ring = 0;
    int r;

    if (is_another_users(ctx, pw))
        return -ENODATA;
    r = handoff_find(ctx, pw->pw_uid, &ring);
    if (r == -ENODATA)
        return r;
    if (r == 0)
        r = session_start(ctx, pw, ring);
    if (r == 0) {
        login_forget(ctx->pamh);
    } else {
        log_open_error(ctx, r);
        login_discard(ctx->pamh);
    }
    return r == 0 || r == -ENOMEM ? r : -EIO;
}

ENTRY int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    const struct passwd *pw = NULL;
    struct options options;
    struct context ctx;
    int r;

    r = begin(pamh, flags, argc, argv, &ctx, &options, &pw);
    if (r != PAM_SUCCESS) {
        handoff_forget(pamh);
        return r;
    }
    if (data_get(pamh, SESSION_DATA) != NULL) {
        log_line(&ctx, LOGGED_DEBUG, LOG_DEBUG, "the session is open already");
        handoff_forget(pamh);
        return PAM_SUCCESS;
    }
    r = open_session(&ctx, pw);
    if (r == -ENODATA) {
        log_line(&ctx, LOGGED_DEBUG, LOG_DEBUG, "this login has no tokens");
        return PAM_SUCCESS;
    }
    return pam_code(r, PAM_SESSION_ERR);
}

/* Of one that is open, whatever is wrong with user and arguments by now. */
static struct context
session_context(pam_handle_t *pamh, const struct session *session, int flags,
                int argc, const char **argv)
{
    struct options options = {0};
    const char *bad;
    bool parsed = options_parse(argc, argv, &options, &bad) == 0;

    return (struct context){.pamh = pamh,
                            .user = session->owner.name,
                            .uid = session->owner.uid,
                            .session = session->keyring,
                            .debug = parsed && options.debug,
                            .silent = ((unsigned) flags & PAM_SILENT) != 0};
}

ENTRY int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct session *session = data_get(pamh, SESSION_DATA);
    struct context ctx;

    if (session == NULL || session->ring == 0)
        return PAM_SUCCESS; /* nothing is open */
    ctx = session_context(pamh, session, flags, argc, argv);
    session_close(&ctx, session);
    log_line(&ctx, LOGGED_CLOSED, LOG_INFO, "session closed, tokens removed");
    (void) pam_set_data(pamh, SESSION_DATA, NULL, NULL); /* frees it */
    return PAM_SUCCESS;
}

/* ---- Credentials ---- */

static void
log_refresh_error(const struct context *ctx, int r)
{
    log_line(ctx, LOGGED_REFRESH_FAILED, LOG_WARNING,
             "the tokens are not renewed now: %s",
             r == -EDQUOT ? KEY_QUOTA_TEXT : strerror(-r));
}

/* A forked copy of who opened the session is only a process in it. */
static void
refresh(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct session *session = data_get(pamh, SESSION_DATA);
    const struct passwd *pw = NULL;
    struct options options;
    struct context ctx;
    int r;

    if (session != NULL && session->ring != 0
        && session->owner.process == getpid()) {
        ctx = session_context(pamh, session, flags, argc, argv);
        r = refresh_own(&ctx, session);
    } else {
        if (begin(pamh, flags, argc, argv, &ctx, &options, &pw) != PAM_SUCCESS)
            return;
        r = refresh_around(&ctx, pw);
    }
    if (r < 0)
        log_refresh_error(&ctx, r);
}

ENTRY int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    const unsigned again = PAM_REINITIALIZE_CRED | PAM_REFRESH_CRED;

    /* To establish and to delete is for open_session and close_session. */
    if (((unsigned) flags & again) != 0)
        refresh(pamh, flags, argc, argv);
    /* Nobody stays locked out because a renewal could not be started. */
    return PAM_SUCCESS;
}
