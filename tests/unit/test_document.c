/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "helper/exchange/document.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

static char base[] = "/tmp/test_document.XXXXXX";
static struct settings settings = {.timeout = 2, .insecure_http = true};
static struct cache cache;
static struct http http;
static const struct client client = {.http = &http, .settings = &settings};

static int
setup(void **state UNUSED)
{
    memcpy(base + sizeof(base) - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(base));
    assert_int_equal(chmod(base, 0755), 0);
    cache_open(base, "https://h", true, &cache);
    assert_true(cache.writable);
    return http_open(&http, &settings);
}

static int
teardown(void **state UNUSED)
{
    char command[64];

    http_close(&http);
    cache_close(&cache);
    fakeprovider_stop();
    (void) snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command); /* our own name, of letters */
}

static int
check(const cJSON *json, const struct settings *with, struct problem *problem)
{
    assert_ptr_equal(with, &settings);
    if (cJSON_HasObjectItem(json, "good"))
        return 0;
    return problem_set(problem, OUTCOME_MISCONFIGURED, "it is not good");
}

static const struct document_kind kind = {"the document", check};

static bool
is_found(void)
{
    struct document document = {0};
    int r = document_find(&client, &cache, &kind, fakeprovider_url("/a"),
                          &document);

    assert_int_equal(document.json != NULL, r == 0);
    assert_int_equal(document.status, 0);
    document_clear(&document);
    return r == 0;
}

static int
fetch(struct document *out, struct problem *problem)
{
    *out = (struct document){0};
    *problem = (struct problem){0};
    return document_fetch(&client, &cache, &kind, fakeprovider_url("/a"), out,
                          problem);
}

static void
what_was_fetched_is_found_without_a_request(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a", 200, "{\"good\":1}", NULL},
    };
    struct document document;
    struct problem problem;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_false(is_found());
    assert_int_equal(fakeprovider_count(), 0);
    assert_int_equal(fetch(&document, &problem), 0);
    assert_int_equal(document.status, 200);
    assert_in_range(document.fetched_at, time(NULL) - 2, time(NULL));
    document_clear(&document);
    assert_true(is_found());
    assert_int_equal(fakeprovider_count(), 1);
}

static void
the_provider_says_for_how_long(void **state UNUSED)
{
    static const struct {
        const char *header;
        int64_t seconds;
    } cases[] = {
        {"Cache-Control: max-age=1000", 1000},
        {"Cache-Control: max-age=1000\r\nAge: 400", 600},
        {"Cache-Control: no-store", 300},
        {"X: y", 3600},
        {"Cache-Control: max-age=1000000", 86400},
    };
    struct fake_answer answers[ARRAY_LEN(cases)];
    struct document document;
    struct problem problem;
    const char *url;
    cJSON *json;
    int64_t at;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++)
        answers[i] =
            (struct fake_answer){"/a", 200, "{\"good\":1}", cases[i].header};
    fakeprovider_start(answers, ARRAY_LEN(answers));
    url = fakeprovider_url("/a");
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(fetch(&document, &problem), 0);
        assert_int_equal(cache_read(&cache, url,
                                    document.fetched_at + cases[i].seconds - 1,
                                    &json, &at),
                         0);
        cJSON_Delete(json);
        assert_int_equal(cache_read(&cache, url,
                                    document.fetched_at + cases[i].seconds,
                                    &json, &at),
                         -ENOENT);
        document_clear(&document);
    }
}

static void
one_that_is_not_good_is_neither_kept_nor_used(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a", 200, "{\"bad\":1}", NULL},
        {"/a", 500, "{\"good\":1}", NULL},
        {"/a", 200, "[\"good\"]", NULL},
        {"/a", 200, "{\"good\":1,\"good\":2}", NULL},
        {"/a", 302, "{\"good\":1}", "Location: /b"},
    };
    cJSON *bad = cJSON_CreateObject();
    struct document document;
    struct problem problem;
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        assert_int_equal(fetch(&document, &problem), -EPROTO);
        assert_int_equal(document.status, answers[i].status);
        assert_null(document.json);
        assert_string_not_equal(problem.reason, "");
        assert_false(is_found());
    }
    /* Also when somebody put it there. */
    assert_int_equal(
        cache_write(&cache, fakeprovider_url("/a"), time(NULL), 1000, bad), 0);
    assert_false(is_found());
    cJSON_Delete(bad);
}

static void
one_that_is_not_fresh_is_not_used_even_without_a_provider(void **state UNUSED)
{
    cJSON *good = cJSON_CreateObject();
    struct document document;
    struct problem problem;

    (void) cJSON_AddTrueToObject(good, "good");
    fakeprovider_start(NULL, 0);
    assert_int_equal(cache_write(&cache, fakeprovider_url("/a"),
                                 time(NULL) - 1000, 1000, good),
                     0);
    assert_false(is_found());
    fakeprovider_stop();
    assert_int_equal(fetch(&document, &problem), -EPROTO);
    assert_int_equal(problem.outcome, OUTCOME_TRANSIENT);
    assert_non_null(strstr(problem.reason, "the document at 127.0.0.1"));
    cJSON_Delete(good);
}

/* Fetching it again harms nobody, so neither "ambiguous" nor "dead". */
static void
no_answer_to_it_ends_a_session(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a", FAKE_HANG_UP, NULL, NULL},
        {"/a", 400, "{\"error\":\"invalid_grant\"}", NULL},
    };
    struct document document;
    struct problem problem;
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        assert_int_equal(fetch(&document, &problem), -EPROTO);
        assert_int_equal(problem.outcome, OUTCOME_TRANSIENT);
    }
}

static void
without_a_cache_it_is_fetched_each_time(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a", 200, "{\"good\":1}", NULL},
        {"/a", 200, "{\"good\":1}", NULL},
    };
    struct document document;
    struct problem problem;
    size_t i;

    cache_close(&cache);
    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        assert_int_equal(fetch(&document, &problem), 0);
        document_clear(&document);
        assert_false(is_found());
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(what_was_fetched_is_found_without_a_request),
        TEST(the_provider_says_for_how_long),
        TEST(one_that_is_not_good_is_neither_kept_nor_used),
        TEST(one_that_is_not_fresh_is_not_used_even_without_a_provider),
        TEST(no_answer_to_it_ends_a_session),
        TEST(without_a_cache_it_is_fetched_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
