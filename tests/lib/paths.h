/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIB_PATHS_H
#define TESTS_LIB_PATHS_H

/* What the libraries under test start instead of exchange and helper. */
extern const char *const fake_program;

/* The real ones, as they were built. */
extern const char *const built_helper;
extern const char *const built_exchange;
extern const char *const built_command;

/* Where the sources are. */
extern const char *const source_dir;

#endif
