/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "common/keyring.h"
#include "common/number.h"
#include "common/result.h"
#include "pam/handoff.h"
#include "pam/real_root.h"

#define HANDOFF_PREFIX  "oidc-handoff:"
#define HANDOFF_SECONDS 120

/* Root, its owner, and nobody else: possession gives nothing. */
#define HANDOFF_PERMISSIONS KEY_USR_ALL

static int
with_root_user_keyring(long (*call)(key_serial_t, key_serial_t),
                       key_serial_t ring)
{
    uid_t before;
    int r, back;

    r = real_root_begin(&before);
    if (r < 0)
        return r;
    r = call(ring, KEY_SPEC_USER_KEYRING) == -1 ? -errno : 0;
    back = real_root_end(before);
    return back < 0 ? back : r;
}

static int
put(key_serial_t ring, const char *name, const void *data, size_t len)
{
    struct secret value = {0};
    key_serial_t key = 0;
    int r;

    r = secret_append(&value, data, len, TOKEN_MAX);
    if (r == 0)
        r = keyring_put(ring, name, &value, HANDOFF_SECONDS, &key);
    secret_clear(&value);
    if (r == 0 && keyctl_setperm(key, HANDOFF_PERMISSIONS) == -1)
        r = -errno;
    return r;
}

static int
put_settings(key_serial_t ring, const struct message *result)
{
    struct secret wire = {0};
    int r;

    r = result_settings(result, &wire);
    if (r == 0)
        r = put(ring, KEY_SETTINGS, wire.data, wire.len);
    secret_clear(&wire);
    return r;
}

static int
put_status(key_serial_t ring, const struct message *result)
{
    struct secret text = {0};
    int r;

    r = result_status(result, time(NULL), &text);
    if (r == 0)
        r = put(ring, KEY_STATUS, text.data, text.len);
    secret_clear(&text);
    return r;
}

static int
put_all(key_serial_t ring, const struct message *result)
{
    const struct secret *access = &result->field[FIELD_ACCESS_TOKEN];
    const struct secret *id = &result->field[FIELD_ID_TOKEN];
    const struct secret *refresh = &result->field[FIELD_REFRESH_TOKEN];
    const struct secret *expires = &result->field[FIELD_EXPIRES_AT];
    int r;

    r = put(ring, KEY_ACCESS_TOKEN, access->data, access->len);
    if (r == 0)
        r = id->len > 0
                ? put(ring, KEY_ID_TOKEN, id->data, id->len)
                : put(ring, KEY_ID_TOKEN, KEY_NO_TOKEN, strlen(KEY_NO_TOKEN));
    if (r == 0)
        r = put(ring, KEY_EXPIRES_AT, expires->data, expires->len);
    if (r == 0 && refresh->len > 0)
        r = put(ring, KEY_REFRESH_TOKEN, refresh->data, refresh->len);
    if (r == 0)
        r = put_settings(ring, result);
    if (r == 0)
        r = put_status(ring, result);
    return r;
}

/*
 * One name for each login, because a keyring holds only one link of a name: two
 * logins of one user at once would lose the tokens of the first.
 */
static int
handoff_name(uid_t uid, char *out, size_t size)
{
    uint64_t number;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t) sizeof(number))
        return -errno;
    (void) snprintf(out, size, HANDOFF_PREFIX "%u:%016" PRIx64, uid, number);
    return 0;
}

static int
export_serial(const struct context *ctx, key_serial_t ring)
{
    char text[64];

    (void) snprintf(text, sizeof(text), HANDOFF_VARIABLE "=%" PRId32, ring);
    return pam_putenv(ctx->pamh, text) == PAM_SUCCESS ? 0 : -ENOMEM;
}

int
handoff_make(const struct context *ctx, uid_t uid, const struct message *result,
             key_serial_t *out)
{
    key_serial_t ring = 0;
    char name[64];
    int r;

    r = handoff_name(uid, name, sizeof(name));
    if (r == 0)
        r = keyring_make(KEY_SPEC_PROCESS_KEYRING, name, &ring);
    if (r < 0)
        return r;
    if (keyctl_setperm(ring, HANDOFF_PERMISSIONS) == -1
        || keyctl_set_timeout(ring, HANDOFF_SECONDS) == -1)
        r = -errno;
    if (r == 0)
        r = put_all(ring, result);
    if (r == 0)
        r = with_root_user_keyring(keyctl_link, ring);
    if (r == 0)
        r = export_serial(ctx, ring);
    if (r < 0)
        handoff_revoke(ring);
    else
        *out = ring;
    return r;
}

bool
handoff_is_for(const struct key_info *info, uid_t uid)
{
    char prefix[32];

    (void) snprintf(prefix, sizeof(prefix), HANDOFF_PREFIX "%u:", uid);
    return info->is_keyring && info->uid == 0
           && info->permissions == HANDOFF_PERMISSIONS
           && strncmp(info->description, prefix, strlen(prefix)) == 0;
}

/* -EKEYREJECTED for everything that is not a hand-off of ours for this user. */
static int
handoff_check(const char *serial, uid_t uid, key_serial_t *out)
{
    struct key_info info = {0};
    int64_t number = 0;
    int r;

    if (number_parse(serial, INT32_MAX, &number) < 0 || number == 0)
        return -EKEYREJECTED;
    r = key_info_get((key_serial_t) number, &info);
    if (r == -EACCES || r == -EBADMSG)
        return -EKEYREJECTED;
    if (r < 0)
        return r;
    if (!handoff_is_for(&info, uid))
        return -EKEYREJECTED;
    *out = (key_serial_t) number;
    return 0;
}

void
handoff_forget(pam_handle_t *pamh)
{
    /* libpam logs an error when there is nothing to unset. */
    if (pam_getenv(pamh, HANDOFF_VARIABLE) != NULL)
        (void) pam_putenv(pamh, HANDOFF_VARIABLE);
}

int
handoff_find(const struct context *ctx, uid_t uid, key_serial_t *out)
{
    const char *serial = pam_getenv(ctx->pamh, HANDOFF_VARIABLE);
    int r;

    if (serial == NULL)
        return -ENODATA;
    r = handoff_check(serial, uid, out);
    handoff_forget(ctx->pamh);
    return r;
}

int
handoff_look(const struct context *ctx, uid_t uid, key_serial_t ring)
{
    const char *serial = pam_getenv(ctx->pamh, HANDOFF_VARIABLE);
    key_serial_t key = 0;
    char text[16];
    int r;

    if (ring != 0) {
        (void) snprintf(text, sizeof(text), "%" PRId32, ring);
        serial = text;
    }
    if (serial == NULL)
        return -ENODATA;
    r = handoff_check(serial, uid, &ring);
    if (r == 0)
        r = keyring_find(ring, "user", KEY_ACCESS_TOKEN, &key);
    return r;
}

int
handoff_take(key_serial_t ring)
{
    int r;

    if (keyctl_link(ring, KEY_SPEC_PROCESS_KEYRING) == -1)
        return -errno;
    r = with_root_user_keyring(keyctl_unlink, ring);
    if (r < 0) /* another session took it already */
        (void) keyctl_unlink(ring, KEY_SPEC_PROCESS_KEYRING);
    return r == -ENOENT ? -ENOKEY : r;
}

void
handoff_revoke(key_serial_t ring)
{
    static const char *const names[] = {KEY_ACCESS_TOKEN, KEY_REFRESH_TOKEN,
                                        KEY_SETTINGS,     KEY_ID_TOKEN,
                                        KEY_EXPIRES_AT,   KEY_STATUS};
    key_serial_t key;
    size_t i;

    /* As their owner; what cannot be found is gone or timed out. */
    for (i = 0; i < ARRAY_LEN(names); i++)
        if (keyring_find(ring, "user", names[i], &key) == 0)
            (void) key_revoke(key);
    (void) key_revoke(ring);
    (void) with_root_user_keyring(keyctl_unlink, ring); /* if still there */
    (void) keyctl_unlink(ring, KEY_SPEC_PROCESS_KEYRING);
}
