/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/text.h"
#include "helper/cli/command.h"
#include "helper/cli/overview.h"
#include "helper/cli/report.h"
#include "helper/cli/resident.h"
#include "helper/cli/usage.h"

static const char help[] =
    "Usage: oidc-session status [OPTION]\n"
    "Show whose tokens this session has, until when, and how their renewal"
    " fares.\n"
    "\n"
    "  --json  as a JSON object, for programs\n"
    "  --help  show this\n"
    "\n"
    "Exit status: 0 there is a token; 1 there is none; 2 it has expired, or a\n"
    "login is required.\n";

/* NO_COLOR: https://no-color.org/ */
static bool
wants_colour(void)
{
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");

    return isatty(STDOUT_FILENO) && (none == NULL || *none == '\0')
           && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

static void
look(struct overview *overview)
{
    struct secret token = {0};
    int pidfd = -1, r;

    r = session_token(&overview->session, KEY_ACCESS_TOKEN, &token);
    secret_clear(&token);
    overview->condition = condition_of(&overview->session, r, overview->now);
    r = resident_find(&overview->session, &pidfd);
    fd_close(&pidfd);
    overview->resident = r == 0        ? RESIDENT_RUNNING
                         : r == -ESRCH ? RESIDENT_GONE
                                       : RESIDENT_UNKNOWN;
}

static int
show_json(const struct overview *overview)
{
    struct secret text = {0};
    int r;

    r = overview_json(overview, &text);
    if (r == 0)
        (void) fputs(secret_text(&text), stdout); /* main() asks ferror() */
    else
        report("cannot write the status: %s", strerror(-r));
    secret_clear(&text);
    return r == 0 ? condition_exit(overview->condition) : COMMAND_FAILED;
}

static int
show(bool json)
{
    const struct passwd *pw = getpwuid(getuid());
    struct overview overview = {.condition = CONDITION_NONE,
                                .resident = RESIDENT_GONE,
                                .now = time(NULL)};
    char user[256];
    int r;

    overview.user =
        text_clean(pw != NULL ? pw->pw_name : "?", user, sizeof(user));
    r = session_find(&overview.session);
    if (r == 0)
        look(&overview);
    else if (r != -ENOKEY || !json)
        return session_report(r);
    if (json)
        return show_json(&overview);
    overview_print(&overview, wants_colour(), stdout);
    return condition_exit(overview.condition);
}

int
command_status(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    bool json = false;
    int option;

    while ((option = usage_option(argc, argv, "h", options)) != -1) {
        switch (option) {
        case 'j':
            json = true;
            break;
        case 'h':
            (void) fputs(help, stdout);
            return COMMAND_OK;
        default:
            return usage_hint(argv[0]);
        }
    }
    if (optind < argc)
        return usage_error(argv[0], "extra operand '%s'", argv[optind]);
    return show(json);
}
