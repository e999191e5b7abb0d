/* SPDX-License-Identifier: MIT */
/*
 * steps PROGRAM ARG...: how many instructions a program executes in each of its
 * PAM calls, one number a line on standard error, in the order of the calls;
 * the program is pamapp -m, which marks them.  Only its own: not the kernel's,
 * and not those of what it starts.
 *
 * It goes instruction by instruction under ptrace, because there is nothing else
 * that can: virtual machines have no counters, and Debian 12's valgrind knows no
 * pidfd_open().  A million take three seconds.
 */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK 0x6f696463 /* the option of prctl() that pamapp -m asks for */

#ifdef __x86_64__

static int
fail(const char *what)
{
    fprintf(stderr, "steps: %s: %s\n", what, strerror(errno));
    return 111;
}

/* 1 at a mark that begins, 0 at one that ends, -1 elsewhere. */
static int
mark_at(pid_t pid)
{
    struct user_regs_struct regs;

    if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) == -1 || regs.rdi != MARK
        || (regs.rax != SYS_prctl && regs.orig_rax != SYS_prctl))
        return -1;
    return regs.rsi == 1;
}

/*
 * Go on, by one instruction or to the next system call.  Returns the signal that
 * it got meanwhile, 0 for none, or -1: it has ended, with *status.
 */
static int
go_on(pid_t pid, bool by_steps, int number, int *status)
{
    if (ptrace(by_steps ? PTRACE_SINGLESTEP : PTRACE_SYSCALL, pid, NULL,
               (void *) (intptr_t) number)
            == -1
        || waitpid(pid, status, 0) == -1 || !WIFSTOPPED(*status))
        return -1;
    number = WSTOPSIG(*status);
    return number == SIGTRAP || number == (SIGTRAP | 0x80) ? 0 : number;
}

static int
count(pid_t pid)
{
    uint64_t steps = 0;
    bool inside = false;
    int number = 0, status = 0, mark;

    while ((number = go_on(pid, inside, number, &status)) >= 0) {
        mark = mark_at(pid);
        if (inside && mark == 0)
            fprintf(stderr, "%" PRIu64 "\n", steps);
        if (mark >= 0)
            steps = 0;
        inside = mark == -1 ? inside : mark == 1;
        steps++;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 111;
}

int
main(int argc, char **argv)
{
    pid_t pid;
    int status;

    if (argc < 2)
        return 100;
    pid = fork();
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
            execv(argv[1], argv + 1);
        return fail(argv[1]);
    }
    if (pid == -1 || waitpid(pid, &status, 0) == -1 || !WIFSTOPPED(status))
        return fail("cannot trace");
    if (ptrace(PTRACE_SETOPTIONS, pid, NULL,
               PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)
        == -1)
        return fail("cannot trace");
    return count(pid);
}

#else

int
main(void)
{
    fprintf(stderr, "steps: not written for this machine's registers\n");
    return 77;
}

#endif
