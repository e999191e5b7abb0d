/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io.h"
#include "common/secret.h"
#include "pam/fdinfo.h"

#define FDINFO_MAX 4096

int
fdinfo_parse(const char *text, pid_t *out)
{
    const char *line = strstr(text, "\nPid:\t");
    char *end;
    long pid;

    if (line == NULL)
        return -EBADF;
    line += strlen("\nPid:\t");
    pid = strtol(line, &end, 10);
    if (end == line || *end != '\n' || pid <= 0 || pid > INT_MAX)
        return -EBADF;
    *out = (pid_t) pid;
    return 0;
}

int
fdinfo_pid(int fd, pid_t *out)
{
    struct secret text = {0};
    char path[64];
    int file, r;

    (void) snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    file = open(path, O_RDONLY | O_CLOEXEC);
    r = file == -1 ? -errno : read_all(file, FDINFO_MAX, &text);
    if (r == 0)
        r = fdinfo_parse(secret_text(&text), out);
    fd_close(&file);
    secret_clear(&text);
    return r;
}
