/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/blocks.h"
#include "helper/exchange/qrcode.h"
#include "tests/lib/test.h"

static struct secret modules;

static int
teardown(void **state UNUSED)
{
    secret_clear(&modules);
    return 0;
}

/* A text of that many octets. */
static const char *
text_of(size_t len)
{
    static char text[4096];

    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}

#ifdef HAVE_QRENCODE
/* The squares in three corners, by which a scanner finds it. */
static void
a_text_becomes_a_matrix_with_its_finders(void **state UNUSED)
{
    static const char *const finder[] = {"1111111", "1000001", "1011101",
                                         "1011101", "1011101", "1000001",
                                         "1111111"};
    static char drawn[BLOCKS_TEXT_SIZE];
    const char *at;
    size_t row;

    assert_int_equal(qrcode_encode("https://idp.example/", 37, &modules), 0);
    assert_int_equal(modules.len, 25 * 25);
    at = (const char *) modules.data;
    for (row = 0; row < ARRAY_LEN(finder); row++) {
        assert_memory_equal(at + row * 25, finder[row], 7);
        assert_memory_equal(at + row * 25 + 18, finder[row], 7);
        assert_memory_equal(at + (row + 18) * 25, finder[row], 7);
    }
    assert_int_equal(blocks_draw(modules.data, modules.len, drawn), 0);
}

/* ISO/IEC 18004, octets of the versions 5 and 13 with correction L. */
static void
the_limits_are_those_of_the_standard(void **state UNUSED)
{
    static const struct {
        size_t len;
        unsigned side;
        int r;
    } cases[] = {
        {106, BLOCKS_SIDE_SCREEN, 0},
        {107, BLOCKS_SIDE_SCREEN, -EMSGSIZE},
        {425, BLOCKS_SIDE_MAX, 0},
        {426, BLOCKS_SIDE_MAX, -EMSGSIZE},
        {2048, BLOCKS_SIDE_MAX, -EMSGSIZE},
        {4000, 177, -EMSGSIZE},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        if (qrcode_encode(text_of(cases[i].len), cases[i].side, &modules)
            != cases[i].r)
            fail_msg("%zu octets", cases[i].len);
        assert_int_equal(modules.len,
                         cases[i].r == 0 ? cases[i].side * cases[i].side : 0);
        secret_clear(&modules);
    }
}

static void
an_empty_text_has_none(void **state UNUSED)
{
    assert_true(qrcode_available());
    assert_int_equal(qrcode_encode("", 37, &modules), -EINVAL);
    assert_int_equal(modules.len, 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

static const struct CMUnitTest tests[] = {
    TEST(a_text_becomes_a_matrix_with_its_finders),
    TEST(the_limits_are_those_of_the_standard),
    TEST(an_empty_text_has_none),
};

#else

static void
without_the_library_there_is_none(void **state UNUSED)
{
    assert_false(qrcode_available());
    assert_int_equal(qrcode_encode(text_of(8), 37, &modules), -ENOTSUP);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(without_the_library_there_is_none, teardown),
};
#endif

int
main(void)
{
    return cmocka_run_group_tests_name("qrcode", tests, NULL, NULL);
}
