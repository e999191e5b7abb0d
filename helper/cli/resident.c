/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/io.h"
#include "common/process.h"
#include "common/text.h"
#include "helper/cli/command.h"
#include "helper/cli/report.h"
#include "helper/cli/resident.h"

/*
 * The module's helper has the group of the keys, which the kernel gives to
 * nobody else; that of 'oidc-session login' is the user's own in everything, as
 * are its keys.
 */
static int
check(pid_t pid, const struct session *session)
{
    const struct passwd *pw = getpwuid(getuid());
    long ring = keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);
    char user[256], serial[16];
    const char *const argv[] = {HELPER_PATH, user, serial, NULL};
    struct process wanted = {
        .argv = argv,
        .uid = getuid(),
        .real_gid = session->info.gid == getgid() ? getgid() : NOBODY_GID,
        .gid = session->info.gid,
    };

    if (pw == NULL)
        return -ENODATA;
    if (ring == -1)
        return -errno;
    (void) text_clean(pw->pw_name, user, sizeof(user));
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
    if (pid < 1 || pid > INT32_MAX)
        return -ESRCH;
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
        report("this session has no status any more, so its helper is not"
               " known: wait for the next renewal, or log out and in again");
        break;
    default:
        report("cannot tell whether process %" PRId64
               " is the helper of this session: %s",
               session->status.helper_pid, strerror(-r));
    }
    return COMMAND_FAILED;
}
