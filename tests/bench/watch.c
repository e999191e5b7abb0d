/* SPDX-License-Identifier: MIT */
/*
 * What thousands of sessions say of themselves, as root sees it, at little cost:
 *
 *   watch GROUP SECONDS
 *
 * looks for the keys of all sessions once, by the number of the group
 * oidc-session, and reads them each so many seconds until end of file.  Lines:
 *
 *   plan AT SUBJECT RENEW_AT RENEWED_AT FAILURES    where one has changed
 *   pass AT SESSIONS LOST    LOST of them have been without an access token
 *                            that is good, in this pass or an earlier one
 */
#include <keyutils.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum kind { STATUS, EXPIRES_AT, ACCESS_TOKEN, KINDS };

static const char *const names[KINDS] = {
    [STATUS] = "oidc:status:",
    [EXPIRES_AT] = "oidc:expires_at:",
    [ACCESS_TOKEN] = "oidc:access_token:",
};

struct key {
    key_serial_t serial;
    long long renewed_at, renew_at, failures;
    bool lost;
};

static struct list {
    struct key *keys;
    size_t n;
} lists[KINDS];

static int
add(struct list *list, key_serial_t serial)
{
    if (list->n % 1024 == 0) {
        struct key *more =
            realloc(list->keys, (list->n + 1024) * sizeof(*list->keys));

        if (more == NULL)
            return -1;
        list->keys = more;
    }
    list->keys[list->n++] = (struct key){.serial = serial};
    return 0;
}

/* SERIAL FLAGS USAGE TIMEOUT PERMISSIONS UID GID TYPE DESCRIPTION */
static int
find_line(const char *line, int group)
{
    unsigned serial;
    char name[64];
    int gid;
    size_t i;

    if (sscanf(line, "%x %*s %*s %*s %*s %*s %d user %63s", &serial, &gid, name)
            != 3
        || gid != group)
        return 0;
    for (i = 0; i < KINDS; i++)
        if (strcmp(name, names[i]) == 0)
            return add(&lists[i], (key_serial_t) serial);
    return 0;
}

static int
find_keys(int group)
{
    FILE *file = fopen("/proc/keys", "re");
    char line[512];
    int r = 0;

    if (file == NULL)
        return -1;
    while (r == 0 && fgets(line, sizeof(line), file) != NULL)
        r = find_line(line, group);
    (void) fclose(file);
    return r;
}

/* The text of a key, or "" where there is none. */
static void
read_key(key_serial_t serial, char *out, size_t size)
{
    long n = keyctl_read(serial, out, size - 1);

    out[n > 0 && n < (long) size ? n : 0] = '\0';
}

/* The number behind NAME=, or 0. */
static long long
number_of(const char *text, const char *name)
{
    const char *found = strstr(text, name);

    return found != NULL ? strtoll(found + strlen(name), NULL, 10) : 0;
}

static double
now(void)
{
    struct timespec ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static void
look_at_plan(struct key *key)
{
    char text[4096], subject[256] = "-";
    long long renewed_at, renew_at, failures;
    const char *found;

    read_key(key->serial, text, sizeof(text));
    renewed_at = number_of(text, "\nrenewed_at=");
    renew_at = number_of(text, "\nrenew_at=");
    failures = number_of(text, "\nfailures=");
    if (renewed_at == key->renewed_at && renew_at == key->renew_at
        && failures == key->failures)
        return;
    key->renewed_at = renewed_at;
    key->renew_at = renew_at;
    key->failures = failures;
    found = strstr(text, "\nsubject=");
    if (found != NULL)
        (void) sscanf(found, "\nsubject=%255s", subject);
    printf("plan %.3f %s %lld %lld %lld\n", now(), subject, renew_at,
           renewed_at, failures);
}

/* How many were ever without: the key is gone or has timed out, or says that
 * the token is too old. */
static size_t
count_lost(void)
{
    struct list *tokens = &lists[ACCESS_TOKEN], *ends = &lists[EXPIRES_AT];
    char text[64];
    size_t i, lost = 0, old = 0;

    for (i = 0; i < tokens->n; i++) {
        if (keyctl_read(tokens->keys[i].serial, NULL, 0) <= 0)
            tokens->keys[i].lost = true;
        lost += tokens->keys[i].lost;
    }
    for (i = 0; i < ends->n; i++) {
        read_key(ends->keys[i].serial, text, sizeof(text));
        if (strtod(text, NULL) <= now())
            ends->keys[i].lost = true;
        old += ends->keys[i].lost;
    }
    return lost > old ? lost : old;
}

int
main(int argc, char **argv)
{
    struct pollfd end = {.fd = STDIN_FILENO, .events = POLLIN};
    int milliseconds;
    size_t i;

    if (argc != 3)
        return 64;
    milliseconds = (int) (strtod(argv[2], NULL) * 1000);
    if (find_keys(atoi(argv[1])) == -1)
        return 111;
    do {
        for (i = 0; i < lists[STATUS].n; i++)
            look_at_plan(&lists[STATUS].keys[i]);
        printf("pass %.3f %zu %zu\n", now(), lists[STATUS].n, count_lost());
        fflush(stdout);
    } while (poll(&end, 1, milliseconds) == 0);
    return 0;
}
