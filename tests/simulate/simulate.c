/* SPDX-License-Identifier: MIT */
/* The days of all scenarios, or of some, as a table and as files to draw. */
#include <config.h>

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/number.h"
#include "tests/simulate/scenarios.h"

#define STEP     10 /* seconds of a line of a curve */
#define SEED_MAX INT64_C(1000000000)
#define MOST     INT64_C(5000000) /* sessions */

struct options {
    const char *output;     /* a directory; NULL: none */
    int64_t seed, sessions; /* 0: what the scenario says */
};

/* ---- Files ---- */

static FILE *
create(const struct options *options, const char *name, const char *suffix)
{
    char path[4096];
    FILE *file;

    if (snprintf(path, sizeof(path), "%s/%s.%s", options->output, name, suffix)
        >= (int) sizeof(path))
        return NULL;
    file = fopen(path, "we");
    if (file == NULL)
        perror(path);
    return file;
}

/* Second; requests a second on average, and at most; logins and revocations;
 * sessions without a token. */
static int
write_curve(const struct options *options, const struct scenario *scenario,
            const struct fleet_day *day)
{
    FILE *file = create(options, scenario->name, "tsv");
    int64_t i;

    if (file == NULL)
        return -1;
    fputs("second\tmean\tpeak\tothers\texpired\n", file);
    for (i = 0; i + STEP <= scenario->fleet.seconds; i += STEP)
        fprintf(file, "%" PRId64 "\t%.1f\t%.0f\t%.1f\t%" PRIu32 "\n", i,
                fleet_mean(day->renewals, i, i + STEP),
                fleet_peak(day->renewals, i, i + STEP, 1),
                fleet_mean(day->others, i, i + STEP), day->expired[i]);
    return fclose(file);
}

static int
write_result(const struct options *options, const struct scenario *scenario,
             const struct fleet_day *day, const struct measures *is)
{
    FILE *file = create(options, scenario->name, "json");

    if (file == NULL)
        return -1;
    fprintf(file,
            "{\"name\": \"%s\", \"title\": \"%s\", \"sessions\": %" PRIu32
            ", \"seed\": %" PRIu64 ", \"seconds\": %" PRId64
            ", \"mean\": %.1f, \"peak\": %.0f, \"peak_10\": %.1f,"
            " \"peak_down\": %.0f, \"peak_others\": %.0f,"
            " \"impossible\": %" PRIu32 ", \"lost\": %" PRIu32
            ", \"latest\": %" PRId64 ", \"recovered_99\": %" PRId64
            ", \"recovered\": %" PRId64 ", \"calm\": %" PRId64
            ", \"goal\": %.1f, \"met\": %s}\n",
            scenario->name, scenario->title, scenario->fleet.sessions,
            scenario->fleet.seed, scenario->fleet.seconds, is->mean, is->peak,
            is->peak_10, is->down, is->others, day->impossible, day->lost,
            day->latest, is->most, is->all, is->calm, scenario->goal,
            is->met ? "true" : "false");
    return fclose(file);
}

/* ---- The table ---- */

static void
print_head(void)
{
    puts("| Scenario | | Mean | Peak | \xc3\xb7 mean | 10 s | Down"
         " | Impossible | Lost | 99 % | All | Calm | Goal |\n"
         "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|");
}

static void
print_row(const struct scenario *scenario, const struct fleet_day *day,
          const struct measures *is)
{
    printf("| `%s` | %s | %.0f | %.0f | %.2f | %.2f | ", scenario->name,
           scenario->title, is->mean, is->peak, is->peak / is->mean,
           is->peak_10 / is->mean);
    if (scenario->fleet.down_to != 0)
        printf("%.2f | %" PRIu32 " | %" PRIu32 " | %" PRId64 " s | %" PRId64
               " s | %" PRId64 " s | ",
               is->down / is->mean, day->impossible, day->lost, is->most,
               is->all, is->calm);
    else
        printf("| | %" PRIu32 " | | | %" PRId64 " s | ", day->lost, is->calm);
    if (scenario->goal > 0)
        printf("\xe2\x89\xa4 %.1f: %s |\n", scenario->goal,
               is->met ? "met" : "MISSED");
    else
        puts("|");
    fflush(stdout);
}

/* ---- Running ---- */

/* 0, 1 when its goal is missed, or a negative number. */
static int
run(const struct options *options, const struct scenario *which)
{
    struct scenario scenario = *which;
    struct fleet_day day = {0};
    struct measures is;
    int r;

    if (options->seed != 0)
        scenario.fleet.seed = (uint64_t) options->seed;
    if (options->sessions != 0)
        scenario.fleet.sessions = (uint32_t) options->sessions;
    r = fleet_run(&scenario.fleet, &day);
    if (r < 0) {
        fprintf(stderr, "simulate: %s\n", strerror(-r));
        goto out;
    }
    scenario_measure(&scenario, &day, &is);
    print_row(&scenario, &day, &is);
    r = is.met ? 0 : 1;
    if (options->output != NULL
        && (write_curve(options, &scenario, &day) != 0
            || write_result(options, &scenario, &day, &is) != 0))
        r = -1;

out:
    fleet_free(&day);
    return r;
}

static const struct scenario *
find(const char *name)
{
    size_t i;

    for (i = 0; i < scenario_count; i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    return NULL;
}

static bool
number(const char *text, int64_t max, int64_t *out)
{
    return number_parse(text, max, out) == 0 && *out > 0;
}

static bool
options_get(int argc, char *argv[], struct options *out)
{
    static const struct option known[] = {
        {"output", required_argument, NULL, 'o'},
        {"seed", required_argument, NULL, 's'},
        {"sessions", required_argument, NULL, 'n'},
        {0},
    };
    bool good = true;
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'o')
            out->output = optarg;
        else if (option == 's')
            good = good && number(optarg, SEED_MAX, &out->seed);
        else if (option == 'n')
            good = good && number(optarg, MOST, &out->sessions);
        else
            good = false;
    }
    for (option = optind; option < argc; option++)
        good = good && find(argv[option]) != NULL;
    return good;
}

static int
usage(void)
{
    size_t i;

    fputs("usage: simulate [--output=DIRECTORY] [--seed=N] [--sessions=N]"
          " [SCENARIO...]\n",
          stderr);
    for (i = 0; i < scenario_count; i++)
        fprintf(stderr, "  %-22s %s\n", scenarios[i].name, scenarios[i].title);
    return 64;
}

int
main(int argc, char *argv[])
{
    struct options options = {0};
    int i, r, missed = 0;
    size_t j;

    if (!options_get(argc, argv, &options))
        return usage();
    print_head();
    for (j = 0; optind == argc && j < scenario_count; j++) {
        r = run(&options, &scenarios[j]);
        if (r < 0)
            return 111;
        missed += r;
    }
    for (i = optind; i < argc; i++) {
        r = run(&options, find(argv[i]));
        if (r < 0)
            return 111;
        missed += r;
    }
    return missed > 0 ? 1 : 0;
}
