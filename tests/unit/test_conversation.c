/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/approval.h"
#include "pam/conversation.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/fakepam.h"
#include "tests/lib/test.h"

#define CANARY "CANARY-password"

static struct context ctx;
static pam_handle_t *pamh;
static struct message prompt;
static struct secret password;

static int
setup(void **state UNUSED)
{
    pamh = fakepam_start();
    ctx = (struct context){.pamh = pamh, .user = "alice"};
    return 0;
}

static int
teardown(void **state UNUSED)
{
    message_clear(&prompt);
    secret_clear(&password);
    fakepam_end(pamh, 0);
    return 0;
}

static const struct approval approval = {
    .host = "web1", .user = "alice", .remote = "192.0.2.7", .left = 0};

static void
set(enum field field, const char *text)
{
    assert_int_equal(message_set_text(&prompt, field, text), 0);
}

/* ---- Whether there is anybody ---- */

static void
a_conversation_function_may_mean_a_person(void **state UNUSED)
{
    static const char *const services[] = {
        "sshd", "login", "su", "gdm", "cronie", "CRON", "at", "", NULL};
    size_t i;

    for (i = 0; i < ARRAY_LEN(services); i++) {
        pamh->service = services[i];
        assert_true(conversation_possible(pamh));
    }
}

static void
no_conversation_means_nobody(void **state UNUSED)
{
    pamh->no_conversation = true;
    assert_false(conversation_possible(pamh));
}

static void
no_conversation_function_means_nobody(void **state UNUSED)
{
    pamh->no_function = true;
    assert_false(conversation_possible(pamh));
}

static void
nobody_sits_before_these_services(void **state UNUSED)
{
    static const char *const services[] = {"atd", "cron", "crond",
                                           "systemd-user"};
    size_t i;

    for (i = 0; i < ARRAY_LEN(services); i++) {
        pamh->service = services[i];
        assert_false(conversation_possible(pamh));
    }
}

/* ---- The approval ---- */

static void
one_prompt_shows_page_and_code(void **state UNUSED)
{
    set(FIELD_USER_CODE, "WDJB-MJHT");
    set(FIELD_VERIFICATION_URI, "https://idp.example/device");
    set(FIELD_VERIFICATION_URI_COMPLETE, "https://idp.example/device?c=WDJB");
    set(FIELD_EXPIRES_IN, "300");
    assert_int_equal(conversation_approve(&ctx, &prompt, 0), 0);
    assert_int_equal(pamh->n_prompt, 1);
    assert_int_equal(pamh->style[0], PAM_PROMPT_ECHO_ON);
    assert_non_null(strstr(pamh->prompt[0], "WDJB-MJHT"));
    assert_non_null(strstr(pamh->prompt[0], "https://idp.example/device\n"));
    assert_non_null(
        strstr(pamh->prompt[0], "https://idp.example/device?c=WDJB\n"));
    assert_non_null(strstr(pamh->prompt[0], "5 minutes"));
    assert_non_null(strstr(pamh->prompt[0], "Press Enter"));
}

static void
hostile_texts_are_cleaned(void **state UNUSED)
{
    char text[2048];

    set(FIELD_USER_CODE, "A\x1b]0;B\a\r\nPassword: ");
    set(FIELD_VERIFICATION_URI, "https://x\x1b[2J/\xff%s%n");
    set(FIELD_VERIFICATION_URI_COMPLETE, "y\nz\x7f");
    approval_text(&prompt, &approval, text, sizeof(text));
    assert_non_null(strstr(text, "A?]0;B???Password: "));
    assert_non_null(strstr(text, "https://x?[2J/?%s%n"));
    assert_non_null(strstr(text, "y?z?"));
    assert_null(strchr(text, '\x1b'));
    assert_null(strchr(text, '\r'));
    /* It goes through a format of PAM's, too. */
    assert_int_equal(conversation_approve(&ctx, &prompt, 0), 0);
    assert_non_null(strstr(pamh->prompt[0], "%s%n"));
}

static void
long_texts_are_cut_so_that_nothing_is_pushed_out(void **state UNUSED)
{
    char many[5000], text[5120];

    memset(many, 'x', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    set(FIELD_VERIFICATION_URI, many);
    set(FIELD_VERIFICATION_URI_COMPLETE, many);
    set(FIELD_USER_CODE, many);
    set(FIELD_EXPIRES_IN, "300");
    approval_text(&prompt, &approval, text, sizeof(text));
    assert_non_null(strstr(text, "enter this code:"));
    assert_non_null(strstr(text, "5 minutes"));
    assert_int_equal(conversation_approve(&ctx, &prompt, 0), 0);
    assert_non_null(strstr(pamh->prompt[0], "Press Enter"));
}

/* A page that is cut is no page. */
static void
the_longest_uris_of_a_provider_are_shown_whole(void **state UNUSED)
{
    static const char scheme[] = "https://";
    char page[2049], complete[2049], line[2064];

    memset(page, 'x', sizeof(page) - 1);
    memset(complete, 'y', sizeof(complete) - 1);
    page[2048] = complete[2048] = '\0';
    memcpy(page, scheme, strlen(scheme));
    memcpy(complete, scheme, strlen(scheme));
    page[2047] = complete[2047] = '!';
    set(FIELD_VERIFICATION_URI, page);
    set(FIELD_VERIFICATION_URI_COMPLETE, complete);
    set(FIELD_USER_CODE, "WDJB-MJHT");
    set(FIELD_EXPIRES_IN, "300");
    assert_int_equal(conversation_approve(&ctx, &prompt, 0), 0);
    assert_int_equal(pamh->n_prompt, 1);
    (void) snprintf(line, sizeof(line), "\n    %s\n", page);
    assert_non_null(strstr(pamh->prompt[0], line));
    (void) snprintf(line, sizeof(line), "\n    %s\n", complete);
    assert_non_null(strstr(pamh->prompt[0], line));
    assert_non_null(strstr(pamh->prompt[0], "WDJB-MJHT"));
    assert_non_null(strstr(pamh->prompt[0], "5 minutes"));
    assert_non_null(strstr(pamh->prompt[0], "Press Enter"));
}

static void
any_answer_is_an_approval(void **state UNUSED)
{
    static const char *const answers[] = {"", "y", "no", NULL};
    size_t i;

    for (i = 0; i < ARRAY_LEN(answers); i++) {
        pamh->answer = answers[i];
        assert_int_equal(conversation_approve(&ctx, &prompt, 0), 0);
    }
}

static void
a_user_who_went_away_is_ecanceled(void **state UNUSED)
{
    static const int results[] = {PAM_CONV_ERR, PAM_BUF_ERR, PAM_CONV_AGAIN};
    size_t i;

    for (i = 0; i < ARRAY_LEN(results); i++) {
        pamh->prompt_result = results[i];
        assert_int_equal(conversation_approve(&ctx, &prompt, 0), -ECANCELED);
    }
}

/* ---- Its QR code ---- */

#define UPPER_HALF "\xe2\x96\x80"

/* A prompt with the smallest of all QR codes, on such a terminal. */
static void
set_qr(const char *when, const char *tty)
{
    char modules[21 * 21 + 1];

    memset(modules, '0', sizeof(modules) - 1);
    modules[21 * 21] = '\0';
    set(FIELD_USER_CODE, "WDJB-MJHT");
    set(FIELD_VERIFICATION_URI, "https://idp.example/device");
    set(FIELD_QR, modules);
    set(FIELD_QR_WHEN, when);
    pamh->tty = tty;
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
}

static bool
has_blocks(const char *text)
{
    return strstr(text, UPPER_HALF) != NULL;
}

static void
a_terminal_that_can_show_it_has_it_above_the_code(void **state UNUSED)
{
    const char *blocks;

    set_qr("auto", "pts/1");
    pamh->answer = "q";
    assert_int_equal(conversation_approve(&ctx, &prompt, 0), 0);
    assert_int_equal(pamh->n_prompt, 1);
    blocks = strstr(pamh->prompt[0], UPPER_HALF);
    assert_non_null(blocks);
    assert_non_null(strstr(pamh->prompt[0], "Or scan this QR code"));
    assert_non_null(
        strstr(blocks, "\nCode: WDJB-MJHT.  Press Enter after you have"));
    assert_null(strstr(pamh->prompt[0], "type q"));
}

static void
over_ssh_it_is_shown_to_who_types_a_q(void **state UNUSED)
{
    set_qr("auto", "ssh");
    pamh->answer = "Q";
    pamh->answer_then = "";
    assert_int_equal(conversation_approve(&ctx, &prompt, 0), 0);
    assert_int_equal(pamh->n_prompt, 2);
    assert_false(has_blocks(pamh->prompt[0]));
    assert_non_null(strstr(pamh->prompt[0], "type q and press Enter"));
    assert_true(has_blocks(pamh->prompt[1]));
    assert_int_equal(strncmp(pamh->prompt[1], "\xe2\x96\x88", 3), 0);
    assert_non_null(strstr(pamh->prompt[1], "\nCode: WDJB-MJHT.  Press Enter"));
}

static void
it_is_shown_once_and_any_other_answer_is_an_enter(void **state UNUSED)
{
    set_qr("auto", "ssh");
    pamh->answer = "q";
    assert_int_equal(conversation_approve(&ctx, &prompt, 0), 0);
    assert_int_equal(pamh->n_prompt, 2);
    fakepam_forget(pamh);
    pamh->answer = "quit";
    assert_int_equal(conversation_approve(&ctx, &prompt, 0), 0);
    assert_int_equal(pamh->n_prompt, 1);
}

static void
where_it_cannot_be_shown_nothing_is_said_about_it(void **state UNUSED)
{
    static const char *const ttys[] = {":0", NULL, "pts/1", "pts/1"};
    size_t i;

    for (i = 0; i < ARRAY_LEN(ttys); i++) {
        set_qr("auto", ttys[i]);
        if (i == 2)
            assert_int_equal(setenv("TERM", "linux", 1), 0);
        if (i == 3)
            assert_non_null(setlocale(LC_CTYPE, "C"));
        fakepam_forget(pamh);
        pamh->answer = "q";
        assert_int_equal(conversation_approve(&ctx, &prompt, 0), 0);
        assert_int_equal(pamh->n_prompt, 1);
        assert_null(strstr(pamh->prompt[0], "QR"));
        assert_null(strstr(pamh->prompt[0], "Code:"));
        assert_false(has_blocks(pamh->prompt[0]));
    }
}

static void
a_matrix_that_is_none_is_like_none(void **state UNUSED)
{
    static const char *const ones[] = {"", "0101", "\x1b[2J"};
    size_t i;

    for (i = 0; i < ARRAY_LEN(ones); i++) {
        set_qr("yes", "ssh");
        set(FIELD_QR, ones[i]);
        fakepam_forget(pamh);
        assert_int_equal(conversation_approve(&ctx, &prompt, 0), 0);
        assert_int_equal(pamh->n_prompt, 1);
        assert_null(strstr(pamh->prompt[0], "QR"));
        assert_null(strchr(pamh->prompt[0], '\x1b'));
    }
}

static void
a_user_who_goes_away_before_the_qr_code_is_ecanceled(void **state UNUSED)
{
    set_qr("auto", "ssh");
    pamh->answer = "q";
    pamh->prompt_result = PAM_CONV_ERR;
    assert_int_equal(conversation_approve(&ctx, &prompt, 0), -ECANCELED);
    assert_int_equal(pamh->n_prompt, 1);
}

/* ---- The password ---- */

static const struct options asks = {0}, tries = {.try_first_pass = true},
                            uses = {.use_first_pass = true},
                            both = {.try_first_pass = true,
                                    .use_first_pass = true};

static void
asks_for_the_password(void **state UNUSED)
{
    pamh->answer = CANARY;
    pamh->authtok = strdup("of an earlier module");
    assert_int_equal(conversation_password(&ctx, &asks, &password), 0);
    assert_string_equal(secret_text(&password), CANARY);
    assert_int_equal(pamh->n_prompt, 1);
    assert_int_equal(pamh->style[0], PAM_PROMPT_ECHO_OFF);
}

static void
keeps_the_password_for_the_modules_behind(void **state UNUSED)
{
    pamh->answer = CANARY;
    assert_int_equal(conversation_password(&ctx, &asks, &password), 0);
    assert_string_equal(pamh->authtok, CANARY);
}

static void
wipes_the_answer(void **state UNUSED)
{
    pamh->answer = CANARY;
    wiped_begin(CANARY);
    assert_int_equal(conversation_password(&ctx, &asks, &password), 0);
    secret_clear(&password);
    assert_wiped();
}

static void
takes_the_password_of_an_earlier_module(void **state UNUSED)
{
    static const struct options *const all[] = {&tries, &uses, &both};
    size_t i;

    pamh->authtok = strdup(CANARY);
    for (i = 0; i < ARRAY_LEN(all); i++) {
        assert_int_equal(conversation_password(&ctx, all[i], &password), 0);
        assert_string_equal(secret_text(&password), CANARY);
        secret_clear(&password);
    }
    assert_int_equal(pamh->n_prompt, 0);
}

static void
without_one_it_tries_by_asking(void **state UNUSED)
{
    pamh->answer = CANARY;
    assert_int_equal(conversation_password(&ctx, &tries, &password), 0);
    assert_string_equal(secret_text(&password), CANARY);
    assert_int_equal(pamh->n_prompt, 1);
}

static void
without_one_it_may_not_ask(void **state UNUSED)
{
    assert_int_equal(conversation_password(&ctx, &uses, &password), -ENODATA);
    assert_int_equal(conversation_password(&ctx, &both, &password), -ENODATA);
    assert_int_equal(pamh->n_prompt, 0);
}

static void
an_empty_password_is_one(void **state UNUSED)
{
    pamh->answer = "";
    assert_int_equal(conversation_password(&ctx, &asks, &password), 0);
    assert_int_equal(password.len, 0);
    assert_non_null(password.data);
}

static void
no_answer_is_ecanceled(void **state UNUSED)
{
    pamh->answer = NULL;
    assert_int_equal(conversation_password(&ctx, &asks, &password), -ECANCELED);
    pamh->answer = "x";
    pamh->prompt_result = PAM_CONV_ERR;
    assert_int_equal(conversation_password(&ctx, &asks, &password), -ECANCELED);
    assert_null(pamh->authtok);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_conversation_function_may_mean_a_person),
        TEST(no_conversation_means_nobody),
        TEST(no_conversation_function_means_nobody),
        TEST(nobody_sits_before_these_services),
        TEST(one_prompt_shows_page_and_code),
        TEST(hostile_texts_are_cleaned),
        TEST(long_texts_are_cut_so_that_nothing_is_pushed_out),
        TEST(the_longest_uris_of_a_provider_are_shown_whole),
        TEST(any_answer_is_an_approval),
        TEST(a_user_who_went_away_is_ecanceled),
        TEST(a_terminal_that_can_show_it_has_it_above_the_code),
        TEST(over_ssh_it_is_shown_to_who_types_a_q),
        TEST(it_is_shown_once_and_any_other_answer_is_an_enter),
        TEST(where_it_cannot_be_shown_nothing_is_said_about_it),
        TEST(a_matrix_that_is_none_is_like_none),
        TEST(a_user_who_goes_away_before_the_qr_code_is_ecanceled),
        TEST(asks_for_the_password),
        TEST(keeps_the_password_for_the_modules_behind),
        TEST(wipes_the_answer),
        TEST(takes_the_password_of_an_earlier_module),
        TEST(without_one_it_tries_by_asking),
        TEST(without_one_it_may_not_ask),
        TEST(an_empty_password_is_one),
        TEST(no_answer_is_ecanceled),
    };

    return cmocka_run_group_tests_name("conversation", tests, NULL, NULL);
}
