/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/io.h"
#include "tests/lib/child.h"
#include "tests/lib/test.h"

/* What the next calls do: at most this many bytes, every second one EINTR. */
static size_t piece;
static bool interrupts;
static int write_error, read_error;
static unsigned calls;

INJECT_ENOMEM(malloc, (size_t size), (size))
INJECT(int, close, (int fd), (fd))

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __real_read(int fd, void *data, size_t len);

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
    if (interrupts && calls++ % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    if (write_error != 0) {
        errno = write_error;
        return -1;
    }
    return __real_write(fd, data, piece != 0 && len > piece ? piece : len);
}

ssize_t
__wrap_read(int fd, void *data, size_t len)
{
    if (interrupts && calls++ % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    if (read_error != 0) {
        errno = read_error;
        return -1;
    }
    return __real_read(fd, data, piece != 0 && len > piece ? piece : len);
}

static int fds[2];

static int
setup(void **state UNUSED)
{
    piece = 0;
    interrupts = malloc_fails = false;
    write_error = read_error = 0;
    calls = 0;
    return pipe2(fds, O_CLOEXEC);
}

static int
teardown(void **state UNUSED)
{
    piece = 0;
    interrupts = malloc_fails = false;
    write_error = read_error = 0;
    fd_close(&fds[0]);
    fd_close(&fds[1]);
    return 0;
}

static void
writes_all_in_pieces_with_signals_between(void **state UNUSED)
{
    char got[16] = {0};

    piece = 1;
    interrupts = true;
    assert_int_equal(write_full(fds[1], "0123456789", 10), 0);
    assert_int_equal(calls, 20);
    piece = 0;
    interrupts = false;
    assert_int_equal(read(fds[0], got, sizeof(got)), 10);
    assert_string_equal(got, "0123456789");
}

static void
writes_nothing(void **state UNUSED)
{
    write_error = EIO; /* it would be seen */
    assert_int_equal(write_full(fds[1], NULL, 0), 0);
}

static void
gives_the_errno_of_a_write(void **state UNUSED)
{
    static const int errors[] = {EIO, ENOSPC, EBADF, EAGAIN};
    size_t i;

    for (i = 0; i < ARRAY_LEN(errors); i++) {
        write_error = errors[i];
        assert_int_equal(write_full(fds[1], "x", 1), -errors[i]);
    }
}

static volatile sig_atomic_t signals_seen;

static void
on_signal(int number UNUSED)
{
    signals_seen++;
}

static void
a_reader_that_is_gone_is_epipe_and_no_signal(void **state UNUSED)
{
    struct sigaction action = {.sa_handler = on_signal}, old;
    sigset_t pending, mask;

    signals_seen = 0;
    assert_int_equal(sigaction(SIGPIPE, &action, &old), 0);
    fd_close(&fds[0]);
    assert_int_equal(write_full(fds[1], "x", 1), -EPIPE);
    assert_int_equal(signals_seen, 0);
    assert_int_equal(sigpending(&pending), 0);
    assert_false(sigismember(&pending, SIGPIPE));
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    assert_false(sigismember(&mask, SIGPIPE));
    assert_int_equal(sigaction(SIGPIPE, &old, NULL), 0);
}

static int
write_to_nobody(void)
{
    int pair[2];

    CHECK(pipe2(pair, O_CLOEXEC) == 0);
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    fd_close(&pair[0]);
    CHECK_EQUAL(write_full(pair[1], "x", 1), -EPIPE);
    return 0;
}

static void
a_program_with_the_default_disposition_survives(void **state UNUSED)
{
    in_child(write_to_nobody);
}

static void
leaves_a_sigpipe_of_the_application_pending(void **state UNUSED)
{
    struct timespec at_once = {0};
    sigset_t set, old, pending;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, &old), 0);
    assert_int_equal(raise(SIGPIPE), 0);
    fd_close(&fds[0]);
    assert_int_equal(write_full(fds[1], "x", 1), -EPIPE);
    assert_int_equal(sigpending(&pending), 0);
    assert_true(sigismember(&pending, SIGPIPE));
    assert_int_equal(sigtimedwait(&set, NULL, &at_once), SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &old, NULL), 0);
}

static void
leaves_the_mask_of_signals_as_it_was(void **state UNUSED)
{
    sigset_t set, old, now;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigaddset(&set, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &set, &old), 0);
    assert_int_equal(write_full(fds[1], "x", 1), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &old, &now), 0);
    assert_true(sigismember(&now, SIGPIPE));
    assert_true(sigismember(&now, SIGUSR1));
    assert_false(sigismember(&now, SIGTERM));
}

static void
reads_all_in_pieces_with_signals_between(void **state UNUSED)
{
    struct secret out = {0};

    assert_int_equal(write(fds[1], "0123456789", 10), 10);
    fd_close(&fds[1]);
    piece = 1;
    interrupts = true;
    assert_int_equal(read_all(fds[0], 100, &out), 0);
    assert_int_equal(out.len, 10);
    assert_string_equal(secret_text(&out), "0123456789");
    secret_clear(&out);
}

static void
reads_an_empty_file(void **state UNUSED)
{
    struct secret out = {0};

    fd_close(&fds[1]);
    assert_int_equal(read_all(fds[0], 100, &out), 0);
    assert_int_equal(out.len, 0);
    assert_string_equal(secret_text(&out), "");
    secret_clear(&out);
}

static void
reads_up_to_the_limit_and_not_one_more(void **state UNUSED)
{
    static const size_t lens[] = {1, 10, 4095, 4096, 4097, 10000};
    static const char many[10001];
    struct secret out = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(lens); i++) {
        fd_close(&fds[0]);
        fd_close(&fds[1]);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(write(fds[1], many, lens[i]), lens[i]);
        fd_close(&fds[1]);
        assert_int_equal(read_all(fds[0], lens[i], &out), 0);
        assert_int_equal(out.len, lens[i]);
        secret_clear(&out);

        fd_close(&fds[0]);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(write(fds[1], many, lens[i] + 1), lens[i] + 1);
        fd_close(&fds[1]);
        assert_int_equal(read_all(fds[0], lens[i], &out), -EMSGSIZE);
        secret_clear(&out);
    }
}

static void
gives_the_errno_of_a_read(void **state UNUSED)
{
    static const int errors[] = {EIO, EISDIR, EBADF, EAGAIN};
    struct secret out = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(errors); i++) {
        read_error = errors[i];
        assert_int_equal(read_all(fds[0], 100, &out), -errors[i]);
        secret_clear(&out);
    }
}

static void
says_enomem(void **state UNUSED)
{
    struct secret out = {0};

    malloc_fails = true;
    assert_int_equal(read_all(fds[0], 100, &out), -ENOMEM);
    malloc_fails = false;
    secret_clear(&out);
}

static void
closes_and_marks_as_closed(void **state UNUSED)
{
    int fd = dup(fds[0]), copy = fd;

    assert_int_not_equal(fd, -1);
    fd_close(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(fcntl(copy, F_GETFD), -1);
}

static void
closes_nothing_that_is_not_open(void **state UNUSED)
{
    int fd = -1;

    WORK(close);
    fd_close(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(close_calls, 0);
}

static void
closes_descriptor_0_too(void **state UNUSED)
{
    int fd = 0;

    FAIL(close, EIO, 0); /* so that it stays open here */
    fd_close(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(close_calls, 1);
    WORK(close);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(writes_all_in_pieces_with_signals_between),
        TEST(writes_nothing),
        TEST(gives_the_errno_of_a_write),
        TEST(a_reader_that_is_gone_is_epipe_and_no_signal),
        TEST(a_program_with_the_default_disposition_survives),
        TEST(leaves_a_sigpipe_of_the_application_pending),
        TEST(leaves_the_mask_of_signals_as_it_was),
        TEST(reads_all_in_pieces_with_signals_between),
        TEST(reads_an_empty_file),
        TEST(reads_up_to_the_limit_and_not_one_more),
        TEST(gives_the_errno_of_a_read),
        TEST(says_enomem),
        TEST(closes_and_marks_as_closed),
        TEST(closes_nothing_that_is_not_open),
        TEST(closes_descriptor_0_too),
    };

    return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
