/* SPDX-License-Identifier: MIT */
/*
 * What an exchange in its sandbox must not be able to do, and what it must:
 * one table for the unit test, and for the library that tries it from inside of
 * a real exchange.  Without the sandbox no row does any harm, also to root.
 */
#ifndef TESTS_LIB_FORBIDDEN_H
#define TESTS_LIB_FORBIDDEN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What the rows need, made before the sandbox. */
struct forbidden_place {
    uint16_t good_port; /* somebody listens at 127.0.0.1, and it is allowed */
    uint16_t bad_port;  /* somebody listens, and it is not */
    char abstract[32];  /* the name of an abstract socket that listens */
    pid_t other;        /* a process outside of the sandbox */
    char cache[128];    /* a directory with a file "old" in it */
    char outside[128];  /* another one, writable for this uid, with "old" */
};

enum forbidden_when {
    FORBIDDEN_LOGIN,   /* a login that knows where to connect to */
    FORBIDDEN_UNKNOWN, /* a login that does not yet */
    FORBIDDEN_LATER,   /* a renewal or revocation */
    FORBIDDEN_WHENS
};

struct forbidden {
    const char *name;
    int (*attempt)(const struct forbidden_place *place); /* 0 or errno */
    long call[5]; /* without attempt: a system call, that fails harmlessly */
    int expected[FORBIDDEN_WHENS]; /* errno, or 0: it must work */
    int abi; /* of Landlock that refuses it; 0: the seccomp filter does */
};

extern const struct forbidden forbidden[];
extern const size_t forbidden_n;

/* Try one: 0, or the errno. */
int forbidden_try(const struct forbidden *row,
                  const struct forbidden_place *place);

#endif
