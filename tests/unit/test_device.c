/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "helper/exchange/device.h"
#include "helper/exchange/json.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

/* ---- the response -------------------------------------------------------- */

static int
parse(const char *text, struct device *out, struct problem *problem)
{
    cJSON *json = NULL;
    int r;

    if (json_parse(text, strlen(text), &json) < 0)
        fail_msg("not parsed: %s", text);
    r = device_parse(json, false, out, problem);
    cJSON_Delete(json);
    return r;
}

#define RESPONSE(more)                                                         \
    "{\"device_code\":\"DC\",\"user_code\":\"AB-CD\","                         \
    "\"verification_uri\":\"https://h/d\"" more "}"

static void
a_response_is_taken_with_all_it_has(void **state UNUSED)
{
    struct problem problem = {0};
    struct device device = {0};

    assert_int_equal(
        parse(RESPONSE(",\"verification_uri_complete\":\"https://h/d?c=AB-CD\","
                       "\"expires_in\":900,\"interval\":7"),
              &device, &problem),
        0);
    assert_string_equal(secret_text(&device.code), "DC");
    assert_string_equal(device.user_code, "AB-CD");
    assert_string_equal(device.uri, "https://h/d");
    assert_string_equal(device.uri_complete, "https://h/d?c=AB-CD");
    assert_int_equal(device.expires_in, 900);
    assert_int_equal(device.interval, 7);
    device_clear(&device);
    device_clear(&device); /* a second time is right, too */
}

static void
times_have_defaults_and_limits(void **state UNUSED)
{
    static const struct {
        const char *text;
        int64_t expires_in, interval;
    } cases[] = {
        {RESPONSE(""), 300, 5},
        {RESPONSE(",\"expires_in\":60"), 60, 5},
        {RESPONSE(",\"expires_in\":\"60\",\"interval\":\"2\""), 60, 2},
        {RESPONSE(",\"expires_in\":0,\"interval\":0"), 300, 5},
        {RESPONSE(",\"expires_in\":-1,\"interval\":-1"), 300, 5},
        {RESPONSE(",\"expires_in\":\"x\",\"interval\":[]"), 300, 5},
        {RESPONSE(",\"interval\":0.5"), 300, 5},
        {RESPONSE(",\"interval\":1e9"), 300, 3600},
        {RESPONSE(",\"expires_in\":1e300"), JSON_SECONDS_MAX, 5},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        struct device device = {0};

        assert_int_equal(parse(cases[i].text, &device, &problem), 0);
        assert_int_equal(device.expires_in, cases[i].expires_in);
        assert_int_equal(device.interval, cases[i].interval);
        assert_null(device.uri_complete);
        device_clear(&device);
    }
}

static void
the_address_has_another_name_at_google(void **state UNUSED)
{
    struct problem problem = {0};
    struct device device = {0};

    assert_int_equal(
        parse("{\"device_code\":\"DC\",\"user_code\":\"AB CD\","
              "\"verification_url\":\"https://www.google.com/device\"}",
              &device, &problem),
        0);
    assert_string_equal(device.uri, "https://www.google.com/device");
    assert_string_equal(device.user_code, "AB CD");
    device_clear(&device);
}

static void
a_response_that_cannot_be_shown_is_refused(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *what;
    } cases[] = {
        {"{}", "device_code"},
        {"{\"device_code\":\"\",\"user_code\":\"A\","
         "\"verification_uri\":\"https://h/\"}",
         "device_code"},
        {"{\"device_code\":1,\"user_code\":\"A\","
         "\"verification_uri\":\"https://h/\"}",
         "device_code"},
        {"{\"device_code\":\"DC\",\"verification_uri\":\"https://h/\"}",
         "user_code"},
        {"{\"device_code\":\"DC\",\"user_code\":\"A\\u001b[2J\","
         "\"verification_uri\":\"https://h/\"}",
         "user_code"},
        {"{\"device_code\":\"DC\",\"user_code\":\"A\\nB\","
         "\"verification_uri\":\"https://h/\"}",
         "user_code"},
        {"{\"device_code\":\"DC\",\"user_code\":\"\xc3\xa4\","
         "\"verification_uri\":\"https://h/\"}",
         "user_code"},
        {"{\"device_code\":\"DC\",\"user_code\":\" A\","
         "\"verification_uri\":\"https://h/\"}",
         "user_code"},
        {"{\"device_code\":\"DC\",\"user_code\":\"12345678901234567890123456789"
         "012345678901234567890123456789012345\",\"verification_uri\":"
         "\"https://h/\"}",
         "user_code"},
        {"{\"device_code\":\"DC\",\"user_code\":\"A\"}", "verification_uri"},
        {"{\"device_code\":\"DC\",\"user_code\":\"A\","
         "\"verification_uri\":\"http://h/\"}",
         "verification_uri"},
        {"{\"device_code\":\"DC\",\"user_code\":\"A\","
         "\"verification_uri\":\"javascript:alert(1)\"}",
         "verification_uri"},
        {"{\"device_code\":\"DC\",\"user_code\":\"A\","
         "\"verification_uri\":\"https://h/\\u202e\"}",
         "verification_uri"},
        {RESPONSE(",\"verification_uri_complete\":\"http://h/\""),
         "verification_uri_complete"},
    };
    char expected[128];
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        struct device device = {0};

        if (parse(cases[i].text, &device, &problem) != -EPROTO)
            fail_msg("taken: %s", cases[i].text);
        (void) snprintf(expected, sizeof(expected),
                        "the device authorization response has no usable %s",
                        cases[i].what);
        assert_string_equal(problem.reason, expected);
        assert_int_equal(problem.outcome, OUTCOME_MISCONFIGURED);
        device_clear(&device);
    }
}

static void
the_code_is_wiped(void **state UNUSED)
{
    struct problem problem = {0};
    struct device device = {0};

    wiped_begin("CANARY");
    assert_int_equal(parse("{\"device_code\":\"CANARY\",\"user_code\":\"A\","
                           "\"verification_uri\":\"https://h/\"}",
                           &device, &problem),
                     0);
    device_clear(&device);
    assert_wiped();
}

/* ---- polling, without a clock -------------------------------------------- */

static void
each_answer_is_a_step(void **state UNUSED)
{
    static const struct {
        struct oauth_answer answer;
        enum device_step step;
    } cases[] = {
        {{.status = 200, .json = true}, DEVICE_DONE},
        {{.status = 400, .json = true, .error = "authorization_pending"},
         DEVICE_PENDING},
        {{.status = 428, .json = true, .error = "authorization_pending"},
         DEVICE_PENDING},
        {{.status = 200, .json = true, .error = "authorization_pending"},
         DEVICE_PENDING},
        {{.status = 400, .json = true, .error = "slow_down"}, DEVICE_SLOW_DOWN},
        {{.status = 429, .json = true, .error = "slow_down"}, DEVICE_SLOW_DOWN},
        {{.code = CURLE_COULDNT_CONNECT}, DEVICE_UNANSWERED},
        {{.code = CURLE_OPERATION_TIMEDOUT, .sent = true}, DEVICE_UNANSWERED},
        {{.code = CURLE_PEER_FAILED_VERIFICATION}, DEVICE_FINAL},
        {{.status = 429}, DEVICE_BUSY},
        {{.status = 429, .json = true, .error = "rate_limited"}, DEVICE_BUSY},
        {{.status = 429, .json = true, .error = "server_error"}, DEVICE_BUSY},
        {{.status = 500}, DEVICE_BUSY},
        {{.status = 503, .json = true, .error = "temporarily_unavailable"},
         DEVICE_BUSY},
        {{.status = 200}, DEVICE_BUSY}, /* a captive portal */
        {{.status = 400}, DEVICE_FINAL},
        {{.status = 404}, DEVICE_FINAL},
        {{.status = 302}, DEVICE_FINAL},
        {{.status = 400, .json = true, .error = "access_denied"}, DEVICE_FINAL},
        {{.status = 400, .json = true, .error = "expired_token"}, DEVICE_FINAL},
        {{.status = 400, .json = true, .error = "invalid_grant"}, DEVICE_FINAL},
        {{.status = 401, .json = true, .error = "invalid_client"},
         DEVICE_FINAL},
        {{.status = 400, .json = true, .error = "server_error"}, DEVICE_FINAL},
        {{.status = 400, .json = true, .error = "some_error"}, DEVICE_FINAL},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct client_reply reply = {.answer = cases[i].answer};

        reply.outcome = oauth_classify(&reply.answer);
        if (device_step(&reply) != cases[i].step)
            fail_msg("%d %ld %s: %d", (int) reply.answer.code,
                     reply.answer.status, reply.answer.error,
                     (int) device_step(&reply));
    }
}

static void
each_step_has_its_pause(void **state UNUSED)
{
    static const struct {
        enum device_step step;
        int64_t retry_after, interval; /* before */
        int64_t pause, after;
    } cases[] = {
        {DEVICE_PENDING, 0, 5, 5, 5},       {DEVICE_SLOW_DOWN, 0, 5, 10, 10},
        {DEVICE_SLOW_DOWN, 0, 10, 15, 15},  {DEVICE_SLOW_DOWN, 60, 5, 60, 10},
        {DEVICE_UNANSWERED, 0, 5, 10, 10},  {DEVICE_UNANSWERED, 0, 20, 40, 40},
        {DEVICE_UNANSWERED, 0, 40, 60, 60}, {DEVICE_UNANSWERED, 0, 60, 60, 60},
        {DEVICE_UNANSWERED, 0, 90, 90, 90}, /* never faster than asked */
        {DEVICE_BUSY, 0, 5, 5, 5},          {DEVICE_BUSY, 30, 5, 30, 5},
        {DEVICE_BUSY, 2, 5, 5, 5},
    };
    int64_t interval;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        interval = cases[i].interval;
        assert_int_equal(
            device_pause(cases[i].step, cases[i].retry_after, &interval),
            cases[i].pause);
        assert_int_equal(interval, cases[i].after);
    }
}

/* ---- all of it, with a provider ------------------------------------------ */

/* A device grant with a caller that says nothing, and what it was shown. */
struct game {
    int to, from;
    struct caller caller;
    struct settings settings;
    struct token token;
    struct problem problem;
    struct message prompt;
    struct device_deadline deadline;
    enum qr_when qr;
};

static int
setup(void **state)
{
    static struct game game;
    int to[2], from[2];

    if (pipe2(to, O_CLOEXEC) == -1 || pipe2(from, O_CLOEXEC) == -1)
        return -1;
    game = (struct game){
        .to = to[1],
        .from = from[0],
        .caller = {.in = to[0], .out = from[1]},
    };
    *state = &game;
    return 0;
}

static int
teardown(void **state)
{
    struct game *game = *state;

    fakeprovider_stop();
    fd_close(&game->to);
    fd_close(&game->from);
    fd_close(&game->caller.in);
    fd_close(&game->caller.out);
    caller_clear(&game->caller);
    settings_clear(&game->settings);
    token_clear(&game->token);
    message_clear(&game->prompt);
    return 0;
}

static int
play(struct game *game)
{
    struct client client = {.settings = &game->settings};
    struct secret buf = {0};
    struct http http = {0};
    int r;

    client.http = &http;
    game->settings = (struct settings){
        .client_id = strdup("c"),
        .audience = strdup("a"),
        .resource = strdup("r1 r2"),
        .timeout = 1,
        .insecure_http = true,
        .token_endpoint = strdup(fakeprovider_url("/t")),
        .device_authorization_endpoint = strdup(fakeprovider_url("/d")),
    };
    assert_int_equal(http_open(&http, &game->settings), 0);
    r = device_run(&client, "openid x", game->qr, &game->deadline,
                   &game->caller, &game->token, &game->problem);
    http_close(&http);
    (void) !message_wait(game->from, &buf, 0, &game->prompt); /* if any */
    secret_clear(&buf);
    return r;
}

#define CODE                                                                   \
    "{\"device_code\":\"DC+\",\"user_code\":\"AB-CD\","                        \
    "\"verification_uri\":\"@/v\",\"interval\":1,\"expires_in\":"
#define TOKENS                                                                 \
    "{\"access_token\":\"AT\",\"token_type\":\"bearer\",\"expires_in\":60}"
#define PENDING "{\"error\":\"authorization_pending\"}"
#define POLL                                                                   \
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&"       \
    "device_code=DC%2B&resource=r1&resource=r2&client_id=c"

static void
the_code_is_shown_and_polled_until_it_is_approved(void **state)
{
    static const struct fake_answer answers[] = {
        {"/d", 200, CODE "60}", NULL},
        {"/t", 400, PENDING, NULL},
        {"/t", 428, PENDING, NULL},
        {"/t", 200, TOKENS, NULL},
    };
    struct game *game = *state;
    time_t begin = time(NULL);

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(play(game), 0);
    assert_string_equal(secret_text(&game->token.access), "AT");
    /* Measured from the last request, not from the first. */
    assert_in_range(game->token.expires_at, begin + 62, time(NULL) + 60);
    assert_int_equal(game->prompt.kind, KIND_PROMPT);
    assert_string_equal(message_text(&game->prompt, FIELD_USER_CODE), "AB-CD");
    assert_string_equal(message_text(&game->prompt, FIELD_VERIFICATION_URI),
                        fakeprovider_url("/v"));
    assert_string_equal(message_text(&game->prompt, FIELD_EXPIRES_IN), "60");
    assert_false(message_has(&game->prompt, FIELD_VERIFICATION_URI_COMPLETE));
    assert_int_equal(fakeprovider_count(), 4);
    assert_request(0, "/d",
                   "scope=openid%20x&audience=a&resource=r1&resource=r2&"
                   "client_id=c");
    assert_request(1, "/t", POLL);
    assert_request(2, "/t", POLL);
    assert_request(3, "/t", POLL);
}

static void
play_for_a_prompt(struct game *game, enum qr_when qr, const char *complete)
{
    static char body[1024];
    struct fake_answer answers[] = {{"/d", 200, body, NULL}};

    (void) snprintf(body, sizeof(body),
                    CODE "60,\"verification_uri_complete\":\"%s\"}", complete);
    game->qr = qr;
    fakeprovider_start(answers, ARRAY_LEN(answers));
    fd_close(&game->to); /* nobody waits for the tokens */
    assert_int_equal(play(game), -ENODATA);
    assert_int_equal(game->prompt.kind, KIND_PROMPT);
}

#ifdef HAVE_QRENCODE
static void
the_qr_code_is_that_of_the_page_with_the_code(void **state)
{
    static const char page[] = "https://idp.example/v?user_code=AB-CD";
    struct secret modules = {0};
    struct game *game = *state;

    play_for_a_prompt(game, QR_AUTO, page);
    assert_int_equal(qrcode_encode(page, 37, &modules), 0);
    assert_string_equal(message_text(&game->prompt, FIELD_QR),
                        secret_text(&modules));
    assert_string_equal(message_text(&game->prompt, FIELD_QR_WHEN), "auto");
    secret_clear(&modules);
}

/* 107 octets are one too many for a screen of 24 lines. */
#define PAGE_107                                                               \
    "https://idp.example/v?user_code=AB-CD&"                                   \
    "x=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void
one_that_is_higher_than_a_screen_must_be_asked_for(void **state)
{
    struct game *game = *state;

    assert_int_equal(strlen(PAGE_107), 107);
    play_for_a_prompt(game, QR_AUTO, PAGE_107);
    assert_false(message_has(&game->prompt, FIELD_QR));
    assert_false(message_has(&game->prompt, FIELD_QR_WHEN));
    assert_true(message_has(&game->prompt, FIELD_VERIFICATION_URI_COMPLETE));
}

static void
one_that_was_asked_for_may_be_higher_than_a_screen(void **state)
{
    struct game *game = *state;

    play_for_a_prompt(game, QR_YES, PAGE_107);
    assert_int_equal(game->prompt.field[FIELD_QR].len, 41 * 41);
    assert_string_equal(message_text(&game->prompt, FIELD_QR_WHEN), "yes");
}
#endif

static void
there_is_no_qr_code_if_nobody_wants_one(void **state)
{
    struct game *game = *state;

    play_for_a_prompt(game, QR_NO, "https://idp.example/v?user_code=AB-CD");
    assert_false(message_has(&game->prompt, FIELD_QR));
    assert_false(message_has(&game->prompt, FIELD_QR_WHEN));
}

static void
trouble_on_the_way_does_not_end_it(void **state)
{
    static const struct fake_answer answers[] = {
        {"/d", 200, CODE "60}", NULL},
        {"/t", 503, NULL, NULL},
        {"/t", 200, "<html>", NULL},
        {"/t", FAKE_SILENCE, NULL, NULL}, /* 1 s, and then 2 s instead of 1 */
        {"/t", 200, TOKENS, NULL},
    };
    struct game *game = *state;
    time_t begin = time(NULL);

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(play(game), 0);
    assert_string_equal(secret_text(&game->token.access), "AT");
    assert_true(time(NULL) - begin >= 5);
    assert_int_equal(fakeprovider_count(), 5);
}

static void
a_final_answer_ends_it(void **state)
{
    static const struct fake_answer answers[] = {
        {"/d", 200, CODE "60}", NULL},
        {"/t", 400, "{\"error\":\"access_denied\"}", NULL},
    };
    struct game *game = *state;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(play(game), -EPROTO);
    assert_int_equal(game->problem.outcome, OUTCOME_DEAD);
    assert_non_null(strstr(game->problem.reason, "400 access_denied"));
    assert_true(token_is_empty(&game->token));
    assert_int_equal(fakeprovider_count(), 2);
}

static void
a_code_expires_here_if_the_provider_does_not_say_so(void **state)
{
    static const struct fake_answer answers[] = {
        {"/d", 200, CODE "2}", NULL},
        {"/t", 400, PENDING, NULL},
        {"/t", 400, PENDING, NULL},
        {"/t", 400, PENDING, NULL},
    };
    struct game *game = *state;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(play(game), -EPROTO);
    assert_int_equal(game->problem.outcome, OUTCOME_EXPIRED);
    assert_string_equal(game->problem.reason,
                        "nobody approved the login within 2 s");
    assert_in_range(fakeprovider_count(), 2, 3);
}

static void
the_deadline_ends_it_before_the_code_does(void **state)
{
    static const struct fake_answer answers[] = {
        {"/d", 200, CODE "60}", NULL},
        {"/t", 400, PENDING, NULL},
        {"/t", 400, PENDING, NULL},
        {"/t", 400, PENDING, NULL},
    };
    struct game *game = *state;

    game->deadline = device_deadline(2);
    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(play(game), -EPROTO);
    assert_int_equal(game->problem.outcome, OUTCOME_EXPIRED);
    assert_string_equal(game->problem.reason,
                        "nobody approved the login within 2 s (deadline)");
    assert_in_range(fakeprovider_count(), 2, 3);
}

static void
a_code_that_comes_after_the_deadline_is_not_shown(void **state)
{
    static const struct fake_answer answers[] = {
        {"/d", 200, CODE "60}", NULL},
    };
    struct game *game = *state;

    game->deadline = device_deadline(1);
    game->deadline.end -= 1;
    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(play(game), -EPROTO);
    assert_int_equal(game->problem.outcome, OUTCOME_EXPIRED);
    assert_int_equal(game->prompt.kind, KIND_NONE);
    assert_int_equal(fakeprovider_count(), 1);
}

static void
a_refused_authorization_shows_nothing(void **state)
{
    static const struct fake_answer answers[] = {
        {"/d", 400, "{\"error\":\"invalid_scope\"}", NULL},
    };
    struct game *game = *state;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(play(game), -EPROTO);
    assert_int_equal(game->problem.outcome, OUTCOME_MISCONFIGURED);
    assert_non_null(strstr(game->problem.reason,
                           "the device authorization endpoint at 127.0.0.1:"));
    assert_int_equal(game->prompt.kind, KIND_NONE);
    assert_int_equal(fakeprovider_count(), 1);
}

static void
a_caller_that_hangs_up_ends_it_before_the_next_poll(void **state)
{
    static const struct fake_answer answers[] = {
        {"/d", 200, CODE "60}", NULL},
    };
    struct game *game = *state;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    fd_close(&game->to);
    assert_int_equal(play(game), -ENODATA);
    assert_int_equal(game->prompt.kind, KIND_PROMPT);
    assert_int_equal(fakeprovider_count(), 1);
}

int
main(void)
{
#define LIVE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_is_taken_with_all_it_has),
        cmocka_unit_test(times_have_defaults_and_limits),
        cmocka_unit_test(the_address_has_another_name_at_google),
        cmocka_unit_test(a_response_that_cannot_be_shown_is_refused),
        cmocka_unit_test(the_code_is_wiped),
        cmocka_unit_test(each_answer_is_a_step),
        cmocka_unit_test(each_step_has_its_pause),
        LIVE(the_code_is_shown_and_polled_until_it_is_approved),
#ifdef HAVE_QRENCODE
        LIVE(the_qr_code_is_that_of_the_page_with_the_code),
        LIVE(one_that_is_higher_than_a_screen_must_be_asked_for),
        LIVE(one_that_was_asked_for_may_be_higher_than_a_screen),
#endif
        LIVE(there_is_no_qr_code_if_nobody_wants_one),
        LIVE(trouble_on_the_way_does_not_end_it),
        LIVE(a_final_answer_ends_it),
        LIVE(a_code_expires_here_if_the_provider_does_not_say_so),
        LIVE(the_deadline_ends_it_before_the_code_does),
        LIVE(a_code_that_comes_after_the_deadline_is_not_shown),
        LIVE(a_refused_authorization_shows_nothing),
        LIVE(a_caller_that_hangs_up_ends_it_before_the_next_poll),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
