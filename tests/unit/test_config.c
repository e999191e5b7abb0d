/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/exchange/config.h"
#include "helper/exchange/json.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

#define PATH    "/etc/oidc.conf"
#define MINIMAL "[provider]\nissuer = https://login.example\nclient_id = c\n"
#define SECRET  "client_secret_file = /s\nclient_auth = client_secret_post\n"

static int
parse(const char *text, struct config *out, struct problem *problem)
{
    return config_parse(PATH, text, strlen(text), out, problem);
}

static void
two_settings_are_enough_and_the_rest_has_defaults(void **state UNUSED)
{
    struct problem problem = {0};
    struct config config = {0};

    assert_int_equal(parse(MINIMAL, &config, &problem), 0);
    assert_string_equal(config.path, PATH);
    assert_string_equal(config.settings.issuer, "https://login.example");
    assert_string_equal(config.settings.client_id, "c");
    assert_string_equal(config.scope, "openid profile offline_access");
    assert_string_equal(config.username_claim, "preferred_username");
    assert_string_equal(config.before_expiry, "auto");
    assert_false(config.notify);
    assert_int_equal(config.grant, GRANT_DEVICE);
    assert_int_equal(config.qr, QR_AUTO);
    assert_int_equal(config.settings.auth, AUTH_NONE);
    assert_int_equal(config.settings.timeout, 10);
    assert_true(config.settings.revoke);
    assert_false(config.settings.insecure_http);
    assert_null(config.client_secret_file);
    assert_null(config.settings.audience);
    assert_null(config.settings.resource);
    assert_null(config.settings.ca_file);
    assert_null(config.settings.proxy);
    assert_null(config.settings.token_endpoint);
    assert_null(config.settings.device_authorization_endpoint);
    assert_null(config.settings.revocation_endpoint);
    assert_null(config.settings.jwks_uri);
    assert_null(config.settings.userinfo_endpoint);
    assert_null(config.settings.introspection_endpoint);
    assert_string_equal(config.settings.signing_algorithms,
                        "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 "
                        "ES512 EdDSA");
    assert_int_equal(config.claims_from, CLAIMS_ID_TOKEN);
    assert_false(config.settings.introspect_refresh);
    assert_true(config_wants_id_token(&config));
    assert_int_equal(config.max_age, MAX_AGE_NONE);
    assert_null(config.require_acr);
    assert_null(config.username_strip_domain);
    assert_null(config.username_map_file);
    assert_string_equal(config.subject_claim, "sub");
    assert_int_equal(config.settings.default_lifetime, 300);
    assert_string_equal(config.groups_claim, "groups");
    assert_null(config.require_group);
    assert_string_equal(problem.reason, "");
    config_clear(&config);
    config_clear(&config); /* a second time is right, too */
}

static const char full[] =
    "; everything\n"
    "[logout]\nrevoke = no\n"
    "[renewal]\nbefore_expiry = 10%\ndefault_lifetime = 86400\nnotify = yes\n"
    "[login]\ngrant = password\nusername_claim = login\n"
    "username_map_file = /etc/map\n"
    "claims_from = id_token userinfo\n"
    "groups_claim = realm_access.roles\n"
    "require_group = ssh admin\n"
    "require_acr = mfa\n"
    "max_age = 0\n"
    "[provider]\n"
    "issuer = http://localhost:1/r\n"
    "client_id = my client\n"
    "client_secret_file = /etc/secret\n"
    "client_auth = client_secret_basic\n"
    "scope = openid x\n"
    "audience = some one\n"
    "resource = https://r1/ https://r2/\n"
    "ca_file = /etc/ca.pem\n"
    "proxy = http://proxy:3128\n"
    "timeout = 60\n"
    "insecure_http = yes\n"
    "token_endpoint = https://login.example/t\n"
    "device_authorization_endpoint = https://login.example/d?x=y\n"
    "revocation_endpoint = http://127.0.0.1/r\n"
    "jwks_uri = https://login.example/k\n"
    "userinfo_endpoint = https://login.example/u\n"
    "introspection_endpoint = https://login.example/i\n"
    "signing_algorithms = ES256 EdDSA\n"
    "[login]\nqr = no\n";

static void
every_setting_is_taken_in_any_order(void **state UNUSED)
{
    struct problem problem = {0};
    struct config config = {0};
    const struct settings *settings = &config.settings;

    assert_int_equal(parse(full, &config, &problem), 0);
    assert_false(settings->revoke);
    assert_string_equal(config.before_expiry, "10%");
    assert_int_equal(settings->default_lifetime, 86400);
    assert_true(config.notify);
    assert_int_equal(config.grant, GRANT_PASSWORD);
    assert_int_equal(config.qr, QR_NO);
    assert_string_equal(config.username_claim, "login");
    assert_string_equal(settings->issuer, "http://localhost:1/r");
    assert_string_equal(settings->client_id, "my client");
    assert_string_equal(config.client_secret_file, "/etc/secret");
    assert_int_equal(config.secret_line, 20);
    assert_string_equal(config.username_map_file, "/etc/map");
    assert_int_equal(config.map_line, 11);
    assert_int_equal(config.claims_from, CLAIMS_ID_TOKEN_USERINFO);
    assert_string_equal(config.groups_claim, "realm_access.roles");
    assert_string_equal(config.require_group, "ssh admin");
    assert_string_equal(config.require_acr, "mfa");
    assert_int_equal(config.max_age, 0);
    assert_int_equal(settings->auth, AUTH_BASIC);
    assert_string_equal(config.scope, "openid x");
    assert_string_equal(settings->audience, "some one");
    assert_string_equal(settings->resource, "https://r1/ https://r2/");
    assert_string_equal(settings->ca_file, "/etc/ca.pem");
    assert_string_equal(settings->proxy, "http://proxy:3128");
    assert_int_equal(settings->timeout, 60);
    assert_true(settings->insecure_http);
    assert_string_equal(settings->token_endpoint, "https://login.example/t");
    assert_string_equal(settings->device_authorization_endpoint,
                        "https://login.example/d?x=y");
    assert_string_equal(settings->revocation_endpoint, "http://127.0.0.1/r");
    assert_string_equal(settings->jwks_uri, "https://login.example/k");
    assert_string_equal(settings->userinfo_endpoint, "https://login.example/u");
    assert_string_equal(settings->introspection_endpoint,
                        "https://login.example/i");
    assert_string_equal(settings->signing_algorithms, "ES256 EdDSA");
    config_clear(&config);
}

static void
a_provider_that_introspects_is_asked_about_refresh_tokens(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool asked;
    } cases[] = {
        {MINIMAL "[login]\nclaims_from = introspection\n", true},
        {MINIMAL "introspection_endpoint = https://i/i\n", false},
        {MINIMAL "[login]\nclaims_from = userinfo\nsubject_claim = id\n",
         false},
        {MINIMAL "[login]\nclaims_from = id_token userinfo\n", false},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        struct config config = {0};

        assert_int_equal(parse(cases[i].text, &config, &problem), 0);
        assert_int_equal(config.settings.introspect_refresh, cases[i].asked);
        config_clear(&config);
    }
}

/* The line is "PATH:" and this. */
static const struct {
    const char *text;
    const char *line;
} errors[] = {
    {"", "1: [provider] issuer: missing; expected the provider's issuer, "
         "https://HOST/PATH, as it writes it itself"},
    {"; c\n[provider]\nclient_id = c\n", "2: [provider] issuer: missing; "},
    {"[provider]\nissuer = https://i\n",
     "1: [provider] client_id: missing; expected the client's name"},
    {"[foo]\n", "1: [foo]: unknown section; expected [provider], [login], "
                "[renewal] or [logout]"},
    {MINIMAL "[Login]\n", "4: [Login]: unknown section; "},
    {"issuer = https://i\n", "1: issuer: a setting outside of a section; "},
    {MINIMAL "[login]\npicture = yes\n",
     "5: [login] picture: unknown setting; expected one of grant, "
     "username_claim, "},
    {MINIMAL "[login]\nqr = always\n",
     "5: [login] qr: malformed value; expected auto, yes or no"},
    {MINIMAL "[provider]\nqr = yes\n", "5: [provider] qr: unknown setting; "},
#ifndef HAVE_QRENCODE
    {MINIMAL "[login]\nqr = yes\n",
     "5: [login] qr: this installation was built without libqrencode; "
     "expected auto, yes or no"},
#endif
    {MINIMAL "[login]\nrequire_group = a  b\n",
     "5: [login] require_group: malformed value; "},
    {MINIMAL "[login]\nclaims_from = userinfo id_token\n",
     "5: [login] claims_from: malformed value; expected id_token, "},
    {MINIMAL "[login]\nmax_age = 1h\n",
     "5: [login] max_age: malformed value; "},
    {MINIMAL "[login]\nmax_age = 31622401\n",
     "5: [login] max_age: malformed value; "},
    {MINIMAL "[login]\nclaims_from = introspection\nmax_age = 60\n",
     "6: [login] max_age: needs an ID token, but claims_from has none; "},
    {MINIMAL "[renewal]\ndefault_lifetime = 0\n",
     "5: [renewal] default_lifetime: malformed value; expected a number of "},
    {MINIMAL "[renewal]\ndefault_lifetime = 31622401\n",
     "5: [renewal] default_lifetime: malformed value; expected a number of "},
    {MINIMAL "[login]\nsubject_claim = id\n",
     "5: [login] subject_claim: goes only with claims_from = userinfo; "},
    {MINIMAL "[login]\nclaims_from = id_token userinfo\nsubject_claim = id\n",
     "6: [login] subject_claim: goes only with claims_from = userinfo; "},
    {MINIMAL "[login]\nclaims_from = userinfo\nrequire_acr = mfa\n",
     "6: [login] require_acr: needs an ID token, but claims_from has none; "},
    {MINIMAL "[login]\nusername_map_file = /m\nusername_strip_domain = d\n",
     "6: [login] username_strip_domain: does not go with a "},
    {MINIMAL "[login]\nusername_map_file = m\n",
     "5: [login] username_map_file: malformed value; "},
    {MINIMAL "[login]\nusername_strip_domain = a b\n",
     "5: [login] username_strip_domain: malformed value; "},
    {MINIMAL "[login]\nusername_strip_domain = @d\n",
     "5: [login] username_strip_domain: malformed value; "},
    {MINIMAL "signing_algorithms = none\n",
     "4: [provider] signing_algorithms: malformed value; expected some of "},
    {MINIMAL "signing_algorithms = RS256 HS256\n",
     "4: [provider] signing_algorithms: malformed value; "},
    {MINIMAL "signing_algorithms = RS256  ES256\n",
     "4: [provider] signing_algorithms: malformed value; "},
    {MINIMAL "signing_algorithms = rs256\n",
     "4: [provider] signing_algorithms: malformed value; "},
    {MINIMAL "token_endpoint = https://i/t\n"
             "device_authorization_endpoint = https://i/d\n",
     "4: [provider] jwks_uri: missing, "},
    {MINIMAL "token_endpoint = https://i/t\njwks_uri = https://i/k\n"
             "[login]\ngrant = password\nclaims_from = id_token userinfo\n",
     "4: [provider] userinfo_endpoint: missing, "},
    {MINIMAL "token_endpoint = https://i/t\n"
             "[login]\ngrant = password\nclaims_from = introspection\n",
     "4: [provider] introspection_endpoint: missing, "},
    {MINIMAL "[login]\nissuer = https://i\n",
     "5: [login] issuer: unknown setting; "},
    {MINIMAL "Scope = x\n", "4: [provider] Scope: unknown setting; "},
    {MINIMAL "= x\n", "4: [provider] : unknown setting; "},
    {MINIMAL "issuer = https://j\n",
     "4: [provider] issuer: set before, in line 2; "},
    {MINIMAL "[login]\ngrant = device\n[provider]\nclient_id = c\n",
     "7: [provider] client_id: set before, in line 3; "},
    {MINIMAL "nothing\n", "4: cannot use this line: it is neither "},
    {MINIMAL "scope =\n", "4: [provider] scope: no value; "},
    {MINIMAL "scope = openid # all\n",
     "4: [provider] scope: malformed value; "},
    {MINIMAL "scope = a  b\n", "4: [provider] scope: malformed value; "},
    {MINIMAL "scope = a\tb\n", "4: [provider] scope: malformed value; "},
    {MINIMAL "audience = \xc3\xa4\n", "4: [provider] audience: malformed "},
    {MINIMAL "timeout = 0\n", "4: [provider] timeout: malformed value; "
                              "expected a number of seconds from 1 to 60"},
    {MINIMAL "timeout = 61\n", "4: [provider] timeout: malformed value; "},
    {MINIMAL "timeout = 10s\n", "4: [provider] timeout: malformed value; "},
    {MINIMAL "timeout = -1\n", "4: [provider] timeout: malformed value; "},
    {MINIMAL "insecure_http = true\n",
     "4: [provider] insecure_http: malformed value; expected yes or no"},
    {MINIMAL "ca_file = ca.pem\n", "4: [provider] ca_file: malformed value; "
                                   "expected the absolute path of a file"},
    {MINIMAL "proxy = proxy:3128\n", "4: [provider] proxy: malformed value; "},
    {MINIMAL "proxy = http://\n", "4: [provider] proxy: malformed value; "},
    {MINIMAL "proxy = http://u:p@h\n", "4: [provider] proxy: malformed "},
    {MINIMAL "proxy = file:///x\n", "4: [provider] proxy: malformed value; "},
    {MINIMAL "client_auth = private_key_jwt\n",
     "4: [provider] client_auth: malformed value; expected none, "},
    {MINIMAL "client_auth = client_secret_basic\n",
     "4: [provider] client_secret_file: missing, but client_auth needs it; "},
    {MINIMAL "client_secret_file = /s\n",
     "4: [provider] client_auth: does not use the client_secret_file; "},
    {MINIMAL "client_auth = none\nclient_secret_file = /s\n",
     "5: [provider] client_auth: does not use the client_secret_file; "},
    {MINIMAL "client_secret_file = s\n",
     "4: [provider] client_secret_file: malformed value; "},
    {MINIMAL "client_secret = s3cret\n",
     "4: [provider] client_secret: unknown setting; "},
    {MINIMAL "token_endpoint = https://i/t\n",
     "4: [provider] device_authorization_endpoint: missing, "},
    {MINIMAL "token_endpoint = http://i/t\n",
     "4: [provider] token_endpoint: is not https; "},
    {MINIMAL "token_endpoint = http://i/t\ninsecure_http = yes\n",
     "4: [provider] token_endpoint: is http, but not on this host; "},
    {MINIMAL "revocation_endpoint = /revoke\n",
     "4: [provider] revocation_endpoint: is not a URL; "},
    {MINIMAL "jwks_uri = https://u@i/\n",
     "4: [provider] jwks_uri: contains a user name; "},
    {MINIMAL "device_authorization_endpoint = https://i/#f\n",
     "4: [provider] device_authorization_endpoint: contains a fragment; "},
    {"[provider]\nclient_id = c\nissuer = http://localhost\n",
     "3: [provider] issuer: is not https; "},
    {"[provider]\nclient_id = c\nissuer = https://i/?x=y\n",
     "3: [provider] issuer: contains a query; "},
    {MINIMAL "[login]\ngrant = Device\n",
     "5: [login] grant: malformed value; expected device or password"},
    {MINIMAL "[login]\nusername_claim = a b\n",
     "5: [login] username_claim: malformed value; "},
    {MINIMAL "[renewal]\nbefore_expiry = 100%\n",
     "5: [renewal] before_expiry: malformed value; expected auto, "},
    {MINIMAL "[renewal]\nbefore_expiry = soon\n",
     "5: [renewal] before_expiry: malformed value; "},
    {MINIMAL "[renewal]\nnotify = maybe\n",
     "5: [renewal] notify: malformed value; expected yes or no"},
    {MINIMAL "[renewal]\nnotify =\n", "5: [renewal] notify: no value; "},
    {MINIMAL "[login]\nnotify = yes\n", "5: [login] notify: unknown setting; "},
    {MINIMAL "[logout]\nrevoke = YES\n",
     "5: [logout] revoke: malformed value; expected yes or no"},
};

static void
every_error_names_file_line_key_and_what_is_expected(void **state UNUSED)
{
    char expected[512];
    size_t i;

    for (i = 0; i < ARRAY_LEN(errors); i++) {
        struct problem problem = {0};
        struct config config = {0};

        (void) snprintf(expected, sizeof(expected), "%s:%s", PATH,
                        errors[i].line);
        if (parse(errors[i].text, &config, &problem) != -EPROTO)
            fail_msg("taken: %s", errors[i].text);
        assert_int_equal(problem.outcome, OUTCOME_MISCONFIGURED);
        if (strncmp(problem.reason, expected, strlen(expected)) != 0)
            fail_msg("%s\ngives %s\nnot   %s", errors[i].text, problem.reason,
                     expected);
        if (strstr(problem.reason, "; expected ") == NULL)
            fail_msg("%s", problem.reason);
        config_clear(&config);
    }
}

static void
a_value_is_never_in_a_message(void **state UNUSED)
{
    static const char *const texts[] = {
        MINIMAL "client_secret = CANARY\n",
        MINIMAL "proxy = http://u:CANARY@h\n",
        MINIMAL "timeout = CANARY\n",
        MINIMAL "token_endpoint = https://u:CANARY@h/\n",
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++) {
        struct problem problem = {0};
        struct config config = {0};

        assert_int_equal(parse(texts[i], &config, &problem), -EPROTO);
        assert_null(strstr(problem.reason, "CANARY"));
        config_clear(&config);
    }
}

static void
a_nul_in_the_file_is_refused(void **state UNUSED)
{
    static const char text[] = MINIMAL "\0timeout = 99\n";
    struct problem problem = {0};
    struct config config = {0};

    assert_int_equal(
        config_parse(PATH, text, sizeof(text) - 1, &config, &problem), -EPROTO);
    assert_non_null(strstr(problem.reason, "control character"));
    config_clear(&config);
}

/* ---- the secret ---------------------------------------------------------- */

static int
take(const char *bytes, size_t len, struct config *config,
     struct problem *problem)
{
    struct secret secret = {0};
    int r;

    assert_int_equal(parse(MINIMAL SECRET, config, problem), 0);
    assert_int_equal(secret_append(&secret, bytes, len, 100000), 0);
    r = config_take_secret(config, &secret, problem);
    secret_clear(&secret);
    return r;
}

static void
one_newline_is_not_part_of_the_secret(void **state UNUSED)
{
    static const char *const files[][2] = {
        {"s3cret", "s3cret"},
        {"s3cret\n", "s3cret"},
        {" o d+d%:&=/\"~ \n", " o d+d%:&=/\"~ "},
        {"\xc3\xa4\n", "\xc3\xa4"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(files); i++) {
        struct problem problem = {0};
        struct config config = {0};

        assert_int_equal(
            take(files[i][0], strlen(files[i][0]), &config, &problem), 0);
        assert_string_equal(secret_text(&config.settings.client_secret),
                            files[i][1]);
        config_clear(&config);
    }
}

static void
a_secret_that_cannot_be_one_is_refused(void **state UNUSED)
{
    static char large[5000];
    static const struct {
        const char *bytes;
        size_t len;
        const char *line;
    } cases[] = {
        {"", 0,
         PATH ":4: [provider] client_secret_file: /s: the file is empty"},
        {"\n", 1, PATH ":4: [provider] client_secret_file: /s: the file is "},
        {"a\n\n", 3,
         PATH ":4: [provider] client_secret_file: /s: the secret "
              "contains a control character"},
        {"a\r\n", 3, PATH ":4: [provider] client_secret_file: /s: the secret "},
        {"a\0b", 3, PATH ":4: [provider] client_secret_file: /s: the secret "},
        {"a\tb", 3, PATH ":4: [provider] client_secret_file: /s: the secret "},
        {"a\x7f", 2, PATH ":4: [provider] client_secret_file: /s: the secret "},
        {large, sizeof(large),
         PATH ":4: [provider] client_secret_file: /s: the file is too large"},
    };
    size_t i;

    memset(large, 'x', sizeof(large));
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        struct config config = {0};

        assert_int_equal(take(cases[i].bytes, cases[i].len, &config, &problem),
                         -EPROTO);
        assert_int_equal(problem.outcome, OUTCOME_MISCONFIGURED);
        assert_memory_equal(problem.reason, cases[i].line,
                            strlen(cases[i].line));
        config_clear(&config);
    }
}

static void
the_secret_is_wiped(void **state UNUSED)
{
    struct problem problem = {0};
    struct config config = {0};

    wiped_begin("CANARY");
    assert_int_equal(take("CANARY\n", 7, &config, &problem), 0);
    config_clear(&config);
    assert_wiped();
}

/* ---- the manual ---------------------------------------------------------- */

static char *
read_source(const char *name)
{
    char path[4096], *text = NULL;
    size_t size = 0;
    FILE *file;

    (void) snprintf(path, sizeof(path), "%s/%s", source_dir, name);
    file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    if (getdelim(&text, &size, '\0', file) < 0)
        fail_msg("cannot read %s", path);
    (void) fclose(file);
    return text;
}

/* The keys of a section, as the error for an unknown one lists them. */
static void
list_keys(const char *section, char *out, size_t size)
{
    struct problem problem = {0};
    struct config config = {0};
    char text[128];

    (void) snprintf(text, sizeof(text), "[%s]\nnosuchkey = 1\n", section);
    assert_int_equal(parse(text, &config, &problem), -EPROTO);
    assert_non_null(strstr(problem.reason, "expected one of "));
    (void) snprintf(out, size, "%s",
                    strstr(problem.reason, "expected one of ") + 16);
    config_clear(&config);
}

/* The same from the manual: its ".It Cm key" lines below that section. */
static void
list_manual(const char *manual, const char *heading, char *out, size_t size)
{
    const char *at = strstr(manual, heading), *end;
    size_t len = 0;

    assert_non_null(at);
    end = strstr(at, "\n.Sh ");
    assert_non_null(end);
    out[0] = '\0';
    while ((at = strstr(at, "\n.It Cm ")) != NULL && at < end) {
        at += 8;
        len +=
            (size_t) snprintf(out + len, size - len, "%s%.*s",
                              len > 0 ? ", " : "", (int) strcspn(at, "\n"), at);
    }
}

static void
the_manual_has_the_same_keys_in_the_same_order(void **state UNUSED)
{
    static const char *const sections[][2] = {
        {"provider", ".Sh PROVIDER\n"},
        {"login", ".Sh LOGIN\n"},
        {"renewal", ".Sh RENEWAL\n"},
        {"logout", ".Sh LOGOUT\n"},
    };
    char *manual = read_source("man/oidc-session.conf.5");
    char ours[1024], theirs[1024];
    size_t i;

    if (manual == NULL)
        SKIP("the manual is not here");
    for (i = 0; i < ARRAY_LEN(sections); i++) {
        list_keys(sections[i][0], ours, sizeof(ours));
        list_manual(manual, sections[i][1], theirs, sizeof(theirs));
        assert_string_equal(ours, theirs);
    }
    free(manual);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_settings_are_enough_and_the_rest_has_defaults),
        cmocka_unit_test(every_setting_is_taken_in_any_order),
        cmocka_unit_test(
            a_provider_that_introspects_is_asked_about_refresh_tokens),
        cmocka_unit_test(every_error_names_file_line_key_and_what_is_expected),
        cmocka_unit_test(a_value_is_never_in_a_message),
        cmocka_unit_test(a_nul_in_the_file_is_refused),
        cmocka_unit_test(one_newline_is_not_part_of_the_secret),
        cmocka_unit_test(a_secret_that_cannot_be_one_is_refused),
        cmocka_unit_test(the_secret_is_wiped),
        cmocka_unit_test(the_manual_has_the_same_keys_in_the_same_order),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
