/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "common/secret.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/test.h"

#define CANARY "CANARY-secret"

INJECT_ENOMEM(malloc, (size_t size), (size))

static int
teardown(void **state UNUSED)
{
    malloc_fails = false;
    return 0;
}

static void
is_empty_at_first(void **state UNUSED)
{
    const struct secret s = {0};

    assert_string_equal(secret_text(&s), "");
}

static void
appends_and_ends_with_nul(void **state UNUSED)
{
    struct secret s = {0};

    assert_int_equal(secret_append(&s, "ab", 2, 100), 0);
    assert_int_equal(s.len, 2);
    assert_string_equal(secret_text(&s), "ab");
    assert_int_equal(secret_append_text(&s, "cde", 100), 0);
    assert_int_equal(s.len, 5);
    assert_string_equal(secret_text(&s), "abcde");
    assert_true(s.cap > s.len);
    secret_clear(&s);
}

static void
keeps_what_it_has_when_it_grows_again_and_again(void **state UNUSED)
{
    struct secret s = {0};
    size_t i;

    for (i = 0; i < 70000; i++) {
        uint8_t octet = (uint8_t) (i * 7);

        assert_int_equal(secret_append(&s, &octet, 1, 70000), 0);
        assert_int_equal(s.data[s.len], 0);
    }
    for (i = 0; i < 70000; i++)
        assert_int_equal(s.data[i], (uint8_t) (i * 7));
    secret_clear(&s);
}

static void
takes_octets_of_any_value_and_none(void **state UNUSED)
{
    struct secret s = {0};

    assert_int_equal(secret_append(&s, "a\0b", 3, 3), 0);
    assert_int_equal(s.len, 3);
    assert_memory_equal(s.data, "a\0b", 4);
    assert_int_equal(secret_append(&s, "", 0, 3), 0);
    assert_int_equal(secret_append(&s, NULL, 0, 3), 0);
    assert_int_equal(s.len, 3);
    secret_clear(&s);
}

static void
appending_nothing_to_nothing_makes_an_empty_text(void **state UNUSED)
{
    struct secret s = {0};

    assert_int_equal(secret_append(&s, NULL, 0, 0), 0);
    assert_non_null(s.data);
    assert_int_equal(s.len, 0);
    assert_string_equal(secret_text(&s), "");
    secret_clear(&s);
}

static void
refuses_more_than_the_limit_and_stays_as_it_was(void **state UNUSED)
{
    struct secret s = {0}, before;

    assert_int_equal(secret_append(&s, "abcd", 4, 3), -EMSGSIZE);
    assert_null(s.data);
    assert_int_equal(secret_append(&s, "abc", 3, 3), 0);
    before = s;
    assert_int_equal(secret_append(&s, "d", 1, 3), -EMSGSIZE);
    assert_int_equal(secret_append(&s, "", 0, 2), -EMSGSIZE);
    assert_int_equal(secret_append(&s, "d", SIZE_MAX, SIZE_MAX), -EMSGSIZE);
    assert_int_equal(secret_append_text(&s, "d", 3), -EMSGSIZE);
    assert_memory_equal(&s, &before, sizeof(s));
    assert_string_equal(secret_text(&s), "abc");
    secret_clear(&s);
}

static void
says_enomem_and_stays_as_it_was(void **state UNUSED)
{
    char many[2000] = {0};
    struct secret s = {0}, before;

    assert_int_equal(secret_append_text(&s, "abc", 100), 0);
    before = s;
    malloc_fails = true;
    assert_int_equal(secret_append(&s, many, sizeof(many), 9999), -ENOMEM);
    assert_int_equal(secret_reserve(&s, sizeof(many)), -ENOMEM);
    malloc_fails = false;
    assert_int_equal(secret_reserve(&s, SIZE_MAX), -ENOMEM);
    assert_int_equal(secret_reserve(&s, SIZE_MAX - s.len), -ENOMEM);
    assert_memory_equal(&s, &before, sizeof(s));
    assert_string_equal(secret_text(&s), "abc");
    secret_clear(&s);
}

static void
reserves_room_for_the_bytes_and_the_nul(void **state UNUSED)
{
    struct secret s = {0};
    size_t len;

    for (len = 0; len < 3000; len += 37) {
        assert_int_equal(secret_reserve(&s, len), 0);
        assert_true(s.cap >= s.len + len + 1);
        assert_int_equal(s.data[s.len], 0);
        memset(s.data + s.len, 'x', len);
        s.len += len;
        s.data[s.len] = '\0';
    }
    secret_clear(&s);
}

static void
does_not_move_when_there_is_room(void **state UNUSED)
{
    struct secret s = {0};
    const uint8_t *data;

    assert_int_equal(secret_reserve(&s, 1000), 0);
    data = s.data;
    malloc_fails = true;
    assert_int_equal(secret_append(&s, CANARY, strlen(CANARY), 1000), 0);
    malloc_fails = false;
    assert_ptr_equal(s.data, data);
    secret_clear(&s);
}

static void
consumes_from_the_front(void **state UNUSED)
{
    struct secret s = {0};

    assert_int_equal(secret_append_text(&s, "abcdef", 100), 0);
    secret_consume(&s, 0);
    assert_string_equal(secret_text(&s), "abcdef");
    secret_consume(&s, 2);
    assert_int_equal(s.len, 4);
    assert_string_equal(secret_text(&s), "cdef");
    secret_consume(&s, 4);
    assert_int_equal(s.len, 0);
    assert_string_equal(secret_text(&s), "");
    secret_clear(&s);
}

static void
consumes_at_most_all(void **state UNUSED)
{
    struct secret s = {0};

    secret_consume(&s, 3);
    assert_null(s.data);
    assert_int_equal(secret_append_text(&s, "abc", 100), 0);
    secret_consume(&s, SIZE_MAX);
    assert_int_equal(s.len, 0);
    assert_string_equal(secret_text(&s), "");
    secret_clear(&s);
}

static void
wipes_what_it_consumes(void **state UNUSED)
{
    struct secret s = {0};

    assert_int_equal(secret_append_text(&s, "ab" CANARY, 100), 0);
    secret_consume(&s, 2 + strlen(CANARY) - 3);
    assert_string_equal(secret_text(&s), "ret");
    assert_null(memmem(s.data, 2 + strlen(CANARY), "CANARY", 6));
    assert_null(memmem(s.data + 3, 2 + strlen(CANARY) - 3, "ret", 3));
    secret_clear(&s);
}

static void
growing_leaves_no_copy_behind(void **state UNUSED)
{
    static const char many[4000];
    struct secret s = {0};

    assert_int_equal(secret_append_text(&s, CANARY, 9999), 0);
    wiped_begin(CANARY);
    assert_int_equal(secret_append(&s, many, sizeof(many), 9999), 0);
    assert_wiped();
    assert_memory_equal(s.data, CANARY, strlen(CANARY));
    secret_clear(&s);
}

static void
clearing_wipes(void **state UNUSED)
{
    struct secret s = {0};

    assert_int_equal(secret_append_text(&s, CANARY, 100), 0);
    wiped_begin(CANARY);
    secret_clear(&s);
    assert_wiped();
    assert_null(s.data);
    assert_int_equal(s.len, 0);
    assert_int_equal(s.cap, 0);
}

static void
clearing_wipes_what_is_behind_len_too(void **state UNUSED)
{
    struct secret s = {0};

    assert_int_equal(secret_reserve(&s, 100), 0);
    memcpy(s.data + 50, CANARY, strlen(CANARY));
    wiped_begin(CANARY);
    secret_clear(&s);
    assert_wiped();
}

static void
clearing_is_right_for_nothing_and_a_second_time(void **state UNUSED)
{
    struct secret s = {0};

    secret_clear(&s);
    assert_int_equal(secret_append_text(&s, CANARY, 100), 0);
    secret_clear(&s);
    secret_clear(&s);
    assert_null(s.data);
    assert_int_equal(secret_append_text(&s, "again", 100), 0);
    assert_string_equal(secret_text(&s), "again");
    secret_clear(&s);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_empty_at_first),
        cmocka_unit_test(appends_and_ends_with_nul),
        cmocka_unit_test(keeps_what_it_has_when_it_grows_again_and_again),
        cmocka_unit_test(takes_octets_of_any_value_and_none),
        cmocka_unit_test(appending_nothing_to_nothing_makes_an_empty_text),
        cmocka_unit_test(refuses_more_than_the_limit_and_stays_as_it_was),
        cmocka_unit_test_teardown(says_enomem_and_stays_as_it_was, teardown),
        cmocka_unit_test(reserves_room_for_the_bytes_and_the_nul),
        cmocka_unit_test_teardown(does_not_move_when_there_is_room, teardown),
        cmocka_unit_test(consumes_from_the_front),
        cmocka_unit_test(consumes_at_most_all),
        cmocka_unit_test(wipes_what_it_consumes),
        cmocka_unit_test(growing_leaves_no_copy_behind),
        cmocka_unit_test(clearing_wipes),
        cmocka_unit_test(clearing_wipes_what_is_behind_len_too),
        cmocka_unit_test(clearing_is_right_for_nothing_and_a_second_time),
    };

    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
