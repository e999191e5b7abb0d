/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "helper/exchange/json.h"
#include "helper/exchange/settings.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/test.h"

#define MINIMAL                                                                \
    "\"issuer\":\"https://i\",\"subject\":\"s\",\"client_id\":\"c\","          \
    "\"token_endpoint\":\"https://i/t\",\"client_auth\":\"none\","             \
    "\"timeout\":10,\"insecure_http\":false,\"revoke\":true"

static int
decode(const char *text, struct settings *out)
{
    struct secret secret = {0};
    int r;

    assert_int_equal(secret_append_text(&secret, text, 100000), 0);
    r = settings_decode(&secret, out);
    secret_clear(&secret);
    return r;
}

static void
make_full(struct settings *out)
{
    *out = (struct settings){
        .issuer = strdup("https://login.example.com/realm"),
        .subject = strdup("248289761001"),
        .client_id = strdup("host \"1\""),
        .auth = AUTH_POST,
        .audience = strdup("a"),
        .resource = strdup("https://r1/ https://r2/"),
        .ca_file = strdup("/etc/ssl/ca.pem"),
        .proxy = strdup("http://proxy:3128"),
        .timeout = 7,
        .default_lifetime = 86400,
        .insecure_http = true,
        .revoke = false,
        .introspect_refresh = true,
        .token_endpoint = strdup("https://login.example.com/token"),
        .device_authorization_endpoint = strdup("https://login.example.com/d"),
        .revocation_endpoint = strdup("https://login.example.com/revoke"),
        .jwks_uri = strdup("https://login.example.com/keys"),
        .signing_algorithms = strdup("RS256 ES256"),
    };
    assert_int_equal(
        secret_append_text(&out->client_secret, "CANARY \"\\%\xc3\xa4", 100),
        0);
}

static void
assert_same(const struct settings *a, const struct settings *b)
{
    assert_string_equal(a->issuer, b->issuer);
    assert_string_equal(a->subject, b->subject);
    assert_string_equal(a->client_id, b->client_id);
    assert_string_equal(secret_text(&a->client_secret),
                        secret_text(&b->client_secret));
    assert_int_equal(a->auth, b->auth);
    assert_string_equal(a->audience, b->audience);
    assert_string_equal(a->resource, b->resource);
    assert_string_equal(a->ca_file, b->ca_file);
    assert_string_equal(a->proxy, b->proxy);
    assert_int_equal(a->timeout, b->timeout);
    assert_int_equal(a->default_lifetime, b->default_lifetime);
    assert_int_equal(a->insecure_http, b->insecure_http);
    assert_int_equal(a->revoke, b->revoke);
    assert_int_equal(a->introspect_refresh, b->introspect_refresh);
    assert_string_equal(a->token_endpoint, b->token_endpoint);
    assert_string_equal(a->device_authorization_endpoint,
                        b->device_authorization_endpoint);
    assert_string_equal(a->revocation_endpoint, b->revocation_endpoint);
    assert_string_equal(a->jwks_uri, b->jwks_uri);
    assert_string_equal(a->signing_algorithms, b->signing_algorithms);
}

static void
what_is_encoded_is_decoded_to_the_same(void **state UNUSED)
{
    struct settings full, again = {0};
    struct secret text = {0};

    make_full(&full);
    assert_int_equal(settings_encode(&full, &text), 0);
    assert_int_equal(settings_decode(&text, &again), 0);
    assert_same(&full, &again);
    settings_clear(&full);
    settings_clear(&again);
    secret_clear(&text);
}

static void
what_is_not_set_is_not_there_afterwards(void **state UNUSED)
{
    struct settings settings = {0};

    assert_int_equal(decode("{" MINIMAL "}", &settings), 0);
    assert_string_equal(settings.issuer, "https://i");
    assert_int_equal(settings.auth, AUTH_NONE);
    assert_int_equal(settings.timeout, 10);
    assert_int_equal(settings.default_lifetime, 0);
    assert_false(settings.insecure_http);
    assert_true(settings.revoke);
    assert_false(settings.introspect_refresh); /* as in older ones */
    assert_null(settings.audience);
    assert_null(settings.resource);
    assert_null(settings.ca_file);
    assert_null(settings.proxy);
    assert_null(settings.revocation_endpoint);
    assert_int_equal(settings.client_secret.len, 0);
    settings_clear(&settings);
}

/* The fuzzer's: an ID token was compared with no list of algorithms at all. */
static void
keys_without_the_algorithms_they_are_for_are_refused(void **state UNUSED)
{
    struct settings settings = {0};

    assert_int_equal(
        decode("{" MINIMAL ",\"jwks_uri\":\"https://i/k\"}", &settings),
        -EBADMSG);
    settings_clear(&settings);
    assert_int_equal(decode("{" MINIMAL ",\"jwks_uri\":\"https://i/k\","
                            "\"signing_algorithms\":\"ES256\"}",
                            &settings),
                     0);
    assert_string_equal(settings.signing_algorithms, "ES256");
    settings_clear(&settings);
}

static void
damaged_settings_are_refused(void **state UNUSED)
{
    static const char *const bad[] = {
        "",
        "nonsense",
        "[]",
        "{}",
        "{" MINIMAL "} ,",
        "{" MINIMAL ",\"issuer\":\"https://twice\"}",
        "{\"subject\":\"s\",\"client_id\":\"c\",\"token_endpoint\":\"t\","
        "\"client_auth\":\"none\",\"timeout\":10}",
        "{\"issuer\":\"i\",\"client_id\":\"c\",\"token_endpoint\":\"t\","
        "\"client_auth\":\"none\",\"timeout\":10}",
        "{\"issuer\":\"i\",\"subject\":\"s\",\"token_endpoint\":\"t\","
        "\"client_auth\":\"none\",\"timeout\":10}",
        "{\"issuer\":\"i\",\"subject\":\"s\",\"client_id\":\"c\","
        "\"client_auth\":\"none\",\"timeout\":10}",
        "{\"issuer\":\"i\",\"subject\":\"s\",\"client_id\":\"c\","
        "\"token_endpoint\":\"t\",\"timeout\":10}",
        "{\"issuer\":\"i\",\"subject\":\"s\",\"client_id\":\"c\","
        "\"token_endpoint\":\"t\",\"client_auth\":\"magic\",\"timeout\":10}",
        "{\"issuer\":\"i\",\"subject\":\"s\",\"client_id\":\"c\","
        "\"token_endpoint\":\"t\",\"client_auth\":\"none\"}",
        "{\"issuer\":\"i\",\"subject\":\"s\",\"client_id\":\"c\","
        "\"token_endpoint\":\"t\",\"client_auth\":\"none\",\"timeout\":0}",
        "{\"issuer\":\"i\",\"subject\":\"s\",\"client_id\":\"c\","
        "\"token_endpoint\":\"t\",\"client_auth\":\"client_secret_post\","
        "\"timeout\":10}",
        "{\"issuer\":1,\"subject\":\"s\",\"client_id\":\"c\","
        "\"token_endpoint\":\"t\",\"client_auth\":\"none\",\"timeout\":10}",
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(bad); i++) {
        struct settings settings = {0};

        if (decode(bad[i], &settings) != -EBADMSG)
            fail_msg("taken: %s", bad[i]);
        settings_clear(&settings);
    }
}

static void
settings_that_do_not_fit_into_a_key_are_refused(void **state UNUSED)
{
    struct secret text = {0};
    struct settings settings;

    make_full(&settings);
    free(settings.resource);
    settings.resource = calloc(1, TOKEN_MAX + 1);
    memset(settings.resource, 'x', TOKEN_MAX);
    assert_int_equal(settings_encode(&settings, &text), -EMSGSIZE);
    settings_clear(&settings);
    secret_clear(&text);
}

static void
methods_have_the_names_of_the_standard(void **state UNUSED)
{
    enum auth auth;
    int i;

    assert_string_equal(auth_name(AUTH_NONE), "none");
    assert_string_equal(auth_name(AUTH_BASIC), "client_secret_basic");
    assert_string_equal(auth_name(AUTH_POST), "client_secret_post");
    for (i = 0; i < AUTH_COUNT; i++) {
        assert_int_equal(auth_parse(auth_name((enum auth) i), &auth), 0);
        assert_int_equal(auth, i);
    }
    assert_int_equal(auth_parse("None", &auth), -EINVAL);
    assert_int_equal(auth_parse("", &auth), -EINVAL);
}

static void
the_secret_is_wiped(void **state UNUSED)
{
    struct settings full, again = {0};
    struct secret text = {0};

    wiped_begin("CANARY");
    make_full(&full);
    assert_int_equal(settings_encode(&full, &text), 0);
    assert_int_equal(settings_decode(&text, &again), 0);
    secret_clear(&text);
    settings_clear(&full);
    settings_clear(&again);
    settings_clear(&again); /* a second time is right, too */
    assert_wiped();
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_is_decoded_to_the_same),
        cmocka_unit_test(what_is_not_set_is_not_there_afterwards),
        cmocka_unit_test(keys_without_the_algorithms_they_are_for_are_refused),
        cmocka_unit_test(damaged_settings_are_refused),
        cmocka_unit_test(settings_that_do_not_fit_into_a_key_are_refused),
        cmocka_unit_test(methods_have_the_names_of_the_standard),
        cmocka_unit_test(the_secret_is_wiped),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
