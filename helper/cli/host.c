/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <keyutils.h>

#include "common/io.h"
#include "common/number.h"
#include "common/secret.h"
#include "common/text.h"
#include "helper/cli/host.h"

#define PROC_MAX ((size_t) 64 * 1024)
#define KEYS     "/proc/sys/kernel/keys/"

/*
 * What one session takes of root's quota, at most: three tokens and the
 * settings in their keys, their keyrings and the status.
 */
#define SESSION_KEYS  10
#define SESSION_BYTES 20000

/* ---- looking --------------------------------------------------------------- */

/*
 * Its beginning: of key-users, which has a line for each user, that of root is
 * the first.
 */
static int
read_text(const char *path, struct secret *out)
{
    int fd, r;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd == -1)
        return -errno;
    r = read_all(fd, PROC_MAX, out);
    fd_close(&fd);
    return r == -EMSGSIZE ? 0 : r;
}

/* The number that a file of /proc/sys has, or -1. */
static int64_t
read_number(const char *path)
{
    struct secret text = {0};
    int64_t number = -1;
    char *end;

    if (read_text(path, &text) == 0 && text.len > 0) {
        end = strchr((char *) text.data, '\n');
        if (end != NULL)
            *end = '\0';
        if (number_parse(secret_text(&text), INT64_MAX, &number) < 0)
            number = -1;
    }
    secret_clear(&text);
    return number;
}

static struct host_file
look_at(const char *path)
{
    struct stat st = {0};
    struct host_file file = {0};

    if (lstat(path, &st) == -1)
        file.error = errno;
    file.mode = st.st_mode;
    file.uid = st.st_uid;
    return file;
}

static void
look_at_keys(struct host *out)
{
    struct secret text = {0};

    out->root_maxkeys = read_number(KEYS "root_maxkeys");
    out->root_maxbytes = read_number(KEYS "root_maxbytes");
    out->maxkeys = read_number(KEYS "maxkeys");
    out->maxbytes = read_number(KEYS "maxbytes");
    out->gc_delay = read_number(KEYS "gc_delay");
    out->root_keys = out->root_bytes = -1;
    if (read_text("/proc/key-users", &text) == 0)
        (void) host_parse_key_users(secret_text(&text), &out->root_keys,
                                    &out->root_bytes); /* or -1 */
    secret_clear(&text);
    if (keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0) == -1)
        out->keyrings = errno == ENOKEY ? 0 : errno;
}

static void
look_at_kernel(struct host *out)
{
    int fd;

    fd = pidfd_open(getpid(), 0);
    out->pidfd = fd == -1 ? errno : 0;
    fd_close(&fd);
    /* LANDLOCK_CREATE_RULESET_VERSION; no header for it everywhere */
    out->landlock = (int) syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    if (out->landlock == -1)
        out->landlock = -errno;
    out->seccomp = access("/proc/sys/kernel/seccomp/actions_avail", F_OK) == 0;
    out->yama_scope = read_number("/proc/sys/kernel/yama/ptrace_scope");
}

/* The first one who is in the group, and not the system user itself. */
static void
take_member(const char *name, struct host *out)
{
    if (out->member[0] == '\0' && strcmp(name, OIDC_USER) != 0)
        (void) text_clean(name, out->member, sizeof(out->member));
}

/* An account's own group does not list it. */
static void
look_at_accounts(gid_t gid, struct host *out)
{
    const struct passwd *pw;

    setpwent();
    while (out->member[0] == '\0' && (pw = getpwent()) != NULL)
        if (pw->pw_gid == gid) {
            take_member(pw->pw_name, out);
            out->primary = out->member[0] != '\0';
        }
    endpwent();
}

/* Who is in the group may write the keys of every session. */
static void
look_at_group(const struct group *gr, struct host *out)
{
    char *const *name;

    out->group = gr != NULL && gr->gr_gid != 0;
    if (!out->group)
        return;
    for (name = gr->gr_mem; *name != NULL; name++)
        take_member(*name, out);
    look_at_accounts(gr->gr_gid, out);
}

void
host_look(struct host *out)
{
    const struct passwd *pw = getpwnam(OIDC_USER);

    *out = (struct host){0};
    out->user = pw != NULL && pw->pw_uid != 0;
    out->user_id = pw != NULL ? pw->pw_uid : 0;
    look_at_group(getgrnam(OIDC_USER), out);
    out->module = look_at(MODULE_PATH);
    out->helper = look_at(HELPER_PATH);
    out->exchange = look_at(EXCHANGE_PATH);
    out->cache = look_at(CACHE_PATH);
    out->run = look_at(RUN_PATH);
    look_at_keys(out);
    look_at_kernel(out);
}

/* "UID: usage keys/instantiated keys/max bytes/max" */
#define KEY_USERS 8

static bool
parse_key_user(const char *line, int64_t number[static KEY_USERS])
{
    size_t i, len;
    char digits[20];

    for (i = 0; i < KEY_USERS; i++) {
        line += strspn(line, " :/");
        len = strspn(line, "0123456789");
        if (len >= sizeof(digits))
            return false;
        memcpy(digits, line, len);
        digits[len] = '\0';
        if (number_parse(digits, INT64_MAX, &number[i]) < 0)
            return false;
        line += len;
    }
    return true;
}

bool
host_parse_key_users(const char *text, int64_t *keys, int64_t *bytes)
{
    int64_t number[KEY_USERS];

    for (; text != NULL && *text != '\0'; text = strchr(text, '\n')) {
        text += *text == '\n';
        if (!parse_key_user(text, number) || number[0] != 0)
            continue;
        *keys = number[4];
        *bytes = number[6];
        return true;
    }
    return false;
}

/* ---- judging: what is installed -------------------------------------------- */

static const char *
say_mode(const struct host_file *file, bool program)
{
    if (!S_ISREG(file->mode))
        return "is not a regular file";
    if (file->uid != 0)
        return "does not belong to root";
    if ((file->mode & (S_IWGRP | S_IWOTH)) != 0)
        return "may be written by others than root";
    if (program && (file->mode & 0111) != 0111)
        return "is not executable for everybody";
    return NULL;
}

static void
judge_program(const char *path, const struct host_file *file,
              struct findings *out)
{
    const char *wrong = say_mode(file, true);

    if (file->error != 0) {
        findings_add(out, LEVEL_ERROR, "install", "%s: %s", path,
                     strerror(file->error));
        findings_advise(out, "install pam_oidc_session again");
    } else if (wrong != NULL || (file->mode & 07777) != 0711) {
        findings_add(out, wrong != NULL ? LEVEL_ERROR : LEVEL_WARNING,
                     "install", "%s: %s", path,
                     wrong != NULL ? wrong
                                   : "others may read it, and so a process of "
                                     "it can be looked into");
        findings_advise(out, "chown root:root and chmod 0711 it");
    } else {
        findings_add(out, LEVEL_OK, "install", "%s: root's, mode 0711", path);
    }
}

static void
judge_module(const struct host_file *file, struct findings *out)
{
    const char *wrong = say_mode(file, false);

    if (file->error != 0 || wrong != NULL) {
        findings_add(out, LEVEL_ERROR, "install", "%s: %s", MODULE_PATH,
                     file->error != 0 ? strerror(file->error) : wrong);
        findings_advise(out, file->error != 0
                                 ? "install pam_oidc_session again, for the "
                                   "directory that PAM looks in"
                                 : "chown root:root and chmod 0644 it");
        return;
    }
    findings_add(out, LEVEL_OK, "install", "%s: root's", MODULE_PATH);
}

static void
judge_user(const struct host *host, struct findings *out)
{
    if (host->member[0] != '\0') {
        findings_add(out, LEVEL_ERROR, "install",
                     "%s is in the group %s, which may change the tokens of "
                     "every session",
                     host->member, OIDC_USER);
        if (host->primary)
            findings_advise(out,
                            "it is the account's own group: give it another "
                            "one with usermod -g GROUP %s",
                            host->member);
        else
            findings_advise(out, "take everybody out of it: gpasswd -d %s %s",
                            host->member, OIDC_USER);
    }
    if (host->user && host->group) {
        findings_add(out, LEVEL_OK, "install",
                     "the system user and group %s exist", OIDC_USER);
        return;
    }
    findings_add(out, LEVEL_ERROR, "install",
                 "the system user or the group %s does not exist", OIDC_USER);
    findings_advise(out, "run systemd-sysusers, or useradd --system");
}

static void
judge_directories(const struct host *host, struct findings *out)
{
    const struct host_file *cache = &host->cache, *run = &host->run;

    if (cache->error != 0) {
        findings_add(out, LEVEL_WARNING, "install", "%s: %s", CACHE_PATH,
                     strerror(cache->error));
        findings_advise(out, "run systemd-tmpfiles --create: without it each "
                             "login asks the provider for more");
    } else if (!S_ISDIR(cache->mode) || cache->uid != host->user_id
               || (cache->mode & (S_IWGRP | S_IWOTH)) != 0) {
        findings_add(out, LEVEL_WARNING, "install",
                     "%s: must be a directory of %s's that nobody else may "
                     "write; it is not used",
                     CACHE_PATH, OIDC_USER);
        findings_advise(out, "remove it, and run systemd-tmpfiles --create");
    } else {
        findings_add(out, LEVEL_OK, "install", "%s: %s's", CACHE_PATH,
                     OIDC_USER);
    }
    if (run->error == 0
        && (!S_ISDIR(run->mode) || run->uid != 0
            || (run->mode & (S_IRWXG | S_IRWXO)) != 0)) {
        findings_add(out, LEVEL_ERROR, "install",
                     "%s: must be root's, mode 0700; logins are refused",
                     RUN_PATH);
        findings_advise(out, "remove it; the module makes it");
    }
}

/* ---- judging: keys --------------------------------------------------------- */

static void
judge_root_quota(const struct host *host, struct findings *out)
{
    int64_t by_keys, by_bytes, sessions;

    if (host->root_maxkeys < 0 || host->root_maxbytes < 0 || host->root_keys < 0
        || host->root_bytes < 0) {
        findings_add(out, LEVEL_SKIPPED, "quota",
                     "/proc does not tell root's key quota and its use");
        return;
    }
    by_keys = (host->root_maxkeys - host->root_keys) / SESSION_KEYS;
    by_bytes = (host->root_maxbytes - host->root_bytes) / SESSION_BYTES;
    sessions = by_keys < by_bytes ? by_keys : by_bytes;
    if (sessions < 0)
        sessions = 0;
    findings_add(out,
                 sessions < 1    ? LEVEL_ERROR
                 : sessions < 20 ? LEVEL_WARNING
                                 : LEVEL_OK,
                 "quota",
                 "root: %" PRId64 " of %" PRId64 " keys and %" PRId64
                 " of %" PRId64 " bytes are used: room for %" PRId64
                 " more sessions",
                 host->root_keys, host->root_maxkeys, host->root_bytes,
                 host->root_maxbytes, sessions);
    if (sessions < 20)
        findings_advise(out, "raise kernel.keys.root_maxkeys and "
                             "kernel.keys.root_maxbytes with sysctl(8); "
                             "/proc/key-users shows who uses them");
}

static void
judge_user_quota(const struct host *host, struct findings *out)
{
    bool small = host->maxkeys < 20 || host->maxbytes < SESSION_BYTES;

    if (host->maxkeys < 0 || host->maxbytes < 0)
        return; /* said of root's */
    findings_add(out, small ? LEVEL_WARNING : LEVEL_OK, "quota",
                 "users: %" PRId64 " keys and %" PRId64 " bytes each, which "
                 "'oidc-session login' goes by",
                 host->maxkeys, host->maxbytes);
    if (small)
        findings_advise(out, "raise kernel.keys.maxkeys and "
                             "kernel.keys.maxbytes with sysctl(8)");
}

static void
judge_gc_delay(const struct host *host, struct findings *out)
{
    bool late = host->gc_delay > 3600;

    if (host->gc_delay < 0)
        return;
    findings_add(out, late ? LEVEL_WARNING : LEVEL_OK, "quota",
                 "expired keys count for %" PRId64 " s more (gc_delay)",
                 host->gc_delay);
    if (late)
        findings_advise(out, "set kernel.keys.gc_delay to 300 with sysctl(8)");
}

/* ---- judging: the kernel --------------------------------------------------- */

static void
judge_need(int error, const char *what, struct findings *out)
{
    if (error == 0) {
        findings_add(out, LEVEL_OK, "kernel", "%s: there", what);
        return;
    }
    findings_add(out, LEVEL_ERROR, "kernel", "%s: %s", what, strerror(error));
    findings_advise(out, "a container's filter may forbid it: allow it there; "
                         "otherwise it takes a newer kernel");
}

static void
judge_sandbox(const struct host *host, struct findings *out)
{
    if (host->landlock > 0) {
        findings_add(out, LEVEL_OK, "kernel", "Landlock: ABI %d",
                     host->landlock);
    } else {
        findings_add(out, LEVEL_WARNING, "kernel",
                     "Landlock: %s; the exchange can read what its user can",
                     strerror(-host->landlock));
        findings_advise(out, "add landlock to the kernel's parameter lsm= "
                             "(Linux 5.13 or newer)");
    }
    if (host->seccomp) {
        findings_add(out, LEVEL_OK, "kernel", "seccomp: there");
    } else {
        findings_add(out, LEVEL_WARNING, "kernel",
                     "seccomp: not there; the exchange may use all system "
                     "calls");
        findings_advise(out, "use a kernel with CONFIG_SECCOMP_FILTER");
    }
    /* Our programs cannot be traced in any case: that is what 0711 is for. */
    if (host->yama_scope < 0)
        findings_add(out, LEVEL_OK, "kernel", "Yama: not there, not needed");
    else
        findings_add(out, LEVEL_OK, "kernel",
                     "Yama: ptrace_scope %" PRId64 ", any will do",
                     host->yama_scope);
}

void
host_judge(const struct host *host, struct findings *out)
{
    judge_user(host, out);
    judge_module(&host->module, out);
    judge_program(HELPER_PATH, &host->helper, out);
    judge_program(EXCHANGE_PATH, &host->exchange, out);
    judge_directories(host, out);
    judge_need(host->keyrings, "keyrings", out);
    judge_need(host->pidfd, "pidfd", out);
    judge_sandbox(host, out);
    judge_root_quota(host, out);
    judge_user_quota(host, out);
    judge_gc_delay(host, out);
}
