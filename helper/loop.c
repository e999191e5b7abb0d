/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
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
#include "helper/clock.h"
#include "helper/loop.h"
#include "helper/record.h"
#include "helper/renewal.h"
#include "helper/terminal.h"

#define END_SECONDS        10 /* to revoke at the provider */
#define TIMEOUT_DEFAULT    10
#define TIMEOUT_MAX        60 /* as in oidc-session.conf(5) */
#define ANSWER_SLACK       2  /* until the exchange has begun, and given up */
#define REQUESTS_PER_RENEW 3  /* connect, renew, and what had to be revoked */

#define GRANT_IS_OVER                                                          \
    "oidc-session: your grant at the login provider is over, and with it this" \
    " session's tokens.  Log in again."

/* ---- The timer ---- */

/* After so many seconds; at once when there are none. */
static void
timer_set(struct helper *helper, int64_t seconds)
{
    struct itimerspec when = {.it_value = {.tv_sec = (time_t) seconds}};

    if (seconds <= 0)
        when.it_value = (struct timespec){.tv_nsec = 1};

    helper->keeping = false;
    /* Cannot fail: our own descriptor, and a time in range. */
    (void) timerfd_settime(helper->timer, 0, &when, NULL);
}

/*
 * Set it for the renewal; before that, if the access token has expired and
 * cannot be replaced, to keep its key.
 */
static void
timer_plan(struct helper *helper, int64_t now)
{
    int64_t keep_at = schedule_keep(now, helper->expires_at);
    bool keeping = helper->status.state == STATE_RETRYING
                   && keep_at < helper->status.renew_at;

    timer_set(helper, (keeping ? keep_at : helper->status.renew_at) - now);
    helper->keeping = keeping;
}

/* ---- The plan ---- */

static void
plan_set(struct helper *helper, const struct plan *plan)
{
    struct status *status = &helper->status;

    helper->reason = plan->reason;
    status->renew_at = plan->at;
    status->not_before = plan->not_before;
    text_clean(schedule_reason_name(plan->reason), status->renew_reason,
               sizeof(status->renew_reason));
}

/*
 * Read the request for a renewal, and keep what is no secret of it: what the
 * next schedule goes by.
 */
static int
read_request(struct helper *helper, struct message *out)
{
    int r = tokens_request(&helper->tokens, out);

    helper->last = r == -ENOKEY;
    if (!message_has(out, FIELD_BEFORE_EXPIRY)
        || margin_parse(message_text(out, FIELD_BEFORE_EXPIRY),
                        &helper->before_expiry)
               < 0)
        helper->before_expiry = (struct margin){.unit = MARGIN_AUTO};
    return r;
}

/* Of failures in a row; the helper that we follow may have seen the first. */
static int64_t
failing_for(struct helper *helper)
{
    int64_t now = clock_awake();

    if (helper->status.failures == 0)
        return 0;
    if (helper->status.failures == 1 || helper->failing_since == 0)
        helper->failing_since = now;
    return now - helper->failing_since;
}

static uint32_t
random_number(void)
{
    uint32_t number;

    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) == -1)
        number = (uint32_t) getpid() * UINT32_C(2654435761); /* in the boot */
    return number;
}

/*
 * Plan, and set the timer, after a renewal or a failure of one.  After a login
 * and after an outage others may be in step with us.
 */
static void
schedule(struct helper *helper, const struct verdict *verdict, bool in_step)
{
    struct schedule in = {
        .now = time(NULL),
        .expires_at = helper->expires_at,
        .lifetime = helper->expires_at - helper->status.renewed_at,
        .refresh_expires_at = helper->status.refresh_expires_at,
        .before_expiry = helper->before_expiry,
        .last = helper->last,
        .in_step = in_step,
        .outcome = verdict->outcome,
        .failures = helper->status.failures,
        .failing_for = failing_for(helper),
        .replay = helper->replay,
        .retry_after = verdict->retry_after,
        .random = random_number(),
    };
    struct plan plan;

    plan = schedule_next(&in);
    plan_set(helper, &plan);
    if (plan.reason == SCHEDULE_NEVER)
        return;
    timer_plan(helper, in.now);
}

/* ---- Actions ---- */

static void
log_sandbox(struct helper *helper, const struct message *result)
{
    char sandbox[256];

    if (message_has(result, FIELD_SANDBOX) && !helper->sandbox_told)
        record(helper, LOGGED_DEBUG, LOG_DEBUG, "sandbox of the exchange: %s",
               text_clean(message_text(result, FIELD_SANDBOX), sandbox,
                          sizeof(sandbox)));
    helper->sandbox_told = true;
}

static void
log_plan(const struct helper *helper)
{
    if (helper->phase == PHASE_WAITING && helper->reason != SCHEDULE_NEVER)
        record(helper, LOGGED_DEBUG, LOG_DEBUG,
               "next renewal in %" PRId64 " s (%s)",
               helper->status.renew_at - time(NULL),
               helper->status.renew_reason);
}

static void
log_change(const struct helper *helper, enum state before)
{
    const struct status *status = &helper->status;

    if (status->state == before)
        return;
    if (status->state == STATE_ACTIVE)
        record(helper, LOGGED_RENEWED, LOG_NOTICE, "renewed again");
    else if (status->state == STATE_RETRYING)
        record(helper, LOGGED_RENEW_FAILED, LOG_WARNING,
               "cannot renew, will try again in %" PRId64 " s (%s): %s",
               status->renew_at - time(NULL), status->renew_reason,
               status->last_error);
    else
        record(helper, LOGGED_GRANT_OVER, LOG_WARNING,
               "the grant is over, tokens removed; the user must log"
               " in again: %s",
               status->last_error);
}

/* A status that cannot be written ends nothing.  -EKEYREVOKED: it is over. */
static int
put_status(struct helper *helper)
{
    int r;

    r = tokens_put_status(&helper->tokens, &helper->status);
    if (r < 0 && r != -EKEYREVOKED && !helper->status_failed)
        record(helper, LOGGED_KEYS_FAILED, LOG_WARNING,
               "cannot write the status: %s", strerror(-r));
    helper->status_failed = r < 0;
    return r == -EKEYREVOKED ? r : 0;
}

/*
 * The tokens are removed; revoke them at the provider, and then there is
 * nothing left to do.  r says whether the request could be read.
 */
static void
start_revocation(struct helper *helper, const struct message *request, int r)
{
    helper->phase = PHASE_DONE;
    /* Gone: somebody ended this session before us. */
    if (r < 0 && r != -ENOKEY && r != -EKEYREVOKED)
        record(helper, LOGGED_REVOKE_FAILED, LOG_WARNING,
               "tokens removed, but not revoked at the provider:"
               " they or their settings cannot be read: %s",
               strerror(-r));
    if (strcmp(message_text(request, FIELD_REVOKE), "yes") != 0
        || (!message_has(request, FIELD_REFRESH_TOKEN)
            && !message_has(request, FIELD_ACCESS_TOKEN)))
        return;
    r = request_start(&helper->request, "revoke", request);
    if (r == 0) {
        helper->phase = PHASE_REVOKING;
        timer_set(helper, END_SECONDS);
    } else {
        record(helper, LOGGED_REVOKE_FAILED, LOG_WARNING,
               "tokens removed, but not revoked at the provider:"
               " cannot start %s: %s",
               EXCHANGE_PATH, strerror(-r));
    }
}

/* Remove the tokens here, at once; then revoke them at the provider. */
static void
end(struct helper *helper)
{
    struct message request = {0};
    int r;

    request_end(&helper->request);
    r = tokens_revocation(&helper->tokens, &request);
    tokens_end(&helper->tokens);
    start_revocation(helper, &request, r);
    message_clear(&request);
}

/* The same, but the session goes on, if it does, and its status says why. */
static void
end_grant(struct helper *helper)
{
    struct message request = {0};
    int r;

    r = tokens_revocation(&helper->tokens, &request);
    tokens_remove(&helper->tokens);
    helper->status.helper_pid = 0;
    if (put_status(helper) < 0)
        tokens_end(&helper->tokens);
    else if (helper->login >= 0
             && strcmp(message_text(&request, FIELD_NOTIFY), "yes") == 0)
        (void) terminal_tell(helper->login_pid, GRANT_IS_OVER); /* if any */
    start_revocation(helper, &request, r);
    message_clear(&request);
}

/* After a renewal, good or bad.  Returns -EKEYREVOKED: the session is over. */
static int
settle(struct helper *helper, const struct verdict *verdict,
       const struct renewal_times *times)
{
    int64_t lifetime = renewal_refresh_lifetime(&helper->status);
    enum state before = helper->status.state;

    verdict_apply(verdict, helper->replay, times, &helper->status);
    if (helper->status.state != before)
        helper->status.since = time(NULL);
    schedule(helper, verdict, before == STATE_RETRYING);
    log_plan(helper);
    log_change(helper, before);
    if (helper->status.state == STATE_LOGIN_REQUIRED) {
        end_grant(helper);
        return 0;
    }
    if (helper->status.state == STATE_ACTIVE)
        renewal_warn(&helper->status, time(NULL), lifetime);
    return put_status(helper);
}

static int
fail(struct helper *helper, int r)
{
    const struct renewal_times none = {0};
    struct verdict verdict;

    request_end(&helper->request);
    if (r == -EKEYREVOKED)
        return r;
    verdict_from_errno(r, &verdict);
    return settle(helper, &verdict, &none);
}

/*
 * That a request is on its way is in the keyring before it is sent.  Should
 * nobody be here to take the answer, whoever comes next waits until there can
 * be none any more.
 */
static int
announce(struct helper *helper, int64_t timeout)
{
    struct plan plan = {.reason = SCHEDULE_LOST_ANSWER};

    helper->replay = renewal_begin(&helper->status, time(NULL));
    plan.at = helper->status.asked_at + timeout + ANSWER_SLACK;
    plan_set(helper, &plan);
    return put_status(helper);
}

static int
start_renewal(struct helper *helper)
{
    struct message message = {0};
    int64_t timeout;
    int r;

    helper->replay = false;
    if (!tokens_session_lives(helper->session)) {
        record(helper, LOGGED_ENDED, LOG_INFO, "the session's keyring is gone");
        return -EKEYREVOKED;
    }
    /* The next instant for that may come while this one is under way. */
    if (time(NULL) - helper->expires_at >= SCHEDULE_KEEP_SECONDS / 2)
        tokens_keep(&helper->tokens);
    r = read_request(helper, &message);
    if (message_number(&message, FIELD_TIMEOUT, &timeout) < 0
        || timeout > TIMEOUT_MAX)
        timeout = TIMEOUT_DEFAULT;
    if (r == 0)
        r = announce(helper, timeout);
    if (r == 0)
        r = request_start(&helper->request, "renew", &message);
    message_clear(&message);
    if (r == 0) {
        helper->patience = clock_awake() + timeout * REQUESTS_PER_RENEW;
        timer_set(helper, timeout * REQUESTS_PER_RENEW);
        return 0;
    }
    helper->phase = PHASE_WAITING;
    return fail(helper, r);
}

/* Now, or as soon as it may be; or when it was to be anyway. */
static int
demand(struct helper *helper, enum schedule_reason reason)
{
    const struct plan planned = {helper->status.renew_at, helper->reason,
                                 helper->status.not_before};
    int64_t now = time(NULL);
    struct plan plan =
        schedule_demand(&planned, now, helper->status.asked_at, reason);

    if (plan.at == planned.at)
        return 0;
    plan_set(helper, &plan);
    if (plan.at <= now) {
        helper->phase = PHASE_RENEWING;
        return start_renewal(helper);
    }
    timer_plan(helper, now);
    return put_status(helper);
}

/* Not a renewal: so that the session's key is still there for the next one. */
static void
keep(struct helper *helper)
{
    tokens_keep(&helper->tokens);
    timer_plan(helper, time(NULL));
}

/*
 * Somebody has set the wall clock.  The token lives as long as it did before,
 * but the kernel counts the time of its key by that clock; and what has expired
 * by it cannot be read any more.
 */
static int
set_clock(struct helper *helper)
{
    int64_t offset = clock_offset(), now = time(NULL);
    int64_t seconds = clock_jump(helper->clock_offset, offset);
    struct renewal_times times;
    int r;

    if (seconds == 0)
        return 0;
    helper->clock_offset = offset;
    status_shift(&helper->status, seconds);
    helper->expires_at = time_shift(helper->expires_at, seconds);
    times = (struct renewal_times){
        .expires_at = helper->expires_at,
        .id_expires_at = helper->status.id_expires_at,
    };
    record(helper, LOGGED_CLOCK_SET, LOG_INFO,
           "the clock was set by %" PRId64 " s", seconds);
    r = tokens_retime(&helper->tokens, &times, now);
    if (r == -EKEYREVOKED || put_status(helper) < 0)
        return -EKEYREVOKED;
    if (r == -EKEYEXPIRED && helper->expires_at > now
        && helper->phase == PHASE_WAITING)
        return demand(helper, SCHEDULE_CLOCK);
    if (r < 0 && r != -EKEYEXPIRED)
        record(helper, LOGGED_KEYS_FAILED, LOG_WARNING,
               "cannot set the time of a key: %s", strerror(-r));
    return 0;
}

/*
 * What a good RESULT brought.  All is looked at before anything is stored, and
 * the refresh token is safe before anybody hears of the access token: should we
 * be killed in between, the next one goes on with it.
 */
static int
store_tokens(struct helper *helper, const struct message *result,
             struct renewal_times *times)
{
    int r;

    r = renewal_times_get(result, helper->status.asked_at, times);
    if (r == 0)
        r = tokens_store_refresh(&helper->tokens, result);
    if (r == 0) {
        request_refresh_stored(&helper->request);
        r = tokens_publish(&helper->tokens, result, times, time(NULL));
        /* Some providers end the grant when its access token is revoked. */
        if (r != -EKEYREVOKED)
            request_stored(&helper->request);
    }
    if (r == 0)
        helper->expires_at = times->expires_at;
    return r;
}

/* A RESULT: store it, and only then say so. */
static int
store(struct helper *helper, const struct message *result)
{
    struct renewal_times times = {0};
    struct verdict verdict;
    int r = 0;

    log_sandbox(helper, result);
    verdict_from_result(result, &verdict);
    if (verdict.outcome == OUTCOME_OK)
        r = store_tokens(helper, result, &times);
    if (r < 0)
        return fail(helper, r);
    request_end(&helper->request);
    return settle(helper, &verdict, &times);
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
        record(helper, LOGGED_REVOKE_FAILED, ok ? LOG_INFO : LOG_WARNING,
               "tokens removed, but not revoked at the provider: %s",
               text_clean(message_text(result, FIELD_REASON), reason,
                          sizeof(reason)));
    else
        record(helper, LOGGED_REVOKED, LOG_INFO, "tokens removed and revoked");
}

/* Returns -EKEYREVOKED when the session turned out to be over. */
static int
act(struct helper *helper, enum action action, const struct message *result)
{
    switch (action) {
    case ACTION_RENEW:
        return start_renewal(helper);
    case ACTION_DEMAND:
        return demand(helper, SCHEDULE_ON_DEMAND);
    case ACTION_KEEP:
        keep(helper);
        return 0;
    case ACTION_CLOCK:
        return set_clock(helper);
    case ACTION_STORE:
        return store(helper, result);
    case ACTION_FAIL:
        return fail(helper, -ENODATA);
    case ACTION_END:
        end(helper);
        return 0;
    case ACTION_CLEAR:
        tokens_end(&helper->tokens);
        return 0;
    case ACTION_FINISH:
        finish(helper, result);
        return 0;
    case ACTION_GIVE_UP:
        record(helper, LOGGED_REVOKE_FAILED, LOG_WARNING,
               "tokens removed, but there was no answer within %d s"
               " to their revocation at the provider",
               END_SECONDS);
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

/*
 * An exchange that slept with the machine goes on where it was, and may send
 * its request only now: it is given its time before there is another one.
 */
static void
on_timer(struct helper *helper)
{
    int64_t left = helper->patience - clock_awake();
    uint64_t count;

    if (read(helper->timer, &count, sizeof(count)) != (ssize_t) sizeof(count))
        return;
    if (helper->phase == PHASE_RENEWING && left > 0)
        timer_set(helper, left);
    else
        step(helper, helper->keeping ? EVENT_KEEP : EVENT_TIMER, NULL);
}

static void
on_clock(struct helper *helper)
{
    clock_watch_read(helper->clock);
    step(helper, EVENT_CLOCK, NULL);
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

/*
 * Most of a session's life begins here: what a renewal took is given back.
 * Other C libraries do that by themselves.
 */
static void
rest(void)
{
#ifdef __GLIBC__
    (void) malloc_trim(0);
#endif
}

/* One of the descriptors that are ready, at a time: an event may end
 * another. */
static int
wait_event(struct helper *helper)
{
    struct pollfd fds[] = {
        {.fd = helper->login, .events = POLLIN},
        {.fd = helper->clock, .events = POLLIN}, /* before any other time */
        {.fd = helper->request.from, .events = POLLIN},
        {.fd = helper->timer, .events = POLLIN},
        {.fd = helper->signals, .events = POLLIN},
    };
    static void (*const handlers[])(struct helper *) = {
        on_login_died, on_clock, on_reply, on_timer, on_signal};
    size_t i;

    if (helper->phase == PHASE_WAITING)
        rest();
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

/*
 * As another helper has left it: the same schedule, whatever has happened to
 * that helper.
 */
static void
resume(struct helper *helper)
{
    int reason;

    helper->reason = SCHEDULE_BACKOFF;
    for (reason = 0; reason < SCHEDULE_NEVER; reason++)
        if (strcmp(schedule_reason_name((enum schedule_reason) reason),
                   helper->status.renew_reason)
            == 0)
            helper->reason = (enum schedule_reason) reason;
    timer_plan(helper, time(NULL));
}

int
loop_begin(struct helper *helper)
{
    const struct verdict ok = {.outcome = OUTCOME_OK};
    struct message request = {0};
    int r;

    helper->clock_offset = clock_offset();
    r = tokens_find(&helper->tokens);
    if (r < 0)
        return r;
    r = tokens_times(&helper->tokens, &helper->expires_at, &helper->status);
    if (r < 0)
        return r;
    helper->status.helper_pid = getpid();
    if (helper->status.renew_at != 0) {
        resume(helper);
    } else {
        (void) read_request(helper, &request); /* tried again when it is due */
        message_clear(&request);
        schedule(helper, &ok, true);
        renewal_warn(&helper->status, time(NULL), 0);
    }
    return put_status(helper);
}

int
loop_run(struct helper *helper)
{
    int r = 0;

    /* Not in loop_begin(): while that runs, a login waits. */
    log_plan(helper);
    while (r == 0 && helper->phase != PHASE_DONE) {
        if (helper->reload && helper->phase == PHASE_WAITING)
            return 1;
        r = wait_event(helper);
    }
    request_end(&helper->request);
    return r;
}
