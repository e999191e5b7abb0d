/* SPDX-License-Identifier: MIT */
/*
 * A provider in a thread, on a port of 127.0.0.1, that says what a test wrote
 * down, so that curl and all that is above it can be tested without a network.
 */
#ifndef TESTS_LIB_FAKEPROVIDER_H
#define TESTS_LIB_FAKEPROVIDER_H

#include <stddef.h>

#include "tests/lib/signer.h"

#define FAKE_HANG_UP 0  /* read the request, then close the connection */
#define FAKE_SILENCE -1 /* read the request, then say nothing */

/* As header, or at its end: say no length, and close the connection then. */
#define FAKE_CLOSE "Connection: close"
/* The same; the header ends with it, too, before the empty line. */
#define FAKE_CUT "Connection: cut"

/*
 * Answers to one path are given in their order, each once; then it is 404.  In
 * a body, @ stands for the provider's address, $ for an ID token, signed with
 * RS256, and ^ for the JWK Set with SIGNER_RSA as "k1".
 */
struct fake_answer {
    const char *path;
    int status;
    const char *body;   /* NULL: empty */
    const char *header; /* one more header, or NULL */
};

void fakeprovider_start(const struct fake_answer *answers, size_t count);

/* Right also when it was not started. */
void fakeprovider_stop(void);

/* The claims of the ID tokens from now on; borrowed.  @ as above. */
void fakeprovider_claims(const char *claims);

/* Whose key signs them, and what it is called.  Each start makes it "k1" again. */
void fakeprovider_signs(enum signer signer, const char *kid);

/* Its address with a path behind it; good until the eighth call after this. */
const char *fakeprovider_url(const char *path);

/* What it was asked: head and body of each request. */
size_t fakeprovider_count(void);
const char *fakeprovider_request(size_t i);

/* Fail unless request i is for this path, and its body is this form. */
#define assert_request(i, path, form)                                          \
    fakeprovider_check(i, path, form, __FILE__, __LINE__)
void fakeprovider_check(size_t i, const char *path, const char *form,
                        const char *file, int line);

/* A text with @, $ and ^ replaced, to be freed. */
char *fakeprovider_expand(const char *text);

#endif
