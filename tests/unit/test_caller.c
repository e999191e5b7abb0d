/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "helper/exchange/caller.h"
#include "tests/lib/test.h"

/* Both pipes, with a caller that does nothing by itself. */
struct ends {
    int to, from;
    struct caller caller;
};

static int
setup(void **state)
{
    static struct ends ends;
    int to[2], from[2];

    if (pipe2(to, O_CLOEXEC) == -1 || pipe2(from, O_CLOEXEC) == -1)
        return -1;
    ends = (struct ends){
        .to = to[1],
        .from = from[0],
        .caller = {.in = to[0], .out = from[1]},
    };
    *state = &ends;
    return 0;
}

static int
teardown(void **state)
{
    struct ends *ends = *state;

    caller_clear(&ends->caller);
    fd_close(&ends->to);
    fd_close(&ends->from);
    fd_close(&ends->caller.in);
    fd_close(&ends->caller.out);
    return 0;
}

static void
the_message_that_is_expected_is_given(void **state)
{
    struct ends *ends = *state;
    struct message message = {.kind = KIND_PASSWORD};

    assert_int_equal(message_set_text(&message, FIELD_PASSWORD, "pw"), 0);
    assert_int_equal(message_send(ends->to, &message), 0);
    assert_int_equal(message_send(ends->to, &message), 0);
    message_clear(&message);
    assert_int_equal(caller_expect(&ends->caller, KIND_PASSWORD, &message), 0);
    assert_string_equal(message_text(&message, FIELD_PASSWORD), "pw");
    /* The second came with the first, and is not lost. */
    assert_int_equal(caller_expect(&ends->caller, KIND_PASSWORD, &message), 0);
    message_clear(&message);
}

static void
another_message_and_a_hang_up_are_errors(void **state)
{
    struct ends *ends = *state;
    struct message message = {0};

    assert_int_equal(message_send_kind(ends->to, KIND_STORED), 0);
    assert_int_equal(caller_expect(&ends->caller, KIND_PASSWORD, &message),
                     -EBADMSG);
    fd_close(&ends->to);
    assert_int_equal(caller_expect(&ends->caller, KIND_PASSWORD, &message),
                     -ENODATA);
    message_clear(&message);
}

static void
a_question_is_sent_before_its_answer_is_awaited(void **state)
{
    struct ends *ends = *state;
    struct message question = {.kind = KIND_NEED_FILES}, message = {0};
    struct secret buf = {0};

    assert_int_equal(message_set_text(&question, FIELD_PATH, "/s"), 0);
    assert_int_equal(message_send_kind(ends->to, KIND_FILES), 0);
    assert_int_equal(caller_ask(&ends->caller, &question, KIND_FILES, &message),
                     0);
    assert_int_equal(message_wait(ends->from, &buf, 0, &message), 0);
    assert_int_equal(message.kind, KIND_NEED_FILES);
    assert_string_equal(message_text(&message, FIELD_PATH), "/s");
    fd_close(&ends->from);
    assert_int_equal(caller_ask(&ends->caller, &question, KIND_FILES, &message),
                     -EPIPE);
    message_clear(&question);
    message_clear(&message);
    secret_clear(&buf);
}

static double
now(void)
{
    struct timespec ts;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static void
a_sleep_takes_its_time_while_the_caller_is_silent(void **state)
{
    struct ends *ends = *state;
    double begin = now();

    assert_int_equal(caller_sleep(&ends->caller, 1), 0);
    assert_true(now() - begin >= 0.99);
    begin = now();
    assert_int_equal(caller_sleep(&ends->caller, 0), 0);
    assert_int_equal(caller_sleep(&ends->caller, -5), 0);
    assert_true(now() - begin < 5); /* not for ever */
}

static void
a_hang_up_ends_a_sleep_at_once(void **state)
{
    struct ends *ends = *state;
    double begin = now();

    fd_close(&ends->to);
    assert_int_equal(caller_sleep(&ends->caller, INT64_MAX), -ENODATA);
    assert_true(now() - begin < 5);
}

static void
a_caller_has_nothing_to_say_during_a_sleep(void **state)
{
    struct ends *ends = *state;

    assert_int_equal(message_send_kind(ends->to, KIND_STORED), 0);
    assert_int_equal(caller_sleep(&ends->caller, 60), -EBADMSG);
}

static void
only_stored_means_stored(void **state)
{
    struct ends *ends = *state;

    assert_int_equal(message_send_kind(ends->to, KIND_STORED), 0);
    assert_int_equal(caller_stored(&ends->caller, false), CALLER_HAS_ALL);
    assert_int_equal(message_send_kind(ends->to, KIND_GO), 0);
    assert_int_equal(caller_stored(&ends->caller, false), CALLER_HAS_NOTHING);
    assert_int_equal(message_send_kind(ends->to, KIND_REFRESH_STORED), 0);
    assert_int_equal(caller_stored(&ends->caller, false), CALLER_HAS_NOTHING);
    assert_int_equal(write_full(ends->to, "\xff\xff\xff\xff\xff", 5), 0);
    assert_int_equal(caller_stored(&ends->caller, false), CALLER_HAS_NOTHING);
    caller_clear(&ends->caller);
    fd_close(&ends->to);
    assert_int_equal(caller_stored(&ends->caller, false), CALLER_HAS_NOTHING);
}

static void
in_steps_the_refresh_token_comes_first_and_once(void **state)
{
    static const struct {
        enum kind said[3]; /* KIND_NONE: and then it hangs up */
        enum caller_has has;
    } cases[] = {
        {{KIND_STORED}, CALLER_HAS_ALL},
        {{KIND_REFRESH_STORED, KIND_STORED}, CALLER_HAS_ALL},
        {{KIND_REFRESH_STORED}, CALLER_HAS_REFRESH},
        {{KIND_REFRESH_STORED, KIND_REFRESH_STORED}, CALLER_HAS_REFRESH},
        {{KIND_REFRESH_STORED, KIND_REFRESH_STORED, KIND_STORED},
         CALLER_HAS_REFRESH},
        {{KIND_REFRESH_STORED, KIND_GO, KIND_STORED}, CALLER_HAS_REFRESH},
        {{KIND_STORED, KIND_REFRESH_STORED}, CALLER_HAS_ALL},
        {{KIND_GO, KIND_STORED}, CALLER_HAS_NOTHING},
        {{KIND_GO, KIND_REFRESH_STORED, KIND_STORED}, CALLER_HAS_NOTHING},
        {{KIND_NONE}, CALLER_HAS_NOTHING},
    };
    size_t i, j;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct ends *ends;

        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
        ends = *state;
        for (j = 0; j < 3 && cases[i].said[j] != KIND_NONE; j++)
            assert_int_equal(message_send_kind(ends->to, cases[i].said[j]), 0);
        fd_close(&ends->to);
        assert_int_equal(caller_stored(&ends->caller, true), cases[i].has);
    }
}

/* Its last byte is the kind. */
static void
half_a_word_is_none(void **state)
{
    struct ends *ends = *state;
    struct message message = {.kind = KIND_REFRESH_STORED};
    struct secret wire = {0};

    assert_int_equal(message_encode(&message, &wire), 0);
    assert_int_equal(write_full(ends->to, wire.data, wire.len - 1), 0);
    fd_close(&ends->to);
    assert_int_equal(caller_stored(&ends->caller, true), CALLER_HAS_NOTHING);
    secret_clear(&wire);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(the_message_that_is_expected_is_given),
        TEST(another_message_and_a_hang_up_are_errors),
        TEST(a_question_is_sent_before_its_answer_is_awaited),
        TEST(a_sleep_takes_its_time_while_the_caller_is_silent),
        TEST(a_hang_up_ends_a_sleep_at_once),
        TEST(a_caller_has_nothing_to_say_during_a_sleep),
        TEST(only_stored_means_stored),
        TEST(in_steps_the_refresh_token_comes_first_and_once),
        TEST(half_a_word_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
