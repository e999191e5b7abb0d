/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io.h"
#include "pam/slots.h"
#include "tests/lib/test.h"

static char top[] = "/tmp/test_slots.XXXXXX";
static char directory[64], file[96];

static int
setup(void **state UNUSED)
{
    if (geteuid() != 0)
        skip();
    strcpy(top, "/tmp/test_slots.XXXXXX");
    if (mkdtemp(top) == NULL)
        return -1;
    (void) snprintf(directory, sizeof(directory), "%s/run", top);
    (void) snprintf(file, sizeof(file), "%s/logins", directory);
    return 0;
}

static int
teardown(void **state UNUSED)
{
    (void) unlink(file);
    (void) rmdir(directory);
    (void) unlink(directory);
    return rmdir(top);
}

/* A process that takes a slot, says how that went, and stays. */
struct holder {
    pid_t pid;
    int result;
};

static struct holder
hold(uid_t uid, int64_t host, int64_t user)
{
    struct holder holder = {0};
    int pair[2], fd = -1;

    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    holder.pid = fork();
    assert_int_not_equal(holder.pid, -1);
    if (holder.pid == 0) {
        holder.result = slots_take(directory, uid, host, user, &fd);
        (void) !write(pair[1], &holder.result, sizeof(holder.result));
        pause();
        _exit(0);
    }
    assert_int_equal(read(pair[0], &holder.result, sizeof(holder.result)),
                     sizeof(holder.result));
    close(pair[0]);
    close(pair[1]);
    return holder;
}

static void
end(const struct holder *holder)
{
    assert_int_equal(kill(holder->pid, SIGKILL), 0);
    assert_int_equal(waitpid(holder->pid, NULL, 0), holder->pid);
}

static int
attempt(uid_t uid, int64_t host, int64_t user)
{
    int fd = -1, r = slots_take(directory, uid, host, user, &fd);

    fd_close(&fd);
    return r;
}

static void
a_user_has_so_many_and_others_are_not_affected(void **state UNUSED)
{
    struct holder a = hold(1000, 10, 2), b = hold(1000, 10, 2);

    assert_int_equal(a.result, 0);
    assert_int_equal(b.result, 0);
    assert_int_equal(attempt(1000, 10, 2), -EUSERS);
    assert_int_equal(attempt(1001, 10, 2), 0);
    assert_int_equal(attempt(0, 10, 2), 0);
    end(&a); /* killed: free at once */
    assert_int_equal(attempt(1000, 10, 2), 0);
    end(&b);
}

static void
the_host_has_so_many_whoever_they_are(void **state UNUSED)
{
    struct holder a = hold(1000, 2, 5), b = hold(1001, 2, 5);

    assert_int_equal(a.result + b.result, 0);
    assert_int_equal(attempt(1002, 2, 5), -EBUSY);
    assert_int_equal(attempt(1002, 2, 0), -EBUSY);
    assert_int_equal(attempt(1002, 0, 5), 0);
    end(&b);
    assert_int_equal(attempt(1002, 2, 5), 0);
    end(&a);
}

static void
without_limits_there_is_no_file(void **state UNUSED)
{
    int fd = -2;

    assert_int_equal(slots_take(directory, 1000, 0, 0, &fd), 0);
    assert_int_equal(fd, -1);
    assert_int_equal(access(directory, F_OK), -1);
}

static void
the_file_is_private_and_not_inherited(void **state UNUSED)
{
    struct stat st;
    int fd = -1;

    assert_int_equal(slots_take(directory, 4294967294U, 1, SLOTS_MAX, &fd), 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    fd_close(&fd);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(directory, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static void
what_another_may_have_made_is_refused(void **state UNUSED)
{
    assert_int_equal(mkdir(directory, 0700), 0);
    assert_int_equal(chmod(directory, 0755), 0);
    assert_int_equal(attempt(1000, 1, 1), -EPERM);
    assert_int_equal(chmod(directory, 0700), 0);
    assert_int_equal(chown(directory, 65534, 0), 0);
    assert_int_equal(attempt(1000, 1, 1), -EPERM);
    assert_int_equal(chown(directory, 0, 0), 0);
    assert_int_equal(symlink("/tmp/x", file), 0);
    assert_int_equal(attempt(1000, 1, 1), -ELOOP);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(mkfifo(file, 0600), 0);
    assert_int_equal(attempt(1000, 1, 1), -EPERM);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(symlink(top, directory), 0);
    assert_int_not_equal(attempt(1000, 1, 1), 0);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        T(a_user_has_so_many_and_others_are_not_affected),
        T(the_host_has_so_many_whoever_they_are),
        T(without_limits_there_is_no_file),
        T(the_file_is_private_and_not_inherited),
        T(what_another_may_have_made_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
