/* SPDX-License-Identifier: MIT */
/* The configuration is the script of the program that runs instead of the
 * exchange. */
#include <config.h>

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/io.h"
#include "helper/cli/dialogue.h"
#include "tests/lib/cli.h"
#include "tests/lib/test.h"

#define PROMPT                                                                 \
    "send|need_files;receive;"                                                 \
    "send|prompt|user_code=WDJB-MJHT|expires_in=300|"                          \
    "verification_uri=https://idp.example/device;"

static struct dialogue dialogue;
static struct message result;
static struct cli cli;
static int number;

static int
call(void *script)
{
    struct secret config = {0};
    int r;

    assert_int_equal(secret_append_text(&config, script, 4096), 0);
    r = dialogue_run(&dialogue, &config, &number, &result);
    secret_clear(&config);
    return r;
}

static int
run(const char *script)
{
    char copy[4096];

    (void) snprintf(copy, sizeof(copy), "%s", script);
    cli_capture(call, copy, &cli);
    return cli.status;
}

static int
setup(void **state UNUSED)
{
    number = 0;
    dialogue = (struct dialogue){
        .user = "alice", .uid = 61001, .config = "/etc/c.conf", .signals = -1};
    return 0;
}

static int
teardown(void **state UNUSED)
{
    dialogue_end(&dialogue);
    fd_close(&dialogue.signals);
    message_clear(&result);
    return 0;
}

/* ---- Progress ---- */

static void
the_time_left_is_shown_as_a_clock_does(void **state UNUSED)
{
    static const struct {
        int64_t left;
        const char *text;
    } cases[] = {
        {275, "Waiting for approval, 4:35 left"},
        {300, "Waiting for approval, 5:00 left"},
        {59, "Waiting for approval, 0:59 left"},
        {0, "Waiting for approval, 0:00 left"},
        {-5, "Waiting for approval, 0:00 left"},
        {3600, "Waiting for approval, 1:00:00 left"},
        {86399, "Waiting for approval, 23:59:59 left"},
    };
    char text[64];
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(
            dialogue_progress(cases[i].left, text, sizeof(text)),
            cases[i].text);
}

static void
a_terminal_that_can_show_it_gets_a_qr_code(void **state UNUSED)
{
    char modules[21 * 21 + 1], script[2048];
    static const struct {
        const char *term, *when;
        bool terminal, shown;
    } cases[] = {
        {"xterm", "auto", true, true},  {"xterm", "auto", false, false},
        {"linux", "auto", true, false}, {"linux", "yes", true, true},
        {"linux", "yes", false, true},
    };
    size_t i;

    memset(modules, '0', sizeof(modules) - 1);
    modules[21 * 21] = '\0';
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(setenv("TERM", cases[i].term, 1), 0);
        setup(NULL);
        dialogue.terminal = cases[i].terminal;
        (void) snprintf(script, sizeof(script),
                        "send|need_files;receive;send|prompt|user_code=X|"
                        "verification_uri=https://idp.example/device|"
                        "qr=%s|qr_when=%s;send|result|outcome=ok;receive",
                        modules, cases[i].when);
        assert_int_equal(run(script), 0);
        if ((strstr(cli.err, "\xe2\x96\x88") != NULL) != cases[i].shown)
            fail_msg("%s, %s", cases[i].term, cases[i].when);
        assert_true((strstr(cli.err, "QR code") != NULL) == cases[i].shown);
        teardown(NULL);
    }
}

static void
what_is_no_terminal_gets_one_line_of_progress(void **state UNUSED)
{
    assert_int_equal(run(PROMPT "send|result|outcome=ok;receive"), 0);
    assert_non_null(strstr(cli.err, "\nWaiting for approval, 5:00 left\n"));
    assert_null(strchr(cli.err, '\r'));
}

static void
a_terminal_gets_a_line_that_is_gone_afterwards(void **state UNUSED)
{
    const char *line;

    dialogue.terminal = true;
    assert_int_equal(run(PROMPT "send|result|outcome=ok;receive"), 0);
    line = strstr(cli.err, "\rWaiting for approval, 5:00 left");
    assert_non_null(line);
    line = strrchr(cli.err, '\r');
    assert_string_equal(line, "\r");
}

/* ---- The dialogue ---- */

static void
shows_page_and_code_and_who_asks(void **state UNUSED)
{
    assert_int_equal(run(PROMPT "send|result|outcome=ok|subject=s;receive"), 0);
    assert_non_null(strstr(cli.err, "WDJB-MJHT"));
    assert_non_null(strstr(cli.err, "    https://idp.example/device\n"));
    assert_non_null(strstr(cli.err, "As user:     alice\n"));
    assert_string_equal(message_text(&result, FIELD_SUBJECT), "s");
    assert_string_equal(cli.out, "");
}

static void
what_comes_at_once_is_not_waited_for(void **state UNUSED)
{
    assert_int_equal(run("send|need_files;send|result|outcome=ok;receive;"
                         "receive"),
                     0);
    assert_int_equal(result.kind, KIND_RESULT);
}

/* Version 1 is a square of 21 modules. */
static void
a_qr_code_is_shown_where_it_is_wanted(void **state UNUSED)
{
    char modules[21 * 21 + 1], script[1024];

    memset(modules, '1', sizeof(modules) - 1);
    modules[sizeof(modules) - 1] = '\0';
    (void) snprintf(script, sizeof(script),
                    "send|need_files;receive;send|prompt|user_code=X|qr=%s|"
                    "qr_when=yes|verification_uri=https://idp.example/d;"
                    "send|result|outcome=ok;receive",
                    modules);
    assert_int_equal(run(script), 0);
    assert_non_null(strstr(cli.err, "\xe2\x96\x88"));
    /* Nobody scans a file. */
    *strstr(script, "=yes") = '\0';
    (void) snprintf(script + strlen(script), 200,
                    "=auto|verification_uri=https://idp.example/d;"
                    "send|result|outcome=ok;receive");
    dialogue_end(&dialogue);
    assert_int_equal(run(script), 0);
    assert_null(strstr(cli.err, "\xe2\x96\x88"));
}

static void
the_exchange_hears_who_logs_in(void **state UNUSED)
{
    assert_int_equal(run("send|need_files;echo|user;receive"), 0);
    assert_string_equal(message_text(&result, FIELD_REASON), "alice");
    message_clear(&result);
    dialogue_end(&dialogue);
    assert_int_equal(run("send|need_files;echo|uid;receive"), 0);
    assert_string_equal(message_text(&result, FIELD_REASON), "61001");
}

static void
nothing_goes_raw_to_the_terminal(void **state UNUSED)
{
    assert_int_equal(
        run("send|need_files;receive;send|prompt|expires_in=9|"
            "user_code=A\x1b]0;B|verification_uri=https://x/\x1b[2J;"),
        -EIO);
    assert_null(strchr(cli.err, '\x1b'));
}

static void
a_page_that_is_not_https_is_refused(void **state UNUSED)
{
    assert_int_equal(run("send|need_files;receive;send|prompt|user_code=X|"
                         "verification_uri=http://idp.example/;receive"),
                     -EIO);
    assert_non_null(strstr(cli.err, "not https"));
    assert_null(strstr(cli.err, "idp.example"));
}

static void
a_client_with_a_secret_is_refused(void **state UNUSED)
{
    assert_int_equal(run("send|need_files|path=/etc/secret;receive"), -EINVAL);
    assert_non_null(strstr(cli.err, "/etc/c.conf has a client_secret_file"));
    assert_non_null(strstr(cli.err, "client_auth = none"));
}

static void
the_password_grant_is_refused(void **state UNUSED)
{
    assert_int_equal(run("send|need_files|password=yes;receive"), -EINVAL);
    assert_non_null(strstr(cli.err, "grant = password"));
}

static void
a_map_that_cannot_be_read_is_why_the_exchange_hears(void **state UNUSED)
{
    assert_int_equal(run("send|need_files|map_path=/nonexistent;receive;"
                         "echo|map_reason"),
                     0);
    assert_string_equal(message_text(&result, FIELD_REASON), "does not exist");
}

static void
questions_that_it_may_not_ask_end_it(void **state UNUSED)
{
    static const char *const scripts[] = {
        "send|prompt|user_code=X;receive", /* before the files */
        "send|need_files;receive;send|need_files;receive",
        "send|need_files;receive;send|need_password;receive",
        PROMPT "send|prompt|user_code=X|"
               "verification_uri=https://idp.example/;receive",
        "exit|1",
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(scripts); i++) {
        assert_int_equal(run(scripts[i]), -EIO);
        assert_non_null(strstr(cli.err, "ended without a result"));
        dialogue_end(&dialogue);
        message_clear(&result);
    }
}

static void
a_signal_ends_it(void **state UNUSED)
{
    sigset_t set, before;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
    dialogue.signals = signalfd(-1, &set, SFD_CLOEXEC);
    assert_int_equal(raise(SIGINT), 0);
    assert_int_equal(run(PROMPT "receive"), -EINTR);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    assert_int_equal(number, SIGINT);
    assert_non_null(strstr(cli.err, "cancelled; nothing is stored"));
}

static void
the_exchange_hears_that_the_tokens_are_stored(void **state UNUSED)
{
    char byte;

    assert_int_equal(
        run("send|need_files;receive;send|result|outcome=ok;receive;exit|0"),
        0);
    assert_int_equal(dialogue_stored(&dialogue), 0);
    assert_int_equal(read(dialogue.from, &byte, 1), 0); /* it has ended */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_time_left_is_shown_as_a_clock_does),
        TEST(what_is_no_terminal_gets_one_line_of_progress),
        TEST(a_terminal_that_can_show_it_gets_a_qr_code),
        TEST(a_terminal_gets_a_line_that_is_gone_afterwards),
        TEST(shows_page_and_code_and_who_asks),
        TEST(what_comes_at_once_is_not_waited_for),
        TEST(a_qr_code_is_shown_where_it_is_wanted),
        TEST(the_exchange_hears_who_logs_in),
        TEST(nothing_goes_raw_to_the_terminal),
        TEST(a_page_that_is_not_https_is_refused),
        TEST(a_client_with_a_secret_is_refused),
        TEST(the_password_grant_is_refused),
        TEST(a_map_that_cannot_be_read_is_why_the_exchange_hears),
        TEST(questions_that_it_may_not_ask_end_it),
        TEST(a_signal_ends_it),
        TEST(the_exchange_hears_that_the_tokens_are_stored),
    };

    return cmocka_run_group_tests_name("cli_dialogue", tests, NULL, NULL);
}
