/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>
#include <syslog.h>

#include "pam/system_user.h"
#include "tests/lib/fakepam.h"
#include "tests/lib/test.h"

static struct context ctx;

static int
setup(void **state UNUSED)
{
    ctx = (struct context){.pamh = fakepam_start(), .user = "alice"};
    return 0;
}

static int
teardown(void **state UNUSED)
{
    fakepam_end(ctx.pamh, 0);
    return 0;
}

static void
is_the_users_uid_and_the_groups_gid(void **state UNUSED)
{
    struct system_user user = {0};

    ctx.pamh->system_uid = 4711;
    ctx.pamh->system_gid = 4712; /* not the user's own group */
    assert_int_equal(system_user_get(&ctx, &user), 0);
    assert_int_equal(user.uid, 4711);
    assert_int_equal(user.gid, 4712);
    assert_int_equal(ctx.pamh->n_log, 0);
}

static void
assert_none(void)
{
    struct system_user user = {.uid = 42, .gid = 43};

    fakepam_forget(ctx.pamh);
    assert_int_equal(system_user_get(&ctx, &user), -EINVAL);
    assert_int_equal(user.uid, 42);
    assert_int_equal(user.gid, 43);
    assert_int_equal(ctx.pamh->n_log, 1);
    assert_int_equal(ctx.pamh->priority[0], LOG_ERR);
    assert_non_null(strstr(ctx.pamh->log[0], OIDC_USER));
    assert_non_null(strstr(ctx.pamh->log[0], "systemd-sysusers"));
}

static void
both_must_exist(void **state UNUSED)
{
    ctx.pamh->no_system_user = true;
    assert_none();
    ctx.pamh->no_system_group = true;
    assert_none();
    ctx.pamh->no_system_user = false;
    assert_none();
}

/* No program of ours runs as root, or with a key that root's group may write. */
static void
neither_may_be_root(void **state UNUSED)
{
    ctx.pamh->system_uid = 0;
    assert_none();
    ctx.pamh->system_uid = 4711;
    ctx.pamh->system_gid = 0;
    assert_none();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(is_the_users_uid_and_the_groups_gid),
        TEST(both_must_exist),
        TEST(neither_may_be_root),
    };

    return cmocka_run_group_tests_name("system_user", tests, NULL, NULL);
}
