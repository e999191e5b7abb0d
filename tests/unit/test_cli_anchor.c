/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <poll.h>
#include <unistd.h>

#include "common/io.h"
#include "helper/cli/anchor.h"
#include "tests/lib/child.h"
#include "tests/lib/test.h"

#define USER 1000

/* A table of processes; uid is all four of them, or the last when set. */
static const struct row {
    pid_t pid, parent;
    uid_t uid, effective;
    bool hidden;
} * rows;

static int
look(pid_t pid, struct anchor_process *out)
{
    const struct row *row;

    for (row = rows; row->pid != 0; row++) {
        if (row->pid != pid || row->hidden)
            continue;
        *out = (struct anchor_process){
            .parent = row->parent,
            .uid = {row->uid, row->effective, row->effective, row->effective}};
        return 0;
    }
    return -ENOENT;
}

static void
assert_walk(const struct row *table, int expected, pid_t pid)
{
    pid_t found = 0;

    rows = table;
    assert_int_equal(anchor_walk(table->pid, USER, look, &found), expected);
    assert_int_equal(found, pid);
}

static void
reads_parent_and_users_of_a_process(void **state UNUSED)
{
    static const char status[] = "Name:\ta\\nPPid:\t7\nUmask:\t0022\n"
                                 "Pid:\t12\nPPid:\t34\nTracerPid:\t0\n"
                                 "Uid:\t1\t2\t3\t4294967294\nGid:\t9\n";
    struct anchor_process process = {0};

    assert_int_equal(anchor_parse(status, &process), 0);
    assert_int_equal(process.parent, 34);
    assert_int_equal(process.uid[0], 1);
    assert_int_equal(process.uid[1], 2);
    assert_int_equal(process.uid[2], 3);
    assert_int_equal(process.uid[3], 4294967294U);
}

static void
half_a_status_is_none(void **state UNUSED)
{
    static const char *const texts[] = {
        "",
        "Name:\tx\nPPid:\t34\n",
        "Name:\tx\nUid:\t1\t2\t3\t4\n",
        "Name:\tx\nPPid:\t34\nUid:\t1\t2\t3\n",
        "Name:\tx\nPPid:\tx\nUid:\t1\t2\t3\t4\n",
    };
    struct anchor_process process = {.parent = 7};
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++)
        assert_int_equal(anchor_parse(texts[i], &process), -EBADMSG);
    assert_int_equal(process.parent, 7);
}

static void
it_is_the_first_that_is_not_the_users(void **state UNUSED)
{
    static const struct row sshd[] = {
        {90, 80, USER, USER, false}, {80, 70, USER, USER, false},
        {70, 60, USER, USER, false}, /* sshd: */
        {60, 50, 0, 0, false},       /* its monitor */
        {50, 1, 0, 0, false},        {0}};
    static const struct row sudo[] = {{90, 80, USER, USER, false},
                                      {80, 70, USER, USER, false},
                                      {70, 60, 1001, 1001, false},
                                      {60, 1, 0, 0, false},
                                      {0}};

    assert_walk(sshd, 0, 60);
    assert_walk(sudo, 0, 70);
}

static void
su_is_not_the_users_who_started_it(void **state UNUSED)
{
    static const struct row su[] = {{90, 80, USER, USER, false},
                                    {80, 70, USER, 0, false},
                                    {70, 1, USER, USER, false},
                                    {0}};

    assert_walk(su, 0, 80);
}

static void
one_that_is_hidden_is_not_the_users(void **state UNUSED)
{
    static const struct row hidepid[] = {{90, 80, USER, USER, false},
                                         {80, 70, USER, USER, false},
                                         {70, 1, 0, 0, true},
                                         {0}};

    assert_walk(hidepid, 0, 70);
}

static void
the_way_to_process_1_finds_none(void **state UNUSED)
{
    static const struct row tmux[] = {{90, 80, USER, USER, false},
                                      {80, 70, USER, USER, false},
                                      {70, 1, USER, USER, false},
                                      {0}};
    static const struct row outside[] = {
        {90, 80, USER, USER, false}, {80, 0, USER, USER, false}, {0}};
    static const struct row daemon[] = {{90, 1, USER, USER, false}, {0}};

    assert_walk(tmux, -ENOENT, 0);
    assert_walk(outside, -ENOENT, 0);
    assert_walk(daemon, -ENOENT, 0);
}

static void
a_circle_has_an_end(void **state UNUSED)
{
    static const struct row circle[] = {
        {90, 80, USER, USER, false}, {80, 90, USER, USER, false}, {0}};

    assert_walk(circle, -ENOENT, 0);
}

static void
the_leader_of_the_terminal_is_another_one_than_we_and_process_1(
    void **state UNUSED)
{
    assert_true(anchor_may_be_leader(80, 90));
    assert_false(anchor_may_be_leader(90, 90));
    assert_false(anchor_may_be_leader(1, 90));
    assert_false(anchor_may_be_leader(0, 90));
    assert_false(anchor_may_be_leader(-1, 90));
}

/* Everything here is root's, or a user's in a login of root's. */
static void
finds_a_process_that_lives(void **state UNUSED)
{
    struct pollfd pfd = {.events = POLLIN};
    struct anchor anchor = {.pidfd = -1};
    int r;

    NEED_PIDFD();
    r = anchor_find(&anchor);
    assert_true(r == 0 || r == -ENOENT);
    if (r < 0)
        return;
    assert_int_not_equal(anchor.pid, getpid());
    pfd.fd = anchor.pidfd;
    assert_int_equal(poll(&pfd, 1, 0), 0);
    fd_close(&anchor.pidfd);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_parent_and_users_of_a_process),
        cmocka_unit_test(half_a_status_is_none),
        cmocka_unit_test(it_is_the_first_that_is_not_the_users),
        cmocka_unit_test(su_is_not_the_users_who_started_it),
        cmocka_unit_test(one_that_is_hidden_is_not_the_users),
        cmocka_unit_test(the_way_to_process_1_finds_none),
        cmocka_unit_test(a_circle_has_an_end),
        cmocka_unit_test(
            the_leader_of_the_terminal_is_another_one_than_we_and_process_1),
        cmocka_unit_test(finds_a_process_that_lives),
    };

    return cmocka_run_group_tests_name("cli_anchor", tests, NULL, NULL);
}
