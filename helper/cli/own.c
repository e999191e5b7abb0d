/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>

#include "common/io.h"
#include "common/launch.h"
#include "common/number.h"
#include "common/result.h"
#include "common/spawn.h"
#include "helper/cli/own.h"

/* The helper's, which we have until we end. */
#define HELPERS KEY_SPEC_SESSION_KEYRING

bool
own_is_possible(const struct key_info *session, uid_t uid)
{
    return session->is_keyring && session->uid == uid
           && strncmp(session->description, "_uid", 4) != 0;
}

/* ---- Storing ---- */

static int
put(key_serial_t ring, const char *name, const struct secret *value,
    int64_t lifetime, key_perm_t permissions, key_serial_t *out)
{
    key_serial_t key = 0;
    int r;

    r = keyring_put(ring, name, value, lifetime, &key);
    if (r == 0 && keyctl_setperm(key, permissions) == -1) {
        r = -errno;
        (void) key_revoke(key);
    }
    if (r == 0 && out != NULL)
        *out = key;
    return r;
}

/* Seconds from now until a time, at least 1: what is over shall not be read. */
static int64_t
seconds_until(const struct message *result, enum field field, int64_t now,
              int64_t otherwise)
{
    int64_t at;

    if (message_number(result, field, &at) < 0 || at > UNIX_TIME_MAX)
        return otherwise;
    return at - now > 1 ? at - now : 1;
}

/* The access token is linked for the helper too, which has to revoke it. */
static int
put_tokens(struct own *own, const struct message *result, int64_t now)
{
    const struct secret *id = &result->field[FIELD_ID_TOKEN];
    struct secret nothing = {0};
    int r;

    r = put(own->ring, KEY_ACCESS_TOKEN, &result->field[FIELD_ACCESS_TOKEN],
            seconds_until(result, FIELD_EXPIRES_AT, now, 1), KEY_POS_ALL,
            &own->access_token);
    if (r == 0
        && (keyctl_link(own->access_token, HELPERS) == -1
            || keyctl_setperm(own->access_token, KEY_OWN_SESSION) == -1))
        r = -errno;
    if (r == 0)
        r = secret_append_text(&nothing, KEY_NO_TOKEN, 1);
    if (r == 0)
        r = put(own->ring, KEY_ID_TOKEN, id->len > 0 ? id : &nothing,
                seconds_until(result, FIELD_ID_EXPIRES_AT, now, KEY_FOREVER),
                KEY_OWN_SESSION, NULL);
    if (r == 0)
        r = put(own->ring, KEY_EXPIRES_AT, &result->field[FIELD_EXPIRES_AT],
                KEY_FOREVER, KEY_OWN_SESSION, NULL);
    if (r == 0 && result->field[FIELD_REFRESH_TOKEN].len > 0)
        r = put(HELPERS, KEY_REFRESH_TOKEN, &result->field[FIELD_REFRESH_TOKEN],
                KEY_FOREVER, KEY_OWN_HELPER, NULL);
    secret_clear(&nothing);
    return r;
}

static int
put_rest(const struct own *own, const struct message *result, int64_t now)
{
    struct secret settings = {0}, status = {0};
    int r;

    r = result_settings(result, &settings);
    if (r == 0)
        r = put(HELPERS, KEY_SETTINGS, &settings, KEY_FOREVER, KEY_OWN_HELPER,
                NULL);
    if (r == 0)
        r = result_status(result, now, &status);
    if (r == 0)
        r = put(own->ring, KEY_STATUS, &status, KEY_FOREVER, KEY_OWN_SESSION,
                NULL);
    secret_clear(&settings);
    secret_clear(&status);
    return r;
}

/*
 * The process keyring keeps the session's keyring in our possession, which a
 * link into it needs; it is not inherited, and gone when we end.
 */
static int
join(key_serial_t session)
{
    if (keyctl_link(session, KEY_SPEC_PROCESS_KEYRING) == -1
        || keyctl_join_session_keyring(NULL) == -1)
        return -errno;
    return 0;
}

int
own_store(key_serial_t session, const struct message *result, int64_t now,
          struct own *out)
{
    struct own own = {.session = session};
    int r;

    r = join(session);
    if (r < 0)
        return r;
    r = keyring_make(HELPERS, KEYRING_TOKENS, &own.ring);
    if (r == 0)
        r = put_tokens(&own, result, now);
    if (r == 0)
        r = put_rest(&own, result, now);
    if (r < 0)
        own_revoke(&own);
    else
        *out = own;
    return r;
}

void
own_revoke(const struct own *own)
{
    static const char *const names[] = {KEY_ACCESS_TOKEN, KEY_REFRESH_TOKEN,
                                        KEY_SETTINGS,     KEY_ID_TOKEN,
                                        KEY_EXPIRES_AT,   KEY_STATUS};
    key_serial_t key;
    size_t i;

    /* Also those in the keyring `oidc`, which is linked there. */
    for (i = 0; i < ARRAY_LEN(names); i++)
        if (keyring_find(HELPERS, "user", names[i], &key) == 0)
            (void) key_revoke(key);
    if (own->ring != 0)
        (void) key_revoke(own->ring);
}

/* ---- Starting ---- */

static int
launch_helper(const struct own *own, const char *user,
              const struct anchor *anchor, int *pidfd)
{
    char session[16], login[16];
    const char *const argv[] = {HELPER_PATH, user, session, login, NULL};
    struct spawn plan = {
        .argv = argv,
        .fds = {-1, -1, -1, anchor->pidfd},
        .n_fds = 4,
        .keep_keyring = true, /* it is the helper's already */
    };
    pid_t pid;

    (void) snprintf(session, sizeof(session), "%" PRId32, own->session);
    (void) snprintf(login, sizeof(login), "%d", anchor->pid);
    return launch(&plan, &pid, pidfd);
}

/* Nobody may link it from then on. */
static int
show(const struct own *own)
{
    if (keyctl_link(own->ring, own->session) == -1
        || keyctl_setperm(own->ring, KEY_OWN_SESSION) == -1)
        return -errno;
    return 0;
}

int
own_start(const struct own *own, const char *user, const struct anchor *anchor,
          int *ret_pidfd)
{
    int pidfd = -1, r;

    r = launch_helper(own, user, anchor, &pidfd);
    if (r < 0) {
        own_revoke(own);
        return r;
    }
    r = show(own);
    if (r < 0) {
        /* It removes and revokes what it has. */
        (void) pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
        fd_close(&pidfd);
        return r;
    }
    *ret_pidfd = pidfd;
    return 0;
}
