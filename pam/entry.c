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

#include "common/io.h"
#include "pam/conversation.h"
#include "pam/handoff.h"
#include "pam/log.h"
#include "pam/login.h"
#include "pam/options.h"
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
    case -EACCES:
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
                            .silent = ((unsigned) flags & PAM_SILENT) != 0};
    if (options_parse(argc, argv, options, &bad) < 0) {
        log_line(ctx, LOG_ERR, "unknown or malformed module argument: %s", bad);
        return PAM_SERVICE_ERR;
    }
    ctx->debug = options->debug;
    r = pam_get_user(pamh, &ctx->user, NULL);
    if (r != PAM_SUCCESS || ctx->user == NULL) {
        ctx->user = "?";
        return r == PAM_CONV_AGAIN ? PAM_INCOMPLETE : PAM_USER_UNKNOWN;
    }
    *pw = pam_modutil_getpwnam(pamh, ctx->user);
    if (*pw == NULL) {
        log_line(ctx, LOG_NOTICE, "no such user");
        return PAM_USER_UNKNOWN;
    }
    return PAM_SUCCESS;
}

static bool
is_for_us(const struct options *options, const struct passwd *pw)
{
    return (int64_t) pw->pw_uid >= options->minimum_uid;
}

/* ---- Authentication ---- */

struct login {
    uid_t uid;
    pid_t owner;
};

/*
 * The end of a handle whose login nobody opened a session for.  In a forked
 * copy, and when open_session has taken the tokens, there is nothing to do.
 */
static void
login_free(pam_handle_t *pamh, void *data, int status)
{
    struct login *login = data;
    struct context ctx = {.pamh = pamh, .user = "?", .silent = true};

    if (((unsigned) status & (PAM_DATA_SILENT | PAM_DATA_REPLACE)) == 0
        && login->owner == getpid()) {
        if (pam_get_user(pamh, &ctx.user, NULL) != PAM_SUCCESS
            || ctx.user == NULL)
            ctx.user = "?";
        session_discard(&ctx, login->uid);
    }
    free(login);
}

static int
login_remember(pam_handle_t *pamh, uid_t uid)
{
    struct login *login = malloc(sizeof(*login));
    int r;

    if (login == NULL)
        return -ENOMEM;
    *login = (struct login){.uid = uid, .owner = getpid()};
    r = pam_set_data(pamh, LOGIN_DATA, login, login_free);
    if (r == PAM_SUCCESS)
        return 0;
    free(login);
    return -ENOMEM;
}

static int
store(const struct context *ctx, uid_t uid, const struct message *result)
{
    int r;

    r = handoff_make(ctx, uid, result);
    if (r == 0)
        r = login_remember(ctx->pamh, uid);
    if (r == -EDQUOT)
        log_line(ctx, LOG_ERR,
                 "root's key quota is used up; raise the sysctls"
                 " kernel.keys.root_maxkeys and kernel.keys.root_maxbytes");
    else if (r < 0)
        log_line(ctx, LOG_ERR, "cannot keep the tokens for the session: %s",
                 strerror(-r));
    return r < 0 ? -EIO : 0;
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
    if (r != PAM_SUCCESS)
        return r;
    if (!is_for_us(&options, pw)) {
        log_line(&ctx, LOG_DEBUG, "uid %u is below minimum_uid", pw->pw_uid);
        return PAM_IGNORE;
    }
    r = login_run(&ctx, &options, store, pw->pw_uid);
    if (r < 0)
        session_discard(&ctx, pw->pw_uid);
    else
        log_line(&ctx, LOG_INFO, "authenticated by the provider");
    return pam_code(r, PAM_AUTHINFO_UNAVAIL);
}

ENTRY int
pam_sm_setcred(pam_handle_t *pamh UNUSED, int flags UNUSED, int argc UNUSED,
               const char **argv UNUSED)
{
    /* The tokens belong to the session: open_session and close_session. */
    return PAM_SUCCESS;
}

ENTRY int
pam_sm_acct_mgmt(pam_handle_t *pamh UNUSED, int flags UNUSED, int argc UNUSED,
                 const char **argv UNUSED)
{
    return PAM_IGNORE; /* it knows nothing of accounts */
}

ENTRY int
pam_sm_chauthtok(pam_handle_t *pamh UNUSED, int flags UNUSED, int argc UNUSED,
                 const char **argv UNUSED)
{
    return PAM_IGNORE; /* nor of changing passwords */
}

/* ---- Session ---- */

static struct session *
session_get(pam_handle_t *pamh)
{
    const void *data = NULL;

    if (pam_get_data(pamh, SESSION_DATA, &data) != PAM_SUCCESS)
        return NULL;
    /* It is ours, and changes when it is closed; PAM only lends it as const. */
    return (struct session *) (uintptr_t) data;
}

/*
 * The end of a handle with an open session: close it.  In a forked copy the
 * keys still belong to the parent, whether or not it says PAM_DATA_SILENT.
 */
static void
session_free(pam_handle_t *pamh, void *data, int status)
{
    struct session *session = data;
    struct context ctx = {.pamh = pamh, .user = "?", .silent = true};

    if (((unsigned) status & PAM_DATA_SILENT) == 0 && session->owner == getpid()
        && session->ring != 0) {
        if (pam_get_user(pamh, &ctx.user, NULL) != PAM_SUCCESS
            || ctx.user == NULL)
            ctx.user = "?";
        session_close(&ctx, session);
    }
    fd_close(&session->helper);
    free(session);
}

static int
session_start(const struct context *ctx, const struct passwd *pw)
{
    struct session *session = calloc(1, sizeof(*session));
    int r;

    if (session == NULL)
        return -ENOMEM;
    r = session_open(ctx, pw->pw_uid, pw->pw_gid, session);
    if (r < 0) {
        free(session);
        return r;
    }
    if (pam_set_data(ctx->pamh, SESSION_DATA, session, session_free)
        != PAM_SUCCESS) {
        session_close(ctx, session);
        free(session);
        return -ENOMEM;
    }
    /* The hand-off is taken; a login without one had no such data. */
    (void) pam_set_data(ctx->pamh, LOGIN_DATA, NULL, NULL);
    log_line(ctx, LOG_INFO, "session opened, tokens in keyring %d",
             session->tokens);
    return 0;
}

ENTRY int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    const struct passwd *pw = NULL;
    struct options options;
    struct context ctx;
    int r;

    r = begin(pamh, flags, argc, argv, &ctx, &options, &pw);
    if (r != PAM_SUCCESS)
        return r;
    if (session_get(pamh) != NULL) {
        log_line(&ctx, LOG_DEBUG, "the session is open already");
        return PAM_SUCCESS;
    }
    r = session_start(&ctx, pw);
    if (r == -ENODATA) {
        log_line(&ctx, LOG_DEBUG, "this login has no tokens");
        return PAM_SUCCESS;
    }
    return pam_code(r, PAM_SESSION_ERR);
}

ENTRY int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct session *session = session_get(pamh);
    const struct passwd *pw = NULL;
    struct options options;
    struct context ctx;
    int r;

    if (session == NULL || session->ring == 0)
        return PAM_SUCCESS; /* nothing is open */
    r = begin(pamh, flags, argc, argv, &ctx, &options, &pw);
    /* Whatever is wrong with the arguments or the user by now: close. */
    session_close(&ctx, session);
    (void) pam_set_data(pamh, SESSION_DATA, NULL, NULL); /* frees it */
    if (r == PAM_SUCCESS)
        log_line(&ctx, LOG_INFO, "session closed, tokens removed");
    return PAM_SUCCESS;
}
