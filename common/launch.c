/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <sys/pidfd.h>

#include "common/io.h"
#include "common/launch.h"
#include "common/message.h"

#define READY_TIMEOUT_MS 5000

/*
 * It says its process ID and waits for our word: so the pidfd is the helper's,
 * however long this took, and a helper without one never begins.
 */
static int
confirm(int go, int ready, pid_t *ret_pid, int *ret_pidfd)
{
    struct message message = {0};
    struct secret buf = {0};
    int64_t pid = 0;
    int pidfd = -1, r;

    r = message_wait(ready, &buf, READY_TIMEOUT_MS, &message);
    if (r == 0)
        r = message.kind == KIND_READY
                ? message_number(&message, FIELD_PID, &pid)
                : -EBADMSG;
    if (r == 0) {
        pidfd = pidfd_open((pid_t) pid, 0);
        r = pidfd == -1 ? -errno : message_send_kind(go, KIND_GO);
    }
    if (r == 0) {
        *ret_pid = (pid_t) pid;
        *ret_pidfd = pidfd;
    } else {
        fd_close(&pidfd);
    }
    message_clear(&message);
    secret_clear(&buf);
    return r;
}

int
launch(struct spawn *plan, pid_t *ret_pid, int *ret_pidfd)
{
    int go = -1, ready = -1, r;

    r = spawn_with_pipes(plan, &go, &ready);
    if (r == 0)
        r = confirm(go, ready, ret_pid, ret_pidfd);
    fd_close(&go);
    fd_close(&ready);
    return r;
}
