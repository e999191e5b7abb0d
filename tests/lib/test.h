/* SPDX-License-Identifier: MIT */
/*
 * What every unit test includes: cmocka, with its quirks in one place, and the
 * way in which a function of a library is made to fail.
 */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/attr.h"

/* cmocka's macros cast const away; nobody but the linker calls a __wrap_. */
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"

/* End this test, and say why it could not run. */
#define SKIP(...)                                                              \
    do {                                                                       \
        print_message("# skipped: " __VA_ARGS__);                              \
        print_message("\n");                                                   \
        skip();                                                                \
    } while (0)

/*
 * A function that --wrap=name sends here.  It is the real one, unless name_error
 * is set: then it fails with that errno, after name_spared calls that do not.
 */
#define INJECT(type, name, parameters, arguments)                              \
    static int name##_error UNUSED;                                            \
    static unsigned name##_spared UNUSED;                                      \
    static unsigned name##_calls UNUSED;                                       \
    type __real_##name parameters;                                             \
    type __wrap_##name parameters                                              \
    {                                                                          \
        name##_calls++;                                                        \
        if (name##_error != 0 && name##_calls > name##_spared) {               \
            errno = name##_error;                                              \
            return (type) -1;                                                  \
        }                                                                      \
        return __real_##name arguments;                                        \
    }

/* Let it fail from the next call but `spared`; no error: never. */
#define FAIL(name, error, spared)                                              \
    ((void) (name##_calls = 0, name##_spared = (spared),                       \
             name##_error = (error)))
#define WORK(name) FAIL(name, 0, 0)

/* The same for malloc() and calloc(), which say ENOMEM with NULL. */
#define INJECT_ENOMEM(name, parameters, arguments)                             \
    static bool name##_fails;                                                  \
    void *__real_##name parameters;                                            \
    void *__wrap_##name parameters                                             \
    {                                                                          \
        if (name##_fails) {                                                    \
            errno = ENOMEM;                                                    \
            return NULL;                                                       \
        }                                                                      \
        return __real_##name arguments;                                        \
    }

#endif
