/* SPDX-License-Identifier: MIT */
/*
 * Prints the filters of denied.c, for this architecture, when the exchange is
 * built: to compile them takes longer than all else that it does before it
 * connects.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asm/sockios.h>

#include <seccomp.h>

#include "helper/exchange/denied.h"

/*
 * A system call by name, because a table of numbers would have to be one for
 * each architecture.  New ones have the same number on all; it is used when
 * the library is too old to know the name.
 */
struct call {
    const char *name;
    int number; /* 0: the library knows it */
};

/* clang-format off */
static const struct call always[] = {
    /* Keys: the exchange has none, and must not find the session's. */
    {"add_key", 0}, {"keyctl", 0}, {"request_key", 0},

    /* Other processes: those of the same user are within reach. */
    {"kcmp", 0}, {"kill", 0}, {"migrate_pages", 0}, {"move_pages", 0},
    {"pidfd_getfd", 438}, {"pidfd_open", 434}, {"pidfd_send_signal", 424},
    {"process_madvise", 440}, {"process_mrelease", 448},
    {"process_vm_readv", 0}, {"process_vm_writev", 0}, {"ptrace", 0},
    {"rt_sigqueueinfo", 0}, {"rt_tgsigqueueinfo", 0}, {"tkill", 0},
    {"ioprio_set", 0}, {"sched_setaffinity", 0}, {"sched_setattr", 0},
    {"sched_setparam", 0}, {"sched_setscheduler", 0}, {"setpriority", 0},

    /* Programs and processes.  Threads are below: the resolver is one. */
    {"execve", 0}, {"execveat", 0}, {"fork", 0}, {"vfork", 0}, {"uselib", 0},

    /* Privileges, and the limits that we gave to ourselves. */
    {"capset", 0}, {"personality", 0}, {"setfsgid", 0}, {"setfsgid32", 0},
    {"setfsuid", 0}, {"setfsuid32", 0}, {"setgid", 0}, {"setgid32", 0},
    {"setgroups", 0}, {"setgroups32", 0}, {"setregid", 0}, {"setregid32", 0},
    {"setresgid", 0}, {"setresgid32", 0}, {"setresuid", 0}, {"setresuid32", 0},
    {"setreuid", 0}, {"setreuid32", 0}, {"setrlimit", 0}, {"setuid", 0},
    {"setuid32", 0},

    /* Namespaces and mounts. */
    {"chroot", 0}, {"fsconfig", 431}, {"fsmount", 432}, {"fsopen", 430},
    {"fspick", 433}, {"mount", 0}, {"mount_setattr", 442},
    {"move_mount", 429}, {"open_tree", 428}, {"open_tree_attr", 467},
    {"pivot_root", 0}, {"setns", 0}, {"umount", 0}, {"umount2", 0},
    {"unshare", 0},

    /* Corners of the kernel that have had holes and are of no use here. */
    {"bpf", 0}, {"fanotify_init", 0}, {"fanotify_mark", 0},
    {"inotify_add_watch", 0}, {"inotify_init", 0}, {"inotify_init1", 0},
    {"io_uring_enter", 426}, {"io_uring_register", 427},
    {"io_uring_setup", 425}, {"lookup_dcookie", 0}, {"memfd_create", 0},
    {"memfd_secret", 447}, {"modify_ldt", 0}, {"name_to_handle_at", 0},
    {"nfsservctl", 0}, {"open_by_handle_at", 0}, {"perf_event_open", 0},
    {"remap_file_pages", 0}, {"splice", 0}, {"tee", 0}, {"userfaultfd", 0},
    {"vm86", 0}, {"vm86old", 0}, {"vmsplice", 0},

    /* What is root's: refused anyway, unless somebody starts us as root. */
    {"_sysctl", 0}, {"acct", 0}, {"adjtimex", 0}, {"clock_adjtime", 0},
    {"clock_settime", 0}, {"clock_settime64", 0}, {"delete_module", 0},
    {"finit_module", 0}, {"init_module", 0}, {"ioperm", 0}, {"iopl", 0},
    {"kexec_file_load", 0}, {"kexec_load", 0}, {"quotactl", 0},
    {"quotactl_fd", 443}, {"reboot", 0}, {"setdomainname", 0},
    {"sethostname", 0}, {"settimeofday", 0}, {"stime", 0}, {"swapoff", 0},
    {"swapon", 0}, {"syslog", 0}, {"vhangup", 0},

    /* Memory that is shared by name, and queues. */
    {"ipc", 0}, {"mq_open", 0}, {"mq_unlink", 0}, {"msgctl", 0}, {"msgget", 0},
    {"msgrcv", 0}, {"msgsnd", 0}, {"semctl", 0}, {"semget", 0}, {"semop", 0},
    {"semtimedop", 0}, {"shmat", 0}, {"shmctl", 0}, {"shmget", 0},

    /* What Landlock does not stop: somebody's files, by name. */
    {"chmod", 0}, {"chown", 0}, {"chown32", 0}, {"fchmodat", 0},
    {"fchmodat2", 452}, {"fchown", 0}, {"fchown32", 0}, {"fchownat", 0},
    {"file_setattr", 469}, {"fremovexattr", 0}, {"fsetxattr", 0},
    {"futimesat", 0}, {"lchown", 0}, {"lchown32", 0}, {"link", 0},
    {"linkat", 0}, {"lremovexattr", 0}, {"lsetxattr", 0}, {"mknod", 0},
    {"mknodat", 0}, {"removexattr", 0}, {"removexattrat", 466},
    {"setxattr", 0}, {"setxattrat", 463}, {"symlink", 0}, {"symlinkat", 0},
    {"truncate", 0}, {"truncate64", 0}, {"utime", 0}, {"utimensat", 0},
    {"utimensat_time64", 0}, {"utimes", 0},

    /* We call others, nobody calls us. */
    {"accept", 0}, {"accept4", 0}, {"listen", 0},
};

/* A renewal and a revocation write no file, also where Landlock is missing. */
static const struct call writing[] = {
    {"creat", 0}, {"fallocate", 0}, {"fchmod", 0}, {"ftruncate", 0},
    {"ftruncate64", 0}, {"mkdir", 0}, {"mkdirat", 0}, {"rename", 0},
    {"renameat", 0}, {"renameat2", 0}, {"rmdir", 0}, {"unlink", 0},
    {"unlinkat", 0},
};
/* clang-format on */

/*
 * A call with these arguments.  The kernel looks at the lower half of an int
 * only, and the filter at all of it: "equal" is always under a mask, and the
 * other comparisons refuse what has something in the upper half.
 */
struct rule {
    const char *name;
    int error;
    unsigned n;
    struct scmp_arg_cmp args[2];
};

/* clang-format off */
#define INT UINT64_C(0xffffffff)
#define HAS(arg, bits)   {arg, SCMP_CMP_MASKED_EQ, bits, bits}
#define LACKS(arg, bits) {arg, SCMP_CMP_MASKED_EQ, bits, 0}
#define IS(arg, value)   {arg, SCMP_CMP_MASKED_EQ, INT, value}
#define NOT(arg, value)  {arg, SCMP_CMP_NE, value, 0}
#define BELOW(arg, value) {arg, SCMP_CMP_LT, value, 0}
#define ABOVE(arg, value) {arg, SCMP_CMP_GT, value, 0}
/* clang-format on */

#if defined(__s390__) || defined(__CRIS__)
#define CLONE_FLAGS 1 /* the argument that has them */
#else
#define CLONE_FLAGS 0
#endif
#define NEW_CGROUP 0x02000000U /* CLONE_NEWCGROUP: not in every sched.h */

static const struct rule with_arguments[] = {
    /* Threads, but no processes and no namespaces.  The flags of clone3() are
     * in memory; without it libc uses clone(). */
    {"clone3", ENOSYS, 0, {{0}}},
    {"clone", EPERM, 1, {LACKS(CLONE_FLAGS, CLONE_THREAD)}},
    {"clone", EPERM, 1, {HAS(CLONE_FLAGS, CLONE_NEWNS)}},
    {"clone", EPERM, 1, {HAS(CLONE_FLAGS, NEW_CGROUP)}},
    {"clone", EPERM, 1, {HAS(CLONE_FLAGS, CLONE_NEWUTS)}},
    {"clone", EPERM, 1, {HAS(CLONE_FLAGS, CLONE_NEWIPC)}},
    {"clone", EPERM, 1, {HAS(CLONE_FLAGS, CLONE_NEWUSER)}},
    {"clone", EPERM, 1, {HAS(CLONE_FLAGS, CLONE_NEWPID)}},
    {"clone", EPERM, 1, {HAS(CLONE_FLAGS, CLONE_NEWNET)}},

    /* Sockets: 1 unix, 2 inet, 10 inet6, 16 netlink. */
    {"socket", EAFNOSUPPORT, 1, {BELOW(0, AF_UNIX)}},
    {"socket", EAFNOSUPPORT, 1, {IS(0, 3)}},
    {"socket", EAFNOSUPPORT, 1, {IS(0, 4)}},
    {"socket", EAFNOSUPPORT, 1, {IS(0, 5)}},
    {"socket", EAFNOSUPPORT, 1, {IS(0, 6)}},
    {"socket", EAFNOSUPPORT, 1, {IS(0, 7)}},
    {"socket", EAFNOSUPPORT, 1, {IS(0, 8)}},
    {"socket", EAFNOSUPPORT, 1, {IS(0, 9)}},
    {"socket", EAFNOSUPPORT, 1, {IS(0, 11)}},
    {"socket", EAFNOSUPPORT, 1, {IS(0, 12)}},
    {"socket", EAFNOSUPPORT, 1, {IS(0, 13)}},
    {"socket", EAFNOSUPPORT, 1, {IS(0, 14)}},
    {"socket", EAFNOSUPPORT, 1, {IS(0, 15)}},
    {"socket", EAFNOSUPPORT, 1, {ABOVE(0, AF_NETLINK)}},
    /* Of netlink only NETLINK_ROUTE: which addresses this host has. */
    {"socket", EPERM, 2, {IS(0, AF_NETLINK), NOT(2, 0)}},
    /* Nothing beyond UDP: MPTCP and SCTP would go past the rule for ports,
     * and so would a connection that is made by sending. */
    {"socket", EPERM, 1, {ABOVE(2, 17)}},
    {"sendto", EPERM, 1, {HAS(3, MSG_FASTOPEN)}},
    {"sendmsg", EPERM, 1, {HAS(2, MSG_FASTOPEN)}},
    {"sendmmsg", EPERM, 1, {HAS(3, MSG_FASTOPEN)}},

    /* To type into the terminal of the login, and its console. */
    {"ioctl", EPERM, 1, {IS(1, TIOCSTI)}},
    {"ioctl", EPERM, 1, {IS(1, TIOCLINUX)}},
    {"ioctl", EPERM, 1, {IS(1, TIOCSETD)}},
    {"ioctl", EPERM, 1, {IS(1, TIOCCONS)}},

    /* A signal to others by way of a descriptor. */
    {"fcntl", EPERM, 1, {IS(1, F_SETOWN)}},
    {"fcntl", EPERM, 1, {IS(1, F_SETSIG)}},
    {"fcntl", EPERM, 1, {IS(1, F_SETOWN_EX)}},
    {"ioctl", EPERM, 1, {IS(1, FIOSETOWN)}},
    {"ioctl", EPERM, 1, {IS(1, SIOCSPGRP)}},

    /* What sandbox_begin() set stays. */
    {"prctl", EPERM, 1, {IS(0, PR_SET_DUMPABLE)}},
    {"prctl", EPERM, 1, {IS(0, PR_SET_PTRACER)}},
    {"prctl", EPERM, 1, {IS(0, PR_SET_MM)}},
    {"prctl", EPERM, 1, {IS(0, PR_SET_KEEPCAPS)}},
    {"prctl", EPERM, 1, {IS(0, PR_SET_SECUREBITS)}},
    {"prlimit64", EPERM, 1, {NOT(2, 0)}}, /* a new limit */
    {"prlimit64", EPERM, 1, {NOT(0, 0)}}, /* of somebody else */
};

static const struct rule writing_with_arguments[] = {
    /* With the user's uid: the bus of their systemd starts programs. */
    {"socket", EAFNOSUPPORT, 1, {IS(0, AF_UNIX)}},
    {"open", EPERM, 1, {HAS(1, O_WRONLY)}},
    {"open", EPERM, 1, {HAS(1, O_RDWR)}},
    {"open", EPERM, 1, {HAS(1, O_CREAT)}},
    {"open", EPERM, 1, {HAS(1, O_TRUNC)}},
    {"openat", EPERM, 1, {HAS(2, O_WRONLY)}},
    {"openat", EPERM, 1, {HAS(2, O_RDWR)}},
    {"openat", EPERM, 1, {HAS(2, O_CREAT)}},
    {"openat", EPERM, 1, {HAS(2, O_TRUNC)}},
    {"openat2", ENOSYS, 0, {{0}}}, /* its flags are in memory */
};

static int
add(scmp_filter_ctx filter, const struct call *call, const struct rule *rule)
{
    int number = seccomp_syscall_resolve_name(call->name), r;

    if (number == __NR_SCMP_ERROR)
        number = call->number;
    if (number == 0) /* neither knows it: this architecture has none */
        return 0;
    r = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((unsigned) rule->error),
                               number, rule->n, rule->args);
    return r == -EDOM ? 0 : r; /* another architecture's */
}

static int
add_calls(scmp_filter_ctx filter, const struct call *calls, size_t n)
{
    const struct rule rule = {.error = EPERM};
    int r = 0;
    size_t i;

    for (i = 0; i < n && r == 0; i++)
        r = add(filter, &calls[i], &rule);
    return r;
}

static int
add_rules(scmp_filter_ctx filter, const struct rule *rules, size_t n)
{
    int r = 0;
    size_t i;

    for (i = 0; i < n && r == 0; i++)
        r = add(filter, &(struct call){rules[i].name, 0}, &rules[i]);
    return r;
}

/* abort() and pthread_kill() signal this process; no other is ours. */
static int
add_signals(scmp_filter_ctx filter)
{
    const struct rule rule = {"tgkill", EPERM, 1, {NOT(0, DENIED_PID)}};

    return add_rules(filter, &rule, 1);
}

/* Every kernel that we run on knows these, whatever the one here does. */
static int
preset(scmp_filter_ctx filter)
{
    int r;

    r = seccomp_api_set(3);
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
                             SCMP_ACT_KILL_PROCESS);
    /* A tree: the kernel goes through it for each system call there is. */
    return r == 0 ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) : r;
}

static int
fill(scmp_filter_ctx filter, bool may_write)
{
    int r;

    r = preset(filter);
    if (r == 0)
        r = add_calls(filter, always, ARRAY_LEN(always));
    if (r == 0)
        r = add_rules(filter, with_arguments, ARRAY_LEN(with_arguments));
    if (r == 0)
        r = add_signals(filter);
    if (r == 0 && !may_write)
        r = add_calls(filter, writing, ARRAY_LEN(writing));
    if (r == 0 && !may_write)
        r = add_rules(filter, writing_with_arguments,
                      ARRAY_LEN(writing_with_arguments));
    return r;
}

/* It fits into a pipe.  The instructions of it, or a negative errno. */
static ssize_t
compile(bool may_write, struct sock_filter out[BPF_MAXINSNS])
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int fds[2] = {-1, -1}, r = filter == NULL ? -ENOMEM : 0;
    ssize_t n = 0;

    if (r == 0)
        r = fill(filter, may_write);
    if (r == 0)
        r = pipe(fds) == -1 ? -errno : seccomp_export_bpf(filter, fds[1]);
    if (r == 0)
        n = read(fds[0], out, BPF_MAXINSNS * sizeof(*out));
    seccomp_release(filter);
    if (r < 0 || n <= 0)
        return r < 0 ? r : -EIO;
    return n / (ssize_t) sizeof(*out);
}

/* 0, or -1: whoever loads it would not find the place for its process ID. */
static int
print(const char *name, const struct sock_filter *filter, size_t n)
{
    size_t i, places = 0;

    (void) printf("static struct sock_filter %s[] = {\n", name);
    for (i = 0; i < n; i++) {
        (void) printf("    {0x%02x, %u, %u, 0x%08x},\n", filter[i].code,
                      filter[i].jt, filter[i].jf, filter[i].k);
        places += filter[i].k == DENIED_PID;
    }
    (void) printf("};\n");
    return places == 1 ? 0 : -1;
}

int
main(void)
{
    static const struct {
        const char *name;
        bool may_write;
    } filters[] = {{"for_login", true}, {"for_renewal", false}};
    static struct sock_filter filter[BPF_MAXINSNS];
    ssize_t n;
    size_t i;

    (void) printf("/* Made by denied_filter.c. */\n");
    for (i = 0; i < ARRAY_LEN(filters); i++) {
        n = compile(filters[i].may_write, filter);
        if (n < 0) {
            (void) fprintf(stderr, "denied_filter: %s\n", strerror((int) -n));
            return 1;
        }
        if (print(filters[i].name, filter, (size_t) n) < 0)
            return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
