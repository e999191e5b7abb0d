/* SPDX-License-Identifier: MIT */
/*
 * Each in a child that becomes what the module makes of the helper: alice's uid,
 * the keys' group, a session keyring of its own with root's keys.
 */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/keyring.h"
#include "helper/tokens.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/child.h"
#include "tests/lib/test.h"

#define ALICE  61001
#define GROUP  61500
#define OURS   KEY_SPEC_SESSION_KEYRING
#define CANARY "CANARY-tokens"

/* The names that were written, in order; which of them fails. */
static char written[256];
static const char *fails_name;
static int fails_error;
key_serial_t __real_add_key(const char *type, const char *name,
                            const void *data, size_t len, key_serial_t ring);

key_serial_t
__wrap_add_key(const char *type, const char *name, const void *data, size_t len,
               key_serial_t ring)
{
    if (fails_name != NULL && strcmp(name, fails_name) == 0) {
        errno = fails_error;
        return -1;
    }
    strcat(written, name);
    strcat(written, " ");
    return __real_add_key(type, name, data, len, ring);
}

/* The timeouts, by key. */
static struct {
    key_serial_t key;
    unsigned seconds;
} timeouts[16];
static size_t n_timeouts;
static bool timeout_fails;
long __real_keyctl_set_timeout(key_serial_t key, unsigned seconds);

long
__wrap_keyctl_set_timeout(key_serial_t key, unsigned seconds)
{
    if (timeout_fails) {
        errno = EACCES;
        return -1;
    }
    if (n_timeouts < ARRAY_LEN(timeouts)) {
        timeouts[n_timeouts].key = key;
        timeouts[n_timeouts++].seconds = seconds;
    }
    return __real_keyctl_set_timeout(key, seconds);
}

static long
timeout_of(key_serial_t key)
{
    size_t i;

    for (i = n_timeouts; i > 0; i--)
        if (timeouts[i - 1].key == key)
            return (long) timeouts[i - 1].seconds;
    return -1;
}

static size_t n_searches;
long __real_keyctl_search(key_serial_t ring, const char *type, const char *name,
                          key_serial_t into);

long
__wrap_keyctl_search(key_serial_t ring_, const char *type, const char *name,
                     key_serial_t into)
{
    n_searches++;
    return __real_keyctl_search(ring_, type, name, into);
}

/* ---- Becoming the helper ---- */

static key_serial_t ring, access_key, id_key, expires_key, status_key,
    refresh_key, settings_key;
static struct tokens tokens;
static struct message result, request;
static bool no_refresh, refresh_stored;
static key_perm_t refresh_permissions;

static int
make(key_serial_t in, const char *name, const void *data, size_t len,
     key_perm_t permissions, key_serial_t *out)
{
    *out = __real_add_key("user", name, data, len, in);
    CHECK(*out != -1);
    CHECK_EQUAL(key_protect(*out, permissions, GROUP), 0);
    return 0;
}

static int
make_text(key_serial_t in, const char *name, const char *text,
          key_perm_t permissions, key_serial_t *out)
{
    return make(in, name, text, strlen(text), permissions, out);
}

static int
make_keys(const char *settings, size_t len)
{
    CHECK_EQUAL(keyring_make(OURS, KEYRING_TOKENS, &ring), 0);
    CHECK_EQUAL(key_protect(ring, KEY_FOR_SESSION, GROUP), 0);
    CHECK_EQUAL(make_text(ring, KEY_ACCESS_TOKEN, CANARY "-access",
                          KEY_FOR_SESSION, &access_key),
                0);
    CHECK_EQUAL(make_text(ring, KEY_ID_TOKEN, "id", KEY_FOR_SESSION, &id_key),
                0);
    CHECK_EQUAL(make_text(ring, KEY_EXPIRES_AT, "1700000000", KEY_FOR_SESSION,
                          &expires_key),
                0);
    CHECK_EQUAL(make_text(ring, KEY_STATUS, "state=retrying\nfailures=3\n",
                          KEY_FOR_SESSION, &status_key),
                0);
    CHECK_EQUAL(make_text(OURS, KEY_REFRESH_TOKEN, CANARY "-refresh",
                          refresh_permissions, &refresh_key),
                0);
    CHECK_EQUAL(
        make(OURS, KEY_SETTINGS, settings, len, KEY_FOR_READING, &settings_key),
        0);
    return 0;
}

/* As common/spawn.c does it. */
static int
become_helper(void)
{
    const key_serial_t keys[] = {ring, access_key, settings_key, refresh_key};
    size_t i;

    CHECK(keyctl_join_session_keyring(NULL) != -1);
    for (i = 0; i < ARRAY_LEN(keys) - no_refresh; i++)
        CHECK(keyctl_link(keys[i], OURS) == 0);
    CHECK(become(ALICE, GROUP) == 0);
    CHECK_EQUAL(tokens_find(&tokens), 0);
    written[0] = '\0';
    n_timeouts = 0;
    return 0;
}

static int
begin(void)
{
    struct message settings = {.kind = KIND_RENEW};
    struct secret wire = {0};

    CHECK_EQUAL(message_set_text(&settings, FIELD_SETTINGS, CANARY "-s"), 0);
    CHECK_EQUAL(message_set_text(&settings, FIELD_REVOKE, "yes"), 0);
    CHECK_EQUAL(message_encode(&settings, &wire), 0);
    CHECK_EQUAL(make_keys((const char *) wire.data, wire.len), 0);
    secret_clear(&wire);
    message_clear(&settings);
    return become_helper();
}

static int
set(enum field field, const char *text)
{
    CHECK_EQUAL(message_set_text(&result, field, text), 0);
    return 0;
}

/* Seconds from now, as a RESULT says it. */
static int
set_at(enum field field, int64_t seconds)
{
    CHECK_EQUAL(message_set_number(&result, field, time(NULL) + seconds), 0);
    return 0;
}

static int
set_result(void)
{
    CHECK_EQUAL(set(FIELD_OUTCOME, "ok"), 0);
    CHECK_EQUAL(set(FIELD_ACCESS_TOKEN, CANARY "-access2"), 0);
    CHECK_EQUAL(set(FIELD_REFRESH_TOKEN, CANARY "-refresh2"), 0);
    CHECK_EQUAL(set(FIELD_ID_TOKEN, "id2"), 0);
    CHECK_EQUAL(set_at(FIELD_EXPIRES_AT, 600), 0);
    CHECK_EQUAL(set_at(FIELD_ID_EXPIRES_AT, 300), 0);
    return 0;
}

static int64_t
time_of(enum field field)
{
    int64_t at;

    return message_number(&result, field, &at) == 0 ? at : 0;
}

/* As the helper does it. */
static int
store(void)
{
    const struct renewal_times times = {
        .expires_at = time_of(FIELD_EXPIRES_AT),
        .id_expires_at = time_of(FIELD_ID_EXPIRES_AT),
    };
    int r = tokens_store_refresh(&tokens, &result);

    refresh_stored = r == 0;
    return r == 0 ? tokens_publish(&tokens, &result, &times, time(NULL)) : r;
}

/* Likewise, when the session ends. */
static int
take(void)
{
    int r = tokens_revocation(&tokens, &request);

    tokens_end(&tokens);
    return r;
}

static int
retime(int64_t expires_in, int64_t id_expires_in)
{
    const int64_t now = time(NULL);
    const struct renewal_times times = {
        .expires_at = now + expires_in,
        .id_expires_at = id_expires_in != 0 ? now + id_expires_in : 0,
    };

    return tokens_retime(&tokens, &times, now);
}

static bool
holds(key_serial_t key, const char *text)
{
    struct secret out = {0};
    bool same =
        key_read(key, &out) == 0 && strcmp(secret_text(&out), text) == 0;

    secret_clear(&out);
    return same;
}

static bool
is_dead(key_serial_t key)
{
    struct key_info info;
    int r = key_info_get(key, &info);

    return r == -EKEYREVOKED || r == -ENOKEY;
}

static int
setup(void **state UNUSED)
{
    no_refresh = timeout_fails = false;
    fails_name = NULL;
    refresh_permissions = KEY_FOR_HELPER;
    return 0;
}

#define CASE(name)                                                             \
    static int name##_in_child(void);                                          \
    static void name(void **state UNUSED)                                      \
    {                                                                          \
        NEED_ROOT();                                                           \
        if (!keys_work())                                                      \
            SKIP("no kernel keyrings here");                                   \
        in_child(name##_in_child);                                             \
    }                                                                          \
    static int name##_in_child(void)

/* What the user does; the kernel needs some milliseconds to forget the key. */
static int
destroy(key_serial_t key, const char *name)
{
    key_serial_t found;
    int i, r = 0;

    CHECK(keyctl_invalidate(key) == 0);
    for (i = 0; i < 200 && r != -ENOKEY; i++) {
        r = keyring_find(ring, "user", name, &found);
        usleep(10000);
    }
    CHECK_EQUAL(r, -ENOKEY);
    return 0;
}

/* ---- Finding and reading ---- */

CASE(finds_the_keyring_and_its_keys)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(tokens.ring, ring);
    CHECK_EQUAL(tokens.key[SESSION_ACCESS_TOKEN], access_key);
    CHECK_EQUAL(tokens.key[SESSION_ID_TOKEN], id_key);
    CHECK_EQUAL(tokens.key[SESSION_EXPIRES_AT], expires_key);
    CHECK_EQUAL(tokens.key[SESSION_STATUS], status_key);
    return 0;
}

CASE(without_a_keyring_the_session_is_over)
{
    CHECK(keyctl_join_session_keyring(NULL) != -1);
    memset(&tokens, 0x55, sizeof(tokens));
    CHECK_EQUAL(tokens_find(&tokens), -EKEYREVOKED);
    CHECK_EQUAL(tokens.ring, 0);
    CHECK_EQUAL(tokens.key[SESSION_ACCESS_TOKEN], 0);
    return 0;
}

/* Then nobody knows whether it is over. */
CASE(a_keyring_that_may_not_be_looked_for_is_an_error)
{
    CHECK_EQUAL(make_keys("s", 1), 0);
    CHECK_EQUAL(key_protect(ring, KEY_POS_VIEW | KEY_USR_ALL, GROUP), 0);
    CHECK(keyctl_join_session_keyring(NULL) != -1);
    CHECK(keyctl_link(ring, OURS) == 0);
    CHECK(become(ALICE, GROUP) == 0);
    CHECK_EQUAL(tokens_find(&tokens), -EACCES);
    CHECK_EQUAL(tokens.ring, 0);
    return 0;
}

CASE(with_a_revoked_keyring_the_session_is_over)
{
    struct status status = {0};
    int64_t at = 42;

    CHECK_EQUAL(begin(), 0);
    CHECK(keyctl_revoke(ring) == 0);
    CHECK_EQUAL(tokens_times(&tokens, &at, &status), -EKEYREVOKED);
    CHECK_EQUAL(tokens_put_status(&tokens, &status), -EKEYREVOKED);
    CHECK_EQUAL(at, 42);
    CHECK_EQUAL(tokens_find(&tokens), -EKEYREVOKED);
    CHECK_EQUAL(tokens.ring, 0);
    return 0;
}

CASE(reads_expiry_and_status)
{
    struct status status;
    int64_t at = 0;

    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(tokens_times(&tokens, &at, &status), 0);
    CHECK_EQUAL(at, 1700000000);
    CHECK_EQUAL(status.state, STATE_RETRYING);
    CHECK_EQUAL(status.failures, 3);
    return 0;
}

CASE(keys_that_the_user_destroyed_are_0_and_empty)
{
    struct status status;
    int64_t at = 42;

    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(destroy(expires_key, KEY_EXPIRES_AT), 0);
    CHECK_EQUAL(destroy(status_key, KEY_STATUS), 0);
    CHECK_EQUAL(tokens_times(&tokens, &at, &status), 0);
    CHECK_EQUAL(at, 0);
    CHECK_EQUAL(status.state, STATE_ACTIVE);
    CHECK_EQUAL(status.failures, 0);
    return 0;
}

CASE(malformed_keys_are_an_error)
{
    struct status status = {.failures = 42};
    struct secret text = {0};
    int64_t at = 42;

    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(put_text(ring, KEY_STATUS, "state=unknown\n"), 0);
    CHECK_EQUAL(tokens_times(&tokens, &at, &status), -EBADMSG);
    CHECK_EQUAL(at, 42);
    CHECK_EQUAL(put_text(ring, KEY_STATUS, "state=active\n"), 0);
    CHECK_EQUAL(put_text(ring, KEY_EXPIRES_AT, "soon"), 0);
    CHECK(tokens_times(&tokens, &at, &status) < 0);
    CHECK_EQUAL(at, 42);
    secret_clear(&text);
    return 0;
}

CASE(writes_the_status_in_place)
{
    struct status status = {.state = STATE_LOGIN_REQUIRED, .renewals = 7};
    int64_t at = 0;

    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(tokens_put_status(&tokens, &status), 0);
    CHECK(holds(status_key, "state=login_required\nrenewals=7\nfailures=0\n"));
    CHECK_EQUAL(timeout_of(status_key), -1);
    CHECK_EQUAL(tokens_times(&tokens, &at, &status), 0);
    CHECK_EQUAL(status.renewals, 7);
    return 0;
}

CASE(a_status_over_quota_is_edquot)
{
    struct status status = {0};

    CHECK_EQUAL(begin(), 0);
    fails_name = KEY_STATUS;
    fails_error = EDQUOT;
    CHECK_EQUAL(tokens_put_status(&tokens, &status), -EDQUOT);
    CHECK(holds(status_key, "state=retrying\nfailures=3\n"));
    return 0;
}

/* ---- The request for a renewal ---- */

CASE(a_request_is_settings_and_refresh_token)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(tokens_request(&tokens, &request), 0);
    CHECK_EQUAL(request.kind, KIND_RENEW);
    CHECK(strcmp(message_text(&request, FIELD_SETTINGS), CANARY "-s") == 0);
    CHECK(strcmp(message_text(&request, FIELD_REFRESH_TOKEN), CANARY "-refresh")
          == 0);
    CHECK(!message_has(&request, FIELD_ACCESS_TOKEN));
    message_clear(&request);
    return 0;
}

CASE(without_a_refresh_token_it_is_enokey)
{
    no_refresh = true;
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(tokens_request(&tokens, &request), -ENOKEY);
    CHECK(message_has(&request, FIELD_SETTINGS)); /* timeout is in there */
    message_clear(&request);
    return 0;
}

CASE(ours_are_looked_for_once)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(tokens_request(&tokens, &request), 0);
    message_clear(&request);
    CHECK_EQUAL(tokens.refresh, refresh_key);
    CHECK_EQUAL(tokens.settings, settings_key);
    n_searches = 0;
    CHECK_EQUAL(tokens_request(&tokens, &request), 0);
    CHECK(message_has(&request, FIELD_SETTINGS));
    CHECK(message_has(&request, FIELD_REFRESH_TOKEN));
    CHECK_EQUAL(n_searches, 0);
    message_clear(&request);
    return 0;
}

CASE(a_refresh_token_in_another_key_is_the_one_that_is_read)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(tokens_request(&tokens, &request), 0);
    message_clear(&request);
    CHECK(keyctl_unlink(refresh_key, OURS) == 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), 0);
    CHECK(tokens.refresh != refresh_key);
    CHECK_EQUAL(tokens_request(&tokens, &request), 0);
    CHECK(
        strcmp(message_text(&request, FIELD_REFRESH_TOKEN), CANARY "-refresh2")
        == 0);
    message_clear(&request);
    message_clear(&result);
    return 0;
}

CASE(with_a_revoked_refresh_token_the_session_is_over)
{
    CHECK_EQUAL(begin(), 0);
    CHECK(keyctl_revoke(refresh_key) == 0);
    CHECK_EQUAL(tokens_request(&tokens, &request), -EKEYREVOKED);
    message_clear(&request);
    return 0;
}

CASE(settings_that_are_no_message_are_ebadmsg)
{
    CHECK_EQUAL(make_keys("\0\0\0", 3), 0); /* cut short */
    CHECK_EQUAL(become_helper(), 0);
    CHECK_EQUAL(tokens_request(&tokens, &request), -EBADMSG);
    message_clear(&request);
    return 0;
}

/* ---- Storing ---- */

CASE(stores_everything_in_place)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), 0);
    CHECK(refresh_stored);
    CHECK(holds(access_key, CANARY "-access2"));
    CHECK(holds(refresh_key, CANARY "-refresh2"));
    CHECK(holds(id_key, "id2"));
    CHECK(holds(expires_key, message_text(&result, FIELD_EXPIRES_AT)));
    CHECK(timeout_of(access_key) >= 598 && timeout_of(access_key) <= 600);
    CHECK(timeout_of(id_key) >= 298 && timeout_of(id_key) <= 300);
    CHECK_EQUAL(timeout_of(refresh_key), -1);
    CHECK_EQUAL(timeout_of(expires_key), -1);
    return 0;
}

CASE(stores_the_refresh_token_before_the_access_token)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), 0);
    CHECK(strncmp(written, KEY_REFRESH_TOKEN " " KEY_ACCESS_TOKEN " ",
                  strlen(KEY_REFRESH_TOKEN " " KEY_ACCESS_TOKEN " "))
          == 0);
    return 0;
}

CASE(a_refresh_token_that_cannot_be_stored_keeps_the_old_access_token)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(set_result(), 0);
    fails_name = KEY_REFRESH_TOKEN;
    fails_error = EDQUOT;
    CHECK_EQUAL(store(), -EDQUOT);
    CHECK(!refresh_stored);
    CHECK(holds(access_key, CANARY "-access"));
    CHECK(holds(refresh_key, CANARY "-refresh"));
    CHECK(holds(expires_key, "1700000000"));
    return 0;
}

CASE(an_access_token_that_cannot_be_stored_keeps_the_new_refresh_token)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(set_result(), 0);
    fails_name = KEY_ACCESS_TOKEN;
    fails_error = EDQUOT;
    CHECK_EQUAL(store(), -EDQUOT);
    CHECK(refresh_stored); /* the exchange must not revoke it */
    CHECK(holds(refresh_key, CANARY "-refresh2"));
    CHECK(holds(access_key, CANARY "-access"));
    return 0;
}

CASE(what_is_only_told_to_the_session_fails_no_renewal)
{
    static const char *const names[] = {KEY_ID_TOKEN, KEY_EXPIRES_AT};
    size_t i;

    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(set_result(), 0);
    for (i = 0; i < ARRAY_LEN(names); i++) {
        fails_name = names[i];
        fails_error = EDQUOT;
        CHECK_EQUAL(store(), 0);
        fails_error = EKEYREVOKED;
        CHECK_EQUAL(store(), -EKEYREVOKED);
    }
    return 0;
}

/* RFC 6749 section 6. */
CASE(without_new_ones_the_old_refresh_and_id_tokens_stay)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(set_result(), 0);
    secret_clear(&result.field[FIELD_REFRESH_TOKEN]);
    secret_clear(&result.field[FIELD_ID_TOKEN]);
    CHECK_EQUAL(store(), 0);
    CHECK(holds(refresh_key, CANARY "-refresh"));
    CHECK(holds(id_key, "id"));
    CHECK(holds(access_key, CANARY "-access2"));
    return 0;
}

CASE(empty_refresh_and_id_tokens_are_none)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(set(FIELD_REFRESH_TOKEN, ""), 0);
    CHECK_EQUAL(set(FIELD_ID_TOKEN, ""), 0);
    CHECK_EQUAL(store(), 0);
    CHECK(holds(refresh_key, CANARY "-refresh"));
    CHECK(holds(id_key, "id"));
    return 0;
}

CASE(a_token_that_has_expired_already_gets_one_second)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(set_at(FIELD_EXPIRES_AT, -1), 0);
    CHECK_EQUAL(set_at(FIELD_ID_EXPIRES_AT, 0), 0);
    CHECK_EQUAL(store(), 0);
    CHECK_EQUAL(timeout_of(access_key), 1);
    CHECK_EQUAL(timeout_of(id_key), 1);
    return 0;
}

CASE(an_id_token_without_exp_has_no_timeout)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(set_result(), 0);
    secret_clear(&result.field[FIELD_ID_EXPIRES_AT]);
    CHECK_EQUAL(store(), 0);
    CHECK_EQUAL(timeout_of(id_key), -1);
    CHECK(holds(id_key, "id2"));
    return 0;
}

CASE(an_access_token_without_a_timeout_is_revoked)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(set_result(), 0);
    timeout_fails = true;
    CHECK_EQUAL(store(), -EACCES);
    CHECK(is_dead(access_key));
    return 0;
}

CASE(a_token_of_20_kb_is_stored_in_place)
{
    static char many[20001];

    memset(many, 'x', sizeof(many) - 1);
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(set(FIELD_ACCESS_TOKEN, many), 0);
    CHECK_EQUAL(store(), 0);
    CHECK(holds(access_key, many));
    return 0;
}

static int
wait_until_expired(key_serial_t key)
{
    struct secret out = {0};
    int i, r = 0;

    for (i = 0; i < 50 && r == 0; i++) {
        secret_clear(&out);
        r = key_read(key, &out);
        usleep(100000);
    }
    secret_clear(&out);
    CHECK_EQUAL(r, -EKEYEXPIRED);
    return 0;
}

/* It expired while the helper was executed anew, or the laptop slept. */
CASE(an_expired_access_token_comes_back_to_life)
{
    struct key_info info;

    CHECK_EQUAL(begin(), 0);
    CHECK(__real_keyctl_set_timeout(access_key, 1) == 0);
    CHECK_EQUAL(wait_until_expired(access_key), 0);
    CHECK_EQUAL(tokens_find(&tokens), 0);
    CHECK(tokens.ring != 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), 0);
    CHECK(holds(access_key, CANARY "-access2"));
    CHECK_EQUAL(key_info_get(access_key, &info), 0);
    CHECK_EQUAL(info.uid, 0);
    CHECK_EQUAL(info.permissions, KEY_FOR_SESSION);
    CHECK_EQUAL(store(), 0);
    return 0;
}

/* To invalidate takes only the right to search. */
CASE(an_access_token_that_the_user_destroyed_is_made_again)
{
    key_serial_t key = 0, found = 0;
    struct key_info info;

    CHECK_EQUAL(begin(), 0);
    CHECK(keyctl_invalidate(access_key) == 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), 0);
    CHECK_EQUAL(keyring_find(ring, "user", KEY_ACCESS_TOKEN, &key), 0);
    CHECK(key != access_key);
    CHECK_EQUAL(tokens.key[SESSION_ACCESS_TOKEN], key);
    CHECK(holds(key, CANARY "-access2"));
    CHECK_EQUAL(key_info_get(key, &info), 0);
    CHECK_EQUAL(info.uid, ALICE);
    CHECK_EQUAL(info.permissions, KEY_FOR_SESSION & ~(key_perm_t) KEY_USR_ALL);
    /* Revoking must find it when the keyring is gone. */
    CHECK(keyctl_revoke(ring) == 0);
    CHECK_EQUAL(keyring_find(OURS, "user", KEY_ACCESS_TOKEN, &found), 0);
    CHECK_EQUAL(found, key);
    return 0;
}

/* The kernel finds it by its number only, and lets nobody write it. */
CASE(one_that_was_made_again_and_has_expired_is_replaced)
{
    key_serial_t key;

    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(destroy(access_key, KEY_ACCESS_TOKEN), 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(set_at(FIELD_EXPIRES_AT, 1), 0);
    CHECK_EQUAL(store(), 0);
    key = tokens.key[SESSION_ACCESS_TOKEN];
    CHECK(key != access_key);
    CHECK_EQUAL(wait_until_expired(key), 0);
    CHECK_EQUAL(set(FIELD_ACCESS_TOKEN, CANARY "-access3"), 0);
    CHECK_EQUAL(set_at(FIELD_EXPIRES_AT, 600), 0);
    CHECK_EQUAL(store(), 0);
    CHECK(holds(tokens.key[SESSION_ACCESS_TOKEN], CANARY "-access3"));
    return 0;
}

CASE(one_that_was_made_again_ends_by_the_new_clock_as_well)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(destroy(access_key, KEY_ACCESS_TOKEN), 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), 0);
    CHECK_EQUAL(retime(77, 0), 0);
    CHECK_EQUAL(timeout_of(tokens.key[SESSION_ACCESS_TOKEN]), 77);
    CHECK(holds(tokens.key[SESSION_ACCESS_TOKEN], CANARY "-access2"));
    return 0;
}

CASE(every_key_that_the_user_destroyed_is_made_again)
{
    struct status status = {.failures = 5};
    key_serial_t key = 0;

    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(destroy(id_key, KEY_ID_TOKEN), 0);
    CHECK_EQUAL(destroy(expires_key, KEY_EXPIRES_AT), 0);
    CHECK_EQUAL(destroy(status_key, KEY_STATUS), 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), 0);
    CHECK_EQUAL(tokens_put_status(&tokens, &status), 0);
    CHECK_EQUAL(keyring_find(ring, "user", KEY_ID_TOKEN, &key), 0);
    CHECK(holds(key, "id2"));
    CHECK_EQUAL(keyring_find(ring, "user", KEY_STATUS, &key), 0);
    return 0;
}

CASE(a_key_that_was_made_again_is_written_the_next_time)
{
    struct status status = {.failures = 5};

    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(destroy(access_key, KEY_ACCESS_TOKEN), 0);
    CHECK_EQUAL(destroy(status_key, KEY_STATUS), 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), 0);
    CHECK_EQUAL(tokens_put_status(&tokens, &status), 0);
    CHECK_EQUAL(set(FIELD_ACCESS_TOKEN, CANARY "-access3"), 0);
    CHECK_EQUAL(store(), 0);
    CHECK(holds(tokens.key[SESSION_ACCESS_TOKEN], CANARY "-access3"));
    CHECK_EQUAL(tokens_put_status(&tokens, &status), 0);
    return 0;
}

CASE(a_key_that_was_made_again_is_gone_at_the_end)
{
    key_serial_t key;
    int i;

    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(destroy(access_key, KEY_ACCESS_TOKEN), 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), 0);
    key = tokens.key[SESSION_ACCESS_TOKEN];
    CHECK_EQUAL(take(), 0);
    CHECK(strcmp(message_text(&request, FIELD_ACCESS_TOKEN), CANARY "-access2")
          == 0);
    /* We own it without any right: unlinked, it goes when the kernel likes. */
    for (i = 0; i < 200 && !is_dead(key); i++)
        usleep(10000);
    CHECK(is_dead(key));
    message_clear(&request);
    return 0;
}

CASE(a_keyring_that_the_user_destroyed_ends_the_session)
{
    struct status status = {0};

    CHECK_EQUAL(begin(), 0);
    CHECK(keyctl_invalidate(ring) == 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), -EKEYREVOKED);
    CHECK_EQUAL(tokens_put_status(&tokens, &status), -EKEYREVOKED);
    return 0;
}

/* The module has closed the session while a renewal was in flight. */
CASE(nothing_is_put_back_after_the_keyring_is_revoked)
{
    CHECK_EQUAL(begin(), 0);
    CHECK(keyctl_revoke(ring) == 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), -EKEYREVOKED);
    CHECK(holds(access_key, CANARY "-access"));
    return 0;
}

/* ---- The clock is set ---- */

CASE(keys_end_by_the_new_clock)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(retime(77, 55), 0);
    CHECK_EQUAL(timeout_of(access_key), 77);
    CHECK_EQUAL(timeout_of(id_key), 55);
    CHECK(holds(access_key, CANARY "-access"));
    CHECK(!holds(expires_key, "1700000000"));
    CHECK_EQUAL(retime(33, 0), 0);
    CHECK_EQUAL(timeout_of(access_key), 33);
    CHECK_EQUAL(timeout_of(id_key), 55); /* it has no end that we know */
    CHECK_EQUAL(retime(-5, 0), 0);
    CHECK_EQUAL(timeout_of(access_key), 1);
    return 0;
}

/* By the new clock: only a renewal brings one that can be read. */
CASE(a_token_that_is_out_of_reach_by_the_new_clock_is_ekeyexpired)
{
    CHECK_EQUAL(begin(), 0);
    CHECK(__real_keyctl_set_timeout(access_key, 1) == 0);
    CHECK(__real_keyctl_set_timeout(id_key, 1) == 0);
    CHECK_EQUAL(wait_until_expired(access_key), 0);
    CHECK_EQUAL(wait_until_expired(id_key), 0);
    CHECK_EQUAL(retime(600, 300), -EKEYEXPIRED);
    return 0;
}

CASE(keys_that_are_gone_need_no_time)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(destroy(access_key, KEY_ACCESS_TOKEN), 0);
    CHECK_EQUAL(retime(600, 300), 0);
    CHECK(keyctl_revoke(ring) == 0);
    CHECK_EQUAL(retime(600, 300), -EKEYREVOKED);
    return 0;
}

/* ---- An expired key is kept ---- */

CASE(a_kept_key_keeps_its_serial_and_has_no_token)
{
    struct key_info info;

    CHECK_EQUAL(begin(), 0);
    CHECK(__real_keyctl_set_timeout(access_key, 1) == 0);
    CHECK_EQUAL(wait_until_expired(access_key), 0);
    tokens_keep(&tokens);
    CHECK(holds(access_key, KEY_NO_TOKEN));
    CHECK_EQUAL(timeout_of(access_key), 1);
    CHECK_EQUAL(tokens.key[SESSION_ACCESS_TOKEN], access_key);
    CHECK_EQUAL(key_info_get(access_key, &info), 0);
    CHECK_EQUAL(info.uid, 0);
    CHECK_EQUAL(wait_until_expired(access_key), 0);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), 0);
    CHECK(holds(access_key, CANARY "-access2"));
    return 0;
}

/* Whatever the helper takes its end to be. */
CASE(a_token_that_has_not_expired_is_left_alone)
{
    CHECK_EQUAL(begin(), 0);
    tokens_keep(&tokens);
    CHECK(holds(access_key, CANARY "-access"));
    CHECK_EQUAL(destroy(access_key, KEY_ACCESS_TOKEN), 0);
    tokens_keep(&tokens);
    CHECK_EQUAL(keyring_find(ring, "user", KEY_ACCESS_TOKEN, &access_key),
                -ENOKEY);
    return 0;
}

/* ---- The session's keyring ---- */

CASE(a_session_lives_until_its_keyring_is_revoked_or_gone)
{
    key_serial_t session = keyctl_join_session_keyring(NULL), other;

    CHECK(session != -1);
    CHECK(tokens_session_lives(0)); /* nobody has told us which */
    CHECK(tokens_session_lives(session));
    CHECK(keyctl_revoke(session) == 0);
    CHECK(!tokens_session_lives(session));
    other = keyctl_join_session_keyring(NULL);
    CHECK(other != -1);
    CHECK(keyctl_setperm(other, KEY_USR_SETATTR) == 0);
    CHECK(become(ALICE, GROUP) == 0);
    CHECK(tokens_session_lives(other)); /* it does not say */
    return 0;
}

/* ---- Removing ---- */

CASE(removing_leaves_status_and_expiry)
{
    CHECK_EQUAL(begin(), 0);
    tokens_remove(&tokens);
    CHECK(is_dead(access_key));
    CHECK(is_dead(id_key));
    CHECK(is_dead(refresh_key));
    CHECK(!is_dead(status_key));
    CHECK(!is_dead(expires_key));
    CHECK(!is_dead(ring));
    CHECK_EQUAL(tokens_request(&tokens, &request), -ENOKEY);
    tokens_remove(&tokens); /* a second time */
    message_clear(&request);
    return 0;
}

CASE(taking_revokes_every_key_and_makes_the_request)
{
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(take(), 0);
    CHECK_EQUAL(request.kind, KIND_REVOKE);
    CHECK(strcmp(message_text(&request, FIELD_ACCESS_TOKEN), CANARY "-access")
          == 0);
    CHECK(strcmp(message_text(&request, FIELD_REFRESH_TOKEN), CANARY "-refresh")
          == 0);
    CHECK(strcmp(message_text(&request, FIELD_SETTINGS), CANARY "-s") == 0);
    CHECK(strcmp(message_text(&request, FIELD_REVOKE), "yes") == 0);
    CHECK(is_dead(ring));
    CHECK(is_dead(access_key));
    CHECK(is_dead(id_key));
    CHECK(is_dead(expires_key));
    CHECK(is_dead(status_key));
    CHECK(is_dead(refresh_key));
    CHECK(is_dead(settings_key));
    message_clear(&request);
    return 0;
}

/* The module was faster. */
CASE(taking_finds_the_access_token_although_the_keyring_is_revoked)
{
    CHECK_EQUAL(begin(), 0);
    CHECK(keyctl_revoke(ring) == 0);
    CHECK_EQUAL(take(), 0);
    CHECK(strcmp(message_text(&request, FIELD_ACCESS_TOKEN), CANARY "-access")
          == 0);
    CHECK(message_has(&request, FIELD_REFRESH_TOKEN));
    CHECK(is_dead(access_key));
    CHECK(is_dead(refresh_key));
    message_clear(&request);
    return 0;
}

CASE(taking_what_is_gone_makes_an_empty_request)
{
    CHECK(keyctl_join_session_keyring(NULL) != -1);
    CHECK_EQUAL(tokens_find(&tokens), -EKEYREVOKED);
    CHECK_EQUAL(take(), -ENOKEY);
    CHECK_EQUAL(request.kind, KIND_REVOKE);
    CHECK(!message_has(&request, FIELD_ACCESS_TOKEN));
    CHECK(!message_has(&request, FIELD_REFRESH_TOKEN));
    CHECK(!message_has(&request, FIELD_SETTINGS));
    message_clear(&request);
    return 0;
}

CASE(taking_with_broken_settings_revokes_the_keys)
{
    CHECK_EQUAL(make_keys("\xee", 1), 0);
    CHECK_EQUAL(become_helper(), 0);
    CHECK_EQUAL(take(), -EBADMSG);
    CHECK(message_has(&request, FIELD_ACCESS_TOKEN));
    CHECK(!message_has(&request, FIELD_SETTINGS));
    CHECK(is_dead(access_key));
    CHECK(is_dead(refresh_key));
    message_clear(&request);
    return 0;
}

CASE(taking_a_token_that_is_there_but_cannot_be_read_says_so)
{
    refresh_permissions = KEY_POS_VIEW | KEY_USR_ALL; /* root's */
    CHECK_EQUAL(begin(), 0);
    CHECK_EQUAL(take(), -EACCES);
    CHECK(message_has(&request, FIELD_ACCESS_TOKEN));
    CHECK(!message_has(&request, FIELD_REFRESH_TOKEN));
    message_clear(&request);
    return 0;
}

CASE(leaves_no_copy_of_a_token_in_memory)
{
    CHECK_EQUAL(begin(), 0);
    wiped_begin(CANARY);
    CHECK_EQUAL(tokens_request(&tokens, &request), 0);
    message_clear(&request);
    CHECK_EQUAL(set_result(), 0);
    CHECK_EQUAL(store(), 0);
    message_clear(&result);
    CHECK_EQUAL(take(), 0);
    message_clear(&request);
    CHECK(wiped_all());
    return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(finds_the_keyring_and_its_keys),
        TEST(without_a_keyring_the_session_is_over),
        TEST(a_keyring_that_may_not_be_looked_for_is_an_error),
        TEST(with_a_revoked_keyring_the_session_is_over),
        TEST(reads_expiry_and_status),
        TEST(keys_that_the_user_destroyed_are_0_and_empty),
        TEST(malformed_keys_are_an_error),
        TEST(writes_the_status_in_place),
        TEST(a_status_over_quota_is_edquot),
        TEST(a_request_is_settings_and_refresh_token),
        TEST(without_a_refresh_token_it_is_enokey),
        TEST(ours_are_looked_for_once),
        TEST(a_refresh_token_in_another_key_is_the_one_that_is_read),
        TEST(with_a_revoked_refresh_token_the_session_is_over),
        TEST(settings_that_are_no_message_are_ebadmsg),
        TEST(stores_everything_in_place),
        TEST(stores_the_refresh_token_before_the_access_token),
        TEST(a_refresh_token_that_cannot_be_stored_keeps_the_old_access_token),
        TEST(an_access_token_that_cannot_be_stored_keeps_the_new_refresh_token),
        TEST(what_is_only_told_to_the_session_fails_no_renewal),
        TEST(without_new_ones_the_old_refresh_and_id_tokens_stay),
        TEST(empty_refresh_and_id_tokens_are_none),
        TEST(a_token_that_has_expired_already_gets_one_second),
        TEST(an_id_token_without_exp_has_no_timeout),
        TEST(an_access_token_without_a_timeout_is_revoked),
        TEST(a_token_of_20_kb_is_stored_in_place),
        TEST(an_expired_access_token_comes_back_to_life),
        TEST(an_access_token_that_the_user_destroyed_is_made_again),
        TEST(one_that_was_made_again_and_has_expired_is_replaced),
        TEST(one_that_was_made_again_ends_by_the_new_clock_as_well),
        TEST(every_key_that_the_user_destroyed_is_made_again),
        TEST(a_key_that_was_made_again_is_written_the_next_time),
        TEST(a_key_that_was_made_again_is_gone_at_the_end),
        TEST(a_keyring_that_the_user_destroyed_ends_the_session),
        TEST(nothing_is_put_back_after_the_keyring_is_revoked),
        TEST(keys_end_by_the_new_clock),
        TEST(a_token_that_is_out_of_reach_by_the_new_clock_is_ekeyexpired),
        TEST(keys_that_are_gone_need_no_time),
        TEST(a_kept_key_keeps_its_serial_and_has_no_token),
        TEST(a_token_that_has_not_expired_is_left_alone),
        TEST(a_session_lives_until_its_keyring_is_revoked_or_gone),
        TEST(removing_leaves_status_and_expiry),
        TEST(taking_revokes_every_key_and_makes_the_request),
        TEST(taking_finds_the_access_token_although_the_keyring_is_revoked),
        TEST(taking_what_is_gone_makes_an_empty_request),
        TEST(taking_with_broken_settings_revokes_the_keys),
        TEST(taking_a_token_that_is_there_but_cannot_be_read_says_so),
        TEST(leaves_no_copy_of_a_token_in_memory),
    };

    return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
