/* SPDX-License-Identifier: MIT */
/*
 * The real loop with real descriptors; keys and exchange are replaced, and what
 * is done to them is written down.  poll() lets one event happen at a time.
 */
#include <config.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "helper/clock.h"
#include "helper/loop.h"
#include "tests/lib/test.h"

#define NOW   INT64_C(1700000000)
#define HOUR  INT64_C(3600)
#define YEARS (INT64_C(5) * 365 * 24 * 3600)

static struct helper helper;
static char trace[4096];
static char logged[8][512], debugged[512];
static int priorities[8];
static size_t n_logged;

static void PRINTF(1, 2) note(const char *format, ...)
{
    size_t len = strlen(trace);
    va_list args;

    va_start(args, format);
    (void) vsnprintf(trace + len, sizeof(trace) - len, format, args);
    va_end(args);
}

/* The wall clock, and how far it is ahead of the other one. */
static int64_t clock_now, offset, awake;

time_t
__wrap_time(time_t *out)
{
    if (out != NULL)
        *out = (time_t) clock_now;
    return (time_t) clock_now;
}

int64_t
__wrap_clock_awake(void)
{
    return awake;
}

int64_t
__wrap_clock_offset(void)
{
    return offset;
}

/* 0: no jitter; 0xff: all of it; -1: there are no random numbers yet. */
static int dice;

ssize_t
__wrap_getrandom(void *out, size_t len, unsigned flags UNUSED)
{
    if (dice < 0) {
        errno = EAGAIN;
        return -1;
    }
    memset(out, dice, len);
    return (ssize_t) len;
}

static void __attribute__((format(printf, 2, 0)))
log_args(int priority, const char *format, va_list args)
{
    if (priority == LOG_DEBUG)
        (void) vsnprintf(debugged, sizeof(debugged), format, args);
    if (priority == LOG_DEBUG || n_logged == ARRAY_LEN(logged))
        return;
    (void) vsnprintf(logged[n_logged], sizeof(logged[0]), format, args);
    priorities[n_logged++] = priority;
}

void PRINTF(2, 3) __wrap_syslog(int priority, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_args(priority, format, args);
    va_end(args);
}

void PRINTF(3, 4)
    __wrap___syslog_chk(int priority, int flag UNUSED, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_args(priority, format, args);
    va_end(args);
}

static long timer;
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *when,
                           struct itimerspec *old);

int
__wrap_timerfd_settime(int fd UNUSED, int flags UNUSED,
                       const struct itimerspec *when,
                       struct itimerspec *old UNUSED)
{
    timer = (long) when->it_value.tv_sec;
    if (when->it_value.tv_sec > 0)
        note("timer:%ld ", timer);
    else
        note(when->it_value.tv_nsec > 0 ? "timer:now " : "timer:stop ");
    return 0;
}

/* ---- Keys ---- */

static struct {
    int find_result, times_result, put_result, request_result;
    int store_result, publish_result, retime_result;
    int64_t expires_at;
    struct status status; /* as it is in the key */
    const char *before_expiry, *timeout, *revoke, *notify;
    bool no_refresh, no_access, session_is_gone;
    int take_result;
    unsigned requests; /* how often it was read */
} keys;

int
__wrap_tokens_find(struct tokens *out)
{
    *out = (struct tokens){.ring = keys.find_result < 0 ? 0 : 7};
    return keys.find_result;
}

int
__wrap_tokens_times(const struct tokens *tokens UNUSED, int64_t *expires_at,
                    struct status *status)
{
    if (keys.times_result < 0)
        return keys.times_result;
    *expires_at = keys.expires_at;
    *status = keys.status;
    return 0;
}

int
__wrap_tokens_put_status(struct tokens *tokens UNUSED,
                         const struct status *status)
{
    note("put:%s ", state_name(status->state));
    keys.status = *status;
    return keys.put_result;
}

static void
set(struct message *message, enum field field, const char *text)
{
    if (text != NULL)
        assert_int_equal(message_set_text(message, field, text), 0);
}

int
__wrap_tokens_request(struct tokens *tokens UNUSED, struct message *out)
{
    keys.requests++;
    if (keys.request_result < 0 && keys.request_result != -ENOKEY)
        return keys.request_result;
    out->kind = KIND_RENEW;
    set(out, FIELD_BEFORE_EXPIRY, keys.before_expiry);
    set(out, FIELD_TIMEOUT, keys.timeout);
    if (keys.request_result == 0)
        set(out, FIELD_REFRESH_TOKEN, "refresh");
    return keys.request_result;
}

int
__wrap_tokens_store_refresh(struct tokens *tokens UNUSED,
                            const struct message *result UNUSED)
{
    note("store ");
    return keys.store_result;
}

int
__wrap_tokens_publish(struct tokens *tokens UNUSED,
                      const struct message *result,
                      const struct renewal_times *times, int64_t now)
{
    note("publish:%s ", message_text(result, FIELD_ACCESS_TOKEN));
    assert_int_equal(now, clock_now);
    if (keys.publish_result == 0)
        keys.expires_at = times->expires_at;
    return keys.publish_result;
}

int
__wrap_tokens_retime(struct tokens *tokens UNUSED,
                     const struct renewal_times *times, int64_t now)
{
    note("retime:%lld ", (long long) (times->expires_at - now));
    if (keys.retime_result == 0)
        keys.expires_at = times->expires_at;
    return keys.retime_result;
}

void
__wrap_tokens_keep(struct tokens *tokens UNUSED)
{
    note("keep ");
}

bool
__wrap_tokens_session_lives(key_serial_t session)
{
    assert_int_equal(session, helper.session);
    return !keys.session_is_gone;
}

void
__wrap_tokens_remove(const struct tokens *tokens UNUSED)
{
    note("remove ");
}

void
__wrap_tokens_end(const struct tokens *tokens UNUSED)
{
    note("end ");
}

int
__wrap_tokens_revocation(struct tokens *tokens UNUSED, struct message *out)
{
    note("take ");
    out->kind = KIND_REVOKE;
    set(out, FIELD_REVOKE, keys.revoke);
    set(out, FIELD_NOTIFY, keys.notify);
    if (!keys.no_refresh)
        set(out, FIELD_REFRESH_TOKEN, "refresh");
    if (!keys.no_access)
        set(out, FIELD_ACCESS_TOKEN, "access");
    return keys.take_result;
}

/* ---- The terminal ---- */

size_t
__wrap_terminal_tell(pid_t login, const char *line)
{
    assert_int_equal(login, helper.login_pid);
    assert_non_null(strstr(line, "Log in again"));
    note("tell ");
    return 1;
}

/* ---- The exchange ---- */

static int start_result;
static int exchange[2] = {-1, -1};
static struct message reply;
static int reply_result;

int
__wrap_request_start(struct request *request, const char *verb,
                     const struct message *message)
{
    note("start:%s ", verb);
    assert_int_equal(message->kind,
                     strcmp(verb, "renew") == 0 ? KIND_RENEW : KIND_REVOKE);
    if (start_result < 0)
        return start_result;
    assert_int_equal(request->from, -1); /* one at a time */
    assert_int_equal(pipe2(exchange, O_CLOEXEC), 0);
    request->from = exchange[0];
    return 0;
}

int
__wrap_request_receive(struct request *request, struct message *out)
{
    size_t i;
    char octet;

    assert_int_equal(read(request->from, &octet, 1), 1);
    if (reply_result == 1) {
        out->kind = KIND_RESULT;
        for (i = 0; i < FIELD_COUNT; i++)
            if (message_has(&reply, (enum field) i))
                set(out, (enum field) i, message_text(&reply, (enum field) i));
    }
    return reply_result;
}

void
__wrap_request_refresh_stored(struct request *request UNUSED)
{
    note("refresh_stored ");
}

void
__wrap_request_stored(struct request *request UNUSED)
{
    note("stored ");
}

void
__wrap_request_end(struct request *request)
{
    if (request->from == -1)
        return;
    note("hangup ");
    fd_close(&request->from);
    fd_close(&exchange[1]);
}

/* ---- Events ---- */

typedef void event_function(void);
static event_function *const *events;
static int ppoll_error;
int __real_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask);

int
__wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
             const sigset_t *mask)
{
    assert_null(timeout); /* no wake-up between renewals */
    if (ppoll_error != 0) {
        errno = ppoll_error;
        ppoll_error = 0;
        return -1;
    }
    if (*events == NULL) {
        errno = ECANCELED;
        return -1;
    }
    (*events++)();
    return __real_ppoll(fds, n, timeout, mask);
}

static void
fire(void)
{
    const struct itimerspec at_once = {.it_value = {.tv_nsec = 1}};

    note("| ");
    assert_int_equal(__real_timerfd_settime(helper.timer, 0, &at_once, NULL),
                     0);
}

static void
due(void)
{
    awake += timer;
    fire();
}

/* The timer went on, and nothing else did: but for a second before. */
static void
wakes_up(void)
{
    awake++;
    fire();
}

static void
sigalrm(void)
{
    note("| ");
    assert_int_equal(raise(SIGALRM), 0);
}

static void
sighup(void)
{
    note("| ");
    assert_int_equal(raise(SIGHUP), 0);
}

static void
sigterm(void)
{
    note("| ");
    assert_int_equal(raise(SIGTERM), 0);
}

/* As the kernel says it: the descriptor is readable. */
static void
clock_is_set(int64_t seconds)
{
    const uint64_t one = 1;

    note("| ");
    clock_now += seconds;
    offset += seconds * 1000;
    assert_int_equal(write(helper.clock, &one, sizeof(one)), sizeof(one));
}

static void
clock_is_set_forwards(void)
{
    clock_is_set(HOUR);
}

static void
clock_is_set_back(void)
{
    clock_is_set(-HOUR);
}

static void
clock_is_set_to_what_it_was(void)
{
    clock_is_set(0);
}

static void
years_pass_in_a_moment(void)
{
    clock_is_set(YEARS);
}

static void
five_seconds_pass(void)
{
    clock_now += 5;
    sigalrm();
}

static int login_program = -1;

static void
login_dies(void)
{
    note("| ");
    fd_close(&login_program);
}

static void
answer(int result)
{
    note("| ");
    reply_result = result;
    assert_int_equal(write(exchange[1], "x", 1), 1);
}

static void
answers(void)
{
    answer(1);
}

static void
answers_in_part(void)
{
    answer(0);
}

static void
is_lost(void)
{
    answer(-ENODATA);
}

static void
reply_is(const char *outcome)
{
    message_clear(&reply);
    set(&reply, FIELD_OUTCOME, outcome);
    set(&reply, FIELD_REASON, strcmp(outcome, "ok") == 0 ? NULL : "because");
}

static void
answers_ok(void)
{
    char text[32];

    reply_is("ok");
    set(&reply, FIELD_ACCESS_TOKEN, "new");
    (void) snprintf(text, sizeof(text), "%lld", (long long) NOW + 7200);
    set(&reply, FIELD_EXPIRES_AT, text);
    (void) snprintf(text, sizeof(text), "%lld", (long long) NOW);
    set(&reply, FIELD_RENEWED_AT, text);
    answer(1);
}

static void
answers_transient(void)
{
    reply_is("transient");
    answer(1);
}

static void
answers_come_back_in_ten_minutes(void)
{
    reply_is("transient");
    set(&reply, FIELD_RETRY_AFTER, "600");
    answer(1);
}

/* Both clocks go on, and a timer fires. */
static void
two_minutes_pass(void)
{
    clock_now += 120;
    due();
}

static void
answers_dead(void)
{
    reply_is("dead");
    answer(1);
}

static void
revoked_meanwhile_and_dead(void)
{
    keys.put_result = -EKEYREVOKED;
    answers_dead();
}

static void
answers_revoked(void)
{
    reply_is("ok");
    answer(1);
}

/* ---- Running it ---- */

static int
setup(void **state UNUSED)
{
    sigset_t set;
    int pair[2];

    memset(&keys, 0, sizeof(keys));
    keys.expires_at = NOW + 3600;
    keys.status.renewed_at = NOW;
    keys.revoke = "yes";
    clock_now = NOW;
    offset = 1000000;
    awake = 500;
    dice = 0;
    trace[0] = '\0';
    n_logged = 0;
    debugged[0] = '\0';
    start_result = ppoll_error = 0;
    if (pipe2(pair, O_CLOEXEC) == -1)
        return -1;
    login_program = pair[1];
    helper = (struct helper){.user = "alice",
                             .login = pair[0],
                             .login_pid = 4711,
                             .session = 77,
                             .request = REQUEST_NONE};
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGALRM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    helper.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    helper.timer = clock_timer_open();
    helper.clock = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return helper.signals == -1 || helper.timer == -1 || helper.clock == -1;
}

static int
teardown(void **state UNUSED)
{
    fd_close(&helper.signals);
    fd_close(&helper.timer);
    fd_close(&helper.clock);
    fd_close(&helper.login);
    fd_close(&login_program);
    fd_close(&helper.request.from);
    fd_close(&exchange[1]);
    message_clear(&reply);
    return 0;
}

/* loop_begin(), then these events; the end of the list is -ECANCELED. */
static int
run(event_function *const *list)
{
    assert_int_equal(loop_begin(&helper), 0);
    trace[0] = '\0';
    events = list;
    return loop_run(&helper);
}

/* What a good answer leads to. */
#define STORED "store refresh_stored publish:new stored hangup "

#define RUN(...) run((event_function *const[]){__VA_ARGS__, NULL})

static void
assert_trace(const char *expected)
{
    assert_string_equal(trace, expected);
}

static void
assert_logged(int priority, const char *part)
{
    assert_int_equal(n_logged, 1);
    assert_int_equal(priorities[0], priority);
    assert_non_null(strstr(logged[0], "user alice: "));
    if (strstr(logged[0], part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", logged[0], part);
}

/* ---- Beginning ---- */

static void
begins_with_the_schedule(void **state UNUSED)
{
    assert_int_equal(loop_begin(&helper), 0);
    assert_trace("timer:3300 put:active ");
    assert_int_equal(keys.status.renew_at, NOW + 3300);
    assert_string_equal(keys.status.renew_reason, "before_expiry");
    assert_string_equal(debugged, "");
    assert_string_equal(keys.status.warning, "");
    assert_int_equal(keys.status.helper_pid, getpid());
    assert_int_equal(keys.status.renewals, 0);
}

static void
says_when_it_renews_once_no_login_waits_for_it(void **state UNUSED)
{
    assert_int_equal(RUN(NULL), -ECANCELED);
    assert_non_null(strstr(debugged, "in 3300 s (before_expiry)"));
}

static void
begins_with_the_margin_of_the_settings(void **state UNUSED)
{
    static const struct {
        const char *before_expiry;
        long timer;
    } cases[] = {
        {"0", 3600},    {"60", 3540},       {"50%", 1800},
        {"auto", 3300}, {"nonsense", 3300}, {NULL, 3300},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        keys.status.renew_at = 0;
        keys.before_expiry = cases[i].before_expiry;
        assert_int_equal(loop_begin(&helper), 0);
        assert_int_equal(timer, cases[i].timer);
    }
}

static void
warns_of_a_grant_that_ends_before_the_next_renewal(void **state UNUSED)
{
    keys.status.refresh_expires_at = NOW + 9;
    assert_int_equal(loop_begin(&helper), 0);
    assert_non_null(strstr(keys.status.warning, "log in again"));
}

static void
executed_anew_it_keeps_the_schedule(void **state UNUSED)
{
    keys.status.renew_at = NOW + 123;
    strcpy(keys.status.renew_reason, "grant_ends");
    strcpy(keys.status.warning, "soon");
    assert_int_equal(loop_begin(&helper), 0);
    assert_int_equal(timer, 123);
    assert_int_equal(keys.status.renew_at, NOW + 123);
    assert_string_equal(keys.status.renew_reason, "grant_ends");
    assert_string_equal(keys.status.warning, "soon");
}

static void
executed_anew_too_late_it_renews_at_once(void **state UNUSED)
{
    keys.status.renew_at = NOW - 5;
    assert_int_equal(loop_begin(&helper), 0);
    keys.status.renew_at = NOW;
    assert_int_equal(loop_begin(&helper), 0);
    assert_trace("timer:now put:active timer:now put:active ");
}

/* Nothing is left to do for it. */
static void
ends_by_itself_when_login_is_required(void **state UNUSED)
{
    keys.status.state = STATE_LOGIN_REQUIRED;
    keys.request_result = -ENOKEY;
    keys.no_refresh = keys.no_access = true;
    assert_int_equal(RUN(sigalrm, due), 0);
    assert_trace("| | take remove put:login_required ");
}

static void
without_a_refresh_token_it_wakes_when_the_token_ends(void **state UNUSED)
{
    keys.request_result = -ENOKEY;
    keys.no_refresh = keys.no_access = true;
    assert_int_equal(RUN(due), 0);
    assert_trace("| take remove put:login_required ");
    assert_logged(LOG_WARNING, "no refresh token");
    assert_int_equal(keys.status.renew_at, 0);
    assert_int_equal(keys.status.helper_pid, 0);
}

static void
without_a_refresh_token_who_asks_loses_nothing(void **state UNUSED)
{
    keys.request_result = -ENOKEY;
    assert_int_equal(RUN(sigalrm), -ECANCELED);
    assert_trace("| ");
    assert_string_equal(keys.status.renew_reason, "token_ends");
}

static void
without_a_refresh_token_the_timer_is_the_expiry(void **state UNUSED)
{
    keys.request_result = -ENOKEY;
    assert_int_equal(loop_begin(&helper), 0);
    assert_int_equal(timer, 3600);
}

static void
without_a_keyring_the_session_is_over(void **state UNUSED)
{
    keys.find_result = -EKEYREVOKED;
    assert_int_equal(loop_begin(&helper), -EKEYREVOKED);
}

static void
gives_the_errno_when_it_cannot_begin(void **state UNUSED)
{
    keys.find_result = -ENOMEM;
    assert_int_equal(loop_begin(&helper), -ENOMEM);
    keys.find_result = 0;
    keys.times_result = -EBADMSG;
    assert_int_equal(loop_begin(&helper), -EBADMSG);
    keys.times_result = 0;
    keys.put_result = -EKEYREVOKED;
    assert_int_equal(loop_begin(&helper), -EKEYREVOKED);
}

/* The tokens are good all the same. */
static void
begins_without_a_status_that_cannot_be_written(void **state UNUSED)
{
    keys.put_result = -EDQUOT;
    assert_int_equal(loop_begin(&helper), 0);
    assert_logged(LOG_WARNING, "cannot write the status");
}

/* ---- Renewing ---- */

static void
renews_when_it_is_due(void **state UNUSED)
{
    assert_int_equal(RUN(due, answers_ok), -ECANCELED);
    assert_trace("| put:active start:renew timer:30 "
                 "| " STORED "timer:6900 put:active ");
    assert_int_equal(n_logged, 0);
    assert_int_equal(keys.status.renewals, 1);
    assert_int_equal(keys.status.renewed_at, NOW);
    assert_int_equal(keys.status.renew_at, NOW + 6900);
}

static void
renews_again_and_again(void **state UNUSED)
{
    assert_int_equal(
        RUN(due, answers_ok, due, answers_ok, five_seconds_pass, answers_ok),
        -ECANCELED);
    assert_int_equal(keys.status.renewals, 3);
    assert_int_equal(n_logged, 0);
}

/* Others may have logged in, or got through, in the same minute. */
static void
after_a_login_and_an_outage_it_is_spread_wide(void **state UNUSED)
{
    dice = 0xff;
    assert_int_equal(loop_begin(&helper), 0);
    assert_int_equal(timer, 3300 - 2475);
    assert_int_equal(RUN(due, answers_ok), -ECANCELED);
    assert_int_equal(timer, 6900 - 900);
    assert_int_equal(RUN(due, answers_transient, due, answers_ok), -ECANCELED);
    assert_int_equal(timer, 6900 - 5175);
}

/* Early in the boot, when whole fleets start: not all at the same end of it. */
static void
without_random_numbers_the_process_is_one(void **state UNUSED)
{
    uint32_t number = (uint32_t) getpid() * UINT32_C(2654435761);

    dice = -1;
    assert_int_equal(loop_begin(&helper), 0);
    assert_int_equal(timer, 3300 - (long) (number * UINT64_C(2476) >> 32));
}

/* The token has expired meanwhile: half as long as that. */
static void
knows_how_long_it_has_been_failing(void **state UNUSED)
{
    dice = 0xff;
    assert_int_equal(RUN(due, answers_transient, due, answers_transient),
                     -ECANCELED);
    assert_int_equal(helper.failing_since, awake - 5);
    awake += 300;
    keys.expires_at = keys.status.renew_at = NOW;
    assert_int_equal(RUN(due, answers_transient), -ECANCELED);
    assert_int_equal(keys.status.failures, 3);
    assert_int_equal(keys.status.renew_at,
                     NOW + (awake - helper.failing_since) / 2);
    keys.status.renew_at = NOW;
    assert_int_equal(RUN(due, answers_ok, due, answers_transient), -ECANCELED);
    assert_int_equal(helper.failing_since, awake);
}

/* Another helper has seen the first failure. */
static void
does_not_know_how_long_another_helper_has_failed(void **state UNUSED)
{
    keys.status.failures = 4;
    keys.status.state = STATE_RETRYING;
    keys.status.renew_at = NOW;
    assert_int_equal(RUN(due, answers_transient), -ECANCELED);
    assert_int_equal(helper.failing_since, awake);
}

static void
a_renewal_reads_its_request_once(void **state UNUSED)
{
    assert_int_equal(RUN(due, answers_ok), -ECANCELED);
    assert_int_equal(keys.requests, 2); /* the first when it began */
}

static void
goes_by_the_margin_of_the_settings_also_when_executed_anew(void **state UNUSED)
{
    keys.before_expiry = "60";
    keys.status.renew_at = NOW + 100;
    assert_int_equal(loop_begin(&helper), 0);
    assert_int_equal(RUN(due, answers_ok), -ECANCELED);
    assert_in_range(timer, 7200 - 60 - 30, 7200 - 60);
}

static void
waits_for_three_requests(void **state UNUSED)
{
    keys.timeout = "20";
    assert_int_equal(RUN(due), -ECANCELED);
    assert_int_equal(timer, 60);
}

static void
renews_on_sigalrm(void **state UNUSED)
{
    assert_int_equal(RUN(sigalrm, answers_ok), -ECANCELED);
    assert_non_null(strstr(trace, "start:renew"));
    assert_int_equal(keys.status.renewals, 1);
}

static void
one_exchange_works_at_a_time(void **state UNUSED)
{
    assert_int_equal(RUN(due, sigalrm, sigalrm, answers_ok), -ECANCELED);
    assert_trace("| put:active start:renew timer:30 | | "
                 "| " STORED "timer:6900 put:active ");
}

static void
an_answer_in_part_is_waited_for(void **state UNUSED)
{
    assert_int_equal(RUN(due, answers_in_part, answers_in_part, answers_ok),
                     -ECANCELED);
    assert_trace("| put:active start:renew timer:30 | | "
                 "| " STORED "timer:6900 put:active ");
}

/* It revokes them then. */
static void
what_cannot_be_stored_is_not_said_to_be_safe(void **state UNUSED)
{
    keys.store_result = -EDQUOT;
    assert_int_equal(RUN(due, answers_ok), -ECANCELED);
    assert_trace("| put:active start:renew timer:30 "
                 "| store hangup timer:1 put:retrying ");
    assert_logged(LOG_WARNING, "kernel.keys.root_maxkeys");
    assert_int_equal(keys.expires_at, NOW + 3600);
}

/* The next renewal needs the new refresh token; nobody has the access token. */
static void
a_refresh_token_that_is_stored_must_not_be_revoked(void **state UNUSED)
{
    keys.publish_result = -EDQUOT;
    assert_int_equal(RUN(due, answers_ok), -ECANCELED);
    assert_trace("| put:active start:renew timer:30 "
                 "| store refresh_stored publish:new stored hangup timer:1 "
                 "put:retrying ");
}

/* The exchange revokes the access token; the refresh token is ours to revoke. */
static void
what_is_stored_in_part_is_revoked_when_the_session_is_over(void **state UNUSED)
{
    keys.publish_result = -EKEYREVOKED;
    assert_int_equal(RUN(due, answers_ok, answers_revoked), 0);
    assert_null(strstr(trace, " stored"));
    assert_non_null(strstr(trace, "hangup take end start:revoke"));
}

static void
an_exchange_is_not_waited_for_for_ever(void **state UNUSED)
{
    static const char *const timeouts[] = {"0", "", "x", NULL};
    size_t i;

    for (i = 0; i < ARRAY_LEN(timeouts); i++) {
        teardown(NULL);
        setup(NULL);
        keys.timeout = timeouts[i];
        assert_int_equal(RUN(due), -ECANCELED);
        assert_non_null(strstr(trace, "start:renew timer:"));
        assert_null(strstr(trace, "timer:stop"));
    }
}

static void
a_malformed_result_is_not_stored(void **state UNUSED)
{
    static const struct {
        enum field field;
        const char *text;
    } cases[] = {
        {FIELD_EXPIRES_AT, "soon"}, {FIELD_EXPIRES_AT, "-1"},
        {FIELD_RENEWED_AT, "now"},  {FIELD_EXPIRES_AT, ""},
        {FIELD_ACCESS_TOKEN, ""},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        teardown(NULL);
        setup(NULL);
        reply_is("ok");
        set(&reply, FIELD_ACCESS_TOKEN, "new");
        set(&reply, FIELD_EXPIRES_AT, "1700007200");
        set(&reply, FIELD_RENEWED_AT, "1700000000");
        set(&reply, cases[i].field, cases[i].text);
        assert_int_equal(RUN(due, answers), -ECANCELED);
        assert_null(strstr(trace, "store:"));
        assert_non_null(strstr(trace, "put:retrying"));
        assert_int_equal(timer, 1); /* ambiguous */
    }
}

static void
a_failure_is_logged_once_and_so_is_its_end(void **state UNUSED)
{
    assert_int_equal(RUN(due, answers_transient, due, answers_transient, due,
                         answers_transient),
                     -ECANCELED);
    assert_logged(LOG_WARNING, "because");
    assert_int_equal(keys.status.failures, 3);
    assert_int_equal(keys.status.state, STATE_RETRYING);
    assert_int_equal(keys.status.since, NOW);
    n_logged = 0;
    assert_int_equal(RUN(due, answers_ok), -ECANCELED);
    assert_logged(LOG_NOTICE, "renewed again");
    assert_int_equal(keys.status.failures, 0);
}

static void
a_failure_stores_nothing(void **state UNUSED)
{
    assert_int_equal(RUN(due, answers_transient), -ECANCELED);
    assert_null(strstr(trace, "store:"));
    assert_null(strstr(trace, "remove"));
    assert_non_null(strstr(trace, "put:retrying"));
    assert_int_equal(keys.status.renew_at, NOW + timer);
}

/* And then it ends itself: there is nothing left to do. */
static void
the_end_of_the_grant_removes_the_tokens_and_revokes_them(void **state UNUSED)
{
    assert_int_equal(RUN(due, answers_dead, sigalrm, sighup, answers_revoked),
                     0);
    assert_trace(
        "| put:active start:renew timer:30 "
        "| hangup take remove put:login_required start:revoke timer:10 "
        "| | | hangup ");
    assert_int_equal(n_logged, 2);
    assert_non_null(strstr(logged[0], "log in again: because"));
    assert_non_null(strstr(logged[1], "removed and revoked"));
    assert_int_equal(keys.status.renew_at, 0);
    assert_string_equal(keys.status.renew_reason, "");
    assert_int_equal(keys.status.helper_pid, 0);
}

static void
the_end_of_the_session_while_that_is_revoked_clears_the_rest(
    void **state UNUSED)
{
    assert_int_equal(
        RUN(due, answers_dead, sigterm, login_dies, answers_revoked), 0);
    assert_non_null(
        strstr(trace, "start:revoke timer:10 | end | end | hangup "));
}

static void
the_user_is_told_of_the_end_of_the_grant_if_that_is_configured(
    void **state UNUSED)
{
    static const char *const values[] = {NULL, "", "no", "YES"};
    size_t i;

    keys.notify = "yes";
    assert_int_equal(RUN(due, answers_dead, answers_revoked), 0);
    assert_non_null(strstr(trace, "put:login_required tell start:revoke "));
    for (i = 0; i < ARRAY_LEN(values); i++) {
        teardown(NULL);
        setup(NULL);
        keys.notify = values[i];
        assert_int_equal(RUN(due, answers_dead, answers_revoked), 0);
        assert_null(strstr(trace, "tell"));
    }
}

static void
a_lost_answer_is_tried_again_in_a_second_and_then_later(void **state UNUSED)
{
    assert_int_equal(RUN(due, is_lost), -ECANCELED);
    assert_trace("| put:active start:renew timer:30 "
                 "| hangup timer:1 put:retrying ");
    assert_int_equal(keys.status.failures, 1);
    assert_string_equal(keys.status.renew_reason, "lost_answer");
    assert_int_equal(keys.status.unanswered_since, NOW);
    assert_int_equal(RUN(due, is_lost), -ECANCELED);
    assert_string_equal(keys.status.renew_reason, "backoff");
    assert_int_equal(keys.status.unanswered_since, NOW);
    assert_int_equal(RUN(due, answers_transient), -ECANCELED);
    assert_int_equal(keys.status.unanswered_since, NOW);
    assert_int_equal(RUN(due, answers_ok), -ECANCELED);
    assert_int_equal(keys.status.unanswered_since, 0);
}

static void
a_grant_that_the_second_request_ends_says_that_an_answer_was_lost(
    void **state UNUSED)
{
    assert_int_equal(RUN(due, is_lost, due, answers_dead, answers_revoked), 0);
    assert_int_equal(keys.status.state, STATE_LOGIN_REQUIRED);
    assert_non_null(strstr(keys.status.last_error, "was lost"));
    assert_non_null(strstr(logged[1], "was lost; then: because"));
}

/* Should nobody be there to take the answer. */
static void
the_request_is_in_the_keyring_before_it_is_sent(void **state UNUSED)
{
    assert_int_equal(RUN(due), -ECANCELED);
    assert_trace("| put:active start:renew timer:30 hangup ");
    assert_int_equal(keys.status.asked_at, NOW);
    assert_int_equal(keys.status.unanswered_since, NOW);
    assert_int_equal(keys.status.renew_at, NOW + 12);
    assert_string_equal(keys.status.renew_reason, "lost_answer");
}

/* Two requests with one refresh token at a time: never. */
static void
after_a_killed_helper_the_answer_is_waited_for(void **state UNUSED)
{
    keys.status.asked_at = keys.status.unanswered_since = NOW - 3;
    keys.status.renew_at = NOW + 9;
    strcpy(keys.status.renew_reason, "lost_answer");
    assert_int_equal(loop_begin(&helper), 0);
    assert_int_equal(timer, 9);
    assert_int_equal(RUN(sigalrm, sigalrm, due, answers_ok), -ECANCELED);
    assert_trace("| | | put:active start:renew timer:30 "
                 "| " STORED "timer:6900 put:active ");
    assert_int_equal(keys.status.unanswered_since, 0);
}

static void
after_a_killed_helper_one_lost_answer_more_is_not_tried_at_once(
    void **state UNUSED)
{
    keys.status.asked_at = keys.status.unanswered_since = NOW - 30;
    keys.status.renew_at = NOW - 18;
    strcpy(keys.status.renew_reason, "lost_answer");
    assert_int_equal(RUN(due, is_lost), -ECANCELED);
    assert_string_equal(keys.status.renew_reason, "backoff");
}

/* ---- On demand ---- */

static void
who_asks_all_the_time_gets_one_renewal_in_5_s(void **state UNUSED)
{
    assert_int_equal(RUN(sigalrm, sigalrm, answers_ok, sigalrm, sigalrm,
                         sigalrm, due, sigalrm, answers_ok),
                     -ECANCELED);
    assert_trace("| put:active start:renew timer:30 | | " STORED
                 "timer:6900 put:active | timer:5 put:active | | "
                 "| put:active start:renew timer:30 | "
                 "| " STORED "timer:6900 put:active ");
}

static void
who_asks_later_gets_one_at_once(void **state UNUSED)
{
    assert_int_equal(RUN(sigalrm, answers_ok, five_seconds_pass), -ECANCELED);
    assert_non_null(
        strstr(trace, "put:active | put:active start:renew timer:30 "));
}

static void
who_asks_does_not_override_the_provider(void **state UNUSED)
{
    assert_int_equal(
        RUN(due, answers_come_back_in_ten_minutes, five_seconds_pass),
        -ECANCELED);
    assert_trace("| put:active start:renew timer:30 "
                 "| hangup timer:600 put:retrying | ");
    assert_string_equal(keys.status.renew_reason, "retry_after");
    /* Nor after it was executed anew. */
    assert_int_equal(keys.status.not_before, NOW + 600);
    assert_int_equal(RUN(five_seconds_pass), -ECANCELED);
    assert_trace("| ");
}

/* What chance adds to that is overridden, and no more than that. */
static void
who_asks_overrides_what_comes_on_top_of_it(void **state UNUSED)
{
    dice = 0xff;
    assert_int_equal(RUN(due, answers_come_back_in_ten_minutes), -ECANCELED);
    assert_int_equal(keys.status.renew_at, NOW + 900);
    assert_int_equal(RUN(five_seconds_pass, five_seconds_pass), -ECANCELED);
    assert_trace("| timer:595 put:retrying | ");
    assert_int_equal(keys.status.renew_at, NOW + 600);
    assert_string_equal(keys.status.renew_reason, "retry_after");
    clock_now = NOW + 600;
    keys.status.renew_at = NOW + 900;
    assert_int_equal(RUN(sigalrm, answers_ok), -ECANCELED);
    assert_int_equal(keys.status.renewals, 1);
    assert_int_equal(keys.status.not_before, 0);
}

/* ---- The clock is set ---- */

static void
when_the_clock_is_set_all_times_move_and_the_renewal_does_not(
    void **state UNUSED)
{
    assert_int_equal(RUN(clock_is_set_forwards), -ECANCELED);
    assert_trace("| retime:3600 put:active ");
    assert_int_equal(keys.status.renew_at, NOW + 3300 + HOUR);
    assert_int_equal(keys.status.renewed_at, NOW + HOUR);
    assert_int_equal(helper.expires_at, NOW + 3600 + HOUR);
    assert_logged(LOG_INFO, "set by 3600 s");
    assert_int_equal(RUN(clock_is_set_back), -ECANCELED);
    assert_trace("| retime:3600 put:active ");
    assert_int_equal(keys.status.renew_at, NOW + 3300);
}

/* A laptop that wakes up, and reads the same time. */
static void
a_clock_that_is_set_to_what_it_was_changes_nothing(void **state UNUSED)
{
    assert_int_equal(RUN(clock_is_set_to_what_it_was), -ECANCELED);
    assert_trace("| ");
    assert_int_equal(n_logged, 0);
}

/* The kernel has taken the token away, although it is good. */
static void
a_token_that_is_out_of_reach_by_the_new_clock_is_renewed(void **state UNUSED)
{
    keys.retime_result = -EKEYEXPIRED;
    assert_int_equal(RUN(years_pass_in_a_moment, answers_ok), -ECANCELED);
    assert_trace("| retime:3600 put:active put:active start:renew timer:30 "
                 "| " STORED "timer:6900 put:active ");
    assert_int_equal(helper.expires_at, NOW + YEARS + 7200);
    assert_int_equal(keys.status.renewed_at, NOW + YEARS);
}

static void
a_clock_that_is_set_all_the_time_makes_no_storm(void **state UNUSED)
{
    keys.retime_result = -EKEYEXPIRED;
    assert_int_equal(RUN(clock_is_set_forwards, answers_ok,
                         clock_is_set_forwards, clock_is_set_back,
                         years_pass_in_a_moment),
                     -ECANCELED);
    assert_trace("| retime:3600 put:active put:active start:renew timer:30 "
                 "| " STORED "timer:6900 put:active "
                 "| retime:7200 put:active timer:5 put:active "
                 "| retime:7200 put:active "
                 "| retime:7200 put:active ");
    assert_string_equal(keys.status.renew_reason, "clock");
}

static void
a_token_that_has_expired_anyway_waits_for_its_turn(void **state UNUSED)
{
    keys.retime_result = -EKEYEXPIRED;
    keys.expires_at = NOW - 5;
    assert_int_equal(RUN(due, answers_transient, clock_is_set_forwards),
                     -ECANCELED);
    assert_trace("| put:active start:renew timer:30 "
                 "| hangup timer:1 put:retrying "
                 "| retime:-5 put:retrying ");
}

static void
a_clock_that_is_set_during_a_renewal_shortens_no_lifetime(void **state UNUSED)
{
    assert_int_equal(RUN(due, clock_is_set_back, answers_ok), -ECANCELED);
    assert_trace("| put:active start:renew timer:30 "
                 "| retime:3600 put:active "
                 "| " STORED "timer:6900 put:active ");
    assert_int_equal(helper.expires_at, NOW - HOUR + 7200);
    assert_int_equal(keys.status.renewed_at, NOW - HOUR);
}

static void
a_revoked_keyring_ends_it_when_the_clock_is_set(void **state UNUSED)
{
    assert_int_equal(loop_begin(&helper), 0);
    trace[0] = '\0';
    keys.retime_result = -EKEYREVOKED;
    events =
        (event_function *const[]){clock_is_set_forwards, answers_revoked, NULL};
    assert_int_equal(loop_run(&helper), 0);
    assert_trace("| retime:3600 take end start:revoke timer:10 | hangup ");
}

static void
after_the_end_the_clock_does_not_matter(void **state UNUSED)
{
    assert_int_equal(RUN(sigterm, clock_is_set_forwards, answers_revoked), 0);
    assert_trace("| take end start:revoke timer:10 | | hangup ");
}

/* ---- An expired key ---- */

static void
an_expired_key_is_kept_while_it_cannot_be_renewed(void **state UNUSED)
{
    keys.expires_at = NOW - 10;
    assert_int_equal(RUN(due, answers_come_back_in_ten_minutes,
                         two_minutes_pass, two_minutes_pass, sigterm,
                         answers_revoked),
                     0);
    assert_trace("| put:active start:renew timer:30 "
                 "| hangup timer:110 put:retrying "
                 "| keep timer:110 | keep timer:110 "
                 "| take end start:revoke timer:10 | hangup ");
    assert_string_equal(keys.status.renew_reason, "retry_after");
}

/* That of 120 s comes while a renewal is under way, and another may at 240. */
static void
a_renewal_long_after_the_end_of_the_token_keeps_the_key(void **state UNUSED)
{
    keys.expires_at = NOW - 60;
    assert_int_equal(RUN(due), -ECANCELED);
    assert_trace("| keep put:active start:renew timer:30 hangup ");
}

static void
a_renewal_that_is_due_sooner_comes_first(void **state UNUSED)
{
    keys.expires_at = NOW - 10;
    assert_int_equal(RUN(due, answers_transient, due), -ECANCELED);
    assert_trace("| put:active start:renew timer:30 "
                 "| hangup timer:1 put:retrying "
                 "| put:retrying start:renew timer:30 hangup ");
}

static void
an_exchange_that_takes_too_long_is_hung_up_on(void **state UNUSED)
{
    assert_int_equal(RUN(due, due, due, answers_ok), -ECANCELED);
    assert_trace(
        "| put:active start:renew timer:30 | hangup timer:1 put:retrying "
        "| put:retrying start:renew timer:30 "
        "| " STORED "timer:6900 put:active ");
}

/* It slept as well, and may only now send the refresh token. */
static void
an_exchange_that_slept_with_the_machine_is_given_its_time(void **state UNUSED)
{
    assert_int_equal(RUN(due, wakes_up, wakes_up, due, due, answers_ok),
                     -ECANCELED);
    assert_trace("| put:active start:renew timer:30 | timer:29 | timer:28 "
                 "| hangup timer:1 put:retrying "
                 "| put:retrying start:renew timer:30 "
                 "| " STORED "timer:6900 put:active ");
}

static void
an_exchange_that_cannot_be_started_is_tried_again(void **state UNUSED)
{
    start_result = -ENOENT;
    assert_int_equal(RUN(due), -ECANCELED);
    assert_trace("| put:active start:renew timer:1 put:retrying ");
    assert_logged(LOG_WARNING, "No such file");
    start_result = 0;
    assert_int_equal(RUN(due, answers_ok), -ECANCELED);
    assert_int_equal(keys.status.state, STATE_ACTIVE);
}

static void
a_status_that_cannot_be_written_is_logged(void **state UNUSED)
{
    assert_int_equal(loop_begin(&helper), 0);
    events = (event_function *const[]){due, answers_ok, NULL};
    keys.put_result = -EDQUOT;
    assert_int_equal(loop_run(&helper), -ECANCELED);
    assert_logged(LOG_WARNING, "cannot write the status");
}

/* ---- The session turns out to be over ---- */

/* Nobody can read the tokens any more. */
static void
a_session_without_its_keyring_is_over(void **state UNUSED)
{
    keys.session_is_gone = true;
    assert_int_equal(RUN(due, answers_revoked), 0);
    assert_trace("| take end start:revoke timer:10 | hangup ");
    assert_non_null(strstr(logged[0], "the session's keyring is gone"));
}

static void
a_revoked_keyring_ends_it_before_a_renewal(void **state UNUSED)
{
    assert_int_equal(loop_begin(&helper), 0);
    trace[0] = '\0';
    keys.request_result = -EKEYREVOKED;
    events = (event_function *const[]){due, answers_revoked, NULL};
    assert_int_equal(loop_run(&helper), 0);
    assert_trace("| take end start:revoke timer:10 | hangup ");
}

static void
a_revoked_keyring_ends_it_when_it_stores(void **state UNUSED)
{
    keys.store_result = -EKEYREVOKED;
    assert_int_equal(RUN(due, answers_ok, answers_revoked), 0);
    assert_trace("| put:active start:renew timer:30 "
                 "| store hangup take end start:revoke timer:10 | hangup ");
}

static void
a_revoked_keyring_ends_it_when_it_writes_the_status(void **state UNUSED)
{
    assert_int_equal(loop_begin(&helper), 0);
    trace[0] = '\0';
    keys.put_result = -EKEYREVOKED;
    events = (event_function *const[]){due, answers_transient, answers_revoked,
                                       NULL};
    assert_int_equal(loop_run(&helper), 0);
    assert_non_null(strstr(trace, "take end start:revoke timer:10 "));
}

/* What was read to be revoked is revoked, whoever closes the session now. */
static void
a_revoked_keyring_at_the_end_of_the_grant_ends_both(void **state UNUSED)
{
    assert_int_equal(loop_begin(&helper), 0);
    events = (event_function *const[]){due, revoked_meanwhile_and_dead,
                                       answers_revoked, NULL};
    trace[0] = '\0';
    assert_int_equal(loop_run(&helper), 0);
    assert_trace("| put:active start:renew timer:30 "
                 "| hangup take remove put:login_required end "
                 "start:revoke timer:10 | hangup ");
}

/* ---- Ending ---- */

static void
sigterm_removes_and_revokes(void **state UNUSED)
{
    assert_int_equal(RUN(sigterm, answers_revoked), 0);
    assert_trace("| take end start:revoke timer:10 | hangup ");
    assert_logged(LOG_INFO, "removed and revoked");
    assert_int_equal(helper.phase, PHASE_DONE);
}

static void
the_death_of_the_login_program_removes_and_revokes(void **state UNUSED)
{
    assert_int_equal(RUN(login_dies, answers_revoked), 0);
    assert_trace("| take end start:revoke timer:10 | hangup ");
    assert_int_equal(helper.login, -1);
}

static void
both_at_once_are_one_end(void **state UNUSED)
{
    assert_int_equal(
        RUN(sigterm, login_dies, sigterm, sighup, sigalrm, answers_revoked), 0);
    assert_trace("| take end start:revoke timer:10 | end | end | | | hangup ");
}

/* The exchange, which is not told that they are safe, revokes its tokens. */
static void
a_renewal_in_flight_is_hung_up_on(void **state UNUSED)
{
    assert_int_equal(RUN(due, sigterm, answers_revoked), 0);
    assert_trace("| put:active start:renew timer:30 "
                 "| hangup take end start:revoke timer:10 | hangup ");
}

static void
ends_although_login_is_required(void **state UNUSED)
{
    keys.status.state = STATE_LOGIN_REQUIRED;
    keys.no_refresh = keys.no_access = true;
    assert_int_equal(RUN(sigterm), 0);
    assert_trace("| take end ");
}

static void
revokes_nothing_when_the_settings_say_so(void **state UNUSED)
{
    static const char *const values[] = {"no", "", NULL, "YES"};
    size_t i;

    for (i = 0; i < ARRAY_LEN(values); i++) {
        teardown(NULL);
        setup(NULL);
        keys.revoke = values[i];
        assert_int_equal(RUN(sigterm), 0);
        assert_trace("| take end ");
    }
}

static void
revokes_what_there_is(void **state UNUSED)
{
    keys.no_refresh = true;
    assert_int_equal(RUN(sigterm, answers_revoked), 0);
    assert_non_null(strstr(trace, "start:revoke"));
    teardown(NULL);
    setup(NULL);
    keys.no_access = true;
    assert_int_equal(RUN(sigterm, answers_revoked), 0);
    assert_non_null(strstr(trace, "start:revoke"));
}

static void
a_revocation_that_fails_is_logged(void **state UNUSED)
{
    assert_int_equal(RUN(sigterm, answers_transient), 0);
    assert_logged(LOG_WARNING, "not revoked at the provider");
    assert_non_null(strstr(logged[0], "because"));
}

static void
a_revocation_that_is_lost_is_logged(void **state UNUSED)
{
    assert_int_equal(RUN(sigterm, is_lost), 0);
    assert_int_equal(n_logged, 1);
    assert_int_equal(priorities[0], LOG_WARNING);
}

static void
a_revocation_that_takes_10_s_is_given_up(void **state UNUSED)
{
    assert_int_equal(RUN(sigterm, due), 0);
    assert_trace("| take end start:revoke timer:10 | hangup ");
    assert_logged(LOG_WARNING, "no answer within 10 s");
}

static void
a_revocation_that_cannot_be_started_is_logged(void **state UNUSED)
{
    start_result = -ENOENT;
    assert_int_equal(RUN(sigterm), 0);
    assert_trace("| take end start:revoke ");
    assert_logged(LOG_WARNING, "cannot start");
}

/* Root revoked them first: it has ended the session itself. */
static void
settings_that_are_gone_end_without_a_word(void **state UNUSED)
{
    static const int results[] = {-ENOKEY, -EKEYREVOKED};
    size_t i;

    for (i = 0; i < ARRAY_LEN(results); i++) {
        teardown(NULL);
        setup(NULL);
        keys.take_result = results[i];
        keys.revoke = NULL;
        assert_int_equal(RUN(sigterm), 0);
        assert_trace("| take end ");
        assert_int_equal(n_logged, 0);
    }
}

static void
settings_that_cannot_be_read_revoke_nothing_and_are_logged(void **state UNUSED)
{
    keys.take_result = -EBADMSG;
    keys.revoke = NULL;
    assert_int_equal(RUN(sigterm), 0);
    assert_trace("| take end ");
    assert_logged(LOG_WARNING, "cannot be read");
}

static void
loop_end_ends_it_before_it_runs(void **state UNUSED)
{
    loop_end(&helper);
    assert_trace("take end start:revoke timer:10 ");
    events = (event_function *const[]){answers_revoked, NULL};
    assert_int_equal(loop_run(&helper), 0);
}

/* ---- Executing it anew ---- */

static void
sighup_executes_it_anew(void **state UNUSED)
{
    assert_int_equal(RUN(sighup), 1);
    assert_trace("| ");
    assert_int_equal(helper.phase, PHASE_WAITING);
}

static void
sighup_waits_for_the_renewal(void **state UNUSED)
{
    assert_int_equal(RUN(due, sighup, answers_ok), 1);
    assert_trace("| put:active start:renew timer:30 | "
                 "| " STORED "timer:6900 put:active ");
}

static void
an_end_is_stronger_than_sighup(void **state UNUSED)
{
    assert_int_equal(RUN(due, sighup, sigterm, answers_revoked), 0);
    assert_int_equal(helper.phase, PHASE_DONE);
}

/* ---- poll() ---- */

static void
poll_is_repeated_after_a_signal(void **state UNUSED)
{
    ppoll_error = EINTR;
    assert_int_equal(RUN(sighup), 1);
}

static void
poll_gives_its_errno(void **state UNUSED)
{
    ppoll_error = ENOMEM;
    assert_int_equal(RUN(sighup), -ENOMEM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(begins_with_the_schedule),
        TEST(says_when_it_renews_once_no_login_waits_for_it),
        TEST(begins_with_the_margin_of_the_settings),
        TEST(warns_of_a_grant_that_ends_before_the_next_renewal),
        TEST(executed_anew_it_keeps_the_schedule),
        TEST(executed_anew_too_late_it_renews_at_once),
        TEST(ends_by_itself_when_login_is_required),
        TEST(without_a_refresh_token_it_wakes_when_the_token_ends),
        TEST(without_a_refresh_token_who_asks_loses_nothing),
        TEST(without_a_refresh_token_the_timer_is_the_expiry),
        TEST(without_a_keyring_the_session_is_over),
        TEST(gives_the_errno_when_it_cannot_begin),
        TEST(begins_without_a_status_that_cannot_be_written),
        TEST(renews_when_it_is_due),
        TEST(renews_again_and_again),
        TEST(after_a_login_and_an_outage_it_is_spread_wide),
        TEST(without_random_numbers_the_process_is_one),
        TEST(knows_how_long_it_has_been_failing),
        TEST(does_not_know_how_long_another_helper_has_failed),
        TEST(a_renewal_reads_its_request_once),
        TEST(goes_by_the_margin_of_the_settings_also_when_executed_anew),
        TEST(waits_for_three_requests),
        TEST(renews_on_sigalrm),
        TEST(one_exchange_works_at_a_time),
        TEST(an_answer_in_part_is_waited_for),
        TEST(what_cannot_be_stored_is_not_said_to_be_safe),
        TEST(a_refresh_token_that_is_stored_must_not_be_revoked),
        TEST(what_is_stored_in_part_is_revoked_when_the_session_is_over),
        TEST(an_exchange_is_not_waited_for_for_ever),
        TEST(a_malformed_result_is_not_stored),
        TEST(a_failure_is_logged_once_and_so_is_its_end),
        TEST(a_failure_stores_nothing),
        TEST(the_end_of_the_grant_removes_the_tokens_and_revokes_them),
        TEST(the_end_of_the_session_while_that_is_revoked_clears_the_rest),
        TEST(the_user_is_told_of_the_end_of_the_grant_if_that_is_configured),
        TEST(a_lost_answer_is_tried_again_in_a_second_and_then_later),
        TEST(a_grant_that_the_second_request_ends_says_that_an_answer_was_lost),
        TEST(the_request_is_in_the_keyring_before_it_is_sent),
        TEST(after_a_killed_helper_the_answer_is_waited_for),
        TEST(after_a_killed_helper_one_lost_answer_more_is_not_tried_at_once),
        TEST(who_asks_all_the_time_gets_one_renewal_in_5_s),
        TEST(who_asks_later_gets_one_at_once),
        TEST(who_asks_does_not_override_the_provider),
        TEST(who_asks_overrides_what_comes_on_top_of_it),
        TEST(when_the_clock_is_set_all_times_move_and_the_renewal_does_not),
        TEST(a_clock_that_is_set_to_what_it_was_changes_nothing),
        TEST(a_token_that_is_out_of_reach_by_the_new_clock_is_renewed),
        TEST(a_clock_that_is_set_all_the_time_makes_no_storm),
        TEST(a_token_that_has_expired_anyway_waits_for_its_turn),
        TEST(a_clock_that_is_set_during_a_renewal_shortens_no_lifetime),
        TEST(a_revoked_keyring_ends_it_when_the_clock_is_set),
        TEST(after_the_end_the_clock_does_not_matter),
        TEST(an_expired_key_is_kept_while_it_cannot_be_renewed),
        TEST(a_renewal_long_after_the_end_of_the_token_keeps_the_key),
        TEST(a_renewal_that_is_due_sooner_comes_first),
        TEST(an_exchange_that_takes_too_long_is_hung_up_on),
        TEST(an_exchange_that_slept_with_the_machine_is_given_its_time),
        TEST(an_exchange_that_cannot_be_started_is_tried_again),
        TEST(a_status_that_cannot_be_written_is_logged),
        TEST(a_session_without_its_keyring_is_over),
        TEST(a_revoked_keyring_ends_it_before_a_renewal),
        TEST(a_revoked_keyring_ends_it_when_it_stores),
        TEST(a_revoked_keyring_ends_it_when_it_writes_the_status),
        TEST(a_revoked_keyring_at_the_end_of_the_grant_ends_both),
        TEST(sigterm_removes_and_revokes),
        TEST(the_death_of_the_login_program_removes_and_revokes),
        TEST(both_at_once_are_one_end),
        TEST(a_renewal_in_flight_is_hung_up_on),
        TEST(ends_although_login_is_required),
        TEST(revokes_nothing_when_the_settings_say_so),
        TEST(revokes_what_there_is),
        TEST(a_revocation_that_fails_is_logged),
        TEST(a_revocation_that_is_lost_is_logged),
        TEST(a_revocation_that_takes_10_s_is_given_up),
        TEST(a_revocation_that_cannot_be_started_is_logged),
        TEST(settings_that_are_gone_end_without_a_word),
        TEST(settings_that_cannot_be_read_revoke_nothing_and_are_logged),
        TEST(loop_end_ends_it_before_it_runs),
        TEST(sighup_executes_it_anew),
        TEST(sighup_waits_for_the_renewal),
        TEST(an_end_is_stronger_than_sighup),
        TEST(poll_is_repeated_after_a_signal),
        TEST(poll_gives_its_errno),
    };

    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
