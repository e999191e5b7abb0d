/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/margin.h"
#include "common/text.h"
#include "helper/loop.h"
#include "helper/renewal.h"
#include "helper/schedule.h"

#define END_SECONDS        10 /* to revoke at the provider */
#define TIMEOUT_DEFAULT    10
#define REQUESTS_PER_RENEW 3 /* connect, renew, and what had to be revoked */

/* ---- The timer ---- */

/* After so many seconds; at once when there are none. */
static void
timer_set(const struct helper *helper, int64_t seconds)
{
    struct itimerspec when = {.it_value = {.tv_sec = (time_t) seconds}};

    if (seconds <= 0)
        when.it_value = (struct timespec){.tv_nsec = 1};

    /* Cannot fail: our own descriptor, and a time in range. */
    (void) timerfd_settime(helper->timer, 0, &when, NULL);
}

static void
timer_stop(const struct helper *helper)
{
    const struct itimerspec never = {0};

    /* Cannot fail: our own descriptor, and a time in range. */
    (void) timerfd_settime(helper->timer, 0, &never, NULL);
}

/* What the settings say; read each time, because nothing is kept in memory. */
static struct margin
before_expiry(void)
{
    struct message settings = {0};
    struct margin margin = {.unit = MARGIN_AUTO};
    int r;

    r = tokens_request(&settings);
    if (message_has(&settings, FIELD_BEFORE_EXPIRY)
        && margin_parse(message_text(&settings, FIELD_BEFORE_EXPIRY), &margin)
               < 0)
        margin = (struct margin){.unit = MARGIN_AUTO};
    message_clear(&settings);
    /* No refresh token: wake up when the access token ends, to say so. */
    if (r == -ENOKEY)
        margin = (struct margin){.unit = MARGIN_SECONDS};
    return margin;
}

/* Set the timer, and renew_at with it, after a renewal or a failure of one. */
static void
schedule(struct helper *helper, const struct verdict *verdict)
{
    struct schedule in = {
        .now = time(NULL),
        .expires_at = helper->expires_at,
        .lifetime = helper->expires_at - helper->status.renewed_at,
        .before_expiry = before_expiry(),
        .outcome = verdict->outcome,
        .failures = helper->status.failures,
        .retry_after = verdict->retry_after,
    };

    if (helper->status.state == STATE_LOGIN_REQUIRED) {
        helper->status.renew_at = 0;
        timer_stop(helper);
        return;
    }
    if (getrandom(&in.random, sizeof(in.random), GRND_NONBLOCK) == -1)
        in.random = (uint32_t) getpid(); /* early in the boot: a poor one */
    helper->status.renew_at = schedule_next(&in);
    timer_set(helper, helper->status.renew_at - in.now);
}

/* ---- Actions ---- */

static void
log_sandbox(struct helper *helper, const struct message *result)
{
    char sandbox[256];

    if (message_has(result, FIELD_SANDBOX) && !helper->sandbox_told)
        syslog(LOG_DEBUG, "user %s: sandbox of the exchange: %s", helper->user,
               text_clean(message_text(result, FIELD_SANDBOX), sandbox,
                          sizeof(sandbox)));
    helper->sandbox_told = true;
}

static void
log_change(const struct helper *helper, enum state before)
{
    const struct status *status = &helper->status;

    if (status->state == before)
        return;
    if (status->state == STATE_ACTIVE)
        syslog(LOG_NOTICE, "user %s: renewed again", helper->user);
    else if (status->state == STATE_RETRYING)
        syslog(LOG_WARNING, "user %s: cannot renew, will try again: %s",
               helper->user, status->last_error);
    else
        syslog(LOG_WARNING,
               "user %s: the grant is over, tokens removed; the user must log"
               " in again: %s",
               helper->user, status->last_error);
}

/* A status that cannot be written ends nothing.  -EKEYREVOKED: it is over. */
static int
put_status(struct helper *helper)
{
    int r;

    r = tokens_put_status(&helper->tokens, &helper->status);
    if (r < 0 && r != -EKEYREVOKED)
        syslog(LOG_WARNING, "user %s: cannot write the status: %s",
               helper->user, strerror(-r));
    return r == -EKEYREVOKED ? r : 0;
}

/* After a renewal, good or bad.  Returns -EKEYREVOKED: the session is over. */
static int
settle(struct helper *helper, const struct verdict *verdict, int64_t renewed_at)
{
    enum state before = helper->status.state;

    verdict_apply(verdict, renewed_at, &helper->status);
    if (helper->status.state == STATE_LOGIN_REQUIRED)
        tokens_remove(&helper->tokens);
    schedule(helper, verdict);
    log_change(helper, before);
    return put_status(helper);
}

static int
fail(struct helper *helper, int r)
{
    struct verdict verdict;

    request_end(&helper->request);
    if (r == -EKEYREVOKED)
        return r;
    verdict_from_errno(r, &verdict);
    return settle(helper, &verdict, helper->status.renewed_at);
}

static int
start_renewal(struct helper *helper)
{
    struct message message = {0};
    int64_t timeout;
    int r;

    if (helper->status.state == STATE_LOGIN_REQUIRED) {
        helper->phase = PHASE_WAITING; /* there is nothing to renew with */
        return 0;
    }
    r = tokens_request(&message);
    if (message_number(&message, FIELD_TIMEOUT, &timeout) < 0)
        timeout = TIMEOUT_DEFAULT;
    if (r == 0)
        r = request_start(&helper->request, "renew", &message);
    message_clear(&message);
    if (r == 0) {
        timer_set(helper, timeout * REQUESTS_PER_RENEW);
        return 0;
    }
    helper->phase = PHASE_WAITING;
    return fail(helper, r);
}

/* What a good RESULT brought.  All is looked at before anything is stored. */
static int
store_tokens(struct helper *helper, const struct message *result,
             int64_t *renewed_at, bool *kept)
{
    int64_t expires_at;
    int r;

    if (message_number(result, FIELD_EXPIRES_AT, &expires_at) < 0
        || message_number(result, FIELD_RENEWED_AT, renewed_at) < 0)
        return -EBADMSG;
    r = tokens_store(&helper->tokens, result, kept);
    if (r == 0)
        helper->expires_at = expires_at;
    return r;
}

/*
 * A RESULT: store it, and only then say so.  When the refresh token is stored
 * but the rest is not, it must not be revoked: the next renewal needs it.  When
 * the session is over, all of it must.
 */
static int
store(struct helper *helper, const struct message *result)
{
    int64_t renewed_at = helper->status.renewed_at;
    struct verdict verdict;
    bool kept = true;
    int r = 0;

    log_sandbox(helper, result);
    verdict_from_result(result, &verdict);
    if (verdict.outcome == OUTCOME_OK)
        r = store_tokens(helper, result, &renewed_at, &kept);
    if (kept && r != -EKEYREVOKED)
        request_stored(&helper->request);
    if (r < 0)
        return fail(helper, r);
    request_end(&helper->request);
    return settle(helper, &verdict, renewed_at);
}

/* Remove the tokens here, at once; then revoke them at the provider. */
static void
end(struct helper *helper)
{
    struct message message = {0};
    int r;

    request_end(&helper->request);
    helper->phase = PHASE_DONE;
    r = tokens_take(&helper->tokens, &message);
    /* Gone: somebody ended this session before us. */
    if (r < 0 && r != -ENOKEY && r != -EKEYREVOKED)
        syslog(LOG_WARNING,
               "user %s: tokens removed, but not revoked at the provider:"
               " they or their settings cannot be read: %s",
               helper->user, strerror(-r));
    if (strcmp(message_text(&message, FIELD_REVOKE), "yes") == 0
        && (message_has(&message, FIELD_REFRESH_TOKEN)
            || message_has(&message, FIELD_ACCESS_TOKEN))) {
        r = request_start(&helper->request, "revoke", &message);
        if (r == 0) {
            helper->phase = PHASE_REVOKING;
            timer_set(helper, END_SECONDS);
        } else {
            syslog(LOG_WARNING,
                   "user %s: tokens removed, but not revoked at the provider:"
                   " cannot start %s: %s",
                   helper->user, EXCHANGE_PATH, strerror(-r));
        }
    }
    message_clear(&message);
}

static void
finish(struct helper *helper, const struct message *result)
{
    char reason[256];
    bool ok =
        strcmp(message_text(result, FIELD_OUTCOME), outcome_name(OUTCOME_OK))
        == 0;

    log_sandbox(helper, result);
    /* A good one may have a reason, too: the provider cannot, or will not. */
    if (!ok || message_has(result, FIELD_REASON))
        syslog(ok ? LOG_INFO : LOG_WARNING,
               "user %s: tokens removed, but not revoked at the provider: %s",
               helper->user,
               text_clean(message_text(result, FIELD_REASON), reason,
                          sizeof(reason)));
    else
        syslog(LOG_INFO, "user %s: tokens removed and revoked", helper->user);
}

/* Returns -EKEYREVOKED when the session turned out to be over. */
static int
act(struct helper *helper, enum action action, const struct message *result)
{
    switch (action) {
    case ACTION_RENEW:
        return start_renewal(helper);
    case ACTION_STORE:
        return store(helper, result);
    case ACTION_FAIL:
        return fail(helper, -ENODATA);
    case ACTION_END:
        end(helper);
        return 0;
    case ACTION_FINISH:
        finish(helper, result);
        return 0;
    case ACTION_GIVE_UP:
        syslog(LOG_WARNING,
               "user %s: tokens removed, but there was no answer within %d s"
               " to their revocation at the provider",
               helper->user, END_SECONDS);
        return 0;
    case ACTION_RELOAD:
        helper->reload = true;
        return 0;
    case ACTION_NONE:
        return 0;
    }
    return 0;
}

static void
step(struct helper *helper, enum event event, const struct message *result)
{
    struct step step = state_step(helper->phase, event);

    /* First the phase: an action that fails at once may set another. */
    helper->phase = step.next;
    if (act(helper, step.action, result) == -EKEYREVOKED)
        end(helper);
}

void
loop_end(struct helper *helper)
{
    step(helper, EVENT_END, NULL);
}

/* ---- Events ---- */

static void
on_signal(struct helper *helper)
{
    struct signalfd_siginfo info;

    if (read(helper->signals, &info, sizeof(info)) != (ssize_t) sizeof(info))
        return;
    switch (info.ssi_signo) {
    case SIGTERM:
        step(helper, EVENT_END, NULL);
        return;
    case SIGALRM:
        step(helper, EVENT_RENEW, NULL);
        return;
    case SIGHUP:
        step(helper, EVENT_RELOAD, NULL);
        return;
    default:
        return;
    }
}

static void
on_timer(struct helper *helper)
{
    uint64_t count;

    if (read(helper->timer, &count, sizeof(count)) == (ssize_t) sizeof(count))
        step(helper, EVENT_TIMER, NULL);
}

static void
on_login_died(struct helper *helper)
{
    fd_close(&helper->login);
    step(helper, EVENT_END, NULL);
}

static void
on_reply(struct helper *helper)
{
    struct message result = {0};
    int r;

    r = request_receive(&helper->request, &result);
    if (r == 1)
        step(helper, EVENT_RESULT, &result);
    else if (r < 0)
        step(helper, EVENT_LOST, NULL);
    message_clear(&result);
}

/* One of the descriptors that are ready, at a time: an event may end
 * another. */
static int
wait_event(struct helper *helper)
{
    struct pollfd fds[] = {
        {.fd = helper->login, .events = POLLIN},
        {.fd = helper->request.from, .events = POLLIN},
        {.fd = helper->timer, .events = POLLIN},
        {.fd = helper->signals, .events = POLLIN},
    };
    static void (*const handlers[])(struct helper *) = {on_login_died, on_reply,
                                                        on_timer, on_signal};
    size_t i;

    while (ppoll(fds, ARRAY_LEN(fds), NULL, NULL) == -1)
        if (errno != EINTR)
            return -errno;
    for (i = 0; i < ARRAY_LEN(fds); i++) {
        if (fds[i].revents != 0) {
            handlers[i](helper);
            return 0;
        }
    }
    return 0;
}

int
loop_begin(struct helper *helper)
{
    const struct verdict ok = {.outcome = OUTCOME_OK};
    int64_t now = time(NULL);
    int r;

    r = tokens_find(&helper->tokens);
    if (r < 0)
        return r;
    r = tokens_times(&helper->tokens, &helper->expires_at, &helper->status);
    if (r < 0)
        return r;
    helper->status.helper_pid = getpid();
    if (helper->status.state == STATE_LOGIN_REQUIRED)
        timer_stop(helper);
    else if (helper->status.renew_at != 0) /* executed anew: same schedule */
        timer_set(helper, helper->status.renew_at - now);
    else
        schedule(helper, &ok);
    return put_status(helper);
}

int
loop_run(struct helper *helper)
{
    int r = 0;

    while (r == 0 && helper->phase != PHASE_DONE) {
        if (helper->reload && helper->phase == PHASE_WAITING)
            return 1;
        r = wait_event(helper);
    }
    request_end(&helper->request);
    return r;
}
