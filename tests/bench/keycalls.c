/* SPDX-License-Identifier: MIT */
/*
 * How long these calls of keys take, one after the other, on keys of this size:
 *
 *   keycalls ROUNDS SLEEP <<'END'
 *   describe 0
 *   read 1 512
 *   add 2 53
 *   timeout 2 300
 *   join 0
 *   END
 *
 * Each line is a call, the number of a key, and the bytes of its payload or its
 * seconds.  It prints the median of the rounds in nanoseconds, and the quartiles.
 * Between two of them it sleeps for SLEEP microseconds, because whoever renews a
 * token has slept as well, and the processor has forgotten its keys; but it is
 * awake for a moment before it begins, as the helper is.  0: neither.
 */
#include <keyutils.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CALLS_MAX 128
#define KEYS_MAX  32
#define BYTES_MAX 32767

static struct call {
    char name[16];
    int key;
    size_t number;
} calls[CALLS_MAX];
static size_t n_calls;
static char names[KEYS_MAX][32], payload[BYTES_MAX];
static key_serial_t ring, keys[KEYS_MAX];

static bool
read_calls(void)
{
    struct call call;

    while (scanf("%15s %d %zu", call.name, &call.key, &call.number) == 3) {
        if (n_calls == CALLS_MAX || call.key < 0 || call.key >= KEYS_MAX
            || call.number > BYTES_MAX)
            return false;
        calls[n_calls++] = call;
    }
    return n_calls > 0;
}

/* All of them exist before; a key that is read has as much in it. */
static bool
make_keys(void)
{
    size_t i, len;
    int key;

    if (keyctl_join_session_keyring(NULL) == -1)
        return false;
    /* It stays when we join another one. */
    ring = add_key("keyring", "oidc", NULL, 0, KEY_SPEC_PROCESS_KEYRING);
    for (key = 0; key < KEYS_MAX && ring != -1; key++) {
        len = 64;
        for (i = 0; i < n_calls; i++)
            if (calls[i].key == key && strcmp(calls[i].name, "read") == 0)
                len = calls[i].number;
        (void) snprintf(names[key], sizeof(names[key]), "oidc:key_%d", key);
        keys[key] = add_key("user", names[key], payload, len, ring);
        if (keys[key] == -1)
            return false;
    }
    return ring != -1;
}

static bool
do_call(const struct call *call)
{
    static char out[BYTES_MAX];
    key_serial_t key = keys[call->key];

    if (strcmp(call->name, "describe") == 0)
        return keyctl_describe(ring, out, sizeof(out)) != -1;
    if (strcmp(call->name, "read") == 0)
        return keyctl_read(key, out, sizeof(out)) != -1;
    if (strcmp(call->name, "search") == 0)
        return keyctl_search(ring, "user", names[call->key], 0) != -1;
    if (strcmp(call->name, "add") == 0)
        return add_key("user", names[call->key], payload, call->number, ring)
               == key;
    if (strcmp(call->name, "timeout") == 0)
        return keyctl_set_timeout(key, (unsigned) call->number) != -1;
    if (strcmp(call->name, "join") == 0)
        return keyctl_join_session_keyring(NULL) != -1;
    return false;
}

static long
nanoseconds(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
    long x = *(const long *) a, y = *(const long *) b;

    return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
    int rounds = argc == 3 ? atoi(argv[1]) : 0, round;
    unsigned sleep_us = argc == 3 ? (unsigned) atoi(argv[2]) : 0;
    long *took = calloc((size_t) rounds + 1, sizeof(*took));
    size_t i;
    long awake;

    if (rounds < 1 || took == NULL || !read_calls())
        return 2;
    memset(payload, 'x', sizeof(payload));
    if (!make_keys()) {
        perror("keycalls: cannot make keys");
        return 1;
    }
    for (round = 0; round < rounds; round++) {
        if (sleep_us > 0) {
            (void) usleep(sleep_us);
            awake = nanoseconds();
            while (nanoseconds() < awake + 100000)
                continue;
        }
        took[round] = nanoseconds();
        for (i = 0; i < n_calls; i++)
            if (!do_call(&calls[i])) {
                perror(calls[i].name);
                return 1;
            }
        took[round] = nanoseconds() - took[round];
    }
    qsort(took, (size_t) rounds, sizeof(*took), compare);
    (void) printf("%ld %ld %ld\n", took[rounds / 2], took[rounds / 4],
                  took[rounds * 3 / 4]);
    free(took);
    return 0;
}
