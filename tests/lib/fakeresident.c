/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/keyring.h"
#include "common/process.h"
#include "tests/lib/child.h"
#include "tests/lib/fakeresident.h"
#include "tests/lib/test.h"

/* More than the kernel has numbers for. */
#define NO_PROCESS 4194305

int fakeresident_check;
static pid_t pid;

int __wrap_process_check(pid_t number, const struct process *wanted);

int
__wrap_process_check(pid_t number UNUSED, const struct process *wanted UNUSED)
{
    return fakeresident_check;
}

key_serial_t
fakeresident_ring(void)
{
    key_serial_t ring = 0;

    fakeresident_check = 0;
    keys_join();
    assert_int_equal(
        keyring_make(KEY_SPEC_SESSION_KEYRING, KEYRING_TOKENS, &ring), 0);
    return ring;
}

static void
serve(key_serial_t ring, const char *const *texts, const sigset_t *set)
{
    int number = 0;

    while (sigwait(set, &number) == 0 && number == SIGALRM && texts[0] != NULL)
        for (; texts[0] != NULL; texts += 2)
            if (put_text(ring, texts[0], texts[1]) != 0)
                _exit(1);
    if (number == SIGTERM)
        (void) keyctl_revoke(ring);
    _exit(0);
}

pid_t
fakeresident_start(key_serial_t ring, const char *const *texts)
{
    sigset_t set, old;

    fakeresident_stop();
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigaddset(&set, SIGTERM);
    /* Before there is anybody who could be sent one. */
    assert_int_equal(sigprocmask(SIG_BLOCK, &set, &old), 0);
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* after a failed test */
        serve(ring, texts, &set);
    }
    assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
    return pid;
}

void
fakeresident_status(key_serial_t ring, const char *lines)
{
    char text[1024];

    (void) snprintf(text, sizeof(text), "%shelper_pid=%d\n", lines,
                    pid > 0 ? pid : NO_PROCESS);
    assert_int_equal(put_text(ring, KEY_STATUS, text), 0);
}

void
fakeresident_stop(void)
{
    if (pid > 0) {
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
    }
    pid = 0;
}
