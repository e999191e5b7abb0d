/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pam/real_root.h"
#include "tests/lib/child.h"
#include "tests/lib/test.h"

/* The answer of setresuid(); the real one is asked when there is none. */
static int syscall_error;
static unsigned syscall_calls;
long __real_syscall(long number, ...);

long
__wrap_syscall(long number, ...)
{
    va_list args;
    int r, e, s;

    va_start(args, number);
    r = va_arg(args, int);
    e = va_arg(args, int);
    s = va_arg(args, int);
    va_end(args);
    syscall_calls++;
    if (syscall_error == 0)
        return __real_syscall(number, r, e, s);
    errno = syscall_error;
    return -1;
}

static int
check_ids(uid_t r, uid_t e, uid_t s)
{
    uid_t real, effective, saved;

    CHECK(getresuid(&real, &effective, &saved) == 0);
    CHECK_EQUAL(real, r);
    CHECK_EQUAL(effective, e);
    CHECK_EQUAL(saved, s);
    return 0;
}

static int
switch_in_su(void)
{
    uid_t before = 42;

    CHECK(setresuid(1234, 0, 0) == 0);
    CHECK_EQUAL(real_root_begin(&before), 0);
    CHECK_EQUAL(before, 1234);
    CHECK_EQUAL(check_ids(0, 0, 0), 0);
    CHECK_EQUAL(real_root_end(before), 0);
    return check_ids(1234, 0, 0);
}

static void
is_root_in_between_and_who_it_was_afterwards(void **state UNUSED)
{
    NEED_ROOT();
    in_child(switch_in_su);
}

static uid_t seen_by_thread;
static pthread_barrier_t barrier;

static void *
look(void *arg UNUSED)
{
    pthread_barrier_wait(&barrier);
    seen_by_thread = getuid();
    pthread_barrier_wait(&barrier);
    return NULL;
}

static int
switch_with_threads(void)
{
    pthread_t thread;
    uid_t before;

    CHECK(setresuid(1234, 0, 0) == 0);
    CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
    CHECK(pthread_create(&thread, NULL, look, NULL) == 0);
    CHECK_EQUAL(real_root_begin(&before), 0);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    CHECK_EQUAL(real_root_end(before), 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_EQUAL(seen_by_thread, 1234);
    return 0;
}

static void
the_other_threads_of_the_application_stay_who_they_are(void **state UNUSED)
{
    NEED_ROOT();
    in_child(switch_with_threads);
}

static void
root_is_left_alone(void **state UNUSED)
{
    uid_t before = 42;

    NEED_ROOT();
    if (getuid() != 0)
        SKIP("needs the real uid 0");
    syscall_calls = 0;
    assert_int_equal(real_root_begin(&before), 0);
    assert_int_equal(before, 0);
    assert_int_equal(real_root_end(before), 0);
    assert_int_equal(syscall_calls, 0);
}

static int
switch_without_privilege(void)
{
    uid_t before;

    if (geteuid() == 0)
        CHECK(setresuid(1234, 1234, 1234) == 0);
    CHECK_EQUAL(real_root_begin(&before), -EPERM);
    return 0;
}

static void
gives_the_errno_without_privilege(void **state UNUSED)
{
    in_child(switch_without_privilege);
}

static void
gives_the_errno_of_the_way_back(void **state UNUSED)
{
    syscall_error = EAGAIN;
    assert_int_equal(real_root_end(1234), -EAGAIN);
    syscall_error = 0;
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_root_in_between_and_who_it_was_afterwards),
        cmocka_unit_test(
            the_other_threads_of_the_application_stay_who_they_are),
        cmocka_unit_test(root_is_left_alone),
        cmocka_unit_test(gives_the_errno_without_privilege),
        cmocka_unit_test(gives_the_errno_of_the_way_back),
    };

    return cmocka_run_group_tests_name("real_root", tests, NULL, NULL);
}
