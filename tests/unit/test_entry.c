/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_modutil.h>

#include "pam/handoff.h"
#include "pam/login.h"
#include "pam/session.h"
#include "tests/lib/fakepam.h"
#include "tests/lib/test.h"

INJECT_ENOMEM(malloc, (size_t size), (size))
INJECT_ENOMEM(calloc, (size_t n, size_t size), (n, size))

/* ---- What is behind the entries ---- */

static struct {
    /* what they return */
    int login_result, store_result, find_result, open_result;
    bool stores; /* login calls store() */
    /* how often */
    unsigned logins, opens, closes, discards, handoffs, finds, revokes;
    struct owner owner; /* of the last call */
    uid_t found_for, looked_for;
    key_serial_t looked_at;
    int look_result;
    key_serial_t opened, discarded, revoked; /* the hand-off of the last call */
    unsigned own_refreshes, other_refreshes;
    int refresh_result;
    uid_t refreshed_for;
    struct options options;
    struct context ctx;
    char config[256];
} seen;

int
__wrap_login_obtain(const struct context *ctx, const struct options *options,
                    const struct owner *owner, store_fn *store)
{
    struct message result = {.kind = KIND_RESULT};
    int r = 0;

    seen.logins++;
    seen.owner = *owner;
    seen.ctx = *ctx;
    seen.options = *options;
    strncpy(seen.config, options->config, sizeof(seen.config) - 1);
    if (seen.stores)
        r = store(ctx, owner, &result);
    return r < 0 ? r : seen.login_result;
}

int
__wrap_handoff_make(const struct context *ctx, uid_t uid UNUSED,
                    const struct message *result UNUSED, key_serial_t *out)
{
    char text[64];

    seen.handoffs++;
    if (seen.store_result < 0)
        return seen.store_result;
    *out = (key_serial_t) (6 + seen.handoffs); /* 7, 8, ... */
    (void) snprintf(text, sizeof(text), HANDOFF_VARIABLE "=%d", *out);
    assert_int_equal(pam_putenv(ctx->pamh, text), 0);
    return 0;
}

int
__wrap_handoff_look(const struct context *ctx UNUSED, uid_t uid,
                    key_serial_t ring)
{
    seen.looked_for = uid;
    seen.looked_at = ring;
    return seen.look_result;
}

int
__wrap_handoff_find(const struct context *ctx, uid_t uid, key_serial_t *out)
{
    const char *text = pam_getenv(ctx->pamh, HANDOFF_VARIABLE);

    seen.finds++;
    seen.found_for = uid;
    if (text == NULL)
        return -ENODATA;
    if (seen.find_result == 0)
        *out = (key_serial_t) atol(text);
    handoff_forget(ctx->pamh);
    return seen.find_result;
}

void
__wrap_handoff_revoke(key_serial_t ring)
{
    seen.revokes++;
    seen.revoked = ring;
}

int
__wrap_session_open(const struct context *ctx, const struct owner *owner,
                    key_serial_t ring, struct session *out)
{
    seen.opens++;
    seen.owner = *owner;
    seen.opened = ring;
    seen.ctx = *ctx;
    if (seen.open_result < 0)
        return seen.open_result;
    *out = (struct session){.owner = *owner,
                            .ring = ring,
                            .tokens = 11,
                            .keyring = 22,
                            .helper = HELPER_NONE};
    return 0;
}

void
__wrap_session_close(const struct context *ctx, struct session *session)
{
    seen.closes++;
    seen.ctx = *ctx;
    session->ring = session->tokens = 0;
}

void
__wrap_session_discard(const struct context *ctx UNUSED,
                       const struct owner *owner, key_serial_t ring)
{
    seen.discards++;
    seen.discarded = ring;
    seen.owner = *owner;
}

int
__wrap_refresh_own(const struct context *ctx, struct session *session)
{
    seen.own_refreshes++;
    seen.ctx = *ctx;
    seen.owner = session->owner;
    return seen.refresh_result;
}

int
__wrap_refresh_around(const struct context *ctx, const struct passwd *pw)
{
    seen.other_refreshes++;
    seen.ctx = *ctx;
    seen.refreshed_for = pw->pw_uid;
    return seen.refresh_result;
}

/* ---- The application ---- */

static pam_handle_t *pamh;
static const char *argv_none[] = {NULL};

static int
setup(void **state UNUSED)
{
    memset(&seen, 0, sizeof(seen));
    malloc_fails = calloc_fails = false;
    pamh = fakepam_start();
    return 0;
}

static int
teardown(void **state UNUSED)
{
    malloc_fails = calloc_fails = false;
    if (pamh != NULL)
        fakepam_end(pamh, 0);
    return 0;
}

static void
end(int status)
{
    fakepam_end(pamh, status);
    pamh = NULL;
}

static int
authenticate(void)
{
    return pam_sm_authenticate(pamh, 0, 0, argv_none);
}

/* After a login with tokens. */
static int
open_session(void)
{
    assert_int_equal(pam_putenv(pamh, HANDOFF_VARIABLE "=7"), PAM_SUCCESS);
    return pam_sm_open_session(pamh, 0, 0, argv_none);
}

static int
close_session(void)
{
    return pam_sm_close_session(pamh, 0, 0, argv_none);
}

/* ---- Authentication ---- */

static void
each_errno_of_a_login_has_its_pam_code(void **state UNUSED)
{
    static const struct {
        int r, code;
    } cases[] = {
        {0, PAM_SUCCESS},
        {-ENOMEM, PAM_BUF_ERR},
        {-EACCES, PAM_MAXTRIES},
        {-EKEYREJECTED, PAM_AUTH_ERR},
        {-EPERM, PAM_PERM_DENIED},
        {-ETIME, PAM_AUTH_ERR},
        {-EHOSTUNREACH, PAM_AUTHINFO_UNAVAIL},
        {-EINVAL, PAM_SERVICE_ERR},
        {-ECANCELED, PAM_CONV_ERR},
        {-ENODATA, PAM_AUTHINFO_UNAVAIL},
        {-EDQUOT, PAM_AUTHINFO_UNAVAIL},
        {-EIO, PAM_AUTHINFO_UNAVAIL},
        {-ENOENT, PAM_AUTHINFO_UNAVAIL},
        {-EPIPE, PAM_AUTHINFO_UNAVAIL},
        {-ETIMEDOUT, PAM_AUTHINFO_UNAVAIL},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        seen.login_result = cases[i].r;
        assert_int_equal(authenticate(), cases[i].code);
    }
}

static void
a_login_is_for_the_users_uid_and_options(void **state UNUSED)
{
    const char *argv[] = {"config=/etc/x", "debug", "minimum_uid=500",
                          "use_first_pass"};

    assert_int_equal(pam_sm_authenticate(pamh, PAM_SILENT, 4, argv),
                     PAM_SUCCESS);
    assert_int_equal(seen.owner.uid, ALICE_UID);
    assert_int_equal(seen.owner.gid, ALICE_GID);
    assert_int_equal(seen.owner.system.uid, 65534);
    assert_int_equal(seen.owner.process, getpid());
    assert_string_equal(seen.owner.name, "alice");
    assert_string_equal(seen.ctx.user, "alice");
    assert_true(seen.ctx.debug);
    assert_true(seen.ctx.silent);
    assert_string_equal(seen.config, "/etc/x");
    assert_true(seen.options.use_first_pass);
    assert_int_equal(authenticate(), PAM_SUCCESS);
    assert_false(seen.ctx.debug);
    assert_false(seen.ctx.silent);
}

static void
without_a_conversation_it_is_ignored_at_once(void **state UNUSED)
{
    pamh->no_conversation = true;
    pamh->user = NULL; /* it does not even ask for a name */
    assert_int_equal(authenticate(), PAM_IGNORE);
    pamh->no_conversation = false;
    pamh->no_function = true;
    assert_int_equal(authenticate(), PAM_IGNORE);
    assert_int_equal(seen.logins, 0);
    assert_int_equal(pamh->n_log, 0);
    assert_int_equal(pamh->n_prompt, 0);
}

static void
services_without_a_person_are_ignored_at_once(void **state UNUSED)
{
    static const char *const services[] = {"cron", "crond", "atd",
                                           "systemd-user"};
    size_t i;

    for (i = 0; i < ARRAY_LEN(services); i++) {
        pamh->service = services[i];
        assert_int_equal(authenticate(), PAM_IGNORE);
    }
    assert_int_equal(seen.logins, 0);
    assert_int_equal(pamh->n_log, 0);
}

static void
a_uid_below_the_minimum_is_ignored(void **state UNUSED)
{
    const char *lower = "minimum_uid=999", *higher = "minimum_uid=61002";

    pamh->user = "daemon"; /* 999 */
    assert_int_equal(authenticate(), PAM_IGNORE);
    assert_int_equal(seen.logins, 0);
    assert_int_equal(pamh->n_log, 0);
    assert_int_equal(pam_sm_authenticate(pamh, 0, 1, &lower), PAM_SUCCESS);
    pamh->user = "first"; /* 1000 */
    assert_int_equal(authenticate(), PAM_SUCCESS);
    assert_int_equal(seen.logins, 2);
    pamh->user = "alice";
    assert_int_equal(pam_sm_authenticate(pamh, 0, 1, &higher), PAM_IGNORE);
    assert_int_equal(seen.logins, 2);
}

static void
a_bad_argument_is_a_service_error_and_named(void **state UNUSED)
{
    const char *argv[] = {"debug", "minimum_uid=many"};

    assert_int_equal(pam_sm_authenticate(pamh, 0, 2, argv), PAM_SERVICE_ERR);
    assert_int_equal(pam_sm_open_session(pamh, 0, 2, argv), PAM_SERVICE_ERR);
    assert_int_equal(pamh->n_log, 2);
    assert_string_equal(
        pamh->log[0],
        "user alice: unknown or malformed module argument: minimum_uid=many"
        " event=misconfigured session=- uid=-");
    assert_string_equal(pamh->log[1], pamh->log[0]);
    assert_int_equal(pamh->priority[0], LOG_ERR);
    assert_int_equal(seen.logins + seen.opens, 0);
}

static void
an_unknown_user_is_logged(void **state UNUSED)
{
    pamh->user = "mallory\n";
    assert_int_equal(authenticate(), PAM_USER_UNKNOWN);
    assert_int_equal(open_session(), PAM_USER_UNKNOWN);
    assert_int_equal(pamh->n_log, 2);
    assert_string_equal(pamh->log[0], "user mallory?: no such user"
                                      " event=unknown_user session=- uid=-");
    assert_int_equal(seen.logins + seen.opens, 0);
}

static void
no_user_at_all_is_an_unknown_user(void **state UNUSED)
{
    pamh->user = NULL;
    assert_int_equal(authenticate(), PAM_USER_UNKNOWN);
    assert_int_equal(open_session(), PAM_USER_UNKNOWN);
    pamh->user = "alice";
    pamh->get_user_result = PAM_CONV_ERR;
    assert_int_equal(authenticate(), PAM_USER_UNKNOWN);
    assert_int_equal(seen.logins + seen.opens, 0);
}

static void
a_conversation_to_be_called_again_is_incomplete(void **state UNUSED)
{
    pamh->get_user_result = PAM_CONV_AGAIN;
    assert_int_equal(authenticate(), PAM_INCOMPLETE);
    assert_int_equal(seen.logins, 0);
}

static void
a_login_that_fails_leaves_nothing(void **state UNUSED)
{
    seen.login_result = -EACCES;
    assert_int_equal(authenticate(), PAM_MAXTRIES);
    assert_int_equal(seen.discards, 0); /* there were none */
    assert_int_equal(pamh->n_log, 0);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
}

/* The exchange did not hear that they are safe. */
static void
a_login_that_fails_after_its_tokens_were_kept_discards_them(void **state UNUSED)
{
    seen.stores = true;
    seen.login_result = -EIO;
    assert_int_equal(authenticate(), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(seen.discards, 1);
    assert_int_equal(seen.discarded, 7);
    assert_int_equal(seen.owner.uid, ALICE_UID);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    assert_int_equal(pamh->n_log, 0);
    end(PAM_SUCCESS);
    assert_int_equal(seen.discards, 1);
}

static void
a_second_login_that_fails_discards_the_tokens_of_the_first(void **state UNUSED)
{
    seen.stores = true;
    assert_int_equal(authenticate(), PAM_SUCCESS);
    seen.stores = false;
    seen.login_result = -EACCES;
    assert_int_equal(authenticate(), PAM_MAXTRIES);
    assert_int_equal(seen.discards, 1);
    assert_int_equal(seen.discarded, 7);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
}

/* ~/.pam_environment is read before us, maybe. */
static void
a_login_that_fails_leaves_no_variable_of_somebody_else(void **state UNUSED)
{
    seen.login_result = -EACCES;
    assert_int_equal(pam_putenv(pamh, HANDOFF_VARIABLE "=12345"), PAM_SUCCESS);
    assert_int_equal(authenticate(), PAM_MAXTRIES);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    assert_int_equal(seen.discards, 0);
}

static void
a_login_that_succeeds_is_logged_once(void **state UNUSED)
{
    assert_int_equal(authenticate(), PAM_SUCCESS);
    assert_int_equal(seen.discards, 0);
    assert_int_equal(pamh->n_log, 1);
    assert_int_equal(pamh->priority[0], LOG_INFO);
}

static void
tokens_that_cannot_be_kept_fail_the_login_with_one_line(void **state UNUSED)
{
    static const struct {
        int r, code;
        const char *says;
    } cases[] = {
        {-EDQUOT, PAM_AUTHINFO_UNAVAIL, "kernel.keys.root_maxbytes"},
        {-ENOMEM, PAM_AUTHINFO_UNAVAIL, "cannot keep the tokens"},
        {-EACCES, PAM_AUTHINFO_UNAVAIL, "cannot keep the tokens"},
        {-EKEYREVOKED, PAM_AUTHINFO_UNAVAIL, "cannot keep the tokens"},
    };
    size_t i;

    seen.stores = true;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakepam_forget(pamh);
        seen.store_result = cases[i].r;
        assert_int_equal(authenticate(), cases[i].code);
        assert_int_equal(pamh->n_log, 1);
        assert_int_equal(pamh->priority[0], LOG_ERR);
        assert_non_null(strstr(pamh->log[0], cases[i].says));
        assert_int_equal(seen.discards, 0);
    }
}

static void
a_login_that_cannot_be_remembered_fails(void **state UNUSED)
{
    seen.stores = true;
    malloc_fails = true;
    assert_int_equal(authenticate(), PAM_AUTHINFO_UNAVAIL);
    malloc_fails = false;
    assert_int_equal(seen.revokes, 1);
    assert_int_equal(seen.revoked, 7);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    pamh->set_data_result = PAM_BUF_ERR;
    assert_int_equal(authenticate(), PAM_AUTHINFO_UNAVAIL);
    pamh->set_data_result = PAM_SUCCESS;
    assert_int_equal(seen.revokes, 2);
    assert_int_equal(seen.revoked, 8);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    assert_int_equal(seen.handoffs, 2);
    assert_int_equal(seen.discards, 0);
    assert_int_equal(pamh->n_log, 2);
}

/* ---- Logins for which nobody opens a session ---- */

static void
a_login_without_a_session_is_discarded_at_the_end(void **state UNUSED)
{
    seen.stores = true;
    assert_int_equal(authenticate(), PAM_SUCCESS);
    seen.owner.uid = 0;
    end(PAM_SUCCESS);
    assert_int_equal(seen.discards, 1);
    assert_int_equal(seen.discarded, 7);
    assert_int_equal(seen.owner.uid, ALICE_UID);
}

static void
a_second_login_discards_the_tokens_of_the_first(void **state UNUSED)
{
    seen.stores = true;
    assert_int_equal(authenticate(), PAM_SUCCESS);
    assert_int_equal(authenticate(), PAM_SUCCESS);
    assert_int_equal(seen.handoffs, 2);
    assert_int_equal(seen.discards, 1);
    assert_int_equal(seen.discarded, 7);
    assert_string_equal(pam_getenv(pamh, HANDOFF_VARIABLE), "8");
}

static void
a_forked_copy_discards_nothing(void **state UNUSED)
{
    seen.stores = true;
    assert_int_equal(authenticate(), PAM_SUCCESS);
    fakepam_end_in_child(pamh, PAM_DATA_SILENT);
    end(PAM_DATA_SILENT);
    assert_int_equal(seen.discards, 0);
}

/* Its copy's end, without the flag that says so: what it did is its exit
 * status. */
static int
end_in_a_fork(unsigned *counter)
{
    int status = -1;
    pid_t pid;

    *counter = 0;
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        fakepam_end(pamh, PAM_SUCCESS);
        _exit((int) *counter);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
a_forked_copy_without_the_flag_discards_nothing_either(void **state UNUSED)
{
    seen.stores = true;
    assert_int_equal(authenticate(), PAM_SUCCESS);
    assert_int_equal(end_in_a_fork(&seen.discards), 0);
    end(PAM_SUCCESS);
    assert_int_equal(seen.discards, 1);
}

static void
a_session_takes_the_login_over(void **state UNUSED)
{
    seen.stores = true;
    assert_int_equal(authenticate(), PAM_SUCCESS);
    fakepam_forget(pamh);
    assert_int_equal(pam_sm_open_session(pamh, 0, 0, argv_none), PAM_SUCCESS);
    assert_int_equal(seen.opened, 7);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    assert_int_equal(pamh->n_log, 1);
    assert_int_equal(close_session(), PAM_SUCCESS);
    end(PAM_SUCCESS);
    assert_int_equal(seen.discards, 0);
    assert_int_equal(seen.closes, 1);
}

/* ---- Credentials ---- */

static const int again[] = {PAM_REINITIALIZE_CRED, PAM_REFRESH_CRED,
                            PAM_REINITIALIZE_CRED | PAM_SILENT};

static int
setcred(int flags)
{
    return pam_sm_setcred(pamh, flags, 0, argv_none);
}

static void
to_establish_and_to_delete_credentials_does_nothing(void **state UNUSED)
{
    static const int flags[] = {PAM_ESTABLISH_CRED, PAM_DELETE_CRED,
                                PAM_DELETE_CRED | PAM_SILENT, 0};
    const char *bad = "no=such";
    size_t i;

    for (i = 0; i < ARRAY_LEN(flags); i++)
        assert_int_equal(pam_sm_setcred(pamh, flags[i], 1, &bad), PAM_SUCCESS);
    assert_int_equal(open_session(), PAM_SUCCESS);
    fakepam_forget(pamh);
    for (i = 0; i < ARRAY_LEN(flags); i++)
        assert_int_equal(setcred(flags[i]), PAM_SUCCESS);
    assert_int_equal(seen.own_refreshes + seen.other_refreshes, 0);
    assert_int_equal(pamh->n_log, 0);
}

static void
who_opened_the_session_refreshes_its_own(void **state UNUSED)
{
    const char *arguments[] = {"debug"};
    size_t i;

    assert_int_equal(open_session(), PAM_SUCCESS);
    fakepam_forget(pamh);
    pamh->user = "first"; /* by now; the session is alice's */
    for (i = 0; i < ARRAY_LEN(again); i++) {
        seen.owner.uid = 0;
        assert_int_equal(pam_sm_setcred(pamh, again[i], 1, arguments),
                         PAM_SUCCESS);
        assert_int_equal(seen.own_refreshes, i + 1);
        assert_int_equal(seen.owner.uid, ALICE_UID);
        assert_string_equal(seen.ctx.user, "alice");
        assert_true(seen.ctx.debug);
    }
    assert_true(seen.ctx.silent);
    assert_int_equal(seen.other_refreshes, 0);
    assert_int_equal(pamh->n_log, 0);
}

static void
anybody_else_refreshes_the_session_around(void **state UNUSED)
{
    size_t i;

    pamh->no_conversation = true; /* and asks nobody */
    for (i = 0; i < ARRAY_LEN(again); i++) {
        assert_int_equal(setcred(again[i]), PAM_SUCCESS);
        assert_int_equal(seen.other_refreshes, i + 1);
        assert_int_equal(seen.refreshed_for, ALICE_UID);
    }
    /* also for users whom it does not authenticate */
    pamh->user = "daemon";
    assert_int_equal(setcred(PAM_REFRESH_CRED), PAM_SUCCESS);
    assert_int_equal(seen.refreshed_for, 999);
    assert_int_equal(seen.own_refreshes, 0);
    assert_int_equal(pamh->n_log, 0);
}

static void
after_closing_the_session_is_nobodys_own(void **state UNUSED)
{
    assert_int_equal(open_session(), PAM_SUCCESS);
    assert_int_equal(close_session(), PAM_SUCCESS);
    assert_int_equal(setcred(PAM_REFRESH_CRED), PAM_SUCCESS);
    assert_int_equal(seen.own_refreshes, 0);
    assert_int_equal(seen.other_refreshes, 1);
}

/* It may not start a helper: that would end with the copy. */
static void
a_forked_copy_refreshes_the_session_around(void **state UNUSED)
{
    int status = -1;
    pid_t pid;

    assert_int_equal(open_session(), PAM_SUCCESS);
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        (void) setcred(PAM_REINITIALIZE_CRED);
        _exit(seen.own_refreshes == 0 && seen.other_refreshes == 1 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Nobody stays locked out. */
static void
what_fails_is_logged_and_credentials_succeed(void **state UNUSED)
{
    static const struct {
        int r;
        const char *says;
    } cases[] = {
        {-EPERM, "not renewed now: Operation not permitted"},
        {-EDQUOT, "kernel.keys.root_maxkeys"},
        {-ENOMEM, "not renewed now"},
    };
    size_t i;

    for (i = 0; i < 2 * ARRAY_LEN(cases); i++) {
        if (i == ARRAY_LEN(cases))
            assert_int_equal(open_session(), PAM_SUCCESS);
        fakepam_forget(pamh);
        seen.refresh_result = cases[i % ARRAY_LEN(cases)].r;
        assert_int_equal(setcred(PAM_REFRESH_CRED), PAM_SUCCESS);
        assert_int_equal(pamh->n_log, 1);
        assert_int_equal(pamh->priority[0], LOG_WARNING);
        assert_non_null(strstr(pamh->log[0], cases[i % ARRAY_LEN(cases)].says));
    }
}

static void
without_a_user_or_with_bad_arguments_credentials_succeed(void **state UNUSED)
{
    const char *bad = "no=such";

    assert_int_equal(pam_sm_setcred(pamh, PAM_REFRESH_CRED, 1, &bad),
                     PAM_SUCCESS);
    assert_int_equal(pamh->n_log, 1);
    pamh->user = "mallory";
    assert_int_equal(setcred(PAM_REFRESH_CRED), PAM_SUCCESS);
    assert_int_equal(pamh->n_log, 2);
    pamh->user = NULL;
    assert_int_equal(setcred(PAM_REFRESH_CRED), PAM_SUCCESS);
    assert_int_equal(seen.other_refreshes, 0);
    pamh->user = "alice";
    assert_int_equal(open_session(), PAM_SUCCESS);
    assert_int_equal(pam_sm_setcred(pamh, PAM_REFRESH_CRED, 1, &bad),
                     PAM_SUCCESS);
    assert_int_equal(seen.own_refreshes, 1);
}

/* ---- What it has nothing to do with ---- */

static void
accounts_and_password_changes_are_ignored(void **state UNUSED)
{
    assert_int_equal(pam_sm_acct_mgmt(pamh, 0, 0, argv_none), PAM_IGNORE);
    assert_int_equal(pam_sm_chauthtok(pamh, 0, 0, argv_none), PAM_IGNORE);
    assert_int_equal(pamh->n_log, 0);
}

/* ---- Accounts ---- */

static int
account(void)
{
    return pam_sm_acct_mgmt(pamh, 0, 0, argv_none);
}

static void
each_account_has_its_code(void **state UNUSED)
{
    static const struct {
        int look;
        int code;
        const char *line;
    } cases[] = {
        {0, PAM_SUCCESS, NULL},
        {-EKEYREJECTED, PAM_PERM_DENIED, "does not name a hand-off"},
        {-ENOKEY, PAM_AUTH_ERR, "gone or timed out"},
        {-EKEYEXPIRED, PAM_AUTH_ERR, "gone or timed out"},
        {-EKEYREVOKED, PAM_AUTH_ERR, "gone or timed out"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakepam_forget(pamh);
        seen.look_result = cases[i].look;
        assert_int_equal(pam_putenv(pamh, HANDOFF_VARIABLE "=12345"), 0);
        assert_int_equal(account(), cases[i].code);
        assert_int_equal(seen.looked_for, ALICE_UID);
        assert_int_equal(pamh->n_log, cases[i].line != NULL);
        if (cases[i].line != NULL)
            assert_non_null(strstr(pamh->log[0], cases[i].line));
        assert_string_equal(pam_getenv(pamh, HANDOFF_VARIABLE), "12345");
    }
    seen.look_result = 0;
}

static void
an_account_of_another_user_or_a_low_uid_is_refused(void **state UNUSED)
{
    seen.stores = true;
    assert_int_equal(authenticate(), PAM_SUCCESS);
    assert_int_equal(account(), PAM_SUCCESS);
    assert_int_not_equal(seen.looked_at, 0);
    fakepam_forget(pamh);
    pamh->user = "first";
    assert_int_equal(account(), PAM_PERM_DENIED);
    assert_non_null(strstr(pamh->log[0], "alice's; refused"));
    assert_int_equal(pam_set_data(pamh, "oidc_session_login", NULL, NULL), 0);
    fakepam_forget(pamh);
    pamh->user = "daemon";
    assert_int_equal(pam_putenv(pamh, HANDOFF_VARIABLE "=12345"), 0);
    assert_int_equal(account(), PAM_PERM_DENIED);
    assert_non_null(strstr(pamh->log[0], "below minimum_uid"));
}

/* ---- Sessions ---- */

static void
a_session_is_for_the_users_ids(void **state UNUSED)
{
    assert_int_equal(open_session(), PAM_SUCCESS);
    assert_int_equal(seen.owner.uid, ALICE_UID);
    assert_int_equal(seen.owner.gid, ALICE_GID);
    assert_int_equal(seen.owner.system.gid, 65534);
    assert_int_equal(seen.found_for, ALICE_UID);
    assert_int_equal(seen.opened, 7);
    assert_int_equal(pamh->n_log, 1);
    assert_string_equal(pamh->log[0],
                        "user alice: session opened, tokens in keyring 11"
                        " event=opened session=22 uid=61001");
}

static void
a_login_without_tokens_opens_quietly(void **state UNUSED)
{
    pamh->no_system_user = true; /* it is not even looked for */
    assert_int_equal(pam_sm_open_session(pamh, 0, 0, argv_none), PAM_SUCCESS);
    assert_int_equal(seen.opens, 0);
    assert_int_equal(pamh->n_log, 0);
    assert_int_equal(close_session(), PAM_SUCCESS);
    assert_int_equal(seen.closes, 0);
}

/* sudo: alice authenticates, and the session is another's. */
static void
the_tokens_of_another_user_are_revoked(void **state UNUSED)
{
    seen.stores = true;
    assert_int_equal(authenticate(), PAM_SUCCESS);
    fakepam_forget(pamh);
    pamh->user = "first";
    assert_int_equal(pam_sm_open_session(pamh, 0, 0, argv_none), PAM_SUCCESS);
    assert_int_equal(seen.opens + seen.finds, 0);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    assert_int_equal(seen.discards, 1);
    assert_int_equal(seen.discarded, 7);
    assert_int_equal(seen.owner.uid, ALICE_UID);
    assert_int_equal(pamh->n_log, 1);
    assert_non_null(strstr(pamh->log[0], "alice's"));
}

static void
without_the_system_user_nothing_is_done(void **state UNUSED)
{
    pamh->no_system_user = true;
    assert_int_equal(authenticate(), PAM_SERVICE_ERR);
    assert_int_equal(pamh->n_log, 1);
    assert_int_equal(open_session(), PAM_SESSION_ERR);
    assert_int_equal(pamh->n_log, 2);
    assert_int_equal(seen.logins + seen.opens, 0);
    /* In sshd's monitor nobody else can end them. */
    assert_int_equal(seen.revokes, 1);
    assert_int_equal(seen.revoked, 7);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
}

/* That login still knows who revokes at the provider. */
static void
without_the_system_user_by_now_the_login_is_discarded(void **state UNUSED)
{
    seen.stores = true;
    assert_int_equal(authenticate(), PAM_SUCCESS);
    fakepam_forget(pamh);
    pamh->no_system_user = true;
    seen.owner.system.uid = 0;
    assert_int_equal(pam_sm_open_session(pamh, 0, 0, argv_none),
                     PAM_SESSION_ERR);
    assert_int_equal(pamh->n_log, 1);
    assert_int_equal(seen.opens + seen.revokes, 0);
    assert_int_equal(seen.discards, 1);
    assert_int_equal(seen.discarded, 7);
    assert_int_equal(seen.owner.system.uid, 65534);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
}

/* The variable is for us alone, whatever comes of it. */
static void
a_session_that_fails_early_leaves_no_variable(void **state UNUSED)
{
    static const char *const users[] = {"mallory", NULL, "ALICE"};
    const char *bad = "no_such_argument";
    size_t i;

    assert_int_equal(pam_putenv(pamh, HANDOFF_VARIABLE "=7"), PAM_SUCCESS);
    assert_int_equal(pam_sm_open_session(pamh, 0, 1, &bad), PAM_SERVICE_ERR);
    assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    for (i = 0; i < ARRAY_LEN(users); i++) {
        pamh->user = users[i];
        assert_int_equal(open_session(), PAM_USER_UNKNOWN);
        assert_null(pam_getenv(pamh, HANDOFF_VARIABLE));
    }
    fakepam_forget(pamh);
    pamh->user = NULL; /* a second time, without one */
    assert_int_equal(pam_sm_open_session(pamh, 0, 0, argv_none),
                     PAM_USER_UNKNOWN);
    assert_int_equal(pamh->n_log, 0);
    assert_int_equal(seen.opens, 0);
}

static void
tokens_of_a_session_that_fails_early_are_discarded_at_the_end(
    void **state UNUSED)
{
    const char *bad = "no_such_argument";

    seen.stores = true;
    assert_int_equal(authenticate(), PAM_SUCCESS);
    assert_int_equal(pam_sm_open_session(pamh, 0, 1, &bad), PAM_SERVICE_ERR);
    end(PAM_SUCCESS);
    assert_int_equal(seen.discards, 1);
    assert_int_equal(seen.discarded, 7);
}

/* The provider's name is compared with the one that PAM has. */
static void
a_name_that_is_spelled_otherwise_is_no_user(void **state UNUSED)
{
    pamh->user = "ALICE";
    assert_int_equal(authenticate(), PAM_USER_UNKNOWN);
    assert_int_equal(open_session(), PAM_USER_UNKNOWN);
    assert_int_equal(seen.logins + seen.opens, 0);
    assert_non_null(strstr(pamh->log[0], "spelled alice"));
}

static void
a_session_that_cannot_be_opened_is_a_session_error(void **state UNUSED)
{
    seen.open_result = -EIO;
    assert_int_equal(open_session(), PAM_SESSION_ERR);
    assert_int_equal(pamh->n_log, 1);
    assert_int_equal(close_session(), PAM_SUCCESS);
    assert_int_equal(seen.closes, 0);
}

static void
why_a_session_cannot_be_opened_is_one_line(void **state UNUSED)
{
    static const struct {
        int r, code, priority;
        const char *says;
    } cases[] = {
        {-EKEYREJECTED, PAM_SESSION_ERR, LOG_WARNING,
         HANDOFF_VARIABLE " does not name a hand-off for this user"},
        {-ENOKEY, PAM_SESSION_ERR, LOG_WARNING, "timed out before"},
        {-EKEYEXPIRED, PAM_SESSION_ERR, LOG_WARNING, "timed out before"},
        {-EKEYREVOKED, PAM_SESSION_ERR, LOG_WARNING, "timed out before"},
        {-EDQUOT, PAM_SESSION_ERR, LOG_ERR, "kernel.keys.root_maxkeys"},
        {-ENOENT, PAM_SESSION_ERR, LOG_ERR, "No such file or directory (is "},
        /* A helper that dies at once is no login without tokens. */
        {-ENODATA, PAM_SESSION_ERR, LOG_ERR, "cannot set up the session's"},
        {-ENOMEM, PAM_BUF_ERR, LOG_ERR, "cannot set up the session's tokens"},
        {-EACCES, PAM_SESSION_ERR, LOG_ERR, "cannot set up the session's"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakepam_forget(pamh);
        seen.open_result = cases[i].r;
        assert_int_equal(open_session(), cases[i].code);
        assert_int_equal(pamh->n_log, 1);
        assert_int_equal(pamh->priority[0], cases[i].priority);
        assert_non_null(strstr(pamh->log[0], "user alice: "));
        assert_non_null(strstr(pamh->log[0], cases[i].says));
    }
}

static void
a_forged_handoff_opens_nothing(void **state UNUSED)
{
    seen.find_result = -EKEYREJECTED;
    assert_int_equal(open_session(), PAM_SESSION_ERR);
    assert_int_equal(seen.opens, 0);
    assert_int_equal(seen.revokes + seen.discards, 0); /* it is not ours */
    assert_int_equal(pamh->n_log, 1);
    assert_non_null(strstr(pamh->log[0], "refused"));
}

/* Whatever is left of them, and at once: the application may live long. */
static void
tokens_of_a_session_that_cannot_be_opened_are_discarded(void **state UNUSED)
{
    seen.stores = true;
    assert_int_equal(authenticate(), PAM_SUCCESS);
    fakepam_forget(pamh);
    seen.open_result = -EDQUOT;
    assert_int_equal(pam_sm_open_session(pamh, 0, 0, argv_none),
                     PAM_SESSION_ERR);
    assert_int_equal(seen.discards, 1);
    assert_int_equal(seen.discarded, 7);
    assert_int_equal(pamh->n_log, 1);
    end(PAM_SUCCESS);
    assert_int_equal(seen.discards, 1);
}

static void
a_session_that_is_open_stays_as_it_is(void **state UNUSED)
{
    assert_int_equal(open_session(), PAM_SUCCESS);
    fakepam_forget(pamh);
    assert_int_equal(open_session(), PAM_SUCCESS);
    assert_int_equal(seen.opens, 1);
    assert_int_equal(pamh->n_log, 0);
}

static void
a_session_is_closed_once(void **state UNUSED)
{
    assert_int_equal(open_session(), PAM_SUCCESS);
    fakepam_forget(pamh);
    assert_int_equal(close_session(), PAM_SUCCESS);
    assert_int_equal(seen.closes, 1);
    assert_int_equal(pamh->n_log, 1);
    assert_int_equal(close_session(), PAM_SUCCESS);
    end(PAM_SUCCESS);
    assert_int_equal(seen.closes, 1);
}

static void
a_session_that_was_closed_can_be_opened_again(void **state UNUSED)
{
    assert_int_equal(open_session(), PAM_SUCCESS);
    assert_int_equal(close_session(), PAM_SUCCESS);
    assert_int_equal(open_session(), PAM_SUCCESS);
    assert_int_equal(seen.opens, 2);
}

static void
closing_without_opening_is_no_error(void **state UNUSED)
{
    assert_int_equal(close_session(), PAM_SUCCESS);
    assert_int_equal(seen.closes, 0);
    assert_int_equal(pamh->n_log, 0);
}

static void
a_session_is_closed_whatever_is_wrong_by_then(void **state UNUSED)
{
    const char *bad = "no_such_argument";

    assert_int_equal(open_session(), PAM_SUCCESS);
    assert_int_equal(pam_sm_close_session(pamh, 0, 1, &bad), PAM_SUCCESS);
    assert_int_equal(seen.closes, 1);
    assert_int_equal(open_session(), PAM_SUCCESS);
    pamh->user = NULL;
    assert_int_equal(close_session(), PAM_SUCCESS);
    assert_int_equal(seen.closes, 2);
    pamh->user = "alice";
    assert_int_equal(open_session(), PAM_SUCCESS);
    pamh->user = "gone";
    pamh->no_conversation = true; /* as sshd does */
    assert_int_equal(close_session(), PAM_SUCCESS);
    assert_int_equal(seen.closes, 3);
}

static void
the_end_of_the_handle_closes_the_session(void **state UNUSED)
{
    assert_int_equal(open_session(), PAM_SUCCESS);
    end(PAM_SUCCESS);
    assert_int_equal(seen.closes, 1);
}

static void
the_end_of_a_forked_copy_does_not_close_it(void **state UNUSED)
{
    assert_int_equal(open_session(), PAM_SUCCESS);
    end(PAM_DATA_SILENT);
    assert_int_equal(seen.closes, 0);
}

static void
a_forked_copy_without_the_flag_does_not_close_it_either(void **state UNUSED)
{
    assert_int_equal(open_session(), PAM_SUCCESS);
    assert_int_equal(end_in_a_fork(&seen.closes), 0);
    assert_int_equal(close_session(), PAM_SUCCESS);
    assert_int_equal(seen.closes, 1);
}

static void
a_session_that_cannot_be_kept_is_closed(void **state UNUSED)
{
    pamh->set_data_result = PAM_BUF_ERR;
    assert_int_equal(open_session(), PAM_BUF_ERR);
    assert_int_equal(seen.opens, 1);
    assert_int_equal(seen.closes, 1);
}

static void
without_memory_no_session_is_opened(void **state UNUSED)
{
    calloc_fails = true;
    assert_int_equal(open_session(), PAM_BUF_ERR);
    calloc_fails = false;
    assert_int_equal(seen.opens, 0);
    assert_int_equal(seen.closes, 0);
}

static void
opening_needs_no_person_and_no_minimum(void **state UNUSED)
{
    pamh->no_conversation = true;
    pamh->user = "daemon";
    assert_int_equal(open_session(), PAM_SUCCESS);
    assert_int_equal(seen.opens, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(each_errno_of_a_login_has_its_pam_code),
        TEST(a_login_is_for_the_users_uid_and_options),
        TEST(each_account_has_its_code),
        TEST(an_account_of_another_user_or_a_low_uid_is_refused),
        TEST(without_a_conversation_it_is_ignored_at_once),
        TEST(services_without_a_person_are_ignored_at_once),
        TEST(a_uid_below_the_minimum_is_ignored),
        TEST(a_bad_argument_is_a_service_error_and_named),
        TEST(an_unknown_user_is_logged),
        TEST(no_user_at_all_is_an_unknown_user),
        TEST(a_conversation_to_be_called_again_is_incomplete),
        TEST(a_login_that_fails_leaves_nothing),
        TEST(a_login_that_fails_after_its_tokens_were_kept_discards_them),
        TEST(a_second_login_that_fails_discards_the_tokens_of_the_first),
        TEST(a_login_that_fails_leaves_no_variable_of_somebody_else),
        TEST(a_login_that_succeeds_is_logged_once),
        TEST(tokens_that_cannot_be_kept_fail_the_login_with_one_line),
        TEST(a_login_that_cannot_be_remembered_fails),
        TEST(a_login_without_a_session_is_discarded_at_the_end),
        TEST(a_second_login_discards_the_tokens_of_the_first),
        TEST(a_forked_copy_discards_nothing),
        TEST(a_forked_copy_without_the_flag_discards_nothing_either),
        TEST(a_session_takes_the_login_over),
        TEST(to_establish_and_to_delete_credentials_does_nothing),
        TEST(who_opened_the_session_refreshes_its_own),
        TEST(anybody_else_refreshes_the_session_around),
        TEST(after_closing_the_session_is_nobodys_own),
        TEST(a_forked_copy_refreshes_the_session_around),
        TEST(what_fails_is_logged_and_credentials_succeed),
        TEST(without_a_user_or_with_bad_arguments_credentials_succeed),
        TEST(accounts_and_password_changes_are_ignored),
        TEST(a_session_is_for_the_users_ids),
        TEST(a_login_without_tokens_opens_quietly),
        TEST(the_tokens_of_another_user_are_revoked),
        TEST(without_the_system_user_nothing_is_done),
        TEST(without_the_system_user_by_now_the_login_is_discarded),
        TEST(a_session_that_fails_early_leaves_no_variable),
        TEST(tokens_of_a_session_that_fails_early_are_discarded_at_the_end),
        TEST(a_name_that_is_spelled_otherwise_is_no_user),
        TEST(a_session_that_cannot_be_opened_is_a_session_error),
        TEST(why_a_session_cannot_be_opened_is_one_line),
        TEST(a_forged_handoff_opens_nothing),
        TEST(tokens_of_a_session_that_cannot_be_opened_are_discarded),
        TEST(a_session_that_is_open_stays_as_it_is),
        TEST(a_session_is_closed_once),
        TEST(a_session_that_was_closed_can_be_opened_again),
        TEST(closing_without_opening_is_no_error),
        TEST(a_session_is_closed_whatever_is_wrong_by_then),
        TEST(the_end_of_the_handle_closes_the_session),
        TEST(the_end_of_a_forked_copy_does_not_close_it),
        TEST(a_forked_copy_without_the_flag_does_not_close_it_either),
        TEST(a_session_that_cannot_be_kept_is_closed),
        TEST(without_memory_no_session_is_opened),
        TEST(opening_needs_no_person_and_no_minimum),
    };

    return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
