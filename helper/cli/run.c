/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "helper/cli/command.h"
#include "helper/cli/look.h"
#include "helper/cli/report.h"
#include "helper/cli/resident.h"
#include "helper/cli/run.h"
#include "helper/cli/session.h"
#include "helper/cli/tokenfile.h"
#include "helper/cli/usage.h"

#define RUN_NOT_EXECUTABLE 126 /* as env(1) has it */
#define RUN_NOT_FOUND      127

static const char help[] =
    "Usage: oidc-session run [OPTION] [--] COMMAND [ARG]...\n"
    "Run a command with BEARER_TOKEN_FILE, a file in memory in which there is\n"
    "always a fresh access token, for as long as the command runs.\n"
    "\n"
    "  --help  show this\n"
    "\n"
    "Exit status: that of COMMAND, 128 and the number of the signal that "
    "ended\n"
    "it; 126 when it cannot be run, 127 when it is not found; before that, 1\n"
    "without a token, 2 when it has expired, 3 when something failed.\n";

struct run {
    struct tokenfile file;
    sigset_t before;               /* the signals that were blocked */
    struct sigaction child_before; /* what was done about SIGCHLD */
    mode_t umask_before;
    int signals; /* signalfd */
    int timer;
    int helper; /* pidfd of the session's helper; -1: not known */
    pid_t child;
};

/* ---- The token ---- */

static int
read_token(const struct session *session, struct secret *out)
{
    int r = session_token(session, KEY_ACCESS_TOKEN, out);

    if (r == 0 && session->expires_at != 0 && session->expires_at <= time(NULL))
        r = -EKEYEXPIRED;
    return r;
}

static void
set_timer(const struct run *run, int64_t seconds)
{
    struct itimerspec when = {.it_value = {.tv_sec = (time_t) seconds}};

    /* Cannot fail: our own descriptor, and a time in range. */
    (void) timerfd_settime(run->timer, 0, &when, NULL);
}

/*
 * What is in the keyring now goes to the file; what is gone is removed from it.
 * That its helper ends, with all tokens, is seen at once.  A token that cannot
 * be written leaves the one before, until that expires.
 */
static int
look(struct run *run)
{
    struct session session = {0};
    struct secret token = {0};
    int64_t next;
    int r, found;

    found = r = session_find(&session);
    if (r == 0)
        r = read_token(&session, &token);
    if (r < 0)
        tokenfile_remove(&run->file);
    fd_close(&run->helper);
    /* Without it, the timer is all there is. */
    if (found == 0 && resident_find(&session, &run->helper) < 0)
        run->helper = -1;
    next = look_next(found == 0 ? &session : NULL, time(NULL));
    if (r == 0) {
        r = tokenfile_write(&run->file, &token);
        if (r < 0 && next > LOOK_AGAIN)
            next = LOOK_AGAIN;
    }
    set_timer(run, next);
    secret_clear(&token);
    return r;
}

/* ---- The command ---- */

static void
child(const struct run *run, char *const *argv)
{
    int error;

    /* What was there before can be set again. */
    (void) umask(run->umask_before);
    (void) sigaction(SIGCHLD, &run->child_before, NULL);
    (void) sigprocmask(SIG_SETMASK, &run->before, NULL);
    execvp(argv[0], argv);
    error = errno;
    report("cannot run '%s': %s", argv[0], strerror(error));
    (void) fflush(NULL);
    _exit(error == ENOENT ? RUN_NOT_FOUND : RUN_NOT_EXECUTABLE);
}

/* The order of the discovery: BEARER_TOKEN would come before the file. */
static int
start(struct run *run, char *const *argv)
{
    if (setenv("BEARER_TOKEN_FILE", run->file.path, 1) == -1
        || unsetenv("BEARER_TOKEN") == -1)
        return -errno;
    (void) fflush(NULL); /* not twice */
    run->child = fork();
    if (run->child == 0)
        child(run, argv);
    return run->child == -1 ? -errno : 0;
}

int
run_status(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool
run_forwards(const struct signalfd_siginfo *info)
{
    /* What a key or a hang-up sends goes to all who use the terminal. */
    return info->ssi_signo != SIGCHLD && info->ssi_code != SI_KERNEL;
}

/* ---- Until it ends ---- */

/* 1 with the command's exit status in *status; 0 when it goes on. */
static int
on_signal(const struct run *run, int *status)
{
    struct signalfd_siginfo info;
    int how;

    if (read(run->signals, &info, sizeof(info)) != (ssize_t) sizeof(info))
        return 0;
    if (run_forwards(&info))
        (void) kill(run->child, (int) info.ssi_signo);
    if (info.ssi_signo != SIGCHLD
        || waitpid(run->child, &how, WNOHANG) != run->child)
        return 0;
    *status = run_status(how);
    return 1;
}

static int
wait_event(struct run *run, int *status)
{
    struct pollfd fds[] = {
        {.fd = run->signals, .events = POLLIN},
        {.fd = run->timer, .events = POLLIN},
        {.fd = run->helper, .events = POLLIN},
    };

    if (poll(fds, ARRAY_LEN(fds), -1) == -1)
        return errno == EINTR ? 0 : -errno;
    if (fds[0].revents != 0)
        return on_signal(run, status);
    (void) !look(run); /* the command goes on, whatever it finds */
    return 0;
}

static int
open_events(struct run *run)
{
    static const int numbers[] = {SIGCHLD, SIGHUP,  SIGINT, SIGQUIT,
                                  SIGTERM, SIGUSR1, SIGUSR2};
    /* Who ignores SIGCHLD hears of no child's end. */
    const struct sigaction hear = {.sa_handler = SIG_DFL};
    sigset_t set;
    size_t i;

    sigemptyset(&set);
    for (i = 0; i < ARRAY_LEN(numbers); i++)
        sigaddset(&set, numbers[i]);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1
        || sigaction(SIGCHLD, &hear, &run->child_before) == -1
        || sigprocmask(SIG_BLOCK, &set, &run->before) == -1)
        return -errno;
    run->umask_before = umask(S_IRWXG | S_IRWXO);
    run->signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (run->signals == -1)
        return -errno;
    run->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    return run->timer == -1 ? -errno : 0;
}

static int
open_file(struct run *run)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    const char *const parents[] = {runtime != NULL ? runtime : "", "/dev/shm",
                                   NULL};

    return tokenfile_open(parents, getuid(), &run->file);
}

/* Why it could not begin.  Returns the exit status. */
static int
refuse(int r)
{
    switch (r) {
    case -ENOTDIR:
        report("there is no place in memory for the token: neither"
               " $XDG_RUNTIME_DIR (yours, 0700) nor /dev/shm is a tmpfs");
        return COMMAND_FAILED;
    case -EKEYEXPIRED:
        report("the access token has expired: 'oidc-session status' says why"
               " it was not renewed");
        return COMMAND_EXPIRED;
    case -ENOKEY:
    case -EBADMSG:
        return session_report(r);
    default:
        report("cannot run it with a token: %s", strerror(-r));
        return COMMAND_FAILED;
    }
}

static int
run_command(struct run *run, char *const *argv)
{
    int status = COMMAND_FAILED, r;

    r = open_events(run);
    if (r == 0)
        r = open_file(run);
    if (r == 0)
        r = look(run);
    if (r == 0)
        r = start(run, argv);
    if (r < 0)
        return refuse(r);
    while (r == 0)
        r = wait_event(run, &status);
    return r < 0 ? refuse(r) : status;
}

int
command_run(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct run run = {
        .file = TOKENFILE_NONE, .signals = -1, .timer = -1, .helper = -1};
    int status;

    switch (usage_option(argc, argv, "+h", options)) {
    case -1:
        break;
    case 'h':
        (void) fputs(help, stdout);
        return COMMAND_OK;
    default:
        return usage_hint(argv[0]);
    }
    if (optind >= argc)
        return usage_error(argv[0], "a command is missing");
    status = run_command(&run, argv + optind);
    tokenfile_close(&run.file);
    fd_close(&run.helper);
    fd_close(&run.timer);
    fd_close(&run.signals);
    return status;
}
