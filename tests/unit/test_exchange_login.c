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
#define FOUND                                                                  \
    {                                                                          \
        WELL_KNOWN, 200, METADATA, NULL                                        \
    }
#define KEYS                                                                   \
    {                                                                          \
        "/k", 200, "^", NULL                                                   \
    }
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

/* Begin a login of a user. */
static void
begin_as(struct play *play, const char *user, const char *uid,
         const char *config)
{
    struct message request = {.kind = KIND_LOGIN};
    char *expanded = fakeprovider_expand(config);

    play_begin(play, "login");
    set(&request, FIELD_CONFIG, expanded);
    set(&request, FIELD_PATH, "/etc/oidc.conf");
    set(&request, FIELD_USER, user);
    set(&request, FIELD_UID, uid);
    play_say(play, &request);
    free(expanded);
}

/* Hear what is asked for before the network, which is in *question. */
static void
hear_files(struct play *play, struct message *question)
{
    size_t count = fakeprovider_count();

    play_hear(play, KIND_NEED_FILES, question);
    assert_int_equal(fakeprovider_count(), count);
}

/* Begin a login of alice that needs no files; that is said as well. */
static void
begin(struct play *play, const char *config)
{
    struct message question = {0};

    begin_as(play, "alice", "1000", config);
    hear_files(play, &question);
    assert_false(message_has(&question, FIELD_PATH));
    assert_false(message_has(&question, FIELD_MAP_PATH));
    message_clear(&question);
    play_say_kind(play, KIND_FILES);
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
        FOUND,
        {"/t", 200, TOKENS, NULL},
        KEYS,
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
    assert_field(&result, FIELD_NOTIFY, "no");
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
    assert_int_equal(fakeprovider_count(), 3);
    settings_clear(&settings);
    message_clear(&result);
}

static void
no_refresh_token_is_said_to_both(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        FOUND,
        {"/t", 200,
         "{\"access_token\":\"AT\",\"token_type\":\"bearer\","
         "\"scope\":\"openid\",\"id_token\":\"$\"}",
         NULL},
        KEYS,
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
        FOUND,
        {"/t", 200, TOKENS, NULL},
        KEYS,
        {"/r", 200, NULL, NULL},
        {"/r", 200, NULL, NULL},
        FOUND,
        {"/t", 200, TOKENS, NULL},
        KEYS,
        {"/r", 503, NULL, NULL},
        {"/r", 200, NULL, NULL},
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
        assert_int_equal(fakeprovider_count(), 5 * (i + 1));
        assert_int_equal(play_end(&play), 0);
    }
    assert_request(3, "/r",
                   "token=RT&token_type_hint=refresh_token&client_id=c");
    assert_request(4, "/r",
                   "token=AT&token_type_hint=access_token&client_id=c");
    message_clear(&result);
}

static void
a_forged_id_token_is_denied_and_the_tokens_are_revoked(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        FOUND,
        {"/t", 200, TOKENS, NULL},
        KEYS,
        {"/r", 200, NULL, NULL},
        {"/r", 200, NULL, NULL},
    };
    struct message result = {0};
    struct play play;

    fakeprovider_claims(LIVE("alice"));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    fakeprovider_signs(SIGNER_ATTACKER, "k1");
    begin(&play, CONFIG BY_PASSWORD);
    give_password(&play);
    play_hear(&play, KIND_RESULT, &result);
    assert_field(&result, FIELD_OUTCOME, "denied");
    assert_field(&result, FIELD_REASON,
                 "the ID token's signature (RS256) is wrong");
    assert_field(&result, FIELD_NOTICE, "The provider refused the login.");
    assert_int_equal(fakeprovider_count(), 5);
    assert_int_equal(play_end(&play), 0);
    message_clear(&result);
}

static void
without_openid_connect_userinfo_says_who_it_is(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {WELL_KNOWN, 200,
         "{\"issuer\":\"@\",\"token_endpoint\":\"@/t\","
         "\"userinfo_endpoint\":\"@/u\"}",
         NULL},
        {"/t", 200, TOKENS, NULL},
        {"/u", 200, "{\"sub\":\"s7\",\"preferred_username\":\"alice\"}", NULL},
    };
    struct message result = {0};
    struct play play;

    fakeprovider_claims(LIVE("bob")); /* nobody can verify that */
    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin(&play, CONFIG BY_PASSWORD "claims_from = userinfo\n");
    give_password(&play);
    play_hear(&play, KIND_RESULT, &result);
    assert_field(&result, FIELD_REASON, "");
    assert_field(&result, FIELD_OUTCOME, "ok");
    assert_field(&result, FIELD_SUBJECT, "s7");
    assert_false(message_has(&result, FIELD_ID_TOKEN));
    assert_false(message_has(&result, FIELD_ID_EXPIRES_AT));
    play_say_kind(&play, KIND_STORED);
    assert_int_equal(play_end(&play), 0);
    assert_int_equal(fakeprovider_count(), 3);
    message_clear(&result);
}

static void
what_the_helper_shall_do_later_is_in_the_result(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        FOUND,
        {"/t", 200, TOKENS, NULL},
        KEYS,
    };
    struct message result = {0};
    struct play play;

    fakeprovider_claims(LIVE("alice"));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin(&play, CONFIG BY_PASSWORD "[renewal]\nnotify = yes\n"
                                    "[logout]\nrevoke = no\n");
    give_password(&play);
    play_hear(&play, KIND_RESULT, &result);
    assert_field(&result, FIELD_OUTCOME, "ok");
    assert_field(&result, FIELD_NOTIFY, "yes");
    assert_field(&result, FIELD_REVOKE, "no");
    play_say_kind(&play, KIND_STORED);
    assert_int_equal(play_end(&play), 0);
    message_clear(&result);
}

/* A module has all of the tokens, or it has none. */
static void
the_steps_of_a_helper_are_no_words_of_a_module(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        FOUND,
        {"/t", 200, TOKENS, NULL},
        KEYS,
        {"/r", 200, NULL, NULL},
        {"/r", 200, NULL, NULL},
    };
    struct message result = {0};
    struct play play;

    fakeprovider_claims(LIVE("alice"));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin(&play, CONFIG BY_PASSWORD);
    give_password(&play);
    play_hear(&play, KIND_RESULT, &result);
    assert_field(&result, FIELD_OUTCOME, "ok");
    play_say_kind(&play, KIND_REFRESH_STORED);
    assert_int_equal(play_end(&play), 0);
    assert_request(3, "/r",
                   "token=RT&token_type_hint=refresh_token&client_id=c");
    assert_request(4, "/r",
                   "token=AT&token_type_hint=access_token&client_id=c");
    message_clear(&result);
}

/* What an introspection endpoint that knows both tokens says. */
#define SUBJECT_SAID                                                           \
    "{\"active\":true,\"sub\":\"s7\",\"preferred_username\":\"alice\"}"
/* Of a provider that has been slow nothing more is asked. */
#define UNHURRIED                                                              \
    "[provider]\nissuer = @\nclient_id = c\ninsecure_http = yes\n"             \
    "timeout = 20\n"
#define END_SAID "{\"active\":true,\"exp\":4102444800}"

static void
the_end_of_the_refresh_token_comes_from_whoever_says_it(void **state UNUSED)
{
#define RT_AND(more)                                                           \
    "{\"access_token\":\"AT\",\"token_type\":\"bearer\"," more "}"
    static const struct {
        struct fake_answer answers[4];
        size_t count;
        const char *end; /* NULL: by the token endpoint */
    } cases[] = {
        {{{"/t", 200, RT_AND("\"refresh_token\":\"RT\""), NULL},
          {"/i", 200, SUBJECT_SAID, NULL},
          {"/i", 200, END_SAID, NULL}},
         4,
         "4102444800"},
        {{{"/t", 200,
           RT_AND("\"refresh_token\":\"RT\",\"refresh_expires_in\":1800"),
           NULL},
          {"/i", 200, SUBJECT_SAID, NULL}},
         3,
         NULL},
        /* A refusal, and no answer, fail nothing. */
        {{{"/t", 200, RT_AND("\"refresh_token\":\"RT\""), NULL},
          {"/i", 200, SUBJECT_SAID, NULL},
          {"/i", 403, "{\"error\":\"access_denied\"}", NULL}},
         4,
         ""},
        {{{"/t", 200, RT_AND("\"refresh_token\":\"RT\""), NULL},
          {"/i", 200, SUBJECT_SAID, NULL},
          {"/i", FAKE_HANG_UP, NULL, NULL}},
         4,
         ""},
        /* Without a refresh token it has no end. */
        {{{"/t", 200, RT_AND("\"refresh_expires_in\":1800"), NULL},
          {"/i", 200, SUBJECT_SAID, NULL}},
         3,
         ""},
    };
    const struct fake_answer found = {
        WELL_KNOWN, 200,
        "{\"issuer\":\"@\",\"token_endpoint\":\"@/t\","
        "\"introspection_endpoint\":\"@/i\"}",
        NULL};
    struct message result = {0};
    int64_t renewed_at, end;
    struct play play;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct fake_answer answers[ARRAY_LEN(cases[i].answers) + 1];

        answers[0] = found;
        memcpy(answers + 1, cases[i].answers, sizeof(cases[i].answers));
        fakeprovider_start(answers, cases[i].count);
        begin(&play, UNHURRIED BY_PASSWORD "claims_from = introspection\n");
        give_password(&play);
        play_hear(&play, KIND_RESULT, &result);
        assert_field(&result, FIELD_OUTCOME, "ok");
        if (cases[i].end != NULL) {
            assert_field(&result, FIELD_REFRESH_EXPIRES_AT, cases[i].end);
        } else {
            assert_int_equal(
                message_number(&result, FIELD_RENEWED_AT, &renewed_at), 0);
            assert_int_equal(
                message_number(&result, FIELD_REFRESH_EXPIRES_AT, &end), 0);
            assert_int_equal(end, renewed_at + 1800);
        }
        assert_int_equal(message_has(&result, FIELD_REASON),
                         !message_has(&result, FIELD_REFRESH_TOKEN));
        assert_non_null(strstr(message_text(&result, FIELD_SETTINGS),
                               "\"introspect_refresh\":true"));
        play_say_kind(&play, KIND_STORED);
        assert_int_equal(play_end(&play), 0);
        assert_int_equal(fakeprovider_count(), cases[i].count);
        fakeprovider_stop();
    }
    message_clear(&result);
}

/* ---- files: the client's secret, and the map ----------------------------- */

#define SECRET "client_secret_file = /s\nclient_auth = client_secret_post\n"
#define MAP    "username_map_file = /m\n"

static void
files_are_asked_for_before_the_network(void **state UNUSED)
{
    static const struct {
        const char *config, *path, *map_path;
    } cases[] = {
        {CONFIG BY_PASSWORD, "", ""},
        {CONFIG SECRET BY_PASSWORD, "/s", ""},
        {CONFIG BY_PASSWORD MAP, "", "/m"},
        {CONFIG SECRET BY_PASSWORD MAP, "/s", "/m"},
    };
    struct message message = {0};
    struct play play;
    size_t i;

    fakeprovider_start(NULL, 0);
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        begin_as(&play, "alice", "1000", cases[i].config);
        hear_files(&play, &message);
        assert_field(&message, FIELD_PATH, cases[i].path);
        assert_field(&message, FIELD_MAP_PATH, cases[i].map_path);
        assert_int_equal(play_end(&play), -ENODATA); /* and we hang up */
    }
    assert_int_equal(fakeprovider_count(), 0);
    message_clear(&message);
}

static void
the_secret_is_used_without_its_newline(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        FOUND,
        {"/t", 400, "{\"error\":\"invalid_grant\"}", NULL},
    };
    struct message message = {0};
    struct play play;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin_as(&play, "alice", "1000", CONFIG SECRET BY_PASSWORD);
    hear_files(&play, &message);
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
a_file_that_is_refused_is_named_with_its_line(void **state UNUSED)
{
    static const struct {
        const char *config;
        enum field field;
        const char *text;
        const char *reason;
    } cases[] = {
        {CONFIG SECRET, FIELD_REASON, "others may read it",
         "/etc/oidc.conf:6: [provider] client_secret_file: /s: others may "
         "read it"},
        {CONFIG SECRET, FIELD_FILE, "",
         "/etc/oidc.conf:6: [provider] client_secret_file: /s: the file is "
         "empty"},
        {CONFIG SECRET, FIELD_NOTICE, "neither",
         "/etc/oidc.conf:6: [provider] client_secret_file: /s: it cannot be "
         "read"},
        {CONFIG BY_PASSWORD MAP, FIELD_MAP_REASON, "others may write it",
         "/etc/oidc.conf:8: [login] username_map_file: /m: others may write "
         "it"},
        {CONFIG BY_PASSWORD MAP, FIELD_REASON, "this is of the secret",
         "/etc/oidc.conf:8: [login] username_map_file: /m: it cannot be read"},
        {CONFIG BY_PASSWORD MAP, FIELD_MAP, "# people\nalice@example alice\n",
         "/m:2: cannot use this line: no '=' with a space on both sides; "
         "expected 'claim value = local user'"},
        /* Also when alice's own line is good. */
        {CONFIG BY_PASSWORD MAP, FIELD_MAP, "alice = alice\nbob = b b\n",
         "/m:2: cannot use this line: a user's name has only letters and "
         "digits of ASCII, and . _ @ -; expected 'claim value = local user'"},
    };
    struct message message = {0};
    struct play play;
    size_t i;

    fakeprovider_start(NULL, 0);
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        begin_as(&play, "alice", "1000", cases[i].config);
        hear_files(&play, &message);
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

/* A login by password of a user, where the map, NULL for none, is this. */
static void
play_with_map(const char *user, const char *uid, const char *map,
              struct message *result)
{
    struct message files = {0};
    struct play play;

    begin_as(&play, user, uid,
             map != NULL ? CONFIG BY_PASSWORD MAP : CONFIG BY_PASSWORD);
    hear_files(&play, &files);
    message_clear(&files);
    files.kind = KIND_FILES;
    if (map != NULL)
        set(&files, FIELD_MAP, map);
    play_say(&play, &files);
    give_password(&play);
    play_hear(&play, KIND_RESULT, result);
    if (message_has(result, FIELD_ACCESS_TOKEN))
        play_say_kind(&play, KIND_STORED);
    assert_int_equal(play_end(&play), 0);
}

static void
the_map_says_who_logs_in_as_whom(void **state UNUSED)
{
    static const struct {
        const char *user, *uid;
        const char *map;
        const char *reason; /* part of it; NULL: it is good */
    } cases[] = {
        {"alice", "1000", "x = bob\nwho = alice\n", NULL},
        {"alice", "1000", "x = alice\nwho = bob\n",
         "the provider says this is 'who', who by /m is not 'alice'"},
        {"alice", "1000", "# nobody\n",
         "the provider says this is 'who', who is not in /m"},
        {"root", "0", "who = root\n", NULL},
        {"root", "0", "who = alice\n", "who by /m is not 'root'"},
        {"who", "0", NULL, "uid 0 logs in only by a line of the map"},
        {"who", "1000", NULL, NULL},
    };
    static const struct fake_answer answers[] = {
        FOUND,
        {"/t", 200, TOKENS, NULL},
        KEYS,
    };
    struct message result = {0};
    size_t i;

    fakeprovider_claims(LIVE("who"));
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        const char *reason = cases[i].reason;

        fakeprovider_start(answers, ARRAY_LEN(answers));
        play_with_map(cases[i].user, cases[i].uid, cases[i].map, &result);
        assert_field(&result, FIELD_OUTCOME, reason == NULL ? "ok" : "denied");
        if (reason == NULL)
            assert_false(message_has(&result, FIELD_REASON));
        else if (strstr(message_text(&result, FIELD_REASON), reason) == NULL)
            fail_msg("%s", message_text(&result, FIELD_REASON));
        assert_int_equal(message_has(&result, FIELD_ACCESS_TOKEN),
                         reason == NULL);
        fakeprovider_stop();
    }
    message_clear(&result);
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
         {FOUND, {"/d", 400, NULL, NULL}},
         "denied", /* what is dead for a session */
         "the device authorization endpoint at 127.0.0.1:"},
        {CONFIG,
         {FOUND,
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
        if (cases[i].answers[0].path != NULL)
            begin(&play, cases[i].config);
        else /* with such a configuration nothing is asked for */
            begin_as(&play, "alice", "1000", cases[i].config);
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
a_request_that_lacks_something_is_not_served(void **state UNUSED)
{
    static const struct {
        const char *user, *uid, *config;
    } cases[] = {
        {NULL, "1000", "x"}, {"", "1000", "x"},       {"alice", NULL, "x"},
        {"alice", "-", "x"}, {"alice", "1000", NULL},
    };
    struct message request = {0};
    struct play play;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        request.kind = KIND_LOGIN;
        if (cases[i].user != NULL)
            set(&request, FIELD_USER, cases[i].user);
        if (cases[i].uid != NULL)
            set(&request, FIELD_UID, cases[i].uid);
        if (cases[i].config != NULL)
            set(&request, FIELD_CONFIG, cases[i].config);
        play_begin(&play, "login");
        play_say(&play, &request);
        assert_int_equal(play_end(&play), -EBADMSG);
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(a_login_gives_all_that_a_session_needs),
        TEST(what_the_helper_shall_do_later_is_in_the_result),
        TEST(no_refresh_token_is_said_to_both),
        TEST(a_login_of_somebody_else_is_revoked_before_it_is_denied),
        TEST(a_forged_id_token_is_denied_and_the_tokens_are_revoked),
        TEST(without_openid_connect_userinfo_says_who_it_is),
        TEST(the_steps_of_a_helper_are_no_words_of_a_module),
        TEST(the_end_of_the_refresh_token_comes_from_whoever_says_it),
        TEST(files_are_asked_for_before_the_network),
        TEST(the_secret_is_used_without_its_newline),
        TEST(a_file_that_is_refused_is_named_with_its_line),
        TEST(the_map_says_who_logs_in_as_whom),
        TEST(every_failure_has_a_class_a_reason_and_a_notice),
        TEST(a_request_that_lacks_something_is_not_served),
    };
    int failed;

    json_init();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    signer_free();
    return failed;
}
