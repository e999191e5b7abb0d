/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/attr.h"
#include "helper/cli/moment.h"

static const struct unit {
    const char *name;
    int64_t seconds;
} units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};

char *
moment_duration(int64_t seconds, char out[MOMENT_SIZE])
{
    int64_t first, second;
    size_t i = 0;

    if (seconds < 0)
        seconds = 0;
    while (i < ARRAY_LEN(units) - 1 && seconds < units[i].seconds)
        i++;
    first = seconds / units[i].seconds;
    second = i + 1 < ARRAY_LEN(units)
                 ? seconds % units[i].seconds / units[i + 1].seconds
                 : 0;
    if (second == 0)
        (void) snprintf(out, MOMENT_SIZE, "%" PRId64 " %s", first,
                        units[i].name);
    else
        (void) snprintf(out, MOMENT_SIZE, "%" PRId64 " %s %" PRId64 " %s",
                        first, units[i].name, second, units[i + 1].name);
    return out;
}

char *
moment_from(int64_t at, int64_t now, char out[MOMENT_SIZE])
{
    char duration[MOMENT_SIZE];

    (void) moment_duration(at > now ? at - now : now - at, duration);
    if (at > now)
        (void) snprintf(out, MOMENT_SIZE, "in %.40s", duration);
    else if (at < now)
        (void) snprintf(out, MOMENT_SIZE, "%.40s ago", duration);
    else
        (void) snprintf(out, MOMENT_SIZE, "now");
    return out;
}

/* Years have four digits, UNIX_TIME_MAX: it fits. */
char *
moment_local(int64_t at, char out[MOMENT_SIZE])
{
    time_t time = (time_t) at;
    struct tm tm;

    tzset(); /* which localtime_r() need not do */
    if (localtime_r(&time, &tm) == NULL
        || strftime(out, MOMENT_SIZE, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
        out[0] = '\0';
    return out;
}

char *
moment_rfc3339(int64_t at, char out[MOMENT_SIZE])
{
    time_t time = (time_t) at;
    struct tm tm;

    if (gmtime_r(&time, &tm) == NULL
        || strftime(out, MOMENT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        out[0] = '\0';
    return out;
}
