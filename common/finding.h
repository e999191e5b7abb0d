/* SPDX-License-Identifier: MIT */
#ifndef COMMON_FINDING_H
#define COMMON_FINDING_H

#include <stddef.h>

#include "common/attr.h"
#include "common/secret.h"

/*
 * What `oidc-session check` has found: a level, what it is about, what is so,
 * and what to do.  Between the exchange and the command they are one text, a
 * line for each, with a tab between the four.
 */
enum level {
    LEVEL_OK,
    LEVEL_SKIPPED, /* it could not be looked at, and why */
    LEVEL_WARNING,
    LEVEL_ERROR,
    LEVEL_COUNT
};

/* All texts are one line of printable ASCII. */
struct finding {
    enum level level;
    char area[16];
    char text[512];
    char advice[512]; /* "" when there is nothing to do */
};

#define FINDINGS_MAX 512U

/* {0} is empty.  error: 0, or why one is missing: -ENOMEM or -EMSGSIZE. */
struct findings {
    struct finding *item;
    size_t count;
    int error;
};

/* The word for it: "ok", "skipped", "warning", "error". */
const char *level_name(enum level level);

/* Add one.  Texts are cleaned and cut. */
void findings_add(struct findings *findings, enum level level, const char *area,
                  const char *format, ...) PRINTF(4, 5);

/* Say of the last one what to do. */
void findings_advise(struct findings *findings, const char *format, ...)
    PRINTF(2, 3);

/* How many there are of a level. */
size_t findings_count(const struct findings *findings, enum level level);

/* Append them to *out.  0, -EMSGSIZE or -ENOMEM. */
int findings_encode(const struct findings *findings,
                    struct secret *out) MUST_CHECK;

/*
 * Append to *out those of a text that findings_encode() made, or somebody else.
 * 0; -EBADMSG when it is not such a text, and some may have been added; or
 * out->error.
 */
int findings_decode(const char *text, struct findings *out) MUST_CHECK;

/* Right for {0} and a second time. */
void findings_clear(struct findings *findings);

#endif
