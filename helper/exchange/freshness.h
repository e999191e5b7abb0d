/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_FRESHNESS_H
#define EXCHANGE_FRESHNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How long a document is kept.  Whatever its provider says, not shorter than
 * the minimum: these documents are public, and a token signed with a key that
 * is not in ours makes us ask again.  Nor longer than the maximum, so that a
 * key that was withdrawn is gone within a day.
 */
#define FRESHNESS_MIN     300
#define FRESHNESS_DEFAULT 3600 /* when nothing is said */
#define FRESHNESS_MAX     86400

/* The longest time that a provider may ask us to wait. */
#define FRESHNESS_RETRY_AFTER_MAX 3600

/*
 * The header fields of one answer that say how long it is good for (RFC 9111),
 * or when to ask again (RFC 9110 10.2.3).  {0} is empty.
 */
struct freshness {
    char control[512]; /* Cache-Control: several are joined, as if one list */
    char age[32];
    char date[64];
    char expires[64];
    char retry_after[64];
    bool unclear; /* one did not fit, was folded, or had another value before */
    bool retry_unclear; /* the same of Retry-After alone */
    bool done;          /* the empty line behind the header was seen */
};

/*
 * Take one line of the header as it came, with or without its line end.  A
 * status line begins anew: what came before was an interim answer.
 */
void freshness_take(struct freshness *freshness, const char *line, size_t len);

/*
 * For how many seconds from now such an answer may be kept, between
 * FRESHNESS_MIN and FRESHNESS_MAX.  We are a private cache, so s-maxage is not
 * meant for us.  Anything that is unclear or malformed is the minimum.
 */
int64_t freshness_lifetime(const struct freshness *freshness, int64_t now);

/*
 * In how many seconds from now such an answer wants us back, at most
 * FRESHNESS_RETRY_AFTER_MAX.  A date is compared with the answer's own Date if
 * it has one, because their clock need not be ours.  0 when it does not say,
 * and for what is past, unclear or malformed.
 */
int64_t freshness_retry_after(const struct freshness *freshness, int64_t now);

/* The answer's own Date in Unix time, 0 without one. */
int64_t freshness_date(const struct freshness *freshness);

#endif
