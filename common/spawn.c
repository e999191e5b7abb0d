/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <keyutils.h>

#include "common/io.h"
#include "common/message.h"
#include "common/spawn.h"

#define EXEC_TIMEOUT_MS 5000

static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};

int
spawn_become(uid_t uid, gid_t gid, gid_t real_gid)
{
    /* Groups before gid before uid: the other way round cannot be undone. */
    if (setgroups(0, NULL) == -1 || setresgid(real_gid, gid, gid) == -1)
        return -1;
    return setresuid(uid, uid, uid);
}

/* More than twice what the deepest of the functions below needs. */
#define STACK_SIZE 16384

struct start {
    const struct spawn *plan;
    int errors;      /* a pipe for errno */
    char *stack_top; /* of the grandchild; NULL: it has memory of its own */
};

/*
 * From here to child_run(): between fork() and execve(), and the memory may be
 * the caller's, so no lock and no logging.  Each returns 0, or -1 with errno.
 */

static int
child_keyring(const struct spawn *plan)
{
    size_t i;

    if (plan->keep_keyring)
        return 0;
    /* The new keyring belongs to the real uid, which in su is the caller's. */
    if (geteuid() == 0 && getuid() != 0 && setresuid(0, 0, 0) == -1)
        return -1;
    /* Link while still root, their owner: nothing else allows it. */
    if (keyctl_join_session_keyring(NULL) == -1)
        return -1;
    for (i = 0; i < plan->n_keys; i++)
        if (keyctl_link(plan->keys[i], KEY_SPEC_SESSION_KEYRING) == -1)
            return -1;
    return 0;
}

static int
child_become(const struct spawn *plan)
{
    if (plan->become
        && spawn_become(plan->uid, plan->gid, plan->real_gid) == -1)
        return -1;
    if (plan->drop_group && setresgid(getgid(), getgid(), getgid()) == -1)
        return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void
child_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t hangup;
    int number;

    for (number = 1; number < NSIG; number++)
        (void) sigaction(number, &action, NULL); /* KILL, STOP and libc's own */
    /* An upgrade may send one before the helper can see to it: it waits.  The
     * exchange ignores it.  The set is valid. */
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    (void) sigprocmask(SIG_SETMASK, &hangup, NULL);
}

/* Our descriptors to 0, 1, …; behind them the pipe for errors; no others. */
static int
child_fds(const struct spawn *plan, int *errors)
{
    int fds[SPAWN_FDS_MAX + 1], first = (int) plan->n_fds + 1;
    size_t i;

    /* Out of the way first, so that no dup2() below hits one still needed. */
    for (i = 0; i < plan->n_fds; i++) {
        fds[i] = plan->fds[i] >= 0 ? plan->fds[i]
                                   : open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fds[i] == -1)
            return -1;
        fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, first);
        if (fds[i] == -1)
            return -1;
    }
    fds[i] = fcntl(*errors, F_DUPFD_CLOEXEC, first);
    if (fds[i] == -1)
        return -1;
    for (i = 0; i < plan->n_fds; i++)
        if (dup2(fds[i], (int) i) == -1)
            return -1;
    if (dup3(fds[i], (int) plan->n_fds, O_CLOEXEC) == -1)
        return -1;
    *errors = (int) plan->n_fds;
    return close_range((unsigned) first, ~0U, 0);
}

static int NO_REDZONES
child_run(void *arg)
{
    const struct start *start = arg;
    const struct spawn *plan = start->plan;
    int errors = start->errors;

    if (setsid() != -1 && chdir("/") != -1 && child_fds(plan, &errors) != -1
        && child_keyring(plan) != -1 && child_become(plan) != -1) {
        child_signals();
        /* execve() writes to none of them; its type is older than const. */
        execve(plan->argv[0], (char *const *) (uintptr_t) plan->argv,
               (char *const *) (uintptr_t) environment);
    }
    /* A short write of an int to a pipe does not happen. */
    return write(errors, &errno, sizeof(errno)) == -1 ? 126 : 127;
}

static pid_t
child_make(int (*run)(void *), struct start *start, char *stack_top)
{
    pid_t pid;

    if (stack_top != NULL)
        return clone(run, stack_top, CLONE_VM | CLONE_VFORK | SIGCHLD, start);
    pid = fork();
    if (pid == 0)
        _exit(run(start));
    return pid;
}

/* Ours until it ends, at once: so its grandchild belongs to nobody here. */
static int
child(void *arg)
{
    struct start *start = arg;

    if (child_make(child_run, start, start->stack_top) == -1
        && write(start->errors, &errno, sizeof(errno)) == -1)
        return 126;
    return 0;
}

/*
 * Children in our memory: we wait until they are another program or have ended.
 * That spares to copy the memory of a login program, twice, which is most of
 * the time that a start takes.  A function of its own, so that only who needs the
 * stacks has them.
 */
static pid_t NOINLINE
child_make_here(struct start *start)
{
    _Alignas(16) char stacks[2 * STACK_SIZE] UNINITIALIZED;

    start->stack_top = stacks + sizeof(stacks);
    return child_make(child, start, stacks + STACK_SIZE);
}

/*
 * Only where nobody but root can send a signal to any of the three.  A user who
 * kills the one in the middle (in su, whose real uid is theirs) lets us go on
 * while the other still runs on our stack.  And only where nobody changes who
 * they are: then users could, and the kernel would mark the memory as not to be
 * dumped.
 */
static bool
may_share_memory(const struct spawn *plan)
{
    uid_t real, effective, saved;

    return !plan->become && !plan->drop_group
           && getresuid(&real, &effective, &saved) == 0 && real == 0
           && effective == 0 && saved == 0;
}

/*
 * The errno that came through the pipe; 0 when execve() closed it.  Not for
 * ever: a child with memory of its own is the user's before that, and a user may
 * stop it.
 */
static int
read_errno(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    int error = 0, r;
    ssize_t n;

    do
        r = poll(&pfd, 1, EXEC_TIMEOUT_MS);
    while (r == -1 && errno == EINTR);
    if (r <= 0)
        return r == 0 ? -ETIMEDOUT : -errno;
    n = read(fd, &error, sizeof(error));
    if (n == 0)
        return 0;
    return n == (ssize_t) sizeof(error) && error > 0 ? -error : -EIO;
}

int
spawn(const struct spawn *plan)
{
    struct start start = {.plan = plan};
    sigset_t all, old;
    int errors[2], cancel;
    pid_t pid = -1;
    int r;

    if (pipe2(errors, O_CLOEXEC) == -1)
        return -errno;
    /* Whoever cancels our thread would do that to a child in its place. */
    (void) pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    /* The application's handlers must not run in our children. */
    sigfillset(&all);
    r = -pthread_sigmask(SIG_SETMASK, &all, &old);
    if (r == 0) {
        start.errors = errors[1];
        pid = may_share_memory(plan) ? child_make_here(&start)
                                     : child_make(child, &start, NULL);
        r = pid == -1 ? -errno : 0;
        (void) pthread_sigmask(SIG_SETMASK, &old, NULL); /* as it was */
    }
    fd_close(&errors[1]);
    if (r == 0)
        r = read_errno(errors[0]);
    /* ECHILD: the application reaps every child, or ignores SIGCHLD. */
    while (pid > 0 && waitpid(pid, NULL, 0) == -1 && errno == EINTR)
        ;
    fd_close(&errors[0]);
    (void) pthread_setcancelstate(cancel, NULL);
    return r;
}

int
spawn_with_pipes(struct spawn *plan, int *to, int *from)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    int r = 0;

    *to = *from = -1;
    if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
        r = -errno;
    if (r == 0) {
        /* So that no message waits for its reader; a smaller pipe is no
         * error. */
        (void) fcntl(in[1], F_SETPIPE_SZ, (int) MESSAGE_MAX);
        plan->fds[0] = in[0];
        plan->fds[1] = out[1];
        r = spawn(plan);
    }
    fd_close(&in[0]);
    fd_close(&out[1]);
    if (r < 0) {
        fd_close(&in[1]);
        fd_close(&out[0]);
        return r;
    }
    *to = in[1];
    *from = out[0];
    return 0;
}
