/* SPDX-License-Identifier: MIT */
/*
 * Many sessions at once, each in a login program of its own, as sshd has it: a
 * fork of a process which has loaded the modules.
 *
 *   sessions SERVICE USERS FIRST COUNT [PARALLEL]
 *
 * logs in COUNT users; USERS is a format for their names, "bench%05d", which
 * gets the numbers from FIRST on.  A password is CANARY-pw-NAME.  PARALLEL of
 * them log in, and out, at the same time (default 2).  When all are open, or
 * have failed:
 *
 *   open 10000 failed 0 seconds 71.402
 *
 * On end of file, a line or SIGTERM it closes them, and says the same with
 * "closed".  The exit status is 1 if a session failed to open or to close.
 */
#include <errno.h>
#include <poll.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a child exits with. */
enum { CLOSED, NOT_OPENED, NOT_CLOSED };

/*
 * All children share two pipes: on one each writes a byte when its session is
 * open, from the other each takes a byte, or end of file, and closes it.
 */
struct all {
    const char *service, *users;
    int first, count, parallel;
    pam_handle_t *pamh;
    int opened[2], close[2];
    int signals;
    int started, open, failed, closed, not_closed;
};

static int
answer(int n, const struct pam_message **messages, struct pam_response **out,
       void *data)
{
    const char *user = data;
    struct pam_response *responses = calloc((size_t) n, sizeof(*responses));
    char password[128];
    int i;

    (void) snprintf(password, sizeof(password), "CANARY-pw-%s", user);
    for (i = 0; responses != NULL && i < n; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            responses[i].resp = strdup(password);
    *out = responses;
    return responses != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int
log_in(pam_handle_t *pamh, const char **step)
{
    int r;

    *step = "authenticate";
    r = pam_authenticate(pamh, 0);
    if (r == PAM_SUCCESS) {
        *step = "acct_mgmt";
        r = pam_acct_mgmt(pamh, 0);
    }
    if (r == PAM_SUCCESS) {
        *step = "setcred";
        r = pam_setcred(pamh, PAM_ESTABLISH_CRED);
    }
    if (r == PAM_SUCCESS) {
        *step = "open_session";
        r = pam_open_session(pamh, 0);
    }
    return r;
}

static int
log_out(pam_handle_t *pamh)
{
    int r = pam_close_session(pamh, 0);

    if (pam_setcred(pamh, PAM_DELETE_CRED) != PAM_SUCCESS)
        r = PAM_SYSTEM_ERR;
    return pam_end(pamh, r) == PAM_SUCCESS ? r : PAM_SYSTEM_ERR;
}

static void
set_user(pam_handle_t *pamh, char *user)
{
    const struct pam_conv conv = {.conv = answer, .appdata_ptr = user};

    if (pam_set_item(pamh, PAM_USER, user) != PAM_SUCCESS
        || pam_set_item(pamh, PAM_CONV, &conv) != PAM_SUCCESS)
        _exit(NOT_OPENED);
}

/* The login program of one session. */
static void
child(const struct all *all, int number)
{
    char user[64], byte = 0;
    const char *step;
    sigset_t none;
    ssize_t n;
    int r;

    (void) close(all->opened[0]);
    (void) close(all->close[1]);
    sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void) snprintf(user, sizeof(user), all->users, number);
#pragma GCC diagnostic pop
    set_user(all->pamh, user);
    r = log_in(all->pamh, &step);
    if (r != PAM_SUCCESS) {
        fprintf(stderr, "sessions: %s: %s: %s\n", user, step,
                pam_strerror(all->pamh, r));
        (void) pam_end(all->pamh, r);
        _exit(NOT_OPENED);
    }
    if (write(all->opened[1], &byte, 1) != 1)
        _exit(NOT_OPENED);
    do
        n = read(all->close[0], &byte, 1);
    while (n == -1 && errno == EINTR);
    _exit(log_out(all->pamh) == PAM_SUCCESS ? CLOSED : NOT_CLOSED);
}

static void
start_more(struct all *all)
{
    while (all->started < all->count
           && all->started - all->open - all->failed < all->parallel) {
        pid_t pid = fork();

        if (pid == 0)
            child(all, all->first + all->started);
        all->started++;
        if (pid == -1) {
            perror("sessions: fork");
            all->failed++;
        }
    }
}

/* One that ends before it was told to has failed, whatever became of it. */
static void
reap(struct all *all)
{
    struct signalfd_siginfo info;
    int status;

    while (read(all->signals, &info, sizeof(info)) > 0)
        ;
    while (waitpid(-1, &status, WNOHANG) > 0) {
        if (!WIFEXITED(status) || WEXITSTATUS(status) == NOT_OPENED) {
            all->failed++;
            continue;
        }
        all->closed++;
        if (WEXITSTATUS(status) == NOT_CLOSED)
            all->not_closed++;
    }
}

static void
count_opened(struct all *all)
{
    char bytes[64];
    ssize_t n = read(all->opened[0], bytes, sizeof(bytes));

    if (n > 0)
        all->open += (int) n;
}

static void
open_all(struct all *all)
{
    struct pollfd fds[] = {{.fd = all->signals, .events = POLLIN},
                           {.fd = all->opened[0], .events = POLLIN}};

    while (all->open + all->failed < all->count) {
        start_more(all);
        if (poll(fds, 2, -1) == -1)
            continue;
        if (fds[1].revents != 0)
            count_opened(all);
        else if (fds[0].revents != 0)
            reap(all);
    }
}

/* SIGTERM arrives like SIGCHLD, and is told from it by what it says. */
static void
wait_for_the_end(struct all *all)
{
    struct pollfd fds[] = {{.fd = all->signals, .events = POLLIN},
                           {.fd = STDIN_FILENO, .events = POLLIN}};
    struct signalfd_siginfo info;

    while (poll(fds, 2, -1) == -1 || fds[1].revents == 0)
        if (fds[0].revents != 0
            && read(all->signals, &info, sizeof(info)) == sizeof(info)
            && info.ssi_signo == SIGTERM)
            return;
}

static void
close_all(struct all *all)
{
    struct pollfd fd = {.fd = all->signals, .events = POLLIN};
    int told = 0;

    reap(all); /* one that has ended meanwhile takes no byte */
    while (all->closed < all->open) {
        for (; told < all->open && told - all->closed < all->parallel; told++)
            if (write(all->close[1], "", 1) != 1)
                return;
        /* Its signal may have been taken with another's. */
        (void) poll(&fd, 1, 100);
        reap(all);
    }
}

static double
now(void)
{
    struct timespec ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static int
prepare(struct all *all)
{
    static const struct pam_conv conv = {.conv = answer};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
        return -1;
    all->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (all->signals == -1 || pipe(all->opened) == -1 || pipe(all->close) == -1)
        return -1;
    /* It reads the stack and loads the modules: once, for all. */
    return pam_start(all->service, NULL, &conv, &all->pamh) == PAM_SUCCESS ? 0
                                                                           : -1;
}

int
main(int argc, char **argv)
{
    struct all all = {.parallel = 2};
    double start;

    if (argc < 5)
        return 64;
    all.service = argv[1];
    all.users = argv[2];
    all.first = atoi(argv[3]);
    all.count = atoi(argv[4]);
    if (argc > 5)
        all.parallel = atoi(argv[5]);
    if (prepare(&all) == -1) {
        perror("sessions");
        return 111;
    }
    start = now();
    open_all(&all);
    printf("open %d failed %d seconds %.3f\n", all.open, all.failed,
           now() - start);
    fflush(stdout);
    wait_for_the_end(&all);
    start = now();
    close_all(&all);
    printf("closed %d failed %d seconds %.3f\n", all.closed - all.not_closed,
           all.not_closed, now() - start);
    return all.failed == 0 && all.not_closed == 0 ? 0 : 1;
}
