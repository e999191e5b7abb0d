/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/io.h"
#include "helper/cli/command.h"
#include "helper/cli/report.h"
#include "helper/cli/resident.h"
#include "helper/cli/session.h"
#include "helper/cli/usage.h"

/* The helper tries to revoke for 10 s at most. */
#define PATIENCE_MS 15000

static const char help[] =
    "Usage: oidc-session logout [OPTION]\n"
    "Remove the tokens of this session, and revoke them at the provider.\n"
    "The login session itself goes on.\n"
    "\n"
    "  --help  show this\n";

static int
invalidate(const struct session *session, const char *name)
{
    key_serial_t key;
    int r;

    r = keyring_find(session->ring, "user", name, &key);
    if (r == -ENOKEY || r == -EKEYREVOKED || r == -EKEYEXPIRED)
        return 0;
    if (r == 0 && keyctl_invalidate(key) == -1)
        r = -errno;
    return r;
}

/* What the rights of the session allow, when the helper certainly runs no more:
 * it would write them anew. */
static int
remove_here(const struct session *session)
{
    int r, id;

    r = invalidate(session, KEY_ACCESS_TOKEN);
    id = invalidate(session, KEY_ID_TOKEN);
    if (r == 0)
        r = id;
    if (r < 0)
        report("the helper of this session does not run, and its tokens cannot"
               " be removed: %s; close the login session",
               strerror(-r));
    else if (session->info.uid == 0)
        report(
            "the helper of this session does not run: the tokens are removed"
            " here, and the refresh token is revoked at the provider when the"
            " login session is closed");
    else
        report("the helper of this session does not run: the tokens are removed"
               " here, but not revoked at the provider");
    return COMMAND_FAILED;
}

static int
end(const struct session *session, int pidfd)
{
    struct session after = *session;
    bool ended;
    int r;

    r = resident_tell(pidfd, SIGTERM);
    if (r == -ESRCH)
        return remove_here(session);
    if (r < 0)
        return resident_report(r, session);
    ended = resident_ended(pidfd, PATIENCE_MS);
    if (session_read(&after) != -ENOKEY) {
        report("the helper of this session was asked to end the tokens, and has"
               " not done so; close the login session");
        return COMMAND_FAILED;
    }
    if (!ended) {
        report("the tokens are removed here; the helper has not yet heard from"
               " the provider about their revocation");
        return COMMAND_FAILED;
    }
    /* The helper tells nobody else, and its status is gone as well. */
    (void) puts("Removed the tokens of this session.  They were revoked at the"
                " provider, unless\nthe system log says otherwise.");
    return COMMAND_OK;
}

static int
logout(void)
{
    struct session session = {0};
    int pidfd = -1, r;

    r = session_find(&session);
    if (r == 0 && session.has_status
        && session.status.state == STATE_LOGIN_REQUIRED)
        r = -ENOKEY; /* the helper has removed and revoked what there was */
    if (r < 0)
        return session_report(r);
    r = resident_find(&session, &pidfd);
    if (r == 0)
        r = end(&session, pidfd);
    else if (r == -ESRCH)
        r = remove_here(&session);
    else
        r = resident_report(r, &session);
    fd_close(&pidfd);
    return r;
}

int
command_logout(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {0},
    };

    switch (usage_option(argc, argv, "h", options)) {
    case -1:
        break;
    case 'h':
        (void) fputs(help, stdout);
        return COMMAND_OK;
    default:
        return usage_hint(argv[0]);
    }
    if (optind < argc)
        return usage_error(argv[0], "extra operand '%s'", argv[optind]);
    return logout();
}
