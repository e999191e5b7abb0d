/* SPDX-License-Identifier: MIT */
/* The configuration is the script of the program that runs as the exchange. */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "common/file.h"
#include "common/io.h"
#include "common/spawn.h"
#include "pam/login.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/child.h"
#include "tests/lib/fakepam.h"
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

#define CANARY "CANARY-login"

#define TOKENS                                                                 \
    "|access_token=" CANARY "-access|expires_at=1700003600|settings=s"
#define RESULT_OK "send|result|outcome=ok" TOKENS
#define OK_RESULT RESULT_OK ";receive" /* that it is stored */

INJECT(int, pipe2, (int *pair, int flags), (pair, flags))

/* It runs as who we are. */
int
__wrap_setgroups(size_t n UNUSED, const gid_t *groups UNUSED)
{
    return 0;
}

int
__wrap_setresgid(gid_t r UNUSED, gid_t e UNUSED, gid_t s UNUSED)
{
    return 0;
}

int
__wrap_setresuid(uid_t r UNUSED, uid_t e UNUSED, uid_t s UNUSED)
{
    return 0;
}

/* What was to be started. */
static struct spawn spawned;
static char spawned_argv[2][256];
static int spawn_result;
int __real_spawn_with_pipes(struct spawn *plan, int *to, int *from);

int
__wrap_spawn_with_pipes(struct spawn *plan, int *to, int *from)
{
    spawned = *plan;
    (void) snprintf(spawned_argv[0], 256, "%s", plan->argv[0]);
    (void) snprintf(spawned_argv[1], 256, "%s", plan->argv[1]);
    if (spawn_result == 0)
        return __real_spawn_with_pipes(plan, to, from);
    *to = *from = -1;
    return spawn_result;
}

/* The longest and the shortest time it waited. */
static int longest, shortest;
int __real_message_wait(int fd, struct secret *buf, int timeout,
                        struct message *out);

int
__wrap_message_wait(int fd, struct secret *buf, int timeout,
                    struct message *out)
{
    if (timeout > longest)
        longest = timeout;
    if (timeout < shortest)
        shortest = timeout;
    return __real_message_wait(fd, buf, timeout, out);
}

/* The files that there are. */
static char script[8192];
static unsigned files_read;
static const char *file_why; /* a refusal of all but the configuration */
static bool config_missing;

int
__wrap_file_read(const char *path, enum file_kind kind, struct secret *out,
                 const char **why)
{
    if (strcmp(path, "/etc/test.conf") == 0) {
        assert_int_equal(kind, FILE_CONFIG);
        *why = "does not exist";
        return config_missing ? -ENOENT
                              : secret_append_text(out, script, MESSAGE_MAX);
    }
    files_read++;
    assert_int_equal(kind, FILE_SECRET);
    *why = file_why;
    if (file_why != NULL)
        return -EPERM;
    assert_string_equal(path, "/etc/secret");
    return secret_append_text(out, CANARY "-file", 100);
}

/* Where the tokens go. */
static unsigned stores;
static int store_result;
static char stored[128];

static int
store(const struct context *context, const struct owner *whose,
      const struct message *result)
{
    assert_string_equal(context->user, "alice");
    assert_int_equal(whose->uid, ALICE_UID);
    stores++;
    strncpy(stored, message_text(result, FIELD_ACCESS_TOKEN),
            sizeof(stored) - 1);
    return store_result;
}

static pam_handle_t *pamh;
static struct context ctx;
static struct options options;
static const struct owner owner = {
    .name = "alice", .uid = ALICE_UID, .system = {.uid = 4711, .gid = 4712}};
static char directory[] = "/tmp/test_login.XXXXXX";
static char fifo[64];

static int
group_setup(void **state UNUSED)
{
    if (mkdtemp(directory) == NULL)
        return -1;
    (void) snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
    return mkfifo(fifo, 0600);
}

static int
group_teardown(void **state UNUSED)
{
    (void) unlink(fifo);
    return rmdir(directory);
}

static int
setup(void **state UNUSED)
{
    pamh = fakepam_start();
    ctx = (struct context){.pamh = pamh, .user = "alice"};
    options = (struct options){.config = "/etc/test.conf"};
    stores = files_read = 0;
    store_result = spawn_result = 0;
    stored[0] = '\0';
    file_why = NULL;
    config_missing = false;
    longest = 0;
    shortest = INT32_MAX;
    return 0;
}

static int
teardown(void **state UNUSED)
{
    WORK(pipe2);
    fakepam_end(pamh, 0);
    return 0;
}

/* The question for files that begins every dialogue, where it is not the
 * test's. */
static const char *
greeting(const char *what)
{
    return strncmp(what, "send|prompt", 11) == 0
                   || strncmp(what, "send|need_password", 18) == 0
               ? "send|need_files|password=yes;receive;"
               : "";
}

static int
run(const char *what)
{
    (void) snprintf(script, sizeof(script), "%s%s", greeting(what), what);
    return login_obtain(&ctx, &options, &owner, store);
}

/* The same, and afterwards the exchange writes to the FIFO what it is told. */
static int
run_and_tell(const char *what)
{
    (void) snprintf(script, sizeof(script), "%s%s;tell|%s", greeting(what),
                    what, fifo);
    return login_obtain(&ctx, &options, &owner, store);
}

/*
 * What it wrote to the FIFO: up to the end, so that the next one to open it
 * does not meet this writer.
 */
static const char *
told(void)
{
    struct secret text = {0};
    static char word[64];
    int fd = open(fifo, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(read_all(fd, sizeof(word) - 1, &text), 0);
    close(fd);
    strcpy(word, secret_text(&text));
    secret_clear(&text);
    return word;
}

/* Exactly one line, with this in it. */
static void
assert_one_line(int priority, const char *part)
{
    assert_int_equal(pamh->n_log, 1);
    assert_int_equal(pamh->priority[0], priority);
    if (strstr(pamh->log[0], part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", pamh->log[0], part);
}

/* What is wrong is for the log; the user shall know whom to ask. */
static void
assert_told_to_ask(void)
{
    size_t i, last = pamh->n_prompt - 1;

    assert_true(pamh->n_prompt > 0);
    for (i = 0; i < last; i++) /* there may have been questions */
        assert_int_not_equal(pamh->style[i], PAM_TEXT_INFO);
    assert_int_equal(pamh->style[last], PAM_TEXT_INFO);
    assert_string_equal(pamh->prompt[last],
                        "Logging in by the provider is not set up correctly."
                        " Please tell your administrator.");
}

/* ---- Success ---- */

static void
stores_the_tokens_and_says_so(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(run_and_tell(RESULT_OK), 0);
    assert_int_equal(stores, 1);
    assert_string_equal(stored, CANARY "-access");
    assert_string_equal(told(), "stored");
    assert_int_equal(pamh->n_log, 0);
    assert_int_equal(pamh->n_prompt, 0);
}

static void
success_may_come_with_a_warning(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(run(RESULT_OK "|reason=no refresh token;receive"), 0);
    assert_one_line(LOG_WARNING, "user alice: no refresh token");
}

static void
the_exchange_gets_configuration_path_and_user(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(run("echo|path"), -EACCES);
    assert_one_line(LOG_NOTICE, "/etc/test.conf");
    fakepam_forget(pamh);
    assert_int_equal(run("echo|user"), -EACCES);
    assert_one_line(LOG_NOTICE, "user alice: alice");
    fakepam_forget(pamh);
    assert_int_equal(run("echo|uid"), -EACCES);
    assert_one_line(LOG_NOTICE, "user alice: 61001");
    fakepam_forget(pamh);
    options.deadline = 42;
    assert_int_equal(run("echo|deadline"), -EACCES);
    assert_one_line(LOG_NOTICE, "user alice: 42");
}

static void
the_exchange_runs_as_the_system_user_without_the_keys_group(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(run(OK_RESULT), 0);
    assert_string_equal(spawned_argv[0], fake_program);
    assert_string_equal(spawned_argv[1], "login");
    assert_true(spawned.become);
    assert_int_equal(spawned.uid, 4711);
    assert_int_equal(spawned.gid, NOBODY_GID);
    assert_int_equal(spawned.real_gid, NOBODY_GID);
    assert_int_equal(spawned.n_keys, 0);
    assert_int_equal(spawned.n_fds, 3);
    assert_int_equal(spawned.fds[2], -1);
}

/* ---- Every outcome ---- */

static void
each_outcome_has_its_errno_and_one_line(void **state UNUSED)
{
    static const struct {
        const char *outcome;
        int r, priority;
    } cases[] = {
        {"transient", -EHOSTUNREACH, LOG_WARNING},
        {"ambiguous", -EHOSTUNREACH, LOG_WARNING},
        {"dead", -EACCES, LOG_NOTICE},
        {"misconfigured", -EINVAL, LOG_ERR},
        {"denied", -EACCES, LOG_NOTICE},
        {"expired", -ETIME, LOG_NOTICE},
    };
    char line[128];
    size_t i;

    NEED_KEYS();
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakepam_forget(pamh);
        (void) snprintf(line, sizeof(line),
                        "send|result|outcome=%s|reason=because\x1b" TOKENS,
                        cases[i].outcome);
        assert_int_equal(run_and_tell(line), cases[i].r);
        assert_one_line(cases[i].priority, "user alice: because?");
        assert_string_equal(told(), "gone");
    }
    assert_int_equal(stores, 0);
    assert_int_equal(pamh->n_prompt, 0);
}

static void
a_failure_without_a_reason_is_logged_too(void **state UNUSED)
{
    static const struct {
        const char *script;
        int r;
    } cases[] = {
        {"send|result|outcome=transient", -EHOSTUNREACH},
        {"send|result|outcome=denied", -EACCES},
        {"send|result|outcome=denied|reason=", -EACCES},
    };
    size_t i;

    NEED_KEYS();
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakepam_forget(pamh);
        assert_int_equal(run(cases[i].script), cases[i].r);
        assert_int_equal(pamh->n_log, 1);
    }
}

static void
a_notice_is_told_to_the_user_once(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(
        run("send|result|outcome=denied|reason=r|notice=You said no.\x1b"),
        -EACCES);
    assert_int_equal(pamh->n_prompt, 1);
    assert_int_equal(pamh->style[0], PAM_TEXT_INFO);
    assert_string_equal(pamh->prompt[0], "You said no.?");
}

static void
a_silent_application_tells_the_user_nothing(void **state UNUSED)
{
    NEED_KEYS();
    ctx.silent = true;
    assert_int_equal(run("send|result|outcome=denied|reason=r|notice=n"),
                     -EACCES);
    assert_int_equal(pamh->n_prompt, 0);
    assert_int_equal(pamh->n_log, 1);
}

static void
an_unknown_outcome_is_an_error(void **state UNUSED)
{
    static const char *const scripts[] = {
        "send|result|outcome=fine|reason=r" TOKENS,
        "send|result|outcome=|reason=r" TOKENS,
        "send|result|reason=r" TOKENS,
    };
    size_t i;

    NEED_KEYS();
    for (i = 0; i < ARRAY_LEN(scripts); i++) {
        fakepam_forget(pamh);
        assert_int_equal(run(scripts[i]), -EIO);
        assert_one_line(LOG_ERR, "unknown outcome");
    }
    assert_int_equal(stores, 0);
}

static void
success_without_what_a_session_needs_is_an_error(void **state UNUSED)
{
    static const char *const scripts[] = {
        "send|result|outcome=ok",
        "send|result|outcome=ok|expires_at=1|settings=s",
        "send|result|outcome=ok|access_token=t|settings=s",
        "send|result|outcome=ok|access_token=t|expires_at=1",
        "send|result|outcome=ok|access_token=|expires_at=1|settings=s",
    };
    size_t i;

    NEED_KEYS();
    for (i = 0; i < ARRAY_LEN(scripts); i++) {
        fakepam_forget(pamh);
        assert_int_equal(run(scripts[i]), -EIO);
        assert_one_line(LOG_ERR, "no tokens");
    }
    assert_int_equal(stores, 0);
}

/* ---- An exchange that misbehaves ---- */

static void
one_that_dies_is_an_error(void **state UNUSED)
{
    static const char *const scripts[] = {
        "exit|1",
        "exit|0",
        "raw|ff0000",
        "send|need_password;exit|1",
    };
    size_t i;

    NEED_KEYS();
    for (i = 0; i < ARRAY_LEN(scripts); i++) {
        fakepam_forget(pamh);
        assert_int_equal(run(scripts[i]), -EIO);
        assert_one_line(LOG_ERR, "ended without a result");
        assert_told_to_ask();
        assert_non_null(strstr(pamh->log[0], fake_program));
    }
}

static void
garbage_is_an_error(void **state UNUSED)
{
    static const char *const scripts[] = {
        "raw|3c68746d6c3e3c626f64793e", /* <html><body> */
        "raw|ff0000000100",             /* no kind */
        "raw|ff00000001ff",             /* an unknown one */
        "raw|0bffffffff",               /* too large */
        "raw|0b000000010b0b0000000141", /* a field twice */
    };
    size_t i;

    NEED_KEYS();
    for (i = 0; i < ARRAY_LEN(scripts); i++) {
        fakepam_forget(pamh);
        assert_int_equal(run_and_tell(scripts[i]), -EIO);
        assert_one_line(LOG_ERR, "ended without a result");
        assert_told_to_ask();
        assert_string_equal(told(), "gone");
    }
}

static void
a_message_that_is_not_for_us_is_an_error(void **state UNUSED)
{
    static const char *const kinds[] = {"login",  "files",  "password", "renew",
                                        "revoke", "stored", "ready",    "go"};
    char line[64];
    size_t i;

    NEED_KEYS();
    for (i = 0; i < ARRAY_LEN(kinds); i++) {
        fakepam_forget(pamh);
        (void) snprintf(line, sizeof(line), "send|%s;receive", kinds[i]);
        assert_int_equal(run(line), -EIO);
        assert_one_line(LOG_ERR, "ended without a result");
        assert_told_to_ask();
    }
}

static void
one_that_takes_no_answer_is_an_error(void **state UNUSED)
{
    NEED_KEYS();
    pamh->answer = "x";
    assert_int_equal(run("deaf;send|need_password"), -EIO);
    assert_int_equal(pamh->n_log, 1);
    assert_told_to_ask();
}

/* It will revoke the tokens then, so the login must fail, and say why. */
static void
one_that_does_not_hear_that_the_tokens_are_safe_fails(void **state UNUSED)
{
    NEED_KEYS();
    assert_true(run("deaf;" RESULT_OK) < 0);
    assert_int_equal(stores, 1);
    assert_int_equal(pamh->n_log, 1);
    assert_told_to_ask();
}

static void
one_that_is_missing_is_an_error(void **state UNUSED)
{
    spawn_result = -ENOENT;
    assert_int_equal(run(""), -EIO);
    assert_one_line(LOG_ERR, "cannot start");
    assert_told_to_ask();
    assert_non_null(strstr(pamh->log[0], fake_program));
}

static void
without_pipes_it_is_an_error(void **state UNUSED)
{
    FAIL(pipe2, EMFILE, 0);
    assert_int_equal(run(""), -EIO);
    FAIL(pipe2, EMFILE, 1);
    assert_int_equal(run(""), -EIO);
    assert_int_equal(pamh->n_log, 2);
}

static void
without_a_configuration_nothing_is_started(void **state UNUSED)
{
    config_missing = true;
    spawned_argv[0][0] = '\0';
    assert_int_equal(run(OK_RESULT), -EINVAL);
    assert_one_line(LOG_ERR, "/etc/test.conf does not exist");
    assert_told_to_ask();
    assert_string_equal(spawned_argv[0], "");
}

static void
a_silent_application_tells_nobody_of_what_is_not_set_up(void **state UNUSED)
{
    ctx.silent = true;
    config_missing = true;
    assert_int_equal(run(OK_RESULT), -EINVAL);
    config_missing = false;
    spawn_result = -ENOENT;
    assert_int_equal(run(""), -EIO);
    assert_int_equal(pamh->n_log, 2);
    assert_int_equal(pamh->n_prompt, 0);
}

/* ---- Files ---- */

static void
a_file_is_given_as_the_first_answer(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(run("send|need_files|path=/etc/secret;receive;echo|file"),
                     -EACCES);
    assert_int_equal(files_read, 1);
    assert_one_line(LOG_NOTICE, CANARY "-file");
}

static void
a_file_that_is_refused_comes_with_the_reason(void **state UNUSED)
{
    NEED_KEYS();
    file_why = "may be read by others";
    assert_int_equal(
        run("send|need_files|path=/etc/secret;receive;echo|reason"), -EACCES);
    assert_one_line(LOG_NOTICE, "may be read by others");
    fakepam_forget(pamh);
    assert_int_equal(run("send|need_files|path=/etc/secret;receive;echo|file"),
                     -EACCES);
    assert_null(strstr(pamh->log[0], CANARY));
}

/* Not once it has talked to anybody: a stranger may have taken it over. */
static void
a_file_is_only_given_first(void **state UNUSED)
{
    static const struct {
        const char *script;
        unsigned files;
    } cases[] = {
        {"send|need_files|path=/etc/secret;receive;"
         "send|need_files|path=/etc/secret;receive",
         1},
        {"send|need_password;receive;send|need_files|path=/etc/secret;receive",
         0},
        {"send|prompt|user_code=c|verification_uri=https://h/"
         ";send|need_files|path=/etc/secret;receive",
         0},
    };
    size_t i;

    NEED_KEYS();
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakepam_forget(pamh);
        files_read = 0;
        assert_int_equal(run(cases[i].script), -EIO);
        assert_int_equal(files_read, cases[i].files);
        assert_one_line(LOG_ERR, "ended without a result");
    }
}

static void
a_password_is_given_only_where_it_was_announced_and_once(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(run("send|need_files;receive;send|need_password;receive"),
                     -EIO);
    assert_int_equal(run("send|need_files|password=yes;receive;"
                         "send|need_password;receive;"
                         "send|need_password;receive"),
                     -EIO);
    assert_int_equal(pamh->n_prompt, 3); /* one is the password's */
}

static void
a_first_message_that_asks_for_no_files_is_refused(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(run(";send|need_password;receive"), -EIO);
    assert_int_equal(run(";send|prompt|user_code=c;receive"), -EIO);
    assert_int_equal(pamh->n_log, 2);
    assert_int_equal(pamh->n_prompt, 2); /* to ask the administrator */
}

static void
a_page_that_is_not_https_is_not_shown(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(
        run("send|prompt|user_code=WDJB|verification_uri=javascript:x"), -EIO);
    assert_one_line(LOG_ERR, "not https; refused");
    assert_told_to_ask();
}

/* ---- Passwords ---- */

static void
a_password_is_asked_for_and_given(void **state UNUSED)
{
    NEED_KEYS();
    pamh->answer = CANARY "-password";
    assert_int_equal(run("send|need_password;receive;echo|password"), -EACCES);
    assert_one_line(LOG_NOTICE, CANARY "-password");
    assert_int_equal(pamh->n_prompt, 1);
    assert_int_equal(pamh->style[0], PAM_PROMPT_ECHO_OFF);
}

static void
a_password_may_come_after_a_file(void **state UNUSED)
{
    NEED_KEYS();
    pamh->answer = "x";
    assert_int_equal(
        run("send|need_files|path=/etc/secret|password=yes;receive;"
            "send|need_password;receive;" OK_RESULT),
        0);
}

static void
no_password_has_its_errno_and_one_line(void **state UNUSED)
{
    NEED_KEYS();
    options.use_first_pass = true;
    assert_int_equal(run("send|need_password;receive"), -ENODATA);
    assert_one_line(LOG_NOTICE, "use_first_pass");
    fakepam_forget(pamh);
    options.use_first_pass = false;
    pamh->prompt_result = PAM_CONV_ERR;
    assert_int_equal(run("send|need_password;receive"), -ECANCELED);
    assert_one_line(LOG_NOTICE, "did not give a password");
}

/* ---- The approval ---- */

static void
a_prompt_is_shown_and_then_the_result_taken(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(
        run_and_tell("send|prompt|user_code=WDJB|"
                     "verification_uri=https://x/|expires_in=300;" RESULT_OK),
        0);
    assert_int_equal(pamh->n_prompt, 1);
    assert_non_null(strstr(pamh->prompt[0], "WDJB"));
    assert_string_equal(told(), "stored");
}

static void
a_user_who_goes_away_ends_the_exchange(void **state UNUSED)
{
    NEED_KEYS();
    pamh->prompt_result = PAM_CONV_ERR;
    assert_int_equal(
        run_and_tell("send|prompt|user_code=WDJB|verification_uri=https://h/"),
        -ECANCELED);
    assert_one_line(LOG_NOTICE, "went away");
    assert_string_equal(told(), "gone");
}

static void
waits_as_long_as_the_code_is_good(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(run("send|prompt|user_code=c|verification_uri=https://h/"
                         "|expires_in=1800;" OK_RESULT),
                     0);
    assert_in_range(longest, 1800 * 1000, 2300 * 1000);
    assert_true(shortest >= 0);
}

static void
does_not_wait_for_ever(void **state UNUSED)
{
    NEED_KEYS();
    assert_int_equal(run(OK_RESULT), 0);
    assert_in_range(longest, 1, 500 * 1000);
    longest = 0;
    assert_int_equal(run("send|prompt|verification_uri=https://h/"
                         "|expires_in=9223372036854775807;" OK_RESULT),
                     0);
    assert_in_range(longest, 1, 500 * 1000);
}

static void
many_prompts_do_not_make_it_wait_for_ever(void **state UNUSED)
{
    char many[4096] = "";
    int i;

    NEED_KEYS();
    for (i = 0; i < 40; i++)
        strcat(many, "send|prompt|user_code=c|verification_uri=https://h/"
                     "|expires_in=86399;");
    strcat(many, OK_RESULT);
    assert_int_equal(run(many), 0);
    assert_true(shortest >= 0);
    assert_in_range(longest, 1, 90000 * 1000);
}

/* ---- Afterwards ---- */

static void
tokens_that_cannot_be_stored_fail_the_login(void **state UNUSED)
{
    NEED_KEYS();
    store_result = -EDQUOT;
    assert_int_equal(run_and_tell(RESULT_OK), -EDQUOT);
    assert_string_equal(told(), "gone"); /* so it revokes them */
    assert_int_equal(pamh->n_log, 0);    /* store() says why */
}

static void
leaves_no_copy_of_a_secret_in_memory(void **state UNUSED)
{
    NEED_KEYS();
    pamh->answer = CANARY "-password";
    wiped_begin(CANARY);
    assert_int_equal(
        run("send|need_files|path=/etc/secret|password=yes;receive;"
            "send|need_password;receive;" OK_RESULT),
        0);
    assert_wiped();
}

static int
n_fds_open(void)
{
    int fd, n = 0;

    for (fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}

static void
leaves_no_descriptor_open(void **state UNUSED)
{
    static const char *const scripts[] = {
        OK_RESULT, "exit|1", "send|result|outcome=denied", "send|go;receive"};
    int before = n_fds_open();
    size_t i;

    NEED_KEYS();
    for (i = 0; i < ARRAY_LEN(scripts); i++) {
        (void) !run(scripts[i]);
        assert_int_equal(n_fds_open(), before);
    }
    spawn_result = -ENOENT;
    assert_int_equal(run(""), -EIO);
    spawn_result = 0;
    FAIL(pipe2, EMFILE, 1);
    assert_int_equal(run(""), -EIO);
    assert_int_equal(n_fds_open(), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(stores_the_tokens_and_says_so),
        TEST(success_may_come_with_a_warning),
        TEST(the_exchange_gets_configuration_path_and_user),
        TEST(the_exchange_runs_as_the_system_user_without_the_keys_group),
        TEST(each_outcome_has_its_errno_and_one_line),
        TEST(a_failure_without_a_reason_is_logged_too),
        TEST(a_notice_is_told_to_the_user_once),
        TEST(a_silent_application_tells_the_user_nothing),
        TEST(an_unknown_outcome_is_an_error),
        TEST(success_without_what_a_session_needs_is_an_error),
        TEST(one_that_dies_is_an_error),
        TEST(garbage_is_an_error),
        TEST(a_message_that_is_not_for_us_is_an_error),
        TEST(one_that_takes_no_answer_is_an_error),
        TEST(one_that_does_not_hear_that_the_tokens_are_safe_fails),
        TEST(one_that_is_missing_is_an_error),
        TEST(without_pipes_it_is_an_error),
        TEST(without_a_configuration_nothing_is_started),
        TEST(a_silent_application_tells_nobody_of_what_is_not_set_up),
        TEST(a_file_is_given_as_the_first_answer),
        TEST(a_file_that_is_refused_comes_with_the_reason),
        TEST(a_file_is_only_given_first),
        TEST(a_password_is_given_only_where_it_was_announced_and_once),
        TEST(a_first_message_that_asks_for_no_files_is_refused),
        TEST(a_page_that_is_not_https_is_not_shown),
        TEST(a_password_is_asked_for_and_given),
        TEST(a_password_may_come_after_a_file),
        TEST(no_password_has_its_errno_and_one_line),
        TEST(a_prompt_is_shown_and_then_the_result_taken),
        TEST(a_user_who_goes_away_ends_the_exchange),
        TEST(waits_as_long_as_the_code_is_good),
        TEST(does_not_wait_for_ever),
        TEST(many_prompts_do_not_make_it_wait_for_ever),
        TEST(tokens_that_cannot_be_stored_fail_the_login),
        TEST(leaves_no_copy_of_a_secret_in_memory),
        TEST(leaves_no_descriptor_open),
    };

    return cmocka_run_group_tests_name("login", tests, group_setup,
                                       group_teardown);
}
