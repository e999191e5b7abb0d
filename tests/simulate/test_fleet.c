/* SPDX-License-Identifier: MIT */
/* The goals of ./dev simulate, with a fleet that is small enough for a test. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"
#include "tests/simulate/scenarios.h"

#define SESSIONS 100000 /* fewer, and chance hides what is looked for */
#define HOUR     INT64_C(3600)
#define MINUTE   INT64_C(60)

/* A day of it, then what comes after the event. */
static struct fleet_day day;
static double mean;

static void
live(struct fleet fleet)
{
    int64_t event = fleet.down_to != 0 ? fleet.down_from : fleet.seconds;

    if (getenv("VALGRIND") != NULL)
        SKIP("a fleet is too much for valgrind");
    fleet.sessions = SESSIONS;
    fleet.seed = 7;
    fleet_free(&day);
    assert_int_equal(fleet_run(&fleet, &day), 0);
    mean = fleet_mean(day.renewals, fleet.one_minute ? event / 2 : 0, event);
}

static int
teardown(void **state UNUSED)
{
    fleet_free(&day);
    return 0;
}

/* Of so many seconds each, from then on, by the mean before. */
static double
peak(int64_t from, int64_t to, int64_t width)
{
    return fleet_peak(day.renewals, from, to, width) / mean;
}

#define ASSERT_AT_MOST(value, limit)                                           \
    do {                                                                       \
        if ((value) > (limit))                                                 \
            fail_msg("%s is %.2f, more than %.2f", #value, value,              \
                     (double) (limit));                                        \
    } while (0)

/* ---- The curves ---- */

static void
a_curve_has_a_mean_a_peak_and_a_calm(void **state UNUSED)
{
    static const uint32_t counts[] = {1, 9, 2, 4, 0, 0, 3, 0};

    assert_true(fleet_mean(counts, 0, 4) > 3.99);
    assert_true(fleet_mean(counts, 0, 4) < 4.01);
    assert_int_equal(fleet_mean(counts, 3, 3), 0);
    assert_int_equal(fleet_peak(counts, 0, 8, 1), 9);
    assert_int_equal(fleet_peak(counts, 0, 8, 2), 5);
    assert_int_equal(fleet_peak(counts, 2, 8, 1), 4);
    assert_int_equal(fleet_peak(counts, 5, 5, 1), 0);
    assert_int_equal(fleet_calm(counts, 0, 8, 1, 3), 4);
    assert_int_equal(fleet_calm(counts, 0, 8, 1, 2), 7);
    assert_int_equal(fleet_calm(counts, 0, 8, 1, 9), 0);
    assert_int_equal(fleet_calm(counts, 0, 8, 2, 3), 2);
}

/* ---- The model ---- */

static void
a_seed_is_a_day(void **state UNUSED)
{
    const struct fleet fleet = {
        .sessions = 1000, .seed = 3, .seconds = 600, .lifetime = 60};
    struct fleet other = fleet;
    struct fleet_day days[3];
    size_t i, size = 600 * sizeof(uint32_t);

    other.seed = 4;
    assert_int_equal(fleet_run(&fleet, &days[0]), 0);
    assert_int_equal(fleet_run(&fleet, &days[1]), 0);
    assert_int_equal(fleet_run(&other, &days[2]), 0);
    assert_memory_equal(days[0].renewals, days[1].renewals, size);
    assert_memory_not_equal(days[0].renewals, days[2].renewals, size);
    for (i = 0; i < ARRAY_LEN(days); i++)
        fleet_free(&days[i]);
}

/* At expiry nothing is left to chance: each once in an hour, and too late. */
static void
sessions_renew_as_often_as_their_tokens_end(void **state UNUSED)
{
    live((struct fleet){.seconds = 2 * HOUR,
                        .lifetime = HOUR,
                        .before_expiry = {MARGIN_SECONDS, 0}});
    assert_int_equal(mean * (double) (2 * HOUR), 2 * SESSIONS);
    assert_int_equal(day.lost + day.impossible, 0);
}

static void
what_expires_is_counted_until_it_is_renewed(void **state UNUSED)
{
    live((struct fleet){.seconds = 3 * HOUR,
                        .lifetime = 300,
                        .down_from = HOUR,
                        .down_to = HOUR + 1000});
    assert_int_equal(day.impossible, SESSIONS);
    assert_int_equal(day.expired[HOUR], 0);
    assert_int_equal(day.expired[HOUR + 999], SESSIONS);
    assert_int_equal(day.expired[2 * HOUR], 0);
}

static void
a_reboot_ends_and_begins_every_session(void **state UNUSED)
{
    live((struct fleet){
        .seconds = 4 * HOUR, .lifetime = HOUR, .reboot_at = HOUR});
    /* 1 login, 2 revocations. */
    assert_int_equal(
        fleet_mean(day.others, HOUR, 4 * HOUR) * (double) (3 * HOUR) + 0.5,
        3 * SESSIONS);
    assert_int_equal(
        fleet_peak(day.renewals, HOUR + MINUTE, HOUR + 2 * MINUTE, 1), 0);
}

static void
a_provider_has_no_more_answers_than_it_can_give(void **state UNUSED)
{
    live((struct fleet){.seconds = 4 * HOUR,
                        .lifetime = HOUR,
                        .down_from = HOUR,
                        .down_to = 2 * HOUR,
                        .fault = FLEET_BUSY,
                        .capacity = 100});
    /* Those without a token are fewer by that each second, and no more. */
    assert_in_range(day.expired[2 * HOUR] - day.expired[2 * HOUR + 100], 1,
                    100 * 100);
    assert_int_equal(day.expired[3 * HOUR], 0);
}

/* ---- The goals ---- */

static void
a_day_of_work_is_even(void **state UNUSED)
{
    live((struct fleet){
        .seconds = 8 * HOUR, .lifetime = HOUR, .session_length = 8 * HOUR});
    ASSERT_AT_MOST(peak(0, 8 * HOUR, 60), 1.5);
    assert_int_equal(day.lost, 0);
}

static void
a_fleet_that_logs_in_at_once_is_out_of_step_at_the_first_renewal(
    void **state UNUSED)
{
    live((struct fleet){
        .seconds = 8 * HOUR, .lifetime = HOUR, .one_minute = true});
    ASSERT_AT_MOST(peak(0, 8 * HOUR, 60), 1.5);
    live((struct fleet){
        .seconds = 2 * HOUR, .lifetime = 300, .one_minute = true});
    ASSERT_AT_MOST(peak(0, 2 * HOUR, 10), 1.5);
}

static void
an_outage_of_ten_minutes_costs_three_times_the_mean_and_no_token(
    void **state UNUSED)
{
    const int64_t end = 2 * HOUR + 10 * MINUTE;
    struct fleet fleet = {.seconds = 5 * HOUR,
                          .lifetime = HOUR,
                          .down_from = 2 * HOUR,
                          .down_to = end};

    live(fleet);
    ASSERT_AT_MOST(peak(end, 5 * HOUR, 10), 3);
    /* Two who renew in the same second are not many here. */
    ASSERT_AT_MOST(peak(end, end + 2, 2), 3.5);
    assert_in_range(day.latest, 0, SCENARIO_LAST_CHANCE);
    assert_in_range(day.lost, 0, SESSIONS / 500);
    assert_int_equal(day.expired[end + 10 * MINUTE], 0);
    fleet.lifetime = 300;
    live(fleet);
    ASSERT_AT_MOST(peak(end, 5 * HOUR, 10), 3);
    assert_int_equal(day.lost, 0);
}

/* Nobody comes before that, and not everybody then. */
static void
a_date_in_retry_after_is_not_when_all_come_back(void **state UNUSED)
{
    const int64_t end = 2 * HOUR + 10 * MINUTE;

    live((struct fleet){.seconds = 5 * HOUR,
                        .lifetime = HOUR,
                        .down_from = 2 * HOUR,
                        .down_to = end,
                        .fault = FLEET_RETRY_AT_END});
    ASSERT_AT_MOST(peak(2 * HOUR, end, 60), 1.5);
    ASSERT_AT_MOST(peak(end, 5 * HOUR, 10), 3);
    live((struct fleet){.seconds = 6 * HOUR,
                        .lifetime = HOUR,
                        .down_from = 2 * HOUR,
                        .down_to = 4 * HOUR,
                        .fault = FLEET_RETRY_AT_END});
    ASSERT_AT_MOST(peak(4 * HOUR, 6 * HOUR, 10), 6);
    assert_int_equal(day.expired[4 * HOUR + 10 * MINUTE], 0);
}

static void
an_outage_of_two_hours_is_over_ten_minutes_after_it(void **state UNUSED)
{
    live((struct fleet){.seconds = 6 * HOUR,
                        .lifetime = HOUR,
                        .down_from = 2 * HOUR,
                        .down_to = 4 * HOUR});
    ASSERT_AT_MOST(peak(4 * HOUR, 6 * HOUR, 10), 11);
    assert_int_equal(day.expired[4 * HOUR + 10 * MINUTE], 0);
    /* They all got through within minutes, and are not in step by it. */
    ASSERT_AT_MOST(peak(4 * HOUR + 20 * MINUTE, 6 * HOUR, 60), 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(a_curve_has_a_mean_a_peak_and_a_calm),
        TEST(a_seed_is_a_day),
        TEST(sessions_renew_as_often_as_their_tokens_end),
        TEST(what_expires_is_counted_until_it_is_renewed),
        TEST(a_reboot_ends_and_begins_every_session),
        TEST(a_provider_has_no_more_answers_than_it_can_give),
        TEST(a_day_of_work_is_even),
        TEST(a_fleet_that_logs_in_at_once_is_out_of_step_at_the_first_renewal),
        TEST(an_outage_of_ten_minutes_costs_three_times_the_mean_and_no_token),
        TEST(a_date_in_retry_after_is_not_when_all_come_back),
        TEST(an_outage_of_two_hours_is_over_ten_minutes_after_it),
    };

    return cmocka_run_group_tests_name("fleet", tests, NULL, NULL);
}
