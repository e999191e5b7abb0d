/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "common/io.h"
#include "common/secret.h"
#include "helper/exchange/cache.h"
#include "helper/exchange/freshness.h"
#include "helper/exchange/json.h"

#define ENTRY_MAX ((size_t) 1024 * 1024)

/*
 * Files in one directory: three or four URLs, and what logins that run at this
 * moment, or were killed, have not renamed.
 */
#define FILES_MAX 64

/* To be removed at once: a directory that is fuller than this stays so. */
#define SWEEP_MAX 4096

#define HASH_LEN     ((size_t) 32)
#define NAME_MAX_LEN (2 * HASH_LEN + sizeof(".json"))

/* ---- names --------------------------------------------------------------- */

static void
append_hex(const uint8_t *data, size_t len, char *out)
{
    size_t i;

    for (i = 0; i < len; i++)
        (void) snprintf(out + 2 * i, 3, "%02x", data[i]); /* always two */
}

/* The name of an issuer's directory, or of a URL's file. */
static int
make_name(const char *text, const char *suffix, char out[static NAME_MAX_LEN])
{
    uint8_t hash[HASH_LEN];

    if (EVP_Q_digest(NULL, "SHA256", NULL, text, strlen(text), hash, NULL) != 1)
        return -ENOMEM;
    append_hex(hash, sizeof(hash), out);
    memcpy(out + 2 * sizeof(hash), suffix, strlen(suffix) + 1);
    return 0;
}

/* Of a file that is not complete: no other writer has it. */
static int
make_temporary_name(char out[static NAME_MAX_LEN])
{
    uint8_t random[16];

    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return -EIO;
    append_hex(random, sizeof(random), out);
    memcpy(out + 2 * sizeof(random), ".tmp", sizeof(".tmp"));
    return 0;
}

/* ---- the directory ------------------------------------------------------- */

/* Nobody but its owner and root could have changed it. */
static bool
is_safe(const struct stat *st, uid_t owner)
{
    return (st->st_uid == owner || st->st_uid == 0)
           && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* -1, or a directory that is no link.  at is ignored for an absolute path. */
static int
open_directory(int at, const char *path, struct stat *st)
{
    int fd;

    fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd != -1 && fstat(fd, st) == -1)
        fd_close(&fd);
    return fd;
}

static int
open_issuer(int base, const char *name, bool create, struct stat *st)
{
    if (create) {
        (void) umask(S_IWGRP | S_IWOTH); /* returns the old one */
        if (mkdirat(base, name, 0755) == -1 && errno != EEXIST)
            return -1;
    }
    return open_directory(base, name, st);
}

void
cache_open(const char *path, const char *issuer, bool create, struct cache *out)
{
    char name[NAME_MAX_LEN];
    int base, dir = -1;
    struct stat st, sub;

    *out = (struct cache){.dir = -1};
    base = open_directory(AT_FDCWD, path, &st);
    if (base == -1)
        return;
    create = create && st.st_uid == geteuid();
    if (is_safe(&st, st.st_uid) && make_name(issuer, "", name) == 0)
        dir = open_issuer(base, name, create, &sub);
    fd_close(&base);
    /* Never descriptor 0: it would look as if there were none. */
    if (dir > 0 && is_safe(&sub, st.st_uid))
        *out = (struct cache){
            .dir = dir,
            .writable = create && sub.st_uid == st.st_uid,
            .owner = st.st_uid,
        };
    else
        fd_close(&dir);
}

void
cache_close(struct cache *cache)
{
    if (cache->dir > 0)
        close(cache->dir);
    *cache = (struct cache){.dir = -1};
}

/* ---- reading ------------------------------------------------------------- */

/* A pipe does not stop us, a device does nothing, a link is not followed. */
static int
read_file(const struct cache *cache, const char *name, struct secret *out)
{
    struct stat st;
    int fd, r = -ENOENT;

    fd = openat(cache->dir, name,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd == -1)
        return -ENOENT;
    /* One that was replaced meanwhile has no name any more, but is whole. */
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink <= 1
        && is_safe(&st, cache->owner) && st.st_size <= (off_t) ENTRY_MAX)
        r = read_all(fd, ENTRY_MAX, out);
    fd_close(&fd);
    return r;
}

static bool
is_right(const cJSON *entry, const char *url, int64_t now, int64_t *fetched_at)
{
    const char *found = json_text(entry, "url");
    int64_t fetched, until;

    if (found == NULL || strcmp(found, url) != 0
        || json_date(entry, "fetched_at", &fetched) < 0
        || json_date(entry, "fresh_until", &until) < 0)
        return false;
    /* From the future: a clock was set back, and nothing is known of its age. */
    if (fetched > now || until <= now || until - fetched < FRESHNESS_MIN
        || until - fetched > FRESHNESS_MAX)
        return false;
    *fetched_at = fetched;
    return true;
}

int
cache_read(const struct cache *cache, const char *url, int64_t now,
           cJSON **document, int64_t *fetched_at)
{
    struct secret text = {0};
    char name[NAME_MAX_LEN];
    cJSON *entry = NULL, *found = NULL;
    int64_t fetched = 0; /* gcc does not see that is_right() sets it */

    if (cache->dir <= 0 || make_name(url, ".json", name) < 0)
        return -ENOENT;
    if (read_file(cache, name, &text) == 0
        && json_parse(text.data, text.len, &entry) == 0
        && is_right(entry, url, now, &fetched))
        found = cJSON_DetachItemFromObjectCaseSensitive(entry, "document");
    secret_clear(&text);
    cJSON_Delete(entry);
    if (!cJSON_IsObject(found)) {
        cJSON_Delete(found);
        return -ENOENT;
    }
    *document = found;
    *fetched_at = fetched;
    return 0;
}

/* ---- writing ------------------------------------------------------------- */

static int
encode(const char *url, int64_t fetched_at, int64_t lifetime, cJSON *document,
       struct secret *out)
{
    cJSON *entry = cJSON_CreateObject();
    int r = -ENOMEM;

    if (entry != NULL && cJSON_AddStringToObject(entry, "url", url) != NULL
        && cJSON_AddNumberToObject(entry, "fetched_at", (double) fetched_at)
               != NULL
        && cJSON_AddNumberToObject(entry, "fresh_until",
                                   (double) (fetched_at + lifetime))
               != NULL
        && cJSON_AddItemReferenceToObject(entry, "document", document))
        r = json_print(entry, ENTRY_MAX, out);
    cJSON_Delete(entry);
    return r;
}

/* How many files there are; with sweep, each is removed. */
static unsigned
walk(DIR *list, unsigned max, bool sweep)
{
    const struct dirent *entry;
    unsigned count = 0;

    rewinddir(list);
    while (count < max && (entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        /* The next walk finds what could not be removed. */
        if (sweep)
            (void) unlinkat(dirfd(list), entry->d_name, 0);
    }
    return count;
}

/*
 * A provider that names another URL each time, or logins that are killed, may
 * not fill the disk.  Whoever's file is removed here fetches it again.
 */
static int
make_room(int dir)
{
    unsigned count;
    DIR *list;
    int fd;

    fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    list = fd != -1 ? fdopendir(fd) : NULL;
    if (list == NULL) {
        fd_close(&fd);
        return -EIO;
    }
    count = walk(list, FILES_MAX, false);
    if (count == FILES_MAX) {
        (void) walk(list, SWEEP_MAX, true); /* how many there were */
        count = walk(list, FILES_MAX, false);
    }
    closedir(list);
    return count < FILES_MAX ? 0 : -ENOSPC;
}

/*
 * No fsync(): other processes see the file whole in any case, and what a crash
 * of the system leaves of it is no JSON, and fetched again.
 */
static int
write_file(int dir, const char *name, const struct secret *text)
{
    int fd, r;

    fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                0644);
    if (fd == -1)
        return -errno;
    r = write_full(fd, text->data, text->len);
    if (close(fd) == -1 && r == 0)
        r = -errno;
    if (r < 0)
        (void) unlinkat(dir, name, 0); /* make_room() finds it otherwise */
    return r;
}

static int
replace(int dir, const char *name, const struct secret *text)
{
    char temporary[NAME_MAX_LEN];
    int r;

    r = make_temporary_name(temporary);
    if (r == 0)
        r = make_room(dir);
    if (r == 0)
        r = write_file(dir, temporary, text);
    if (r == 0 && renameat(dir, temporary, dir, name) == -1) {
        r = -errno;
        (void) unlinkat(dir, temporary, 0); /* as above */
    }
    return r;
}

int
cache_write(const struct cache *cache, const char *url, int64_t fetched_at,
            int64_t lifetime, cJSON *document)
{
    struct secret text = {0};
    char name[NAME_MAX_LEN];
    int r;

    if (cache->dir <= 0 || !cache->writable)
        return -EROFS;
    r = make_name(url, ".json", name);
    if (r == 0)
        r = encode(url, fetched_at, lifetime, document, &text);
    if (r == 0)
        r = replace(cache->dir, name, &text);
    secret_clear(&text);
    return r;
}
