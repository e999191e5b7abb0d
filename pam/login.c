/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "common/approval.h"
#include "common/file.h"
#include "common/io.h"
#include "common/keyring.h"
#include "common/outcome.h"
#include "common/result.h"
#include "common/spawn.h"
#include "pam/conversation.h"
#include "pam/login.h"
#include "pam/slots.h"

/* A few requests of at most a minute each; afterwards it is not alive. */
#define SILENCE_MAX_S INT64_C(400)

struct dialogue {
    const struct context *ctx;
    const struct options *options;
    uid_t uid;
    int to;           /* the exchange's standard input */
    int from;         /* its standard output */
    int64_t patience; /* seconds until its next message */
    int64_t begin;    /* on CLOCK_BOOTTIME */
    bool first;       /* nothing has been received yet */
    bool password;    /* announced then, and not asked for yet */
};

/*
 * ---- What the exchange asks for.  Each returns 0 or a negative errno that it
 * ---- has already logged.
 */

static int
lost(const struct dialogue *dialogue, int r)
{
    log_line(dialogue->ctx, LOGGED_LOGIN_FAILED, LOG_ERR,
             "%s ended without a result: %s", EXCHANGE_PATH, strerror(-r));
    log_user(dialogue->ctx, TELL_ADMINISTRATOR);
    return -EIO;
}

/* One that does not hear it revokes them: then this is no login. */
static int
say_stored(const struct dialogue *dialogue)
{
    int r = message_send_kind(dialogue->to, KIND_STORED);

    return r < 0 ? lost(dialogue, r) : 0;
}

/* The file that the field names, if it names one, or why it is refused. */
static int
put_file(const struct message *question, enum field path, enum file_kind kind,
         enum field file, enum field reason, struct message *answer)
{
    struct secret bytes = {0};
    const char *why;
    int r;

    if (!message_has(question, path))
        return 0;
    r = file_read(message_text(question, path), kind, &bytes, &why);
    if (r < 0)
        r = message_set_text(answer, reason, why);
    else
        message_move(answer, file, &bytes);
    secret_clear(&bytes);
    return r;
}

static int
answer_files(struct dialogue *dialogue, const struct message *question)
{
    struct message answer = {.kind = KIND_FILES};
    int r;

    r = put_file(question, FIELD_PATH, FILE_SECRET, FIELD_FILE, FIELD_REASON,
                 &answer);
    if (r == 0)
        r = put_file(question, FIELD_MAP_PATH, FILE_MAP, FIELD_MAP,
                     FIELD_MAP_REASON, &answer);
    if (r == 0)
        r = message_send(dialogue->to, &answer);
    message_clear(&answer);
    return r < 0 ? lost(dialogue, r) : 0;
}

static int
answer_password(struct dialogue *dialogue,
                const struct message *question UNUSED)
{
    struct message answer = {.kind = KIND_PASSWORD};
    struct secret password = {0};
    int r;

    r = conversation_password(dialogue->ctx, dialogue->options, &password);
    if (r < 0) {
        log_line(dialogue->ctx, LOGGED_LOGIN_REFUSED, LOG_NOTICE, "%s",
                 r == -ENODATA ? "no password from an earlier module"
                                 " (use_first_pass)"
                               : "the user did not give a password");
    } else {
        message_move(&answer, FIELD_PASSWORD, &password);
        r = message_send(dialogue->to, &answer);
        if (r < 0)
            r = lost(dialogue, r);
    }
    message_clear(&answer);
    secret_clear(&password);
    return r;
}

/* Counts the time of a suspended host as well. */
static int64_t
uptime(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail on Linux */
    return now.tv_sec;
}

/* Seconds that the user has, at least one; 0 without a limit. */
static int64_t
deadline_left(const struct dialogue *dialogue)
{
    int64_t left = dialogue->options->deadline;

    if (left == 0)
        return 0;
    left -= uptime() - dialogue->begin;
    return left > 0 ? left : 1;
}

static int
answer_prompt(struct dialogue *dialogue, const struct message *question)
{
    int64_t expires_in, left;
    int r;

    if (!approval_is_safe(question)) {
        log_line(dialogue->ctx, LOGGED_LOGIN_FAILED, LOG_ERR,
                 "%s has a page for the approval that is not https; refused",
                 EXCHANGE_PATH);
        log_user(dialogue->ctx, TELL_ADMINISTRATOR);
        return -EIO;
    }
    left = deadline_left(dialogue);
    if (message_number(question, FIELD_EXPIRES_IN, &expires_in) == 0
        && expires_in < INT64_C(24) * 3600)
        dialogue->patience =
            SILENCE_MAX_S + (left > 0 && left < expires_in ? left : expires_in);
    /* The exchange asks the provider meanwhile; see what it found
     * afterwards. */
    r = conversation_approve(dialogue->ctx, question, left);
    if (r < 0)
        log_line(dialogue->ctx, LOGGED_LOGIN_REFUSED, LOG_NOTICE,
                 "the user went away before approving the login");
    return r;
}

static int
answer(struct dialogue *dialogue, const struct message *question)
{
    bool first = dialogue->first;

    dialogue->first = false;
    /* Before it has talked to anybody but us, always, and never again: the
     * exchange may not ask root for files once a stranger could have taken it
     * over. */
    if (first != (question->kind == KIND_NEED_FILES))
        return lost(dialogue, -EBADMSG);
    if (first) {
        dialogue->password = message_has(question, FIELD_PASSWORD);
        return answer_files(dialogue, question);
    }
    if (question->kind == KIND_NEED_PASSWORD && dialogue->password) {
        dialogue->password = false;
        return answer_password(dialogue, question);
    }
    if (question->kind == KIND_PROMPT)
        return answer_prompt(dialogue, question);
    return lost(dialogue, -EBADMSG);
}

/* ---- The dialogue ---- */

static int
dialogue_begin(struct dialogue *dialogue, const struct secret *config)
{
    struct message request = {.kind = KIND_LOGIN};
    int r;

    r = message_set(&request, FIELD_CONFIG, config->data, config->len);
    if (r == 0)
        r = message_set_text(&request, FIELD_PATH, dialogue->options->config);
    if (r == 0)
        r = message_set_text(&request, FIELD_USER, dialogue->ctx->user);
    if (r == 0)
        r = message_set_number(&request, FIELD_UID, dialogue->uid);
    if (r == 0)
        r = message_set_number(&request, FIELD_DEADLINE,
                               dialogue->options->deadline);
    if (r == 0)
        r = message_send(dialogue->to, &request);
    message_clear(&request);
    return r < 0 ? lost(dialogue, r) : 0;
}

static int
dialogue_run(struct dialogue *dialogue, struct message *result)
{
    struct secret buf = {0};
    int r;

    do {
        r = message_wait(dialogue->from, &buf, (int) dialogue->patience * 1000,
                         result);
        if (r < 0)
            r = lost(dialogue, r);
        else if (result->kind != KIND_RESULT)
            r = answer(dialogue, result);
    } while (r == 0 && result->kind != KIND_RESULT);
    secret_clear(&buf);
    return r;
}

static const struct verdict {
    int r;
    int priority;
    enum logged event;
} verdicts[OUTCOME_COUNT] = {
    [OUTCOME_OK] = {0, LOG_WARNING, LOGGED_LOGIN_WARNING},
    [OUTCOME_TRANSIENT] = {-EHOSTUNREACH, LOG_WARNING, LOGGED_LOGIN_FAILED},
    [OUTCOME_AMBIGUOUS] = {-EHOSTUNREACH, LOG_WARNING, LOGGED_LOGIN_FAILED},
    [OUTCOME_DEAD] = {-EACCES, LOG_NOTICE, LOGGED_LOGIN_REFUSED},
    [OUTCOME_MISCONFIGURED] = {-EINVAL, LOG_ERR, LOGGED_MISCONFIGURED},
    [OUTCOME_DENIED] = {-EACCES, LOG_NOTICE, LOGGED_LOGIN_REFUSED},
    [OUTCOME_EXPIRED] = {-ETIME, LOG_NOTICE, LOGGED_LOGIN_REFUSED},
    [OUTCOME_WRONG_PASSWORD] = {-EKEYREJECTED, LOG_NOTICE,
                                LOGGED_LOGIN_REFUSED},
};

/* Log and tell how it ended. */
static int
verdict(const struct context *ctx, const struct message *result)
{
    enum outcome outcome;

    if (message_has(result, FIELD_SANDBOX))
        log_line(ctx, LOGGED_DEBUG, LOG_DEBUG, "sandbox of the exchange: %s",
                 message_text(result, FIELD_SANDBOX));
    if (outcome_parse(message_text(result, FIELD_OUTCOME), &outcome) < 0) {
        log_line(ctx, LOGGED_LOGIN_FAILED, LOG_ERR,
                 "%s gave an unknown outcome: is it of another version than "
                 "this module?",
                 EXCHANGE_PATH);
        return -EIO;
    }
    if (outcome == OUTCOME_OK && !result_is_whole(result)) {
        log_line(
            ctx, LOGGED_LOGIN_FAILED, LOG_ERR,
            "%s gave no tokens: is it of another version than this module?",
            EXCHANGE_PATH);
        return -EIO;
    }
    if (message_has(result, FIELD_REASON))
        log_line(ctx, verdicts[outcome].event, verdicts[outcome].priority, "%s",
                 message_text(result, FIELD_REASON));
    else if (outcome != OUTCOME_OK)
        log_line(ctx, verdicts[outcome].event, verdicts[outcome].priority,
                 "%s says: %s, without a reason", EXCHANGE_PATH,
                 outcome_name(outcome));
    if (message_has(result, FIELD_NOTICE))
        log_user(ctx, "%s", message_text(result, FIELD_NOTICE));
    return verdicts[outcome].r;
}

/* ---- Starting it ---- */

static int
exchange_start(const struct context *ctx, const struct owner *owner,
               struct dialogue *dialogue)
{
    const char *const argv[] = {EXCHANGE_PATH, "login", NULL};
    /* Not the keys' group: the exchange must not be able to write them. */
    struct spawn plan = {
        .argv = argv,
        .fds = {-1, -1, -1},
        .n_fds = 3,
        .become = true,
        .uid = owner->system.uid,
        .gid = NOBODY_GID,
        .real_gid = NOBODY_GID,
    };
    int r;

    r = spawn_with_pipes(&plan, &dialogue->to, &dialogue->from);
    if (r == 0)
        return 0;
    if (r == -EDQUOT)
        log_line(ctx, LOGGED_LOGIN_FAILED, LOG_ERR, "%s", KEY_QUOTA_TEXT);
    else
        log_line(ctx, LOGGED_LOGIN_FAILED, LOG_ERR, "cannot start %s: %s",
                 EXCHANGE_PATH, strerror(-r));
    log_user(ctx, TELL_ADMINISTRATOR);
    return -EIO;
}

static int
config_read(const struct context *ctx, const char *path, struct secret *out)
{
    const char *why;

    if (file_read(path, FILE_CONFIG, out, &why) == 0)
        return 0;
    log_line(ctx, LOGGED_MISCONFIGURED, LOG_ERR, "%s %s", path, why);
    log_user(ctx, TELL_ADMINISTRATOR);
    return -EINVAL;
}

/* Before anything is started, and until the login is over. */
static int
slot_take(const struct context *ctx, const struct options *options,
          const struct owner *owner, int *out)
{
    int r;

    r = slots_take(RUN_PATH, owner->uid, options->max_logins,
                   options->max_user_logins, out);
    if (r == 0)
        return 0;
    if (r == -EBUSY || r == -EUSERS) {
        log_line(ctx, LOGGED_TOO_MANY_LOGINS, LOG_WARNING,
                 "too many logins at once (%s); refused",
                 r == -EBUSY ? "max_logins" : "max_user_logins");
        log_user(ctx, "Too many logins wait for approval. Please try again "
                      "later.");
        return -EHOSTUNREACH;
    }
    /* Who cannot count them has no limit: no login, then. */
    log_line(ctx, LOGGED_LOGIN_FAILED, LOG_ERR,
             "cannot count the logins in %s: %s", RUN_PATH, strerror(-r));
    log_user(ctx, TELL_ADMINISTRATOR);
    return -EHOSTUNREACH;
}

int
login_obtain(const struct context *ctx, const struct options *options,
             const struct owner *owner, store_fn *store)
{
    struct dialogue dialogue = {.ctx = ctx,
                                .options = options,
                                .uid = owner->uid,
                                .begin = uptime(),
                                .to = -1,
                                .from = -1,
                                .patience = SILENCE_MAX_S,
                                .first = true};
    struct message result = {0};
    struct secret config = {0};
    int r, slot = -1;

    r = config_read(ctx, options->config, &config);
    if (r == 0)
        r = slot_take(ctx, options, owner, &slot);
    if (r == 0)
        r = exchange_start(ctx, owner, &dialogue);
    if (r == 0)
        r = dialogue_begin(&dialogue, &config);
    if (r == 0)
        r = dialogue_run(&dialogue, &result);
    if (r == 0)
        r = verdict(ctx, &result);
    if (r == 0)
        r = store(ctx, owner, &result);
    if (r == 0)
        r = say_stored(&dialogue);
    fd_close(&dialogue.to);
    fd_close(&dialogue.from);
    fd_close(&slot);
    message_clear(&result);
    secret_clear(&config);
    return r;
}
