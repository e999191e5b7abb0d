/* SPDX-License-Identifier: MIT */
/* With real keyrings, each in a child, as test_session.c. */
#include <config.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/keyring.h"
#include "pam/refresh.h"
#include "tests/lib/child.h"
#include "tests/lib/fakepam.h"
#include "tests/lib/test.h"

#define NOW     INT64_C(1700000000)
#define GROUP   61500
#define SYSTEM  61501
#define SESSION KEY_SPEC_SESSION_KEYRING

#define DUE     "state=active\nrenew_at=1700000000\nhelper_pid=42\n"
#define NOT_DUE "state=active\nrenew_at=1700000001\nhelper_pid=42\n"
#define FAILING "state=retrying\nrenew_at=1700000300\nhelper_pid=42\n"
#define OVER    "state=login_required\nhelper_pid=42\n"

time_t
__wrap_time(time_t *out)
{
    if (out != NULL)
        *out = (time_t) NOW;
    return (time_t) NOW;
}

/* ---- The helper ---- */

static struct {
    /* what they return */
    int find_result, restart_result, renew_result, continue_result;
    unsigned finds, restarts, renews, continues, forgets;
    int64_t found_pid;
    struct helper_user user;
    char name[64];
    int renewed, forgotten; /* the descriptor of the last one */
} helper;

#define OPENED    100 /* descriptors, so to speak */
#define FOUND     101
#define RESTARTED 102

int
__wrap_helper_find(int64_t pid, const struct helper_user *user,
                   struct helper *out)
{
    helper.finds++;
    helper.found_pid = pid;
    helper.user = *user;
    (void) snprintf(helper.name, sizeof(helper.name), "%s", user->name);
    if (helper.find_result == 0)
        *out = (struct helper){.pidfd = FOUND, .pid = (pid_t) pid};
    return helper.find_result;
}

int
__wrap_helper_renew(const struct helper *which)
{
    helper.renews++;
    helper.renewed = which->pidfd;
    return helper.renew_result;
}

int
__wrap_helper_continue(const struct helper *which)
{
    helper.continues++;
    return which->pidfd == OPENED ? helper.continue_result : 0;
}

void
__wrap_helper_forget(struct helper *which)
{
    helper.forgets++;
    helper.forgotten = which->pidfd;
    which->pidfd = -1;
}

int
__wrap_session_restart(struct session *session)
{
    helper.restarts++;
    if (helper.restart_result == 0)
        session->helper = (struct helper){.pidfd = RESTARTED, .pid = 43};
    return helper.restart_result;
}

/* ---- A session ---- */

static char name[] = "alice";
static struct passwd pw;
static pam_handle_t *pamh;
static struct context ctx;
static struct session session;

static int
setup(void **state UNUSED)
{
    memset(&helper, 0, sizeof(helper));
    pw = (struct passwd){
        .pw_name = name, .pw_uid = ALICE_UID, .pw_gid = ALICE_GID};
    pamh = fakepam_start();
    pamh->system_uid = SYSTEM;
    pamh->system_gid = GROUP;
    ctx = (struct context){.pamh = pamh, .user = "alice", .debug = true};
    session = (struct session){
        .owner = {.name = "alice",
                  .uid = ALICE_UID,
                  .gid = ALICE_GID,
                  .system = {.uid = SYSTEM, .gid = GROUP},
                  .process = getpid()},
        .keyring = 4711,
        .helper = {.pidfd = OPENED, .pid = 42},
    };
    return 0;
}

static int
teardown(void **state UNUSED)
{
    fakepam_end(pamh, 0);
    return 0;
}

static int
put_status(const char *status)
{
    key_serial_t key = 0;

    CHECK_EQUAL(put_text(session.tokens, KEY_STATUS, status), 0);
    CHECK_EQUAL(keyring_find(session.tokens, "user", KEY_STATUS, &key), 0);
    CHECK_EQUAL(key_protect(key, KEY_FOR_SESSION, GROUP), 0);
    return 0;
}

/* As the module leaves them when it has opened a session. */
static int
make(const char *status)
{
    CHECK_EQUAL(keyring_make(KEY_SPEC_PROCESS_KEYRING, "all", &session.ring),
                0);
    CHECK_EQUAL(put_text(session.ring, KEY_REFRESH_TOKEN, "refresh"), 0);
    CHECK_EQUAL(keyring_make(SESSION, KEYRING_TOKENS, &session.tokens), 0);
    CHECK_EQUAL(key_protect(session.tokens, KEY_FOR_SESSION, GROUP), 0);
    return put_status(status);
}

static key_serial_t
key_of(key_serial_t ring, const char *of)
{
    key_serial_t key = 0;

    (void) !keyring_find(ring, "user", of, &key);
    return key;
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

/* ---- What is decided ---- */

static void
what_is_to_be_done_depends_on_helper_status_and_token(void **state UNUSED)
{
    static const struct {
        enum state state;
        int64_t renew_at;
        bool alive, renewable;
        enum refresh must;
    } cases[] = {
        {STATE_ACTIVE, NOW + 1, true, true, REFRESH_NOTHING},
        {STATE_ACTIVE, NOW, true, true, REFRESH_RENEW},
        {STATE_ACTIVE, NOW - 1, true, true, REFRESH_RENEW},
        {STATE_RETRYING, NOW + 300, true, true, REFRESH_RENEW},
        {STATE_LOGIN_REQUIRED, 0, true, true, REFRESH_NOTHING},
        /* a living one knows by itself what it has */
        {STATE_ACTIVE, NOW, true, false, REFRESH_RENEW},
        {STATE_ACTIVE, NOW + 1, false, true, REFRESH_RESTART},
        {STATE_ACTIVE, NOW, false, true, REFRESH_RESTART},
        {STATE_RETRYING, NOW + 300, false, true, REFRESH_RESTART},
        {STATE_LOGIN_REQUIRED, 0, false, true, REFRESH_NOTHING},
        {STATE_ACTIVE, NOW, false, false, REFRESH_NOTHING},
        {STATE_RETRYING, NOW, false, false, REFRESH_NOTHING},
    };
    struct status status = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        status.state = cases[i].state;
        status.renew_at = cases[i].renew_at;
        assert_int_equal(
            refresh_decide(&status, cases[i].alive, cases[i].renewable, NOW),
            cases[i].must);
    }
}

static void
only_keys_of_roots_and_the_group_are_believed(void **state UNUSED)
{
    static const struct {
        uid_t uid;
        gid_t gid;
        bool are;
    } cases[] = {
        {0, GROUP, true},
        {ALICE_UID, GROUP, false},
        {0, 0, false},
        {0, ALICE_GID, false},
        {ALICE_UID, ALICE_GID, false},
        {SYSTEM, GROUP, false},
    };
    struct key_info info = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        info.uid = cases[i].uid;
        info.gid = cases[i].gid;
        assert_int_equal(refresh_believes(&info, GROUP), cases[i].are);
    }
}

/* ---- The session that this process has opened ---- */

CASE(its_helper_renews_when_that_is_due_or_failing)
{
    static const char *const texts[] = {DUE, FAILING};
    size_t i;

    CHECK_EQUAL(make(DUE), 0);
    for (i = 0; i < ARRAY_LEN(texts); i++) {
        fakepam_forget(pamh);
        CHECK_EQUAL(put_status(texts[i]), 0);
        CHECK_EQUAL(refresh_own(&ctx, &session), 0);
        CHECK_EQUAL(helper.renews, i + 1);
        CHECK_EQUAL(helper.renewed, OPENED);
        CHECK(logged(LOG_DEBUG, "asked to renew"));
    }
    CHECK_EQUAL(helper.restarts, 0);
    CHECK_EQUAL(helper.finds, 0);
    return 0;
}

CASE(its_helper_only_goes_on_when_nothing_is_due_or_helps)
{
    static const char *const texts[] = {NOT_DUE, OVER, "state=unheard_of\n"};
    size_t i;

    CHECK_EQUAL(make(NOT_DUE), 0);
    for (i = 0; i < ARRAY_LEN(texts); i++) {
        fakepam_forget(pamh);
        CHECK_EQUAL(put_status(texts[i]), 0);
        CHECK_EQUAL(refresh_own(&ctx, &session), 0);
        CHECK_EQUAL(helper.continues, i + 1);
        CHECK(logged(LOG_DEBUG, "no renewal is due"));
    }
    CHECK_EQUAL(key_revoke(key_of(session.tokens, KEY_STATUS)), 0);
    CHECK_EQUAL(refresh_own(&ctx, &session), 0);
    CHECK_EQUAL(helper.continues, i + 1);
    CHECK_EQUAL(helper.renews, 0);
    CHECK_EQUAL(helper.restarts, 0);
    return 0;
}

CASE(a_helper_that_died_is_started_again)
{
    CHECK_EQUAL(make(NOT_DUE), 0);
    helper.continue_result = helper.find_result = -ESRCH;
    CHECK_EQUAL(refresh_own(&ctx, &session), 0);
    CHECK_EQUAL(helper.restarts, 1);
    CHECK_EQUAL(helper.renews, 0);
    CHECK_EQUAL(session.helper.pidfd, RESTARTED);
    CHECK(logged(LOG_NOTICE, "started again"));
    return 0;
}

/* Its timer may be set for the next try. */
CASE(one_that_is_started_again_renews_when_that_helps)
{
    CHECK_EQUAL(make(FAILING), 0);
    helper.continue_result = helper.find_result = -ESRCH;
    CHECK_EQUAL(refresh_own(&ctx, &session), 0);
    CHECK_EQUAL(helper.restarts, 1);
    CHECK_EQUAL(helper.renews, 1);
    CHECK_EQUAL(helper.renewed, RESTARTED);
    return 0;
}

/* It reads everything else from the keyring, and knows what to do without. */
CASE(one_whose_status_was_destroyed_is_started_again)
{
    CHECK_EQUAL(make(NOT_DUE), 0);
    CHECK_EQUAL(key_revoke(key_of(session.tokens, KEY_STATUS)), 0);
    helper.continue_result = helper.find_result = -ESRCH;
    CHECK_EQUAL(refresh_own(&ctx, &session), 0);
    CHECK_EQUAL(helper.restarts, 1);
    CHECK_EQUAL(helper.renews, 0);
    return 0;
}

CASE(where_only_a_new_login_helps_none_is_started)
{
    CHECK_EQUAL(make(OVER), 0);
    helper.continue_result = helper.find_result = -ESRCH;
    CHECK_EQUAL(refresh_own(&ctx, &session), 0);
    CHECK(logged(LOG_DEBUG, "only a new login helps"));
    fakepam_forget(pamh);
    CHECK_EQUAL(put_status(DUE), 0);
    CHECK_EQUAL(key_revoke(key_of(session.ring, KEY_REFRESH_TOKEN)), 0);
    CHECK_EQUAL(refresh_own(&ctx, &session), 0);
    CHECK(logged(LOG_DEBUG, "only a new login helps"));
    CHECK_EQUAL(helper.restarts, 0);
    CHECK_EQUAL(helper.renews, 0);
    return 0;
}

/* Two with one refresh token would be the end of the grant. */
CASE(one_whose_descriptor_was_lost_is_found_and_not_started_again)
{
    CHECK_EQUAL(make(DUE), 0);
    helper.continue_result = -ESRCH;
    CHECK_EQUAL(refresh_own(&ctx, &session), 0);
    CHECK_EQUAL(helper.found_pid, 42);
    CHECK_EQUAL(helper.user.uid, ALICE_UID);
    CHECK_EQUAL(helper.user.gid, GROUP);
    CHECK_EQUAL(helper.user.session, 4711);
    CHECK(strcmp(helper.name, "alice") == 0);
    CHECK_EQUAL(helper.restarts, 0);
    CHECK_EQUAL(helper.forgotten, OPENED);
    CHECK_EQUAL(session.helper.pidfd, FOUND);
    CHECK_EQUAL(helper.renewed, FOUND);
    return 0;
}

CASE(roots_helper_is_looked_for_as_the_system_user)
{
    session.owner.uid = 0;
    CHECK_EQUAL(make(DUE), 0);
    helper.continue_result = -ESRCH;
    CHECK_EQUAL(refresh_own(&ctx, &session), 0);
    CHECK_EQUAL(helper.user.uid, SYSTEM);
    return 0;
}

CASE(one_of_which_nobody_says_is_not_started_again)
{
    CHECK_EQUAL(make(DUE), 0);
    helper.continue_result = -ESRCH;
    helper.find_result = -EACCES;
    CHECK_EQUAL(refresh_own(&ctx, &session), -EACCES);
    helper.continue_result = -EPERM;
    CHECK_EQUAL(refresh_own(&ctx, &session), -EPERM);
    CHECK_EQUAL(helper.restarts, 0);
    CHECK_EQUAL(session.helper.pidfd, OPENED);
    CHECK_EQUAL(pamh->n_log, 0);
    return 0;
}

CASE(what_fails_is_its_errno)
{
    CHECK_EQUAL(make(DUE), 0);
    helper.renew_result = -EPERM;
    CHECK_EQUAL(refresh_own(&ctx, &session), -EPERM);
    helper.continue_result = helper.find_result = -ESRCH;
    CHECK_EQUAL(refresh_own(&ctx, &session), -EPERM); /* started, and then */
    fakepam_forget(pamh);
    helper.restart_result = -EDQUOT;
    session.helper.pidfd = OPENED;
    CHECK_EQUAL(refresh_own(&ctx, &session), -EDQUOT);
    CHECK_EQUAL(pamh->n_log, 0);
    return 0;
}

/* ---- The session that this process is in ---- */

CASE(a_session_without_tokens_is_left_alone_without_a_word)
{
    pamh->no_system_user = true; /* it is not even looked for */
    CHECK_EQUAL(refresh_around(&ctx, &pw), 0);
    CHECK_EQUAL(pamh->n_log, 0);
    CHECK_EQUAL(helper.finds, 0);
    return 0;
}

static int
check_found_and_renewed(void)
{
    CHECK_EQUAL(refresh_around(&ctx, &pw), 0);
    CHECK_EQUAL(helper.found_pid, 42);
    CHECK_EQUAL(helper.user.uid, ALICE_UID);
    CHECK_EQUAL(helper.user.gid, GROUP);
    CHECK_EQUAL(helper.user.session, keyctl_get_keyring_ID(SESSION, 0));
    CHECK(strcmp(helper.name, "alice") == 0);
    CHECK_EQUAL(helper.renews, 1);
    CHECK_EQUAL(helper.renewed, FOUND);
    CHECK_EQUAL(helper.forgotten, FOUND);
    CHECK(logged(LOG_DEBUG, "asked to renew"));
    return 0;
}

CASE(the_helper_of_its_keyring_renews)
{
    CHECK_EQUAL(make(DUE), 0);
    return check_found_and_renewed();
}

CASE(a_locker_without_privilege_may_ask_for_it)
{
    CHECK_EQUAL(make(FAILING), 0);
    CHECK_EQUAL(keyctl_unlink(session.ring, KEY_SPEC_PROCESS_KEYRING), 0);
    CHECK_EQUAL(become(ALICE_UID, ALICE_GID), 0);
    return check_found_and_renewed();
}

CASE(in_roots_session_it_is_the_system_users)
{
    CHECK_EQUAL(make(DUE), 0);
    pw.pw_uid = pw.pw_gid = 0;
    CHECK_EQUAL(refresh_around(&ctx, &pw), 0);
    CHECK_EQUAL(helper.user.uid, SYSTEM);
    return 0;
}

CASE(what_is_not_due_is_not_asked_for)
{
    static const char *const texts[] = {NOT_DUE, OVER};
    size_t i;

    CHECK_EQUAL(make(NOT_DUE), 0);
    for (i = 0; i < ARRAY_LEN(texts); i++) {
        fakepam_forget(pamh);
        CHECK_EQUAL(put_status(texts[i]), 0);
        CHECK_EQUAL(refresh_around(&ctx, &pw), 0);
        CHECK(logged(LOG_DEBUG, "no renewal is due"));
    }
    CHECK_EQUAL(helper.finds, 0);
    return 0;
}

static int
check_not_believed(void)
{
    fakepam_forget(pamh);
    CHECK_EQUAL(refresh_around(&ctx, &pw), 0);
    CHECK(logged(LOG_DEBUG, "no status"));
    CHECK_EQUAL(helper.finds, 0);
    CHECK_EQUAL(helper.renews, 0);
    return 0;
}

/* It would name a process of the user's liking to a locker that is root. */
CASE(a_keyring_that_the_user_made_is_not_believed)
{
    CHECK_EQUAL(become(ALICE_UID, ALICE_GID), 0);
    CHECK_EQUAL(keyring_make(SESSION, KEYRING_TOKENS, &session.tokens), 0);
    CHECK_EQUAL(put_text(session.tokens, KEY_STATUS, DUE), 0);
    return check_not_believed();
}

CASE(a_status_that_is_not_roots_is_not_believed)
{
    key_serial_t key;

    CHECK_EQUAL(make(DUE), 0);
    key = key_of(session.tokens, KEY_STATUS);
    CHECK_EQUAL(keyctl_chown(key, ALICE_UID, (gid_t) -1), 0);
    return check_not_believed();
}

CASE(keys_of_another_group_are_not_believed)
{
    key_serial_t key;

    CHECK_EQUAL(make(DUE), 0);
    key = key_of(session.tokens, KEY_STATUS);
    CHECK_EQUAL(keyctl_chown(key, (uid_t) -1, 0), 0);
    CHECK_EQUAL(check_not_believed(), 0);
    CHECK_EQUAL(keyctl_chown(key, (uid_t) -1, GROUP), 0);
    CHECK_EQUAL(keyctl_chown(session.tokens, (uid_t) -1, 0), 0);
    return check_not_believed();
}

CASE(without_a_status_nothing_is_done)
{
    CHECK_EQUAL(make("state=unheard_of\n"), 0);
    CHECK_EQUAL(check_not_believed(), 0);
    CHECK_EQUAL(key_revoke(key_of(session.tokens, KEY_STATUS)), 0);
    return check_not_believed();
}

CASE(a_helper_that_is_gone_is_one_line)
{
    CHECK_EQUAL(make(DUE), 0);
    helper.find_result = -ESRCH;
    CHECK_EQUAL(refresh_around(&ctx, &pw), 0);
    CHECK_EQUAL(helper.renews, 0);
    CHECK_EQUAL(helper.restarts, 0);
    CHECK(logged(LOG_INFO, "process 42 is gone"));
    fakepam_forget(pamh);
    helper.find_result = 0;
    helper.renew_result = -ESRCH; /* in this moment */
    CHECK_EQUAL(refresh_around(&ctx, &pw), 0);
    CHECK(logged(LOG_INFO, "process 42 is gone"));
    CHECK_EQUAL(helper.forgotten, FOUND);
    return 0;
}

CASE(a_helper_that_may_not_be_asked_is_its_errno)
{
    CHECK_EQUAL(make(DUE), 0);
    helper.renew_result = -EPERM;
    CHECK_EQUAL(refresh_around(&ctx, &pw), -EPERM);
    CHECK_EQUAL(helper.forgotten, FOUND);
    CHECK_EQUAL(pamh->n_log, 0);
    return 0;
}

/* Mounted with hidepid=, it does so for a locker without privilege. */
CASE(a_helper_that_proc_hides_is_one_line)
{
    static const int errors[] = {-ENOENT, -EPERM, -EACCES};
    size_t i;

    CHECK_EQUAL(make(DUE), 0);
    for (i = 0; i < ARRAY_LEN(errors); i++) {
        fakepam_forget(pamh);
        helper.find_result = errors[i];
        CHECK_EQUAL(refresh_around(&ctx, &pw), 0);
        CHECK(logged(LOG_WARNING, "does not show whether process 42 is the"));
    }
    CHECK_EQUAL(helper.renews, 0);
    return 0;
}

CASE(without_the_system_user_nothing_is_believed)
{
    CHECK_EQUAL(make(DUE), 0);
    pamh->no_system_user = true;
    CHECK_EQUAL(refresh_around(&ctx, &pw), 0);
    CHECK_EQUAL(helper.finds, 0);
    CHECK_EQUAL(pamh->n_log, 1);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(what_is_to_be_done_depends_on_helper_status_and_token),
        TEST(only_keys_of_roots_and_the_group_are_believed),
        TEST(its_helper_renews_when_that_is_due_or_failing),
        TEST(its_helper_only_goes_on_when_nothing_is_due_or_helps),
        TEST(a_helper_that_died_is_started_again),
        TEST(one_that_is_started_again_renews_when_that_helps),
        TEST(one_whose_status_was_destroyed_is_started_again),
        TEST(where_only_a_new_login_helps_none_is_started),
        TEST(one_whose_descriptor_was_lost_is_found_and_not_started_again),
        TEST(roots_helper_is_looked_for_as_the_system_user),
        TEST(one_of_which_nobody_says_is_not_started_again),
        TEST(what_fails_is_its_errno),
        TEST(a_session_without_tokens_is_left_alone_without_a_word),
        TEST(the_helper_of_its_keyring_renews),
        TEST(a_locker_without_privilege_may_ask_for_it),
        TEST(in_roots_session_it_is_the_system_users),
        TEST(what_is_not_due_is_not_asked_for),
        TEST(a_keyring_that_the_user_made_is_not_believed),
        TEST(a_status_that_is_not_roots_is_not_believed),
        TEST(keys_of_another_group_are_not_believed),
        TEST(without_a_status_nothing_is_done),
        TEST(a_helper_that_is_gone_is_one_line),
        TEST(a_helper_that_may_not_be_asked_is_its_errno),
        TEST(a_helper_that_proc_hides_is_one_line),
        TEST(without_the_system_user_nothing_is_believed),
    };

    return cmocka_run_group_tests_name("refresh", tests, NULL, NULL);
}
