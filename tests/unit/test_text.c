/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/lib/test.h"

static void
keeps_printable_ascii(void **state UNUSED)
{
    char all[96] = {0}, out[128];
    int c;

    for (c = ' '; c <= '~'; c++)
        all[c - ' '] = (char) c;
    assert_ptr_equal(text_clean(all, out, sizeof(out)), out);
    assert_string_equal(out, all);
}

static void
replaces_every_other_byte(void **state UNUSED)
{
    char text[4] = "a?b", out[16];
    int c;

    for (c = 1; c < 256; c++) {
        if (c >= ' ' && c <= '~')
            continue;
        text[1] = (char) c;
        text_clean(text, out, sizeof(out));
        assert_string_equal(out, "a?b");
    }
    assert_string_equal(text_clean("\xe2\x82\xac \x1b[31m", out, sizeof(out)),
                        "??? ?[31m");
}

static void
cuts_what_does_not_fit(void **state UNUSED)
{
    static const struct {
        const char *text;
        size_t size;
        const char *out;
    } cases[] = {
        {"", 4, ""},
        {"abc", 4, "abc"},
        {"abcd", 4, "..."},
        {"abcd", 5, "abcd"},
        {"abcde", 5, "a..."},
        {"abcdefgh", 8, "abcd..."},
        {"\n\n\n\n\n", 5, "?..."},
    };
    char out[16];
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        memset(out, '#', sizeof(out));
        text_clean(cases[i].text, out, cases[i].size);
        assert_string_equal(out, cases[i].out);
        assert_int_equal(out[cases[i].size], '#');
    }
}

static void
copies_a_text(void **state UNUSED)
{
    char *copy = NULL;

    assert_int_equal(text_copy("", &copy), 0);
    assert_string_equal(copy, "");
    free(copy);
    assert_int_equal(text_copy("a b", &copy), 0);
    assert_string_equal(copy, "a b");
    free(copy);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_printable_ascii),
        cmocka_unit_test(replaces_every_other_byte),
        cmocka_unit_test(cuts_what_does_not_fit),
        cmocka_unit_test(copies_a_text),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
