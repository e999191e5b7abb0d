/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/attr.h"
#include "tests/lib/forbidden.h"

#define ATTEMPT(name) name(const struct forbidden_place *place UNUSED)
#define HIGH          (1L << 32) /* what the kernel does not look at in an int */

static int
result(long r)
{
    return r == -1 ? errno : 0;
}

/* A descriptor that was got all the same is closed. */
static int
opened(int fd)
{
    if (fd == -1)
        return errno;
    close(fd);
    return 0;
}

/* ---- processes ---------------------------------------------------------------- */

static int
child_of(long pid)
{
    if (pid == 0)
        _exit(0);
    if (pid > 0)
        (void) waitpid((pid_t) pid, NULL, 0); /* there should be none */
    return result(pid);
}

static int
ATTEMPT(try_fork)
{
    return child_of(fork());
}

static int
ATTEMPT(try_clone)
{
    return child_of(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static int
ATTEMPT(try_exec)
{
    static char name[] = "true";
    char *argv[] = {name, NULL}, *envp[] = {NULL};

    return result(execve("/bin/true", argv, envp));
}

static int
ATTEMPT(kill_other)
{
    return result(kill(place->other, 0));
}

static int
ATTEMPT(kill_other_thread)
{
    return result(syscall(SYS_tgkill, place->other, place->other, 0));
}

static int
ATTEMPT(limit_other)
{
    return result(syscall(SYS_prlimit64, place->other, RLIMIT_NOFILE, 0, 0));
}

static int
ATTEMPT(raise_limit)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return errno;
    limit.rlim_max++;
    return result(prlimit(0, RLIMIT_NOFILE, &limit, NULL));
}

static int
ATTEMPT(write_core)
{
    const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    return result(setrlimit(RLIMIT_CORE, &limit));
}

static void *
thread_run(void *arg)
{
    return arg;
}

static int
ATTEMPT(make_thread)
{
    pthread_t thread;
    int r = pthread_create(&thread, NULL, thread_run, NULL);

    return r != 0 ? r : pthread_join(thread, NULL);
}

static int
ATTEMPT(signal_self)
{
    return result(raise(SIGHUP)); /* it is ignored */
}

static int
ATTEMPT(load_library)
{
    void *library = dlopen("libresolv.so.2", RTLD_NOW);

    if (library == NULL)
        return ENOENT;
    dlclose(library);
    return 0;
}

/* 1 GiB of addresses. */
#ifndef __SANITIZE_ADDRESS__ /* which needs terabytes */
static int
ATTEMPT(map_much)
{
    void *map = mmap(NULL, 1UL << 30, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (map == MAP_FAILED)
        return errno;
    munmap(map, 1UL << 30);
    return 0;
}
#endif

static int
ATTEMPT(open_many)
{
    int fds[80], i, n = 0, r = 0;

    while (n < 80 && r == 0) {
        fds[n] = dup(0);
        if (fds[n] == -1)
            r = errno;
        else
            n++;
    }
    for (i = 0; i < n; i++)
        close(fds[i]);
    return r;
}

/* ---- files ---------------------------------------------------------------------- */

static int
try_open(const char *path, int flags)
{
    return opened(open(path, flags | O_CLOEXEC, 0600));
}

#define READS(name, path)                                                      \
    static int ATTEMPT(name)                                                   \
    {                                                                          \
        return try_open(path, O_RDONLY);                                       \
    }
READS(read_hosts, "/etc/hosts")
READS(read_certificates, "/etc/ssl/certs")

/* Where there is none, nothing is shown by that. */
#define READS_NOT(name, path)                                                  \
    static int ATTEMPT(name)                                                   \
    {                                                                          \
        int r = try_open(path, O_RDONLY);                                      \
                                                                               \
        return r == ENOENT ? EACCES : r;                                       \
    }
READS_NOT(read_passwd, "/etc/passwd")
READS_NOT(read_shadow, "/etc/shadow")
READS_NOT(read_ssh, "/etc/ssh/ssh_config")
READS_NOT(read_security, "/etc/security/limits.conf")
READS_NOT(read_etc, "/etc")
READS_NOT(read_root, "/")
READS_NOT(read_home, "/home")
READS_NOT(read_roots_home, "/root")
READS_NOT(read_tmp, "/tmp")
READS_NOT(read_log, "/var/log")
READS_NOT(read_run, "/run")
READS_NOT(read_memory, "/proc/self/mem")
READS_NOT(read_maps, "/proc/self/maps")
READS_NOT(read_processes, "/proc")
READS_NOT(read_init, "/proc/1/status")
READS_NOT(read_keys, "/proc/keys")

static int
ATTEMPT(write_hosts)
{
    return try_open("/etc/hosts", O_WRONLY);
}

static int
ATTEMPT(create_in_root)
{
    return try_open("/forbidden", O_WRONLY | O_CREAT | O_EXCL);
}

static int
ATTEMPT(create_in_shm)
{
    return try_open("/dev/shm/forbidden", O_WRONLY | O_CREAT | O_EXCL);
}

static const char *
in(const char *dir, const char *name)
{
    static char path[256];

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name); /* short */
    return path;
}

static int
create_and_remove(const char *path)
{
    int r = try_open(path, O_WRONLY | O_CREAT | O_EXCL);

    return r != 0 ? r : result(unlink(path));
}

static int
ATTEMPT(create_outside)
{
    return create_and_remove(in(place->outside, "new"));
}

static int
ATTEMPT(create_in_cache)
{
    return create_and_remove(in(place->cache, "new"));
}

static int
ATTEMPT(write_outside)
{
    return try_open(in(place->outside, "old"), O_WRONLY);
}

static int
ATTEMPT(empty_outside)
{
    return try_open(in(place->outside, "old"), O_RDONLY | O_TRUNC);
}

static int
ATTEMPT(read_outside)
{
    return try_open(in(place->outside, "old"), O_RDONLY);
}

static int
ATTEMPT(remove_outside)
{
    return result(unlink(in(place->outside, "old")));
}

static int
ATTEMPT(mkdir_outside)
{
    return result(mkdir(in(place->outside, "dir"), 0700));
}

static int
ATTEMPT(write_in_cache)
{
    int fd = open(in(place->cache, "old"), O_WRONLY | O_TRUNC | O_CLOEXEC), r;

    if (fd == -1)
        return errno;
    r = result(write(fd, "x", 1));
    close(fd);
    return r;
}

static int
ATTEMPT(mkdir_in_cache)
{
    int r = result(mkdir(in(place->cache, "dir"), 0700));

    return r == EEXIST ? 0 : r; /* from the last time: it may not remove it */
}

static int
ATTEMPT(replace_in_cache)
{
    char from[256];
    int r;

    (void) snprintf(from, sizeof(from), "%s/new", place->cache); /* short */
    r = try_open(from, O_WRONLY | O_CREAT);
    return r != 0 ? r : result(rename(from, in(place->cache, "old")));
}

static int
ATTEMPT(move_out_of_cache)
{
    char from[256];

    (void) snprintf(from, sizeof(from), "%s/old", place->cache); /* short */
    return result(rename(from, in(place->outside, "moved")));
}

static int
ATTEMPT(socket_in_cache)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

    if (fd == -1)
        return errno;
    (void) snprintf(name.sun_path, sizeof(name.sun_path), "%.98s/socket",
                    place->cache); /* short */
    r = result(bind(fd, (const struct sockaddr *) &name, sizeof(name)));
    close(fd);
    return r;
}

static int
ATTEMPT(too_large)
{
    int fd = open(in(place->cache, "old"), O_WRONLY | O_CLOEXEC), r;

    if (fd == -1)
        return errno;
    r = result(pwrite(fd, "x", 1, 16 * 1024 * 1024));
    close(fd);
    return r;
}

/* ---- the network ------------------------------------------------------------------ */

static int
connect_to(int type, uint16_t port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), r;

    if (fd == -1)
        return errno;
    r = result(connect(fd, (const struct sockaddr *) &to, sizeof(to)));
    close(fd);
    return r;
}

static int
ATTEMPT(connect_good)
{
    return connect_to(SOCK_STREAM, place->good_port);
}

static int
ATTEMPT(connect_bad)
{
    return connect_to(SOCK_STREAM, place->bad_port);
}

static int
ATTEMPT(connect_udp)
{
    return connect_to(SOCK_DGRAM, 53);
}

static int
ATTEMPT(bind_tcp)
{
    const struct sockaddr_in at = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

    if (fd == -1)
        return errno;
    r = result(bind(fd, (const struct sockaddr *) &at, sizeof(at)));
    close(fd);
    return r;
}

static int
ATTEMPT(connect_abstract)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;
    size_t len = strlen(place->abstract);

    if (fd == -1)
        return errno;
    memcpy(to.sun_path + 1, place->abstract, len);
    len += offsetof(struct sockaddr_un, sun_path) + 1;
    r = result(connect(fd, (const struct sockaddr *) &to, (socklen_t) len));
    close(fd);
    return r;
}

static int
ATTEMPT(resolve)
{
    struct addrinfo *found = NULL;
    int r = getaddrinfo("localhost", "443", NULL, &found);

    if (r == 0)
        freeaddrinfo(found);
    return r == 0 ? 0 : ENOENT;
}

#define SOCKET(name, family, type, protocol)                                   \
    static int ATTEMPT(name)                                                   \
    {                                                                          \
        return opened(                                                         \
            (int) syscall(SYS_socket, family, type | SOCK_CLOEXEC, protocol)); \
    }
SOCKET(socket_unix, AF_UNIX, SOCK_STREAM, 0)
SOCKET(socket_inet, AF_INET, SOCK_STREAM, IPPROTO_TCP)
SOCKET(socket_udp, AF_INET, SOCK_DGRAM, IPPROTO_UDP)
SOCKET(socket_route, AF_NETLINK, SOCK_RAW, 0)
SOCKET(socket_audit, AF_NETLINK, SOCK_RAW, 9)
SOCKET(socket_mptcp, AF_INET, SOCK_STREAM, 262)
SOCKET(socket_sctp, AF_INET, SOCK_STREAM, 132)
SOCKET(socket_packet, AF_PACKET, SOCK_RAW, 0)
SOCKET(socket_packet_high, AF_PACKET + HIGH, SOCK_RAW, 0)
SOCKET(socket_x25_high, 9 + HIGH, SOCK_SEQPACKET, 0)
SOCKET(socket_x25, 9, SOCK_SEQPACKET, 0)
SOCKET(socket_key, 15, SOCK_RAW, 2)
SOCKET(socket_alg, 38, SOCK_SEQPACKET, 0)
SOCKET(socket_vsock, 40, SOCK_STREAM, 0)
SOCKET(socket_xdp, 44, SOCK_RAW, 0)
SOCKET(socket_bluetooth, 31, SOCK_RAW, 1)
SOCKET(socket_none, 0, SOCK_STREAM, 0)

/* ---- the table ----------------------------------------------------------------------- */

/* clang-format off */
#define BAD 1L /* an address where nothing is */
#define SAME(error) {error, error, error}
#define SPLIT(login, later) {login, login, later}
/* A system call that the filter refuses. */
#define CALL(name, ...) {#name, NULL, {SYS_##name, __VA_ARGS__}, SAME(EPERM), 0}
#define CALL_AS(name, error, ...) {name, NULL, {__VA_ARGS__}, SAME(error), 0}
#define TRY(name, function, error) {name, function, {0}, SAME(error), 0}
#define WORKS(name, function) TRY(name, function, 0)
#define FILES(name, function, login, later) \
    {name, function, {0}, SPLIT(login, later), 1}

const struct forbidden forbidden[] = {
    CALL(add_key, 0, 0, 0, 0),
    CALL(keyctl, 0, -3, 0),
    CALL(request_key, 0, 0, 0, 0),

    CALL(ptrace, 16, 0, 0, 0),
    CALL(process_vm_readv, 0, 0, 0, 0),
    CALL(process_vm_writev, 0, 0, 0, 0),
    CALL(process_madvise, -1, 0, 0, 0),
    CALL(process_mrelease, -1, 0),
    CALL(pidfd_open, 0, 0),
    CALL(pidfd_getfd, -1, 0, 0),
    CALL(pidfd_send_signal, -1, 0, 0, 0),
    CALL(kcmp, 0, 0, 0, 0),
    CALL(tkill, 0, 0),
    CALL(rt_sigqueueinfo, 0, 0, BAD),
    CALL(rt_tgsigqueueinfo, 0, 0, 0, BAD),
    CALL(setpriority, 99, 0, 0),
    CALL(ioprio_set, 99, 0, 0),
    CALL(sched_setscheduler, -1, 0, 0),
    CALL(sched_setparam, -1, 0),
    CALL(sched_setattr, -1, 0, 0),
    CALL(sched_setaffinity, 0, 0, BAD),
    CALL(migrate_pages, -1, 0, 0, 0),
    CALL(move_pages, -1, 0, 0, 0),
    TRY("kill another process", kill_other, EPERM),
    TRY("kill a thread of another process", kill_other_thread, EPERM),
    TRY("limits of another process", limit_other, EPERM),
    TRY("fork", try_fork, EPERM),
    TRY("clone of a process", try_clone, EPERM),
    TRY("execve of /bin/true", try_exec, EPERM),
    CALL(execveat, -1, BAD, 0, 0),
    CALL_AS("clone3", ENOSYS, SYS_clone3, 0, 0),
    CALL_AS("clone with CLONE_NEWNS", EPERM, SYS_clone,
            CLONE_THREAD | CLONE_NEWNS, 0, 0, 0),
    CALL_AS("clone with CLONE_NEWUSER", EPERM, SYS_clone,
            CLONE_THREAD | CLONE_NEWUSER, 0, 0, 0),
    CALL_AS("clone with CLONE_NEWNET", EPERM, SYS_clone,
            CLONE_THREAD | CLONE_NEWNET, 0, 0, 0),
    CALL_AS("clone with CLONE_NEWPID", EPERM, SYS_clone,
            CLONE_THREAD | CLONE_NEWPID, 0, 0, 0),
    TRY("80 descriptors", open_many, EMFILE),
#ifndef __SANITIZE_ADDRESS__
    TRY("1 GiB of addresses", map_much, ENOMEM),
#endif
    WORKS("a thread", make_thread),
    WORKS("a signal to ourselves", signal_self),
    WORKS("dlopen", load_library),

    CALL(setuid, -1), CALL(setgid, -1), CALL(setreuid, -1, -1),
    CALL(setregid, -1, -1), CALL(setresuid, -1, -1, -1),
    CALL(setresgid, -1, -1, -1), CALL(setfsuid, -1), CALL(setfsgid, -1),
    CALL(setgroups, -1, 0), CALL(capset, 0, 0), CALL(personality, 0xffffffff),
    CALL(setrlimit, RLIMIT_NOFILE, BAD),
    TRY("raise a limit", raise_limit, EPERM),
    TRY("allow core files", write_core, EPERM),
    CALL_AS("prctl(PR_SET_DUMPABLE)", EPERM, SYS_prctl, PR_SET_DUMPABLE, 1),
    CALL_AS("prctl(PR_SET_DUMPABLE), high bits set", EPERM, SYS_prctl,
            PR_SET_DUMPABLE + HIGH, 1),
    CALL_AS("prctl(PR_SET_PTRACER)", EPERM, SYS_prctl, PR_SET_PTRACER, -1),
    CALL_AS("prctl(PR_SET_MM)", EPERM, SYS_prctl, PR_SET_MM, 99, 0, 0),
    CALL_AS("prctl(PR_SET_KEEPCAPS)", EPERM, SYS_prctl, PR_SET_KEEPCAPS, 99),
    CALL_AS("prctl(PR_SET_SECUREBITS)", EPERM, SYS_prctl, PR_SET_SECUREBITS,
            -1),

    CALL(unshare, 0), CALL(setns, -1, 0), CALL(mount, BAD, BAD, BAD, 0),
    CALL(umount2, BAD, 0), CALL(pivot_root, BAD, BAD), CALL(chroot, BAD),
    CALL(move_mount, -1, BAD, -1, BAD), CALL(open_tree, -1, BAD, 0),
    CALL(fsopen, BAD, 0), CALL(fsconfig, -1, 0, 0, 0), CALL(fsmount, -1, 0, 0),
    CALL(fspick, -1, BAD, 0), CALL(mount_setattr, -1, BAD, 0, 0),

    CALL(bpf, -1, 0, 0), CALL(userfaultfd, -1), CALL(perf_event_open, BAD, 0),
    CALL(io_uring_setup, 0, BAD), CALL(io_uring_enter, -1, 0, 0, 0),
    CALL(io_uring_register, -1, 0, 0, 0), CALL(fanotify_init, -1, 0),
    CALL(fanotify_mark, -1, 0, 0, 0), CALL(inotify_init1, -1),
    CALL(inotify_add_watch, -1, BAD, 0), CALL(memfd_create, BAD, 0),
    CALL(memfd_secret, -1), CALL(name_to_handle_at, -1, BAD, BAD, BAD),
    CALL(open_by_handle_at, -1, BAD, 0), CALL(remap_file_pages, 0, 0, -1, 0),
    CALL(splice, -1, 0, -1, 0), CALL(tee, -1, -1, 0, 0),
    CALL(vmsplice, -1, BAD, 1, 0),

    CALL(acct, BAD), CALL(adjtimex, BAD), CALL(clock_adjtime, 0, BAD),
    CALL(clock_settime, 0, BAD), CALL(settimeofday, BAD, 0),
    CALL(init_module, BAD, 0, BAD), CALL(finit_module, -1, BAD, 0),
    CALL(delete_module, BAD, 0), CALL(kexec_load, 0, 99, BAD, 0),
    CALL(quotactl, -1, BAD, 0, BAD), CALL(quotactl_fd, -1, 0, 0, BAD),
    CALL(reboot, 0, 0, 0), CALL(sethostname, BAD, -1),
    CALL(setdomainname, BAD, -1), CALL(swapon, BAD, 0), CALL(swapoff, BAD),
    CALL(syslog, 99, 0, 0),
#ifdef __x86_64__
    CALL(modify_ldt, 99, 0, 0), CALL(iopl, 99), CALL(ioperm, -1, 1, 0),
    CALL(kexec_file_load, -1, -1, 0, 0),
#endif

    CALL(shmget, 0x1234567, 0, 0), CALL(shmat, -1, 0, 0),
    CALL(msgget, 0x1234567, 0), CALL(semget, 0x1234567, -1, 0),
    CALL(mq_open, BAD, 0, 0, 0), CALL(mq_unlink, BAD),

    CALL(fchmodat, -1, BAD, 0), CALL(fchown, -1, 0, 0),
    CALL(fchownat, -1, BAD, 0, 0), CALL(setxattr, BAD, BAD, BAD, 0),
    CALL(fsetxattr, -1, BAD, BAD, 0), CALL(lsetxattr, BAD, BAD, BAD, 0),
    CALL(removexattr, BAD, BAD), CALL(utimensat, -1, BAD, BAD, 0),
    CALL(linkat, -1, BAD, -1, BAD), CALL(symlinkat, BAD, -1, BAD),
    CALL(mknodat, -1, BAD, 0, 0), CALL(truncate, BAD, 0),
    /* Newer than the library, and than the headers. */
    CALL_AS("fchmodat2", EPERM, 452, -1, BAD, 0, 0),
    CALL_AS("setxattrat", EPERM, 463, -1, BAD, 0, 0),
    CALL_AS("open_tree_attr", EPERM, 467, -1, BAD, 0, 0),
#ifdef SYS_chmod
    CALL(chmod, BAD, 0), CALL(chown, BAD, 0, 0), CALL(lchown, BAD, 0, 0),
    CALL(link, BAD, BAD), CALL(symlink, BAD, BAD), CALL(mknod, BAD, 0, 0),
    CALL(utime, BAD, BAD), CALL(utimes, BAD, BAD), CALL(inotify_init, 0),
#endif
    {"fchmod", NULL, {SYS_fchmod, -1, 0}, SPLIT(EBADF, EPERM), 0},
    {"ftruncate", NULL, {SYS_ftruncate, -1, 0}, SPLIT(EBADF, EPERM), 0},
    {"fallocate", NULL, {SYS_fallocate, -1, 0, 0, 1}, SPLIT(EBADF, EPERM), 0},
    {"openat2", NULL, {SYS_openat2, -1, BAD, BAD, 0}, SPLIT(EINVAL, ENOSYS), 0},

    WORKS("read /etc/hosts", read_hosts),
    WORKS("read /etc/ssl/certs", read_certificates),
    FILES("read /etc/passwd", read_passwd, EACCES, EACCES),
    FILES("read /etc/shadow", read_shadow, EACCES, EACCES),
    FILES("read /etc/ssh/ssh_config", read_ssh, EACCES, EACCES),
    FILES("read /etc/security/limits.conf", read_security, EACCES, EACCES),
    FILES("list /etc", read_etc, EACCES, EACCES),
    FILES("list /", read_root, EACCES, EACCES),
    FILES("list /home", read_home, EACCES, EACCES),
    FILES("list /root", read_roots_home, EACCES, EACCES),
    FILES("list /tmp", read_tmp, EACCES, EACCES),
    FILES("list /var/log", read_log, EACCES, EACCES),
    FILES("list /run", read_run, EACCES, EACCES),
    FILES("read /proc/self/mem", read_memory, EACCES, EACCES),
    FILES("read /proc/self/maps", read_maps, EACCES, EACCES),
    FILES("list /proc", read_processes, EACCES, EACCES),
    FILES("read /proc/1/status", read_init, EACCES, EACCES),
    FILES("read /proc/keys", read_keys, EACCES, EACCES),
    FILES("read outside", read_outside, EACCES, EACCES),
    FILES("write to /etc/hosts", write_hosts, EACCES, EPERM),
    FILES("create in /", create_in_root, EACCES, EPERM),
    FILES("create in /dev/shm", create_in_shm, EACCES, EPERM),
    FILES("create outside", create_outside, EACCES, EPERM),
    FILES("write outside", write_outside, EACCES, EPERM),
    FILES("empty a file outside", empty_outside, EACCES, EPERM),
    FILES("remove outside", remove_outside, EACCES, EPERM),
    FILES("make a directory outside", mkdir_outside, EACCES, EPERM),
    FILES("write in the cache", write_in_cache, 0, EPERM),
    FILES("create in the cache", create_in_cache, 0, EPERM),
    FILES("make a directory in the cache", mkdir_in_cache, 0, EPERM),
    FILES("replace a file in the cache", replace_in_cache, 0, EPERM),
    FILES("move out of the cache", move_out_of_cache, EACCES, EPERM),
    FILES("a socket in the cache", socket_in_cache, EACCES, EAFNOSUPPORT),
    FILES("a file of 16 MiB in the cache", too_large, EFBIG, EPERM),

    WORKS("getaddrinfo", resolve),
    {"a unix socket", socket_unix, {0}, SPLIT(0, EAFNOSUPPORT), 0},
    WORKS("a TCP socket", socket_inet),
    WORKS("a UDP socket", socket_udp),
    WORKS("a route socket", socket_route),
    WORKS("connect to a port of the list", connect_good),
    WORKS("ask a name server", connect_udp),
    {"connect to another port", connect_bad, {0}, {EACCES, 0, EACCES}, 4},
    {"bind a TCP socket", bind_tcp, {0}, SAME(EACCES), 4},
    {"an abstract socket", connect_abstract, {0}, SPLIT(EPERM, EAFNOSUPPORT), 6},
    {"an owner for signals", NULL, {SYS_fcntl, 0, F_SETOWN, 1}, SAME(EPERM), 0},
    {"a signal of our choice", NULL, {SYS_fcntl, 0, F_SETSIG, 9}, SAME(EPERM), 0},
    CALL(listen, -1, 0), CALL(accept, -1, 0, 0), CALL(accept4, -1, 0, 0, 0),
    TRY("a socket: none", socket_none, EAFNOSUPPORT),
    TRY("a socket: packet", socket_packet, EAFNOSUPPORT),
    TRY("a socket: packet, high bits set", socket_packet_high, EAFNOSUPPORT),
    TRY("a socket: X.25", socket_x25, EAFNOSUPPORT),
    TRY("a socket: X.25, high bits set", socket_x25_high, EAFNOSUPPORT),
    TRY("a socket: key", socket_key, EAFNOSUPPORT),
    TRY("a socket: alg", socket_alg, EAFNOSUPPORT),
    TRY("a socket: vsock", socket_vsock, EAFNOSUPPORT),
    TRY("a socket: xdp", socket_xdp, EAFNOSUPPORT),
    TRY("a socket: bluetooth", socket_bluetooth, EAFNOSUPPORT),
    TRY("a socket: audit", socket_audit, EPERM),
    TRY("a socket: MPTCP", socket_mptcp, EPERM),
    TRY("a socket: SCTP", socket_sctp, EPERM),
    CALL_AS("sendmsg with MSG_FASTOPEN", EPERM, SYS_sendmsg, -1, BAD,
            MSG_FASTOPEN),
    CALL_AS("sendto with MSG_FASTOPEN", EPERM, SYS_sendto, -1, BAD, 0,
            MSG_FASTOPEN),
    CALL_AS("sendmmsg with MSG_FASTOPEN", EPERM, SYS_sendmmsg, -1, BAD, 0,
            MSG_FASTOPEN),
    CALL_AS("ioctl(TIOCSTI)", EPERM, SYS_ioctl, -1, TIOCSTI, BAD),
    CALL_AS("ioctl(TIOCSTI), high bits set", EPERM, SYS_ioctl, -1,
            TIOCSTI + HIGH, BAD),
    CALL_AS("ioctl(TIOCLINUX)", EPERM, SYS_ioctl, -1, TIOCLINUX, BAD),
};
/* clang-format on */

const size_t forbidden_n = ARRAY_LEN(forbidden);

int
forbidden_try(const struct forbidden *row, const struct forbidden_place *place)
{
    const long *call = row->call;

    errno = 0;
    if (row->attempt != NULL)
        return row->attempt(place);
    return result(syscall(call[0], call[1], call[2], call[3], call[4], 0L, 0L));
}
