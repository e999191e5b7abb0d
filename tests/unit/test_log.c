/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>
#include <syslog.h>

#include "pam/log.h"
#include "tests/lib/fakepam.h"
#include "tests/lib/test.h"

#define TAIL " event=revoked session=77 uid=1000"

static struct context ctx;

static int
setup(void **state UNUSED)
{
    ctx = (struct context){
        .pamh = fakepam_start(), .user = "alice", .uid = 1000, .session = 77};
    return 0;
}

static int
teardown(void **state UNUSED)
{
    fakepam_end(ctx.pamh, 0);
    return 0;
}

static void
a_line_names_the_user(void **state UNUSED)
{
    log_line(&ctx, LOGGED_REVOKED, LOG_WARNING, "cannot %s key %d", "revoke",
             42);
    assert_int_equal(ctx.pamh->n_log, 1);
    assert_string_equal(ctx.pamh->log[0],
                        "user alice: cannot revoke key 42" TAIL);
    assert_int_equal(ctx.pamh->priority[0], LOG_WARNING);
}

static void
before_the_user_is_known_the_tail_says_so(void **state UNUSED)
{
    ctx.uid = NO_UID;
    ctx.session = 0;
    log_line(&ctx, LOGGED_UNKNOWN_USER, LOG_NOTICE, "no such user");
    assert_string_equal(ctx.pamh->log[0],
                        "user alice: no such user event=unknown_user session=-"
                        " uid=-");
}

static void
debug_lines_are_written_when_asked_for(void **state UNUSED)
{
    log_line(&ctx, LOGGED_REVOKED, LOG_DEBUG, "hidden");
    assert_int_equal(ctx.pamh->n_log, 0);
    ctx.debug = true;
    log_line(&ctx, LOGGED_REVOKED, LOG_DEBUG, "shown");
    assert_int_equal(ctx.pamh->n_log, 1);
    assert_int_equal(ctx.pamh->priority[0], LOG_DEBUG);
}

static void
silence_for_the_user_does_not_silence_the_log(void **state UNUSED)
{
    ctx.silent = true;
    log_line(&ctx, LOGGED_REVOKED, LOG_ERR, "x");
    assert_int_equal(ctx.pamh->n_log, 1);
}

static void
a_hostile_line_stays_one_printable_line(void **state UNUSED)
{
    log_line(&ctx, LOGGED_REVOKED, LOG_ERR, "%s",
             "a\nuser root: forged\r\x1b[31m\xff");
    assert_string_equal(ctx.pamh->log[0],
                        "user alice: a?user root: forged??[31m?" TAIL);
}

/* Nobody has authenticated it yet. */
static void
a_hostile_name_stays_one_short_printable_word(void **state UNUSED)
{
    char name[200] = "x\n%s%n";

    memset(name + strlen(name), 'y', 150);
    ctx.user = name;
    log_line(&ctx, LOGGED_REVOKED, LOG_ERR, "end");
    assert_non_null(strstr(ctx.pamh->log[0], "user x?%s%nyyy"));
    assert_non_null(strstr(ctx.pamh->log[0], "...: end" TAIL));
    assert_true(strlen(ctx.pamh->log[0]) < 80 + strlen(TAIL));
}

static void
a_percent_sign_is_no_format(void **state UNUSED)
{
    log_line(&ctx, LOGGED_REVOKED, LOG_ERR, "%s", "%s%s%n 100 %");
    assert_string_equal(ctx.pamh->log[0], "user alice: %s%s%n 100 %" TAIL);
    log_user(&ctx, "%s", "%s%s%n");
    assert_string_equal(ctx.pamh->prompt[0], "%s%s%n");
}

static void
a_long_line_is_cut(void **state UNUSED)
{
    char text[3000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_line(&ctx, LOGGED_REVOKED, LOG_ERR, "%s", text);
    assert_in_range(strlen(ctx.pamh->log[0]), 500, LOGLINE_SIZE);
    log_user(&ctx, "%s", text);
    assert_in_range(strlen(ctx.pamh->prompt[0]), 500, 1100);
}

static void
tells_the_user_with_an_information(void **state UNUSED)
{
    log_user(&ctx, "the code %s\n", "expired\x1b");
    assert_int_equal(ctx.pamh->n_prompt, 1);
    assert_int_equal(ctx.pamh->style[0], PAM_TEXT_INFO);
    assert_string_equal(ctx.pamh->prompt[0], "the code expired??");
    assert_int_equal(ctx.pamh->n_log, 0);
}

static void
tells_the_user_nothing_when_silent(void **state UNUSED)
{
    ctx.silent = true;
    log_user(&ctx, "x");
    assert_int_equal(ctx.pamh->n_prompt, 0);
}

static void
a_user_who_cannot_be_told_is_no_failure(void **state UNUSED)
{
    ctx.pamh->prompt_result = PAM_CONV_ERR;
    log_user(&ctx, "x");
    assert_int_equal(ctx.pamh->n_log, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_line_names_the_user),
        TEST(before_the_user_is_known_the_tail_says_so),
        TEST(debug_lines_are_written_when_asked_for),
        TEST(silence_for_the_user_does_not_silence_the_log),
        TEST(a_hostile_line_stays_one_printable_line),
        TEST(a_hostile_name_stays_one_short_printable_word),
        TEST(a_percent_sign_is_no_format),
        TEST(a_long_line_is_cut),
        TEST(tells_the_user_with_an_information),
        TEST(tells_the_user_nothing_when_silent),
        TEST(a_user_who_cannot_be_told_is_no_failure),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
