/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "common/blocks.h"

#define QUIET 4 /* modules around it, as the standard asks */

struct matrix {
    const char *modules;
    int side;
};

/* The side of a square of that many modules, or 0 when no version has it. */
static int
side_of(size_t len)
{
    unsigned side;

    for (side = 21; side <= BLOCKS_SIDE_MAX; side += 4)
        if ((size_t) side * side == len)
            return (int) side;
    return 0;
}

/* What is around the matrix is light; what is below the quiet zone is not. */
static bool
is_light(const struct matrix *matrix, int row, int column)
{
    int side = matrix->side;

    if (row >= side + QUIET)
        return false;
    if (row < 0 || column < 0 || row >= side || column >= side)
        return true;
    return matrix->modules[row * side + column] == '0';
}

static const char *
block(bool upper, bool lower)
{
    if (upper)
        return lower ? "\u2588" : "\u2580";
    return lower ? "\u2584" : " ";
}

static char *
draw_line(const struct matrix *matrix, int row, char *at)
{
    const char *text;
    int column;

    for (column = -QUIET; column < matrix->side + QUIET; column++) {
        text = block(is_light(matrix, row, column),
                     is_light(matrix, row + 1, column));
        at = stpcpy(at, text);
    }
    return stpcpy(at, "\n");
}

int
blocks_draw(const void *modules, size_t len, char out[BLOCKS_TEXT_SIZE])
{
    struct matrix matrix = {.modules = modules, .side = side_of(len)};
    size_t i;
    int row;

    *out = '\0';
    if (matrix.side == 0)
        return -EINVAL;
    for (i = 0; i < len; i++)
        if (matrix.modules[i] != '0' && matrix.modules[i] != '1')
            return -EINVAL;
    for (row = -QUIET; row < matrix.side + QUIET; row += 2)
        out = draw_line(&matrix, row, out);
    return 0;
}

bool
blocks_can_show(const char *term, const char *charset)
{
    /* Beginnings of names: consoles, and terminals that are hardware. */
    static const char *const without[] = {"dumb", "linux", "unknown", "network",
                                          "vt",   "cons",  "sun"};
    size_t i;

    if (term == NULL || *term == '\0' || strcmp(charset, "UTF-8") != 0)
        return false;
    for (i = 0; i < ARRAY_LEN(without); i++)
        if (strncmp(term, without[i], strlen(without[i])) == 0)
            return false;
    return true;
}
