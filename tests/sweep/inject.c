/* SPDX-License-Identifier: MIT */
/*
 * Run a program, and everything it starts, under ptrace; count the system calls
 * of the module, the helper and the exchange; make one of them fail, or end the
 * process before it:
 *
 *   inject LOG CALLS [ROLE INDEX ACTION] -- PROGRAM ARG...
 *
 * It ends when the last of these processes has ended, with PROGRAM's status.
 *
 * A role is what a process does: "module" in PROGRAM, between the two marks that
 * pamapp -m sets around its PAM calls; "helper"; "exchange-VERB"; "X.1" and
 * "X.1.1" the first child of X and that one's first child until they execute
 * something.  A second helper is "helper-2".  Children that PROGRAM starts
 * outside of the marks are left alone.
 *
 * ACTION is "kill", or which of the errors that CALLS knows for this call, from
 * 0.  CALLS has lines "NUMBER NAME AFTER ERRNO...": with AFTER the call is made
 * and only its result replaced; one without an ERRNO never fails.
 *
 * LOG gets a line for each event:
 *
 *   call ROLE INDEX NAME         when there is nothing to inject
 *   hit ROLE INDEX NAME ERRNO ARGUMENT...   the numbers in hexadecimal; or
 *                                "kill", or "never" for one that cannot fail
 *   exec ROLE PID
 *   exit ROLE PID STATUS         as waitpid() has it
 */
#include <config.h>

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK 0x6f696463 /* the option of prctl() that pamapp -m asks for */

#define OPTIONS                                                                \
    (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK          \
     | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

#define ARRAY_LEN(a) (sizeof(a) / sizeof(*(a)))

#define ERRORS_MAX 4

struct call {
    char name[32];
    bool after;
    int errors[ERRORS_MAX];
};

struct role {
    char name[64];
    unsigned calls;
    unsigned children;
};

struct task {
    pid_t tid; /* 0: a free place */
    pid_t pid;
    struct role *role; /* NULL: not one of ours */
    bool is_program;   /* only what is between its marks counts */
    bool marked;
    bool claimed; /* its parent's event has been seen */
    bool waiting; /* stopped until then */
    int result;   /* for the call that it is in; 0: the call's own */
};

static struct call calls[600];
static struct role roles[64];
static struct task tasks[64];
static FILE *record;

static struct {
    const char *role; /* NULL: nothing */
    unsigned index;
    int error; /* of the call's; -1: kill */
    bool done;
} target;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
    va_list args;

    fputs("inject: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(125);
}

static void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(record, format, args);
    va_end(args);
    fflush(record);
}

/* ---- What differs from machine to machine ---- */

#if defined(__x86_64__)
static void
set_number(pid_t tid, int number)
{
    struct user_regs_struct regs;

    if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) == 0) {
        regs.orig_rax = (unsigned long long) number;
        (void) ptrace(PTRACE_SETREGS, tid, NULL, &regs); /* gone: never mind */
    }
}

static void
set_result(pid_t tid, int error)
{
    struct user_regs_struct regs;

    if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) == 0) {
        regs.rax = (unsigned long long) -(long long) error;
        (void) ptrace(PTRACE_SETREGS, tid, NULL, &regs);
    }
}
#elif defined(__aarch64__)
static void
set_number(pid_t tid, int number)
{
    struct iovec data = {&number, sizeof(number)};

    (void) ptrace(PTRACE_SETREGSET, tid, (void *) NT_ARM_SYSTEM_CALL, &data);
}

static void
set_result(pid_t tid, int error)
{
    struct user_regs_struct regs;
    struct iovec data = {&regs, sizeof(regs)};

    if (ptrace(PTRACE_GETREGSET, tid, (void *) NT_PRSTATUS, &data) == 0) {
        regs.regs[0] = (unsigned long long) -(long long) error;
        (void) ptrace(PTRACE_SETREGSET, tid, (void *) NT_PRSTATUS, &data);
    }
}
#else
#define UNKNOWN_MACHINE
static void
set_number(pid_t tid, int number)
{
    (void) tid;
    (void) number;
}

static void
set_result(pid_t tid, int error)
{
    (void) tid;
    (void) error;
}
#endif

/* ---- Tasks and roles ---- */

static struct task *
task_find(pid_t tid)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(tasks); i++)
        if (tasks[i].tid == tid)
            return &tasks[i];
    return NULL;
}

static struct task *
task_get(pid_t tid)
{
    struct task *task = task_find(tid);

    if (task == NULL) {
        task = task_find(0);
        if (task == NULL)
            die("too many processes");
        *task = (struct task){.tid = tid, .pid = tid};
    }
    return task;
}

static struct role *
role_new(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(roles); i++) {
        if (roles[i].name[0] == '\0') {
            (void) snprintf(roles[i].name, sizeof(roles[i].name), "%s", name);
            return &roles[i];
        }
    }
    die("too many roles");
}

static bool
role_exists(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(roles); i++)
        if (strcmp(roles[i].name, name) == 0)
            return true;
    return false;
}

/* "helper", the next time "helper-2". */
static struct role *
role_next(const char *name)
{
    char text[64];
    unsigned n = 1;

    (void) snprintf(text, sizeof(text), "%s", name);
    while (role_exists(text))
        (void) snprintf(text, sizeof(text), "%s-%u", name, ++n);
    return role_new(text);
}

static struct role *
role_of_child(struct role *parent)
{
    char text[64];

    (void) snprintf(text, sizeof(text), "%.48s.%u", parent->name,
                    ++parent->children);
    return role_new(text);
}

/* By its name and its first argument; NULL for a program of somebody else's. */
static struct role *
role_of_program(pid_t pid)
{
    char path[64], text[512] = "", role[64];
    const char *name;
    size_t n;
    FILE *file;

    (void) snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
    file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    n = fread(text, 1, sizeof(text) - 1, file);
    (void) fclose(file);
    text[n] = '\0';
    name = strrchr(text, '/');
    if (name == NULL)
        return NULL;
    if (strcmp(name, "/oidc-session-helper") == 0)
        return role_next("helper");
    if (strcmp(name, "/oidc-session-exchange") != 0)
        return NULL;
    (void) snprintf(role, sizeof(role), "exchange-%.20s",
                    name + strlen(name) + 1);
    return role_next(role);
}

/* ---- Calls ---- */

static const struct call *
call_of(uint64_t number)
{
    static const struct call unknown = {.name = "unknown"};

    return number < ARRAY_LEN(calls) && calls[number].name[0] != '\0'
               ? &calls[number]
               : &unknown;
}

static void
note_hit(const struct call *call, const char *what, const uint64_t args[6])
{
    note("hit %s %u %s %s %" PRIx64 " %" PRIx64 " %" PRIx64 "\n", target.role,
         target.index, call->name, what, args[0], args[1], args[2]);
}

static void
strike(struct task *task, const struct call *call, const uint64_t args[6])
{
    int error = target.error >= 0 ? call->errors[target.error] : 0;
    char text[16];

    target.done = true;
    if (target.error < 0) {
        note_hit(call, "kill", args);
        (void) kill(task->pid, SIGKILL); /* it is there: it is stopped */
    } else if (error == 0) {
        note_hit(call, "never", args);
    } else {
        (void) snprintf(text, sizeof(text), "%d", error);
        note_hit(call, text, args);
        task->result = error;
        /* One that any filter allows, instead. */
        if (!call->after)
            set_number(task->tid, SYS_getpid);
    }
}

static void
on_entry(struct task *task, const struct __ptrace_syscall_info *info)
{
    const struct call *call = call_of(info->entry.nr);
    struct role *role = task->role;

    if (task->is_program && info->entry.nr == SYS_prctl
        && info->entry.args[0] == MARK) {
        task->marked = info->entry.args[1] != 0;
        return;
    }
    if (role == NULL || (task->is_program && !task->marked))
        return;
    role->calls++;
    if (target.role == NULL)
        note("call %s %u %s\n", role->name, role->calls, call->name);
    else if (!target.done && role->calls == target.index
             && strcmp(role->name, target.role) == 0)
        strike(task, call, info->entry.args);
}

static void
on_call(struct task *task)
{
    struct __ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, task->tid, (void *) sizeof(info), &info)
        <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        on_entry(task, &info);
    else if (info.op == PTRACE_SYSCALL_INFO_EXIT && task->result != 0) {
        set_result(task->tid, task->result);
        task->result = 0;
    }
}

/* ---- Processes ---- */

static void
go_on(pid_t tid, int signal)
{
    (void) ptrace(PTRACE_SYSCALL, tid, NULL, (void *) (uintptr_t) signal);
}

/* At its first stop, with its parent known. */
static void
begin(struct task *task)
{
    task->waiting = false;
    if (task->role != NULL || task->is_program) {
        go_on(task->tid, 0);
        return;
    }
    (void) ptrace(PTRACE_DETACH, task->tid, NULL, NULL);
    task->tid = 0;
}

static pid_t
group_of(pid_t tid)
{
    char path[64], line[256];
    int pid = tid;
    FILE *file;

    (void) snprintf(path, sizeof(path), "/proc/%d/status", tid);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "Tgid: %d", &pid) == 1)
            break;
    if (file != NULL)
        (void) fclose(file);
    return pid;
}

static void
on_child(struct task *parent)
{
    unsigned long tid = 0;
    struct task *child;

    if (ptrace(PTRACE_GETEVENTMSG, parent->tid, NULL, &tid) == -1)
        return;
    child = task_get((pid_t) tid);
    child->claimed = true;
    child->pid = group_of(child->tid);
    if (child->pid == parent->pid) { /* a thread */
        child->role = parent->role;
        child->is_program = parent->is_program;
        child->marked = parent->marked;
    } else if (parent->role != NULL
               && (!parent->is_program || parent->marked)) {
        child->role = role_of_child(parent->role);
    }
    if (child->waiting)
        begin(child);
}

static void
on_exec(struct task *task)
{
    if (!task->is_program)
        task->role = role_of_program(task->tid);
    if (task->role != NULL)
        note("exec %s %d\n", task->role->name, task->tid);
}

static void
on_event(struct task *task, int event, int signal)
{
    if (event == PTRACE_EVENT_STOP) {
        if (!task->claimed) { /* the parent's event comes after this one */
            task->waiting = true;
            return;
        }
        if (signal != SIGTRAP) { /* somebody stopped it */
            (void) ptrace(PTRACE_LISTEN, task->tid, NULL, NULL);
            return;
        }
        begin(task);
        return;
    }
    if (event == PTRACE_EVENT_EXEC)
        on_exec(task);
    else
        on_child(task);
    go_on(task->tid, 0);
}

static void
on_stop(struct task *task, int status)
{
    int signal = WSTOPSIG(status), event = status >> 16;

    if (signal == (SIGTRAP | 0x80)) {
        on_call(task);
        go_on(task->tid, 0);
    } else if (event != 0) {
        on_event(task, event, signal);
    } else {
        go_on(task->tid, signal);
    }
}

static void
on_end(struct task *task, int status)
{
    if (task->role != NULL && task->tid == task->pid)
        note("exit %s %d %d\n", task->role->name, task->pid, status);
    task->tid = 0;
}

/* Until the last of them has ended; returns the program's status. */
static int
follow(pid_t program)
{
    int status, result = 0;
    struct task *task;
    pid_t tid;

    while ((tid = waitpid(-1, &status, __WALL)) != -1 || errno == EINTR) {
        if (tid == -1)
            continue;
        if (WIFSTOPPED(status)) {
            on_stop(task_get(tid), status);
            continue;
        }
        if (tid == program)
            result = WIFEXITED(status) ? WEXITSTATUS(status)
                                       : 128 + WTERMSIG(status);
        task = task_find(tid);
        if (task != NULL)
            on_end(task, status);
    }
    return result;
}

/* It waits for a byte until it is traced. */
static pid_t
start(char **argv)
{
    struct task *task;
    int ready[2];
    pid_t pid;
    char byte = 0;

    if (pipe(ready) == -1)
        die("pipe: %s", strerror(errno));
    pid = fork();
    if (pid == 0) {
        (void) close(ready[1]);
        if (read(ready[0], &byte, 1) == 1) {
            (void) close(ready[0]);
            execv(argv[0], argv);
        }
        _exit(127);
    }
    if (pid == -1 || ptrace(PTRACE_SEIZE, pid, NULL, (void *) OPTIONS) == -1
        || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == -1)
        die("cannot trace: %s", strerror(errno));
    task = task_get(pid);
    task->claimed = task->is_program = true;
    task->role = role_new("module");
    if (write(ready[1], &byte, 1) != 1)
        die("pipe: %s", strerror(errno));
    (void) close(ready[0]);
    (void) close(ready[1]);
    return pid;
}

/* ---- Arguments ---- */

static void
read_calls(const char *path)
{
    char line[256], *at, *save;
    struct call *call;
    size_t i;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        die("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof(line), file) != NULL) {
        at = strtok_r(line, " \n", &save);
        if (at == NULL || strtoul(at, NULL, 10) >= ARRAY_LEN(calls))
            continue;
        call = &calls[strtoul(at, NULL, 10)];
        at = strtok_r(NULL, " \n", &save);
        (void) snprintf(call->name, sizeof(call->name), "%s",
                        at != NULL ? at : "?");
        at = strtok_r(NULL, " \n", &save);
        call->after = at != NULL && strcmp(at, "1") == 0;
        for (i = 0; i < ERRORS_MAX; i++) {
            at = strtok_r(NULL, " \n", &save);
            if (at == NULL)
                break;
            call->errors[i] = (int) strtol(at, NULL, 10);
        }
    }
    (void) fclose(file);
}

int
main(int argc, char **argv)
{
    int rest = 3;

#ifdef UNKNOWN_MACHINE
    fputs("inject: not written for this machine's registers\n", stderr);
    return 77;
#endif
    if (argc > 6 && strcmp(argv[3], "--") != 0) {
        target.role = argv[3];
        target.index = (unsigned) strtoul(argv[4], NULL, 10);
        target.error = strcmp(argv[5], "kill") == 0
                           ? -1
                           : (int) strtol(argv[5], NULL, 10) % ERRORS_MAX;
        rest = 6;
    }
    if (argc < rest + 2 || strcmp(argv[rest], "--") != 0)
        die("usage: inject LOG CALLS [ROLE INDEX ACTION] -- PROGRAM ARG...");
    record = fopen(argv[1], "we");
    if (record == NULL)
        die("%s: %s", argv[1], strerror(errno));
    read_calls(argv[2]);
    return follow(start(argv + rest + 1));
}
