/* SPDX-License-Identifier: MIT */
/* helper/exchange/login.c; pam/login.c has the shorter name. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "helper/exchange/json.h"
#include "helper/exchange/login.h"
#include "tests/lib/fakecaller.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

#define NOW INT64_C(1800000000)

static char issuer[] = "https://h", client_id[] = "c";

#define CLAIMS(more)                                                           \
    "{\"iss\":\"https://"                                                      \
    "h\",\"aud\":\"c\",\"sub\":\"s1\",\"iat\":1700000000,"                     \
    "\"exp\":1800000300" more "}"

/* login_check() for alice with an ID token of these claims, or this text. */
static int
check(const char *claims, const char *text, struct settings *settings,
      struct token *token, struct problem *problem)
{
    char *id = NULL;
    int r;

    *token = (struct token){0};
    *settings = (struct settings){.issuer = issuer, .client_id = client_id};
    if (claims != NULL) {
        fakeprovider_claims(claims);
        id = fakeprovider_expand("$");
        text = id;
    }
    assert_int_equal(secret_append_text(&token->id, text, 100000), 0);
    r = login_check("name", "alice", NOW, settings, token, problem);
    free(id);
    return r;
}

static void
the_id_token_must_name_the_user(void **state UNUSED)
{
    static const struct {
        const char *claims, *text;
        const char *reason; /* NULL: it is good */
    } cases[] = {
        {CLAIMS(",\"name\":\"alice\""), NULL, NULL},
        {CLAIMS(",\"name\":\"bob\""), NULL, "this is 'bob', not 'alice'"},
        {CLAIMS(""), NULL, "claim name is missing in the ID token"},
        {CLAIMS(",\"name\":\"alice\",\"nbf\":1900000000"), NULL,
         "not valid yet"},
        {"{\"iss\":\"https://h\",\"aud\":\"c\",\"sub\":\"s1\",\"exp\":1,"
         "\"name\":\"alice\"}",
         NULL, "expired"},
        {"{\"iss\":\"https://i\",\"aud\":\"c\",\"sub\":\"s1\","
         "\"exp\":1800000300,\"name\":\"alice\"}",
         NULL, "is from 'https://i'"},
        {"{\"iss\":\"https://h\",\"aud\":\"d\",\"sub\":\"s1\","
         "\"exp\":1800000300,\"name\":\"alice\"}",
         NULL, "not for this client"},
        {NULL, "", "no ID token (is openid in the scope?)"},
        {NULL, "a.b.c", "the ID token is malformed"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        struct settings settings;
        struct token token;
        int r =
            check(cases[i].claims, cases[i].text, &settings, &token, &problem);

        if (cases[i].reason == NULL) {
            assert_int_equal(r, 0);
            assert_string_equal(settings.subject, "s1");
            assert_int_equal(token.id_expires_at, 1800000300);
        } else {
            assert_int_equal(r, -EPROTO);
            assert_int_equal(problem.outcome, OUTCOME_DENIED);
            assert_null(settings.subject);
            if (strstr(problem.reason, cases[i].reason) == NULL)
                fail_msg("%zu: %s", i, problem.reason);
        }
        free(settings.subject);
        token_clear(&token);
    }
}

/* ---- with a provider ----------------------------------------------------- */

static int
teardown(void **state UNUSED)
{
    fakeprovider_stop();
    return 0;
}

#define METADATA                                                               \
    "{\"issuer\":\"@\",\"token_endpoint\":\"@/t\","                            \
    "\"device_authorization_endpoint\":\"@/d\","                               \
    "\"revocation_endpoint\":\"@/r\",\"jwks_uri\":\"@/k\"}"
#define WELL_KNOWN "/.well-known/openid-configuration"
#define TOKENS                                                                 \
    "{\"access_token\":\"AT\",\"token_type\":\"bearer\",\"expires_in\":60,"    \
    "\"refresh_token\":\"RT\",\"id_token\":\"$\"}"
#define LIVE(name)                                                             \
    "{\"iss\":\"@\",\"aud\":\"c\",\"sub\":\"s1\",\"exp\":4102444800,"          \
    "\"iat\":1700000000,"                                                      \
    "\"preferred_username\":\"" name "\"}"
#define CONFIG                                                                 \
    "[provider]\nissuer = @\nclient_id = c\ninsecure_http = yes\n"             \
    "timeout = 3\n"
#define BY_PASSWORD "[login]\ngrant = password\n"

/* Begin a login of alice. */
static void
begin(struct play *play, const char *config)
{
    struct message request = {.kind = KIND_LOGIN};
    char *expanded = fakeprovider_expand(config);

    play_begin(play, "login");
    set(&request, FIELD_CONFIG, expanded);
    set(&request, FIELD_PATH, "/etc/oidc.conf");
    set(&request, FIELD_USER, "alice");
    play_say(play, &request);
    free(expanded);
}

static void
give_password(struct play *play)
{
    struct message question = {0}, answer = {.kind = KIND_PASSWORD};

    play_hear(play, KIND_NEED_PASSWORD, &question);
    message_clear(&question);
    set(&answer, FIELD_PASSWORD, "pw");
    play_say(play, &answer);
}

static void
assert_field(const struct message *message, enum field field,
             const char *expected)
{
    assert_string_equal(message_text(message, field), expected);
}

static void
a_login_gives_all_that_a_session_needs(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {WELL_KNOWN, 200, METADATA, NULL},
        {"/t", 200, TOKENS, NULL},
    };
    struct settings settings = {0};
    struct message result = {0};
    struct play play;

    fakeprovider_claims(LIVE("alice"));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin(&play, CONFIG BY_PASSWORD "[renewal]\nbefore_expiry = 10%\n");
    give_password(&play);
    play_hear(&play, KIND_RESULT, &result);
    assert_field(&result, FIELD_OUTCOME, "ok");
    assert_field(&result, FIELD_ACCESS_TOKEN, "AT");
    assert_field(&result, FIELD_REFRESH_TOKEN, "RT");
    assert_field(&result, FIELD_ID_EXPIRES_AT, "4102444800");
    assert_field(&result, FIELD_ISSUER, fakeprovider_url(""));
    assert_field(&result, FIELD_SUBJECT, "s1");
    assert_field(&result, FIELD_SCOPE, "openid profile offline_access");
    assert_field(&result, FIELD_BEFORE_EXPIRY, "10%");
    assert_field(&result, FIELD_REVOKE, "yes");
    assert_field(&result, FIELD_TIMEOUT, "3");
    assert_false(message_has(&result, FIELD_REASON));
    assert_false(message_has(&result, FIELD_NOTICE));
    assert_int_equal(settings_decode(&result.field[FIELD_SETTINGS], &settings),
                     0);
    assert_string_equal(settings.token_endpoint, fakeprovider_url("/t"));
    assert_string_equal(settings.revocation_endpoint, fakeprovider_url("/r"));
    assert_string_equal(settings.jwks_uri, fakeprovider_url("/k"));
    assert_string_equal(settings.subject, "s1");
    assert_int_equal(settings.timeout, 3);
    assert_true(settings.revoke);
    play_say_kind(&play, KIND_STORED);
    assert_int_equal(play_end(&play), 0);
    assert_int_equal(fakeprovider_count(), 2);
    settings_clear(&settings);
    message_clear(&result);
}

static void
no_refresh_token_is_said_to_both(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {WELL_KNOWN, 200, METADATA, NULL},
        {"/t", 200,
         "{\"access_token\":\"AT\",\"token_type\":\"bearer\","
         "\"scope\":\"openid\",\"id_token\":\"$\"}",
         NULL},
    };
    struct message result = {0};
    struct play play;

    fakeprovider_claims(LIVE("alice"));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin(&play, CONFIG BY_PASSWORD);
    give_password(&play);
    play_hear(&play, KIND_RESULT, &result);
    assert_field(&result, FIELD_OUTCOME, "ok");
    assert_field(&result, FIELD_SCOPE, "openid");
    assert_false(message_has(&result, FIELD_REFRESH_TOKEN));
    assert_non_null(strstr(message_text(&result, FIELD_REASON),
                           "the provider issued no refresh token"));
    assert_true(message_has(&result, FIELD_NOTICE));
    play_say_kind(&play, KIND_STORED);
    assert_int_equal(play_end(&play), 0);
    message_clear(&result);
}

static void
a_login_of_somebody_else_is_revoked_before_it_is_denied(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {WELL_KNOWN, 200, METADATA, NULL}, {"/t", 200, TOKENS, NULL},
        {"/r", 200, NULL, NULL},           {"/r", 200, NULL, NULL},
        {WELL_KNOWN, 200, METADATA, NULL}, {"/t", 200, TOKENS, NULL},
        {"/r", 503, NULL, NULL},           {"/r", 200, NULL, NULL},
    };
    static const char reason[] = "the provider says this is 'bob', not 'alice'";
    static const char *const configs[] = {
        CONFIG BY_PASSWORD,
        CONFIG BY_PASSWORD "[logout]\nrevoke = no\n", /* of sessions only */
    };
    struct message result = {0};
    struct play play;
    size_t i;

    fakeprovider_claims(LIVE("bob"));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(configs); i++) {
        begin(&play, configs[i]);
        give_password(&play);
        play_hear(&play, KIND_RESULT, &result);
        assert_field(&result, FIELD_OUTCOME, "denied");
        assert_field(&result, FIELD_NOTICE,
                     "You are 'bob' at the provider, not 'alice'.");
        assert_memory_equal(message_text(&result, FIELD_REASON), reason,
                            sizeof(reason) - 1);
        assert_int_equal(strstr(message_text(&result, FIELD_REASON),
                                "what it issued is not revoked: ")
                             != NULL,
                         i == 1);
        assert_false(message_has(&result, FIELD_ACCESS_TOKEN));
        assert_false(message_has(&result, FIELD_SETTINGS));
        assert_int_equal(fakeprovider_count(), 4 * (i + 1));
        assert_int_equal(play_end(&play), 0);
    }
    assert_request(2, "/r",
                   "token=RT&token_type_hint=refresh_token&client_id=c");
    assert_request(3, "/r",
                   "token=AT&token_type_hint=access_token&client_id=c");
    message_clear(&result);
}

/* ---- the client's secret ------------------------------------------------- */

#define SECRET "client_secret_file = /s\nclient_auth = client_secret_post\n"

static void
the_secret_is_asked_for_before_the_network(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {WELL_KNOWN, 200, METADATA, NULL},
        {"/t", 400, "{\"error\":\"invalid_grant\"}", NULL},
    };
    struct message message = {0};
    struct play play;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin(&play, CONFIG SECRET BY_PASSWORD);
    play_hear(&play, KIND_NEED_FILES, &message);
    assert_field(&message, FIELD_PATH, "/s");
    assert_int_equal(fakeprovider_count(), 0);
    message_clear(&message);
    message.kind = KIND_FILES;
    set(&message, FIELD_FILE, "s3cret\n");
    play_say(&play, &message);
    give_password(&play);
    play_hear(&play, KIND_RESULT, &message);
    assert_field(&message, FIELD_OUTCOME, "wrong_password");
    assert_field(&message, FIELD_REASON, "user name or password is wrong");
    assert_int_equal(play_end(&play), 0);
    assert_request(1, "/t",
                   "grant_type=password&username=alice&password=pw&"
                   "scope=openid%20profile%20offline_access&client_id=c&"
                   "client_secret=s3cret");
    message_clear(&message);
}

static void
a_secret_that_is_refused_names_file_and_line(void **state UNUSED)
{
    static const struct {
        enum field field;
        const char *text;
        const char *reason;
    } cases[] = {
        {FIELD_REASON, "others may read it",
         "/etc/oidc.conf:6: [provider] client_secret_file: /s: others may "
         "read it"},
        {FIELD_FILE, "",
         "/etc/oidc.conf:6: [provider] client_secret_file: /s: the file is "
         "empty"},
        {FIELD_NOTICE, "neither",
         "/etc/oidc.conf:6: [provider] client_secret_file: /s: it cannot be "
         "read"},
    };
    struct message message = {0};
    struct play play;
    size_t i;

    fakeprovider_start(NULL, 0);
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        begin(&play, CONFIG SECRET);
        play_hear(&play, KIND_NEED_FILES, &message);
        message_clear(&message);
        message.kind = KIND_FILES;
        set(&message, cases[i].field, cases[i].text);
        play_say(&play, &message);
        play_hear(&play, KIND_RESULT, &message);
        assert_field(&message, FIELD_OUTCOME, "misconfigured");
        assert_field(&message, FIELD_REASON, cases[i].reason);
        assert_int_equal(play_end(&play), 0);
    }
    assert_int_equal(fakeprovider_count(), 0);
    message_clear(&message);
}

/* ---- what goes wrong ----------------------------------------------------- */

static void
every_failure_has_a_class_a_reason_and_a_notice(void **state UNUSED)
{
    static const struct {
        const char *config;
        struct fake_answer answers[3];
        const char *outcome;
        const char *reason; /* part of it */
    } cases[] = {
        {"nonsense", {{0}}, "misconfigured", "/etc/oidc.conf:1: "},
        {CONFIG, {{WELL_KNOWN, 503, NULL, NULL}}, "transient", "503"},
        {CONFIG,
         {{WELL_KNOWN, FAKE_HANG_UP, NULL, NULL}},
         "transient", /* nothing is lost, so it is not ambiguous */
         "no usable answer"},
        {CONFIG,
         {{WELL_KNOWN, 200, "{\"issuer\":\"@\",\"token_endpoint\":\"@/t\"}",
           NULL}},
         "misconfigured",
         "no device_authorization_endpoint"},
        {CONFIG,
         {{WELL_KNOWN, 200, METADATA, NULL}, {"/d", 400, NULL, NULL}},
         "denied", /* what is dead for a session */
         "the device authorization endpoint at 127.0.0.1:"},
        {CONFIG,
         {{WELL_KNOWN, 200, METADATA, NULL},
          {"/d", 200,
           "{\"device_code\":\"D\",\"user_code\":\"U\",\"interval\":1,"
           "\"verification_uri\":\"@/v\"}",
           NULL},
          {"/t", 400, "{\"error\":\"expired_token\"}", NULL}},
         "expired",
         "400 expired_token"},
    };
    struct message message = {0};
    struct play play;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakeprovider_start(cases[i].answers,
                           cases[i].answers[0].path == NULL   ? 0
                           : cases[i].answers[1].path == NULL ? 1
                           : cases[i].answers[2].path == NULL ? 2
                                                              : 3);
        begin(&play, cases[i].config);
        if (cases[i].answers[2].path != NULL)
            play_hear(&play, KIND_PROMPT, &message);
        play_hear(&play, KIND_RESULT, &message);
        assert_field(&message, FIELD_OUTCOME, cases[i].outcome);
        if (strstr(message_text(&message, FIELD_REASON), cases[i].reason)
            == NULL)
            fail_msg("%s", message_text(&message, FIELD_REASON));
        assert_true(message_has(&message, FIELD_NOTICE));
        assert_int_equal(play_end(&play), 0);
        fakeprovider_stop();
    }
    message_clear(&message);
}

static void
a_request_without_user_or_configuration_is_not_served(void **state UNUSED)
{
    struct message request = {.kind = KIND_LOGIN};
    struct play play;

    play_begin(&play, "login");
    set(&request, FIELD_CONFIG, "x");
    play_say(&play, &request);
    assert_int_equal(play_end(&play), -EBADMSG);
    request.kind = KIND_LOGIN;
    play_begin(&play, "login");
    set(&request, FIELD_USER, "alice");
    play_say(&play, &request);
    assert_int_equal(play_end(&play), -EBADMSG);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(the_id_token_must_name_the_user),
        TEST(a_login_gives_all_that_a_session_needs),
        TEST(no_refresh_token_is_said_to_both),
        TEST(a_login_of_somebody_else_is_revoked_before_it_is_denied),
        TEST(the_secret_is_asked_for_before_the_network),
        TEST(a_secret_that_is_refused_names_file_and_line),
        TEST(every_failure_has_a_class_a_reason_and_a_notice),
        TEST(a_request_without_user_or_configuration_is_not_served),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
