/* SPDX-License-Identifier: MIT */
/* The user's name is the script of the program that runs instead of the
 * helper. */
#include <config.h>

#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/io.h"
#include "common/status.h"
#include "helper/cli/own.h"
#include "tests/lib/child.h"
#include "tests/lib/test.h"

#define NOW 1700000000

INJECT(key_serial_t, add_key,
       (const char *type, const char *name, const void *data, size_t len,
        key_serial_t ring),
       (type, name, data, len, ring))
INJECT(long, keyctl_link, (key_serial_t key, key_serial_t ring), (key, ring))
INJECT(long, keyctl_setperm, (key_serial_t key, key_perm_t perm), (key, perm))

static struct message result;
static struct own own;
static struct anchor anchor;
static key_serial_t session;

static void
set(enum field field, const char *text)
{
    assert_int_equal(message_set_text(&result, field, text), 0);
}

static int
setup(void **state UNUSED)
{
    set(FIELD_ACCESS_TOKEN, "access");
    set(FIELD_REFRESH_TOKEN, "refresh");
    set(FIELD_EXPIRES_AT, "1700000600");
    set(FIELD_SETTINGS, "settings");
    set(FIELD_SUBJECT, "s-1");
    own = (struct own){0};
    anchor = (struct anchor){.pid = getpid(), .pidfd = pidfd_open(getpid(), 0)};
    return 0;
}

static int
teardown(void **state UNUSED)
{
    WORK(add_key);
    WORK(keyctl_link);
    WORK(keyctl_setperm);
    message_clear(&result);
    fd_close(&anchor.pidfd);
    return 0;
}

#define NEED()                                                                 \
    do {                                                                       \
        NEED_KEYS();                                                           \
        session = keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);          \
    } while (0)

static void
assert_text(key_serial_t ring, const char *name, const char *text,
            key_perm_t permissions)
{
    struct secret value = {0};
    key_serial_t key = 0;
    char about[256] = "";

    assert_int_equal(keyring_find(ring, "user", name, &key), 0);
    assert_int_equal(key_read(key, &value), 0);
    if (text != NULL)
        assert_string_equal(secret_text(&value), text);
    secret_clear(&value);
    if ((permissions & KEY_POS_VIEW) != 0) {
        struct key_info info = {0};

        assert_true(keyctl_describe(key, about, sizeof(about)) > 0);
        assert_int_equal(key_info_parse(about, &info), 0);
        assert_int_equal(info.permissions, permissions);
    } else {
        assert_int_equal(keyctl_describe(key, about, sizeof(about)), -1);
    }
}

static bool
session_has(const char *type, const char *name)
{
    return keyctl_search(session, type, name, 0) != -1;
}

static void
only_a_keyring_of_the_users_own_session_will_do(void **state UNUSED)
{
    struct key_info info = {
        .is_keyring = true, .uid = 1000, .description = "_ses"};

    assert_true(own_is_possible(&info, 1000));
    assert_false(own_is_possible(&info, 1001));
    strcpy(info.description, "_uid_ses.1000");
    assert_false(own_is_possible(&info, 1000));
    strcpy(info.description, "_uid.1000");
    assert_false(own_is_possible(&info, 1000));
    strcpy(info.description, "_ses");
    info.is_keyring = false;
    assert_false(own_is_possible(&info, 1000));
}

static void
stores_all_of_it_in_the_helpers_keyring(void **state UNUSED)
{
    NEED();
    assert_int_equal(own_store(session, &result, NOW, &own), 0);
    assert_int_equal(own.session, session);
    assert_text(own.ring, KEY_ACCESS_TOKEN, "access", KEY_OWN_SESSION);
    assert_text(own.ring, KEY_ID_TOKEN, KEY_NO_TOKEN, KEY_OWN_SESSION);
    assert_text(own.ring, KEY_EXPIRES_AT, "1700000600", KEY_OWN_SESSION);
    assert_text(own.ring, KEY_STATUS, NULL, KEY_OWN_SESSION);
    assert_text(KEY_SPEC_SESSION_KEYRING, KEY_REFRESH_TOKEN, "refresh",
                KEY_OWN_HELPER);
    assert_text(KEY_SPEC_SESSION_KEYRING, KEY_SETTINGS, NULL, KEY_OWN_HELPER);
    assert_int_not_equal(keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0),
                         session);
    assert_false(session_has("user", KEY_REFRESH_TOKEN));
    assert_false(session_has("keyring", KEYRING_TOKENS));
}

static void
without_a_refresh_token_there_is_no_key_for_it(void **state UNUSED)
{
    key_serial_t key;

    NEED();
    secret_clear(&result.field[FIELD_REFRESH_TOKEN]);
    assert_int_equal(own_store(session, &result, NOW, &own), 0);
    assert_int_equal(
        keyring_find(KEY_SPEC_SESSION_KEYRING, "user", KEY_REFRESH_TOKEN, &key),
        -ENOKEY);
}

/* Whichever of its steps fails. */
static void
stores_nothing_when_the_quota_is_used_up(void **state UNUSED)
{
    static const char *const names[] = {KEY_ACCESS_TOKEN, KEY_REFRESH_TOKEN,
                                        KEY_SETTINGS, KEY_STATUS};
    key_serial_t key;
    unsigned spared;
    size_t i;
    int r;

    for (spared = 0;; spared++) {
        NEED();
        FAIL(add_key, EDQUOT, spared);
        r = own_store(session, &result, NOW, &own);
        WORK(add_key);
        if (r == 0)
            break;
        assert_int_equal(r, -EDQUOT);
        for (i = 0; i < ARRAY_LEN(names); i++)
            assert_true(
                keyring_find(KEY_SPEC_SESSION_KEYRING, "user", names[i], &key)
                < 0);
    }
    assert_int_equal(spared, 7); /* the keyring, and six keys */
}

static void
a_key_that_cannot_be_protected_is_not_kept(void **state UNUSED)
{
    key_serial_t key;

    NEED();
    FAIL(keyctl_setperm, EACCES, 1);
    assert_int_equal(own_store(session, &result, NOW, &own), -EACCES);
    assert_true(
        keyring_find(KEY_SPEC_SESSION_KEYRING, "user", KEY_ACCESS_TOKEN, &key)
        < 0);
}

static void
the_session_finds_the_tokens_once_the_helper_runs(void **state UNUSED)
{
    int helper = -1;

    NEED();
    NEED_PIDFD();
    assert_int_equal(own_store(session, &result, NOW, &own), 0);
    assert_int_equal(
        own_start(&own, "send|ready|pid=@;receive;hang", &anchor, &helper), 0);
    assert_true(session_has("keyring", KEYRING_TOKENS));
    assert_true(session_has("user", KEY_ACCESS_TOKEN));
    assert_false(session_has("user", KEY_REFRESH_TOKEN));
    assert_int_equal(pidfd_send_signal(helper, SIGKILL, NULL, 0), 0);
    fd_close(&helper);
}

static void
takes_the_place_of_tokens_whose_grant_is_over(void **state UNUSED)
{
    key_serial_t old = 0, found = 0;
    int helper = -1;

    NEED();
    NEED_PIDFD();
    assert_int_equal(keyring_make(session, KEYRING_TOKENS, &old), 0);
    assert_int_equal(own_store(session, &result, NOW, &own), 0);
    assert_int_equal(
        own_start(&own, "send|ready|pid=@;receive;hang", &anchor, &helper), 0);
    assert_int_equal(keyring_find(session, "keyring", KEYRING_TOKENS, &found),
                     0);
    assert_int_equal(found, own.ring);
    assert_int_equal(pidfd_send_signal(helper, SIGKILL, NULL, 0), 0);
    fd_close(&helper);
}

static void
without_a_helper_nothing_is_left(void **state UNUSED)
{
    key_serial_t key;
    int helper = -1;

    NEED();
    NEED_PIDFD();
    assert_int_equal(own_store(session, &result, NOW, &own), 0);
    assert_true(own_start(&own, "exit|1", &anchor, &helper) < 0);
    assert_int_equal(helper, -1);
    assert_false(session_has("keyring", KEYRING_TOKENS));
    assert_true(
        keyring_find(KEY_SPEC_SESSION_KEYRING, "user", KEY_REFRESH_TOKEN, &key)
        < 0);
    assert_true(
        keyring_find(KEY_SPEC_SESSION_KEYRING, "user", KEY_ACCESS_TOKEN, &key)
        < 0);
}

static void
a_session_that_takes_no_link_has_no_helper(void **state UNUSED)
{
    int helper = -1;

    NEED();
    NEED_PIDFD();
    assert_int_equal(own_store(session, &result, NOW, &own), 0);
    FAIL(keyctl_link, EDQUOT, 0);
    assert_int_equal(
        own_start(&own, "send|ready|pid=@;receive;hang", &anchor, &helper),
        -EDQUOT);
    assert_int_equal(helper, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(only_a_keyring_of_the_users_own_session_will_do),
        TEST(stores_all_of_it_in_the_helpers_keyring),
        TEST(without_a_refresh_token_there_is_no_key_for_it),
        TEST(stores_nothing_when_the_quota_is_used_up),
        TEST(a_key_that_cannot_be_protected_is_not_kept),
        TEST(the_session_finds_the_tokens_once_the_helper_runs),
        TEST(takes_the_place_of_tokens_whose_grant_is_over),
        TEST(without_a_helper_nothing_is_left),
        TEST(a_session_that_takes_no_link_has_no_helper),
    };

    return cmocka_run_group_tests_name("cli_own", tests, NULL, NULL);
}
