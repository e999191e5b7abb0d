/* SPDX-License-Identifier: MIT */
/*
 * oidc-session-helper: one for each session, with the user's uid, the keys'
 * group and no privilege.  The module starts it, as root, with the user's name,
 * the serial of the session's keyring (0 when it has only to end the tokens),
 * the login program's process ID, the uid and the gid that it is to have, and
 *
 *   0  a pipe on which the module says that it may begin
 *   1  a pipe on which it says that it is ready
 *   3  a pidfd of the login program
 *
 * and a session keyring of its own (common/keyring.h).  That keyring is its
 * only store: it can execute itself anew at any time.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "common/io.h"
#include "common/message.h"
#include "common/number.h"
#include "common/process.h"
#include "common/spawn.h"
#include "helper/clock.h"
#include "helper/loop.h"
#include "helper/record.h"

#define LOGIN_FD      3
#define GO_TIMEOUT_MS 10000

#define EXIT_USAGE  100
#define EXIT_SYSTEM 111

/* The argument of a helper that was executed anew. */
#define RESUME "--resume"

/*
 * From root to the user, for good; the real group is for the exchanges.  No user
 * can do anything to a process before it is theirs, so this is where it becomes
 * that: what is before it, in the C library, looks at no input but its own file.
 */
static int
become(uid_t uid, gid_t gid)
{
    /* musl has no linux/capability.h: _LINUX_CAPABILITY_VERSION_3, ourselves. */
    const struct {
        uint32_t version;
        int pid;
    } header = {0x20080522, 0};
    const struct {
        uint32_t effective, permitted, inheritable;
    } none[2] = {{0}};

    /* They go with the uid, unless the login program has
     * SECBIT_NO_SETUID_FIXUP. */
    if (spawn_become(uid, gid, NOBODY_GID) == -1
        || syscall(SYS_capset, &header, none) == -1)
        return -errno;
    return 0;
}

/* Nobody may look at us, and nothing of us may reach a disk. */
static int
harden(void)
{
    const struct rlimit none = {0};

    umask(077);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1
        || setrlimit(RLIMIT_CORE, &none) == -1)
        return -errno;
    return 0;
}

/* Every event is a descriptor; so the signals are blocked for good. */
static int
open_events(struct helper *helper)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGALRM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGPIPE);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
        return -errno;
    helper->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (helper->signals == -1)
        return -errno;
    helper->timer = clock_timer_open();
    if (helper->timer == -1)
        return -errno;
    helper->clock = clock_watch_open();
    if (helper->clock == -1)
        return -errno;
    helper->login = LOGIN_FD;
    return fcntl(LOGIN_FD, F_SETFD, FD_CLOEXEC) == -1 ? -errno : 0;
}

/* Say that we are ready and wait to be told to begin; otherwise never begin. */
static int
handshake(void)
{
    struct message message = {.kind = KIND_READY};
    struct secret buf = {0};
    int r;

    r = message_set_number(&message, FIELD_PID, getpid());
    if (r == 0)
        r = message_send(STDOUT_FILENO, &message);
    if (r == 0)
        r = message_wait(STDIN_FILENO, &buf, GO_TIMEOUT_MS, &message);
    if (r == 0 && message.kind != KIND_GO)
        r = -EBADMSG;
    message_clear(&message);
    secret_clear(&buf);
    return r;
}

/* The module's pipes are done with. */
static int
leave_pipes(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int r = 0;

    if (fd == -1 || dup2(fd, STDIN_FILENO) == -1
        || dup2(fd, STDOUT_FILENO) == -1)
        r = -errno;
    fd_close(&fd);
    return r;
}

static int
reload(const struct helper *helper)
{
    char session[16], login[16];
    const char *const argv[] = {HELPER_PATH, helper->user, session,
                                login,       RESUME,       NULL};
    const char *const env[] = {"PATH=/usr/bin:/bin", NULL};

    (void) snprintf(session, sizeof(session), "%" PRId32, helper->session);
    (void) snprintf(login, sizeof(login), "%d", helper->login_pid);
    if (fcntl(LOGIN_FD, F_SETFD, 0) == -1)
        return -errno;
    /* execve() writes to none of them; its type is older than const. */
    execve(argv[0], (char *const *) (uintptr_t) argv,
           (char *const *) (uintptr_t) env);
    return -errno;
}

static int
run(struct helper *helper, bool resumed)
{
    int r, over;

    over = loop_begin(helper);
    if (over < 0 && over != -EKEYREVOKED && !resumed)
        return over;
    /* Nobody waits for us: what we cannot go on with must not be left behind. */
    if (over < 0 && over != -EKEYREVOKED)
        record(helper, LOGGED_HELPER_FAILED, LOG_ERR,
               "cannot go on, the session's tokens end: %s", strerror(-over));
    r = resumed ? 0 : handshake();
    if (r == 0 && !resumed)
        r = leave_pipes();
    if (r < 0)
        return r;
    if (over < 0)
        loop_end(helper);
    while ((r = loop_run(helper)) == 1) {
        r = reload(helper);
        record(helper, LOGGED_RELOAD_FAILED, LOG_ERR,
               "cannot execute %s: %s; going on as it is", HELPER_PATH,
               strerror(-r));
        helper->reload = false;
    }
    return r;
}

int
main(int argc, char **argv)
{
    struct helper helper = {.signals = -1,
                            .timer = -1,
                            .clock = -1,
                            .login = -1,
                            .request = REQUEST_NONE};
    bool resumed = argc == 5 && strcmp(argv[4], RESUME) == 0;
    bool root = argc == 6;
    int64_t session, login, uid, gid;
    int r = 0;

    if ((argc != 4 && !root && !resumed)
        || number_parse(argv[2], INT32_MAX, &session) < 0
        || number_parse(argv[3], INT32_MAX, &login) < 0
        || (root
            && (number_parse(argv[4], UINT32_MAX - 1, &uid) < 0
                || number_parse(argv[5], UINT32_MAX - 1, &gid) < 0)))
        return EXIT_USAGE;
    openlog("oidc-session-helper", LOG_PID, LOG_AUTHPRIV);
    helper.user = argv[1];
    helper.session = (key_serial_t) session;
    helper.login_pid = (pid_t) login;
    if (root)
        r = become((uid_t) uid, (gid_t) gid);
    if (r == 0)
        r = harden();
    if (r == 0)
        r = open_events(&helper);
    if (r == 0)
        r = run(&helper, resumed);
    if (r == 0)
        return 0;
    record(&helper, LOGGED_HELPER_FAILED, LOG_ERR,
           "ended by an error, nothing is renewed any more: %s", strerror(-r));
    return EXIT_SYSTEM;
}
