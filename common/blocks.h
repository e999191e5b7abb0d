/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BLOCKS_H
#define COMMON_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"

/*
 * A QR code (ISO/IEC 18004) as text: two rows of modules in each line, by the
 * half blocks U+2580, U+2584, U+2588 and spaces.
 *
 * There are no colours: OpenSSH's client shows escape sequences as text.  Light
 * modules and the quiet zone are painted with the colour of the text, dark ones
 * are left out.  So it is dark on light where the terminal's background is
 * dark.  On a light background it is light on dark; the standard has that as
 * reflectance reversal, and the scanners of phones read it.
 */

/* Modules on a side.  With the quiet zone the first has 23 lines of 45
 * columns, and so fits, with a prompt below it, on a screen of 24 lines; the
 * second has 39 lines of 77 columns. */
#define BLOCKS_SIDE_SCREEN 37U /* version 5 */
#define BLOCKS_SIDE_MAX    69U /* version 13 */

/* A text of that size has room for each of them. */
#define BLOCKS_TEXT_SIZE 9060

/*
 * Pure: draw a matrix of modules: '1' (dark) and '0' (light), row by row, a
 * square of the size of a version from 1 to 13.  Each line ends with a newline.
 * out has at least BLOCKS_TEXT_SIZE octets.  0, or -EINVAL when it is no such
 * matrix: then out is "".
 */
int blocks_draw(const void *modules, size_t len,
                char out[BLOCKS_TEXT_SIZE]) MUST_CHECK;

/*
 * Pure: whether a terminal shows half blocks, as far as its TERM (or NULL) and
 * the character set of its locale, nl_langinfo(CODESET), can tell.  Not the
 * Linux console: most of its fonts, Debian's among them, do not have them.
 */
bool blocks_can_show(const char *term, const char *charset);

#endif
