/* SPDX-License-Identifier: MIT */
#ifndef COMMON_ATTR_H
#define COMMON_ATTR_H

#define MUST_CHECK         __attribute__((warn_unused_result))
#define UNUSED             __attribute__((unused))
#define NOINLINE           __attribute__((noinline))
#define PRINTF(text, args) __attribute__((format(printf, text, args)))

/* A large array, which would cost more to set than all that is done with it. */
#if __has_attribute(uninitialized)
#define UNINITIALIZED __attribute__((uninitialized))
#else
#define UNINITIALIZED
#endif

/* AddressSanitizer: it never returns, so nobody would take back what it marks. */
#define NO_REDZONES __attribute__((no_sanitize("address")))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
