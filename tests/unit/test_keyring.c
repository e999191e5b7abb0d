/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/keyring.h"
#include "common/message.h"
#include "tests/lib/child.h"
#include "tests/lib/test.h"

#define SESSION KEY_SPEC_SESSION_KEYRING

INJECT_ENOMEM(malloc, (size_t size), (size))
INJECT(long, keyctl_revoke, (key_serial_t key), (key))
INJECT(long, keyctl_search,
       (key_serial_t ring, const char *type, const char *name,
        key_serial_t destination),
       (ring, type, name, destination))
INJECT(long, keyctl_setperm, (key_serial_t key, key_perm_t perm), (key, perm))
INJECT(long, keyctl_chown, (key_serial_t key, uid_t uid, gid_t gid),
       (key, uid, gid))
INJECT(key_serial_t, add_key,
       (const char *type, const char *name, const void *data, size_t len,
        key_serial_t ring),
       (type, name, data, len, ring))

/* The last timeout that was set; 0 when none was. */
static unsigned timeout;
static int timeout_error;
long __real_keyctl_set_timeout(key_serial_t key, unsigned seconds);

long
__wrap_keyctl_set_timeout(key_serial_t key, unsigned seconds)
{
    timeout = seconds;
    if (timeout_error != 0) {
        errno = timeout_error;
        return -1;
    }
    return __real_keyctl_set_timeout(key, seconds);
}

/* A number instead of what the kernel says. */
static long read_result, describe_result;
long __real_keyctl_read(key_serial_t key, char *data, size_t len);
long __real_keyctl_describe(key_serial_t key, char *data, size_t len);

long
__wrap_keyctl_read(key_serial_t key, char *data, size_t len)
{
    return read_result != 0 ? read_result : __real_keyctl_read(key, data, len);
}

long
__wrap_keyctl_describe(key_serial_t key, char *data, size_t len)
{
    return describe_result != 0 ? describe_result
                                : __real_keyctl_describe(key, data, len);
}

static int
setup(void **state UNUSED)
{
    malloc_fails = false;
    timeout = 0;
    timeout_error = 0;
    read_result = describe_result = 0;
    WORK(keyctl_revoke);
    WORK(keyctl_search);
    WORK(keyctl_setperm);
    WORK(keyctl_chown);
    WORK(add_key);
    return 0;
}

static struct secret value;

/* The value is this text. */
static const struct secret *
text(const char *content)
{
    secret_clear(&value);
    assert_int_equal(secret_append_text(&value, content, TOKEN_MAX + 9), 0);
    return &value;
}

static const struct secret *
many(size_t len)
{
    void *octets = calloc(1, len);

    secret_clear(&value);
    assert_non_null(octets);
    memset(octets, 'x', len);
    assert_int_equal(secret_append(&value, octets, len, len), 0);
    free(octets);
    return &value;
}

static int
teardown(void **state UNUSED)
{
    setup(NULL);
    secret_clear(&value);
    return 0;
}

static void
assert_payload(const char *name, const char *content)
{
    struct secret out = {0};

    assert_int_equal(keyring_get(SESSION, name, &out), 0);
    assert_string_equal(secret_text(&out), content);
    secret_clear(&out);
}

/* ---- Writing ---- */

static void
puts_a_key_that_can_be_found_and_read(void **state UNUSED)
{
    key_serial_t key = 0, found = 0;
    struct secret out = {0};

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("one"), 100, &key), 0);
    assert_int_equal(timeout, 100);
    assert_int_equal(keyring_find(SESSION, "user", "t", &found), 0);
    assert_int_equal(found, key);
    assert_int_equal(key_read(key, &out), 0);
    assert_int_equal(out.len, 3);
    assert_string_equal(secret_text(&out), "one");
    secret_clear(&out);
}

static void
puts_in_place_with_the_same_serial_and_permissions(void **state UNUSED)
{
    key_serial_t first = 0, second = 0;
    struct key_info info;

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("one"), 100, &first), 0);
    assert_int_equal(keyctl_setperm(first, KEY_POS_ALL | KEY_USR_VIEW), 0);
    assert_int_equal(keyring_put(SESSION, "t", text("two"), 100, &second), 0);
    assert_int_equal(second, first);
    assert_int_equal(key_info_get(first, &info), 0);
    assert_int_equal(info.permissions, KEY_POS_ALL | KEY_USR_VIEW);
    assert_payload("t", "two");
}

static void
sets_the_timeout_anew_each_time(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("one"), 100, NULL), 0);
    timeout = 0;
    assert_int_equal(keyring_put(SESSION, "t", text("two"), 50, NULL), 0);
    assert_int_equal(timeout, 50);
}

static void
a_lifetime_becomes_a_timeout_that_is_never_0(void **state UNUSED)
{
    static const struct {
        int64_t lifetime;
        unsigned timeout;
    } cases[] = {
        {1, 1},
        {0, 1},
        {-2, 1},
        {INT64_MIN, 1},
        {3600, 3600},
        {INT_MAX, INT_MAX},
        {INT64_MAX, INT_MAX},
        {INT64_C(1) << 32, INT_MAX},
    };
    size_t i;

    NEED_KEYS();
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        timeout = 0;
        assert_int_equal(
            keyring_put(SESSION, "t", text("x"), cases[i].lifetime, NULL), 0);
        assert_int_equal(timeout, cases[i].timeout);
    }
}

static void
forever_sets_no_timeout(void **state UNUSED)
{
    NEED_KEYS();
    timeout_error = EACCES; /* it would be seen */
    assert_int_equal(keyring_put(SESSION, "t", text("x"), KEY_FOREVER, NULL),
                     0);
    assert_int_equal(timeout, 0);
    assert_payload("t", "x");
}

static void
an_expired_key_comes_back_to_life(void **state UNUSED)
{
    key_serial_t first = 0, second = 0, found;
    int i, r = 0;

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("one"), 1, &first), 0);
    for (i = 0; i < 40 && r == 0; i++) {
        usleep(100000);
        r = keyring_find(SESSION, "user", "t", &found);
    }
    assert_int_equal(r, -EKEYEXPIRED);
    assert_int_equal(keyring_put(SESSION, "t", text("two"), 60, &second), 0);
    assert_int_equal(second, first);
    assert_payload("t", "two");
}

static void
takes_a_token_of_the_largest_size(void **state UNUSED)
{
    struct secret out = {0};

    NEED_KEYS();
    if (keyring_put(SESSION, "t", many(TOKEN_MAX), 60, NULL) == -EDQUOT)
        SKIP("a small key quota: not root");
    /* keyctl_update() would refuse it. */
    assert_int_equal(keyring_put(SESSION, "t", many(TOKEN_MAX), 60, NULL), 0);
    assert_int_equal(keyring_get(SESSION, "t", &out), 0);
    assert_int_equal(out.len, TOKEN_MAX);
    assert_memory_equal(out.data, value.data, TOKEN_MAX);
    secret_clear(&out);
}

static void
refuses_an_empty_payload_and_one_that_is_too_large(void **state UNUSED)
{
    key_serial_t key = 42;

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text(""), 60, &key), -EINVAL);
    assert_int_equal(keyring_put(SESSION, "t", many(TOKEN_MAX + 1), 60, &key),
                     -EINVAL);
    assert_int_equal(key, 42);
}

static void
edquot_leaves_the_old_payload(void **state UNUSED)
{
    key_serial_t key = 42;

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("old"), 60, NULL), 0);
    FAIL(add_key, EDQUOT, 0);
    assert_int_equal(keyring_put(SESSION, "t", text("new"), 60, &key), -EDQUOT);
    WORK(add_key);
    assert_int_equal(key, 42);
    assert_payload("t", "old");
}

static void
without_a_timeout_the_key_is_revoked(void **state UNUSED)
{
    key_serial_t key = 42, found = 0;

    NEED_KEYS();
    timeout_error = EACCES;
    assert_int_equal(keyring_put(SESSION, "t", text("x"), 60, &key), -EACCES);
    assert_int_equal(key, 42);
    assert_int_equal(keyring_find(SESSION, "user", "t", &found), -EKEYREVOKED);
}

static void
the_errno_is_that_of_the_timeout_not_of_the_revocation(void **state UNUSED)
{
    NEED_KEYS();
    timeout_error = EACCES;
    FAIL(keyctl_revoke, EIO, 0);
    assert_int_equal(keyring_put(SESSION, "t", text("x"), 60, NULL), -EACCES);
    assert_int_equal(keyctl_revoke_calls, 1);
}

static void
nothing_goes_into_a_revoked_keyring(void **state UNUSED)
{
    key_serial_t ring = 0;

    NEED_KEYS();
    assert_int_equal(keyring_make(SESSION, "r", &ring), 0);
    assert_int_equal(key_revoke(ring), 0);
    assert_int_equal(keyring_put(ring, "t", text("x"), 60, NULL), -EKEYREVOKED);
}

static void
a_lifetime_is_set_for_a_key_that_is_there(void **state UNUSED)
{
    static const struct {
        int64_t lifetime;
        unsigned timeout;
    } cases[] = {
        {KEY_FOREVER, 0},
        {0, 1},
        {-2, 1},
        {1, 1},
        {3600, 3600},
        {INT_MAX, INT_MAX},
        {INT64_MAX, INT_MAX},
    };
    key_serial_t key = 0;
    size_t i;

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("x"), 60, &key), 0);
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        timeout = 42;
        assert_int_equal(key_set_lifetime(key, cases[i].lifetime), 0);
        assert_int_equal(timeout, cases[i].timeout);
    }
}

static void
a_lifetime_that_cannot_be_set_gives_its_errno(void **state UNUSED)
{
    timeout_error = EKEYEXPIRED;
    assert_int_equal(key_set_lifetime(1, 60), -EKEYEXPIRED);
    assert_int_equal(key_set_lifetime(1, KEY_FOREVER), -EKEYEXPIRED);
}

/* ---- Keyrings ---- */

static void
makes_a_keyring_that_is_linked(void **state UNUSED)
{
    key_serial_t ring = 0, found = 0;
    struct key_info info;

    NEED_KEYS();
    assert_int_equal(keyring_make(SESSION, KEYRING_TOKENS, &ring), 0);
    assert_int_equal(keyring_find(SESSION, "keyring", KEYRING_TOKENS, &found),
                     0);
    assert_int_equal(found, ring);
    assert_int_equal(key_info_get(ring, &info), 0);
    assert_true(info.is_keyring);
    assert_string_equal(info.description, KEYRING_TOKENS);
}

static void
a_keyring_made_twice_is_new_and_empty(void **state UNUSED)
{
    key_serial_t first = 0, second = 0, found = 42;

    NEED_KEYS();
    assert_int_equal(keyring_make(SESSION, "r", &first), 0);
    assert_int_equal(keyring_put(first, "t", text("x"), 60, NULL), 0);
    assert_int_equal(keyring_make(SESSION, "r", &second), 0);
    assert_int_not_equal(first, second);
    assert_int_equal(keyring_find(second, "user", "t", &found), -ENOKEY);
    assert_int_equal(found, 42);
}

static void
gives_the_errno_when_no_keyring_can_be_made(void **state UNUSED)
{
    key_serial_t ring = 42;

    FAIL(add_key, EDQUOT, 0);
    assert_int_equal(keyring_make(SESSION, "r", &ring), -EDQUOT);
    assert_int_equal(ring, 42);
}

static void
finds_a_key_in_a_keyring_inside(void **state UNUSED)
{
    key_serial_t ring = 0, key = 0, found = 0;

    NEED_KEYS();
    assert_int_equal(keyring_make(SESSION, "r", &ring), 0);
    assert_int_equal(keyring_put(ring, "t", text("x"), 60, &key), 0);
    assert_int_equal(keyring_find(SESSION, "user", "t", &found), 0);
    assert_int_equal(found, key);
}

static void
finds_by_type_and_name(void **state UNUSED)
{
    key_serial_t found = 42;

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("x"), 60, NULL), 0);
    assert_int_equal(keyring_find(SESSION, "keyring", "t", &found), -ENOKEY);
    assert_int_equal(keyring_find(SESSION, "user", "tt", &found), -ENOKEY);
    assert_int_equal(keyring_find(SESSION, "user", "", &found), -ENOKEY);
    assert_int_equal(found, 42);
}

static void
gives_every_errno_of_a_search(void **state UNUSED)
{
    static const int errors[] = {ENOKEY, EKEYREVOKED, EKEYEXPIRED, EACCES,
                                 ENOMEM};
    key_serial_t found = 42;
    struct secret out = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(errors); i++) {
        FAIL(keyctl_search, errors[i], 0);
        assert_int_equal(keyring_find(SESSION, "user", "t", &found),
                         -errors[i]);
        assert_int_equal(keyring_get(SESSION, "t", &out), -errors[i]);
        assert_int_equal(found, 42);
        secret_clear(&out);
    }
}

/* ---- Reading ---- */

static void
a_revoked_key_is_ekeyrevoked(void **state UNUSED)
{
    struct secret out = {0};
    key_serial_t key = 0;

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("x"), 60, &key), 0);
    assert_int_equal(key_revoke(key), 0);
    assert_int_equal(key_read(key, &out), -EKEYREVOKED);
    assert_int_equal(keyring_get(SESSION, "t", &out), -EKEYREVOKED);
    assert_int_equal(out.len, 0);
    secret_clear(&out);
}

static void
a_key_that_does_not_exist_is_enokey(void **state UNUSED)
{
    struct key_info info;
    struct secret out = {0};

    NEED_KEYS();
    assert_int_equal(key_read(INT32_MAX, &out), -ENOKEY);
    assert_int_equal(keyring_get(SESSION, "none", &out), -ENOKEY);
    assert_int_equal(key_info_get(INT32_MAX, &info), -ENOKEY);
    secret_clear(&out);
}

static void
a_key_without_read_permission_is_eacces(void **state UNUSED)
{
    struct secret out = {0};
    key_serial_t key = 0;

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("x"), 60, &key), 0);
    assert_int_equal(keyctl_setperm(key, KEY_POS_SETATTR), 0);
    assert_int_equal(key_read(key, &out), -EACCES);
    secret_clear(&out);
}

static void
reads_octets_of_any_value(void **state UNUSED)
{
    struct secret in = {0}, out = {0};

    NEED_KEYS();
    assert_int_equal(secret_append(&in, "a\0\xff\n", 4, 4), 0);
    assert_int_equal(keyring_put(SESSION, "t", &in, 60, NULL), 0);
    assert_int_equal(keyring_get(SESSION, "t", &out), 0);
    assert_int_equal(out.len, 4);
    assert_memory_equal(out.data, "a\0\xff\n", 5);
    secret_clear(&in);
    secret_clear(&out);
}

static void
reading_says_enomem(void **state UNUSED)
{
    struct secret out = {0};

    malloc_fails = true;
    assert_int_equal(key_read(1, &out), -ENOMEM);
    malloc_fails = false;
    secret_clear(&out);
}

static void
a_payload_larger_than_a_token_is_emsgsize(void **state UNUSED)
{
    struct secret out = {0};

    read_result = (long) TOKEN_MAX + 1; /* as for another type of key */
    assert_int_equal(key_read(1, &out), -EMSGSIZE);
    assert_int_equal(out.len, 0);
    secret_clear(&out);
}

/* ---- Protecting and revoking ---- */

static void
protects_with_permissions_and_group(void **state UNUSED)
{
    struct key_info info;
    key_serial_t key = 0;

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("x"), 60, &key), 0);
    assert_int_equal(key_protect(key, KEY_FOR_SESSION, getegid()), 0);
    assert_int_equal(key_info_get(key, &info), 0);
    assert_int_equal(info.permissions, KEY_FOR_SESSION);
    assert_int_equal(info.uid, geteuid());
    assert_int_equal(info.gid, getegid());
}

static void
root_gives_a_key_to_a_group(void **state UNUSED)
{
    struct key_info info;
    key_serial_t key = 0;

    NEED_ROOT();
    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("x"), 60, &key), 0);
    assert_int_equal(key_protect(key, KEY_FOR_HELPER, 61001), 0);
    assert_int_equal(key_info_get(key, &info), 0);
    assert_int_equal(info.permissions, KEY_FOR_HELPER);
    assert_int_equal(info.uid, 0);
    assert_int_equal(info.gid, 61001);
}

static void
protecting_gives_the_errno_of_either_call(void **state UNUSED)
{
    key_serial_t key = 0;

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("x"), 60, &key), 0);
    FAIL(keyctl_setperm, EACCES, 0);
    assert_int_equal(key_protect(key, KEY_FOR_SESSION, getegid()), -EACCES);
    WORK(keyctl_setperm);
    FAIL(keyctl_chown, EDQUOT, 0);
    assert_int_equal(key_protect(key, KEY_FOR_SESSION, getegid()), -EDQUOT);
}

static void
nobody_may_link_or_write_but_the_group(void **state UNUSED)
{
    assert_int_equal(KEY_FOR_SESSION
                         & (KEY_POS_WRITE | KEY_POS_LINK | KEY_POS_SETATTR
                            | KEY_GRP_READ | KEY_GRP_SEARCH | KEY_GRP_LINK
                            | KEY_OTH_ALL),
                     0);
    assert_int_equal(KEY_FOR_HELPER
                         & (KEY_POS_VIEW | KEY_POS_WRITE | KEY_POS_LINK
                            | KEY_POS_SETATTR | KEY_GRP_READ | KEY_GRP_SEARCH
                            | KEY_GRP_LINK | KEY_OTH_ALL),
                     0);
    assert_int_equal(KEY_FOR_READING,
                     KEY_FOR_HELPER & ~(key_perm_t) KEY_GRP_WRITE);
    assert_int_equal(KEY_HELPER_WRITES,
                     KEY_GRP_VIEW | KEY_GRP_WRITE | KEY_GRP_SETATTR);
}

static void
revoking_what_is_gone_is_no_error(void **state UNUSED)
{
    static const int errors[] = {ENOKEY, EKEYREVOKED, EKEYEXPIRED};
    size_t i;

    for (i = 0; i < ARRAY_LEN(errors); i++) {
        FAIL(keyctl_revoke, errors[i], 0);
        assert_int_equal(key_revoke(1), 0);
    }
    FAIL(keyctl_revoke, EACCES, 0);
    assert_int_equal(key_revoke(1), -EACCES);
}

static void
revokes_twice(void **state UNUSED)
{
    key_serial_t key = 0;

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("x"), 60, &key), 0);
    assert_int_equal(key_revoke(key), 0);
    assert_int_equal(key_revoke(key), 0);
}

/* ---- What the kernel says of a key ---- */

static void
reads_a_description(void **state UNUSED)
{
    static const struct {
        const char *text;
        struct key_info info;
    } cases[] = {
        {"user;0;0;3f010000;oidc:access_token",
         {false, 0, 0, 0x3f010000, "oidc:access_token"}},
        {"keyring;0;65534;003f0000;oidc-handoff:61001:00ff",
         {true, 0, 65534, 0x3f0000, "oidc-handoff:61001:00ff"}},
        {"keyring;4294967294;4294967295;ffffffff;a;b c",
         {true, 4294967294U, 4294967295U, 0xffffffff, "a;b c"}},
        {"keyrings;1;2;3;x", {false, 1, 2, 3, "x"}},
        {"key;1;2;3;x", {false, 1, 2, 3, "x"}},
    };
    struct key_info info;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        memset(&info, 0x55, sizeof(info));
        assert_int_equal(key_info_parse(cases[i].text, &info), 0);
        assert_int_equal(info.is_keyring, cases[i].info.is_keyring);
        assert_int_equal(info.uid, cases[i].info.uid);
        assert_int_equal(info.gid, cases[i].info.gid);
        assert_int_equal(info.permissions, cases[i].info.permissions);
        assert_string_equal(info.description, cases[i].info.description);
    }
}

static void
cuts_a_description_that_is_too_long(void **state UNUSED)
{
    char line[400] = "user;0;0;0;";
    struct key_info info;

    memset(line + strlen(line), 'x', 300);
    assert_int_equal(key_info_parse(line, &info), 0);
    assert_int_equal(strlen(info.description), sizeof(info.description) - 1);
}

static void
refuses_a_malformed_description(void **state UNUSED)
{
    static const char *const texts[] = {
        "",
        "user",
        "user;0",
        "user;0;0",
        "user;0;0;",
        "user;0;0;3f",
        "user;0;0;3f;",
        ";0;0;3f;x",
        "user;a;0;3f;x",
        "user;0;b;3f;x",
        "user;0;0;z;x",
    };
    struct key_info info = {.uid = 42};
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++) {
        assert_int_equal(key_info_parse(texts[i], &info), -EBADMSG);
        assert_int_equal(info.uid, 42);
    }
}

static void
a_description_that_does_not_fit_is_ebadmsg(void **state UNUSED)
{
    struct key_info info = {.uid = 42};

    describe_result = 4096;
    assert_int_equal(key_info_get(1, &info), -EBADMSG);
    assert_int_equal(info.uid, 42);
}

static void
a_key_that_may_not_be_viewed_is_eacces(void **state UNUSED)
{
    struct key_info info;
    key_serial_t key = 0;

    NEED_KEYS();
    assert_int_equal(keyring_put(SESSION, "t", text("x"), 60, &key), 0);
    assert_int_equal(keyctl_setperm(key, KEY_POS_SETATTR), 0);
    assert_int_equal(key_info_get(key, &info), -EACCES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(puts_a_key_that_can_be_found_and_read),
        TEST(puts_in_place_with_the_same_serial_and_permissions),
        TEST(sets_the_timeout_anew_each_time),
        TEST(a_lifetime_becomes_a_timeout_that_is_never_0),
        TEST(forever_sets_no_timeout),
        TEST(an_expired_key_comes_back_to_life),
        TEST(takes_a_token_of_the_largest_size),
        TEST(refuses_an_empty_payload_and_one_that_is_too_large),
        TEST(edquot_leaves_the_old_payload),
        TEST(without_a_timeout_the_key_is_revoked),
        TEST(the_errno_is_that_of_the_timeout_not_of_the_revocation),
        TEST(nothing_goes_into_a_revoked_keyring),
        TEST(a_lifetime_is_set_for_a_key_that_is_there),
        TEST(a_lifetime_that_cannot_be_set_gives_its_errno),
        TEST(makes_a_keyring_that_is_linked),
        TEST(a_keyring_made_twice_is_new_and_empty),
        TEST(gives_the_errno_when_no_keyring_can_be_made),
        TEST(finds_a_key_in_a_keyring_inside),
        TEST(finds_by_type_and_name),
        TEST(gives_every_errno_of_a_search),
        TEST(a_revoked_key_is_ekeyrevoked),
        TEST(a_key_that_does_not_exist_is_enokey),
        TEST(a_key_without_read_permission_is_eacces),
        TEST(reads_octets_of_any_value),
        TEST(reading_says_enomem),
        TEST(a_payload_larger_than_a_token_is_emsgsize),
        TEST(protects_with_permissions_and_group),
        TEST(root_gives_a_key_to_a_group),
        TEST(protecting_gives_the_errno_of_either_call),
        TEST(nobody_may_link_or_write_but_the_group),
        TEST(revoking_what_is_gone_is_no_error),
        TEST(revokes_twice),
        TEST(reads_a_description),
        TEST(cuts_a_description_that_is_too_long),
        TEST(refuses_a_malformed_description),
        TEST(a_description_that_does_not_fit_is_ebadmsg),
        TEST(a_key_that_may_not_be_viewed_is_eacces),
    };

    return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
