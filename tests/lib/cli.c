/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/lib/cli.h"
#include "tests/lib/test.h"

/* What was written there, as a text; the descriptor is closed. */
static void
take(int fd, char *out, size_t size)
{
    ssize_t n = pread(fd, out, size - 1, 0);

    assert_true(n >= 0);
    out[n] = '\0';
    close(fd);
}

void
cli_capture(int (*function)(void *data), void *data, struct cli *result)
{
    int out = memfd_create("out", MFD_CLOEXEC);
    int err = memfd_create("err", MFD_CLOEXEC);
    int old_out = dup(STDOUT_FILENO), old_err = dup(STDERR_FILENO);

    assert_true(out >= 0 && err >= 0 && old_out >= 0 && old_err >= 0);
    fflush(stdout);
    fflush(stderr);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    result->status = function(data);
    fflush(stdout);
    fflush(stderr);
    dup2(old_out, STDOUT_FILENO);
    dup2(old_err, STDERR_FILENO);
    close(old_out);
    close(old_err);
    take(out, result->out, sizeof(result->out));
    take(err, result->err, sizeof(result->err));
}

struct call {
    int (*command)(int argc, char **argv);
    const char *const *argv;
};

static int
call(void *data)
{
    const struct call *this = data;
    char *argv[16] = {0}; /* getopt moves them */
    int argc, status;

    for (argc = 0; this->argv[argc] != NULL && argc < 15; argc++)
        argv[argc] = strdup(this->argv[argc]);
    optind = 0;
    status = this->command(argc, argv);
    while (argc > 0)
        free(argv[--argc]);
    return status;
}

void
cli_run(int (*command)(int argc, char **argv), const char *const *argv,
        struct cli *result)
{
    struct call this = {command, argv};

    cli_capture(call, &this, result);
}
