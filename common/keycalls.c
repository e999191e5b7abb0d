/* SPDX-License-Identifier: MIT */
/*
 * What the module and the helper need of libkeyutils, each a system call.  To
 * load that library into the login program takes as long as to load the module,
 * and the helper is linked with a C library for which there is none.  Its header
 * says what they are; other programs link it.
 */
#include <config.h>

#include <sys/syscall.h>
#include <unistd.h>

#include <keyutils.h>

key_serial_t
add_key(const char *type, const char *description, const void *payload,
        size_t plen, key_serial_t ringid)
{
    return (key_serial_t) syscall(SYS_add_key, type, description, payload, plen,
                                  ringid);
}

key_serial_t
keyctl_get_keyring_ID(key_serial_t id, int create)
{
    return (key_serial_t) syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, id,
                                  create);
}

key_serial_t
keyctl_join_session_keyring(const char *name)
{
    return (key_serial_t) syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING,
                                  name);
}

long
keyctl_revoke(key_serial_t id)
{
    return syscall(SYS_keyctl, KEYCTL_REVOKE, id);
}

long
keyctl_chown(key_serial_t id, uid_t uid, gid_t gid)
{
    return syscall(SYS_keyctl, KEYCTL_CHOWN, id, uid, gid);
}

long
keyctl_setperm(key_serial_t id, key_perm_t perm)
{
    return syscall(SYS_keyctl, KEYCTL_SETPERM, id, perm);
}

long
keyctl_describe(key_serial_t id, char *buffer, size_t buflen)
{
    return syscall(SYS_keyctl, KEYCTL_DESCRIBE, id, buffer, buflen);
}

long
keyctl_link(key_serial_t id, key_serial_t ringid)
{
    return syscall(SYS_keyctl, KEYCTL_LINK, id, ringid);
}

long
keyctl_unlink(key_serial_t id, key_serial_t ringid)
{
    return syscall(SYS_keyctl, KEYCTL_UNLINK, id, ringid);
}

long
keyctl_search(key_serial_t ringid, const char *type, const char *description,
              key_serial_t destringid)
{
    return syscall(SYS_keyctl, KEYCTL_SEARCH, ringid, type, description,
                   destringid);
}

long
keyctl_read(key_serial_t id, char *buffer, size_t buflen)
{
    return syscall(SYS_keyctl, KEYCTL_READ, id, buffer, buflen);
}

long
keyctl_set_timeout(key_serial_t key, unsigned timeout)
{
    return syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, timeout);
}
