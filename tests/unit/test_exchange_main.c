/* SPDX-License-Identifier: MIT */
/* The exchange's program as it was built, started as its callers start it. */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/message.h"
#include "tests/lib/fakecaller.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

#define EXIT_USAGE  100
#define EXIT_SYSTEM 111

#define PATIENCE 30000 /* ms: longer than any test */

static pid_t pid = -1;
static int to = -1, from = -1;
static struct secret buf;
static struct message message;

static int
teardown(void **state UNUSED)
{
    if (pid > 0) {
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
    }
    pid = -1;
    fd_close(&to);
    fd_close(&from);
    secret_clear(&buf);
    message_clear(&message);
    fakeprovider_stop();
    return 0;
}

static void
start(const char *const *arguments)
{
    /* It may not be traced, which a search for leaks would need. */
    static const char *const environment[] = {"ASAN_OPTIONS=detect_leaks=0",
                                              NULL};
    const char *argv[4] = {built_exchange};
    int in[2], out[2];
    size_t i;

    for (i = 0; arguments[i] != NULL; i++)
        argv[i + 1] = arguments[i];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close_range(3, ~0U, 0);
        execve(argv[0], (char *const *) (uintptr_t) argv,
               (char *const *) (uintptr_t) environment);
        _exit(1);
    }
    close(in[0]);
    close(out[1]);
    to = in[1];
    from = out[0];
}

/* Its exit status; -1 when it does not end within 15 s or by a signal. */
static int
exit_status(void)
{
    int status, i;

    for (i = 0; i < 1500; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            pid = -1;
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        usleep(10000);
    }
    return -1;
}

static void
hang_up(void)
{
    fd_close(&to);
    fd_close(&from);
}

#define SETTINGS                                                               \
    "{\"issuer\":\"@\",\"subject\":\"s\",\"client_id\":\"c\","                 \
    "\"client_auth\":\"none\",\"timeout\":2,\"insecure_http\":true,"           \
    "\"revoke\":true,\"token_endpoint\":\"@/t\","                              \
    "\"revocation_endpoint\":\"@/r\"}"

#define ROTATED                                                                \
    "{\"access_token\":\"AT2\",\"token_type\":\"bearer\","                     \
    "\"refresh_token\":\"RT2\"}"

/* Start it with this verb, and ask it for the same. */
static void
ask(const char *verb, enum kind kind)
{
    const char *const arguments[] = {verb, NULL};
    char *settings = fakeprovider_expand(SETTINGS);

    start(arguments);
    message.kind = kind;
    set(&message, FIELD_SETTINGS, settings);
    set(&message, FIELD_REFRESH_TOKEN, "RT1");
    assert_int_equal(message_send(to, &message), 0);
    message_clear(&message);
    free(settings);
}

/* Until the provider has got so many requests. */
static void
wait_for_request(size_t count)
{
    int i;

    for (i = 0; i < 1500 && fakeprovider_count() < count; i++)
        usleep(10000);
    assert_int_equal(fakeprovider_count(), count);
}

/* What a system that shuts down does to every process. */
static void
terminate(void)
{
    assert_int_equal(kill(pid, SIGTERM), 0);
    usleep(200000);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
}

static void
hear_result(const char *outcome)
{
    assert_int_equal(message_wait(from, &buf, PATIENCE, &message), 0);
    assert_int_equal(message.kind, KIND_RESULT);
    assert_string_equal(message_text(&message, FIELD_OUTCOME), outcome);
}

static void
one_known_verb_is_the_usage(void **state UNUSED)
{
    static const char *const usages[][3] = {
        {NULL},
        {"logout", NULL},
        {"", NULL},
        {"renew", "x", NULL},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(usages); i++) {
        start(usages[i]);
        assert_int_equal(exit_status(), EXIT_USAGE);
        hang_up();
    }
}

static void
a_caller_that_hangs_up_ends_it(void **state UNUSED)
{
    static const char *const verbs[][2] = {
        {"login", NULL}, {"renew", NULL}, {"revoke", NULL}, {"check", NULL}};
    size_t i;

    for (i = 0; i < ARRAY_LEN(verbs); i++) {
        start(verbs[i]);
        hang_up();
        assert_int_equal(exit_status(), EXIT_SYSTEM);
    }
}

/* The provider has rotated the refresh token, or not: nobody knows yet. */
static void
a_renewal_that_is_asked_to_end_hears_its_answer(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", FAKE_SILENCE, NULL, NULL},
    };
    time_t begun;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    begun = time(NULL);
    ask("renew", KIND_RENEW);
    wait_for_request(1);
    terminate();
    hear_result("ambiguous");
    assert_int_equal(exit_status(), 0);
    assert_true(time(NULL) - begun <= 15);
}

static void
a_renewal_that_is_asked_to_end_revokes_what_nobody_stores(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 200, ROTATED, NULL},
        {"/r", 200, NULL, NULL},
        {"/r", 200, NULL, NULL},
    };

    fakeprovider_start(answers, ARRAY_LEN(answers));
    ask("renew", KIND_RENEW);
    hear_result("ok");
    terminate();
    hang_up(); /* its caller was asked to end, too */
    assert_int_equal(exit_status(), 0);
    assert_int_equal(fakeprovider_count(), 3);
    assert_request(1, "/r",
                   "token=RT2&token_type_hint=refresh_token&client_id=c");
    assert_request(2, "/r",
                   "token=AT2&token_type_hint=access_token&client_id=c");
}

static void
a_renewal_that_is_asked_to_end_can_be_stored(void **state UNUSED)
{
    static const struct fake_answer answers[] = {{"/t", 200, ROTATED, NULL}};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    ask("renew", KIND_RENEW);
    hear_result("ok");
    terminate();
    assert_int_equal(message_send_kind(to, KIND_REFRESH_STORED), 0);
    assert_int_equal(message_send_kind(to, KIND_STORED), 0);
    assert_int_equal(exit_status(), 0);
    assert_int_equal(fakeprovider_count(), 1);
}

static void
a_revocation_that_is_asked_to_end_ends_by_itself(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/r", FAKE_SILENCE, NULL, NULL},
    };
    time_t begun;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    begun = time(NULL);
    ask("revoke", KIND_REVOKE);
    wait_for_request(1);
    terminate();
    hear_result("transient");
    assert_int_equal(exit_status(), 0);
    assert_true(time(NULL) - begun <= 15);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(one_known_verb_is_the_usage),
        TEST(a_caller_that_hangs_up_ends_it),
        TEST(a_renewal_that_is_asked_to_end_hears_its_answer),
        TEST(a_renewal_that_is_asked_to_end_revokes_what_nobody_stores),
        TEST(a_renewal_that_is_asked_to_end_can_be_stored),
        TEST(a_revocation_that_is_asked_to_end_ends_by_itself),
    };
    int failed;

    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    signer_free();
    return failed;
}
