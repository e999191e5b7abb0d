/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "common/io.h"
#include "helper/cli/command.h"
#include "helper/cli/demand.h"
#include "helper/cli/moment.h"
#include "helper/cli/report.h"
#include "helper/cli/resident.h"

/* How often to look at the status: the kernels of distributions have no
 * notifications of keys. */
#define LOOK_MS 100

static bool
reason_is(const struct status *status, const char *reason)
{
    return strcmp(status->renew_reason, reason) == 0;
}

enum demand
demand_before(const struct status *status, int64_t now)
{
    if (status->state == STATE_LOGIN_REQUIRED)
        return DEMAND_LOGIN_REQUIRED;
    if (reason_is(status, "token_ends"))
        return DEMAND_LAST_TOKEN;
    if (status->not_before > now)
        return DEMAND_MUST_WAIT;
    return DEMAND_PENDING;
}

enum demand
demand_after(const struct status *before, const struct status *after)
{
    if (after->state == STATE_LOGIN_REQUIRED)
        return DEMAND_LOGIN_REQUIRED;
    if (after->renewals != before->renewals)
        return DEMAND_RENEWED;
    /* A request is under way, or is sent once more in a second. */
    if (reason_is(after, "lost_answer"))
        return DEMAND_PENDING;
    return after->failures != before->failures ? DEMAND_FAILED : DEMAND_PENDING;
}

static int64_t
uptime_ms(void)
{
    struct timespec now = {0};

    (void) clock_gettime(CLOCK_BOOTTIME, &now); /* it exists */
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
wait_for_end(int pidfd, const struct status *before, struct session *session,
             int64_t seconds, enum demand *out)
{
    int64_t end = uptime_ms() + seconds * 1000;
    bool ended;
    int r;

    for (;;) {
        ended = resident_ended(pidfd, LOOK_MS);
        r = session_read(session);
        if (r < 0)
            return r;
        *out = session->has_status ? demand_after(before, &session->status)
                                   : DEMAND_PENDING;
        if (*out != DEMAND_PENDING)
            return 0;
        if (ended)
            return -ESRCH;
        if (uptime_ms() >= end)
            return -ETIMEDOUT;
    }
}

int
demand_renewal(struct session *session, int64_t seconds, enum demand *out)
{
    const struct status before = session->status;
    int pidfd = -1, r;

    *out = demand_before(&before, time(NULL));
    if (*out != DEMAND_PENDING)
        return 0;
    r = resident_find(session, &pidfd);
    if (r == 0)
        r = resident_tell(pidfd, SIGALRM);
    if (r == 0)
        r = wait_for_end(pidfd, &before, session, seconds, out);
    fd_close(&pidfd);
    return r;
}

int
demand_report(int r, enum demand demand, const struct session *session)
{
    const struct status *status = &session->status;
    char at[MOMENT_SIZE];

    if (r == -ENOKEY || r == -EBADMSG)
        return session_report(r);
    if (r == -ETIMEDOUT) {
        report("the renewal is not over yet; the helper goes on with it: see"
               " 'oidc-session status'");
        return COMMAND_FAILED;
    }
    if (r < 0)
        return resident_report(r, session);
    switch (demand) {
    case DEMAND_LOGIN_REQUIRED:
        report("login required: %s; run 'oidc-session login'",
               status->last_error);
        return COMMAND_EXPIRED;
    case DEMAND_LAST_TOKEN:
        report("not renewed: the provider gave no refresh token, so this token"
               " is the last; log in again when it has expired");
        return COMMAND_FAILED;
    case DEMAND_MUST_WAIT:
        report("not renewed: the provider asked to wait until %s: %s",
               moment_local(status->not_before, at), status->last_error);
        return COMMAND_FAILED;
    case DEMAND_FAILED:
        report("not renewed: %s; the helper tries again at %s",
               status->last_error, moment_local(status->renew_at, at));
        return COMMAND_FAILED;
    case DEMAND_PENDING:
    case DEMAND_RENEWED:
        break;
    }
    return COMMAND_OK;
}
