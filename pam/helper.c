/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/io.h"
#include "common/keyring.h"
#include "common/message.h"
#include "common/spawn.h"
#include "pam/helper.h"

#define READY_TIMEOUT_MS 5000

/* The pipes of one start, and what the helper gets of them. */
struct start {
    int go[2];
    int ready[2];
    int self; /* pidfd of this process */
};

static void
start_clear(struct start *start)
{
    fd_close(&start->go[0]);
    fd_close(&start->go[1]);
    fd_close(&start->ready[0]);
    fd_close(&start->ready[1]);
    fd_close(&start->self);
}

static int
start_open(struct start *start)
{
    if (pipe2(start->go, O_CLOEXEC) == -1
        || pipe2(start->ready, O_CLOEXEC) == -1)
        return -errno;
    start->self = pidfd_open(getpid(), 0);
    return start->self == -1 ? -errno : 0;
}

static int
start_run(const struct start *start, const char *user, uid_t uid, gid_t gid,
          const key_serial_t *keys, size_t n_keys)
{
    const char *const argv[] = {HELPER_PATH, user, NULL};
    const struct spawn plan = {
        .argv = argv,
        .fds = {start->go[0], start->ready[1], -1, start->self},
        .n_fds = 4,
        .keys = keys,
        .n_keys = n_keys,
        .become = true,
        .uid = uid,
        .gid = gid,
    };

    return spawn(&plan);
}

/*
 * It says its process ID and waits for our word: so the pidfd is the helper's,
 * however long this took, and a helper without one never begins.
 */
static int
start_confirm(const struct start *start, int *pidfd)
{
    struct message ready = {0};
    struct secret buf = {0};
    int64_t pid = 0;
    int fd = -1, r;

    r = message_wait(start->ready[0], &buf, READY_TIMEOUT_MS, &ready);
    if (r == 0)
        r = ready.kind == KIND_READY ? message_number(&ready, FIELD_PID, &pid)
                                     : -EBADMSG;
    if (r == 0) {
        fd = pidfd_open((pid_t) pid, 0);
        r = fd == -1 ? -errno : message_send_kind(start->go[1], KIND_GO);
    }
    if (r == 0)
        *pidfd = fd;
    else
        fd_close(&fd);
    message_clear(&ready);
    secret_clear(&buf);
    return r;
}

/* Those of the names that are in the keyring.  Returns their number. */
static size_t
find_keys(key_serial_t ring, key_serial_t keys[static 4])
{
    static const char *const names[] = {KEY_ACCESS_TOKEN, KEY_REFRESH_TOKEN,
                                        KEY_SETTINGS};
    size_t i, n = 0;

    for (i = 0; i < ARRAY_LEN(names); i++)
        if (keyring_find(ring, "user", names[i], &keys[n]) == 0)
            n++;
    return n;
}

int
helper_start(const char *user, uid_t uid, gid_t gid, key_serial_t ring,
             key_serial_t tokens, int *pidfd)
{
    struct start start = {.go = {-1, -1}, .ready = {-1, -1}, .self = -1};
    key_serial_t keys[4];
    size_t n_keys;
    int r;

    n_keys = find_keys(ring, keys);
    if (tokens != 0)
        keys[n_keys++] = tokens;
    r = start_open(&start);
    if (r == 0)
        r = start_run(&start, user, uid, gid, keys, n_keys);
    fd_close(&start.go[0]);
    fd_close(&start.ready[1]);
    if (r == 0)
        r = start_confirm(&start, pidfd);
    start_clear(&start);
    return r;
}

int
helper_end(int pidfd)
{
    struct pollfd dead = {.fd = pidfd, .events = POLLIN};

    /* A signal to a zombie succeeds: ask whether it has ended, first. */
    if (pidfd < 0 || poll(&dead, 1, 0) != 0)
        return -ESRCH;
    if (pidfd_send_signal(pidfd, SIGTERM, NULL, 0) == -1)
        return -errno;
    /* A user may have stopped it, for it has the user's uid. */
    (void) pidfd_send_signal(pidfd, SIGCONT, NULL, 0);
    return 0;
}
