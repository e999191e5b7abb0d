/* SPDX-License-Identifier: MIT */
/*
 * A test that is linked with --wrap=free looks for a canary in each block that
 * the code under test frees.
 */
#ifndef TESTS_LIB_ASSERT_WIPED_H
#define TESTS_LIB_ASSERT_WIPED_H

#include <stdbool.h>

/* Look for this text from now on. */
void wiped_begin(const char *canary);

/* Fail when a block still had it, or when nothing was freed at all. */
#define assert_wiped() wiped_end(__FILE__, __LINE__)
void wiped_end(const char *file, int line);

/* The same for a child: false instead of a failure. */
bool wiped_all(void);

#endif
