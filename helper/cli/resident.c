/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/io.h"
#include "common/process.h"
#include "helper/cli/command.h"
#include "helper/cli/report.h"
#include "helper/cli/resident.h"

/* Whose session it is: with su or sudo, not always the caller's. */
static int
find_owner(const struct session *session, long ring, uid_t *out)
{
    struct key_info info = {0};
    int r;

    *out = session->info.uid; /* of the user's own keys */
    if (*out != 0)
        return 0;
    r = key_info_get((key_serial_t) ring, &info);
    if (r == 0)
        *out = info.uid != 0 ? info.uid : getuid();
    return r;
}

/*
 * The module's helper has the group of the keys, which the kernel gives to
 * nobody else; that of 'oidc-session login' has the IDs that its keys were made
 * with.  By what name it knows the user does not matter: a uid may have several.
 */
static int
check(pid_t pid, const struct session *session)
{
    long ring = keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);
    bool own = session->info.uid != 0;
    char serial[16];
    const char *const argv[] = {HELPER_PATH, PROCESS_ANY, serial, NULL};
    struct process wanted = {
        .argv = argv,
        .real_gid = own ? session->info.gid : NOBODY_GID,
        .gid = session->info.gid,
    };
    int r;

    if (ring == -1)
        return -errno;
    r = find_owner(session, ring, &wanted.uid);
    if (r < 0)
        return r;
    (void) snprintf(serial, sizeof(serial), "%ld", ring);
    return process_check(pid, &wanted);
}

int
resident_find(const struct session *session, int *out)
{
    int64_t pid = session->status.helper_pid;
    int pidfd, r;

    if (!session->has_status)
        return -ENODATA;
    /* It has not said who it is; or, after a grant, that it is no more. */
    if (pid < 1 || pid > INT32_MAX)
        return session->status.state == STATE_LOGIN_REQUIRED ? -ESRCH
                                                             : -ENODATA;
    pidfd = pidfd_open((pid_t) pid, 0);
    if (pidfd == -1) /* the number may be a thread's by now */
        return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
    r = check((pid_t) pid, session);
    /* If it still lives, then it is the one that was looked at. */
    if (resident_ended(pidfd, 0))
        r = -ESRCH;
    if (r == 0)
        *out = pidfd;
    else
        fd_close(&pidfd);
    return r;
}

int
resident_tell(int pidfd, int number)
{
    if (resident_ended(pidfd, 0))
        return -ESRCH; /* a signal to a zombie succeeds */
    if (pidfd_send_signal(pidfd, number, NULL, 0) == -1)
        return -errno;
    /* A user may have stopped it, for it has the user's uid. */
    (void) pidfd_send_signal(pidfd, SIGCONT, NULL, 0);
    return 0;
}

bool
resident_ended(int pidfd, int timeout)
{
    struct pollfd dead = {.fd = pidfd, .events = POLLIN};

    return poll(&dead, 1, timeout) > 0;
}

int
resident_report(int r, const struct session *session)
{
    switch (r) {
    case -ESRCH:
        report("the helper of this session does not run: the token ends when it"
               " expires; log out and in again");
        break;
    case -ENODATA:
        report("the status of this session does not name its helper: wait for"
               " the next renewal, or close the login session");
        break;
    case -ENOENT:
        report("/proc does not show process %" PRId64
               ", which should be the helper of this session (hidepid): only"
               " the timer of the helper renews; to end the tokens, close the"
               " login session",
               session->status.helper_pid);
        break;
    case -EPERM:
        report("process %" PRId64
               " is a helper, but not certainly that of this session: it is"
               " not asked; to end the tokens, close the login session",
               session->status.helper_pid);
        break;
    default:
        report("cannot tell whether process %" PRId64
               " is the helper of this session: %s",
               session->status.helper_pid, strerror(-r));
    }
    return COMMAND_FAILED;
}
