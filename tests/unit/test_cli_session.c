/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "helper/cli/command.h"
#include "helper/cli/session.h"
#include "tests/lib/child.h"
#include "tests/lib/cli.h"
#include "tests/lib/test.h"

static struct session session;
static key_serial_t ring;

static void
make_ring(void)
{
    keys_join();
    assert_int_equal(
        keyring_make(KEY_SPEC_SESSION_KEYRING, KEYRING_TOKENS, &ring), 0);
}

#define NEED_RING()                                                            \
    do {                                                                       \
        NEED_KEYS();                                                           \
        make_ring();                                                           \
    } while (0)

static void
a_session_without_the_keyring_has_no_tokens(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(session_find(&session), -ENOKEY);
}

static void
reads_status_and_expiry(void **state UNUSED)
{
    NEED_RING();
    assert_int_equal(put_text(ring, KEY_STATUS,
                              "state=retrying\nsubject=a\x1b[2Jb\n"
                              "renewals=3\nhelper_pid=17\n"),
                     0);
    assert_int_equal(put_text(ring, KEY_EXPIRES_AT, "1795308377"), 0);
    assert_int_equal(session_find(&session), 0);
    assert_int_equal(session.ring, ring);
    assert_true(session.has_status);
    assert_int_equal(session.status.state, STATE_RETRYING);
    assert_string_equal(session.status.subject, "a?[2Jb");
    assert_int_equal(session.status.helper_pid, 17);
    assert_int_equal(session.expires_at, 1795308377);
    assert_string_equal(session.info.description, KEY_STATUS);
}

static void
goes_on_without_a_status_that_somebody_destroyed(void **state UNUSED)
{
    NEED_RING();
    assert_int_equal(session_find(&session), 0);
    assert_false(session.has_status);
    assert_int_equal(session.expires_at, 0);
}

static void
a_revoked_keyring_has_no_tokens(void **state UNUSED)
{
    NEED_RING();
    assert_int_equal(session_find(&session), 0);
    assert_int_equal(keyctl_revoke(ring), 0);
    assert_int_equal(session_read(&session), -ENOKEY);
    assert_int_equal(session_find(&session), -ENOKEY);
    assert_int_equal(session.ring, ring);
}

static void
does_not_guess_what_a_later_version_means(void **state UNUSED)
{
    NEED_RING();
    assert_int_equal(put_text(ring, KEY_STATUS, "state=dreaming\n"), 0);
    assert_int_equal(session_find(&session), -EBADMSG);
    assert_int_equal(put_text(ring, KEY_STATUS, "state=active\n"), 0);
    assert_int_equal(put_text(ring, KEY_EXPIRES_AT, "tomorrow"), 0);
    assert_int_equal(session_find(&session), -EBADMSG);
}

static void
tells_a_token_from_one_that_is_not_there(void **state UNUSED)
{
    struct secret token = {0};

    NEED_RING();
    assert_int_equal(session_find(&session), 0);
    assert_int_equal(session_token(&session, KEY_ACCESS_TOKEN, &token),
                     -ENOKEY);
    assert_int_equal(put_text(ring, KEY_ACCESS_TOKEN, "at"), 0);
    assert_int_equal(session_token(&session, KEY_ACCESS_TOKEN, &token), 0);
    assert_string_equal(secret_text(&token), "at");
    secret_clear(&token);

    /* What the helper leaves in the keys. */
    assert_int_equal(put_text(ring, KEY_ACCESS_TOKEN, KEY_NO_TOKEN), 0);
    assert_int_equal(session_token(&session, KEY_ACCESS_TOKEN, &token),
                     -EKEYEXPIRED);
    secret_clear(&token);
    assert_int_equal(put_text(ring, KEY_ID_TOKEN, KEY_NO_TOKEN), 0);
    assert_int_equal(session_token(&session, KEY_ID_TOKEN, &token), -ENOKEY);
    secret_clear(&token);
    assert_int_equal(keyctl_revoke(ring), 0);
    assert_int_equal(session_token(&session, KEY_ACCESS_TOKEN, &token),
                     -ENOKEY);
}

static int
say(void *data)
{
    return session_report(*(const int *) data);
}

static void
says_why_there_are_no_tokens(void **state UNUSED)
{
    static const struct {
        int r, status;
        const char *said;
    } cases[] = {
        {-ENOKEY, COMMAND_NO_TOKEN, "oidc-session login"},
        {-EBADMSG, COMMAND_FAILED, "another version"},
        {-EACCES, COMMAND_FAILED, "Permission denied"},
    };
    struct cli cli;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        int r = cases[i].r;

        cli_capture(say, &r, &cli);
        assert_int_equal(cli.status, cases[i].status);
        assert_non_null(strstr(cli.err, cases[i].said));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_without_the_keyring_has_no_tokens),
        cmocka_unit_test(reads_status_and_expiry),
        cmocka_unit_test(goes_on_without_a_status_that_somebody_destroyed),
        cmocka_unit_test(a_revoked_keyring_has_no_tokens),
        cmocka_unit_test(does_not_guess_what_a_later_version_means),
        cmocka_unit_test(tells_a_token_from_one_that_is_not_there),
        cmocka_unit_test(says_why_there_are_no_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
