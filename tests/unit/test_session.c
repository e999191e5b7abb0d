/* SPDX-License-Identifier: MIT */
/*
 * With real keyrings and real hand-offs, each in a child: it may change its
 * session keyring, and nothing is left of it.
 */
#include <config.h>

#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/keyring.h"
#include "common/number.h"
#include "pam/handoff.h"
#include "pam/helper.h"
#include "pam/session.h"
#include "tests/lib/child.h"
#include "tests/lib/fakepam.h"
#include "tests/lib/test.h"

#define NOW     INT64_C(1700000000)
#define GROUP   61500
#define SYSTEM  61501
#define SESSION KEY_SPEC_SESSION_KEYRING

INJECT(key_serial_t, add_key,
       (const char *type, const char *name, const void *data, size_t len,
        key_serial_t ring),
       (type, name, data, len, ring))
INJECT(long, keyctl_chown, (key_serial_t key, uid_t uid, gid_t gid),
       (key, uid, gid))
INJECT(long, keyctl_link, (key_serial_t key, key_serial_t ring), (key, ring))

time_t
__wrap_time(time_t *out)
{
    if (out != NULL)
        *out = (time_t) NOW;
    return (time_t) NOW;
}

/* The last timeout of each key. */
static struct {
    key_serial_t key;
    unsigned seconds;
} timeouts[64];
static size_t n_timeouts;
static int timeout_error;
long __real_keyctl_set_timeout(key_serial_t key, unsigned seconds);

long
__wrap_keyctl_set_timeout(key_serial_t key, unsigned seconds)
{
    if (timeout_error != 0) {
        errno = timeout_error;
        return -1;
    }
    if (n_timeouts < ARRAY_LEN(timeouts)) {
        timeouts[n_timeouts].key = key;
        timeouts[n_timeouts++].seconds = seconds;
    }
    return __real_keyctl_set_timeout(key, seconds);
}

/* -1 when it has none. */
static long
timeout_of(key_serial_t key)
{
    size_t i;

    for (i = n_timeouts; i > 0; i--)
        if (timeouts[i - 1].key == key)
            return (long) timeouts[i - 1].seconds;
    return -1;
}

/* Programs run as who we are. */
int __real_setresuid(uid_t r, uid_t e, uid_t s);

int
__wrap_setgroups(size_t n UNUSED, const gid_t *groups UNUSED)
{
    return 0;
}

int
__wrap_setresgid(gid_t r UNUSED, gid_t e UNUSED, gid_t s UNUSED)
{
    return 0;
}

int
__wrap_setresuid(uid_t r UNUSED, uid_t e UNUSED, uid_t s UNUSED)
{
    return 0;
}

/* ---- The helper ---- */

static struct {
    int result, second_result; /* of the first start and the next ones */
    bool real;                 /* start the fake program */
    unsigned starts, ends;
    bool is_there; /* although its descriptor is not ours any more */
    int64_t looked_for;
    int end_result;
    char name[64];
    struct helper_user user;
    key_serial_t ring, tokens;
} helper;

int __real_helper_start(const struct helper_user *user, key_serial_t ring,
                        key_serial_t tokens, struct helper *out);

int
__wrap_helper_start(const struct helper_user *user, key_serial_t ring,
                    key_serial_t tokens, struct helper *out)
{
    int r = helper.starts++ == 0 ? helper.result : helper.second_result;

    helper.user = *user;
    (void) snprintf(helper.name, sizeof(helper.name), "%s", user->name);
    helper.ring = ring;
    helper.tokens = tokens;
    if (helper.real)
        return __real_helper_start(user, ring, tokens, out);
    if (r == 0)
        *out = (struct helper){.pidfd = open("/dev/null", O_RDONLY | O_CLOEXEC),
                               .pid = 1};
    return r;
}

/* Only one that was found in /proc by its number is looked for here. */
int
__wrap_helper_continue(const struct helper *which)
{
    return which->pidfd < 0 ? -ESRCH : helper.end_result;
}

int
__wrap_helper_find(int64_t pid, const struct helper_user *user,
                   struct helper *out)
{
    helper.looked_for = pid;
    if (!helper.is_there)
        return -ESRCH;
    helper.user = *user;
    helper.end_result = 0;
    *out = (struct helper){.pidfd = open("/dev/null", O_RDONLY | O_CLOEXEC),
                           .pid = (pid_t) pid};
    return 0;
}

int
__wrap_helper_end(const struct helper *which)
{
    helper.ends++;
    return which->pidfd < 0 ? -ESRCH : helper.end_result;
}

/* ---- A login ---- */

static pam_handle_t *pamh;
static struct context ctx;
static struct message result;
static struct session session;
static struct owner owner;
static key_serial_t handoff;

static void
set(enum field field, const char *text)
{
    assert_int_equal(message_set_text(&result, field, text), 0);
}

static int
setup(void **state UNUSED)
{
    memset(&helper, 0, sizeof(helper));
    session = (struct session){.helper = HELPER_NONE};
    owner = (struct owner){.name = "alice",
                           .uid = ALICE_UID,
                           .gid = ALICE_GID,
                           .system = {.uid = SYSTEM, .gid = GROUP},
                           .process = getpid()};
    n_timeouts = 0;
    timeout_error = 0;
    handoff = 0;
    pamh = fakepam_start();
    pamh->system_uid = SYSTEM;
    pamh->system_gid = GROUP;
    ctx = (struct context){.pamh = pamh, .user = "alice"};
    result.kind = KIND_RESULT;
    set(FIELD_ACCESS_TOKEN, "access");
    set(FIELD_ID_TOKEN, "id");
    set(FIELD_REFRESH_TOKEN, "refresh");
    set(FIELD_EXPIRES_AT, "1700003600");
    set(FIELD_SETTINGS, "settings");
    set(FIELD_REVOKE, "yes");
    return 0;
}

static int
teardown(void **state UNUSED)
{
    WORK(add_key);
    WORK(keyctl_chown);
    WORK(keyctl_link);
    message_clear(&result);
    fakepam_end(pamh, 0);
    return 0;
}

/* 0 when the hand-off of a login waits. */
static int
log_in(void)
{
    int r = handoff_make(&ctx, owner.uid, &result, &handoff);

    if (r == 0)
        (void) keyctl_unlink(handoff, KEY_SPEC_PROCESS_KEYRING);
    n_timeouts = 0;
    return r;
}

static int
open_it(void)
{
    return session_open(&ctx, &owner, handoff, &session);
}

static key_serial_t
key_of(const char *name)
{
    key_serial_t key = 0;

    (void) !keyring_find(handoff, "user", name, &key);
    return key;
}

/* 0, or the errno of looking at a key. */
static int
look(key_serial_t key)
{
    struct key_info info;

    return key_info_get(key, &info);
}

static bool
is_dead(key_serial_t key)
{
    int r = look(key);

    return r == -EKEYREVOKED || r == -ENOKEY;
}

static long
links(key_serial_t ring)
{
    return keyctl_read(ring, NULL, 0) / (long) sizeof(key_serial_t);
}

/* One line with this in it. */
static bool
logged(int priority, const char *part)
{
    return pamh->n_log == 1 && pamh->priority[0] == priority
           && strstr(pamh->log[0], part) != NULL;
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

/* ---- Opening ---- */

CASE(a_handoff_that_is_not_there_opens_nothing)
{
    session.ring = 42;
    handoff = INT32_MAX;
    CHECK_EQUAL(open_it(), -ENOKEY);
    CHECK_EQUAL(session.ring, 42);
    CHECK_EQUAL(pamh->n_log, 0);
    CHECK_EQUAL(helper.starts, 0);
    return 0;
}

/* Of two sessions of one login, the second must not end the first's. */
CASE(a_handoff_that_a_session_took_opens_no_other)
{
    struct session first;

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    first = session;
    session = (struct session){.helper = HELPER_NONE};
    CHECK_EQUAL(open_it(), -ENOKEY);
    CHECK_EQUAL(session.ring, 0);
    CHECK_EQUAL(helper.starts, 1);
    CHECK_EQUAL(helper.ends, 0);
    CHECK_EQUAL(look(first.tokens), 0);
    CHECK_EQUAL(look(first.ring), 0);
    return 0;
}

CASE(the_session_gets_its_keyring)
{
    struct key_info info;
    key_serial_t ring = 0;

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    CHECK_EQUAL(keyring_find(SESSION, "keyring", KEYRING_TOKENS, &ring), 0);
    CHECK_EQUAL(ring, session.tokens);
    CHECK_EQUAL(session.ring, handoff);
    CHECK_EQUAL(memcmp(&session.owner, &owner, sizeof(owner)), 0);
    CHECK(session.helper.pidfd >= 0);
    CHECK_EQUAL(key_info_get(ring, &info), 0);
    CHECK_EQUAL(info.uid, 0);
    CHECK_EQUAL(info.gid, GROUP);
    CHECK_EQUAL(info.permissions, KEY_FOR_SESSION);
    CHECK_EQUAL(links(ring), 4);
    CHECK_EQUAL(pamh->n_log, 0);
    return 0;
}

static int
check_key(const char *name, key_perm_t permissions, bool in_session)
{
    struct key_info info;
    key_serial_t found = 0;

    CHECK_EQUAL(key_info_get(key_of(name), &info), 0);
    CHECK_EQUAL(info.uid, 0);
    CHECK_EQUAL(info.gid, GROUP);
    CHECK_EQUAL(info.permissions, permissions);
    CHECK_EQUAL(keyring_find(session.tokens, "user", name, &found),
                in_session ? 0 : -ENOKEY);
    CHECK(!in_session || found == key_of(name));
    return 0;
}

CASE(the_session_reads_what_the_helper_writes_and_no_more)
{
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    CHECK_EQUAL(check_key(KEY_ACCESS_TOKEN, KEY_FOR_SESSION, true), 0);
    CHECK_EQUAL(check_key(KEY_ID_TOKEN, KEY_FOR_SESSION, true), 0);
    CHECK_EQUAL(check_key(KEY_EXPIRES_AT, KEY_FOR_SESSION, true), 0);
    CHECK_EQUAL(check_key(KEY_STATUS, KEY_FOR_SESSION, true), 0);
    CHECK_EQUAL(check_key(KEY_REFRESH_TOKEN, KEY_FOR_HELPER, false), 0);
    CHECK_EQUAL(check_key(KEY_SETTINGS, KEY_FOR_READING, false), 0);
    return 0;
}

/* What alice's shell may do, by errno. */
CASE(the_user_may_read_the_tokens_and_change_nothing)
{
    key_serial_t access, refresh, settings, found = 0;
    struct secret out = {0};

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    access = key_of(KEY_ACCESS_TOKEN);
    refresh = key_of(KEY_REFRESH_TOKEN);
    settings = key_of(KEY_SETTINGS);
    (void) keyctl_unlink(handoff, KEY_SPEC_PROCESS_KEYRING);
    CHECK(__real_setresuid(ALICE_UID, ALICE_UID, ALICE_UID) == 0);
    CHECK_EQUAL(keyring_find(SESSION, "user", KEY_ACCESS_TOKEN, &found), 0);
    CHECK_EQUAL(found, access);
    CHECK_EQUAL(key_read(access, &out), 0);
    CHECK(strcmp(secret_text(&out), "access") == 0);
    CHECK_EQUAL(key_read(refresh, &out), -EACCES);
    CHECK_EQUAL(key_read(settings, &out), -EACCES);
    CHECK_EQUAL(keyring_find(SESSION, "user", KEY_REFRESH_TOKEN, &found),
                -ENOKEY);
    CHECK_EQUAL(keyring_put(session.tokens, KEY_ACCESS_TOKEN, &out, 60, NULL),
                -EACCES);
    CHECK_EQUAL(keyctl_revoke(access), -1);
    CHECK_EQUAL(errno, EACCES);
    CHECK_EQUAL(keyctl_setperm(access, KEY_POS_ALL), -1);
    CHECK_EQUAL(errno, EACCES);
    CHECK_EQUAL(__real_keyctl_set_timeout(access, 0), -1);
    CHECK_EQUAL(errno, EACCES);
    CHECK_EQUAL(keyctl_unlink(access, session.tokens), -1);
    CHECK_EQUAL(errno, EACCES);
    CHECK_EQUAL(keyctl_clear(session.tokens), -1);
    CHECK_EQUAL(errno, EACCES);
    CHECK_EQUAL(keyctl_link(access, KEY_SPEC_PROCESS_KEYRING), -1);
    CHECK_EQUAL(errno, EACCES);
    secret_clear(&out);
    return 0;
}

CASE(the_variable_is_the_access_tokens_key)
{
    const char *text;

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    text = pam_getenv(pamh, "OIDC_ACCESS_TOKEN_KEY");
    CHECK(text != NULL);
    CHECK_EQUAL(atol(text), key_of(KEY_ACCESS_TOKEN));
    return 0;
}

CASE(the_helper_gets_user_group_and_keyrings)
{
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    CHECK_EQUAL(helper.starts, 1);
    CHECK(strcmp(helper.name, "alice") == 0);
    CHECK_EQUAL(helper.user.uid, ALICE_UID);
    CHECK_EQUAL(helper.user.gid, GROUP);
    CHECK_EQUAL(helper.ring, handoff);
    CHECK_EQUAL(helper.tokens, session.tokens);
    CHECK_EQUAL(helper.user.session, keyctl_get_keyring_ID(SESSION, 0));
    CHECK_EQUAL(session.keyring, helper.user.session);
    return 0;
}

CASE(roots_session_has_its_own_keyring_and_a_helper_without_root)
{
    key_serial_t before = keyctl_get_keyring_ID(SESSION, 0);

    owner.uid = owner.gid = 0;
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    CHECK(keyctl_get_keyring_ID(SESSION, 0) != before); /* services share it */
    CHECK_EQUAL(helper.user.uid, SYSTEM);
    CHECK_EQUAL(helper.user.gid, GROUP);
    return 0;
}

/* The real uid is the caller's. */
CASE(in_su_the_session_keyring_is_the_users)
{
    key_serial_t before = keyctl_get_keyring_ID(SESSION, 0), after;
    uid_t real, effective, saved;
    struct key_info info;

    CHECK(__real_setresuid(1234, 0, 0) == 0);
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    CHECK(getresuid(&real, &effective, &saved) == 0);
    CHECK_EQUAL(real, 1234);
    CHECK_EQUAL(effective, 0);
    after = keyctl_get_keyring_ID(SESSION, 0);
    CHECK(after != before);
    CHECK_EQUAL(key_info_get(after, &info), 0);
    CHECK_EQUAL(info.uid, ALICE_UID);
    CHECK_EQUAL(info.gid, ALICE_GID);
    return 0;
}

CASE(keys_keep_no_timeout_but_the_tokens)
{
    set(FIELD_ID_EXPIRES_AT, "1700001800");
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    CHECK_EQUAL(timeout_of(key_of(KEY_ACCESS_TOKEN)), 3600);
    CHECK_EQUAL(timeout_of(key_of(KEY_ID_TOKEN)), 1800);
    CHECK_EQUAL(timeout_of(key_of(KEY_EXPIRES_AT)), 0);
    CHECK_EQUAL(timeout_of(key_of(KEY_STATUS)), 0);
    CHECK_EQUAL(timeout_of(key_of(KEY_REFRESH_TOKEN)), 0);
    CHECK_EQUAL(timeout_of(key_of(KEY_SETTINGS)), 0);
    CHECK_EQUAL(timeout_of(handoff), 0);
    return 0;
}

/* The kernel's 0 means never: no access token may get that. */
CASE(an_access_token_never_lives_for_ever)
{
    static const struct {
        int64_t left;
        long seconds;
    } cases[] = {
        {2, 2},
        {1, 1},
        {0, 1},
        {-1, 1},
        {-2, 1},
        {-100, 1},
        {UNIX_TIME_MAX - NOW, INT32_MAX},
    };
    char text[32];
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        (void) snprintf(text, sizeof(text), "%" PRId64, NOW + cases[i].left);
        set(FIELD_EXPIRES_AT, text);
        CHECK_EQUAL(log_in(), 0);
        CHECK_EQUAL(open_it(), 0);
        CHECK_EQUAL(timeout_of(key_of(KEY_ACCESS_TOKEN)), cases[i].seconds);
        session_close(&ctx, &session);
    }
    return 0;
}

CASE(an_id_token_lives_as_long_as_its_exp_says)
{
    static const struct {
        const char *at;
        long seconds;
    } cases[] = {
        {"1700000002", 2}, {"1700000000", 1},          {"1699999999", 1},
        {"1699999000", 1}, {"99999999999", INT32_MAX}, {"soon", 0},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        set(FIELD_ID_EXPIRES_AT, cases[i].at);
        CHECK_EQUAL(log_in(), 0);
        CHECK_EQUAL(open_it(), 0);
        CHECK_EQUAL(timeout_of(key_of(KEY_ID_TOKEN)), cases[i].seconds);
        session_close(&ctx, &session);
    }
    return 0;
}

CASE(a_login_without_a_refresh_token_opens)
{
    secret_clear(&result.field[FIELD_REFRESH_TOKEN]);
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    CHECK_EQUAL(helper.starts, 1);
    return 0;
}

CASE(a_session_keyring_of_somebody_else_gets_no_tokens)
{
    key_serial_t before = keyctl_get_keyring_ID(SESSION, 0), after, found;
    struct key_info info;

    CHECK_EQUAL(log_in(), 0); /* ours is root's */
    CHECK_EQUAL(open_it(), 0);
    after = keyctl_get_keyring_ID(SESSION, 0);
    CHECK(after != before);
    CHECK_EQUAL(key_info_get(after, &info), 0);
    CHECK_EQUAL(info.uid, ALICE_UID);
    CHECK_EQUAL(info.gid, ALICE_GID);
    CHECK(keyring_find(before, "keyring", KEYRING_TOKENS, &found) < 0);
    return 0;
}

CASE(the_users_own_session_keyring_is_taken)
{
    key_serial_t before = keyctl_get_keyring_ID(SESSION, 0);

    CHECK(keyctl_setperm(before, KEY_POS_ALL | KEY_USR_ALL) == 0);
    CHECK(keyctl_chown(before, ALICE_UID, ALICE_GID) == 0);
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    CHECK_EQUAL(keyctl_get_keyring_ID(SESSION, 0), before);
    return 0;
}

/* Two sessions of one user: each has its own. */
CASE(a_session_keyring_with_tokens_belongs_to_another_login)
{
    struct session first;
    key_serial_t ring, tokens = 0;

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    first = session;
    ring = keyctl_get_keyring_ID(SESSION, 0);
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    CHECK(keyctl_get_keyring_ID(SESSION, 0) != ring);
    CHECK(session.tokens != first.tokens);
    CHECK_EQUAL(look(first.tokens), 0);
    session_close(&ctx, &session);
    CHECK_EQUAL(look(first.tokens), 0);
    CHECK_EQUAL(keyring_find(first.ring, "keyring", KEYRING_TOKENS, &tokens),
                0);
    CHECK_EQUAL(tokens, first.tokens);
    return 0;
}

/* ---- What fails when it is opened ---- */

/* Nothing readable, nothing linked. */
static int
check_nothing_left_but_the_variable(void)
{
    key_serial_t found = 0;

    CHECK(keyring_find(SESSION, "user", KEY_ACCESS_TOKEN, &found) < 0);
    CHECK(
        keyring_find(KEY_SPEC_PROCESS_KEYRING, "user", KEY_ACCESS_TOKEN, &found)
        < 0);
    CHECK_EQUAL(links(KEY_SPEC_PROCESS_KEYRING), 0);
    CHECK_EQUAL(session.helper.pidfd, -1);
    return 0;
}

/* And the variables as they were. */
static int
check_nothing_left(void)
{
    CHECK(pam_getenv(pamh, "OIDC_ACCESS_TOKEN_KEY") == NULL);
    return check_nothing_left_but_the_variable();
}

CASE(a_helper_that_cannot_be_started_leaves_nothing)
{
    key_serial_t keys[4];
    size_t i;

    helper.result = helper.second_result = -ENOENT;
    CHECK_EQUAL(log_in(), 0);
    keys[0] = key_of(KEY_ACCESS_TOKEN);
    keys[1] = key_of(KEY_REFRESH_TOKEN);
    keys[2] = key_of(KEY_SETTINGS);
    keys[3] = key_of(KEY_ID_TOKEN);
    CHECK_EQUAL(open_it(), -ENOENT);
    for (i = 0; i < ARRAY_LEN(keys); i++)
        CHECK(is_dead(keys[i]));
    CHECK(pamh->n_log > 0);
    return check_nothing_left();
}

CASE(a_helper_that_dies_at_once_leaves_nothing)
{
    helper.real = true;
    strcpy(owner.name, "exit|1"); /* what the fake program does */
    CHECK_EQUAL(log_in(), 0);
    CHECK(open_it() < 0);
    return check_nothing_left();
}

CASE(no_room_for_a_key_is_edquot)
{
    CHECK_EQUAL(log_in(), 0);
    FAIL(add_key, EDQUOT, 0);
    CHECK_EQUAL(open_it(), -EDQUOT);
    CHECK_EQUAL(pamh->n_log, 0);
    return check_nothing_left();
}

CASE(every_call_that_fails_leaves_nothing)
{
    unsigned spared;

    for (spared = 0; spared < 6; spared++) {
        CHECK_EQUAL(log_in(), 0);
        FAIL(keyctl_chown, EDQUOT, spared);
        CHECK_EQUAL(open_it(), -EDQUOT);
        WORK(keyctl_chown);
        CHECK_EQUAL(check_nothing_left(), 0);
    }
    for (spared = 0; spared < 5; spared++) {
        CHECK_EQUAL(log_in(), 0);
        FAIL(keyctl_link, ENFILE, spared);
        CHECK_EQUAL(open_it(), -ENFILE);
        WORK(keyctl_link);
        CHECK_EQUAL(check_nothing_left(), 0);
        if (spared == 0) /* that was to take the hand-off */
            handoff_revoke(handoff);
    }
    CHECK_EQUAL(log_in(), 0);
    timeout_error = EACCES;
    CHECK_EQUAL(open_it(), -EACCES);
    timeout_error = 0;
    return check_nothing_left();
}

CASE(a_variable_that_cannot_be_set_leaves_nothing)
{
    key_serial_t id;

    CHECK_EQUAL(log_in(), 0);
    id = key_of(KEY_ID_TOKEN);
    pamh->putenv_result = PAM_BUF_ERR;
    CHECK_EQUAL(open_it(), -ENOMEM);
    pamh->putenv_result = PAM_SUCCESS;
    CHECK(is_dead(id));
    return check_nothing_left();
}

CASE(a_handoff_that_was_revoked_opens_nothing)
{
    int r;

    CHECK_EQUAL(log_in(), 0);
    handoff_revoke(handoff);
    r = open_it();
    CHECK(r == -ENOKEY || r == -EKEYREVOKED);
    CHECK_EQUAL(helper.starts, 0);
    CHECK_EQUAL(pamh->n_log, 0);
    return check_nothing_left();
}

/* ---- Starting the helper again ---- */

CASE(a_helper_that_died_is_started_again_with_the_same)
{
    int before;

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    before = session.helper.pidfd;
    CHECK_EQUAL(session_restart(&session), 0);
    CHECK_EQUAL(helper.starts, 2);
    CHECK(strcmp(helper.name, "alice") == 0);
    CHECK_EQUAL(helper.user.uid, ALICE_UID);
    CHECK_EQUAL(helper.user.gid, GROUP);
    CHECK_EQUAL(helper.user.session, keyctl_get_keyring_ID(SESSION, 0));
    CHECK_EQUAL(helper.ring, handoff);
    CHECK_EQUAL(helper.tokens, session.tokens);
    CHECK(session.helper.pidfd >= 0 && session.helper.pidfd != before);
    return 0;
}

CASE(one_that_cannot_be_started_again_leaves_the_session_as_it_is)
{
    key_serial_t access, refresh;

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    access = key_of(KEY_ACCESS_TOKEN);
    refresh = key_of(KEY_REFRESH_TOKEN);
    helper.second_result = -EDQUOT;
    CHECK_EQUAL(session_restart(&session), -EDQUOT);
    CHECK_EQUAL(look(access), 0);
    CHECK_EQUAL(look(refresh), 0);
    CHECK_EQUAL(look(session.tokens), 0);
    CHECK_EQUAL(session.ring, handoff);
    CHECK_EQUAL(pamh->n_log, 0);
    /* and it can be closed, or another start tried */
    helper.second_result = 0;
    CHECK_EQUAL(session_restart(&session), 0);
    return 0;
}

CASE(roots_helper_is_started_again_without_root)
{
    owner.uid = owner.gid = 0;
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    CHECK_EQUAL(session_restart(&session), 0);
    CHECK_EQUAL(helper.user.uid, SYSTEM);
    return 0;
}

static int
wait_until_expired(key_serial_t key)
{
    int i, r = 0;

    CHECK(__real_keyctl_set_timeout(key, 1) == 0);
    for (i = 0; i < 50 && r != -EKEYEXPIRED; i++) {
        usleep(100000);
        r = look(key);
    }
    CHECK_EQUAL(r, -EKEYEXPIRED);
    return 0;
}

/* Or the next helper could not revoke it at the provider. */
CASE(an_expired_access_token_has_a_key_again_under_its_serial)
{
    struct secret value = {0};
    key_serial_t access, found = 0;

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    access = key_of(KEY_ACCESS_TOKEN);
    CHECK_EQUAL(wait_until_expired(access), 0);
    CHECK_EQUAL(session_restart(&session), 0);
    CHECK_EQUAL(helper.starts, 2);
    CHECK_EQUAL(keyring_find(session.tokens, "user", KEY_ACCESS_TOKEN, &found),
                0);
    CHECK_EQUAL(found, access);
    CHECK_EQUAL(key_read(access, &value), 0);
    CHECK(strcmp(secret_text(&value), KEY_NO_TOKEN) == 0);
    CHECK_EQUAL(timeout_of(access), 5);
    secret_clear(&value);
    return 0;
}

/* What is there instead is the user's, and no helper could be given it. */
CASE(an_access_token_that_the_user_destroyed_has_a_key_of_roots_again)
{
    struct key_info info;
    key_serial_t access, found = 0;
    int i;

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    access = key_of(KEY_ACCESS_TOKEN);
    CHECK(keyctl_invalidate(access) == 0);
    for (i = 0; i < 200 && look(access) != -ENOKEY; i++)
        usleep(10000);
    CHECK(put_text(session.tokens, KEY_ACCESS_TOKEN, "the user's") == 0);
    CHECK_EQUAL(keyring_find(session.tokens, "user", KEY_ACCESS_TOKEN, &found),
                0);
    CHECK(__real_keyctl_chown(found, ALICE_UID, (gid_t) -1) == 0);
    CHECK_EQUAL(session_restart(&session), 0);
    CHECK_EQUAL(keyring_find(session.tokens, "user", KEY_ACCESS_TOKEN, &found),
                0);
    CHECK_EQUAL(key_info_get(found, &info), 0);
    CHECK_EQUAL(info.uid, 0);
    CHECK_EQUAL(info.gid, GROUP);
    CHECK_EQUAL(info.permissions, KEY_FOR_SESSION);
    return 0;
}

/* ---- Closing ---- */

/* It would go on, and what it stores then nobody would revoke. */
CASE(a_helper_whose_descriptor_the_application_closed_is_ended_and_no_other)
{
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    helper.end_result = -ESRCH;
    helper.is_there = true;
    session_close(&ctx, &session);
    CHECK_EQUAL(helper.looked_for, 1);
    CHECK_EQUAL(helper.user.uid, ALICE_UID);
    CHECK_EQUAL(helper.ends, 2);
    CHECK_EQUAL(helper.starts, 1);
    return 0;
}

CASE(after_closing_no_token_can_be_read)
{
    key_serial_t tokens, access, id, expires, status;
    struct secret out = {0};

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    tokens = session.tokens;
    access = key_of(KEY_ACCESS_TOKEN);
    id = key_of(KEY_ID_TOKEN);
    expires = key_of(KEY_EXPIRES_AT);
    status = key_of(KEY_STATUS);
    session_close(&ctx, &session);
    CHECK_EQUAL(helper.ends, 1);
    CHECK_EQUAL(helper.starts, 1);
    CHECK(is_dead(tokens));
    CHECK(is_dead(id));
    CHECK(is_dead(expires));
    CHECK(is_dead(status));
    CHECK_EQUAL(session.ring, 0);
    CHECK_EQUAL(session.tokens, 0);
    CHECK_EQUAL(session.helper.pidfd, -1);
    CHECK_EQUAL(links(KEY_SPEC_PROCESS_KEYRING), 0);
    CHECK_EQUAL(pamh->n_log, 0);
    CHECK(__real_setresuid(ALICE_UID, ALICE_UID, ALICE_UID) == 0);
    CHECK(key_read(access, &out) < 0);
    CHECK_EQUAL(out.len, 0);
    secret_clear(&out);
    return 0;
}

/* pam_keyinit revoke, before our hook runs. */
CASE(closing_works_when_the_session_keyring_is_revoked)
{
    key_serial_t tokens;

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    tokens = session.tokens;
    CHECK(keyctl_revoke(SESSION) == 0);
    session_close(&ctx, &session);
    CHECK(is_dead(tokens));
    CHECK_EQUAL(pamh->n_log, 0);
    return 0;
}

CASE(without_its_helper_another_revokes)
{
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    helper.end_result = -ESRCH;
    ctx.debug = true;
    session_close(&ctx, &session);
    CHECK_EQUAL(helper.starts, 2);
    CHECK_EQUAL(helper.user.uid, SYSTEM);
    CHECK_EQUAL(helper.user.gid, GROUP);
    CHECK_EQUAL(helper.ring, handoff);
    CHECK_EQUAL(helper.tokens, 0);
    CHECK_EQUAL(helper.user.session, 0);
    CHECK(logged(LOG_DEBUG, "no helper"));
    return 0;
}

CASE(without_any_helper_every_key_is_revoked)
{
    key_serial_t access, refresh, settings;

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    access = key_of(KEY_ACCESS_TOKEN);
    refresh = key_of(KEY_REFRESH_TOKEN);
    settings = key_of(KEY_SETTINGS);
    helper.end_result = -ESRCH;
    helper.second_result = -ENOENT;
    session_close(&ctx, &session);
    CHECK(logged(LOG_ERR, "not revoked at the provider"));
    CHECK(is_dead(access));
    CHECK(is_dead(refresh));
    CHECK(is_dead(settings));
    CHECK_EQUAL(links(KEY_SPEC_PROCESS_KEYRING), 0);
    return 0;
}

/* The grant was over, and so was the helper. */
CASE(without_helper_and_tokens_no_other_helper_is_started)
{
    key_serial_t settings, id;

    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    settings = key_of(KEY_SETTINGS);
    id = key_of(KEY_ID_TOKEN);
    CHECK_EQUAL(key_revoke(key_of(KEY_ACCESS_TOKEN)), 0);
    CHECK_EQUAL(keyctl_unlink(key_of(KEY_REFRESH_TOKEN), handoff), 0);
    helper.end_result = -ESRCH;
    ctx.debug = true;
    session_close(&ctx, &session);
    CHECK_EQUAL(helper.starts, 1);
    CHECK(logged(LOG_DEBUG, "no token to revoke"));
    CHECK(is_dead(settings));
    CHECK(is_dead(id));
    CHECK_EQUAL(session.ring, 0);
    return check_nothing_left_but_the_variable();
}

CASE(an_expired_access_token_alone_starts_no_other_helper)
{
    secret_clear(&result.field[FIELD_REFRESH_TOKEN]);
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    CHECK_EQUAL(__real_keyctl_set_timeout(key_of(KEY_ACCESS_TOKEN), 1), 0);
    usleep(1100000);
    helper.end_result = -ESRCH;
    session_close(&ctx, &session);
    CHECK_EQUAL(helper.starts, 1);
    CHECK_EQUAL(pamh->n_log, 0);
    return 0;
}

/* Either of them is something to revoke at the provider. */
CASE(one_token_that_is_left_is_revoked_by_another_helper)
{
    static const char *const names[] = {KEY_ACCESS_TOKEN, KEY_REFRESH_TOKEN};
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++) {
        helper.starts = 0;
        helper.end_result = 0;
        CHECK_EQUAL(log_in(), 0);
        CHECK_EQUAL(open_it(), 0);
        CHECK_EQUAL(key_revoke(key_of(names[i])), 0);
        helper.end_result = -ESRCH;
        session_close(&ctx, &session);
        CHECK_EQUAL(helper.starts, 2);
        CHECK_EQUAL(helper.tokens, 0);
    }
    return 0;
}

/* ---- Discarding ---- */

CASE(without_a_handoff_there_is_nothing_to_discard)
{
    handoff = INT32_MAX;
    session_discard(&ctx, &owner, handoff);
    CHECK_EQUAL(helper.starts, 0);
    CHECK_EQUAL(pamh->n_log, 0);
    return 0;
}

CASE(a_handoff_that_a_session_took_is_not_discarded)
{
    CHECK_EQUAL(log_in(), 0);
    CHECK_EQUAL(open_it(), 0);
    session_discard(&ctx, &owner, handoff);
    CHECK_EQUAL(helper.starts, 1);
    CHECK_EQUAL(helper.ends, 0);
    CHECK_EQUAL(look(session.tokens), 0);
    CHECK_EQUAL(look(key_of(KEY_ID_TOKEN)), 0);
    return 0;
}

CASE(a_discarded_handoff_is_revoked_by_a_helper)
{
    CHECK_EQUAL(log_in(), 0);
    session_discard(&ctx, &owner, handoff);
    CHECK_EQUAL(helper.starts, 1);
    CHECK_EQUAL(helper.user.uid, SYSTEM);
    CHECK_EQUAL(helper.user.gid, GROUP);
    CHECK_EQUAL(helper.ring, handoff);
    CHECK_EQUAL(helper.tokens, 0);
    return check_nothing_left();
}

/* They were not adopted by a session, so the helper could not read them. */
CASE(the_keys_of_a_discarded_handoff_are_protected_for_the_helper)
{
    struct key_info info;

    CHECK_EQUAL(log_in(), 0);
    /* Nothing else holds the keys afterwards: the kernel would remove them. */
    CHECK_EQUAL(keyctl_link(handoff, KEY_SPEC_SESSION_KEYRING), 0);
    session_discard(&ctx, &owner, handoff);
    CHECK_EQUAL(key_info_get(key_of(KEY_ACCESS_TOKEN), &info), 0);
    CHECK_EQUAL(info.permissions, KEY_FOR_SESSION);
    CHECK_EQUAL(info.gid, GROUP);
    CHECK_EQUAL(key_info_get(key_of(KEY_REFRESH_TOKEN), &info), 0);
    CHECK_EQUAL(info.permissions, KEY_FOR_HELPER);
    CHECK_EQUAL(info.gid, GROUP);
    return 0;
}

/* ---- Owners ---- */

CASE(an_owner_is_user_system_user_and_process)
{
    char name[] = "ali\nce";
    const struct passwd pw = {.pw_name = name, .pw_uid = 5, .pw_gid = 6};
    struct owner out;

    CHECK_EQUAL(owner_get(&ctx, &pw, &out), 0);
    CHECK(strcmp(out.name, "ali?ce") == 0);
    CHECK_EQUAL(out.uid, 5);
    CHECK_EQUAL(out.gid, 6);
    CHECK_EQUAL(out.system.uid, SYSTEM);
    CHECK_EQUAL(out.system.gid, GROUP);
    CHECK_EQUAL(out.process, getpid());
    return 0;
}

CASE(without_the_system_user_there_is_no_owner)
{
    char name[] = "alice";
    const struct passwd pw = {.pw_name = name, .pw_uid = 5, .pw_gid = 6};
    struct owner out = {.uid = 42};

    pamh->no_system_user = true;
    CHECK_EQUAL(owner_get(&ctx, &pw, &out), -EINVAL);
    CHECK_EQUAL(out.uid, 42);
    CHECK_EQUAL(pamh->n_log, 1);
    return 0;
}

CASE(a_handoff_is_revoked_when_no_helper_can_be)
{
    key_serial_t access;

    CHECK_EQUAL(log_in(), 0);
    access = key_of(KEY_ACCESS_TOKEN);
    helper.result = -ENOENT;
    session_discard(&ctx, &owner, handoff);
    CHECK(logged(LOG_ERR, "not revoked at the provider"));
    CHECK(is_dead(access));
    return check_nothing_left();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_handoff_that_is_not_there_opens_nothing),
        TEST(a_handoff_that_a_session_took_opens_no_other),
        TEST(the_session_gets_its_keyring),
        TEST(the_session_reads_what_the_helper_writes_and_no_more),
        TEST(the_user_may_read_the_tokens_and_change_nothing),
        TEST(the_variable_is_the_access_tokens_key),
        TEST(the_helper_gets_user_group_and_keyrings),
        TEST(roots_session_has_its_own_keyring_and_a_helper_without_root),
        TEST(in_su_the_session_keyring_is_the_users),
        TEST(keys_keep_no_timeout_but_the_tokens),
        TEST(an_access_token_never_lives_for_ever),
        TEST(an_id_token_lives_as_long_as_its_exp_says),
        TEST(a_login_without_a_refresh_token_opens),
        TEST(a_session_keyring_of_somebody_else_gets_no_tokens),
        TEST(the_users_own_session_keyring_is_taken),
        TEST(a_session_keyring_with_tokens_belongs_to_another_login),
        TEST(a_helper_that_cannot_be_started_leaves_nothing),
        TEST(a_helper_that_dies_at_once_leaves_nothing),
        TEST(no_room_for_a_key_is_edquot),
        TEST(every_call_that_fails_leaves_nothing),
        TEST(a_variable_that_cannot_be_set_leaves_nothing),
        TEST(a_handoff_that_was_revoked_opens_nothing),
        TEST(a_helper_that_died_is_started_again_with_the_same),
        TEST(one_that_cannot_be_started_again_leaves_the_session_as_it_is),
        TEST(roots_helper_is_started_again_without_root),
        TEST(after_closing_no_token_can_be_read),
        TEST(closing_works_when_the_session_keyring_is_revoked),
        TEST(without_its_helper_another_revokes),
        TEST(without_any_helper_every_key_is_revoked),
        TEST(without_helper_and_tokens_no_other_helper_is_started),
        TEST(an_expired_access_token_alone_starts_no_other_helper),
        TEST(an_expired_access_token_has_a_key_again_under_its_serial),
        TEST(an_access_token_that_the_user_destroyed_has_a_key_of_roots_again),
        TEST(
            a_helper_whose_descriptor_the_application_closed_is_ended_and_no_other),
        TEST(one_token_that_is_left_is_revoked_by_another_helper),
        TEST(without_a_handoff_there_is_nothing_to_discard),
        TEST(a_handoff_that_a_session_took_is_not_discarded),
        TEST(a_discarded_handoff_is_revoked_by_a_helper),
        TEST(a_handoff_is_revoked_when_no_helper_can_be),
        TEST(the_keys_of_a_discarded_handoff_are_protected_for_the_helper),
        TEST(an_owner_is_user_system_user_and_process),
        TEST(without_the_system_user_there_is_no_owner),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
