/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "common/number.h"
#include "pam/refresh.h"

/* ---- Pure ---- */

enum refresh
refresh_decide(const struct status *status, bool alive, bool renewable,
               int64_t now)
{
    if (alive)
        return status_wants_renewal(status, now) ? REFRESH_RENEW
                                                 : REFRESH_NOTHING;
    return renewable && status->state != STATE_LOGIN_REQUIRED ? REFRESH_RESTART
                                                              : REFRESH_NOTHING;
}

bool
refresh_believes(const struct key_info *info, gid_t group)
{
    return info->uid == 0 && info->gid == group;
}

/* ---- What both begin with ---- */

static int
status_read(key_serial_t key, struct status *out)
{
    struct secret text = {0};
    int r;

    r = key_read(key, &text);
    if (r == 0)
        r = status_parse(secret_text(&text), out);
    secret_clear(&text);
    return r;
}

/* ---- The session that this process has opened ---- */

/* What its helper last said.  A user may destroy that: then nothing is due. */
static void
own_status(const struct session *session, struct status *out)
{
    key_serial_t key = 0;

    if (keyring_find(session->tokens, "user", KEY_STATUS, &key) < 0
        || status_read(key, out) < 0)
        *out =
            (struct status){.state = STATE_ACTIVE, .renew_at = UNIX_TIME_MAX};
}

static bool
is_renewable(const struct session *session)
{
    key_serial_t key;

    return keyring_find(session->ring, "user", KEY_REFRESH_TOKEN, &key) == 0;
}

static int
restart(const struct context *ctx, struct session *session, bool at_once)
{
    int r;

    r = session_restart(session);
    if (r < 0)
        return r;
    log_line(ctx, LOGGED_HELPER_RESTARTED, LOG_NOTICE,
             "the helper had died; started again");
    return at_once ? helper_renew(&session->helper) : 0;
}

int
refresh_own(const struct context *ctx, struct session *session)
{
    int64_t now = time(NULL);
    struct status status = {0};
    int r;

    r = session_find_helper(session);
    if (r < 0 && r != -ESRCH)
        return r;
    own_status(session, &status);
    switch (refresh_decide(&status, r == 0, is_renewable(session), now)) {
    case REFRESH_RENEW:
        log_line(ctx, LOGGED_DEBUG, LOG_DEBUG,
                 "the helper is asked to renew now");
        return helper_renew(&session->helper);
    case REFRESH_RESTART:
        return restart(ctx, session, status_wants_renewal(&status, now));
    case REFRESH_NOTHING:
        log_line(ctx, LOGGED_DEBUG, LOG_DEBUG, "%s",
                 r == 0 ? "no renewal is due"
                        : "the helper is gone, and only a new login helps");
        return 0;
    }
    return 0;
}

/* ---- The session that this process is in ---- */

static int
believed_status(key_serial_t tokens, gid_t group, struct status *out)
{
    struct key_info ring, info;
    key_serial_t key = 0;
    int r;

    r = key_info_get(tokens, &ring);
    if (r == 0)
        r = keyring_find(tokens, "user", KEY_STATUS, &key);
    if (r == 0)
        r = key_info_get(key, &info);
    if (r == 0
        && (!refresh_believes(&ring, group) || !refresh_believes(&info, group)))
        r = -EKEYREJECTED;
    return r == 0 ? status_read(key, out) : r;
}

static int
renew_around(const struct context *ctx, const struct helper_user *user,
             int64_t pid)
{
    struct helper helper = HELPER_NONE;
    int r;

    r = helper_find(pid, user, &helper);
    if (r < 0 && r != -ESRCH) {
        log_line(ctx, LOGGED_REFRESH_FAILED, LOG_WARNING,
                 "a renewal is due, but /proc does not show whether process"
                 " %" PRId64 " is the helper: %s",
                 pid, strerror(-r));
        return 0;
    }
    if (r == 0)
        r = helper_renew(&helper);
    helper_forget(&helper);
    if (r == -ESRCH) {
        log_line(ctx, LOGGED_REFRESH_FAILED, LOG_INFO,
                 "a renewal is due, but process %" PRId64
                 " is gone, or not this user's helper",
                 pid);
        return 0;
    }
    if (r == 0)
        log_line(ctx, LOGGED_DEBUG, LOG_DEBUG,
                 "the helper is asked to renew now");
    return r;
}

int
refresh_around(const struct context *ctx, const struct passwd *pw)
{
    key_serial_t session = keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);
    struct context inside = *ctx;
    struct helper_user user;
    key_serial_t tokens = 0;
    struct status status = {0};
    struct owner owner;
    int r;

    if (session == -1
        || keyring_find(session, "keyring", KEYRING_TOKENS, &tokens) < 0)
        return 0; /* a session without tokens */
    inside.session = session;
    if (owner_get(&inside, pw, &owner) < 0)
        return 0; /* logged */
    r = believed_status(tokens, owner.system.gid, &status);
    if (r < 0) {
        log_line(&inside, LOGGED_DEBUG, LOG_DEBUG,
                 "no status of this session's tokens: %s",
                 r == -EKEYREJECTED ? "the one that is there is somebody else's"
                                    : strerror(-r));
        return 0;
    }
    if (!status_wants_renewal(&status, time(NULL))) {
        log_line(&inside, LOGGED_DEBUG, LOG_DEBUG, "no renewal is due");
        return 0;
    }
    user = owner_helper(&owner, session);
    return renew_around(&inside, &user, status.helper_pid);
}
