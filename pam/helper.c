/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/io.h"
#include "common/keyring.h"
#include "common/launch.h"
#include "common/process.h"
#include "common/spawn.h"
#include "pam/fdinfo.h"
#include "pam/helper.h"
#include "pam/system_user.h"

static int
start(const struct helper_user *user, const key_serial_t *keys, size_t n_keys,
      int self, struct helper *out)
{
    char session[16], login[16], uid[16], gid[16];
    const char *const argv[] = {HELPER_PATH, user->name, session, login,
                                uid,         gid,        NULL};
    /* It starts as root, and becomes that user before anything else. */
    struct spawn plan = {
        .argv = argv,
        .fds = {-1, -1, -1, self},
        .n_fds = 4,
        .keys = keys,
        .n_keys = n_keys,
    };

    (void) snprintf(session, sizeof(session), "%" PRId32, user->session);
    (void) snprintf(login, sizeof(login), "%d", getpid());
    (void) snprintf(uid, sizeof(uid), "%u", user->uid);
    (void) snprintf(gid, sizeof(gid), "%u", user->gid);
    return launch(&plan, &out->pid, &out->pidfd);
}

/* Those of the names that are in the keyring: 0 with their number in *n. */
static int
find_keys(key_serial_t ring, key_serial_t keys[static 4], size_t *n)
{
    static const char *const names[] = {KEY_ACCESS_TOKEN, KEY_REFRESH_TOKEN,
                                        KEY_SETTINGS};
    size_t i;
    int r;

    *n = 0;
    for (i = 0; i < ARRAY_LEN(names); i++) {
        r = keyring_find(ring, "user", names[i], &keys[*n]);
        if (r == 0)
            ++*n;
        else if (r != -ENOKEY && r != -EKEYREVOKED && r != -EKEYEXPIRED)
            return r;
    }
    return 0;
}

int
helper_start(const struct helper_user *user, key_serial_t ring,
             key_serial_t tokens, struct helper *out)
{
    key_serial_t keys[4];
    size_t n_keys;
    int r, self;

    r = find_keys(ring, keys, &n_keys);
    if (r < 0)
        return r;
    if (tokens != 0)
        keys[n_keys++] = tokens;
    self = pidfd_open(getpid(), 0);
    r = self == -1 ? -errno : start(user, keys, n_keys, self, out);
    fd_close(&self);
    return r;
}

/*
 * Applications close descriptors that they do not know, and open others in
 * their place: is this one still our pidfd?
 */
static bool
is_ours(const struct helper *helper)
{
    pid_t pid;

    return helper->pidfd >= 0 && fdinfo_pid(helper->pidfd, &pid) == 0
           && pid == helper->pid;
}

/* A signal to a zombie succeeds: so it is asked whether it has ended, first. */
static bool
is_alive(const struct helper *helper)
{
    struct pollfd dead = {.fd = helper->pidfd, .events = POLLIN};

    return is_ours(helper) && poll(&dead, 1, 0) == 0;
}

static int
tell(const struct helper *helper, int number)
{
    if (!is_alive(helper))
        return -ESRCH;
    if (pidfd_send_signal(helper->pidfd, number, NULL, 0) == -1)
        return -errno;
    /* A user may have stopped it, for it has the user's uid. */
    (void) pidfd_send_signal(helper->pidfd, SIGCONT, NULL, 0);
    return 0;
}

int
helper_end(const struct helper *helper)
{
    return tell(helper, SIGTERM);
}

int
helper_renew(const struct helper *helper)
{
    return tell(helper, SIGALRM);
}

int
helper_continue(const struct helper *helper)
{
    return tell(helper, 0);
}

int
helper_find(int64_t pid, const struct helper_user *user, struct helper *out)
{
    char session[16];
    const char *const argv[] = {HELPER_PATH, user->name, session, NULL};
    const struct process wanted = {.argv = argv,
                                   .uid = user->uid,
                                   .real_gid = NOBODY_GID,
                                   .gid = user->gid};
    struct helper helper = HELPER_NONE;
    int r;

    if (pid < 1 || pid > INT32_MAX)
        return -ESRCH;
    (void) snprintf(session, sizeof(session), "%" PRId32, user->session);
    helper.pid = (pid_t) pid;
    helper.pidfd = pidfd_open(helper.pid, 0);
    if (helper.pidfd == -1) /* the number may be a thread's by now */
        return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
    r = process_check(helper.pid, &wanted);
    if (r == -EPERM) /* another session's, or the user's own */
        r = -ESRCH;
    /* If it still lives, then it is the one that was looked at: nobody else
     * could have its number.  And /proc knows it by the same. */
    if (r == 0 && !is_alive(&helper))
        r = -ESRCH;
    if (r == 0)
        *out = helper;
    else
        fd_close(&helper.pidfd);
    return r;
}

void
helper_forget(struct helper *helper)
{
    /* That of a process which is gone cannot be told from others, and stays. */
    if (is_ours(helper))
        fd_close(&helper->pidfd);
    helper->pidfd = -1;
}
