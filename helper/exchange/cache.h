/* SPDX-License-Identifier: MIT */
/*
 * Documents of a provider that anybody may read, kept from one login to the
 * next: its metadata and its keys.  A directory that belongs to the system user
 * has one below it for each issuer, with one file for each URL.
 *
 * It is a help and never a need: whatever is wrong with it is as if it were
 * empty.  Only a login writes, as the system user; whoever reads trusts what
 * root or that user wrote and nobody else could have changed.
 */
#ifndef EXCHANGE_CACHE_H
#define EXCHANGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <cjson/cJSON.h>

#include "common/attr.h"

/* The directory of one issuer.  {0} is no cache, and so is dir -1. */
struct cache {
    int dir;       /* never 0, which is the request */
    bool writable; /* it is ours, and a login asked for it */
    uid_t owner;   /* the system user: whom path belongs to */
};

/*
 * Open the directory of an issuer below path.  With create it is made, if path
 * belongs to us, and the umask becomes 022 for good: what we write is for all to
 * read.  After this, nothing outside of out->dir is touched.
 *
 * Who owns path is the system user: it is below a directory in which only root
 * can make something.  When path, or the issuer's directory, is a link, may be
 * written by group or others, or the latter belongs to neither that owner nor
 * root, there is no cache.
 */
void cache_open(const char *path, const char *issuer, bool create,
                struct cache *out);

/* Right for {0} and a second time. */
void cache_close(struct cache *cache);

/*
 * Find the document of a URL that is fresh at this time, and when it was
 * fetched.  The caller ends *document with cJSON_Delete(), and checks it as if
 * it came from the provider.  0, or -ENOENT when there is none that is right in
 * every way.
 */
int cache_read(const struct cache *cache, const char *url, int64_t now,
               cJSON **document, int64_t *fetched_at) MUST_CHECK;

/*
 * Keep a document that was fetched at this time, for lifetime seconds.  Others
 * may read and write the same: they see the old one or the new one, whole.  0,
 * or a negative errno, after which all is as before: nobody needs to look at it.
 * The document is not changed.
 */
int cache_write(const struct cache *cache, const char *url, int64_t fetched_at,
                int64_t lifetime, cJSON *document);

#endif
