/* SPDX-License-Identifier: MIT */
#ifndef COMMON_KEYRING_H
#define COMMON_KEYRING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <keyutils.h>

#include "common/attr.h"
#include "common/secret.h"

/*
 * The keyring layout.
 *
 * Keyring `oidc`, linked into the session's keyring: what the session may read
 * and only the helper may write.
 *
 *   oidc:access_token   bytes as received; timeout: its expiry
 *   oidc:id_token       the JWT, or one newline when the provider gave
 *                       none (the kernel has no empty `user` key); timeout: its
 *                       exp
 *   oidc:expires_at     decimal Unix time in seconds
 *   oidc:status         see common/status.h
 *
 * The helper's own session keyring, anonymous: what only the helper may read.
 * It also links the keyring `oidc` and, so that it can be revoked at the
 * provider when that keyring is already revoked, the access token.
 *
 *   oidc:refresh_token  bytes as received; absent when the provider gave none
 *   oidc:settings       a message (common/message.h) with settings,
 *                       before_expiry, revoke, timeout
 */
#define KEYRING_TOKENS    "oidc"
#define KEY_ACCESS_TOKEN  "oidc:access_token"
#define KEY_ID_TOKEN      "oidc:id_token"
#define KEY_EXPIRES_AT    "oidc:expires_at"
#define KEY_STATUS        "oidc:status"
#define KEY_REFRESH_TOKEN "oidc:refresh_token"
#define KEY_SETTINGS      "oidc:settings"

/* What is in a key that has to be there, but has no token. */
#define KEY_NO_TOKEN "\n"

/* The helper is in the keys' group; root owns them.  Nobody may link them. */
#define KEY_HELPER_REVOKES (KEY_GRP_VIEW | KEY_GRP_SETATTR)
#define KEY_HELPER_WRITES  (KEY_HELPER_REVOKES | KEY_GRP_WRITE)
#define KEY_FOR_SESSION                                                        \
    (KEY_POS_VIEW | KEY_POS_READ | KEY_POS_SEARCH | KEY_HELPER_WRITES          \
     | KEY_USR_ALL)
#define KEY_FOR_HELPER                                                         \
    (KEY_POS_READ | KEY_POS_SEARCH | KEY_HELPER_WRITES | KEY_USR_ALL)
#define KEY_FOR_READING                                                        \
    (KEY_POS_READ | KEY_POS_SEARCH | KEY_HELPER_REVOKES | KEY_USR_ALL)

/*
 * The user's own, made by 'oidc-session login' without root.  Helper and session
 * are of the same user and group then; whoever possesses a key may write it, and
 * nobody else may do anything.
 */
#define KEY_OWN_HELPER                                                         \
    (KEY_POS_READ | KEY_POS_SEARCH | KEY_POS_WRITE | KEY_POS_SETATTR)
#define KEY_OWN_SESSION (KEY_OWN_HELPER | KEY_POS_VIEW)

/* A lifetime: no timeout. */
#define KEY_FOREVER INT64_C(-1)

/* What to do about -EDQUOT: whose quota it was, the kernel does not say. */
#define KEY_QUOTA_TEXT                                                         \
    "a key quota is used up: raise the sysctls kernel.keys.root_maxkeys and"   \
    " kernel.keys.root_maxbytes (root's, which holds the tokens), or"          \
    " kernel.keys.maxkeys and kernel.keys.maxbytes (the user's)"

/*
 * Write a `user` key into a keyring, in place when it is there: serial, owner
 * and permissions stay, an expired one comes back to life.  It gets a timeout
 * of lifetime seconds, at least 1 (0 would mean never).  If that fails, the key
 * is revoked.  key may be NULL.  Returns 0, -EDQUOT (the old payload is
 * intact), -EKEYREVOKED when the keyring is, or another negative errno.
 */
int keyring_put(key_serial_t ring, const char *name, const struct secret *value,
                int64_t lifetime, key_serial_t *key) MUST_CHECK;

/* A new, empty keyring, linked into ring.  0 or a negative errno. */
int keyring_make(key_serial_t ring, const char *name,
                 key_serial_t *out) MUST_CHECK;

/*
 * Search a keyring and those in it.  Returns 0, -ENOKEY, -EKEYREVOKED,
 * -EKEYEXPIRED, -EACCES or another negative errno.
 */
int keyring_find(key_serial_t ring, const char *type, const char *name,
                 key_serial_t *out) MUST_CHECK;

/*
 * Read the payload of a key.  The caller clears *out, also after an error.
 * Returns 0, -ENOKEY, -EKEYREVOKED, -EKEYEXPIRED, -EACCES, -ENOMEM or another
 * negative errno.
 */
int key_read(key_serial_t key, struct secret *out) MUST_CHECK;

/* keyring_find() and key_read() of a `user` key. */
int keyring_get(key_serial_t ring, const char *name,
                struct secret *out) MUST_CHECK;

/* Give a key of ours to the group, with these permissions.  0 or an errno. */
int key_protect(key_serial_t key, key_perm_t permissions,
                gid_t group) MUST_CHECK;

/*
 * Let a key time out after so many seconds, at least 1 (0 would mean never), or
 * never: KEY_FOREVER.  0 or a negative errno.
 */
int key_set_lifetime(key_serial_t key, int64_t lifetime) MUST_CHECK;

/* Revoke.  A key that is gone, expired or revoked is no error. */
int key_revoke(key_serial_t key);

struct key_info {
    bool is_keyring;
    uid_t uid;
    gid_t gid;
    key_perm_t permissions;
    char description[128];
};

/* Pure: what keyctl_describe() says.  0 or -EBADMSG. */
int key_info_parse(const char *text, struct key_info *out) MUST_CHECK;

/* Ask the kernel.  0, -ENOKEY, -EACCES, … */
int key_info_get(key_serial_t key, struct key_info *out) MUST_CHECK;

#endif
