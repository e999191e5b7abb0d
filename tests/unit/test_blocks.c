/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/blocks.h"
#include "tests/lib/test.h"

#define QUIET 4

static char drawn[BLOCKS_TEXT_SIZE];

/* What is drawn, as modules again: 1 is dark, 2 neither. */
static int
module_at(const char *text, int row, int column)
{
    int line = row / 2;
    unsigned char third;

    for (; line > 0; line--)
        text = strchr(text, '\n') + 1;
    for (; column > 0; column--)
        text += *text == ' ' ? 1 : 3;
    if (*text == ' ')
        return 1;
    if (memcmp(text, "\xe2\x96", 2) != 0)
        return 2;
    third = (unsigned char) text[2];
    if (third == 0x88)
        return 0;
    return (third == 0x80) == (row % 2 == 0) ? 0 : 1;
}

static size_t
lines_of(const char *text)
{
    size_t lines = 0;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* A matrix without any order. */
static void
fill(char *modules, size_t len)
{
    unsigned x = 1;
    size_t i;

    for (i = 0; i < len; i++) {
        x = x * 1103515245 + 12345;
        modules[i] = (char) ('0' + (x >> 16 & 1));
    }
}

static void
every_version_can_be_read_back_and_has_its_quiet_zone(void **state UNUSED)
{
    char modules[BLOCKS_SIDE_MAX * BLOCKS_SIDE_MAX];
    int side, row, column, is;
    bool inside;

    for (side = 21; side <= (int) BLOCKS_SIDE_MAX; side += 4) {
        fill(modules, sizeof(modules));
        assert_int_equal(blocks_draw(modules, (size_t) (side * side), drawn),
                         0);
        assert_int_equal(lines_of(drawn), (side + 2 * QUIET + 1) / 2);
        for (row = 0; row < side + 2 * QUIET; row++)
            for (column = 0; column < side + 2 * QUIET; column++) {
                is = module_at(drawn, row, column);
                inside = row >= QUIET && row < side + QUIET && column >= QUIET
                         && column < side + QUIET;
                if (is
                    != (inside ? modules[(row - QUIET) * side + column - QUIET]
                                     - '0'
                               : 0))
                    fail_msg("version %d, row %d, column %d: %d",
                             (side - 17) / 4, row, column, is);
            }
    }
}

static void
the_largest_of_auto_leaves_a_line_of_a_small_screen(void **state UNUSED)
{
    char modules[BLOCKS_SIDE_SCREEN * BLOCKS_SIDE_SCREEN];

    memset(modules, '0', sizeof(modules));
    assert_int_equal(blocks_draw(modules, sizeof(modules), drawn), 0);
    assert_int_equal(lines_of(drawn), 23);
}

static void
the_largest_of_all_fills_its_buffer_and_fits_into_80_columns(
    void **state UNUSED)
{
    char modules[BLOCKS_SIDE_MAX * BLOCKS_SIDE_MAX];

    memset(modules, '0', sizeof(modules));
    assert_int_equal(blocks_draw(modules, sizeof(modules), drawn), 0);
    assert_in_range(strlen(drawn), BLOCKS_TEXT_SIZE - 64, BLOCKS_TEXT_SIZE - 1);
    assert_int_equal(strchr(drawn, '\n') - drawn, 3 * 77);
}

static void
nothing_but_a_square_of_modules_is_drawn(void **state UNUSED)
{
    char modules[73 * 73];
    size_t i;

    memset(modules, '0', sizeof(modules));
    for (i = 0; i <= sizeof(modules); i++) {
        drawn[0] = 'x';
        if (blocks_draw(modules, i, drawn) == 0)
            continue;
        assert_int_equal(blocks_draw(modules, i, drawn), -EINVAL);
        assert_string_equal(drawn, "");
    }
    assert_int_equal(blocks_draw(NULL, 0, drawn), -EINVAL);
    assert_int_equal(blocks_draw(modules, 20 * 20, drawn), -EINVAL);
    assert_int_equal(blocks_draw(modules, 73 * 73, drawn), -EINVAL);
    modules[21 * 21 - 1] = '\x1b';
    assert_int_equal(blocks_draw(modules, 21 * 21, drawn), -EINVAL);
    assert_string_equal(drawn, "");
}

static void
a_terminal_of_today_with_utf_8_can_show_them(void **state UNUSED)
{
    static const char *const good[] = {"xterm-256color", "screen",
                                       "tmux-256color", "foot", "alacritty"};
    static const char *const bad[] = {
        "",        "dumb", "linux",  "linux-16color", "vt220",
        "unknown", "sun",  "cons25", "network"};
    size_t i;

    for (i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(blocks_can_show(good[i], "UTF-8"));
        assert_false(blocks_can_show(good[i], "ANSI_X3.4-1968"));
        assert_false(blocks_can_show(good[i], "ISO-8859-1"));
        assert_false(blocks_can_show(good[i], ""));
    }
    for (i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(blocks_can_show(bad[i], "UTF-8"));
    assert_false(blocks_can_show(NULL, "UTF-8"));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_can_be_read_back_and_has_its_quiet_zone),
        cmocka_unit_test(the_largest_of_auto_leaves_a_line_of_a_small_screen),
        cmocka_unit_test(
            the_largest_of_all_fills_its_buffer_and_fits_into_80_columns),
        cmocka_unit_test(nothing_but_a_square_of_modules_is_drawn),
        cmocka_unit_test(a_terminal_of_today_with_utf_8_can_show_them),
    };

    return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
