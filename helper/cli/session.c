/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "common/number.h"
#include "helper/cli/command.h"
#include "helper/cli/report.h"
#include "helper/cli/session.h"

/* Revoked at the end of the session, invalidated by the user, never there. */
static bool
is_gone(int r)
{
    return r == -ENOKEY || r == -EKEYREVOKED || r == -EKEYEXPIRED;
}

/* The status: without it, there may be tokens all the same. */
static int
read_status(struct session *session)
{
    struct secret text = {0};
    key_serial_t key;
    int r;

    r = keyring_find(session->ring, "user", KEY_STATUS, &key);
    if (r == 0)
        r = key_info_get(key, &session->info);
    if (r == 0)
        r = key_read(key, &text);
    if (r == 0)
        r = status_parse(secret_text(&text), &session->status);
    session->has_status = r == 0;
    secret_clear(&text);
    return is_gone(r) ? 0 : r;
}

static int
read_expiry(struct session *session)
{
    struct secret text = {0};
    int r;

    r = keyring_get(session->ring, KEY_EXPIRES_AT, &text);
    if (r == 0)
        r = number_parse(secret_text(&text), UNIX_TIME_MAX,
                         &session->expires_at)
                    < 0
                ? -EBADMSG
                : 0;
    secret_clear(&text);
    return is_gone(r) ? 0 : r;
}

int
session_read(struct session *session)
{
    struct session now = {.ring = session->ring};
    struct key_info ring;
    int r;

    r = key_info_get(now.ring, &ring);
    if (is_gone(r))
        return -ENOKEY;
    if (r == 0)
        r = read_status(&now);
    if (r == 0)
        r = read_expiry(&now);
    if (r == 0)
        *session = now;
    return r;
}

int
session_find(struct session *out)
{
    struct session session = {0};
    int r;

    r = keyring_find(KEY_SPEC_SESSION_KEYRING, "keyring", KEYRING_TOKENS,
                     &session.ring);
    if (is_gone(r))
        return -ENOKEY;
    if (r == 0)
        r = session_read(&session);
    if (r == 0)
        *out = session;
    return r;
}

int
session_token(const struct session *session, const char *name,
              struct secret *out)
{
    int r;

    r = keyring_get(session->ring, name, out);
    if (r == -EKEYREVOKED)
        return -ENOKEY;
    if (r < 0)
        return r;
    /* An expired access token that the helper keeps the key of; or an ID token
     * that the provider did not give. */
    if (strcmp(secret_text(out), KEY_NO_TOKEN) == 0)
        return strcmp(name, KEY_ACCESS_TOKEN) == 0 ? -EKEYEXPIRED : -ENOKEY;
    return 0;
}

int
session_report(int r)
{
    switch (r) {
    case -ENOKEY:
        report("this session has no tokens: 'oidc-session login' gets some");
        return COMMAND_NO_TOKEN;
    case -EBADMSG:
        report("the status of this session cannot be understood: another"
               " version wrote it; log out and in again");
        return COMMAND_FAILED;
    default:
        report("cannot read the tokens of this session: %s", strerror(-r));
        return COMMAND_FAILED;
    }
}
