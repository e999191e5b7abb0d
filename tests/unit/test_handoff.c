/* SPDX-License-Identifier: MIT */
/*
 * With real keyrings, root's own among them: each test revokes what it made,
 * and everything in a hand-off times out by itself.
 */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "common/keyring.h"
#include "common/status.h"
#include "pam/handoff.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/child.h"
#include "tests/lib/fakepam.h"
#include "tests/lib/test.h"

#define CANARY "CANARY-token"

INJECT(key_serial_t, add_key,
       (const char *type, const char *name, const void *data, size_t len,
        key_serial_t ring),
       (type, name, data, len, ring))
INJECT(long, keyctl_setperm, (key_serial_t key, key_perm_t perm), (key, perm))
INJECT(long, keyctl_link, (key_serial_t key, key_serial_t ring), (key, ring))
INJECT(ssize_t, getrandom, (void *out, size_t len, unsigned flags),
       (out, len, flags))

/* Every timeout that was set. */
static unsigned shortest, longest;
static int timeout_error;
static unsigned timeout_spared;
long __real_keyctl_set_timeout(key_serial_t key, unsigned seconds);

long
__wrap_keyctl_set_timeout(key_serial_t key, unsigned seconds)
{
    if (timeout_error != 0 && timeout_spared-- == 0) {
        errno = timeout_error;
        return -1;
    }
    if (seconds < shortest)
        shortest = seconds;
    if (seconds > longest)
        longest = seconds;
    return __real_keyctl_set_timeout(key, seconds);
}

static pam_handle_t *pamh;
static struct context ctx;
static struct message result;

static void
set(enum field field, const char *text)
{
    assert_int_equal(message_set_text(&result, field, text), 0);
}

static int
setup(void **state UNUSED)
{
    shortest = UINT32_MAX;
    longest = 0;
    timeout_error = 0;
    pamh = fakepam_start();
    ctx = (struct context){.pamh = pamh, .user = "alice"};
    result.kind = KIND_RESULT;
    set(FIELD_ACCESS_TOKEN, CANARY "-access");
    set(FIELD_ID_TOKEN, CANARY "-id");
    set(FIELD_REFRESH_TOKEN, CANARY "-refresh");
    set(FIELD_EXPIRES_AT, "1700003600");
    set(FIELD_ID_EXPIRES_AT, "1700001800");
    set(FIELD_RENEWED_AT, "1700000000");
    set(FIELD_SETTINGS, CANARY "-settings");
    set(FIELD_BEFORE_EXPIRY, "10%");
    set(FIELD_REVOKE, "yes");
    set(FIELD_TIMEOUT, "10");
    set(FIELD_NOTIFY, "no");
    set(FIELD_REFRESH_EXPIRES_AT, "1700086400");
    set(FIELD_SUBJECT, "alice\nstate=dead");
    set(FIELD_ISSUER, "https://idp.example");
    set(FIELD_SCOPE, "openid");
    return 0;
}

/* The serial that the variable names; 0 without one. */
static key_serial_t
exported(void)
{
    const char *text = pam_getenv(pamh, HANDOFF_VARIABLE);

    return text != NULL ? (key_serial_t) atol(text) : 0;
}

static int
teardown(void **state UNUSED)
{
    key_serial_t ring = exported();

    WORK(add_key);
    WORK(keyctl_setperm);
    WORK(keyctl_link);
    WORK(getrandom);
    timeout_error = 0;
    if (ring > 0)
        handoff_revoke(ring);
    message_clear(&result);
    fakepam_end(pamh, 0);
    return 0;
}

/* How many links a keyring has. */
static long
links(key_serial_t ring)
{
    return keyctl_read(ring, NULL, 0) / (long) sizeof(key_serial_t);
}

static bool
is_linked(key_serial_t key, key_serial_t ring)
{
    key_serial_t keys[256];
    long i, n = keyctl_read(ring, (char *) keys, sizeof(keys));

    for (i = 0; i < n / (long) sizeof(keys[0]) && i < 256; i++)
        if (keys[i] == key)
            return true;
    return false;
}

static key_serial_t
make(uid_t uid)
{
    key_serial_t ring = 0;

    assert_int_equal(handoff_make(&ctx, uid, &result, &ring), 0);
    assert_true(ring > 0);
    assert_int_equal(exported(), ring);
    return ring;
}

static void
assert_key(key_serial_t ring, const char *name, const char *payload)
{
    struct secret out = {0};
    struct key_info info;
    key_serial_t key = 0;

    assert_int_equal(keyring_find(ring, "user", name, &key), 0);
    assert_int_equal(key_info_get(key, &info), 0);
    assert_int_equal(info.uid, 0);
    assert_int_equal(info.permissions, KEY_USR_ALL);
    assert_int_equal(key_read(key, &out), 0);
    if (payload != NULL)
        assert_string_equal(secret_text(&out), payload);
    secret_clear(&out);
}

#define NEED()                                                                 \
    do {                                                                       \
        NEED_ROOT();                                                           \
        NEED_KEYS();                                                           \
    } while (0)

/* ---- Making ---- */

static void
every_token_is_in_a_key_of_roots(void **state UNUSED)
{
    struct key_info info;
    key_serial_t ring;

    NEED();
    ring = make(ALICE_UID);
    assert_int_equal(key_info_get(ring, &info), 0);
    assert_true(handoff_is_for(&info, ALICE_UID));
    assert_key(ring, KEY_ACCESS_TOKEN, CANARY "-access");
    assert_key(ring, KEY_ID_TOKEN, CANARY "-id");
    assert_key(ring, KEY_REFRESH_TOKEN, CANARY "-refresh");
    assert_key(ring, KEY_EXPIRES_AT, "1700003600");
    assert_key(ring, KEY_SETTINGS, NULL);
    assert_key(ring, KEY_STATUS, NULL);
    assert_int_equal(links(ring), 6);
}

static void
waits_in_roots_user_keyring(void **state UNUSED)
{
    key_serial_t ring;

    NEED();
    ring = make(ALICE_UID);
    assert_true(is_linked(ring, KEY_SPEC_USER_KEYRING));
}

static void
every_key_and_the_keyring_time_out_after_two_minutes(void **state UNUSED)
{
    NEED();
    make(ALICE_UID);
    assert_int_equal(shortest, 120);
    assert_int_equal(longest, 120);
}

static void
without_an_id_token_there_is_a_newline(void **state UNUSED)
{
    NEED();
    secret_clear(&result.field[FIELD_ID_TOKEN]);
    assert_key(make(ALICE_UID), KEY_ID_TOKEN, KEY_NO_TOKEN);
}

static void
an_empty_id_token_is_none(void **state UNUSED)
{
    NEED();
    set(FIELD_ID_TOKEN, "");
    assert_key(make(ALICE_UID), KEY_ID_TOKEN, KEY_NO_TOKEN);
}

static void
without_a_refresh_token_there_is_no_key(void **state UNUSED)
{
    key_serial_t ring, key;

    NEED();
    secret_clear(&result.field[FIELD_REFRESH_TOKEN]);
    ring = make(ALICE_UID);
    assert_int_equal(keyring_find(ring, "user", KEY_REFRESH_TOKEN, &key),
                     -ENOKEY);
    assert_int_equal(links(ring), 5);
}

static void
the_settings_are_a_request_without_tokens(void **state UNUSED)
{
    struct message settings = {0};
    struct secret wire = {0};

    NEED();
    assert_int_equal(keyring_get(make(ALICE_UID), KEY_SETTINGS, &wire), 0);
    assert_int_equal(message_decode(wire.data, wire.len, &settings), wire.len);
    assert_int_equal(settings.kind, KIND_RENEW);
    assert_string_equal(message_text(&settings, FIELD_SETTINGS),
                        CANARY "-settings");
    assert_string_equal(message_text(&settings, FIELD_BEFORE_EXPIRY), "10%");
    assert_string_equal(message_text(&settings, FIELD_REVOKE), "yes");
    assert_string_equal(message_text(&settings, FIELD_TIMEOUT), "10");
    assert_string_equal(message_text(&settings, FIELD_ID_EXPIRES_AT),
                        "1700001800");
    assert_string_equal(message_text(&settings, FIELD_NOTIFY), "no");
    assert_false(message_has(&settings, FIELD_ACCESS_TOKEN));
    assert_false(message_has(&settings, FIELD_REFRESH_TOKEN));
    assert_false(message_has(&settings, FIELD_ID_TOKEN));
    message_clear(&settings);
    secret_clear(&wire);
}

static void
the_status_says_who_and_when(void **state UNUSED)
{
    struct secret text = {0};
    struct status status;

    NEED();
    assert_int_equal(keyring_get(make(ALICE_UID), KEY_STATUS, &text), 0);
    assert_int_equal(status_parse(secret_text(&text), &status), 0);
    assert_int_equal(status.state, STATE_ACTIVE);
    assert_string_equal(status.subject, "alice?state=dead");
    assert_string_equal(status.issuer, "https://idp.example");
    assert_string_equal(status.scope, "openid");
    assert_int_equal(status.renewed_at, 1700000000);
    assert_int_equal(status.renew_at, 0);
    assert_int_equal(status.renewals, 0);
    assert_int_equal(status.id_expires_at, 1700001800);
    assert_int_equal(status.refresh_expires_at, 1700086400);
    assert_null(strstr(secret_text(&text), CANARY));
    secret_clear(&text);
}

/* What the helper could not read back would keep it from starting. */
static void
a_time_that_is_absent_or_none_is_not_in_the_status(void **state UNUSED)
{
    static const char *const times[] = {
        NULL, "", "soon", "-1", "253402300800", "9223372036854775807"};
    struct secret text = {0};
    struct status status;
    size_t i;

    NEED();
    for (i = 0; i < ARRAY_LEN(times); i++) {
        secret_clear(&result.field[FIELD_ID_EXPIRES_AT]);
        secret_clear(&result.field[FIELD_REFRESH_EXPIRES_AT]);
        if (times[i] != NULL) {
            set(FIELD_ID_EXPIRES_AT, times[i]);
            set(FIELD_REFRESH_EXPIRES_AT, times[i]);
        }
        assert_int_equal(keyring_get(make(ALICE_UID), KEY_STATUS, &text), 0);
        assert_int_equal(status_parse(secret_text(&text), &status), 0);
        assert_int_equal(status.id_expires_at, 0);
        assert_int_equal(status.refresh_expires_at, 0);
        assert_int_equal(status.renewed_at, 1700000000);
        secret_clear(&text);
        handoff_revoke(exported());
    }
}

static void
leaves_no_copy_in_memory(void **state UNUSED)
{
    NEED();
    wiped_begin(CANARY);
    make(ALICE_UID);
    assert_wiped();
}

static void
two_logins_at_once_keep_their_own(void **state UNUSED)
{
    key_serial_t first, second;

    NEED();
    first = make(ALICE_UID);
    set(FIELD_ACCESS_TOKEN, CANARY "-second");
    second = make(ALICE_UID);
    assert_int_not_equal(first, second);
    assert_key(first, KEY_ACCESS_TOKEN, CANARY "-access");
    assert_key(second, KEY_ACCESS_TOKEN, CANARY "-second");
    assert_true(is_linked(first, KEY_SPEC_USER_KEYRING));
    assert_true(is_linked(second, KEY_SPEC_USER_KEYRING));
    handoff_revoke(first);
}

/* ---- Failures while it is made ---- */

static long before_user, before_process;

/* What it returns; no keyring is named then. */
static int
make_fails(void)
{
    key_serial_t ring = 42;
    int r = handoff_make(&ctx, ALICE_UID, &result, &ring);

    assert_int_equal(ring, 42);
    return r;
}

static void
count_before(void)
{
    before_user = links(KEY_SPEC_USER_KEYRING);
    before_process = links(KEY_SPEC_PROCESS_KEYRING);
}

static void
assert_nothing_left(void)
{
    assert_int_equal(links(KEY_SPEC_USER_KEYRING), before_user);
    assert_int_equal(links(KEY_SPEC_PROCESS_KEYRING), before_process);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
}

static void
edquot_on_any_key_leaves_nothing_behind(void **state UNUSED)
{
    unsigned spared;

    NEED();
    count_before();
    for (spared = 0; spared < 7; spared++) {
        FAIL(add_key, EDQUOT, spared);
        assert_int_equal(make_fails(), -EDQUOT);
        assert_int_equal(add_key_calls, spared + 1);
        assert_nothing_left();
    }
}

static void
a_timeout_that_cannot_be_set_leaves_nothing_behind(void **state UNUSED)
{
    unsigned spared;

    NEED();
    count_before();
    for (spared = 0; spared < 7; spared++) {
        timeout_error = EACCES;
        timeout_spared = spared;
        assert_int_equal(make_fails(), -EACCES);
        timeout_error = 0;
        assert_nothing_left();
    }
}

static void
permissions_that_cannot_be_set_leave_nothing_behind(void **state UNUSED)
{
    unsigned spared;

    NEED();
    count_before();
    for (spared = 0; spared < 7; spared++) {
        FAIL(keyctl_setperm, EPERM, spared);
        assert_int_equal(make_fails(), -EPERM);
        assert_nothing_left();
    }
}

static void
a_user_keyring_that_is_full_leaves_nothing_behind(void **state UNUSED)
{
    NEED();
    count_before();
    FAIL(keyctl_link, EDQUOT, 0);
    assert_int_equal(make_fails(), -EDQUOT);
    assert_nothing_left();
}

static void
a_variable_that_cannot_be_set_leaves_nothing_behind(void **state UNUSED)
{
    NEED();
    count_before();
    pamh->putenv_result = PAM_BUF_ERR;
    assert_int_equal(make_fails(), -ENOMEM);
    assert_nothing_left();
}

static void
a_token_that_is_too_large_leaves_nothing_behind(void **state UNUSED)
{
    static char many[TOKEN_MAX + 1];

    NEED();
    count_before();
    memset(many, 'x', sizeof(many));
    assert_int_equal(
        message_set(&result, FIELD_ACCESS_TOKEN, many, sizeof(many)), 0);
    assert_int_equal(make_fails(), -EMSGSIZE);
    assert_nothing_left();
    assert_int_equal(message_set(&result, FIELD_ACCESS_TOKEN, many, TOKEN_MAX),
                     0);
    make(ALICE_UID);
}

static void
without_random_numbers_there_is_none(void **state UNUSED)
{
    NEED();
    count_before();
    FAIL(getrandom, EAGAIN, 0);
    assert_int_equal(make_fails(), -EAGAIN);
    assert_nothing_left();
}

/* ---- Finding ---- */

static void
is_found_once_and_still_waits(void **state UNUSED)
{
    key_serial_t ring, found = 0;

    NEED();
    ring = make(ALICE_UID);
    assert_int_equal(handoff_find(&ctx, ALICE_UID, &found), 0);
    assert_int_equal(found, ring);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    assert_true(is_linked(ring, KEY_SPEC_USER_KEYRING));
    found = 42;
    assert_int_equal(handoff_find(&ctx, ALICE_UID, &found), -ENODATA);
    assert_int_equal(found, 42);
    handoff_revoke(ring);
}

static void
without_a_variable_it_is_enodata(void **state UNUSED)
{
    key_serial_t found = 42;

    assert_int_equal(handoff_find(&ctx, ALICE_UID, &found), -ENODATA);
    assert_int_equal(found, 42);
}

static void
name_it(key_serial_t serial)
{
    char text[64];

    (void) snprintf(text, sizeof(text), HANDOFF_VARIABLE "=%" PRId32, serial);
    assert_int_equal(pam_putenv(pamh, text), PAM_SUCCESS);
}

static void
forgetting_unsets_the_variable_and_nothing_else(void **state UNUSED)
{
    key_serial_t ring;

    NEED();
    ring = make(ALICE_UID);
    handoff_forget(pamh);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    assert_true(is_linked(ring, KEY_SPEC_USER_KEYRING));
    handoff_revoke(ring);
}

/* libpam itself would log that it is not there. */
static void
forgetting_twice_is_silent(void **state UNUSED)
{
    name_it(1);
    handoff_forget(pamh);
    handoff_forget(pamh);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    assert_int_equal(pamh->n_log, 0);
}

static void
one_that_timed_out_is_gone(void **state UNUSED)
{
    key_serial_t ring, found = 42;
    int r;

    NEED();
    ring = make(ALICE_UID);
    handoff_revoke(ring);
    r = handoff_find(&ctx, ALICE_UID, &found);
    /* The kernel may not have removed it yet. */
    assert_true(r == -ENOKEY || r == -EKEYREVOKED || r == -EKEYEXPIRED);
    assert_int_equal(found, 42);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    name_it(INT32_MAX);
    assert_int_equal(handoff_find(&ctx, ALICE_UID, &found), -ENOKEY);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
}

/* ~/.pam_environment can set the variable to anything. */
static void
garbage_is_refused_and_removed(void **state UNUSED)
{
    static const char *const texts[] = {
        "",    "0",   "-1",         "-3",   "x",
        "12x", " 12", "2147483648", "0x10", "99999999999999999999",
        "+12", "@s",  "1.5",
    };
    key_serial_t found = 42;
    char variable[64];
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++) {
        (void) snprintf(variable, sizeof(variable), HANDOFF_VARIABLE "=%s",
                        texts[i]);
        assert_int_equal(pam_putenv(pamh, variable), PAM_SUCCESS);
        assert_int_equal(handoff_find(&ctx, ALICE_UID, &found), -EKEYREJECTED);
        assert_int_equal(found, 42);
        assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    }
}

static void
that_of_another_user_is_refused_and_stays(void **state UNUSED)
{
    key_serial_t ring, found = 42;

    NEED();
    ring = make(ALICE_UID);
    assert_int_equal(handoff_find(&ctx, ALICE_UID + 1, &found), -EKEYREJECTED);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    name_it(ring);
    assert_int_equal(handoff_find(&ctx, 6100, &found), -EKEYREJECTED);
    assert_true(is_linked(ring, KEY_SPEC_USER_KEYRING));
    name_it(ring);
    assert_int_equal(handoff_find(&ctx, ALICE_UID, &found), 0);
    handoff_revoke(ring);
}

static void
anything_but_a_handoff_is_refused(void **state UNUSED)
{
    key_serial_t found = 42, ring = 0, key = 0;

    NEED();
    assert_int_equal(
        put_text(KEY_SPEC_SESSION_KEYRING, "oidc-handoff:61001:0", "x"), 0);
    assert_int_equal(keyring_find(KEY_SPEC_SESSION_KEYRING, "user",
                                  "oidc-handoff:61001:0", &key),
                     0);
    assert_int_equal(keyctl_setperm(key, KEY_USR_ALL | KEY_POS_ALL), 0);
    name_it(key); /* not a keyring */
    assert_int_equal(handoff_find(&ctx, ALICE_UID, &found), -EKEYREJECTED);

    assert_int_equal(
        keyring_make(KEY_SPEC_SESSION_KEYRING, "oidc-handoff:61001:0", &ring),
        0);
    name_it(ring); /* not its permissions */
    assert_int_equal(handoff_find(&ctx, ALICE_UID, &found), -EKEYREJECTED);

    assert_int_equal(keyctl_setperm(ring, KEY_USR_ALL), 0);
    assert_int_equal(keyctl_chown(ring, ALICE_UID, (gid_t) -1), 0);
    name_it(ring); /* the user made it */
    assert_int_equal(handoff_find(&ctx, ALICE_UID, &found), -EKEYREJECTED);
    assert_int_equal(found, 42);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
}

static void
a_handoff_is_roots_keyring_with_its_name_and_permissions(void **state UNUSED)
{
    static const struct {
        struct key_info info;
        bool is;
    } cases[] = {
        {{true, 0, 0, KEY_USR_ALL, "oidc-handoff:61001:00"}, true},
        {{true, 0, 7, KEY_USR_ALL, "oidc-handoff:61001:ff"}, true},
        {{false, 0, 0, KEY_USR_ALL, "oidc-handoff:61001:00"}, false},
        {{true, 61001, 0, KEY_USR_ALL, "oidc-handoff:61001:00"}, false},
        {{true, 0, 0, KEY_USR_ALL | KEY_POS_VIEW, "oidc-handoff:61001:00"},
         false},
        {{true, 0, 0, KEY_USR_ALL | KEY_OTH_WRITE, "oidc-handoff:61001:00"},
         false},
        {{true, 0, 0, KEY_USR_VIEW, "oidc-handoff:61001:00"}, false},
        {{true, 0, 0, 0, "oidc-handoff:61001:00"}, false},
        {{true, 0, 0, KEY_USR_ALL, "oidc-handoff:6100:00"}, false},
        {{true, 0, 0, KEY_USR_ALL, "oidc-handoff:610010:00"}, false},
        {{true, 0, 0, KEY_USR_ALL, "oidc-handoff:61001"}, false},
        {{true, 0, 0, KEY_USR_ALL, "xoidc-handoff:61001:00"}, false},
        {{true, 0, 0, KEY_USR_ALL, ""}, false},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(handoff_is_for(&cases[i].info, ALICE_UID),
                         cases[i].is);
}

/* ---- Taking ---- */

static void
is_taken_out_of_roots_keyring_into_the_process(void **state UNUSED)
{
    key_serial_t ring;

    NEED();
    ring = make(ALICE_UID);
    (void) keyctl_unlink(ring, KEY_SPEC_PROCESS_KEYRING); /* as in sshd */
    assert_int_equal(handoff_take(ring), 0);
    assert_false(is_linked(ring, KEY_SPEC_USER_KEYRING));
    assert_true(is_linked(ring, KEY_SPEC_PROCESS_KEYRING));
    assert_key(ring, KEY_ACCESS_TOKEN, CANARY "-access");
}

static void
is_taken_once(void **state UNUSED)
{
    key_serial_t ring;

    NEED();
    ring = make(ALICE_UID);
    assert_int_equal(handoff_take(ring), 0);
    (void) keyctl_unlink(ring, KEY_SPEC_PROCESS_KEYRING); /* elsewhere */
    assert_int_not_equal(handoff_take(ring), 0);
    assert_false(is_linked(ring, KEY_SPEC_PROCESS_KEYRING));
}

/* Another process has it, so that it still exists. */
static void
one_that_somebody_else_took_is_gone(void **state UNUSED)
{
    key_serial_t ring, other = 0;

    NEED();
    ring = make(ALICE_UID);
    assert_int_equal(
        keyring_make(KEY_SPEC_SESSION_KEYRING, "another process", &other), 0);
    assert_int_equal(keyctl_link(ring, other), 0);
    assert_int_equal(handoff_take(ring), 0);
    (void) keyctl_unlink(ring, KEY_SPEC_PROCESS_KEYRING);
    assert_int_equal(handoff_take(ring), -ENOKEY);
    assert_false(is_linked(ring, KEY_SPEC_PROCESS_KEYRING));
    (void) keyctl_unlink(other, KEY_SPEC_SESSION_KEYRING);
}

static void
one_that_cannot_be_linked_still_waits(void **state UNUSED)
{
    key_serial_t ring;

    NEED();
    ring = make(ALICE_UID);
    FAIL(keyctl_link, ENFILE, 0);
    assert_int_equal(handoff_take(ring), -ENFILE);
    WORK(keyctl_link);
    assert_true(is_linked(ring, KEY_SPEC_USER_KEYRING));
}

static void
one_that_was_revoked_cannot_be_taken(void **state UNUSED)
{
    key_serial_t ring;
    int r;

    NEED();
    ring = make(ALICE_UID);
    handoff_revoke(ring);
    r = handoff_take(ring);
    assert_true(r == -ENOKEY || r == -EKEYREVOKED);
    assert_false(is_linked(ring, KEY_SPEC_PROCESS_KEYRING));
}

/* ---- su: the real uid is the caller's ---- */

static int
make_and_take_as_in_su(void)
{
    key_serial_t ring = 0;
    uid_t real, effective, saved;

    CHECK(setresuid(ALICE_UID, 0, 0) == 0);
    CHECK_EQUAL(handoff_make(&ctx, ALICE_UID, &result, &ring), 0);
    CHECK(getresuid(&real, &effective, &saved) == 0);
    CHECK_EQUAL(real, ALICE_UID);
    CHECK_EQUAL(effective, 0);
    CHECK_EQUAL(saved, 0);
    CHECK_EQUAL(ring, exported());
    CHECK(setresuid(0, 0, 0) == 0);
    CHECK(is_linked(ring, KEY_SPEC_USER_KEYRING)); /* root's */
    CHECK(setresuid(ALICE_UID, 0, 0) == 0);
    CHECK_EQUAL(handoff_take(ring), 0);
    CHECK_EQUAL(getuid(), ALICE_UID);
    CHECK(setresuid(0, 0, 0) == 0);
    CHECK(!is_linked(ring, KEY_SPEC_USER_KEYRING));
    handoff_revoke(ring);
    return 0;
}

static void
in_su_it_is_roots_keyring_all_the_same(void **state UNUSED)
{
    NEED();
    in_child(make_and_take_as_in_su);
}

/* ---- Revoking ---- */

static void
revoking_ends_every_key_and_the_links(void **state UNUSED)
{
    static const char *const names[] = {KEY_ACCESS_TOKEN,  KEY_ID_TOKEN,
                                        KEY_REFRESH_TOKEN, KEY_EXPIRES_AT,
                                        KEY_SETTINGS,      KEY_STATUS};
    key_serial_t ring, keys[ARRAY_LEN(names)] = {0};
    struct secret out = {0};
    size_t i;
    int r;

    NEED();
    count_before();
    ring = make(ALICE_UID);
    for (i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(keyring_find(ring, "user", names[i], &keys[i]), 0);
    handoff_revoke(ring);
    for (i = 0; i < ARRAY_LEN(names); i++) {
        r = key_read(keys[i], &out);
        assert_true(r == -EKEYREVOKED || r == -ENOKEY);
    }
    assert_int_equal(links(KEY_SPEC_USER_KEYRING), before_user);
    assert_int_equal(links(KEY_SPEC_PROCESS_KEYRING), before_process);
    handoff_revoke(ring); /* a second time */
    secret_clear(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(every_token_is_in_a_key_of_roots),
        TEST(waits_in_roots_user_keyring),
        TEST(every_key_and_the_keyring_time_out_after_two_minutes),
        TEST(without_an_id_token_there_is_a_newline),
        TEST(an_empty_id_token_is_none),
        TEST(without_a_refresh_token_there_is_no_key),
        TEST(the_settings_are_a_request_without_tokens),
        TEST(the_status_says_who_and_when),
        TEST(a_time_that_is_absent_or_none_is_not_in_the_status),
        TEST(leaves_no_copy_in_memory),
        TEST(two_logins_at_once_keep_their_own),
        TEST(edquot_on_any_key_leaves_nothing_behind),
        TEST(a_timeout_that_cannot_be_set_leaves_nothing_behind),
        TEST(permissions_that_cannot_be_set_leave_nothing_behind),
        TEST(a_user_keyring_that_is_full_leaves_nothing_behind),
        TEST(a_variable_that_cannot_be_set_leaves_nothing_behind),
        TEST(a_token_that_is_too_large_leaves_nothing_behind),
        TEST(without_random_numbers_there_is_none),
        TEST(is_found_once_and_still_waits),
        TEST(without_a_variable_it_is_enodata),
        TEST(forgetting_unsets_the_variable_and_nothing_else),
        TEST(forgetting_twice_is_silent),
        TEST(one_that_timed_out_is_gone),
        TEST(garbage_is_refused_and_removed),
        TEST(that_of_another_user_is_refused_and_stays),
        TEST(anything_but_a_handoff_is_refused),
        TEST(a_handoff_is_roots_keyring_with_its_name_and_permissions),
        TEST(is_taken_out_of_roots_keyring_into_the_process),
        TEST(is_taken_once),
        TEST(one_that_somebody_else_took_is_gone),
        TEST(one_that_cannot_be_linked_still_waits),
        TEST(one_that_was_revoked_cannot_be_taken),
        TEST(in_su_it_is_roots_keyring_all_the_same),
        TEST(revoking_ends_every_key_and_the_links),
    };

    return cmocka_run_group_tests_name("handoff", tests, NULL, NULL);
}
