/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "helper/record.h"
#include "tests/lib/test.h"

static char logged[2 * LOGLINE_SIZE];
static int logged_priority;

static void __attribute__((format(printf, 2, 0)))
log_args(int priority, const char *format, va_list args)
{
    logged_priority = priority;
    (void) vsnprintf(logged, sizeof(logged), format, args);
}

void PRINTF(2, 3) __wrap_syslog(int priority, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_args(priority, format, args);
    va_end(args);
}

void PRINTF(3, 4)
    __wrap___syslog_chk(int priority, int flag UNUSED, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_args(priority, format, args);
    va_end(args);
}

static void
a_line_has_the_session_and_the_uid_of_the_helper(void **state UNUSED)
{
    const struct helper helper = {.user = "alice", .session = 42};
    char expected[128];

    record(&helper, LOGGED_RENEW_FAILED, LOG_WARNING, "%s in %d s", "again", 5);
    (void) snprintf(expected, sizeof(expected),
                    "user alice: again in 5 s event=renew_failed session=42"
                    " uid=%u",
                    getuid());
    assert_string_equal(logged, expected);
    assert_int_equal(logged_priority, LOG_WARNING);
}

/* It runs as the system user: its uid is not the user's. */
static void
one_that_only_revokes_knows_neither(void **state UNUSED)
{
    const struct helper helper = {.user = "alice"};

    record(&helper, LOGGED_REVOKED, LOG_INFO, "tokens removed and revoked");
    assert_string_equal(logged, "user alice: tokens removed and revoked"
                                " event=revoked session=- uid=-");
}

static void
a_percent_sign_is_no_format(void **state UNUSED)
{
    const struct helper helper = {.user = "%n%s"};

    record(&helper, LOGGED_ENDED, LOG_INFO, "%s", "%s%n");
    assert_string_equal(logged, "user %n%s: %s%n event=ended session=- uid=-");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_the_session_and_the_uid_of_the_helper),
        cmocka_unit_test(one_that_only_revokes_knows_neither),
        cmocka_unit_test(a_percent_sign_is_no_format),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
