/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/finding.h"
#include "helper/cli/check_print.h"
#include "helper/cli/command.h"
#include "helper/cli/host.h"
#include "helper/cli/pam_files.h"
#include "helper/cli/provider.h"
#include "helper/cli/report.h"
#include "helper/cli/usage.h"

/* Of this command: 0 and 3 mean the same as everywhere. */
#define CHECK_WARNINGS 1
#define CHECK_ERRORS   2

static const char help[] =
    "Usage: oidc-session check [OPTION]...\n"
    "Look for what is wrong with the set-up of this host, and say what to do.\n"
    "Run it as root: otherwise it skips what it may not see.\n"
    "\n"
    "  --config=PATH  look at this configuration instead of\n"
    "                 " CONFIG_PATH "\n"
    "  --json         print one JSON object\n"
    "  --help         show this\n"
    "\n"
    "Exit status: 0 no mistake; 1 warnings only; 2 errors; 3 it could not\n"
    "check; 64 wrong usage.\n";

static int
check(const char *config, struct findings *out)
{
    enum provider_grant grant;
    struct host host;

    if (geteuid() != 0) {
        findings_add(out, LEVEL_SKIPPED, "root",
                     "not root: what only root may see is not looked at");
        findings_advise(out, "run it as root");
    }
    host_look(&host);
    host_judge(&host, out);
    provider_check(config, &grant, out);
    return pam_files_check(config, grant, out);
}

static bool
has_colour(void)
{
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || *no_color == '\0')
           && term != NULL && strcmp(term, "dumb") != 0;
}

static int
run(const char *config, bool json)
{
    static const int statuses[LEVEL_COUNT] = {
        [LEVEL_WARNING] = CHECK_WARNINGS, [LEVEL_ERROR] = CHECK_ERRORS};
    struct findings findings = {0};
    int r, status = COMMAND_FAILED;

    r = check(config, &findings);
    if (r == 0)
        r = findings.error;
    if (r < 0) {
        report("cannot check: %s", strerror(-r));
    } else {
        if (json)
            check_print_json(&findings, stdout);
        else
            check_print_text(&findings, has_colour(), stdout);
        status = statuses[check_worst(&findings)];
    }
    findings_clear(&findings);
    return status;
}

int
command_check(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    const char *config = CONFIG_PATH;
    bool json = false;
    int option;

    while ((option = usage_option(argc, argv, "h", options)) != -1)
        switch (option) {
        case 'c':
            config = optarg;
            break;
        case 'j':
            json = true;
            break;
        case 'h':
            (void) fputs(help, stdout);
            return COMMAND_OK;
        default:
            return usage_hint(argv[0]);
        }
    if (optind < argc)
        return usage_error(argv[0], "extra operand '%s'", argv[optind]);
    return run(config, json);
}
