/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "helper/cli/command.h"
#include "helper/cli/demand.h"
#include "helper/schedule.h"
#include "tests/lib/child.h"
#include "tests/lib/cli.h"
#include "tests/lib/fakeresident.h"
#include "tests/lib/test.h"

static struct session session;
static enum demand demand;

static int
teardown(void **state UNUSED)
{
    fakeresident_stop();
    return 0;
}

/* ---- Pure ---- */

/* As schedule_demand() decides. */
static void
is_not_asked_for_what_the_helper_would_not_do(void **state UNUSED)
{
    static const enum demand by_reason[] = {
        [SCHEDULE_BEFORE_EXPIRY] = DEMAND_PENDING,
        [SCHEDULE_AT_EXPIRY] = DEMAND_PENDING,
        [SCHEDULE_TOKEN_ENDS] = DEMAND_LAST_TOKEN,
        [SCHEDULE_GRANT_ENDS] = DEMAND_PENDING,
        [SCHEDULE_BACKOFF] = DEMAND_PENDING,
        [SCHEDULE_RETRY_AFTER] = DEMAND_PENDING, /* chance, by now */
        [SCHEDULE_LOST_ANSWER] = DEMAND_PENDING, /* it is under way */
        [SCHEDULE_MISCONFIGURED] = DEMAND_PENDING,
        [SCHEDULE_ON_DEMAND] = DEMAND_PENDING,
        [SCHEDULE_CLOCK] = DEMAND_PENDING,
    };
    struct status status = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(by_reason); i++) {
        strcpy(status.renew_reason,
               schedule_reason_name((enum schedule_reason) i));
        assert_int_equal(demand_before(&status, 100), by_reason[i]);
    }
    strcpy(status.renew_reason, "retry_after");
    status.not_before = 101;
    assert_int_equal(demand_before(&status, 100), DEMAND_MUST_WAIT);
    assert_int_equal(demand_before(&status, 101), DEMAND_PENDING);
    status.state = STATE_LOGIN_REQUIRED;
    assert_int_equal(demand_before(&status, 100), DEMAND_LOGIN_REQUIRED);
}

static void
ends_when_something_was_counted(void **state UNUSED)
{
    const struct status before = {.renewals = 3, .failures = 1};
    static const struct {
        struct status after;
        enum demand demand;
    } cases[] = {
        {{.renewals = 3, .failures = 1}, DEMAND_PENDING},
        {{.renewals = 4}, DEMAND_RENEWED},
        {{.renewals = 3, .failures = 2, .state = STATE_RETRYING},
         DEMAND_FAILED},
        {{.renewals = 3, .failures = 2, .state = STATE_LOGIN_REQUIRED},
         DEMAND_LOGIN_REQUIRED},
        /* sent again in a second */
        {{.renewals = 3, .failures = 2, .renew_reason = "lost_answer"},
         DEMAND_PENDING},
        /* the next one is under way already */
        {{.renewals = 4, .renew_reason = "lost_answer"}, DEMAND_RENEWED},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(demand_after(&before, &cases[i].after),
                         cases[i].demand);
}

/* ---- With a helper ---- */

static key_serial_t ring;

static void
begin(const char *lines, const char *const *texts)
{
    ring = fakeresident_ring();
    fakeresident_start(ring, texts);
    fakeresident_status(ring, lines);
    assert_int_equal(session_find(&session), 0);
}

static void
waits_until_it_is_renewed(void **state UNUSED)
{
    static const char *const texts[] = {KEY_EXPIRES_AT, "2000", KEY_STATUS,
                                        "state=active\nrenewals=1\n", NULL};

    NEED_KEYS();
    NEED_PIDFD();
    begin("state=active\nrenewals=0\n", texts);
    assert_int_equal(demand_renewal(&session, 10, &demand), 0);
    assert_int_equal(demand, DEMAND_RENEWED);
    assert_int_equal(session.expires_at, 2000);
    assert_int_equal(session.status.renewals, 1);
}

static void
waits_no_longer_than_asked(void **state UNUSED)
{
    static const char *const texts[] = {KEY_EXPIRES_AT, "2000", NULL};

    NEED_KEYS();
    NEED_PIDFD();
    begin("state=active\n", texts);
    assert_int_equal(demand_renewal(&session, 0, &demand), -ETIMEDOUT);
}

static void
a_helper_that_ends_without_a_word_is_esrch(void **state UNUSED)
{
    static const char *const texts[] = {NULL};

    NEED_KEYS();
    NEED_PIDFD();
    begin("state=active\n", texts);
    assert_int_equal(demand_renewal(&session, 10, &demand), -ESRCH);
}

static void
a_process_that_is_another_is_asked_nothing(void **state UNUSED)
{
    static const char *const texts[] = {KEY_STATUS, "renewals=1\n", NULL};

    NEED_KEYS();
    NEED_PIDFD();
    begin("state=active\n", texts);
    fakeresident_check = -ESRCH;
    assert_int_equal(demand_renewal(&session, 10, &demand), -ESRCH);
    fakeresident_check = -ENOENT;
    assert_int_equal(demand_renewal(&session, 10, &demand), -ENOENT);
    assert_int_equal(session_read(&session), 0);
    assert_int_equal(session.status.renewals, 0);
}

/* ---- What is said ---- */

struct end {
    int r;
    enum demand demand;
    int status;
    const char *said;
};

static int
say(void *data)
{
    const struct end *end = data;

    return demand_report(end->r, end->demand, &session);
}

static void
says_why_it_is_not_renewed(void **state UNUSED)
{
    struct end ends[] = {
        {0, DEMAND_LOGIN_REQUIRED, COMMAND_EXPIRED, "run 'oidc-session login'"},
        {0, DEMAND_LAST_TOKEN, COMMAND_FAILED, "no refresh token"},
        {0, DEMAND_MUST_WAIT, COMMAND_FAILED, "asked to wait until 20"},
        {0, DEMAND_FAILED, COMMAND_FAILED,
         "not renewed: cannot reach it; the helper tries again at 20"},
        {-ETIMEDOUT, DEMAND_PENDING, COMMAND_FAILED, "not over yet"},
        {-ESRCH, DEMAND_PENDING, COMMAND_FAILED, "does not run"},
        {-ENOKEY, DEMAND_PENDING, COMMAND_NO_TOKEN, "no tokens"},
        {0, DEMAND_RENEWED, COMMAND_OK, ""},
    };
    struct cli cli;
    size_t i;

    session = (struct session){.status = {.last_error = "cannot reach it",
                                          .renew_at = 1795308377,
                                          .not_before = 1795308000}};
    for (i = 0; i < ARRAY_LEN(ends); i++) {
        cli_capture(say, &ends[i], &cli);
        assert_int_equal(cli.status, ends[i].status);
        assert_non_null(strstr(cli.err, ends[i].said));
    }
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_not_asked_for_what_the_helper_would_not_do),
        TEST(ends_when_something_was_counted),
        TEST(waits_until_it_is_renewed),
        TEST(waits_no_longer_than_asked),
        TEST(a_helper_that_ends_without_a_word_is_esrch),
        TEST(a_process_that_is_another_is_asked_nothing),
        TEST(says_why_it_is_not_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
