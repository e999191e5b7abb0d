/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>

#include "pam/qr.h"
#include "tests/lib/test.h"

static const struct {
    const char *title;
    struct qr_place place;
    enum qr_show automatic, forced;
} cases[] = {
    {"sshd",
     {NULL, "ssh", NULL, NULL, "ANSI_X3.4-1968"},
     QR_ON_REQUEST,
     QR_AT_ONCE},
    {"sshd that was started in a terminal",
     {NULL, "ssh", NULL, "xterm", "UTF-8"},
     QR_ON_REQUEST,
     QR_AT_ONCE},
    {"su on a terminal",
     {NULL, "pts/3", NULL, "xterm-256color", "UTF-8"},
     QR_AT_ONCE,
     QR_AT_ONCE},
    {"su on a terminal in the locale C",
     {NULL, "/dev/pts/3", NULL, "xterm", "ANSI_X3.4-1968"},
     QR_NEVER,
     QR_AT_ONCE},
    {"login on the Linux console",
     {NULL, "tty1", NULL, "linux", "UTF-8"},
     QR_NEVER,
     QR_AT_ONCE},
    {"login on a serial line",
     {NULL, "ttyS0", NULL, "vt220", "UTF-8"},
     QR_NEVER,
     QR_AT_ONCE},
    {"su without a TERM",
     {NULL, "pts/3", NULL, NULL, "UTF-8"},
     QR_NEVER,
     QR_AT_ONCE},
    {"a service without a terminal",
     {NULL, NULL, NULL, "xterm", "UTF-8"},
     QR_NEVER,
     QR_AT_ONCE},
    {"gdm", {NULL, "/dev/tty2", ":1", "xterm", "UTF-8"}, QR_NEVER, QR_NEVER},
    {"a display as terminal",
     {NULL, ":0", NULL, "xterm", "UTF-8"},
     QR_NEVER,
     QR_NEVER},
};

static void
it_is_shown_where_it_can_be_seen_and_offered_where_nobody_knows(
    void **state UNUSED)
{
    struct qr_place place;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        place = cases[i].place;
        place.when = "auto";
        if (qr_decide(&place) != cases[i].automatic)
            fail_msg("auto: %s", cases[i].title);
        place.when = "yes";
        if (qr_decide(&place) != cases[i].forced)
            fail_msg("yes: %s", cases[i].title);
    }
}

static void
it_is_not_shown_when_the_exchange_does_not_say_so(void **state UNUSED)
{
    static const char *const whens[] = {"", "no", "Yes", "autos"};
    struct qr_place place = {NULL, "pts/1", NULL, "xterm", "UTF-8"};
    size_t i;

    for (i = 0; i < ARRAY_LEN(whens); i++) {
        place.when = whens[i];
        assert_int_equal(qr_decide(&place), QR_NEVER);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            it_is_shown_where_it_can_be_seen_and_offered_where_nobody_knows),
        cmocka_unit_test(it_is_not_shown_when_the_exchange_does_not_say_so),
    };

    return cmocka_run_group_tests_name("qr", tests, NULL, NULL);
}
