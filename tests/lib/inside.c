/* SPDX-License-Identifier: MIT */
/*
 * A library for /etc/ld.so.preload of a throwaway host: inside of an exchange,
 * before each of its requests, it tries what tests/lib/forbidden.h says.  That is
 * what an attacker would do who got that far.  In every other program it does
 * nothing.
 *
 * INSIDE_DIR/place tells it what is there; its findings are in the file
 * INSIDE_DIR/results, which it maps before there is a sandbox: one line for each
 * thing, "PID REQUEST WHEN NAME|ERRNO|EXPECTED|ABI".
 */
#include <config.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <curl/curl.h>

#include "common/attr.h"
#include "tests/lib/forbidden.h"

#define INSIDE_DIR "/tmp/inside"
#define SIZE       (1024 * 1024)

#define EXPORT __attribute__((visibility("default")))

static struct forbidden_place place;
static enum forbidden_when when;
static char *results; /* NULL: this is another program */
static unsigned requests;

static bool
is_exchange(void)
{
    static const char name[] = "/oidc-session-exchange";
    char exe[256];
    ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

    if (len < (ssize_t) sizeof(name) - 1)
        return false;
    exe[len] = '\0';
    return strcmp(exe + len - (sizeof(name) - 1), name) == 0;
}

static bool
read_place(void)
{
    FILE *file = fopen(INSIDE_DIR "/place", "re");
    int number, other, kind = 0;

    if (file == NULL)
        return false;
    number = fscanf(file, "%d %hu %hu %d %31s %127s %127s", &kind,
                    &place.good_port, &place.bad_port, &other, place.abstract,
                    place.cache, place.outside);
    fclose(file);
    place.other = other;
    when = (enum forbidden_when) kind;
    return number == 7;
}

__attribute__((constructor)) static void
inside_begin(void)
{
    void *map;
    int fd;

    if (!is_exchange() || !read_place())
        return;
    fd = open(INSIDE_DIR "/results", O_RDWR | O_CLOEXEC);
    if (fd == -1)
        return;
    map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        results = map;
}

static void
try_all(void)
{
    /* At a login the first request may be the one that finds the ports. */
    enum forbidden_when now =
        when == FORBIDDEN_LOGIN && requests == 1 ? FORBIDDEN_UNKNOWN : when;
    const struct forbidden *row;
    size_t i, len;
    int got;

    for (i = 0; i < forbidden_n; i++) {
        row = &forbidden[i];
        got = forbidden_try(row, &place);
        len = strlen(results);
        (void) snprintf(results + len, SIZE - len, "%d %u %d %s|%d|%d|%d\n",
                        (int) getpid(), requests, (int) now, row->name, got,
                        row->expected[now], row->abi); /* there is room */
    }
}

EXPORT CURLcode
curl_easy_perform(CURL *curl)
{
    CURLcode (*real)(CURL *);

    *(void **) &real = dlsym(RTLD_NEXT, "curl_easy_perform");
    if (results != NULL) {
        requests++;
        try_all();
    }
    return real(curl);
}
