/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/io.h"
#include "common/process.h"

/* Far more than the arguments of a program of ours have; and in the status, than
 * there is before the groups, of which a user may have any number. */
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
    size_t at = 0, left, len, i;
    const char *argument;

    for (i = 0; wanted->argv[i] != NULL; i++) {
        argument = secret_text(text) + at;
        left = text->len - at;
        len = strnlen(argument, left);
        if (len == left) /* a NUL ends each of them */
            return false;
        if (strcmp(wanted->argv[i], PROCESS_ANY) != 0
            && strcmp(wanted->argv[i], argument) != 0)
            return false;
        at += len + 1;
    }
    return true;
}

int
process_read(pid_t pid, const char *name, struct secret *out)
{
    char path[64];
    int fd, r;

    (void) snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1) /* hidepid=1 */
        return errno == EPERM || errno == EACCES ? -ENOENT : -errno;
    r = read_all(fd, PROC_MAX, out);
    fd_close(&fd);
    return r == -EMSGSIZE ? 0 : r;
}

static int
check_arguments(pid_t pid, const struct process *wanted)
{
    const char *const name[] = {wanted->argv[0], NULL};
    const struct process named = {.argv = name};
    struct secret text = {0};
    int r;

    r = process_read(pid, "cmdline", &text);
    if (r == 0 && !process_has_arguments(&text, wanted))
        r = process_has_arguments(&text, &named) ? -EPERM : -ESRCH;
    secret_clear(&text);
    return r;
}

int
process_check(pid_t pid, const struct process *wanted)
{
    struct secret status = {0};
    int r;

    r = check_arguments(pid, wanted);
    /* The many groups of a user are behind the IDs. */
    if (r == 0)
        r = process_read(pid, "status", &status);
    if (r == 0 && !process_has_ids(secret_text(&status), wanted))
        r = -EPERM;
    secret_clear(&status);
    return r;
}
