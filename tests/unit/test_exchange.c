/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io.h"
#include "helper/exchange/exchange.h"
#include "helper/exchange/json.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/fakecaller.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

static int
teardown(void **state UNUSED)
{
    fakeprovider_stop();
    return 0;
}

#define SETTINGS(revoke)                                                       \
    "{\"issuer\":\"@\",\"subject\":\"s\",\"client_id\":\"c\","                 \
    "\"client_auth\":\"none\",\"timeout\":2,\"insecure_http\":true,"           \
    "\"revoke\":" revoke ",\"token_endpoint\":\"@/t\","                        \
    "\"revocation_endpoint\":\"@/r\"}"

#define ROTATED                                                                \
    "{\"access_token\":\"AT2\",\"token_type\":\"bearer\","                     \
    "\"refresh_token\":\"RT2\"}"
#define PLAIN "{\"access_token\":\"AT2\",\"token_type\":\"bearer\"}"

#define FIRST  "token=RT2&token_type_hint=refresh_token&client_id=c"
#define SECOND "token=AT2&token_type_hint=access_token&client_id=c"

static void
say(struct play *play, const char *settings)
{
    struct message request = {.kind = KIND_RENEW};
    char *expanded = fakeprovider_expand(settings);

    set(&request, FIELD_SETTINGS, expanded);
    set(&request, FIELD_REFRESH_TOKEN, "CANARY-RT1");
    play_say(play, &request);
    free(expanded);
}

static void
ask(struct play *play, const char *settings)
{
    play_begin(play, "renew");
    say(play, settings);
}

static void
there_are_four_verbs(void **state UNUSED)
{
    assert_true(exchange_has_verb("login"));
    assert_true(exchange_has_verb("renew"));
    assert_true(exchange_has_verb("revoke"));
    assert_true(exchange_has_verb("check"));
    assert_false(exchange_has_verb("Login"));
    assert_false(exchange_has_verb(""));
    assert_int_equal(exchange_run("logout", -1, -1), -EINVAL);
}

static void
a_verb_must_be_that_of_the_request(void **state UNUSED)
{
    static const enum kind kinds[] = {KIND_LOGIN,  KIND_RENEW,
                                      KIND_REVOKE, KIND_CHECK,
                                      KIND_STORED, KIND_REFRESH_STORED};
    static const char *const verbs[] = {"login", "renew", "revoke", "check"};
    struct play play;
    size_t i, j;

    for (i = 0; i < ARRAY_LEN(verbs); i++) {
        for (j = 0; j < ARRAY_LEN(kinds); j++) {
            if (i == j)
                continue;
            play_begin(&play, verbs[i]);
            play_say_kind(&play, kinds[j]);
            assert_int_equal(play_end(&play), -EBADMSG);
        }
    }
}

static void
no_request_and_garbage_are_not_served(void **state UNUSED)
{
    struct play play;

    play_begin(&play, "renew");
    assert_int_equal(play_end(&play), -ENODATA);
    play_begin(&play, "renew");
    assert_int_equal(write_full(play.to, "GET / HTTP/1.1\r\n\r\n", 18), 0);
    assert_true(play_end(&play) < 0);
}

static void
damaged_settings_are_said_to_be_damaged(void **state UNUSED)
{
    struct message result = {0};
    struct play play;

    ask(&play, "{\"issuer\":\"x\"}");
    play_hear(&play, KIND_RESULT, &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "misconfigured");
    assert_string_equal(
        message_text(&result, FIELD_REASON),
        "the settings of this session are damaged; log out and in again");
    assert_int_equal(play_end(&play), 0);
    message_clear(&result);
}

/* Renew, and hang up without STORED when the result has come. */
static void
renew_and_leave(const char *settings)
{
    struct message result = {0};
    struct play play;

    ask(&play, settings);
    play_hear(&play, KIND_RESULT, &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "ok");
    assert_int_equal(play_end(&play), 0); /* it was delivered */
    message_clear(&result);
}

static void
what_nobody_stored_is_revoked(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 200, ROTATED, NULL}, {"/r", 200, NULL, NULL},
        {"/r", 200, NULL, NULL},    {"/t", 200, PLAIN, NULL},
        {"/r", 200, NULL, NULL},
    };

    fakeprovider_start(answers, ARRAY_LEN(answers));
    renew_and_leave(SETTINGS("true"));
    assert_int_equal(fakeprovider_count(), 3);
    assert_request(1, "/r", FIRST);
    assert_request(2, "/r", SECOND);
    /* Without rotation the caller's refresh token is still its own. */
    renew_and_leave(SETTINGS("true"));
    assert_int_equal(fakeprovider_count(), 5);
    assert_request(4, "/r", SECOND);
}

static void
with_revoke_no_it_is_left_alone(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 200, ROTATED, NULL},
    };

    fakeprovider_start(answers, ARRAY_LEN(answers));
    renew_and_leave(SETTINGS("false"));
    assert_int_equal(fakeprovider_count(), 1);
}

/* Say all of it at once, or the exchange may be gone before the last word. */
static void
say_kinds(struct play *play, const enum kind *kinds, size_t count)
{
    struct secret wire = {0};
    size_t i;

    for (i = 0; i < count && kinds[i] != KIND_NONE; i++) {
        const struct message message = {.kind = kinds[i]};

        assert_int_equal(message_encode(&message, &wire), 0);
    }
    assert_int_equal(write_full(play->to, wire.data, wire.len), 0);
    secret_clear(&wire);
}

static void
what_the_helper_has_not_stored_is_revoked_and_nothing_else(void **state UNUSED)
{
    enum { NEITHER, ACCESS, BOTH };
    static const struct {
        enum kind said[3];
        const char *tokens;
        int revoked;
    } cases[] = {
        {{KIND_STORED}, ROTATED, NEITHER},
        {{KIND_REFRESH_STORED, KIND_STORED}, ROTATED, NEITHER},
        {{KIND_STORED, KIND_REFRESH_STORED}, ROTATED, NEITHER},
        /* It has put away the refresh token, and then it was killed. */
        {{KIND_REFRESH_STORED}, ROTATED, ACCESS},
        {{KIND_REFRESH_STORED, KIND_REFRESH_STORED}, ROTATED, ACCESS},
        {{KIND_REFRESH_STORED, KIND_REFRESH_STORED, KIND_STORED},
         ROTATED,
         ACCESS},
        {{KIND_REFRESH_STORED, KIND_GO}, ROTATED, ACCESS},
        {{KIND_NONE}, ROTATED, BOTH},
        {{KIND_GO}, ROTATED, BOTH},
        {{KIND_GO, KIND_REFRESH_STORED, KIND_STORED}, ROTATED, BOTH},
        /* There was no new one. */
        {{KIND_REFRESH_STORED, KIND_STORED}, PLAIN, NEITHER},
        {{KIND_REFRESH_STORED}, PLAIN, ACCESS},
        {{KIND_NONE}, PLAIN, ACCESS},
    };
    struct message result = {0};
    struct play play;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        const struct fake_answer answers[] = {
            {"/t", 200, cases[i].tokens, NULL},
            {"/r", 200, NULL, NULL},
            {"/r", 200, NULL, NULL},
        };
        int revoked = cases[i].revoked;

        fakeprovider_start(answers, ARRAY_LEN(answers));
        ask(&play, SETTINGS("true"));
        play_hear(&play, KIND_RESULT, &result);
        say_kinds(&play, cases[i].said, ARRAY_LEN(cases[i].said));
        assert_int_equal(play_end(&play), 0);
        assert_int_equal(fakeprovider_count(), 1 + revoked);
        if (revoked == BOTH)
            assert_request(1, "/r", FIRST);
        if (revoked != NEITHER)
            assert_request((size_t) revoked, "/r", SECOND);
        fakeprovider_stop();
    }
    message_clear(&result);
}

static void
a_result_that_nobody_hears_is_revoked(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 200, ROTATED, NULL},
        {"/r", 200, NULL, NULL},
        {"/r", 200, NULL, NULL},
    };
    struct play play;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    play_begin(&play, "renew");
    fd_close(&play.from);
    say(&play, SETTINGS("true"));
    assert_int_equal(play_end(&play), -EPIPE);
    assert_int_equal(fakeprovider_count(), 3);
    assert_request(1, "/r", FIRST);
    assert_request(2, "/r", SECOND);
}

static void
a_renewal_leaves_no_secret_behind(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 400, NULL, NULL},
    };
    struct message result = {0};
    struct play play;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    wiped_begin(
        "CANARY-RT1"); /* curl gets it form-encoded, but that is equal */
    ask(&play, SETTINGS("true"));
    play_hear(&play, KIND_RESULT, &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "dead");
    message_clear(&result);
    assert_int_equal(play_end(&play), 0);
    assert_wiped();
}

/* ---- what a provider repeats --------------------------------------------- */

/* No secret is like another one, nor in the words of ours. */
#define AT       "CANARY-access-token-0123456789"
#define RT       "CANARX-refresh-token-0123456789"
#define SECRET   "CANARZ-client-secret-0123456789"
#define PASSWORD "CANARW-password-0123456789"
#define ISSUED                                                                 \
    "{\"access_token\":\"" AT "\",\"token_type\":\"bearer\","                  \
    "\"refresh_token\":\"" RT "\",\"id_token\":\"$\"}"

#define WELL_KNOWN "/.well-known/openid-configuration"

/* Play a login until its result, by password and with the client's secret. */
static void
log_in(struct play *play, struct message *result)
{
    struct message message = {.kind = KIND_LOGIN};
    char *config = fakeprovider_expand(
        "[provider]\nissuer = @\nclient_id = c\ninsecure_http = yes\n"
        "client_secret_file = /s\nclient_auth = client_secret_post\n"
        "[login]\ngrant = password\nusername_claim = name\n"
        "claims_from = id_token userinfo\n");

    play_begin(play, "login");
    set(&message, FIELD_CONFIG, config);
    set(&message, FIELD_PATH, "/etc/oidc.conf");
    set(&message, FIELD_USER, "alice");
    set(&message, FIELD_UID, "1000");
    play_say(play, &message);
    play_hear(play, KIND_NEED_FILES, &message);
    message_clear(&message);
    message.kind = KIND_FILES;
    set(&message, FIELD_FILE, SECRET);
    play_say(play, &message);
    play_hear(play, KIND_NEED_PASSWORD, &message);
    message_clear(&message);
    message.kind = KIND_PASSWORD;
    set(&message, FIELD_PASSWORD, PASSWORD);
    play_say(play, &message);
    play_hear(play, KIND_RESULT, result);
    free(config);
}

static void
assert_hidden(const struct message *result)
{
    static const char *const words[] = {"CANARY", "CANARX", "CANARZ", "CANARW"};
    static const enum field fields[] = {FIELD_REASON, FIELD_NOTICE};
    size_t i, j;

    for (i = 0; i < ARRAY_LEN(fields); i++)
        for (j = 0; j < ARRAY_LEN(words); j++)
            if (strstr(message_text(result, fields[i]), words[j]) != NULL)
                fail_msg("%s", message_text(result, fields[i]));
}

/* A text with each ~ replaced by another one, to be freed; NULL for NULL. */
static char *
fill_in(const char *text, const char *with)
{
    char *out = NULL;
    size_t size = 0;
    FILE *file;

    if (text == NULL)
        return NULL;
    file = open_memstream(&out, &size);
    assert_non_null(file);
    for (; *text != '\0'; text++)
        if (*text == '~')
            (void) fputs(with, file);
        else
            (void) fputc(*text, file);
    (void) fclose(file);
    return out;
}

/* What a provider says, with a ~ where it repeats a secret. */
struct saying {
    const char *claims;   /* of the ID token, without NAMES */
    const char *userinfo; /* what is not said here is good */
    const char *refused;  /* by the token endpoint */
    const char *left;     /* by the revocation endpoint */
};

static void
assert_not_repeated(const struct saying *saying, const char *secret)
{
    char *claims = fill_in(saying->claims, secret);
    char *userinfo = fill_in(saying->userinfo, secret);
    char *refused = fill_in(saying->refused, secret);
    char *left = fill_in(saying->left, secret);
    const struct fake_answer answers[] = {
        {WELL_KNOWN, 200,
         "{\"issuer\":\"@\",\"token_endpoint\":\"@/t\",\"jwks_uri\":\"@/k\","
         "\"userinfo_endpoint\":\"@/u\",\"revocation_endpoint\":\"@/r\"}",
         NULL},
        {"/t", refused != NULL ? 400 : 200, refused != NULL ? refused : ISSUED,
         NULL},
        {"/k", 200, "^", NULL},
        {"/u", 200, userinfo, NULL},
        {"/r", left != NULL ? 503 : 200, left, NULL},
        {"/r", left != NULL ? 503 : 200, left, NULL},
    };
    struct message result = {0};
    struct play play;

    fakeprovider_claims(claims);
    fakeprovider_start(answers, ARRAY_LEN(answers));
    log_in(&play, &result);
    assert_string_not_equal(message_text(&result, FIELD_OUTCOME), "ok");
    assert_true(message_has(&result, FIELD_REASON));
    assert_true(message_has(&result, FIELD_NOTICE));
    assert_hidden(&result);
    assert_int_equal(play_end(&play), 0);
    fakeprovider_stop();
    message_clear(&result);
    free(claims);
    free(userinfo);
    free(refused);
    free(left);
}

static void
what_a_provider_repeats_is_in_no_reason_and_no_notice(void **state UNUSED)
{
#define ID(claims)                                                             \
    "{" claims ",\"aud\":\"c\",\"iat\":1700000000,\"exp\":4102444800}"
#define US "\"iss\":\"@\",\"sub\":\"s\""
    static const struct saying sayings[] = {
        {.claims = ID("\"iss\":\"~\",\"sub\":\"s\"")},
        {.claims = ID(US ",\"name\":\"~\""), .userinfo = "{\"sub\":\"s\"}"},
        {.claims = ID(US ",\"azp\":\"~\"")},
        {.claims = ID("\"iss\":\"@\",\"sub\":\"~\""),
         .userinfo = "{\"sub\":\"s\"}"},
        {.claims = ID(US), .userinfo = "{\"sub\":\"~\"}"},
        {.claims = ID(US), .userinfo = "{\"sub\":\"s\",\"name\":\"~\"}"},
        {.claims = ID(US), .userinfo = "{\"error\":\"~\"}"},
        {.claims = ID(US),
         .userinfo = "{\"error\":\"e\",\"error_description\":\"of ~\"}"},
        {.claims = ID(US ",\"name\":\"bob\""),
         .userinfo = "{\"sub\":\"s\"}",
         .left = "{\"error\":\"e\",\"error_description\":\"of ~\"}"},
    };
    static const struct saying refusal = {
        .claims = "{}",
        .refused = "{\"error\":\"e\",\"error_description\":\"of ~\"}",
    };
    static const char *const secrets[] = {AT, RT, SECRET};
    size_t i, j;

    for (i = 0; i < ARRAY_LEN(sayings); i++)
        for (j = 0; j < ARRAY_LEN(secrets); j++)
            assert_not_repeated(&sayings[i], secrets[j]);
    assert_not_repeated(&refusal, SECRET);
    assert_not_repeated(&refusal, PASSWORD);
}

static void
a_renewal_repeats_no_token_either(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 400, "{\"error\":\"e\",\"error_description\":\"of CANARY-RT1\"}",
         NULL},
    };
    struct message result = {0};
    struct play play;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    ask(&play, SETTINGS("true"));
    play_hear(&play, KIND_RESULT, &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "dead");
    assert_hidden(&result);
    assert_int_equal(play_end(&play), 0);
    message_clear(&result);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(there_are_four_verbs),
        TEST(a_verb_must_be_that_of_the_request),
        TEST(no_request_and_garbage_are_not_served),
        TEST(damaged_settings_are_said_to_be_damaged),
        TEST(what_nobody_stored_is_revoked),
        TEST(with_revoke_no_it_is_left_alone),
        TEST(what_the_helper_has_not_stored_is_revoked_and_nothing_else),
        TEST(a_result_that_nobody_hears_is_revoked),
        TEST(a_renewal_leaves_no_secret_behind),
        TEST(what_a_provider_repeats_is_in_no_reason_and_no_notice),
        TEST(a_renewal_repeats_no_token_either),
    };
    int failed;

    json_init();
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* as main() does */
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    signer_free();
    return failed;
}
