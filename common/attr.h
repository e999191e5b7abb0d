/* SPDX-License-Identifier: MIT */
#ifndef COMMON_ATTR_H
#define COMMON_ATTR_H

#define MUST_CHECK         __attribute__((warn_unused_result))
#define UNUSED             __attribute__((unused))
#define NOINLINE           __attribute__((noinline))
#define UNINITIALIZED      __attribute__((uninitialized)) /* large, or it costs */
#define PRINTF(text, args) __attribute__((format(printf, text, args)))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
