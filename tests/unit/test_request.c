/* SPDX-License-Identifier: MIT */
/* The settings are the script of the program that runs as the exchange. */
#include <config.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io.h"
#include "common/spawn.h"
#include "helper/request.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/child.h"
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

#define CANARY "CANARY-request"

INJECT(int, pipe2, (int *pair, int flags), (pair, flags))

static struct spawn spawned;
static char spawned_argv[2][256];
static int spawn_result;
int __real_spawn_with_pipes(struct spawn *plan, int *to, int *from);

int
__wrap_spawn_with_pipes(struct spawn *plan, int *to, int *from)
{
    spawned = *plan;
    (void) snprintf(spawned_argv[0], 256, "%s", plan->argv[0]);
    (void) snprintf(spawned_argv[1], 256, "%s", plan->argv[1]);
    if (spawn_result == 0)
        return __real_spawn_with_pipes(plan, to, from);
    *to = *from = -1;
    return spawn_result;
}

static struct request request = REQUEST_NONE;
static struct message message, out;
static char directory[] = "/tmp/test_request.XXXXXX";
static char fifo[64];

static int
group_setup(void **state UNUSED)
{
    if (mkdtemp(directory) == NULL)
        return -1;
    (void) snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
    return mkfifo(fifo, 0600);
}

static int
group_teardown(void **state UNUSED)
{
    (void) unlink(fifo);
    return rmdir(directory);
}

static int
setup(void **state UNUSED)
{
    spawn_result = 0;
    message.kind = KIND_RENEW;
    return message_set_text(&message, FIELD_REFRESH_TOKEN, CANARY);
}

static int
teardown(void **state UNUSED)
{
    WORK(pipe2);
    request_end(&request);
    message_clear(&message);
    message_clear(&out);
    return 0;
}

static int
start(const char *script)
{
    assert_int_equal(message_set_text(&message, FIELD_SETTINGS, script), 0);
    return request_start(&request, "renew", &message);
}

static int
start_and_tell(const char *script)
{
    char text[512];

    (void) snprintf(text, sizeof(text), "%s;tell|%s", script, fifo);
    return start(text);
}

/*
 * What it wrote to the FIFO: up to the end, so that the next one to open it does
 * not meet this writer.
 */
static const char *
told(void)
{
    struct secret text = {0};
    static char word[64];
    int fd = open(fifo, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(read_all(fd, sizeof(word) - 1, &text), 0);
    close(fd);
    strcpy(word, secret_text(&text));
    secret_clear(&text);
    return word;
}

/* Until there is more than "read on". */
static int
receive(void)
{
    struct pollfd pfd = {.fd = request.from, .events = POLLIN};
    int r = 0;

    while (r == 0) {
        assert_int_equal(poll(&pfd, 1, 10000), 1);
        r = request_receive(&request, &out);
    }
    return r;
}

static void
a_request_is_sent_and_its_result_received(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(start("echo|refresh_token"), 0);
    assert_true(request.to >= 0 && request.from >= 0);
    assert_int_equal(receive(), 1);
    assert_int_equal(out.kind, KIND_RESULT);
    assert_string_equal(message_text(&out, FIELD_REASON), CANARY);
}

static void
the_exchange_is_started_with_its_verb_and_nothing_else(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(start("exit|0"), 0);
    assert_string_equal(spawned_argv[0], fake_program);
    assert_string_equal(spawned_argv[1], "renew");
    assert_int_equal(spawned.n_fds, 3);
    assert_int_equal(spawned.fds[2], -1);
    assert_int_equal(spawned.n_keys, 0);
    assert_false(spawned.become);
    assert_true(spawned.drop_group);
    request_end(&request);
    assert_int_equal(request_start(&request, "revoke", &message), 0);
    assert_string_equal(spawned_argv[1], "revoke");
}

static void
what_it_brought_is_said_to_be_safe(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(start_and_tell("send|result|outcome=ok"), 0);
    assert_int_equal(receive(), 1);
    request_stored(&request);
    assert_string_equal(told(), "stored");
}

static void
hanging_up_without_saying_so_is_heard(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(start_and_tell("send|result|outcome=ok"), 0);
    assert_int_equal(receive(), 1);
    request_end(&request);
    assert_string_equal(told(), "gone");
}

static void
one_that_no_longer_listens_does_not_matter(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(start("deaf;send|result|outcome=ok"), 0);
    assert_int_equal(receive(), 1);
    request_stored(&request);
}

static void
a_result_in_pieces_asks_for_more(void **state UNUSED)
{
    char script[256];

    NEED_KEYS();
    (void) snprintf(script, sizeof(script),
                    "raw|16000000026f;say|%s|x;raw|6bff000000010a", fifo);
    assert_int_equal(start(script), 0);
    usleep(50000); /* the first piece alone, most of the time */
    assert_int_equal(request_receive(&request, &out), 0);
    assert_string_equal(told(), "x");
    assert_int_equal(receive(), 1);
    assert_string_equal(message_text(&out, FIELD_OUTCOME), "ok");
}

static void
one_that_goes_away_is_enodata(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(start("exit|1"), 0);
    assert_int_equal(receive(), -ENODATA);
}

static void
anything_but_a_result_is_ebadmsg(void **state UNUSED)
{
    static const char *const scripts[] = {
        "send|need_files|path=/etc/shadow",
        "send|need_password",
        "send|prompt|user_code=x",
        "send|go",
        "raw|ff0000000100",
        "raw|ee00000000",
    };
    size_t i;

    NEED_KEYS();
    for (i = 0; i < ARRAY_LEN(scripts); i++) {
        assert_int_equal(start(scripts[i]), 0);
        assert_int_equal(receive(), -EBADMSG);
        request_end(&request);
    }
}

static void
one_that_cannot_be_started_leaves_nothing(void **state UNUSED)
{
    spawn_result = -ENOENT;
    assert_int_equal(start(""), -ENOENT);
    assert_int_equal(request.to, -1);
    assert_int_equal(request.from, -1);
    spawn_result = 0;
    FAIL(pipe2, EMFILE, 0);
    assert_int_equal(start(""), -EMFILE);
    FAIL(pipe2, ENFILE, 1);
    assert_int_equal(start(""), -ENFILE);
    assert_int_equal(request.to, -1);
    assert_int_equal(request.from, -1);
}

/* The largest one fits into the pipe: a helper must not hang on an exchange. */
static void
a_request_does_not_wait_for_its_reader(void **state UNUSED)
{
    static char many[200000];

    NEED_KEYS();
    memset(many, 'x', sizeof(many));
    assert_int_equal(message_set(&message, FIELD_ID_TOKEN, many, sizeof(many)),
                     0);
    alarm(20);
    assert_int_equal(request_start(&request, "hang", &message), 0);
    alarm(0);
}

static void
one_that_takes_no_request_is_an_error(void **state UNUSED)
{
    struct pollfd pfd;
    int r;

    NEED_KEYS();
    r = request_start(&request, "exit|0", &message);
    if (r == 0) {
        pfd = (struct pollfd){.fd = request.from, .events = POLLIN};
        assert_int_equal(poll(&pfd, 1, 10000), 1);
        assert_int_equal(request_receive(&request, &out), -ENODATA);
    } else {
        assert_int_equal(r, -EPIPE); /* it was faster */
        assert_int_equal(request.to, -1);
        assert_int_equal(request.from, -1);
    }
}

static int
n_fds_open(void)
{
    int fd, n = 0;

    for (fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}

static void
leaves_no_descriptor_open(void **state UNUSED)
{
    int before = n_fds_open();

    NEED_KEYS();
    assert_int_equal(start("exit|0"), 0);
    assert_int_equal(n_fds_open(), before + 2);
    request_end(&request);
    assert_int_equal(n_fds_open(), before);
    spawn_result = -ENOENT;
    assert_int_equal(start(""), -ENOENT);
    spawn_result = 0;
    FAIL(pipe2, EMFILE, 1);
    assert_int_equal(start(""), -EMFILE);
    assert_int_equal(n_fds_open(), before);
}

static void
ending_is_right_for_none_and_a_second_time(void **state UNUSED)
{
    struct request none = REQUEST_NONE;

    request_end(&none);
    request_end(&none);
    assert_int_equal(none.to, -1);
    assert_int_equal(none.from, -1);
    assert_null(none.buf.data);
}

static void
leaves_no_copy_of_a_token_in_memory(void **state UNUSED)
{
    NEED_KEYS();
    wiped_begin(CANARY);
    assert_int_equal(start("send|result|outcome=ok|access_token=" CANARY), 0);
    assert_int_equal(receive(), 1);
    request_end(&request);
    message_clear(&out);
    message_clear(&message);
    assert_wiped();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_request_is_sent_and_its_result_received),
        TEST(the_exchange_is_started_with_its_verb_and_nothing_else),
        TEST(what_it_brought_is_said_to_be_safe),
        TEST(hanging_up_without_saying_so_is_heard),
        TEST(one_that_no_longer_listens_does_not_matter),
        TEST(a_result_in_pieces_asks_for_more),
        TEST(one_that_goes_away_is_enodata),
        TEST(anything_but_a_result_is_ebadmsg),
        TEST(one_that_cannot_be_started_leaves_nothing),
        TEST(a_request_does_not_wait_for_its_reader),
        TEST(one_that_takes_no_request_is_an_error),
        TEST(leaves_no_descriptor_open),
        TEST(ending_is_right_for_none_and_a_second_time),
        TEST(leaves_no_copy_of_a_token_in_memory),
    };

    return cmocka_run_group_tests_name("request", tests, group_setup,
                                       group_teardown);
}
