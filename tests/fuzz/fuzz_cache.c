/* SPDX-License-Identifier: MIT */
/*
 * A file of the cache, whatever is in it: only one that is for this URL and
 * fresh now is taken.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/exchange/cache.h"
#include "helper/exchange/freshness.h"
#include "helper/exchange/json.h"
#include "tests/fuzz/fuzz.h"

/* Nobody but the linker calls a __wrap_. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"

#define NOW INT64_C(1800000000)
#define URL "https://login.example/keys"

static struct input file;
static mode_t mode;

int
LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
    json_init();
    return 0;
}

/* The only file that is opened so. */
int
__wrap_openat(int dir UNUSED, const char *name UNUSED, int flags UNUSED, ...)
{
    int fd = memfd_create("entry", MFD_CLOEXEC);

    HOLDS(fd >= 0 && fchmod(fd, mode) == 0);
    HOLDS(write(fd, file.data, file.len) == (ssize_t) file.len);
    HOLDS(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static void
check_entry(int64_t fetched_at)
{
    cJSON *entry = NULL;
    int64_t until = 0;

    HOLDS((mode & (S_IWGRP | S_IWOTH)) == 0);
    HOLDS(json_parse(file.data, file.len, &entry) == 0);
    HOLDS(strcmp(json_text(entry, "url"), URL) == 0);
    HOLDS(json_date(entry, "fresh_until", &until) == 0);
    HOLDS(fetched_at <= NOW && until > NOW);
    HOLDS(until - fetched_at <= FRESHNESS_MAX);
    cJSON_Delete(entry);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mode_t modes[] = {0644, 0600, 0664, 0646};
    const struct cache cache = {.dir = STDERR_FILENO, .owner = geteuid()};
    struct input input = {data, size};
    cJSON *document = NULL;
    int64_t fetched_at = 0;
    int r;

    mode = modes[input_byte(&input) % ARRAY_LEN(modes)];
    if (input.len == 0)
        return 0;
    file = input;
    r = cache_read(&cache, URL, NOW, &document, &fetched_at);
    HOLDS(r == 0 || r == -ENOENT);
    HOLDS((r == 0) == (document != NULL));
    if (r == 0) {
        HOLDS(cJSON_IsObject(document));
        check_entry(fetched_at);
    }
    cJSON_Delete(document);
    return 0;
}
