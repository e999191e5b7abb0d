/* SPDX-License-Identifier: MIT */
/*
 * Whatever a provider's header is, what it comes with is kept for a while, and
 * what it refuses is asked for again within the hour.
 */
#include <config.h>

#include "helper/exchange/freshness.h"
#include "tests/fuzz/fuzz.h"

#define NOW INT64_C(1800000000)

static void
check(const struct freshness *freshness)
{
    int64_t lifetime = freshness_lifetime(freshness, NOW);
    int64_t wait = freshness_retry_after(freshness, NOW);

    HOLDS(ends_within(freshness->control, sizeof(freshness->control)));
    HOLDS(ends_within(freshness->age, sizeof(freshness->age)));
    HOLDS(ends_within(freshness->date, sizeof(freshness->date)));
    HOLDS(ends_within(freshness->expires, sizeof(freshness->expires)));
    HOLDS(ends_within(freshness->retry_after, sizeof(freshness->retry_after)));
    HOLDS(wait >= 0 && wait <= FRESHNESS_RETRY_AFTER_MAX);
    HOLDS(wait == 0
          || (freshness->retry_after[0] != '\0' && !freshness->retry_unclear));
    HOLDS(lifetime >= FRESHNESS_MIN && lifetime <= FRESHNESS_MAX);
    HOLDS(!freshness->unclear || lifetime == FRESHNESS_MIN);
    HOLDS(freshness->unclear || freshness->control[0] != '\0'
          || freshness->expires[0] != '\0' || lifetime <= FRESHNESS_DEFAULT);
}

/* Nothing behind it makes good again what says that it must not be kept. */
static void
check_no_store(struct freshness freshness)
{
    static const char line[] = "Cache-Control: no-store";

    if (freshness.done)
        return;
    freshness_take(&freshness, line, strlen(line));
    HOLDS(freshness_lifetime(&freshness, NOW) == FRESHNESS_MIN);
}

/* It comes once; what differs from it is no answer to when. */
static void
check_two_retry_afters(struct freshness freshness)
{
    static const char one[] = "Retry-After: 1", two[] = "Retry-After: 2";
    bool was_there = freshness.retry_after[0] != '\0';
    bool unclear = freshness.retry_unclear;

    if (freshness.done)
        return;
    freshness_take(&freshness, one, strlen(one));
    HOLDS(was_there || unclear || freshness_retry_after(&freshness, NOW) == 1);
    freshness_take(&freshness, two, strlen(two));
    HOLDS(freshness_retry_after(&freshness, NOW) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct freshness freshness = {0};
    size_t len;
    char *line;

    do {
        line = input_text(&input, &len);
        freshness_take(&freshness, line, len);
        free(line);
        check(&freshness);
    } while (input.len > 0);
    check_no_store(freshness);
    check_two_retry_afters(freshness);
    return 0;
}
