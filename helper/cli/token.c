/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "helper/cli/command.h"
#include "helper/cli/demand.h"
#include "helper/cli/git.h"
#include "helper/cli/moment.h"
#include "helper/cli/presentation.h"
#include "helper/cli/report.h"
#include "helper/cli/session.h"
#include "helper/cli/usage.h"

#define MIN_LIFETIME_MAX 86400

static const char help[] =
    "Usage: oidc-session token [OPTION]...\n"
    "  or:  oidc-session token --format=git --host=HOST get|store|erase\n"
    "Print the access token, and if it must be, renew it first.\n"
    "\n"
    "  --id                    the ID token instead\n"
    "  --min-lifetime SECONDS  how long it must live yet (default: 1)\n"
    "  --timeout SECONDS       how long to wait for a renewal (default: 30)\n"
    "  --format FORMAT         raw (default), header (for curl -H @-), json,\n"
    "                          kubectl (ExecCredential), git (credential "
    "helper)\n"
    "  --header                the same as --format=header\n"
    "  --host HOST[:PORT]      where git may send it, by https\n"
    "  --help                  show this\n"
    "\n"
    "Exit status: 0 printed; 1 this session has none; 2 expired, or a login "
    "is\n"
    "required; 3 not renewed, or not written.\n";

struct request {
    bool id;
    int64_t min_lifetime;
    int64_t timeout;
    enum presentation presentation;
    const char *host; /* for git; NULL: none */
    char username[128];
};

static const char *
key_of(const struct request *request)
{
    return request->id ? KEY_ID_TOKEN : KEY_ACCESS_TOKEN;
}

static int64_t
expiry_of(const struct request *request, const struct session *session)
{
    return request->id ? session->status.id_expires_at : session->expires_at;
}

/* The token as it is.  0; -EKEYEXPIRED when it does not live that long yet; or
 * an error of session_token(). */
static int
take(const struct request *request, const struct session *session,
     struct secret *token)
{
    int64_t at = expiry_of(request, session);
    int r;

    secret_clear(token);
    r = session_token(session, key_of(request), token);
    if (r == 0 && at != 0 && at - time(NULL) < request->min_lifetime)
        r = -EKEYEXPIRED;
    /* The kernel collects what has expired; and what its owner has destroyed
     * comes back with the next renewal. */
    if (r == -ENOKEY && (at != 0 || !request->id))
        r = -EKEYEXPIRED;
    if (r < 0) /* a renewal takes its time */
        secret_clear(token);
    return r;
}

static int
report_short(const struct request *request, int64_t lifetime)
{
    report("the provider's %s live for %" PRId64
           " s, and you asked for %" PRId64 ": ask for less",
           request->id ? "ID tokens" : "access tokens", lifetime,
           request->min_lifetime);
    return COMMAND_FAILED;
}

static int
report_unrenewed(const struct request *request, const struct session *session,
                 int r, enum demand demand)
{
    int64_t at = expiry_of(request, session);
    int status = demand_report(r, demand, session);

    /* It has no token that anybody could use. */
    if (status == COMMAND_FAILED && at != 0 && at <= time(NULL))
        return COMMAND_EXPIRED;
    return status;
}

/* After it was renewed. */
static int
take_again(const struct request *request, const struct session *session,
           struct secret *token)
{
    int64_t at = expiry_of(request, session);
    int r = take(request, session, token);

    if (r == 0)
        return COMMAND_OK;
    if (r != -EKEYEXPIRED)
        return session_report(r);
    if (request->id && at <= session->status.renewed_at) {
        report("the provider gave no new ID token when the tokens were"
               " renewed: log out and in again");
        return COMMAND_EXPIRED;
    }
    return report_short(request, at - time(NULL));
}

/* A token that lives long enough.  Returns the exit status. */
static int
obtain(const struct request *request, struct session *session,
       struct secret *token)
{
    const struct status *status = &session->status;
    enum demand demand = DEMAND_PENDING;
    int64_t lifetime;
    int r;

    r = take(request, session, token);
    if (r == 0)
        return COMMAND_OK;
    if (r == -ENOKEY) {
        report("the provider gave no ID token: is openid in the scope?");
        return COMMAND_NO_TOKEN;
    }
    if (r != -EKEYEXPIRED)
        return session_report(r);
    /* The next one will be no better, nor as long when it is here: do not ask
     * the provider for it. */
    lifetime = session->expires_at - status->renewed_at;
    if (!request->id && status->renewed_at != 0 && session->expires_at != 0
        && request->min_lifetime >= lifetime)
        return report_short(request, lifetime);
    r = demand_renewal(session, request->timeout, &demand);
    if (r < 0 || demand != DEMAND_RENEWED)
        return report_unrenewed(request, session, r, demand);
    return take_again(request, session, token);
}

static int
print(const struct request *request, const struct session *session,
      const struct secret *value)
{
    const struct token token = {
        .value = value,
        .is_id = request->id,
        .expires_at = expiry_of(request, session),
        .username = request->username,
    };
    struct secret text = {0};
    int r;

    r = presentation_format(request->presentation, &token, time(NULL), &text);
    if (r == 0)
        /* Not by stdio, whose buffer nobody wipes. */
        r = write_full(STDOUT_FILENO, text.data, text.len);
    secret_clear(&text);
    if (r == 0)
        return COMMAND_OK;
    if (r == -EBADMSG)
        report("the token has characters that no token may have");
    else
        report("cannot write the token: %s", strerror(-r));
    return COMMAND_FAILED;
}

static int
run(const struct request *request)
{
    struct session session = {0};
    struct secret token = {0};
    int r, status;

    r = session_find(&session);
    if (r < 0)
        return session_report(r);
    status = obtain(request, &session, &token);
    if (status == COMMAND_OK)
        status = print(request, &session, &token);
    secret_clear(&token);
    return status;
}

/* What git asks on standard input. */
static int
run_for_git(struct request *request, const char *operation)
{
    struct git_request git = {0};
    struct secret text = {0};
    const char *refusal = NULL;
    int r;

    if (strcmp(operation, "get") != 0)
        return COMMAND_OK; /* store and erase: nothing to do */
    r = read_all(STDIN_FILENO, GIT_REQUEST_MAX, &text);
    if (r == 0 && git_request_parse(&text, &git) < 0)
        refusal = "it names something twice, or has a carriage return or a NUL";
    secret_clear(&text);
    if (r < 0) {
        report("cannot read what git asks for: %s", strerror(-r));
        return COMMAND_FAILED;
    }
    if (refusal == NULL)
        refusal = git_refusal(&git, request->host);
    if (refusal != NULL) {
        report("no token for git: %s", refusal);
        return COMMAND_OK; /* git asks the next helper */
    }
    /* GitLab and others want this name with an OAuth token. */
    (void) snprintf(request->username, sizeof(request->username), "%s",
                    git.username[0] != '\0' ? git.username : "oauth2");
    return run(request);
}

/* ---- Options ---- */

static int
option_take(const char *command, int option, struct request *request)
{
    switch (option) {
    case 'i':
        request->id = true;
        return 0;
    case 'm':
        return usage_seconds(command, "--min-lifetime", optarg,
                             MIN_LIFETIME_MAX, &request->min_lifetime);
    case 't':
        return usage_seconds(command, "--timeout", optarg, DEMAND_SECONDS_MAX,
                             &request->timeout);
    case 'H':
        request->presentation = PRESENT_HEADER;
        return 0;
    case 'f':
        if (presentation_parse(optarg, &request->presentation) == 0)
            return 0;
        return usage_error(command,
                           "'--format' is one of raw, header, json, kubectl,"
                           " git");
    case 'n':
        request->host = optarg;
        return 0;
    default:
        return usage_hint(command);
    }
}

/* What is left of the command line, and goes with what. */
static int
check_operands(int argc, char **argv, const struct request *request)
{
    bool git = request->presentation == PRESENT_GIT;

    if (git && request->host == NULL)
        return usage_error(argv[0], "'--format=git' needs '--host': a token"
                                    " must not go just anywhere");
    if (git && *request->host == '\0')
        return usage_error(argv[0], "'--host' is empty");
    if (!git && request->host != NULL)
        return usage_error(argv[0], "'--host' goes with '--format=git' only");
    if (git && optind >= argc)
        return usage_error(argv[0], "git's operation is missing: get, store or"
                                    " erase");
    if (optind + git < argc)
        return usage_error(argv[0], "extra operand '%s'", argv[optind + git]);
    return 0;
}

int
command_token(int argc, char **argv)
{
    static const struct option options[] = {
        {"id", no_argument, NULL, 'i'},
        {"min-lifetime", required_argument, NULL, 'm'},
        {"timeout", required_argument, NULL, 't'},
        {"header", no_argument, NULL, 'H'},
        {"format", required_argument, NULL, 'f'},
        {"host", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct request request = {.min_lifetime = 1,
                              .timeout = DEMAND_SECONDS,
                              .presentation = PRESENT_RAW};
    int option, r;

    while ((option = usage_option(argc, argv, "h", options)) != -1) {
        if (option == 'h') {
            (void) fputs(help, stdout);
            return COMMAND_OK;
        }
        r = option_take(argv[0], option, &request);
        if (r != 0)
            return r;
    }
    r = check_operands(argc, argv, &request);
    if (r != 0)
        return r;
    /* A token that has expired is of no use to anybody. */
    if (request.min_lifetime < 1)
        request.min_lifetime = 1;
    if (request.presentation == PRESENT_GIT)
        return run_for_git(&request, argv[optind]);
    return run(&request);
}
