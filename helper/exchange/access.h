/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_ACCESS_H
#define EXCHANGE_ACCESS_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "common/attr.h"
#include "common/secret.h"
#include "helper/exchange/problem.h"

/*
 * Whether somebody whom the provider knows may log in as a local user.  Bytes
 * are compared, and nothing else: no case folding, no decoding, no patterns.
 *
 * Without a map the claim is the local user's name, or, with
 * username_strip_domain, the name in front of exactly "@DOMAIN": a name without
 * a domain is of nobody's, and refused.  It consists of A-Z a-z 0-9 . _ @ - and
 * starts with no '-'.
 *
 * With a map only who is in it may log in, and username_strip_domain means
 * nothing.  A line of it is
 *
 *     claim value = local user
 *
 * or empty, or a comment, which starts with '#'.  The last '=' separates, and
 * has a blank on both sides, so that a value may contain spaces and '=', and a
 * line without a user ("CN=alice") is no rule.  A value is printable ASCII, and
 * starts with none of ; " ', which here would be neither comment nor quotes.
 * Values may be given to several users by several lines, and the other way
 * round.  One line that is malformed, and nobody logs in.
 *
 * In both cases a claim has at most 255 characters, and the claim "email" counts
 * only beside an "email_verified" that is true.
 */

#define ACCESS_MAP_MAX    ((size_t) 192 * 1024)
#define ACCESS_GROUPS_MAX 4096U

/* What the administrator wrote.  All borrowed; NULL where nothing was. */
struct access {
    const char *username_claim; /* for this and groups_claim: claims.h */
    const char *username_strip_domain;
    const char *map_path; /* the map's name, for messages; NULL: no map */
    const struct secret *map;
    const char *groups_claim;
    const char *require_group; /* words: one of these groups is enough */
};

/*
 * Decide whether claims, which have been verified, are those of this local user
 * and of a member of the groups; uid 0 only when it is in the map.  A group is
 * a whole text, or one in an array of nothing but texts.  0, or -EPROTO:
 * OUTCOME_DENIED, with a notice for the user, or OUTCOME_MISCONFIGURED.
 */
int access_check(const cJSON *claims, const struct access *access,
                 const char *user, int64_t uid,
                 struct problem *problem) MUST_CHECK;

/* Only whether a map is one.  0 or -EPROTO (OUTCOME_MISCONFIGURED). */
int access_check_map(const char *path, const struct secret *map,
                     struct problem *problem) MUST_CHECK;

#endif
