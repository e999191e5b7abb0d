/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/io.h"
#include "common/process.h"

/* Far more than there is of a program of ours. */
#define PROC_MAX 4096

bool
process_has_ids(const char *status, const struct process *wanted)
{
    char ids[128];

    (void) snprintf(ids, sizeof(ids),
                    "\nUid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n",
                    wanted->uid, wanted->uid, wanted->uid, wanted->uid,
                    wanted->real_gid, wanted->gid, wanted->gid, wanted->gid);
    return strstr(status, ids) != NULL;
}

bool
process_has_arguments(const struct secret *text, const struct process *wanted)
{
    size_t at = 0, len, i;

    for (i = 0; wanted->argv[i] != NULL; i++) {
        len = strlen(wanted->argv[i]) + 1; /* a NUL ends each of them */
        if (text->len - at < len
            || memcmp(text->data + at, wanted->argv[i], len) != 0)
            return false;
        at += len;
    }
    return true;
}

static int
read_file(pid_t pid, const char *name, struct secret *out)
{
    char path[64];
    int fd, r;

    (void) snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return -errno;
    r = read_all(fd, PROC_MAX, out);
    fd_close(&fd);
    return r == -EMSGSIZE ? -ESRCH : r; /* not one of ours */
}

int
process_check(pid_t pid, const struct process *wanted)
{
    struct secret status = {0}, arguments = {0};
    int r;

    r = read_file(pid, "status", &status);
    if (r == 0 && !process_has_ids(secret_text(&status), wanted))
        r = -ESRCH;
    if (r == 0)
        r = read_file(pid, "cmdline", &arguments);
    if (r == 0 && !process_has_arguments(&arguments, wanted))
        r = -ESRCH;
    secret_clear(&status);
    secret_clear(&arguments);
    return r;
}
