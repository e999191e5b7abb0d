/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/io.h"
#include "common/outcome.h"
#include "common/result.h"
#include "common/text.h"
#include "helper/cli/anchor.h"
#include "helper/cli/command.h"
#include "helper/cli/dialogue.h"
#include "helper/cli/own.h"
#include "helper/cli/report.h"
#include "helper/cli/resident.h"
#include "helper/cli/session.h"
#include "helper/cli/usage.h"

#define VARIABLE "OIDC_ACCESS_TOKEN_KEY"

/* The helper of the session before tries to revoke for 10 s at most. */
#define PATIENCE_MS 15000

static const char help[] =
    "Usage: oidc-session login [OPTION]...\n"
    "Log in at the provider, for a session without tokens or whose grant is"
    " over.\n"
    "\n"
    "  --config PATH  use another configuration than\n"
    "                 " CONFIG_PATH "\n"
    "  --force        end the tokens that the session has, first\n"
    "  --help         show this\n"
    "\n"
    "It prints the line that tells your shell the number of the new key:\n"
    "eval \"$(oidc-session login)\" runs it.\n";

struct login {
    const char *config;
    bool force;
    char user[256]; /* the local name */
    uid_t uid;
    key_serial_t session; /* the session's keyring */
    struct anchor anchor;
    int signals;
};

/* ---- Before ---- */

/* What is in this process for a moment must not reach a disk or a debugger. */
static int
harden(void)
{
    const struct rlimit none = {0};

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
        && setrlimit(RLIMIT_CORE, &none) == 0)
        return COMMAND_OK;
    report("cannot protect this process: %s", strerror(errno));
    return COMMAND_FAILED;
}

static int
find_user(struct login *login)
{
    const struct passwd *pw;

    login->uid = getuid();
    if (login->uid == 0 || login->uid != geteuid()) {
        report("root has no tokens of its own here: run this as the user");
        return COMMAND_FAILED;
    }
    pw = getpwuid(login->uid);
    if (pw == NULL || strlen(pw->pw_name) >= sizeof(login->user)) {
        report("nobody knows the name of user %u", login->uid);
        return COMMAND_FAILED;
    }
    (void) snprintf(login->user, sizeof(login->user), "%s", pw->pw_name);
    return COMMAND_OK;
}

static int
find_keyring(struct login *login)
{
    long ring = keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);
    struct key_info info = {0};
    int r;

    r = ring == -1 ? -errno : key_info_get((key_serial_t) ring, &info);
    if (r < 0) {
        report("the keyring of this session cannot be used: %s; it ends with"
               " the login that began it (tmux, screen): 'keyctl new_session'"
               " gives this shell another one",
               strerror(-r));
        return COMMAND_FAILED;
    }
    if (!own_is_possible(&info, login->uid)) {
        report("this session has no keyring of its own (pam_keyinit), and would"
               " share its tokens with all of your processes: 'keyctl"
               " new_session' gives this shell one");
        return COMMAND_FAILED;
    }
    login->session = (key_serial_t) ring;
    return COMMAND_OK;
}

/* Those that the session has are ended, when the user wants it so. */
static int
end_before(const struct login *login, const struct session *session, int helper)
{
    struct session after = *session;

    if (!login->force) {
        report("this session has tokens already, which are renewed:"
               " 'oidc-session status' shows them; --force ends them first");
        return COMMAND_FAILED;
    }
    if (resident_tell(helper, SIGTERM) == 0)
        (void) resident_ended(helper, PATIENCE_MS);
    if (session_read(&after) != 0)
        return COMMAND_OK;
    report("the helper of this session was asked to end its tokens, and has not"
           " done so; close the login session");
    return COMMAND_FAILED;
}

/*
 * Their helper cannot be told from others, so it is not asked.  Without the
 * keyring it ends at its next renewal, and still has the tokens to revoke them.
 */
static int
end_unasked(const struct login *login, const struct session *session, int why)
{
    struct key_info ring = {0};
    int r;

    r = key_info_get(session->ring, &ring);
    if (!login->force || r < 0 || ring.uid != login->uid)
        return resident_report(why, session);
    r = key_revoke(session->ring);
    if (r < 0) {
        report("the tokens of this session cannot be removed: %s; close the"
               " login session",
               strerror(-r));
        return COMMAND_FAILED;
    }
    report("the tokens before are removed; their helper cannot be asked, and"
           " revokes them at the provider when it would have renewed them");
    return COMMAND_OK;
}

/* A grant that is over, and tokens that nobody renews, are replaced. */
static int
look_at_session(const struct login *login)
{
    struct session session = {0};
    int helper = -1, r;

    r = session_find(&session);
    if (r == -ENOKEY
        || (r == 0 && session.has_status
            && session.status.state == STATE_LOGIN_REQUIRED))
        return COMMAND_OK;
    if (r < 0)
        return session_report(r);
    r = resident_find(&session, &helper);
    if (r == -ESRCH)
        return COMMAND_OK;
    r = r == 0 ? end_before(login, &session, helper)
               : end_unasked(login, &session, r);
    fd_close(&helper);
    return r;
}

static int
find_anchor(struct login *login)
{
    int r = anchor_find(&login->anchor);

    if (r == 0)
        return COMMAND_OK;
    if (r == -ENOENT)
        report("nothing here would end the tokens: this process belongs to no"
               " login and to no terminal; run it in a shell on a terminal");
    else
        report("cannot find the process with which this session ends: %s",
               strerror(-r));
    return COMMAND_FAILED;
}

/* From here on they only come by the descriptor. */
static int
take_signals(struct login *login)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    struct sigaction action;
    sigset_t set;
    size_t i;

    sigemptyset(&set);
    /* What is ignored, as nohup(1) does it, stays so. */
    for (i = 0; i < ARRAY_LEN(numbers); i++)
        if (sigaction(numbers[i], NULL, &action) == 0
            && action.sa_handler != SIG_IGN)
            sigaddset(&set, numbers[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
        login->signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (login->signals >= 0)
        return COMMAND_OK;
    report("cannot wait for signals: %s", strerror(errno));
    return COMMAND_FAILED;
}

static int
prepare(struct login *login)
{
    int status;

    (void) setlocale(LC_CTYPE,
                     ""); /* only whether it is UTF-8, for a QR code */
    status = harden();
    if (status == COMMAND_OK)
        status = find_user(login);
    if (status == COMMAND_OK)
        status = find_keyring(login);
    if (status == COMMAND_OK)
        status = find_anchor(login);
    if (status == COMMAND_OK)
        status = look_at_session(login);
    if (status == COMMAND_OK)
        status = take_signals(login);
    return status;
}

/* ---- The login ---- */

/* How it ended, in the exchange's words.  COMMAND_OK when there are tokens. */
static int
verdict(const struct message *result)
{
    bool good =
        strcmp(message_text(result, FIELD_OUTCOME), outcome_name(OUTCOME_OK))
        == 0;
    char text[1024];

    if (message_has(result, FIELD_NOTICE))
        report("%s", text_clean(message_text(result, FIELD_NOTICE), text,
                                sizeof(text)));
    if (good && result_is_whole(result))
        return COMMAND_OK;
    if (good)
        report("%s gave no tokens", EXCHANGE_PATH);
    else
        report("the login failed: %s",
               message_has(result, FIELD_REASON) ? text_clean(
                   message_text(result, FIELD_REASON), text, sizeof(text))
                                                 : "nobody says why");
    return COMMAND_FAILED;
}

static int
keep_failed(int r)
{
    if (r == -EDQUOT)
        report("%s", OWN_QUOTA_TEXT);
    else
        report("the tokens cannot be kept, and are revoked: %s", strerror(-r));
    return COMMAND_FAILED;
}

/* All of it, or nothing: the exchange revokes what it does not hear of. */
static int
keep(const struct login *login, const struct dialogue *dialogue,
     const struct message *result, struct own *own)
{
    char name[256];
    int helper = -1, r;

    r = own_store(login->session, result, time(NULL), own);
    if (r == 0)
        r = own_start(own, text_clean(login->user, name, sizeof(name)),
                      &login->anchor, &helper);
    if (r < 0)
        return keep_failed(r);
    r = dialogue_stored(dialogue);
    if (r < 0)
        (void) !resident_tell(helper, SIGTERM); /* or it has ended itself */
    fd_close(&helper);
    return r < 0 ? keep_failed(r) : COMMAND_OK;
}

/* The rest is for people; the line is for a shell. */
static void
say(const struct login *login, const struct message *result,
    const struct own *own)
{
    const char *name =
        login->anchor.name[0] != '\0' ? login->anchor.name : "login program";
    char subject[256];

    (void) fprintf(
        stderr,
        "Logged in as %s.  The tokens end with process %d (%s), or with"
        " 'oidc-session logout'.\n",
        text_clean(message_text(result, FIELD_SUBJECT), subject,
                   sizeof(subject)),
        login->anchor.pid, name);
    if (isatty(STDOUT_FILENO) == 1)
        (void) fprintf(stderr, "%s in this shell with:\n",
                       getenv(VARIABLE) != NULL
                           ? VARIABLE " names the old key; replace it"
                           : "Name the access token's key");
    printf("export " VARIABLE "=%" PRId32 "\n", own->access_token);
    if (fflush(stdout) != 0)
        report(
            "cannot write the line with the number of the key; you are logged"
            " in all the same");
}

/* Returns the exit status. */
static int
obtain(const struct login *login, const struct secret *config)
{
    struct dialogue dialogue = {
        .user = login->user,
        .uid = login->uid,
        .config = login->config,
        .signals = login->signals,
        .terminal = isatty(STDERR_FILENO) == 1,
    };
    struct message result = {0};
    struct own own = {0};
    int number = 0, status, r;

    r = dialogue_run(&dialogue, config, &number, &result);
    if (r == -EINTR)
        status = 128 + number;
    else
        status = r < 0 ? COMMAND_FAILED : verdict(&result);
    /* Another one may have ended meanwhile, in another window. */
    if (status == COMMAND_OK)
        status = look_at_session(login);
    if (status == COMMAND_OK)
        status = keep(login, &dialogue, &result, &own);
    dialogue_end(&dialogue);
    if (status == COMMAND_OK)
        say(login, &result, &own);
    message_clear(&result);
    return status;
}

static int
run(struct login *login)
{
    struct secret config = {0};
    const char *why;
    int status;

    if (file_read(login->config, FILE_CONFIG, &config, &why) < 0) {
        report("%s %s", login->config, why);
        status = COMMAND_FAILED;
    } else {
        status = prepare(login);
        if (status == COMMAND_OK)
            status = obtain(login, &config);
    }
    secret_clear(&config);
    fd_close(&login->anchor.pidfd);
    fd_close(&login->signals);
    return status;
}

int
command_login(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"force", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct login login = {
        .config = CONFIG_PATH, .anchor = {.pidfd = -1}, .signals = -1};
    int option;

    while ((option = usage_option(argc, argv, "h", options)) != -1) {
        switch (option) {
        case 'c':
            login.config = optarg;
            break;
        case 'f':
            login.force = true;
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
    return run(&login);
}
