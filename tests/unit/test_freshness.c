/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "helper/exchange/freshness.h"
#include "tests/lib/test.h"

/* Sun, 06 Nov 1994 08:49:37 GMT */
#define NOW INT64_C(784111777)

#define DAY FRESHNESS_MAX
#define MIN FRESHNESS_MIN

static struct freshness
take(const char *header)
{
    struct freshness freshness = {0};
    const char *end;

    for (; *header != '\0'; header = end) {
        end = strstr(header, "\r\n");
        end = end != NULL ? end + 2 : header + strlen(header);
        freshness_take(&freshness, header, (size_t) (end - header));
    }
    return freshness;
}

struct row {
    const char *header;
    int64_t expected;
};

static void
check(const struct row *rows, size_t count)
{
    struct freshness freshness;
    int64_t found;
    size_t i;

    for (i = 0; i < count; i++) {
        freshness = take(rows[i].header);
        found = freshness_lifetime(&freshness, NOW);
        if (found != rows[i].expected)
            fail_msg("%s: %lld, not %lld", rows[i].header, (long long) found,
                     (long long) rows[i].expected);
    }
}

static void
cache_control_says_how_long(void **state UNUSED)
{
    static const struct row rows[] = {
        {"", 3600},
        {"Cache-Control: max-age=1000", 1000},
        {"cache-control:MAX-AGE=1000\r\n", 1000},
        {"Cache-Control: public, max-age=1000 , must-revalidate", 1000},
        {"Cache-Control: max-age=\"1000\"", 1000},
        {"Cache-Control: ,, ,max-age=1000,", 1000},
        {"Cache-Control: public\r\nCache-Control: max-age=1000", 1000},
        {"Cache-Control: private, immutable", 3600},
        {"Cache-Control:", 3600},
        /* s-maxage is for caches that are shared */
        {"Cache-Control: s-maxage=2000", 3600},
        {"Cache-Control: s-maxage=2000, max-age=1000", 1000},
        /* within our limits, whatever it says */
        {"Cache-Control: max-age=0", MIN},
        {"Cache-Control: max-age=299", MIN},
        {"Cache-Control: max-age=301", 301},
        {"Cache-Control: max-age=86399", DAY - 1},
        {"Cache-Control: max-age=86401", DAY},
        {"Cache-Control: no-store", MIN},
        {"Cache-Control: No-Cache", MIN},
        {"Cache-Control: no-cache=\"set-cookie\", max-age=1000", MIN},
        {"Cache-Control: max-age=1000, no-store", MIN},
        {"Cache-Control: max-age=1000\r\nCache-Control: no-store", MIN},
        /* larger than any number of ours */
        {"Cache-Control: max-age=2147483648", DAY},
        {"Cache-Control: max-age=18446744073709551616", DAY},
        {"Cache-Control: max-age=99999999999999999999999999999999999", DAY},
        /* twice */
        {"Cache-Control: max-age=1000, max-age=1000", 1000},
        {"Cache-Control: max-age=1000, max-age=2000", MIN},
        {"Cache-Control: max-age=1000\r\nCache-Control: max-age=2000", MIN},
        /* names and values that only look like it */
        {"Cache-Control: x-max-age=1000", 3600},
        {"Cache-Control: max-agent=1000", 3600},
        {"Cache-Control: private=\"a, max-age=1000\"", 3600},
        {"Cache-Control: private=\"a\\\", no-store\", max-age=1000", 1000},
        {"X-Cache-Control: max-age=1000", 3600},
        {"Cache-Control : max-age=1000", 3600},
        {"Cache-Controls: max-age=1000", 3600},
    };

    check(rows, ARRAY_LEN(rows));
}

static void
what_is_malformed_is_as_short_as_can_be(void **state UNUSED)
{
    static const struct row rows[] = {
        {"Cache-Control: max-age", MIN},
        {"Cache-Control: max-age=", MIN},
        {"Cache-Control: max-age=\"\"", MIN},
        {"Cache-Control: max-age=\"1000", MIN},
        {"Cache-Control: max-age=\"1000\\", MIN},
        {"Cache-Control: max-age=\"1000\"5", MIN},
        {"Cache-Control: max-age=-1000", MIN},
        {"Cache-Control: max-age=+1000", MIN},
        {"Cache-Control: max-age=1000.5", MIN},
        {"Cache-Control: max-age=1e9", MIN},
        {"Cache-Control: max-age=0x1000", MIN},
        {"Cache-Control: max-age= 1000", MIN},
        {"Cache-Control: max-age =1000", MIN},
        {"Cache-Control: max-age=1000 2000", MIN},
        {"Cache-Control: max-age=1000;public", MIN},
        {"Cache-Control: =1000", MIN},
        {"Cache-Control: \"max-age\"=1000", MIN},
        {"Cache-Control: max-age=1000, \x01", MIN},
        {"Cache-Control: max-age=1000,\r\n no-store", MIN},
        {"Cache-Control: max-age=1000\r\nno colon here", MIN},
    };

    check(rows, ARRAY_LEN(rows));
}

static void
expires_counts_when_there_is_no_max_age(void **state UNUSED)
{
#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    static const struct row rows[] = {
        {DATE, 3600},
        {DATE "Expires: Sun, 06 Nov 1994 09:49:36 GMT", 3599},
        {"Expires: Sun, 06 Nov 1994 09:49:36 GMT", 3599},
        {"Expires: Sunday, 06-Nov-94 09:49:36 GMT", 3599},
        {"Expires: Sun Nov  6 09:49:36 1994", 3599},
        {DATE "Expires: Sun, 06 Nov 1994 09:49:36 GMT\r\n"
              "Cache-Control: max-age=1000",
         1000},
        {DATE "Expires: Sun, 06 Nov 1994 09:49:36 GMT\r\n"
              "Cache-Control: no-cache",
         MIN},
        /* their clock, an hour late, and one that is none */
        {"Date: Sun, 06 Nov 1994 07:49:37 GMT\r\n"
         "Expires: Sun, 06 Nov 1994 08:06:17 GMT",
         1000},
        {"Date: today\r\nExpires: Sun, 06 Nov 1994 09:49:36 GMT", 3599},
        /* past, far, none, twice */
        {DATE "Expires: Sun, 06 Nov 1994 08:49:37 GMT", MIN},
        {DATE "Expires: Thu, 01 Jan 1970 00:00:00 GMT", MIN},
        {DATE "Expires: Thu, 01 Jan 2099 00:00:00 GMT", DAY},
        {DATE "Expires: Fri, 31 Dec 9999 23:59:59 GMT", DAY},
        {DATE "Expires: 0", MIN},
        {DATE "Expires: -1", MIN},
        {DATE "Expires:", MIN},
        {DATE "Expires: never", MIN},
        {DATE "Expires: Sun, 06 Nov 1994 09:49:36 GMT\r\n"
              "Expires: Sun, 06 Nov 1994 09:49:36 GMT",
         3599},
        {DATE "Expires: Sun, 06 Nov 1994 09:49:36 GMT\r\nExpires: 0", MIN},
    };

    check(rows, ARRAY_LEN(rows));
}

static void
an_age_is_already_gone(void **state UNUSED)
{
    static const struct row rows[] = {
        {"Age: 600", 3000},
        {"Cache-Control: max-age=1000\r\nAge: 100", 900},
        {"Age: 100\r\nCache-Control: max-age=86400", DAY - 100},
        {"Age: 100\r\nCache-Control: max-age=172800", DAY},
        {"Cache-Control: max-age=1000\r\nAge: 999", MIN},
        {"Cache-Control: max-age=1000\r\nAge: 2000", MIN},
        {"Cache-Control: max-age=1000\r\nAge: 99999999999999999999", MIN},
        {"Cache-Control: max-age=1000\r\nAge: -100", 1000},
        {"Cache-Control: max-age=1000\r\nAge: old", 1000},
        {"Cache-Control: max-age=1000\r\nAge: 1, 2", 1000},
        {"Cache-Control: max-age=1000\r\nAge: 1\r\nAge: 2", MIN},
    };

    check(rows, ARRAY_LEN(rows));
}

static void
only_the_last_header_counts(void **state UNUSED)
{
    static const struct row rows[] = {
        {"HTTP/1.1 103 Early\r\nCache-Control: max-age=1000\r\n\r\n"
         "HTTP/1.1 200 OK\r\nAge: 600\r\n\r\n",
         3000},
        {"HTTP/1.1 200 OK\r\nAge: 600\r\n\r\nCache-Control: max-age=1000\r\n",
         3000},
        {"HTTP/1.1 103 x\r\n folded\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 3600},
    };

    check(rows, ARRAY_LEN(rows));
}

static void
what_does_not_fit_is_unclear(void **state UNUSED)
{
    static const char *const names[] = {
        "Cache-Control: ", "Age: ", "Date: ", "Expires: "};
    char line[2000];
    size_t i, len;

    for (i = 0; i < ARRAY_LEN(names); i++) {
        for (len = 20; len < sizeof(line); len++) {
            struct freshness freshness = {0};

            memset(line, 'x', sizeof(line));
            memcpy(line, names[i], strlen(names[i]));
            freshness_take(&freshness, line, len);
            assert_true(freshness.unclear
                            == (strlen(freshness.control) == 0
                                && strlen(freshness.age) == 0
                                && strlen(freshness.date) == 0
                                && strlen(freshness.expires) == 0)
                        || i == 0);
        }
    }
    {
        struct freshness freshness = {0};

        freshness_take(&freshness, "Cache-Control: max-age=1000\0x", 29);
        assert_int_equal(freshness_lifetime(&freshness, NOW), MIN);
    }
}

/* Many short ones fill the room as well. */
static void
many_cache_controls_are_unclear_in_the_end(void **state UNUSED)
{
    static const char line[] = "Cache-Control: max-age=1000\r\n";
    struct freshness freshness = {0};
    int i;

    for (i = 0; i < 1000; i++) {
        assert_int_equal(freshness_lifetime(&freshness, NOW), i == 0    ? 3600
                                                              : i <= 39 ? 1000
                                                                        : MIN);
        freshness_take(&freshness, line, sizeof(line) - 1);
    }
}

/* ---- Retry-After --------------------------------------------------------- */

static void
check_retry_after(const struct row *rows, size_t count)
{
    struct freshness freshness;
    int64_t found;
    size_t i;

    for (i = 0; i < count; i++) {
        freshness = take(rows[i].header);
        found = freshness_retry_after(&freshness, NOW);
        if (found != rows[i].expected)
            fail_msg("%s: %lld, not %lld", rows[i].header, (long long) found,
                     (long long) rows[i].expected);
    }
}

#define HOUR FRESHNESS_RETRY_AFTER_MAX

static void
retry_after_is_a_number_of_seconds_up_to_an_hour(void **state UNUSED)
{
    static const struct row rows[] = {
        {"", 0},
        {"Retry-After: 0", 0},
        {"Retry-After: 1", 1},
        {"retry-after:120\r\n", 120},
        {"Retry-After: \t007 \t\r\n", 7},
        {"Retry-After: 3599", HOUR - 1},
        {"Retry-After: 3600", HOUR},
        {"Retry-After: 3601", HOUR},
        {"Retry-After: 86400", HOUR},
        /* larger than any number of ours */
        {"Retry-After: 2147483648", HOUR},
        {"Retry-After: 18446744073709551616", HOUR},
        {"Retry-After: 99999999999999999999999999999999999", HOUR},
        /* it says nothing about a document, nor the other way round */
        {"Cache-Control: max-age=1000, max-age=2\r\nRetry-After: 5", 5},
        {"Age: 1\r\nAge: 2\r\nRetry-After: 5", 5},
    };

    check_retry_after(rows, ARRAY_LEN(rows));
}

static void
retry_after_may_be_a_date_by_their_clock(void **state UNUSED)
{
    static const struct row rows[] = {
        /* each of the three ways to write one */
        {DATE "Retry-After: Sun, 06 Nov 1994 08:51:37 GMT", 120},
        {DATE "Retry-After: Sunday, 06-Nov-94 08:51:37 GMT", 120},
        {DATE "Retry-After: Sun Nov  6 08:51:37 1994", 120},
        {"Retry-After: Sun, 06 Nov 1994 08:51:37 GMT\r\n" DATE, 120},
        /* their clock is an hour late, or early, or is not known */
        {"Date: Sun, 06 Nov 1994 07:49:37 GMT\r\n"
         "Retry-After: Sun, 06 Nov 1994 07:51:37 GMT",
         120},
        {"Date: Sun, 06 Nov 1994 09:49:37 GMT\r\n"
         "Retry-After: Sun, 06 Nov 1994 09:51:37 GMT",
         120},
        {"Retry-After: Sun, 06 Nov 1994 08:51:37 GMT", 120},
        {"Date: today\r\nRetry-After: Sun, 06 Nov 1994 08:51:37 GMT", 120},
        {"Date:\r\nRetry-After: Sun, 06 Nov 1994 08:51:37 GMT", 120},
        /* now, past, far */
        {DATE "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {DATE "Retry-After: Sun, 06 Nov 1994 08:49:36 GMT", 0},
        {DATE "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {DATE "Retry-After: Sun, 06 Nov 1994 09:49:38 GMT", HOUR},
        {DATE "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT", HOUR},
    };

    check_retry_after(rows, ARRAY_LEN(rows));
}

static void
a_retry_after_that_is_none_or_unclear_does_not_count(void **state UNUSED)
{
    static const struct row rows[] = {
        {"Retry-After:", 0},
        {"Retry-After: soon", 0},
        {"Retry-After: -5", 0},
        {"Retry-After: +5", 0},
        {"Retry-After: 1.5", 0},
        {"Retry-After: 1e3", 0},
        {"Retry-After: 0x10", 0},
        {"Retry-After: 10 s", 0},
        {"Retry-After: 120, 120", 0},
        {"Retry-After: \"120\"", 0},
        {"Retry-After: 12:30:00", 0},
        {"Retry-After: Monday", 0},
        {"Retry-After: Sun, 99 Foo 1994 08:51:37 GMT", 0},
        {"Retry-After : 120", 0},
        {"X-Retry-After: 120", 0},
        {"Retry-After: 120\r\n 5", 0},
        {"Retry-After:\r\n\t120", 0},
        {"Retry-After: 120\r\nno colon here", 0},
        /* longer than any that is meant */
        {"Retry-After: "
         "0000000000000000000000000000000000000000000000000000000000000005",
         0},
        /* twice */
        {"Retry-After: 120\r\nRetry-After: 120", 120},
        {"Retry-After: 120\r\nRetry-After: 60", 0},
        {"Retry-After: 120\r\nRetry-After:", 0},
        {"Retry-After: 120\r\nRetry-After: 60\r\nRetry-After: 120", 0},
        {"Retry-After: 120\r\nRetry-After: "
         "Sun, 06 Nov 1994 08:51:37 GMT",
         0},
    };

    check_retry_after(rows, ARRAY_LEN(rows));
}

static void
only_the_retry_after_of_the_last_header_counts(void **state UNUSED)
{
    static const struct row rows[] = {
        /* an interim answer, or that of a proxy to CONNECT */
        {"HTTP/1.1 103 x\r\nRetry-After: 9\r\n\r\nHTTP/1.1 503 x\r\n\r\n", 0},
        {"HTTP/1.1 200 x\r\nRetry-After: 9\r\n\r\n"
         "HTTP/1.1 503 x\r\nRetry-After: 5\r\n\r\n",
         5},
        {"HTTP/1.1 103 x\r\nRetry-After: 9\r\n 9\r\n\r\n"
         "HTTP/1.1 503 x\r\nRetry-After: 5\r\n\r\n",
         5},
        /* a trailer */
        {"HTTP/1.1 503 x\r\n\r\nRetry-After: 9\r\n", 0},
        {"HTTP/1.1 503 x\r\nRetry-After: 5\r\n\r\nRetry-After: 9\r\n", 5},
    };

    check_retry_after(rows, ARRAY_LEN(rows));
}

/* What is wrong with it makes no document stale. */
static void
an_unclear_retry_after_says_nothing_of_the_document(void **state UNUSED)
{
    static const struct row rows[] = {
        {"Cache-Control: max-age=1000\r\nRetry-After: 1\r\nRetry-After: 2",
         1000},
        {"Cache-Control: max-age=1000\r\nRetry-After: soon", 1000},
    };

    check(rows, ARRAY_LEN(rows));
}

static void
the_date_of_an_answer_is_the_clock_of_its_provider(void **state UNUSED)
{
    static const struct {
        const char *line;
        int64_t date;
    } cases[] = {
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Date: soon", 0},
        {"Date: ", 0},
        {"Age: 7", 0},
    };
    struct freshness freshness;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        freshness = (struct freshness){0};
        freshness_take(&freshness, cases[i].line, strlen(cases[i].line));
        assert_int_equal(freshness_date(&freshness), cases[i].date);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(cache_control_says_how_long),
        cmocka_unit_test(what_is_malformed_is_as_short_as_can_be),
        cmocka_unit_test(expires_counts_when_there_is_no_max_age),
        cmocka_unit_test(an_age_is_already_gone),
        cmocka_unit_test(only_the_last_header_counts),
        cmocka_unit_test(what_does_not_fit_is_unclear),
        cmocka_unit_test(many_cache_controls_are_unclear_in_the_end),
        cmocka_unit_test(retry_after_is_a_number_of_seconds_up_to_an_hour),
        cmocka_unit_test(retry_after_may_be_a_date_by_their_clock),
        cmocka_unit_test(a_retry_after_that_is_none_or_unclear_does_not_count),
        cmocka_unit_test(only_the_retry_after_of_the_last_header_counts),
        cmocka_unit_test(an_unclear_retry_after_says_nothing_of_the_document),
        cmocka_unit_test(the_date_of_an_answer_is_the_clock_of_its_provider),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
