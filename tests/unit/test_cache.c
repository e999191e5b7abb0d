/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io.h"
#include "helper/exchange/cache.h"
#include "helper/exchange/json.h"
#include "tests/lib/test.h"

#define ISSUER "https://h/a"
#define URL    "https://h/keys"
#define NOW    INT64_C(1800000000)

/* printf %s ISSUER | sha256sum, and the same of URL */
#define ISSUER_NAME                                                            \
    "616e3352b314cc4b59220a28abeeed9d79b809ae62ec3e54b7daebd2c8de26ac"
#define URL_NAME                                                               \
    "a019d664b7cbda316ab5270ef0ce33d701bf3ab594136590c64dd021c0b878b4.json"

/* clang-format off */
INJECT(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode))
INJECT(ssize_t, write, (int fd, const void *data, size_t len), (fd, data, len))
INJECT(int, renameat, (int at, const char *from, int to_at, const char *to),
       (at, from, to_at, to))
INJECT(int, fstat, (int fd, struct stat *st), (fd, st))
INJECT(ssize_t, getrandom, (void *data, size_t len, unsigned flags),
       (data, len, flags))
/* clang-format on */

/* It is closed in any case, as in the kernel. */
static int close_error;
static unsigned close_calls, close_spared;
int __real_close(int fd);
int __wrap_close(int fd);

int
__wrap_close(int fd)
{
    int r = __real_close(fd);

    if (close_error == 0 || ++close_calls <= close_spared)
        return r;
    errno = close_error;
    return -1;
}

static int openat_error, openat_spared;
int __real_openat(int at, const char *path, int flags, ...);
int
__wrap_openat(int at, const char *path, int flags, mode_t mode)
{
    if (openat_error != 0 && openat_spared-- <= 0) {
        errno = openat_error;
        return -1;
    }
    return __real_openat(at, path, flags, mode);
}

/* ---- a cache of its own for each test ------------------------------------ */

static char base[] = "/tmp/test_cache.XXXXXX", path[64];

static int
setup(void **state UNUSED)
{
    memcpy(base + sizeof(base) - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(base));
    (void) snprintf(path, sizeof(path), "%s/cache", base);
    return mkdir(path, 0755);
}

static int
teardown(void **state UNUSED)
{
    char command[300];

    WORK(mkdirat), WORK(write), WORK(renameat), WORK(fstat), WORK(getrandom);
    WORK(close);
    openat_error = 0;
    (void) snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command); /* our own name, of letters */
}

static struct cache
open_for(const char *issuer, bool create)
{
    struct cache cache = {0};

    cache_open(path, issuer, create, &cache);
    return cache;
}

static struct cache
open_cache(void)
{
    struct cache cache = open_for(ISSUER, true);

    assert_true(cache.dir > 0);
    assert_true(cache.writable);
    return cache;
}

static const char *
in_cache(const char *name)
{
    static char out[4][512];
    static unsigned next;
    char *text = out[next++ % 4];

    (void) snprintf(text, sizeof(out[0]), "%s/" ISSUER_NAME "/%s", path, name);
    return text;
}

static int
put(const struct cache *cache, const char *url, const char *text)
{
    cJSON *json = NULL;
    int r;

    assert_int_equal(json_parse(text, strlen(text), &json), 0);
    r = cache_write(cache, url, NOW, 1000, json);
    cJSON_Delete(json);
    return r;
}

/* Whether the document of URL is found, and is {"v":value}. */
static bool
finds(const struct cache *cache, int64_t now, int value)
{
    int64_t fetched_at = -1;
    cJSON *json = NULL;
    bool right;

    if (cache_read(cache, URL, now, &json, &fetched_at) < 0) {
        assert_null(json);
        assert_int_equal(fetched_at, -1);
        return false;
    }
    assert_int_equal(fetched_at, NOW);
    right = (int) cJSON_GetNumberValue(cJSON_GetObjectItem(json, "v")) == value;
    cJSON_Delete(json);
    return right;
}

static unsigned
count_files(void)
{
    const struct dirent *entry;
    unsigned count = 0;
    DIR *list = opendir(in_cache(""));

    assert_non_null(list);
    while ((entry = readdir(list)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(list);
    return count;
}

static void
write_text(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    (void) fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(name, 0644), 0);
}

static unsigned
mode_of(const char *name)
{
    struct stat st;

    assert_int_equal(lstat(name, &st), 0);
    return st.st_mode & 07777U;
}

/* ---- what it is for ------------------------------------------------------ */

static void
what_was_written_is_found_while_it_is_fresh(void **state UNUSED)
{
    struct cache cache = open_cache();
    cJSON *json = NULL;
    int64_t fetched_at;

    assert_false(finds(&cache, NOW, 1));
    assert_int_equal(put(&cache, URL, "{\"v\":1}"), 0);
    assert_true(finds(&cache, NOW, 1));
    assert_true(finds(&cache, NOW + 999, 1));
    assert_false(finds(&cache, NOW + 1000, 1));
    assert_false(finds(&cache, NOW - 1, 1)); /* a clock that was set back */
    assert_int_equal(put(&cache, URL, "{\"v\":2}"), 0);
    assert_true(finds(&cache, NOW, 2));
    assert_int_equal(cache_read(&cache, URL "x", NOW, &json, &fetched_at),
                     -ENOENT);
    assert_int_equal(count_files(), 1);
    cache_close(&cache);
    cache_close(&cache); /* a second time is right, too */
}

static void
a_document_comes_back_as_it_was(void **state UNUSED)
{
    static const char text[] =
        "{\"a\":[1,0.5,-1e+100,true,false,null,{}],\"\\u00e9\\\"\":\"\\n\"}";
    struct cache cache = open_cache();
    cJSON *before = NULL, *after = NULL;
    int64_t fetched_at;

    assert_int_equal(json_parse(text, strlen(text), &before), 0);
    assert_int_equal(cache_write(&cache, URL, NOW, 300, before), 0);
    assert_int_equal(cache_read(&cache, URL, NOW, &after, &fetched_at), 0);
    assert_true(cJSON_Compare(before, after, true));
    cJSON_Delete(before);
    cJSON_Delete(after);
    cache_close(&cache);
}

static void
all_may_read_it_whatever_the_umask_and_only_we_write(void **state UNUSED)
{
    mode_t before = umask(0777);
    struct cache cache = open_cache();

    assert_int_equal(put(&cache, URL, "{}"), 0);
    assert_int_equal(mode_of(in_cache("")), 0755);
    assert_int_equal(mode_of(in_cache(URL_NAME)), 0644);
    cache_close(&cache);
    (void) umask(before);
}

static void
issuers_do_not_see_each_other(void **state UNUSED)
{
    struct cache one = open_cache(), other = open_for("https://h/b", true);

    assert_int_equal(put(&one, URL, "{\"v\":1}"), 0);
    assert_true(finds(&one, NOW, 1));
    assert_false(finds(&other, NOW, 1));
    cache_close(&one);
    cache_close(&other);
}

static void
who_only_reads_makes_nothing(void **state UNUSED)
{
    struct cache cache = open_for(ISSUER, false);

    assert_int_equal(cache.dir, -1);
    assert_int_equal(access(in_cache(""), F_OK), -1);
    cache = open_cache();
    assert_int_equal(put(&cache, URL, "{\"v\":1}"), 0);
    cache_close(&cache);
    cache = open_for(ISSUER, false);
    assert_true(cache.dir > 0);
    assert_true(finds(&cache, NOW, 1));
    assert_int_equal(put(&cache, URL, "{\"v\":2}"), -EROFS);
    assert_true(finds(&cache, NOW, 1));
    cache_close(&cache);
}

static void
no_cache_is_no_error(void **state UNUSED)
{
    static const struct cache none[] = {{.dir = -1}, {0}, {.writable = true}};
    size_t i;

    for (i = 0; i < ARRAY_LEN(none); i++) {
        assert_false(finds(&none[i], NOW, 1));
        assert_int_equal(put(&none[i], URL, "{}"), -EROFS);
    }
}

/* ---- a file that is not right -------------------------------------------- */

#define ENTRY(url, at, until, document)                                        \
    "{\"url\":\"" url "\",\"fetched_at\":" at ",\"fresh_until\":" until        \
    ",\"document\":" document "}"

static void
an_entry_that_is_not_right_is_as_if_absent(void **state UNUSED)
{
    static const char good[] =
        ENTRY(URL, "1800000000", "1800001000", "{\"v\":1}");
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{}",
        "null",
        ENTRY(URL, "1800000000", "1800001000", "{\"v\":1}") "x",
        ENTRY(URL, "1800000000", "1800001000", "{\"v\":1}") "{}",
        ENTRY("https://h/other", "1800000000", "1800001000", "{\"v\":1}"),
        ENTRY("", "1800000000", "1800001000", "{\"v\":1}"),
        /* longer, shorter than anything we write; the future; the wrong way */
        ENTRY(URL, "1800000000", "1800086401", "{\"v\":1}"),
        ENTRY(URL, "1800000000", "1800000299", "{\"v\":1}"),
        ENTRY(URL, "1800000001", "1800001000", "{\"v\":1}"),
        ENTRY(URL, "1800000000", "1799999000", "{\"v\":1}"),
        ENTRY(URL, "1800000000", "1e300", "{\"v\":1}"),
        ENTRY(URL, "-1e300", "1800001000", "{\"v\":1}"),
        ENTRY(URL, "\"1800000000\"", "1800001000", "{\"v\":1}"),
        ENTRY(URL, "null", "1800001000", "{\"v\":1}"),
        ENTRY(URL, "1800000000", "1800001000", "[1]"),
        ENTRY(URL, "1800000000", "1800001000", "null"),
        ENTRY(URL, "1800000000", "1800001000", "{\"v\":1,\"v\":1}"),
        ENTRY(URL, "1800000000", "1800001000", "{\"v\":1},\"document\":{}"),
        ENTRY(URL, "1800000000", "1800001000", "{\"v\":1,\"w\":\"\\u0000\"}"),
    };
    struct cache cache = open_cache();
    size_t i;

    write_text(in_cache(URL_NAME), good);
    assert_true(finds(&cache, NOW, 1));
    for (i = 0; i < ARRAY_LEN(bad); i++) {
        write_text(in_cache(URL_NAME), bad[i]);
        if (finds(&cache, NOW, 1))
            fail_msg("found: %s", bad[i]);
    }
    assert_int_equal(put(&cache, URL, "{\"v\":2}"), 0); /* and is replaced */
    assert_true(finds(&cache, NOW, 2));
    cache_close(&cache);
}

/* At each length: no beginning of an entry is an entry. */
static void
a_torn_entry_is_as_if_absent(void **state UNUSED)
{
    struct cache cache = open_cache();
    struct stat st;

    assert_int_equal(put(&cache, URL, "{\"v\":1,\"w\":[{}]}"), 0);
    assert_int_equal(stat(in_cache(URL_NAME), &st), 0);
    assert_true(finds(&cache, NOW, 1));
    while (st.st_size-- > 0) {
        assert_int_equal(truncate(in_cache(URL_NAME), st.st_size), 0);
        assert_false(finds(&cache, NOW, 1));
    }
    cache_close(&cache);
}

static void
a_file_that_is_too_large_is_not_read(void **state UNUSED)
{
    struct cache cache = open_cache();
    char *text = malloc(1024 * 1024 + 2);

    /* With blanks behind it, it would be right. */
    assert_int_equal(put(&cache, URL, "{\"v\":1}"), 0);
    memset(text, ' ', 1024 * 1024 + 2);
    memcpy(text, ENTRY(URL, "1800000000", "1800001000", "{\"v\":1}"),
           strlen(ENTRY(URL, "1800000000", "1800001000", "{\"v\":1}")));
    text[1024 * 1024] = '\0';
    write_text(in_cache(URL_NAME), text);
    assert_true(finds(&cache, NOW, 1));
    text[1024 * 1024] = ' ';
    text[1024 * 1024 + 1] = '\0';
    write_text(in_cache(URL_NAME), text);
    assert_false(finds(&cache, NOW, 1));
    /* Sparse: nothing on the disk, and more than there is memory. */
    assert_int_equal(truncate(in_cache(URL_NAME), INT64_C(1) << 40), 0);
    assert_false(finds(&cache, NOW, 1));
    assert_int_equal(truncate(in_cache(URL_NAME), 0), 0);
    assert_int_equal(truncate(in_cache(URL_NAME), 1024 * 1024), 0);
    assert_false(finds(&cache, NOW, 1));
    free(text);
    cache_close(&cache);
}

static void
a_document_that_is_too_large_is_not_written(void **state UNUSED)
{
    struct cache cache = open_cache();
    char *text = calloc(1, 1024 * 1024 + 10);

    memset(text, 'x', 1024 * 1024);
    memcpy(text, "{\"v\":\"", 6);
    memcpy(text + 1024 * 1024, "\"}", 3);
    assert_int_equal(put(&cache, URL, text), -EMSGSIZE);
    assert_int_equal(count_files(), 0);
    free(text);
    cache_close(&cache);
}

static void
no_link_pipe_or_directory_is_followed(void **state UNUSED)
{
    struct cache cache = open_cache();
    const char *name = in_cache(URL_NAME);
    char other[300];
    struct stat st;

    (void) snprintf(other, sizeof(other), "%s/other", base);
    write_text(other, ENTRY(URL, "1800000000", "1800001000", "{\"v\":1}"));
    assert_int_equal(symlink(other, name), 0);
    assert_false(finds(&cache, NOW, 1));
    assert_int_equal(put(&cache, URL, "{\"v\":2}"), 0); /* the link itself */
    assert_int_equal(lstat(name, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_true(finds(&cache, NOW, 2));
    assert_int_equal(unlink(name), 0);

    assert_int_equal(link(other, name), 0);
    assert_false(finds(&cache, NOW, 1));
    assert_int_equal(unlink(other), 0); /* now it has one name */
    assert_true(finds(&cache, NOW, 1));
    assert_int_equal(unlink(name), 0);

    assert_int_equal(mkfifo(name, 0644), 0);
    assert_false(finds(&cache, NOW, 1)); /* it would wait for ever */
    assert_int_equal(put(&cache, URL, "{\"v\":3}"), 0);
    assert_true(finds(&cache, NOW, 3));
    assert_int_equal(unlink(name), 0);

    assert_int_equal(mkdir(name, 0755), 0);
    assert_false(finds(&cache, NOW, 1));
    assert_int_equal(put(&cache, URL, "{\"v\":4}"), -EISDIR);
    assert_int_equal(count_files(), 1); /* what was half done is gone */
    cache_close(&cache);
}

static void
a_file_that_others_may_have_written_is_not_trusted(void **state UNUSED)
{
    struct cache cache = open_cache();
    const char *name = in_cache(URL_NAME);

    assert_int_equal(put(&cache, URL, "{\"v\":1}"), 0);
    assert_int_equal(chmod(name, 0664), 0);
    assert_false(finds(&cache, NOW, 1));
    assert_int_equal(chmod(name, 0646), 0);
    assert_false(finds(&cache, NOW, 1));
    assert_int_equal(chmod(name, 0600), 0);
    assert_true(finds(&cache, NOW, 1));
    if (geteuid() == 0) {
        assert_int_equal(chown(name, 12345, 0), 0);
        assert_false(finds(&cache, NOW, 1));
    }
    cache_close(&cache);
}

/* ---- a directory that is not right --------------------------------------- */

static bool
is_open(bool create)
{
    struct cache cache = open_for(ISSUER, create);
    bool open = cache.dir > 0;

    assert_true(open || cache.dir == -1);
    cache_close(&cache);
    return open;
}

static void
a_directory_that_others_may_change_is_not_used(void **state UNUSED)
{
    static const mode_t modes[] = {0775, 0757, 0777, 01777};
    size_t i;

    for (i = 0; i < ARRAY_LEN(modes); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_false(is_open(true));
        assert_false(is_open(false));
        assert_int_equal(chmod(path, 0755), 0);
        assert_true(is_open(true));
        assert_int_equal(chmod(in_cache(""), modes[i]), 0);
        assert_false(is_open(true));
        assert_false(is_open(false));
        assert_int_equal(rmdir(in_cache("")), 0);
    }
}

static void
a_directory_of_another_user_is_not_written_to(void **state UNUSED)
{
    struct cache cache;

    if (geteuid() != 0)
        SKIP("it gives directories away, which needs root");
    assert_true(is_open(true));
    assert_int_equal(chown(path, 12345, 12345), 0);
    /* That of the issuer is still root's: it may be read, not written. */
    cache = open_for(ISSUER, true);
    assert_true(cache.dir > 0);
    assert_false(cache.writable);
    cache_close(&cache);
    assert_int_equal(chown(in_cache(""), 12345, 12345), 0);
    cache = open_for(ISSUER, true);
    assert_true(cache.dir > 0);
    assert_false(cache.writable);
    assert_int_equal(cache.owner, 12345);
    cache_close(&cache);
    /* Neither root's nor the owner's. */
    assert_int_equal(chown(in_cache(""), 54321, 12345), 0);
    assert_false(is_open(true));
    assert_false(is_open(false));
}

static void
a_link_in_place_of_a_directory_is_no_cache(void **state UNUSED)
{
    char other[300];

    (void) snprintf(other, sizeof(other), "%s/other", base);
    assert_int_equal(mkdir(other, 0755), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink(other, path), 0);
    assert_false(is_open(true));
    assert_int_equal(unlink(path), 0);
    assert_false(is_open(true)); /* nothing there at all */
    assert_int_equal(access(path, F_OK), -1);
    write_text(path, "a file");
    assert_false(is_open(true));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    (void) snprintf(other, sizeof(other), "%s/" ISSUER_NAME, path);
    assert_int_equal(symlink(base, other), 0);
    assert_false(is_open(true));
    assert_false(is_open(false));
}

/* Opened is opened: what is put in its place later is not looked at. */
static void
a_directory_that_is_swapped_changes_nothing(void **state UNUSED)
{
    struct cache cache = open_cache();
    char old[300];

    assert_int_equal(put(&cache, URL, "{\"v\":1}"), 0);
    (void) snprintf(old, sizeof(old), "%s/old", base);
    assert_int_equal(rename(in_cache(""), old), 0);
    assert_int_equal(mkdir(in_cache(""), 0777), 0);
    write_text(in_cache(URL_NAME),
               ENTRY(URL, "1800000000", "1800001000", "{\"v\":2}"));
    assert_true(finds(&cache, NOW, 1));
    assert_int_equal(put(&cache, URL, "{\"v\":3}"), 0);
    assert_true(finds(&cache, NOW, 3));
    cache_close(&cache);
}

/* ---- a system that fails ------------------------------------------------- */

static void
a_failure_at_opening_is_no_cache(void **state UNUSED)
{
    static const int errors[] = {EACCES, EPERM, ENOENT, EMFILE, EIO};
    int spared;
    size_t i;

    for (i = 0; i < ARRAY_LEN(errors); i++) {
        FAIL(mkdirat, errors[i], 0);
        assert_false(is_open(true));
        WORK(mkdirat);
        for (spared = 0; spared < 2; spared++) {
            openat_spared = spared;
            openat_error = errors[i];
            assert_false(is_open(true));
            openat_error = 0;
        }
        FAIL(fstat, errors[i], 0);
        assert_false(is_open(true));
        FAIL(fstat, errors[i], 1);
        assert_false(is_open(true));
        WORK(fstat);
        assert_true(is_open(true));
        assert_int_equal(rmdir(in_cache("")), 0);
    }
}

static void
a_failure_at_writing_leaves_what_was_there(void **state UNUSED)
{
    struct cache cache = open_cache();
    int spared;

    assert_int_equal(put(&cache, URL, "{\"v\":1}"), 0);
    FAIL(write, ENOSPC, 0);
    assert_int_equal(put(&cache, URL, "{\"v\":2}"), -ENOSPC);
    FAIL(write, EDQUOT, 0);
    assert_int_equal(put(&cache, URL, "{\"v\":2}"), -EDQUOT);
    WORK(write);
    FAIL(renameat, EROFS, 0);
    assert_int_equal(put(&cache, URL, "{\"v\":2}"), -EROFS);
    WORK(renameat);
    FAIL(getrandom, EINTR, 0);
    assert_int_equal(put(&cache, URL, "{\"v\":2}"), -EIO);
    WORK(getrandom);
    for (spared = 0; spared < 2; spared++) {
        openat_spared = spared;
        openat_error = EACCES;
        assert_int_equal(put(&cache, URL, "{\"v\":2}"),
                         spared == 0 ? -EIO : -EACCES);
        openat_error = 0;
    }
    assert_int_equal(count_files(), 1); /* nothing that is half done */
    assert_true(finds(&cache, NOW, 1));
    FAIL(fstat, EIO, 0);
    assert_false(finds(&cache, NOW, 1));
    WORK(fstat);
    assert_int_equal(put(&cache, URL, "{\"v\":2}"), 0);
    assert_true(finds(&cache, NOW, 2));
    cache_close(&cache);
}

/* The second close of a write is that of its file; some disks say it then. */
static void
a_failure_at_closing_is_one_of_writing(void **state UNUSED)
{
    struct cache cache = open_cache();

    assert_int_equal(put(&cache, URL, "{\"v\":1}"), 0);
    FAIL(close, EDQUOT, 0);
    assert_int_equal(put(&cache, URL, "{\"v\":2}"), -EDQUOT);
    WORK(close);
    assert_true(finds(&cache, NOW, 1));
    assert_int_equal(count_files(), 1);
    cache_close(&cache);
}

/* ---- many of them -------------------------------------------------------- */

static void
what_killed_logins_left_is_bounded(void **state UNUSED)
{
    struct cache cache = open_cache();
    char name[32], url[32];
    int i;

    for (i = 0; i < 62; i++) {
        (void) snprintf(name, sizeof(name), "%d.tmp", i);
        write_text(in_cache(name), "{");
    }
    assert_int_equal(put(&cache, URL, "{\"v\":1}"), 0);
    assert_int_equal(count_files(), 63);
    assert_int_equal(put(&cache, URL "x", "{\"v\":1}"), 0);
    assert_int_equal(count_files(), 64);
    assert_int_equal(put(&cache, URL, "{\"v\":2}"), 0); /* all of it goes */
    assert_int_equal(count_files(), 1);
    assert_true(finds(&cache, NOW, 2));
    for (i = 0; i < 1000; i++) { /* a provider that moves its keys each time */
        (void) snprintf(url, sizeof(url), "https://h/%d", i);
        assert_int_equal(put(&cache, url, "{}"), 0);
    }
    assert_in_range(count_files(), 1, 64);
    cache_close(&cache);
}

static void
a_directory_that_cannot_be_emptied_gets_no_more(void **state UNUSED)
{
    struct cache cache = open_cache();
    char name[32];
    int i;

    for (i = 0; i < 64; i++) {
        (void) snprintf(name, sizeof(name), "%d", i);
        assert_int_equal(mkdir(in_cache(name), 0755), 0);
    }
    assert_int_equal(put(&cache, URL, "{}"), -ENOSPC);
    assert_int_equal(count_files(), 64);
    cache_close(&cache);
}

#define PROCESSES 24
#define ROUNDS    (getenv("VALGRIND") == NULL ? 60 : 2)

/* {"v":n,"list":[n,n,…]}: one that is torn would not be all the same. */
static cJSON *
make_document(int n, int len)
{
    cJSON *json = cJSON_CreateObject(), *list;
    int i;

    (void) cJSON_AddNumberToObject(json, "v", n);
    list = cJSON_AddArrayToObject(json, "list");
    for (i = 0; i < len; i++)
        (void) cJSON_AddItemToArray(list, cJSON_CreateNumber(n));
    (void) cJSON_AddNumberToObject(json, "len", len);
    return json;
}

static bool
is_whole(const cJSON *json)
{
    double n = cJSON_GetNumberValue(cJSON_GetObjectItem(json, "v"));
    const cJSON *list = cJSON_GetObjectItem(json, "list"), *item;

    cJSON_ArrayForEach(item, list) if (item->valuedouble < n
                                       || item->valuedouble > n) return false;
    return cJSON_GetArraySize(list)
           == (int) cJSON_GetNumberValue(cJSON_GetObjectItem(json, "len"));
}

/* How often something was wrong. */
static int
write_and_read(int n)
{
    struct cache cache = {0};
    cJSON *json;
    int64_t fetched_at;
    int i, wrong = 0;

    for (i = 0; i < ROUNDS; i++) {
        cache_open(path, ISSUER, true, &cache);
        json = make_document(n, (n * 37 + i * 101) % 2000);
        wrong += cache_write(&cache, URL, NOW, 1000, json) != 0;
        cJSON_Delete(json);
        json = NULL;
        if (cache_read(&cache, URL, NOW, &json, &fetched_at) < 0
            || !is_whole(json))
            wrong++;
        cJSON_Delete(json);
        cache_close(&cache);
    }
    return wrong < 100 ? wrong : 100;
}

static void
many_write_and_read_at_once_and_none_sees_half(void **state UNUSED)
{
    pid_t pids[PROCESSES];
    int i, status;

    for (i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        assert_int_not_equal(pids[i], -1);
        if (pids[i] == 0)
            _exit(write_and_read(i));
    }
    for (i = 0; i < PROCESSES; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count_files(), 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(what_was_written_is_found_while_it_is_fresh),
        TEST(a_document_comes_back_as_it_was),
        TEST(all_may_read_it_whatever_the_umask_and_only_we_write),
        TEST(issuers_do_not_see_each_other),
        TEST(who_only_reads_makes_nothing),
        TEST(no_cache_is_no_error),
        TEST(an_entry_that_is_not_right_is_as_if_absent),
        TEST(a_torn_entry_is_as_if_absent),
        TEST(a_file_that_is_too_large_is_not_read),
        TEST(a_document_that_is_too_large_is_not_written),
        TEST(no_link_pipe_or_directory_is_followed),
        TEST(a_file_that_others_may_have_written_is_not_trusted),
        TEST(a_directory_that_others_may_change_is_not_used),
        TEST(a_directory_of_another_user_is_not_written_to),
        TEST(a_link_in_place_of_a_directory_is_no_cache),
        TEST(a_directory_that_is_swapped_changes_nothing),
        TEST(a_failure_at_opening_is_no_cache),
        TEST(a_failure_at_writing_leaves_what_was_there),
        TEST(a_failure_at_closing_is_one_of_writing),
        TEST(what_killed_logins_left_is_bounded),
        TEST(a_directory_that_cannot_be_emptied_gets_no_more),
        TEST(many_write_and_read_at_once_and_none_sees_half),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
