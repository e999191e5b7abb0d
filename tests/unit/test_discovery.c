/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "helper/exchange/discovery.h"
#include "helper/exchange/json.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

#define OIDC  "/.well-known/openid-configuration"
#define OAUTH "/.well-known/oauth-authorization-server"

static struct cache cache; /* none, unless a test makes one */
static char base[] = "/tmp/test_discovery.XXXXXX";

static int
setup_cache(void **state UNUSED)
{
    memcpy(base + sizeof(base) - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(base));
    assert_int_equal(chmod(base, 0755), 0);
    cache_open(base, "https://h", true, &cache);
    assert_true(cache.writable);
    return 0;
}

static int
teardown(void **state UNUSED)
{
    char command[64];

    fakeprovider_stop();
    if (cache.dir > 0) {
        (void) snprintf(command, sizeof(command), "rm -rf %s", base);
        assert_int_equal(system(command), 0); /* our own name, of letters */
    }
    cache_close(&cache);
    return 0;
}

static void
metadata_is_where_the_standards_say(void **state UNUSED)
{
    static const struct {
        const char *issuer;
        const char *oidc;
        const char *oauth;
    } cases[] = {
        {"https://h", "https://h" OIDC, "https://h" OAUTH},
        {"https://h/", "https://h" OIDC, "https://h" OAUTH},
        {"https://h:1", "https://h:1" OIDC, "https://h:1" OAUTH},
        {"https://h/a/b", "https://h/a/b" OIDC, "https://h" OAUTH "/a/b"},
        {"https://h/a/b/", "https://h/a/b" OIDC, "https://h" OAUTH "/a/b"},
    };
    char *url;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        url = discovery_url(cases[i].issuer, DISCOVERY_OIDC);
        assert_string_equal(url, cases[i].oidc);
        free(url);
        url = discovery_url(cases[i].issuer, DISCOVERY_OAUTH);
        assert_string_equal(url, cases[i].oauth);
        free(url);
    }
}

static int
read_metadata(const char *text, struct settings *settings,
              struct problem *problem)
{
    cJSON *json = NULL;
    int r;

    if (json_parse(text, strlen(text), &json) < 0)
        fail_msg("not parsed: %s", text);
    r = discovery_read(json, settings, problem);
    cJSON_Delete(json);
    return r;
}

#define METADATA(more) "{\"issuer\":\"https://h/a\"" more "}"
#define TOKEN          ",\"token_endpoint\":\"https://h/t\""

static void
all_endpoints_are_taken_but_not_over_configured_ones(void **state UNUSED)
{
    static const char text[] =
        METADATA(TOKEN ",\"revocation_endpoint\":\"https://h/r\","
                       "\"device_authorization_endpoint\":\"https://h/d\","
                       "\"jwks_uri\":\"https://h/k\",\"more\":[1],"
                       "\"userinfo_endpoint\":\"https://h/u\","
                       "\"introspection_endpoint\":\"https://h/i\"");
    struct settings settings = {.issuer = strdup("https://h/a")};
    struct problem problem = {0};

    settings.revocation_endpoint = strdup("https://configured");
    assert_int_equal(read_metadata(text, &settings, &problem), 0);
    assert_string_equal(settings.token_endpoint, "https://h/t");
    assert_string_equal(settings.device_authorization_endpoint, "https://h/d");
    assert_string_equal(settings.revocation_endpoint, "https://configured");
    assert_string_equal(settings.jwks_uri, "https://h/k");
    assert_string_equal(settings.userinfo_endpoint, "https://h/u");
    assert_string_equal(settings.introspection_endpoint, "https://h/i");
    settings_clear(&settings);
}

static void
metadata_that_is_not_good_is_refused(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *reason; /* part of it */
    } cases[] = {
        {"{"
         "\"token_endpoint\":\"https://h/t\"}",
         "is that of issuer ''"},
        {"{\"issuer\":\"https://h/a/\"" TOKEN "}",
         "is that of issuer 'https://h/a/', not of 'https://h/a'"},
        {"{\"issuer\":\"https://H/a\"" TOKEN "}", "is that of issuer"},
        {"{\"issuer\":\"https://h\"" TOKEN "}", "is that of issuer"},
        {"{\"issuer\":[\"https://h/a\"]" TOKEN "}", "is that of issuer"},
        {METADATA(""), "has no token_endpoint"},
        {METADATA(",\"token_endpoint\":7"), "has no token_endpoint"},
        {METADATA(",\"token_endpoint\":\"\""), "has no token_endpoint"},
        {METADATA(",\"token_endpoint\":\"http://h/t\""),
         "token_endpoint 'http://h/t' is not https"},
        {METADATA(",\"token_endpoint\":\"http://localhost/t\""),
         "token_endpoint 'http://localhost/t' is not https"},
        {METADATA(",\"token_endpoint\":\"https://u:p@h/t\""),
         "contains a user name"},
        {METADATA(",\"token_endpoint\":\"file:///etc/passwd\""),
         "token_endpoint 'file:///etc/passwd' is"},
        {METADATA(",\"token_endpoint\":\"/t\""), "is not a URL"},
        {METADATA(TOKEN ",\"revocation_endpoint\":\"http://h/r\""),
         "revocation_endpoint 'http://h/r' is not https"},
        {METADATA(TOKEN ",\"userinfo_endpoint\":\"ftp://h/u\""),
         "userinfo_endpoint 'ftp://h/u' is"},
        {METADATA(TOKEN ",\"introspection_endpoint\":\"http://h/i\""),
         "introspection_endpoint 'http://h/i' is not https"},
        {METADATA(TOKEN ",\"device_authorization_endpoint\":\"x\""),
         "device_authorization_endpoint 'x' is not a URL"},
        {METADATA(TOKEN ",\"jwks_uri\":\"https://h/\\u001b[31m\""),
         "jwks_uri 'https://h/?[31m' contains a space"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct settings settings = {.issuer = strdup("https://h/a")};
        struct problem problem = {0};

        assert_int_equal(read_metadata(cases[i].text, &settings, &problem),
                         -EPROTO);
        assert_int_equal(problem.outcome, OUTCOME_MISCONFIGURED);
        if (strstr(problem.reason, cases[i].reason) == NULL)
            fail_msg("%s: %s", cases[i].text, problem.reason);
        /* Nor is any other taken from it. */
        assert_null(settings.token_endpoint);
        settings_clear(&settings);
    }
}

/* ---- with a provider ----------------------------------------------------- */

static int
run(const char *path, struct settings *settings, struct problem *problem)
{
    struct http http = {0};
    int r;

    *settings = (struct settings){
        .issuer = strdup(fakeprovider_url(path)),
        .timeout = 2,
        .insecure_http = true,
    };
    assert_int_equal(http_open(&http, settings), 0);
    r = discovery_run(&http, &cache, settings, problem);
    http_close(&http);
    return r;
}

#define LIVE "{\"issuer\":\"@/a\",\"token_endpoint\":\"@/t\"}"

static void
the_way_of_oidc_comes_first(void **state UNUSED)
{
    static const struct fake_answer answers[] = {{"/a" OIDC, 200, LIVE, NULL}};
    struct settings settings;
    struct problem problem = {0};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(run("/a", &settings, &problem), 0);
    assert_string_equal(settings.token_endpoint, fakeprovider_url("/t"));
    assert_null(settings.revocation_endpoint);
    assert_int_equal(fakeprovider_count(), 1);
    settings_clear(&settings);
}

static void
the_way_of_oauth_follows_a_404_and_nothing_else(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {OAUTH "/a", 200, LIVE, NULL},
        {"/b" OIDC, 500, NULL, NULL},
    };
    struct settings settings;
    struct problem problem = {0};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(run("/a", &settings, &problem), 0);
    assert_request(0, "/a" OIDC, "");
    assert_request(1, OAUTH "/a", "");
    assert_string_equal(problem.reason, ""); /* the 404 was no problem */
    settings_clear(&settings);
    assert_int_equal(run("/b", &settings, &problem), -EPROTO);
    assert_int_equal(fakeprovider_count(), 3);
    assert_int_equal(problem.outcome, OUTCOME_TRANSIENT);
    settings_clear(&settings);
}

static void
no_metadata_is_a_problem_with_a_reason(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a" OIDC, 200, "<html>", NULL},
        {"/b" OIDC, 302, NULL, "Location: /a"},
    };
    static const struct {
        const char *path;
        enum outcome outcome;
        const char *reason;
    } cases[] = {
        {"/a", OUTCOME_TRANSIENT, "not a JSON object"},
        {"/b", OUTCOME_MISCONFIGURED, "a redirect"},
        {"/c", OUTCOME_MISCONFIGURED, "answered 404"},
    };
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        struct settings settings;

        assert_int_equal(run(cases[i].path, &settings, &problem), -EPROTO);
        assert_int_equal(problem.outcome, cases[i].outcome);
        assert_non_null(strstr(problem.reason, "the provider's metadata at "));
        assert_non_null(strstr(problem.reason, cases[i].reason));
        settings_clear(&settings);
    }
}

/* ---- with a cache -------------------------------------------------------- */

static void
metadata_in_the_cache_needs_no_request_in_either_form(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a" OIDC, 200, LIVE, NULL},
        {OAUTH "/b", 200, "{\"issuer\":\"@/b\",\"token_endpoint\":\"@/u\"}",
         NULL},
    };
    static const char *const paths[] = {"/a", "/b"}, *const ends[] = {"/t",
                                                                      "/u"};
    struct settings settings;
    struct problem problem = {0};
    int i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < 8; i++) {
        assert_int_equal(run(paths[i % 2], &settings, &problem), 0);
        assert_string_equal(settings.token_endpoint,
                            fakeprovider_url(ends[i % 2]));
        settings_clear(&settings);
    }
    assert_int_equal(fakeprovider_count(), 3); /* one of them a 404 */
}

/* As when the file were changed by a hand, or the issuer in the settings. */
static void
what_the_cache_has_is_checked_as_if_it_were_new(void **state UNUSED)
{
    static const char *const bad[] = {
        "{\"issuer\":\"@/evil\",\"token_endpoint\":\"@/evil\"}",
        "{\"issuer\":\"@/a\"}",
        "{\"issuer\":\"@/a\",\"token_endpoint\":\"@/e\",\"jwks_uri\":\"x\"}",
    };
    static const struct fake_answer answers[] = {
        {"/a" OIDC, 200, LIVE, NULL},
        {"/a" OIDC, 200, LIVE, NULL},
        {"/a" OIDC, 200, LIVE, NULL},
    };
    struct settings settings;
    struct problem problem = {0};
    cJSON *json = NULL;
    char *text;
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(bad); i++) {
        text = fakeprovider_expand(bad[i]);
        assert_int_equal(json_parse(text, strlen(text), &json), 0);
        assert_int_equal(cache_write(&cache, fakeprovider_url("/a" OIDC),
                                     time(NULL), 1000, json),
                         0);
        cJSON_Delete(json);
        free(text);
        assert_int_equal(run("/a", &settings, &problem), 0);
        assert_string_equal(settings.token_endpoint, fakeprovider_url("/t"));
        assert_null(settings.jwks_uri);
        assert_string_equal(problem.reason, "");
        settings_clear(&settings);
        assert_int_equal(fakeprovider_count(), i + 1);
        assert_int_equal(run("/a", &settings, &problem), 0); /* replaced */
        settings_clear(&settings);
        assert_int_equal(fakeprovider_count(), i + 1);
    }
}

static void
with_a_token_endpoint_nothing_is_fetched(void **state UNUSED)
{
    char endpoint[] = "https://nobody.invalid/t";
    struct settings settings = {.token_endpoint = endpoint};
    struct problem problem = {0};
    struct http http = {0}; /* closed: any use of it would fail */

    assert_int_equal(discovery_run(&http, &cache, &settings, &problem), 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_is_where_the_standards_say),
        cmocka_unit_test(all_endpoints_are_taken_but_not_over_configured_ones),
        cmocka_unit_test(metadata_that_is_not_good_is_refused),
        cmocka_unit_test_teardown(the_way_of_oidc_comes_first, teardown),
        cmocka_unit_test_teardown(
            the_way_of_oauth_follows_a_404_and_nothing_else, teardown),
        cmocka_unit_test_teardown(no_metadata_is_a_problem_with_a_reason,
                                  teardown),
        cmocka_unit_test_setup_teardown(
            metadata_in_the_cache_needs_no_request_in_either_form, setup_cache,
            teardown),
        cmocka_unit_test_setup_teardown(
            what_the_cache_has_is_checked_as_if_it_were_new, setup_cache,
            teardown),
        cmocka_unit_test(with_a_token_endpoint_nothing_is_fetched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
