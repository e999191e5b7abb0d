/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/io.h"
#include "common/number.h"
#include "common/process.h"
#include "common/secret.h"
#include "helper/terminal.h"

#define ANCESTORS_MAX 64
#define TERMINALS_MAX 8

/* Documentation/admin-guide/devices.txt */
#define MAJOR_TTY       4U
#define MINOR_SERIAL    64U
#define MAJOR_PTS_FIRST 136U
#define MAJOR_PTS_LAST  143U
#define PTS_OF_A_MAJOR  256U

static bool
take_number(const char **text, long *out)
{
    char *end;

    *out = strtol(*text, &end, 10);
    if (end == *text)
        return false;
    *text = end;
    return true;
}

int
terminal_process_parse(const char *stat, struct terminal_process *out)
{
    enum { PARENT, GROUP, SESSION, TERMINAL, COUNT };
    /* pid (comm) state ppid pgrp session tty_nr; comm may be anything. */
    const char *rest = strrchr(stat, ')');
    long number[COUNT] = {0};
    int i;

    if (rest == NULL || strlen(rest) < strlen(") S "))
        return -EBADMSG;
    rest += strlen(") S ");
    for (i = 0; i < COUNT; i++)
        if (!take_number(&rest, &number[i]))
            return -EBADMSG;
    if (number[PARENT] < 0 || number[PARENT] > INT_MAX)
        return -EBADMSG;
    *out = (struct terminal_process){
        .parent = (pid_t) number[PARENT],
        .terminal = (dev_t) (unsigned) number[TERMINAL],
    };
    return 0;
}

bool
terminal_path(dev_t terminal, char *out, size_t size)
{
    unsigned major_number = major(terminal), number = minor(terminal);

    if (major_number >= MAJOR_PTS_FIRST && major_number <= MAJOR_PTS_LAST)
        (void) snprintf(out, size, "/dev/pts/%u",
                        (major_number - MAJOR_PTS_FIRST) * PTS_OF_A_MAJOR
                            + number);
    else if (major_number == MAJOR_TTY && number > 0 && number < MINOR_SERIAL)
        (void) snprintf(out, size, "/dev/tty%u", number);
    else if (major_number == MAJOR_TTY && number >= MINOR_SERIAL)
        (void) snprintf(out, size, "/dev/ttyS%u", number - MINOR_SERIAL);
    else
        return false;
    return true;
}

static int
terminal_process_get(pid_t pid, struct terminal_process *out)
{
    struct secret text = {0};
    int r;

    r = process_read(pid, "stat", &text);
    if (r == 0)
        r = terminal_process_parse(secret_text(&text), out);
    secret_clear(&text);
    return r;
}

/* The processes between may be others', and /proc may not show them. */
static bool
is_of_the_session(struct terminal_process process, pid_t login)
{
    unsigned i;

    for (i = 0; i < ANCESTORS_MAX && process.parent > 1; i++) {
        if (process.parent == login)
            return true;
        if (terminal_process_get(process.parent, &process) < 0)
            return false;
    }
    return false;
}

static bool
write_line(dev_t terminal, const char *line)
{
    char path[64], text[256];
    bool done = false;
    struct stat st;
    int fd, len;

    if (!terminal_path(terminal, path, sizeof(path)))
        return false;
    fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (fd == -1)
        return false;
    len = snprintf(text, sizeof(text), "\r\n%s\r\n", line);
    if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == terminal
        && st.st_uid == getuid() && len > 0 && (size_t) len < sizeof(text))
        done = write(fd, text, (size_t) len) == len;
    fd_close(&fd);
    return done;
}

static bool
is_known(dev_t terminal, const dev_t *seen, size_t n_seen)
{
    size_t i;

    for (i = 0; i < n_seen; i++)
        if (seen[i] == terminal)
            return true;
    return false;
}

size_t
terminal_tell(pid_t login, const char *line)
{
    dev_t seen[TERMINALS_MAX] = {0};
    const struct dirent *entry;
    size_t n_seen = 0, told = 0;
    struct terminal_process process = {0};
    DIR *proc = opendir("/proc");
    int64_t pid;

    if (proc == NULL)
        return 0;
    while (n_seen < TERMINALS_MAX && (entry = readdir(proc)) != NULL) {
        if (number_parse(entry->d_name, INT32_MAX, &pid) < 0
            || terminal_process_get((pid_t) pid, &process) < 0
            || process.terminal == 0 || is_known(process.terminal, seen, n_seen)
            || !is_of_the_session(process, login))
            continue;
        seen[n_seen++] = process.terminal;
        told += write_line(process.terminal, line);
    }
    (void) closedir(proc); /* it was only read */
    return told;
}
