/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>

#include <keyutils.h>

#include "tests/fuzz/fakekeys.h"
#include "tests/fuzz/fuzz.h"

/* Nobody but the linker calls a __wrap_. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"

#define KEYS_MAX 64
#define SERIAL   1000

enum { PROCESS, USER, SESSION, FIRST };

static struct key {
    bool is_keyring, revoked;
    unsigned timeout; /* 0: never */
    uid_t uid;
    gid_t gid;
    key_perm_t permissions;
    char name[128];
    bool links[KEYS_MAX];
    size_t len;
    uint8_t data[TOKEN_MAX];
} keys[KEYS_MAX];
static size_t n_keys;

int (*fakekeys_fails)(void);

static size_t
make(const char *name, bool is_keyring)
{
    struct key *key = &keys[n_keys];

    HOLDS(n_keys < KEYS_MAX && strlen(name) < sizeof(key->name));
    key->is_keyring = is_keyring;
    key->revoked = false;
    key->timeout = 0;
    key->uid = key->gid = 0;
    key->permissions = 0x3f010000;
    memset(key->links, 0, sizeof(key->links));
    key->len = 0;
    memcpy(key->name, name, strlen(name) + 1);
    return n_keys++;
}

void
fakekeys_reset(void)
{
    n_keys = 0;
    (void) make("_pid", true);
    (void) make("_uid.0", true);
    (void) make("_ses", true);
}

static long
fail(int error)
{
    errno = error;
    return -1;
}

/* NULL, with errno, when the call shall fail or there is no such key. */
static struct key *
find(key_serial_t serial)
{
    size_t i = (size_t) (serial - SERIAL);
    int error = fakekeys_fails();

    if (serial == KEY_SPEC_PROCESS_KEYRING)
        i = PROCESS;
    else if (serial == KEY_SPEC_USER_KEYRING)
        i = USER;
    else if (serial == KEY_SPEC_SESSION_KEYRING)
        i = SESSION;
    if (error == 0 && i >= n_keys)
        error = ENOKEY;
    if (error == 0 && keys[i].revoked)
        error = EKEYREVOKED;
    errno = error;
    return error == 0 ? &keys[i] : NULL;
}

static int
never(void)
{
    return 0;
}

/* The same for a call that does not fail by chance. */
static struct key *
find_surely(key_serial_t serial)
{
    int (*before)(void) = fakekeys_fails;
    struct key *key;

    fakekeys_fails = never;
    key = find(serial);
    fakekeys_fails = before;
    return key;
}

static key_serial_t
serial_of(size_t i)
{
    return SERIAL + (key_serial_t) i;
}

/* The key of that name below a keyring, or 0. */
static size_t
search(const struct key *ring, bool is_keyring, const char *name)
{
    size_t i, below;

    for (i = FIRST; i < n_keys; i++) {
        if (!ring->links[i] || keys[i].revoked)
            continue;
        if (keys[i].is_keyring == is_keyring && strcmp(keys[i].name, name) == 0)
            return i;
        below = keys[i].is_keyring ? search(&keys[i], is_keyring, name) : 0;
        if (below != 0)
            return below;
    }
    return 0;
}

static void
mark(const struct key *ring, bool also_timed, bool found[KEYS_MAX])
{
    size_t i;

    if (ring->revoked || (ring->timeout != 0 && !also_timed))
        return;
    for (i = FIRST; i < n_keys; i++) {
        if (!ring->links[i] || found[i] || keys[i].revoked
            || (keys[i].timeout != 0 && !also_timed))
            continue;
        found[i] = true;
        if (keys[i].is_keyring)
            mark(&keys[i], also_timed, found);
    }
}

size_t
fakekeys_left(bool also_timed)
{
    bool found[KEYS_MAX] = {false};
    size_t i, n = 0;

    for (i = PROCESS; i < FIRST; i++)
        mark(&keys[i], also_timed, found);
    for (i = FIRST; i < n_keys; i++) {
        if (found[i] && getenv("FUZZ_TRACE") != NULL)
            (void) fprintf(stderr, "left: %s, %u s\n", keys[i].name,
                           keys[i].timeout);
        n += found[i] && !keys[i].is_keyring;
    }
    return n;
}

bool
fakekeys_holds(const char *name, const void *data, size_t len)
{
    bool found[KEYS_MAX] = {false};
    size_t i;

    for (i = PROCESS; i < FIRST; i++)
        mark(&keys[i], true, found);
    for (i = FIRST; i < n_keys; i++)
        if (found[i] && strcmp(keys[i].name, name) == 0 && keys[i].len == len
            && memcmp(keys[i].data, data, len) == 0)
            return true;
    return false;
}

/* ---- libkeyutils ---- */

key_serial_t
__wrap_add_key(const char *type, const char *name, const void *data, size_t len,
               key_serial_t serial)
{
    bool is_keyring = strcmp(type, "keyring") == 0;
    struct key *ring = find(serial);
    size_t i = 0;

    if (ring == NULL)
        return -1;
    if (!is_keyring && (len == 0 || len > TOKEN_MAX))
        return (key_serial_t) fail(EINVAL);
    for (i = FIRST; i < n_keys; i++)
        if (ring->links[i] && !keys[i].revoked && !is_keyring
            && strcmp(keys[i].name, name) == 0)
            break;
    if (i == n_keys)
        i = make(name, is_keyring);
    keys[i].timeout = 0;
    keys[i].len = len;
    if (len > 0)
        memcpy(keys[i].data, data, len);
    ring->links[i] = true;
    return serial_of(i);
}

long
__wrap_keyctl_set_timeout(key_serial_t serial, unsigned seconds)
{
    struct key *key = find(serial);

    if (key == NULL)
        return -1;
    key->timeout = seconds;
    return 0;
}

long
__wrap_keyctl_revoke(key_serial_t serial)
{
    struct key *key = find_surely(serial);

    if (key == NULL)
        return -1;
    key->revoked = true;
    return 0;
}

long
__wrap_keyctl_search(key_serial_t serial, const char *type, const char *name,
                     key_serial_t into)
{
    const struct key *ring = find(serial);
    size_t i;

    HOLDS(into == 0);
    if (ring == NULL)
        return -1;
    i = search(ring, strcmp(type, "keyring") == 0, name);
    return i != 0 ? serial_of(i) : fail(ENOKEY);
}

long
__wrap_keyctl_read(key_serial_t serial, char *out, size_t size)
{
    const struct key *key = find(serial);

    if (key == NULL)
        return -1;
    memcpy(out, key->data, key->len < size ? key->len : size);
    return (long) key->len;
}

long
__wrap_keyctl_setperm(key_serial_t serial, key_perm_t permissions)
{
    struct key *key = find(serial);

    if (key == NULL)
        return -1;
    key->permissions = permissions;
    return 0;
}

long
__wrap_keyctl_chown(key_serial_t serial, uid_t uid, gid_t gid)
{
    struct key *key = find(serial);

    if (key == NULL)
        return -1;
    if (uid != (uid_t) -1)
        key->uid = uid;
    if (gid != (gid_t) -1)
        key->gid = gid;
    return 0;
}

long
__wrap_keyctl_describe(key_serial_t serial, char *out, size_t size)
{
    const struct key *key = find(serial);

    if (key == NULL)
        return -1;
    return 1
           + snprintf(out, size, "%s;%u;%u;%08x;%s",
                      key->is_keyring ? "keyring" : "user", key->uid, key->gid,
                      key->permissions, key->name);
}

long
__wrap_keyctl_link(key_serial_t serial, key_serial_t ring_serial)
{
    const struct key *key = find(serial);
    struct key *ring = key != NULL ? find(ring_serial) : NULL; /* errno */

    if (ring == NULL)
        return -1;
    HOLDS(ring->is_keyring);
    ring->links[key - keys] = true;
    return 0;
}

long
__wrap_keyctl_unlink(key_serial_t serial, key_serial_t ring_serial)
{
    struct key *ring = find_surely(ring_serial);
    size_t i = (size_t) (serial - SERIAL);

    if (ring == NULL)
        return -1;
    if (i >= n_keys || !ring->links[i])
        return fail(ENOENT);
    ring->links[i] = false;
    return 0;
}

key_serial_t
__wrap_keyctl_join_session_keyring(const char *name UNUSED)
{
    int error = fakekeys_fails();

    if (error != 0)
        return (key_serial_t) fail(error);
    memset(keys[SESSION].links, 0, sizeof(keys[SESSION].links));
    keys[SESSION].uid = 0;
    return serial_of(SESSION);
}

key_serial_t
__wrap_keyctl_get_keyring_ID(key_serial_t serial, int create UNUSED)
{
    return find(serial) != NULL ? serial_of(SESSION) : -1;
}
