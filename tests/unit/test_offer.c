/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "helper/exchange/json.h"
#include "helper/exchange/offer.h"
#include "tests/lib/signer.h"
#include "tests/lib/test.h"

#define ENDPOINTS                                                              \
    "token_endpoint = https://op/t\n"                                          \
    "device_authorization_endpoint = https://op/d\n"                           \
    "revocation_endpoint = https://op/r\njwks_uri = https://op/k\n"
#define CONFIG "[provider]\nissuer = https://op\nclient_id = c\n" ENDPOINTS
#define DEVICE "\"urn:ietf:params:oauth:grant-type:device_code\""
#define GRANTS "\"grant_types_supported\":[" DEVICE ",\"refresh_token\"]"
#define SCOPES                                                                 \
    "\"scopes_supported\":[\"openid\",\"profile\",\"offline_access\"]"
#define METHODS "\"token_endpoint_auth_methods_supported\":[\"none\"]"
#define ALGS    "\"id_token_signing_alg_values_supported\":[\"RS256\",\"HS256\"]"

static void
judge(const char *metadata, const char *text, struct findings *out)
{
    struct problem problem = {0};
    struct config config = {0};
    cJSON *json = NULL;

    assert_int_equal(config_parse("/c", text, strlen(text), &config, &problem),
                     0);
    if (metadata != NULL)
        assert_int_equal(json_parse(metadata, strlen(metadata), &json), 0);
    offer_judge(json, &config, out);
    cJSON_Delete(json);
    config_clear(&config);
}

/* The one with this text; fails the test without one. */
static struct finding
find(const struct findings *findings, const char *text)
{
    struct finding found = {.level = LEVEL_COUNT};
    size_t i;

    for (i = 0; i < findings->count; i++)
        if (strstr(findings->item[i].text, text) != NULL)
            found = findings->item[i];
    if (found.level == LEVEL_COUNT)
        fail_msg("not found: %s", text);
    return found;
}

static void
a_provider_that_offers_all_gives_no_warning(void **state UNUSED)
{
    struct findings findings = {0};

    judge("{" GRANTS "," SCOPES "," METHODS "," ALGS "}", CONFIG, &findings);
    assert_int_equal(findings_count(&findings, LEVEL_OK), findings.count);
    (void) find(&findings, "grant device: offered");
    (void) find(&findings, "grant refresh_token: offered");
    (void) find(&findings, "client_auth none: offered");
    (void) find(&findings, "scopes: 3 of");
    (void) find(&findings, "ID tokens: 1 signature");
    (void) find(&findings, "revocation_endpoint: https://op/r");
    findings_clear(&findings);
}

static void
what_is_not_listed_at_all_is_no_mistake(void **state UNUSED)
{
    struct findings findings = {0};

    judge("{}", CONFIG, &findings);
    assert_int_equal(findings_count(&findings, LEVEL_OK), findings.count);
    findings_clear(&findings);
    judge(NULL, CONFIG, &findings);
    assert_int_equal(findings.count, 3); /* the endpoints */
    findings_clear(&findings);
}

/* Each is found in an otherwise good provider or configuration. */
static void
each_mistake_is_found(void **state UNUSED)
{
    static const struct {
        const char *metadata, *config;
        enum level level;
        const char *text, *advice;
    } cases[] = {
        {"{}",
         "[provider]\nissuer = https://op\nclient_id = c\n"
         "token_endpoint = https://op/t\njwks_uri = https://op/k\n"
         "[login]\ngrant = password\n",
         LEVEL_WARNING, "no revocation_endpoint", "set revocation_endpoint"},
        {"{\"grant_types_supported\":[\"refresh_token\"]}", CONFIG,
         LEVEL_WARNING, "grant device: not in", "allow this grant"},
        {"{\"grant_types_supported\":[" DEVICE "]}", CONFIG, LEVEL_WARNING,
         "grant refresh_token: not in", "allow this grant"},
        {"{" GRANTS "}", CONFIG "[login]\ngrant = password\n", LEVEL_WARNING,
         "grant password: not in", "allow this grant"},
        {"{" METHODS "}",
         CONFIG "client_auth = client_secret_post\nclient_secret_file = /s\n",
         LEVEL_WARNING, "client_auth client_secret_post: not offered",
         "set client_auth"},
        {"{}",
         CONFIG "client_auth = client_secret_post\nclient_secret_file = "
                "/s\n",
         LEVEL_WARNING, "client_auth client_secret_post: not offered",
         "set client_auth"},
        {"{\"scopes_supported\":[\"openid\",\"profile\"]}", CONFIG,
         LEVEL_WARNING, "scope offline_access: not in", "refresh token"},
        {"{" SCOPES "}", CONFIG "scope = openid email offline_access\n",
         LEVEL_WARNING, "scope email: not in", "take it out"},
        {"{" SCOPES "}", CONFIG "scope = openid\n", LEVEL_WARNING,
         "it is not asked for", "put offline_access"},
        {"{}", CONFIG "scope = profile\n", LEVEL_ERROR, "scope has no openid",
         "put openid"},
        {"{" ALGS "}", CONFIG "signing_algorithms = ES256\n", LEVEL_ERROR,
         "signs ID tokens with no algorithm", "RS256"},
        {"{\"claims_supported\":[\"sub\",\"email\"]}", CONFIG, LEVEL_WARNING,
         "username_claim 'preferred_username': not in", "username_claim"},
        {"{\"acr_values_supported\":[\"low\"]}",
         CONFIG "[login]\nrequire_acr = high higher\n", LEVEL_WARNING,
         "require_acr 'high higher': not in", "require_acr"},
    };
    struct findings findings = {0};
    struct finding found;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        judge(cases[i].metadata, cases[i].config, &findings);
        found = find(&findings, cases[i].text);
        assert_int_equal(found.level, cases[i].level);
        assert_non_null(strstr(found.advice, cases[i].advice));
        assert_int_equal(findings_count(&findings, LEVEL_OK) + 1,
                         findings.count);
        findings_clear(&findings);
    }
}

/* config_parse() asks for endpoints only beside a token_endpoint. */
static void
an_endpoint_that_is_needed_and_nowhere_is_an_error(void **state UNUSED)
{
    static const struct {
        const char *login;
        const char *name;
    } cases[] = {
        {"", "device_authorization_endpoint"},
        {"", "jwks_uri"},
        {"[login]\nclaims_from = userinfo\n", "userinfo_endpoint"},
        {"[login]\nclaims_from = introspection\n", "introspection_endpoint"},
    };
    struct findings findings = {0};
    struct finding found;
    char text[256], name[64];
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        (void) snprintf(text, sizeof(text),
                        "[provider]\nissuer = https://op\nclient_id = c\n%s",
                        cases[i].login);
        (void) snprintf(name, sizeof(name), "offers no %s", cases[i].name);
        judge("{}", text, &findings);
        found = find(&findings, name);
        assert_int_equal(found.level, LEVEL_ERROR);
        findings_clear(&findings);
    }
}

static void
a_client_that_is_public_need_not_be_listed(void **state UNUSED)
{
    struct findings findings = {0};

    judge("{\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\"]}",
          CONFIG, &findings);
    (void) find(&findings, "client_auth none: not listed");
    assert_int_equal(findings_count(&findings, LEVEL_WARNING), 0);
    findings_clear(&findings);
}

static void
judge_keys(const cJSON *set, const char *metadata, struct findings *out)
{
    static const char text[] = CONFIG;
    struct problem problem = {0};
    struct config config = {0};
    cJSON *json = NULL;

    assert_int_equal(config_parse("/c", text, strlen(text), &config, &problem),
                     0);
    assert_int_equal(json_parse(metadata, strlen(metadata), &json), 0);
    offer_judge_keys(set, json, &config, out);
    cJSON_Delete(json);
    config_clear(&config);
}

static void
keys_that_can_be_used_are_named_by_their_algorithm(void **state UNUSED)
{
    struct findings findings = {0};
    cJSON *set = cJSON_CreateObject();
    cJSON *keys = cJSON_AddArrayToObject(set, "keys");

    cJSON_AddItemToArray(keys, signer_jwk(SIGNER_RSA, "k1"));
    judge_keys(set, "{" ALGS "}", &findings);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.item[0].text,
                        "the provider's keys can be used, for RS256");
    findings_clear(&findings);
    judge_keys(set, "{\"id_token_signing_alg_values_supported\":[\"ES256\"]}",
               &findings);
    assert_int_equal(findings.item[0].level, LEVEL_ERROR);
    findings_clear(&findings);
    cJSON_DeleteItemFromArray(keys, 0);
    judge_keys(set, "{}", &findings);
    assert_int_equal(findings.item[0].level, LEVEL_ERROR);
    assert_memory_equal(findings.item[0].text, "no key of the provider", 22);
    findings_clear(&findings);
    cJSON_Delete(set);
    signer_free();
}

static void
a_clock_is_judged_by_what_an_id_token_may_be_off(void **state UNUSED)
{
    static const struct {
        int64_t theirs, before, after;
        enum level level;
        const char *text;
    } cases[] = {
        {0, 100, 100, LEVEL_SKIPPED, "the provider's answer has no date"},
        {105, 100, 110, LEVEL_OK, "this host and the provider differ by 0 s"},
        {100, 130, 131, LEVEL_OK, "this host and the provider differ by 30 s"},
        {130, 99, 100, LEVEL_OK, "this host and the provider differ by 30 s"},
        {100, 131, 131, LEVEL_WARNING, "this host is 31 s ahead of the"},
        {160, 99, 100, LEVEL_WARNING, "this host is 60 s behind the"},
        {100, 161, 162, LEVEL_ERROR, "this host is 61 s ahead of the"},
        {3700, 99, 100, LEVEL_ERROR, "this host is 3600 s behind the"},
    };
    struct findings findings = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        offer_judge_clock(cases[i].theirs, cases[i].before, cases[i].after,
                          &findings);
        assert_int_equal(findings.count, 1);
        assert_memory_equal(findings.item[0].text, cases[i].text,
                            strlen(cases[i].text));
        assert_int_equal(findings.item[0].level, cases[i].level);
        assert_int_equal(findings.item[0].advice[0] != '\0',
                         cases[i].level >= LEVEL_WARNING);
        findings_clear(&findings);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_provider_that_offers_all_gives_no_warning),
        cmocka_unit_test(what_is_not_listed_at_all_is_no_mistake),
        cmocka_unit_test(each_mistake_is_found),
        cmocka_unit_test(an_endpoint_that_is_needed_and_nowhere_is_an_error),
        cmocka_unit_test(a_client_that_is_public_need_not_be_listed),
        cmocka_unit_test(keys_that_can_be_used_are_named_by_their_algorithm),
        cmocka_unit_test(a_clock_is_judged_by_what_an_id_token_may_be_off),
    };

    return cmocka_run_group_tests_name("offer", tests, NULL, NULL);
}
