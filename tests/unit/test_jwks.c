/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "helper/exchange/jwks.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

static char base[] = "/tmp/test_jwks.XXXXXX", url[256];
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
    settings.jwks_uri = NULL;
    (void) snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command); /* our own name, of letters */
}

static void
start(const struct fake_answer *answers, size_t count)
{
    fakeprovider_start(answers, count);
    (void) snprintf(url, sizeof(url), "%s", fakeprovider_url("/k"));
    settings.jwks_uri = url;
}

/* Keep {"keys":[n]}, fetched so many seconds ago. */
static void
keep(int n, int64_t ago)
{
    cJSON *json = cJSON_CreateObject();

    (void) cJSON_AddItemToArray(cJSON_AddArrayToObject(json, "keys"),
                                cJSON_CreateNumber(n));
    assert_int_equal(cache_write(&cache, url, time(NULL) - ago, 3600, json), 0);
    cJSON_Delete(json);
}

/* The number in it; or -1. */
static int
get(bool again)
{
    struct problem problem = {0};
    cJSON *json = NULL;
    int n;

    if (jwks_get(&client, &cache, again, &json, &problem) < 0) {
        assert_null(json);
        return -1;
    }
    n = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "keys"), 0)->valueint;
    cJSON_Delete(json);
    return n;
}

static void
keys_are_fetched_once(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/k", 200, "{\"keys\":[7]}", NULL},
    };

    start(answers, ARRAY_LEN(answers));
    assert_int_equal(get(false), 7);
    assert_int_equal(get(false), 7);
    assert_int_equal(get(true), 7); /* younger than a minute */
    assert_int_equal(fakeprovider_count(), 1);
}

static void
an_unknown_key_makes_it_ask_again_but_not_within_a_minute(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/k", 200, "{\"keys\":[2]}", NULL},
    };

    start(answers, ARRAY_LEN(answers));
    keep(1, 50);
    assert_int_equal(get(true), 1);
    assert_int_equal(fakeprovider_count(), 0);
    keep(1, 60);
    assert_int_equal(get(false), 1);
    assert_int_equal(fakeprovider_count(), 0);
    assert_int_equal(get(true), 2);
    assert_int_equal(fakeprovider_count(), 1);
    assert_int_equal(get(true), 2); /* the new ones are kept */
    assert_int_equal(fakeprovider_count(), 1);
}

/* The keys that are there are no answer to the question. */
static void
asking_again_in_vain_is_a_problem_and_loses_nothing(void **state UNUSED)
{
    static const struct fake_answer answers[] = {{"/k", 503, NULL, NULL}};

    start(answers, ARRAY_LEN(answers));
    keep(1, 100);
    assert_int_equal(get(true), -1);
    assert_int_equal(get(false), 1);
}

static void
without_a_cache_it_asks_each_time(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/k", 200, "{\"keys\":[1]}", NULL},
        {"/k", 200, "{\"keys\":[2]}", NULL},
    };

    start(answers, ARRAY_LEN(answers));
    cache_close(&cache);
    assert_int_equal(get(false), 1);
    assert_int_equal(get(true), 2);
}

static void
what_is_no_key_set_is_a_problem_with_a_reason(void **state UNUSED)
{
    static const struct {
        int status;
        const char *body;
        enum outcome outcome;
        const char *reason;
    } cases[] = {
        {200, "{}", OUTCOME_MISCONFIGURED, "has no array 'keys'"},
        {200, "{\"keys\":{}}", OUTCOME_MISCONFIGURED, "has no array 'keys'"},
        {200, "{\"Keys\":[]}", OUTCOME_MISCONFIGURED, "has no array 'keys'"},
        {200, "[]", OUTCOME_TRANSIENT, "not a JSON object"},
        {404, "", OUTCOME_MISCONFIGURED, "answered 404"},
        {500, "{\"keys\":[]}", OUTCOME_TRANSIENT, "answered 500"},
    };
    struct fake_answer answers[ARRAY_LEN(cases)];
    struct problem problem;
    cJSON *json = NULL;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++)
        answers[i] =
            (struct fake_answer){"/k", cases[i].status, cases[i].body, NULL};
    start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        problem = (struct problem){0};
        assert_int_equal(jwks_get(&client, &cache, false, &json, &problem),
                         -EPROTO);
        assert_null(json);
        assert_int_equal(problem.outcome, cases[i].outcome);
        assert_non_null(strstr(problem.reason, "the provider's keys"));
        if (strstr(problem.reason, cases[i].reason) == NULL)
            fail_msg("%s: %s", cases[i].body, problem.reason);
    }
}

static void
without_an_address_it_says_so(void **state UNUSED)
{
    struct problem problem = {0};
    cJSON *json = NULL;

    assert_int_equal(jwks_get(&client, &cache, false, &json, &problem),
                     -EPROTO);
    assert_int_equal(problem.outcome, OUTCOME_MISCONFIGURED);
    assert_non_null(strstr(problem.reason, "has no jwks_uri"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(keys_are_fetched_once),
        TEST(an_unknown_key_makes_it_ask_again_but_not_within_a_minute),
        TEST(asking_again_in_vain_is_a_problem_and_loses_nothing),
        TEST(without_a_cache_it_asks_each_time),
        TEST(what_is_no_key_set_is_a_problem_with_a_reason),
        TEST(without_an_address_it_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
