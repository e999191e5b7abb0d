/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <keyutils.h>

#include "tests/lib/test.h"

/* Those of common/keycalls.c, which stand before the library's. */

static key_serial_t ring;

static int
setup(void **state UNUSED)
{
    if (keyctl_join_session_keyring(NULL) == -1)
        return -1;
    ring = add_key("keyring", "ring", NULL, 0, KEY_SPEC_SESSION_KEYRING);
    return ring > 0 ? 0 : -1;
}

static key_serial_t
a_key(const char *name)
{
    key_serial_t key = add_key("user", name, "value", 5, ring);

    assert_true(key > 0);
    return key;
}

static void
finds_and_reads_what_was_added(void **state UNUSED)
{
    key_serial_t key = a_key("one");
    char text[8] = "";

    assert_int_equal(keyctl_search(ring, "user", "one", 0), key);
    assert_int_equal(keyctl_read(key, text, sizeof(text)), 5);
    assert_string_equal(text, "value");
    assert_int_equal(keyctl_search(ring, "user", "two", 0), -1);
    assert_int_equal(errno, ENOKEY);
}

static void
a_session_keyring_is_known_by_its_number(void **state UNUSED)
{
    key_serial_t before = keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);
    key_serial_t joined = keyctl_join_session_keyring(NULL);

    assert_true(before > 0);
    assert_true(joined > 0);
    assert_int_not_equal(joined, before);
    assert_int_equal(keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0),
                     joined);
    assert_int_equal(keyctl_get_keyring_ID(KEY_SPEC_THREAD_KEYRING, 0), -1);
    assert_int_equal(errno, ENOKEY);
}

static void
describes_permissions_and_owners_that_were_set(void **state UNUSED)
{
    const key_perm_t permissions = KEY_POS_ALL | KEY_USR_VIEW;
    key_serial_t key = a_key("described");
    char text[128] = "", wanted[128];

    assert_int_equal(keyctl_chown(key, (uid_t) -1, getgid()), 0);
    assert_int_equal(keyctl_setperm(key, permissions), 0);
    assert_true(keyctl_describe(key, text, sizeof(text)) > 0);
    (void) snprintf(wanted, sizeof(wanted), "user;%u;%u;%08x;described",
                    getuid(), getgid(), permissions);
    assert_string_equal(text, wanted);
}

static void
a_link_is_made_and_taken_away(void **state UNUSED)
{
    key_serial_t key = a_key("linked");
    key_serial_t other = add_key("keyring", "other", NULL, 0, ring);

    assert_int_equal(keyctl_link(key, other), 0);
    assert_int_equal(keyctl_search(other, "user", "linked", 0), key);
    assert_int_equal(keyctl_unlink(key, other), 0);
    assert_int_equal(keyctl_search(other, "user", "linked", 0), -1);
}

static void
a_time_and_an_end_are_set(void **state UNUSED)
{
    key_serial_t key = a_key("revoked");
    char text[8];

    assert_int_equal(keyctl_set_timeout(key, 100), 0);
    assert_int_equal(keyctl_revoke(key), 0);
    assert_int_equal(keyctl_read(key, text, sizeof(text)), -1);
    assert_int_equal(errno, EKEYREVOKED);
    assert_int_equal(keyctl_set_timeout(key, 100), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(finds_and_reads_what_was_added, setup),
        cmocka_unit_test_setup(a_session_keyring_is_known_by_its_number, setup),
        cmocka_unit_test_setup(describes_permissions_and_owners_that_were_set,
                               setup),
        cmocka_unit_test_setup(a_link_is_made_and_taken_away, setup),
        cmocka_unit_test_setup(a_time_and_an_end_are_set, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
