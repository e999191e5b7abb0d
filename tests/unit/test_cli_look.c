/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "helper/cli/look.h"
#include "tests/lib/test.h"

#define NOW INT64_C(1700000000)

static struct session
session(int64_t renew_in, int64_t expires_in)
{
    return (struct session){
        .has_status = true,
        .status = {.state = STATE_ACTIVE, .renew_at = NOW + renew_in},
        .expires_at = NOW + expires_in,
    };
}

static void
looks_a_moment_after_the_renewal(void **state UNUSED)
{
    const struct session soon = session(60, 90), late = session(250, 3600);

    assert_int_equal(look_next(&soon, NOW), 62);
    assert_int_equal(look_next(&late, NOW), 252);
}

static void
looks_again_soon_when_the_renewal_is_late(void **state UNUSED)
{
    const struct session late = session(-5, 900), now = session(0, 900);

    assert_int_equal(look_next(&late, NOW), 10);
    assert_int_equal(look_next(&now, NOW), 10);
}

/* renew_at is when the helper would ask again, should no answer come. */
static void
looks_again_at_once_while_a_renewal_is_under_way(void **state UNUSED)
{
    struct session asked = session(12, 900);

    (void) strcpy(asked.status.renew_reason, "lost_answer");
    assert_int_equal(look_next(&asked, NOW), 2);
}

static void
looks_when_the_token_expires(void **state UNUSED)
{
    const struct session before = session(60, 30), late = session(-5, 3);

    assert_int_equal(look_next(&before, NOW), 30);
    assert_int_equal(look_next(&late, NOW), 3);
}

static void
looks_now_and_then_when_nothing_is_expected(void **state UNUSED)
{
    struct session far = session(86400, 90000), over = session(60, -60),
                   none = session(60, 900);

    assert_int_equal(look_next(NULL, NOW), 300);
    assert_int_equal(look_next(&far, NOW), 300);
    over.status.state = STATE_LOGIN_REQUIRED;
    assert_int_equal(look_next(&over, NOW), 300);
    none.has_status = false;
    assert_int_equal(look_next(&none, NOW), 300);
    far.status.renew_at = 0;
    assert_int_equal(look_next(&far, NOW), 300);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_a_moment_after_the_renewal),
        cmocka_unit_test(looks_again_soon_when_the_renewal_is_late),
        cmocka_unit_test(looks_again_at_once_while_a_renewal_is_under_way),
        cmocka_unit_test(looks_when_the_token_expires),
        cmocka_unit_test(looks_now_and_then_when_nothing_is_expected),
    };

    return cmocka_run_group_tests_name("cli_look", tests, NULL, NULL);
}
