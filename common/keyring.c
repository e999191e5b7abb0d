/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/keyring.h"
#include "common/message.h"

int
key_set_lifetime(key_serial_t key, int64_t lifetime)
{
    unsigned seconds = lifetime < INT_MAX ? (unsigned) lifetime : INT_MAX;

    if (lifetime == KEY_FOREVER)
        seconds = 0;
    else if (lifetime < 1)
        seconds = 1;
    return keyctl_set_timeout(key, seconds) == -1 ? -errno : 0;
}

int
keyring_put(key_serial_t ring, const char *name, const struct secret *value,
            int64_t lifetime, key_serial_t *ret_key)
{
    key_serial_t key;
    int r;

    /* Not keyctl_update(), which takes 4096 bytes and no expired key. */
    key = add_key("user", name, value->data, value->len, ring);
    if (key == -1)
        return -errno;
    /* Writing it took the old timeout away. */
    r = lifetime == KEY_FOREVER ? 0 : key_set_lifetime(key, lifetime);
    if (r < 0) {
        (void) keyctl_revoke(key); /* no token beats an immortal one */
        return r;
    }
    if (ret_key != NULL)
        *ret_key = key;
    return 0;
}

int
keyring_make(key_serial_t ring, const char *name, key_serial_t *out)
{
    key_serial_t made = add_key("keyring", name, NULL, 0, ring);

    if (made == -1)
        return -errno;
    *out = made;
    return 0;
}

int
keyring_find(key_serial_t ring, const char *type, const char *name,
             key_serial_t *out)
{
    long found = keyctl_search(ring, type, name, 0);

    if (found == -1)
        return -errno;
    *out = (key_serial_t) found;
    return 0;
}

int
key_read(key_serial_t key, struct secret *out)
{
    long n;
    int r;

    r = secret_reserve(out, TOKEN_MAX);
    if (r < 0)
        return r;
    n = keyctl_read(key, (char *) out->data + out->len, TOKEN_MAX);
    if (n == -1)
        return -errno;
    if (n > (long) TOKEN_MAX)
        return -EMSGSIZE;
    out->len += (size_t) n;
    out->data[out->len] = '\0';
    return 0;
}

int
keyring_get(key_serial_t ring, const char *name, struct secret *out)
{
    key_serial_t key = 0;
    int r;

    r = keyring_find(ring, "user", name, &key);
    return r < 0 ? r : key_read(key, out);
}

int
key_protect(key_serial_t key, key_perm_t permissions, gid_t group)
{
    if (keyctl_setperm(key, permissions) == -1
        || keyctl_chown(key, (uid_t) -1, group) == -1)
        return -errno;
    return 0;
}

int
key_revoke(key_serial_t key)
{
    if (keyctl_revoke(key) == 0)
        return 0;
    switch (errno) {
    case ENOKEY:
    case EKEYREVOKED:
    case EKEYEXPIRED:
        return 0;
    default:
        return -errno;
    }
}

int
key_info_parse(const char *text, struct key_info *out)
{
    struct key_info info = {0};
    unsigned uid, gid, permissions;
    char type[32];

    /* The kernel's numbers fit. NOLINTNEXTLINE(cert-err34-c) */
    if (sscanf(text, "%31[^;];%u;%u;%x;%127[^\n]", type, &uid, &gid,
               &permissions, info.description)
        != 5)
        return -EBADMSG;
    info.is_keyring = strcmp(type, "keyring") == 0;
    info.uid = uid;
    info.gid = gid;
    info.permissions = permissions;
    *out = info;
    return 0;
}

int
key_info_get(key_serial_t key, struct key_info *out)
{
    char text[512];
    long n;

    n = keyctl_describe(key, text, sizeof(text));
    if (n == -1)
        return -errno;
    if (n > (long) sizeof(text))
        return -EBADMSG;
    return key_info_parse(text, out);
}
