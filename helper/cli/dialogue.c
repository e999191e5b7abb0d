/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "common/approval.h"
#include "common/blocks.h"
#include "common/file.h"
#include "common/io.h"
#include "common/spawn.h"
#include "helper/cli/dialogue.h"
#include "helper/cli/own.h"
#include "helper/cli/report.h"

/* A few requests of at most a minute each; afterwards it is not alive. */
#define SILENCE_MAX_S INT64_C(400)
#define CODE_MAX_S    INT64_C(86400) /* its time, if it has one */
#define TEXT_SIZE     5120
#define LINE_SIZE     64

/* ---- Progress ---- */

char *
dialogue_progress(int64_t left, char *out, size_t size)
{
    if (left >= 3600)
        (void) snprintf(
            out, size, "Waiting for approval, %" PRId64 ":%02d:%02d left",
            left / 3600, (int) (left % 3600 / 60), (int) (left % 60));
    else
        (void) snprintf(out, size, "Waiting for approval, %d:%02d left",
                        (int) (left > 0 ? left / 60 : 0),
                        (int) (left > 0 ? left % 60 : 0));
    return out;
}

/* Counts the time of a suspended host as well. */
static int64_t
uptime(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail on Linux */
    return now.tv_sec;
}

/* In place, on a terminal only. */
static void
show_progress(struct dialogue *dialogue)
{
    char line[LINE_SIZE];

    if (!dialogue->terminal || dialogue->end == 0)
        return;
    (void) fprintf(
        stderr, "\r%-50s",
        dialogue_progress(dialogue->end - uptime(), line, sizeof(line)));
    (void) fflush(stderr);
    dialogue->shown = true;
}

/* So that what comes next begins on an empty line. */
static void
hide_progress(struct dialogue *dialogue)
{
    if (dialogue->shown)
        (void) fprintf(stderr, "\r%-50s\r", "");
    dialogue->shown = false;
}

/* ---- What the exchange asks for ---- */

static int
lost(struct dialogue *dialogue, int r)
{
    hide_progress(dialogue);
    report("%s ended without a result: %s", EXCHANGE_PATH, strerror(-r));
    return -EIO;
}

/* What only root may give it, or what only a login program should ask for. */
static const char *
refusal(const struct message *question)
{
    if (message_has(question, FIELD_PATH))
        return "has a client_secret_file, which is root's: 'oidc-session login'"
               " is for public clients (client_auth = none)";
    if (message_has(question, FIELD_PASSWORD))
        return "has grant = password: 'oidc-session login' is for the device"
               " grant";
    return NULL;
}

static int
answer_files(struct dialogue *dialogue, const struct message *question)
{
    struct message answer = {.kind = KIND_FILES};
    const char *why = refusal(question);
    struct secret map = {0};
    int r = 0;

    if (why != NULL) {
        report("%s %s; log in by the login program instead", dialogue->config,
               why);
        return -EINVAL;
    }
    if (message_has(question, FIELD_MAP_PATH)) {
        if (file_read(message_text(question, FIELD_MAP_PATH), FILE_MAP, &map,
                      &why)
            == 0)
            message_move(&answer, FIELD_MAP, &map);
        else
            r = message_set_text(&answer, FIELD_MAP_REASON, why);
    }
    if (r == 0)
        r = message_send(dialogue->to, &answer);
    secret_clear(&map);
    message_clear(&answer);
    return r < 0 ? lost(dialogue, r) : 0;
}

static const char *
own_terminal(void)
{
    const char *name = ttyname(STDERR_FILENO);

    return name != NULL ? name : "this session";
}

/* As pam/qr.c, for a terminal that we know.  blocks is "" for none. */
static enum qr_show
draw_qr(const struct dialogue *dialogue, const struct message *question,
        char blocks[BLOCKS_TEXT_SIZE])
{
    const struct secret *modules = &question->field[FIELD_QR];
    const char *when = message_text(question, FIELD_QR_WHEN);

    if (blocks_draw(modules->data, modules->len, blocks) == 0
        && (strcmp(when, "yes") == 0
            || (strcmp(when, "auto") == 0 && dialogue->terminal
                && blocks_can_show(getenv("TERM"), nl_langinfo(CODESET)))))
        return QR_AT_ONCE;
    blocks[0] = '\0';
    return QR_NEVER;
}

static int
show_prompt(struct dialogue *dialogue, const struct message *question)
{
    char text[TEXT_SIZE], blocks[BLOCKS_TEXT_SIZE], host[256] = "";
    char line[LINE_SIZE];
    const struct approval approval = {.host = host,
                                      .user = dialogue->user,
                                      .remote = own_terminal(),
                                      .qr =
                                          draw_qr(dialogue, question, blocks)};
    int64_t expires_in = 0;

    if (!approval_is_safe(question)) {
        report("%s has a page for the approval that is not https; refused",
               EXCHANGE_PATH);
        return -EIO;
    }
    if (gethostname(host, sizeof(host) - 1) == -1) /* cut: ends in a zero */
        (void) snprintf(host, sizeof(host), "this host");
    /* Nothing between the blocks and the progress: both fit on a screen. */
    (void) fprintf(stderr, "%s%s",
                   approval_text(question, &approval, text, sizeof(text)),
                   *blocks != '\0' ? blocks : "\n");
    if (message_number(question, FIELD_EXPIRES_IN, &expires_in) < 0
        || expires_in > CODE_MAX_S)
        expires_in = 0;
    dialogue->prompted = true;
    dialogue->end = expires_in > 0 ? uptime() + expires_in : 0;
    dialogue->silence =
        uptime() + SILENCE_MAX_S + (expires_in > 0 ? expires_in : CODE_MAX_S);
    if (dialogue->terminal && dialogue->end != 0)
        show_progress(dialogue);
    else /* once */
        (void) fprintf(stderr, "%s\n",
                       dialogue->end != 0
                           ? dialogue_progress(expires_in, line, sizeof(line))
                           : "Waiting for approval");
    return 0;
}

static int
answer(struct dialogue *dialogue, const struct message *question)
{
    bool first = dialogue->first;

    dialogue->first = false;
    /* It may ask for files before it has talked to a stranger, only. */
    if (first != (question->kind == KIND_NEED_FILES))
        return lost(dialogue, -EBADMSG);
    if (first)
        return answer_files(dialogue, question);
    if (question->kind == KIND_PROMPT && !dialogue->prompted)
        return show_prompt(dialogue, question);
    return lost(dialogue, -EBADMSG);
}

/* ---- The dialogue ---- */

static int
start(struct dialogue *dialogue)
{
    const char *const argv[] = {EXCHANGE_PATH, "login", NULL};
    struct spawn plan = {.argv = argv, .fds = {-1, -1, -1}, .n_fds = 3};
    int r;

    r = spawn_with_pipes(&plan, &dialogue->to, &dialogue->from);
    if (r == -EDQUOT)
        report("%s", OWN_QUOTA_TEXT);
    else if (r < 0)
        report("cannot start %s: %s", EXCHANGE_PATH, strerror(-r));
    return r;
}

static int
begin(struct dialogue *dialogue, const struct secret *config)
{
    struct message request = {.kind = KIND_LOGIN};
    int r;

    r = message_set(&request, FIELD_CONFIG, config->data, config->len);
    if (r == 0)
        r = message_set_text(&request, FIELD_PATH, dialogue->config);
    if (r == 0)
        r = message_set_text(&request, FIELD_USER, dialogue->user);
    if (r == 0)
        r = message_set_number(&request, FIELD_UID, dialogue->uid);
    if (r == 0)
        r = message_send(dialogue->to, &request);
    message_clear(&request);
    return r < 0 ? lost(dialogue, r) : 0;
}

static int
take_signal(int fd)
{
    struct signalfd_siginfo info;

    /* It is there, and nobody else reads it. */
    return read(fd, &info, sizeof(info)) == (ssize_t) sizeof(info)
               ? (int) info.ssi_signo
               : SIGTERM;
}

/* 0, -EINTR with the signal, or another negative errno; told. */
static int
wait_event(struct dialogue *dialogue, int *signal)
{
    struct pollfd fds[] = {
        {.fd = dialogue->signals, .events = POLLIN},
        {.fd = dialogue->from, .events = POLLIN},
    };
    bool ticks = dialogue->terminal && dialogue->end != 0;
    int n;

    do {
        if (uptime() > dialogue->silence)
            return lost(dialogue, -ETIMEDOUT);
        n = poll(fds, ARRAY_LEN(fds), ticks ? 1000 : 60000);
        if (n == -1 && errno != EINTR)
            return lost(dialogue, -errno);
        if (n == 0)
            show_progress(dialogue);
    } while (n <= 0);
    if (fds[0].revents == 0)
        return 0;
    *signal = take_signal(dialogue->signals);
    hide_progress(dialogue);
    report("the login was cancelled; nothing is stored");
    return -EINTR;
}

static int
step(struct dialogue *dialogue, struct secret *buf, int *signal,
     struct message *result)
{
    int r;

    /* What has been read already comes first. */
    r = message_wait(dialogue->from, buf, 0, result);
    if (r == -ETIMEDOUT)
        return wait_event(dialogue, signal);
    if (r < 0)
        return lost(dialogue, r);
    if (result->kind == KIND_RESULT)
        return 1;
    return answer(dialogue, result);
}

int
dialogue_run(struct dialogue *dialogue, const struct secret *config,
             int *signal, struct message *result)
{
    struct secret buf = {0};
    int r;

    dialogue->to = dialogue->from = -1;
    dialogue->first = true;
    dialogue->prompted = dialogue->shown = false;
    dialogue->end = 0;
    dialogue->silence = uptime() + SILENCE_MAX_S;
    r = start(dialogue);
    if (r == 0)
        r = begin(dialogue, config);
    while (r == 0)
        r = step(dialogue, &buf, signal, result);
    hide_progress(dialogue);
    secret_clear(&buf);
    return r == 1 ? 0 : r;
}

int
dialogue_stored(const struct dialogue *dialogue)
{
    return message_send_kind(dialogue->to, KIND_STORED);
}

void
dialogue_end(struct dialogue *dialogue)
{
    fd_close(&dialogue->to);
    fd_close(&dialogue->from);
}
