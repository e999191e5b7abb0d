/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "common/result.h"
#include "common/status.h"
#include "tests/lib/test.h"

static struct message result, settings;
static struct secret out;

static void
set(enum field field, const char *text)
{
    assert_int_equal(message_set_text(&result, field, text), 0);
}

static int
setup(void **state UNUSED)
{
    set(FIELD_ACCESS_TOKEN, "token");
    set(FIELD_SETTINGS, "settings");
    set(FIELD_EXPIRES_AT, "1700000000");
    return 0;
}

static int
teardown(void **state UNUSED)
{
    message_clear(&result);
    message_clear(&settings);
    secret_clear(&out);
    return 0;
}

static void
one_with_token_settings_and_expiry_is_whole(void **state UNUSED)
{
    assert_true(result_is_whole(&result));
    set(FIELD_RENEWED_AT, "1699999000");
    set(FIELD_TIMEOUT, "60");
    assert_true(result_is_whole(&result));
}

static void
one_that_lacks_something_is_not(void **state UNUSED)
{
    static const enum field needed[] = {FIELD_ACCESS_TOKEN, FIELD_SETTINGS,
                                        FIELD_EXPIRES_AT};
    size_t i;

    for (i = 0; i < ARRAY_LEN(needed); i++) {
        secret_clear(&result.field[needed[i]]);
        assert_false(result_is_whole(&result));
        set(needed[i], "1700000000");
        assert_true(result_is_whole(&result));
    }
}

static void
numbers_that_nobody_can_count_with_are_refused(void **state UNUSED)
{
    static const struct {
        enum field field;
        const char *text;
    } cases[] = {
        {FIELD_EXPIRES_AT, "soon"}, {FIELD_EXPIRES_AT, "9223372036854775807"},
        {FIELD_RENEWED_AT, "-1"},   {FIELD_RENEWED_AT, "9223372036854775807"},
        {FIELD_TIMEOUT, "0"},       {FIELD_TIMEOUT, "61"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        set(FIELD_EXPIRES_AT, "1700000000");
        set(FIELD_RENEWED_AT, "1699999000");
        set(FIELD_TIMEOUT, "10");
        assert_true(result_is_whole(&result));
        set(cases[i].field, cases[i].text);
        assert_false(result_is_whole(&result));
    }
}

static void
settings_are_a_request_for_a_renewal_without_a_token(void **state UNUSED)
{
    set(FIELD_REVOKE, "yes");
    set(FIELD_REFRESH_TOKEN, "refresh");
    assert_int_equal(result_settings(&result, &out), 0);
    assert_true(message_decode(out.data, out.len, &settings) > 0);
    assert_int_equal(settings.kind, KIND_RENEW);
    assert_string_equal(message_text(&settings, FIELD_SETTINGS), "settings");
    assert_string_equal(message_text(&settings, FIELD_REVOKE), "yes");
    assert_false(message_has(&settings, FIELD_REFRESH_TOKEN));
    assert_false(message_has(&settings, FIELD_ACCESS_TOKEN));
    assert_false(message_has(&settings, FIELD_NOTIFY));
}

static void
the_status_is_active_and_clean(void **state UNUSED)
{
    struct status status = {0};

    set(FIELD_SUBJECT, "a\x1b[2Jb\nstate=x");
    set(FIELD_ISSUER, "https://idp.example");
    set(FIELD_REFRESH_EXPIRES_AT, "1800000000");
    set(FIELD_ID_EXPIRES_AT, "9223372036854775807");
    assert_int_equal(result_status(&result, 1699999999, &out), 0);
    assert_int_equal(status_parse(secret_text(&out), &status), 0);
    assert_int_equal(status.state, STATE_ACTIVE);
    assert_int_equal(status.since, 1699999999);
    assert_string_equal(status.subject, "a?[2Jb?state=x");
    assert_string_equal(status.issuer, "https://idp.example");
    assert_int_equal(status.renewed_at, 1699999999);
    assert_int_equal(status.refresh_expires_at, 1800000000);
    assert_int_equal(status.id_expires_at, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(one_with_token_settings_and_expiry_is_whole),
        TEST(one_that_lacks_something_is_not),
        TEST(numbers_that_nobody_can_count_with_are_refused),
        TEST(settings_are_a_request_for_a_renewal_without_a_token),
        TEST(the_status_is_active_and_clean),
    };

    return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
