/* SPDX-License-Identifier: MIT */
/* Whatever a provider's header is, what it comes with is kept for a while. */
#include <config.h>

#include "helper/exchange/freshness.h"
#include "tests/fuzz/fuzz.h"

#define NOW INT64_C(1800000000)

static void
check(const struct freshness *freshness)
{
    int64_t lifetime = freshness_lifetime(freshness, NOW);

    HOLDS(ends_within(freshness->control, sizeof(freshness->control)));
    HOLDS(ends_within(freshness->age, sizeof(freshness->age)));
    HOLDS(ends_within(freshness->date, sizeof(freshness->date)));
    HOLDS(ends_within(freshness->expires, sizeof(freshness->expires)));
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
    return 0;
}
