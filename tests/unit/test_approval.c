/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "common/approval.h"
#include "tests/lib/test.h"

static struct message prompt;

static int
teardown(void **state UNUSED)
{
    message_clear(&prompt);
    return 0;
}

static const struct approval approval = {
    .host = "web1", .user = "alice", .remote = "192.0.2.7", .left = 0};

static void
set(enum field field, const char *text)
{
    assert_int_equal(message_set_text(&prompt, field, text), 0);
}

static void
says_who_asks_in_lines_of_80_columns(void **state UNUSED)
{
    char many[400], text[5120], *line, *rest;
    struct approval long_one = {.left = 3600};

    assert_int_equal(message_set_text(&prompt, FIELD_USER_CODE, "WDJB-MJHT"),
                     0);
    assert_int_equal(message_set_text(&prompt, FIELD_VERIFICATION_URI,
                                      "https://idp.example/device"),
                     0);
    approval_text(&prompt, &approval, text, sizeof(text));
    assert_non_null(strstr(text, "Login to:    web1\n"));
    assert_non_null(strstr(text, "As user:     alice\n"));
    assert_non_null(strstr(text, "Asked from:  192.0.2.7\n"));
    assert_non_null(strstr(text, "only if you started this login yourself"));
    assert_null(strstr(text, "stops waiting"));
    memset(many, 'x', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    memcpy(many, "\x1b[2J\n\xe2\x80\xae\xc2\x9b\xff", 11);
    long_one.host = long_one.user = long_one.remote = many;
    approval_text(&prompt, &long_one, text, sizeof(text));
    assert_null(strchr(text, '\x1b'));
    assert_null(strchr(text, '\xe2'));
    assert_null(strchr(text, '\xc2'));
    assert_null(strchr(text, '\xff'));
    assert_non_null(strstr(text, "Approve within 3600 seconds"));
    rest = text;
    while ((line = strsep(&rest, "\n")) != NULL)
        assert_in_range(strlen(line), 0, 80);
}

static void
says_what_there_is_of_a_qr_code(void **state UNUSED)
{
    static const char *const lines[] = {
        [QR_NEVER] = NULL,
        [QR_ON_REQUEST] = "\nTo see a QR code of the page, type q and press "
                          "Enter.\n",
        [QR_AT_ONCE] = "\nOr scan this QR code of the page:\n",
    };
    struct approval one = approval;
    char text[5120];
    size_t i, len;

    assert_int_equal(message_set_text(&prompt, FIELD_EXPIRES_IN, "600"), 0);
    for (i = 0; i < ARRAY_LEN(lines); i++) {
        one.qr = (enum qr_show) i;
        approval_text(&prompt, &one, text, sizeof(text));
        assert_true((strstr(text, "QR") != NULL) == (lines[i] != NULL));
        if (lines[i] == NULL)
            continue;
        len = strlen(lines[i]); /* the blocks or the question follow it */
        assert_string_equal(text + strlen(text) - len, lines[i]);
    }
}

static void
says_the_deadline_only_when_the_code_lives_longer(void **state UNUSED)
{
    struct approval due = approval;
    char text[5120];

    due.left = 110;
    assert_int_equal(message_set_text(&prompt, FIELD_EXPIRES_IN, "600"), 0);
    approval_text(&prompt, &due, text, sizeof(text));
    assert_non_null(strstr(text, "Approve within 110 seconds"));
    assert_int_equal(message_set_text(&prompt, FIELD_EXPIRES_IN, "110"), 0);
    approval_text(&prompt, &due, text, sizeof(text));
    assert_null(strstr(text, "Approve within"));
}

static void
only_pages_that_are_https_or_of_this_host_are_safe(void **state UNUSED)
{
    static const struct {
        const char *uri;
        bool safe;
    } cases[] = {
        {"https://idp.example/d", true},
        {"http://localhost:8080/d", true},
        {"http://127.0.0.1/d", true},
        {"http://[::1]:1/d", true},
        {"http://localhost", true},
        {"http://localhost.evil.example/", false},
        {"http://localhost:8080@evil.example/", false},
        {"http://localhost@evil.example/", false},
        {"http://127.0.0.1.evil.example/", false},
        {"http://idp.example/", false},
        {"https://", false},
        {"https:///x", false},
        {" https://x/", false},
        {"javascript:alert(1)", false},
        {"", false},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct message one = {0};

        assert_int_equal(
            message_set_text(&one, FIELD_VERIFICATION_URI, cases[i].uri), 0);
        if (approval_is_safe(&one) != cases[i].safe)
            fail_msg("%s", cases[i].uri);
        assert_int_equal(
            message_set_text(&one, FIELD_VERIFICATION_URI, "https://h/"), 0);
        assert_int_equal(message_set_text(&one, FIELD_VERIFICATION_URI_COMPLETE,
                                          cases[i].uri),
                         0);
        /* An empty one is like none. */
        if (cases[i].uri[0] != '\0')
            assert_int_equal(approval_is_safe(&one), cases[i].safe);
        message_clear(&one);
    }
}

static void
what_the_provider_left_out_is_left_out(void **state UNUSED)
{
    char text[2048];

    set(FIELD_USER_CODE, "CODE");
    set(FIELD_VERIFICATION_URI, "https://idp.example/");
    assert_ptr_equal(approval_text(&prompt, &approval, text, sizeof(text)),
                     text);
    assert_null(strstr(text, "Or open"));
    assert_null(strstr(text, "good for"));
}

static void
says_how_long_the_code_is_good(void **state UNUSED)
{
    static const struct {
        const char *seconds, *text;
    } cases[] = {
        {"300", "5 minutes"},
        {"1800", "30 minutes"},
        {"120", "2 minutes"},
        {"60", "60 seconds"},
        {"90", "90 seconds"},
        {"1", "1 seconds"},
        {"9223372036854775807", "9223372036854775807 seconds"},
    };
    char text[2048];
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        set(FIELD_EXPIRES_IN, cases[i].seconds);
        approval_text(&prompt, &approval, text, sizeof(text));
        assert_non_null(strstr(text, cases[i].text));
    }
    set(FIELD_EXPIRES_IN, "soon");
    approval_text(&prompt, &approval, text, sizeof(text));
    assert_null(strstr(text, "good for"));
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(says_who_asks_in_lines_of_80_columns),
        TEST(says_what_there_is_of_a_qr_code),
        TEST(says_the_deadline_only_when_the_code_lives_longer),
        TEST(only_pages_that_are_https_or_of_this_host_are_safe),
        TEST(what_the_provider_left_out_is_left_out),
        TEST(says_how_long_the_code_is_good),
    };

    return cmocka_run_group_tests_name("approval", tests, NULL, NULL);
}
