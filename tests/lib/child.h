/* SPDX-License-Identifier: MIT */
/*
 * Part of a test in a process of its own: for what cannot be undone (uid, session
 * keyring, descriptors), and so that nothing is left.
 */
#ifndef TESTS_LIB_CHILD_H
#define TESTS_LIB_CHILD_H

#include <stdbool.h>

#include <keyutils.h>

/* cmocka's asserts would jump back into the parent's code: these return. */
#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition))                                                      \
            return child_failed(__FILE__, __LINE__, #condition, 0, 0);         \
    } while (0)
#define CHECK_EQUAL(a, b)                                                      \
    do {                                                                       \
        long long is_ = (long long) (a), must_ = (long long) (b);              \
        if (is_ != must_)                                                      \
            return child_failed(__FILE__, __LINE__, #a " == " #b, is_, must_); \
    } while (0)

int child_failed(const char *file, int line, const char *condition,
                 long long is, long long must);

#define CHILD_SKIP 77

/*
 * Run it in a child with an anonymous session keyring.  Fails the test when it
 * returns another number than 0; CHILD_SKIP skips it.
 */
void in_child(int (*function)(void));

/* Whether keys work here; containers often refuse the calls. */
bool keys_work(void);

/* Whether a process can be named by a descriptor. */
bool pidfds_work(void);

/* A new anonymous session keyring for this process. */
void keys_join(void);

/* A `user` key with a text, without a timeout.  0 or a negative errno. */
int put_text(key_serial_t where, const char *name, const char *text);

/* To this uid and gid, for good.  0, or -1. */
int become(unsigned uid, unsigned gid);

#define NEED_KEYS()                                                            \
    do {                                                                       \
        if (!keys_work())                                                      \
            SKIP("no kernel keyrings here");                                   \
        keys_join();                                                           \
    } while (0)
/* valgrind before 3.20 does not know it. */
#define NEED_PIDFD()                                                           \
    do {                                                                       \
        if (!pidfds_work())                                                    \
            SKIP("no pidfd_open() here");                                      \
    } while (0)
#define NEED_ROOT()                                                            \
    do {                                                                       \
        if (geteuid() != 0)                                                    \
            SKIP("needs root");                                                \
    } while (0)

#endif
