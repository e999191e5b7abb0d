/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/io.h"
#include "common/process.h"
#include "common/secret.h"
#include "common/text.h"
#include "helper/cli/anchor.h"

#define ANCESTORS_MAX 256
#define TRIES_MAX     10

int
anchor_parse(const char *status, struct anchor_process *out)
{
    /* A newline in the name, which is before them, is written as "\n". */
    const char *parent = strstr(status, "\nPPid:\t");
    const char *uid = strstr(status, "\nUid:\t");
    struct anchor_process process = {0};

    /* The kernel's numbers fit. NOLINTBEGIN(cert-err34-c) */
    if (parent == NULL || uid == NULL
        || sscanf(parent, "\nPPid:\t%d", &process.parent) != 1
        || sscanf(uid, "\nUid:\t%u\t%u\t%u\t%u", &process.uid[0],
                  &process.uid[1], &process.uid[2], &process.uid[3])
               != 4)
        return -EBADMSG;
    /* NOLINTEND(cert-err34-c) */
    *out = process;
    return 0;
}

/* In everything: su, which the user has started, is root's. */
static bool
is_of(const struct anchor_process *process, uid_t uid)
{
    return process->uid[0] == uid && process->uid[1] == uid
           && process->uid[2] == uid && process->uid[3] == uid;
}

int
anchor_walk(pid_t self, uid_t uid, anchor_look *look, pid_t *out)
{
    struct anchor_process process = {0};
    pid_t pid = self;
    unsigned i;
    int r;

    for (i = 0; i < ANCESTORS_MAX; i++) {
        r = look(pid, &process);
        if (r < 0 && (r != -ENOENT || pid == self))
            return r;
        if (pid != self && (r < 0 || !is_of(&process, uid))) {
            *out = pid;
            return 0;
        }
        /* 0: it is outside of what we can see. */
        if (process.parent <= 1)
            return -ENOENT;
        pid = process.parent;
    }
    return -ENOENT;
}

bool
anchor_may_be_leader(pid_t leader, pid_t self)
{
    return leader > 1 && leader != self;
}

static int
look(pid_t pid, struct anchor_process *out)
{
    struct secret text = {0};
    int r;

    r = process_read(pid, "status", &text);
    if (r == 0)
        r = anchor_parse(secret_text(&text), out);
    secret_clear(&text);
    return r == -ESRCH ? -ENOENT : r;
}

/* "" for one that is hidden. */
static void
name_of(pid_t pid, char *out, size_t size)
{
    struct secret text = {0};

    *out = '\0';
    if (process_read(pid, "comm", &text) == 0 && text.len > 0) {
        text.data[text.len - 1] = '\0'; /* the newline */
        text_clean(secret_text(&text), out, size);
    }
    secret_clear(&text);
}

/* Of a process that is the one, also once we have it by a descriptor. */
static int
choose(pid_t *out)
{
    pid_t leader = getsid(0);
    int r;

    r = anchor_walk(getpid(), getuid(), look, out);
    if (r != -ENOENT || !anchor_may_be_leader(leader, getpid()))
        return r;
    *out = leader;
    return 0;
}

int
anchor_find(struct anchor *out)
{
    struct anchor anchor = {.pidfd = -1};
    pid_t again = 0;
    unsigned i;
    int r = -ENOENT;

    /* Whoever ends meanwhile leaves its children to another one. */
    for (i = 0; i < TRIES_MAX; i++) {
        r = choose(&anchor.pid);
        if (r < 0)
            return r;
        anchor.pidfd = pidfd_open(anchor.pid, 0);
        /* EINVAL: Linux before 6.15 of a leader whose process is gone. */
        if (anchor.pidfd == -1 && errno != ESRCH && errno != EINVAL)
            return -errno;
        if (anchor.pidfd >= 0 && choose(&again) == 0 && again == anchor.pid) {
            name_of(anchor.pid, anchor.name, sizeof(anchor.name));
            *out = anchor;
            return 0;
        }
        fd_close(&anchor.pidfd);
    }
    return -ENOENT;
}
