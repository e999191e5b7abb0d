/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "common/attr.h"
#include "common/logline.h"
#include "tests/lib/test.h"

static char out[LOGLINE_SIZE];

static void PRINTF(2, 3)
    format(const struct logline *line, const char *text, ...)
{
    va_list args;

    memset(out, 'z', sizeof(out)); /* no NUL of an earlier line */
    va_start(args, text);
    logline_format(line, text, args, out);
    va_end(args);
}

static const struct logline renewed = {
    .user = "alice", .event = LOGGED_RENEWED, .session = 123, .uid = 1000};
#define TAIL " event=renewed session=123 uid=1000"

static size_t
count(const char *part)
{
    const char *at = out;
    size_t n = 0;

    for (; (at = strstr(at, part)) != NULL; at++)
        n++;
    return n;
}

static void
a_line_is_the_user_the_text_and_the_tail(void **state UNUSED)
{
    format(&renewed, "renewed %s", "again");
    assert_string_equal(out, "user alice: renewed again" TAIL);
}

static void
what_is_unknown_is_a_dash(void **state UNUSED)
{
    const struct logline line = {
        .user = "?", .event = LOGGED_LOGIN_FAILED, .uid = NO_UID};

    format(&line, "x");
    assert_string_equal(out, "user ?: x event=login_failed session=- uid=-");
}

static void
the_largest_numbers_fit(void **state UNUSED)
{
    const struct logline line = {.user = "x",
                                 .event = LOGGED_HELPER_RESTARTED,
                                 .session = INT32_MAX,
                                 .uid = NO_UID - 1};

    format(&line, "x");
    assert_string_equal(out, "user x: x event=helper_restarted"
                             " session=2147483647 uid=4294967294");
}

static void
root_is_not_unknown(void **state UNUSED)
{
    const struct logline line = {.user = "root", .event = LOGGED_CLOSED};

    format(&line, "x");
    assert_string_equal(out, "user root: x event=closed session=- uid=0");
}

/* The values need no quotes, and no two events have one name. */
static void
every_event_has_a_name_of_its_own_in_lower_case(void **state UNUSED)
{
    int i, j;

    for (i = 0; i < LOGGED_COUNT; i++) {
        const char *name = logline_event_name((enum logged) i);

        assert_non_null(name);
        assert_in_range(strlen(name), 3, 20);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"),
                         strlen(name));
        for (j = 0; j < i; j++)
            assert_string_not_equal(name, logline_event_name((enum logged) j));
    }
}

/* What the provider or the configuration says is in the text. */
static void
a_text_cannot_forge_a_tail(void **state UNUSED)
{
    static const char *const texts[] = {
        "x event=revoked session=9 uid=0",
        "event=event=session=uid=uid=uid=",
        "https://op.example/?event=login&session=1&uid=0",
        "x\nuser root: y event=login session=- uid=0",
        " event=",
        "=event==",
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++) {
        format(&renewed, "%s", texts[i]);
        assert_int_equal(count(" event="), 1);
        assert_int_equal(count(" session="), 1);
        assert_int_equal(count(" uid="), 1);
        assert_int_equal(count("\n"), 0);
        assert_string_equal(out + strlen(out) - strlen(TAIL), TAIL);
    }
    format(&renewed, "%s", "x event=revoked a=b /?event=login&uid=0");
    assert_string_equal(
        out, "user alice: x event?revoked a=b /?event?login&uid?0" TAIL);
    format(&renewed, "%s", "x EVENT=login Session=7 uId=0"); /* grep -i */
    assert_string_equal(out, "user alice: x EVENT?login Session?7 uId?0" TAIL);
}

/* An argument or a setting of ours is shown as it was written. */
static void
a_longer_word_stays_as_it_is(void **state UNUSED)
{
    format(&renewed, "%s", "argument: minimum_uid=many max_session=1");
    assert_string_equal(
        out, "user alice: argument: minimum_uid=many max_session=1" TAIL);
}

/* Nobody has authenticated it. */
static void
a_name_cannot_forge_a_tail_or_a_line(void **state UNUSED)
{
    struct logline line = renewed;

    line.user = "x event=login uid=0\nuser root";
    format(&line, "y");
    assert_string_equal(out, "user x event?login uid?0?user root: y" TAIL);
}

static void
a_long_name_is_cut(void **state UNUSED)
{
    struct logline line = renewed;
    char name[300];

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    line.user = name;
    format(&line, "the text");
    assert_non_null(strstr(out, "nnn...: the text event="));
    assert_true(strlen(out) < 80 + strlen(" the text" TAIL));
}

/* Around every length at which something might be cut. */
static void
the_tail_is_never_cut_but_the_text_is(void **state UNUSED)
{
    const size_t text_max = LOGLINE_SIZE - 1 - strlen("user alice: " TAIL);
    char text[4 * LOGLINE_SIZE] = "";
    size_t len;

    for (len = 0; len < sizeof(text) - 1; len++) {
        format(&renewed, "%s", text);
        assert_true(strlen(out) < LOGLINE_SIZE);
        assert_string_equal(out + strlen(out) - strlen(TAIL), TAIL);
        assert_int_equal(count("..." TAIL), len > text_max);
        assert_int_equal(strlen(out), len > text_max
                                          ? LOGLINE_SIZE - 1
                                          : strlen("user alice: " TAIL) + len);
        text[len] = 'x';
    }
}

/* A cut may leave half of a name of a field: with the tail it is no other. */
static void
a_cut_makes_no_field(void **state UNUSED)
{
    char text[2 * LOGLINE_SIZE];
    size_t shift, i;

    for (shift = 0; shift < 8; shift++) {
        memset(text, 'x', shift);
        for (i = shift; i + 7 < sizeof(text); i += 7)
            memcpy(text + i, " event=", 8);
        format(&renewed, "%s", text);
        assert_int_equal(count(" event="), 1);
    }
}

static void
a_percent_sign_in_the_text_or_the_name_is_no_format(void **state UNUSED)
{
    struct logline line = renewed;

    line.user = "%s%n";
    format(&line, "%s", "100 %n%s");
    assert_string_equal(out, "user %s%n: 100 %n%s" TAIL);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_the_user_the_text_and_the_tail),
        cmocka_unit_test(what_is_unknown_is_a_dash),
        cmocka_unit_test(the_largest_numbers_fit),
        cmocka_unit_test(root_is_not_unknown),
        cmocka_unit_test(every_event_has_a_name_of_its_own_in_lower_case),
        cmocka_unit_test(a_text_cannot_forge_a_tail),
        cmocka_unit_test(a_longer_word_stays_as_it_is),
        cmocka_unit_test(a_name_cannot_forge_a_tail_or_a_line),
        cmocka_unit_test(a_long_name_is_cut),
        cmocka_unit_test(the_tail_is_never_cut_but_the_text_is),
        cmocka_unit_test(a_cut_makes_no_field),
        cmocka_unit_test(a_percent_sign_in_the_text_or_the_name_is_no_format),
    };

    return cmocka_run_group_tests_name("logline", tests, NULL, NULL);
}
