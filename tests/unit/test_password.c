/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/io.h"
#include "helper/exchange/json.h"
#include "helper/exchange/password.h"
#include "tests/lib/fakecaller.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

struct game {
    struct token token;
    struct problem problem;
};

/* The grant with a caller that gives this password, or none. */
static int
play(const char *password, struct game *game)
{
    struct settings settings = {
        .client_id = strdup("c"),
        .audience = strdup("a"),
        .resource = strdup("r1 r2"),
        .timeout = 2,
        .insecure_http = true,
        .token_endpoint = strdup(fakeprovider_url("/t")),
    };
    struct message answer = {.kind = KIND_PASSWORD}, asked = {0};
    struct secret buf = {0};
    struct http http = {0};
    struct client client = {.http = &http, .settings = &settings};
    struct caller caller;
    int to[2], from[2], r;

    *game = (struct game){0};
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    caller = (struct caller){.in = to[0], .out = from[1]};
    if (password != NULL)
        set(&answer, FIELD_PASSWORD, password);
    assert_int_equal(message_send(to[1], &answer), 0);
    message_clear(&answer);
    assert_int_equal(http_open(&http, &settings), 0);
    r = password_run(&client, "openid x", "al&ice", &caller, &game->token,
                     &game->problem);
    assert_int_equal(message_wait(from[0], &buf, 0, &asked), 0);
    assert_int_equal(asked.kind, KIND_NEED_PASSWORD);
    message_clear(&asked);
    secret_clear(&buf);
    http_close(&http);
    caller_clear(&caller);
    settings_clear(&settings);
    fd_close(&to[0]);
    fd_close(&to[1]);
    fd_close(&from[0]);
    fd_close(&from[1]);
    if (r < 0)
        token_clear(&game->token); /* the password is in it also then */
    return r;
}

static int
teardown(void **state UNUSED)
{
    fakeprovider_stop();
    return 0;
}

static void
a_password_is_exchanged_for_tokens(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 200, "{\"access_token\":\"AT\",\"token_type\":\"bearer\"}",
         NULL},
    };
    struct game game;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(play("p w&=\xc3\xa4", &game), 0);
    assert_string_equal(secret_text(&game.token.access), "AT");
    assert_request(0, "/t",
                   "grant_type=password&username=al%26ice&"
                   "password=p%20w%26%3D%C3%A4&scope=openid%20x&audience=a&"
                   "resource=r1&resource=r2&client_id=c");
    token_clear(&game.token);
}

static void
no_password_is_not_tried(void **state UNUSED)
{
    struct game game;

    fakeprovider_start(NULL, 0);
    assert_int_equal(play(NULL, &game), -EPROTO);
    assert_int_equal(game.problem.outcome, OUTCOME_WRONG_PASSWORD);
    assert_int_equal(play("", &game), -EPROTO);
    assert_int_equal(game.problem.outcome, OUTCOME_WRONG_PASSWORD);
    assert_string_equal(game.problem.reason, "no password was given");
    assert_int_equal(fakeprovider_count(), 0);
}

static void
a_refusal_is_told_apart_from_a_failure(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 400, "{\"error\":\"invalid_grant\"}", NULL},
        {"/t", 500, "{\"error\":\"invalid_grant\"}", NULL},
        {"/t", 401, "{\"error\":\"invalid_client\"}", NULL},
        {"/t", 400, NULL, NULL},
        {"/t", 400,
         "{\"error\":\"invalid_request\",\"error_description\":\"CANARY-pw\"}",
         NULL},
    };
    static const struct {
        enum outcome outcome;
        const char *reason; /* part of it */
        const char *notice;
    } expected[ARRAY_LEN(answers)] = {
        {OUTCOME_WRONG_PASSWORD, "user name or password is wrong", ""},
        {OUTCOME_TRANSIENT, "the token endpoint at 127.0.0.1:", ""},
        {OUTCOME_MISCONFIGURED, "401 invalid_client", ""},
        {OUTCOME_DEAD, "400 without an error code", ""},
        {OUTCOME_MISCONFIGURED, "(not shown: it repeats a secret)", ""},
    };
    struct game game;
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        assert_int_equal(play("CANARY-pw", &game), -EPROTO);
        assert_int_equal(game.problem.outcome, expected[i].outcome);
        if (strstr(game.problem.reason, expected[i].reason) == NULL)
            fail_msg("%s", game.problem.reason);
        assert_string_equal(game.problem.notice, expected[i].notice);
        assert_true(token_is_empty(&game.token));
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_password_is_exchanged_for_tokens, teardown),
        cmocka_unit_test_teardown(no_password_is_not_tried, teardown),
        cmocka_unit_test_teardown(a_refusal_is_told_apart_from_a_failure,
                                  teardown),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
