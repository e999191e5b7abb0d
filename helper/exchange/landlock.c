/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper/exchange/landlock.h"

/* The same numbers on every architecture that Linux runs on today. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

#define GET_VERSION    1U
#define RULE_PATH      1
#define RULE_PORT      2
#define BIT(number)    (UINT64_C(1) << (number))
#define UP_TO(number)  (BIT((number) + 1) - 1)
#define FS_WRITE_FILE  BIT(1)
#define FS_READ_FILE   BIT(2)
#define FS_READ_DIR    BIT(3)
#define FS_REMOVE_FILE BIT(5)
#define FS_MAKE_DIR    BIT(7)
#define FS_MAKE_REG    BIT(8)
#define FS_TRUNCATE    BIT(14)
#define NET_BIND       BIT(0)
#define NET_CONNECT    BIT(1)
#define SCOPE_ABSTRACT BIT(0)
#define SCOPE_SIGNAL   BIT(1)
#define OF_FILES       (FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE)
#define READING        (FS_READ_FILE | FS_READ_DIR)
/* Files with a temporary name first, in directories that may be new.  Not
 * REFER: nothing is moved from one directory to another. */
#define WRITING                                                                \
    (READING | FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG      \
     | FS_TRUNCATE)

/* struct landlock_ruleset_attr: a kernel takes a longer one if it ends in 0. */
struct ruleset {
    uint64_t fs;
    uint64_t net;
    uint64_t scopes;
};

struct path_rule {
    uint64_t allowed;
    int32_t dir;
} __attribute__((packed));

struct port_rule {
    uint64_t allowed;
    uint64_t port;
};

/* All rights to files that an ABI knows: refer, truncate and device ioctls came
 * later. */
static uint64_t
file_rights(int abi)
{
    if (abi >= 5)
        return UP_TO(15);
    return abi >= 3 ? UP_TO(14) : abi == 2 ? UP_TO(13) : UP_TO(12);
}

static int
ruleset_open(const struct ruleset *ruleset)
{
    long fd =
        syscall(SYS_landlock_create_ruleset, ruleset, sizeof(*ruleset), 0U);

    return fd == -1 ? -errno : (int) fd;
}

static int
ruleset_enforce(int ruleset)
{
    return syscall(SYS_landlock_restrict_self, ruleset, 0U) == -1 ? -errno : 0;
}

static int
allow_dir(int ruleset, int fd, uint64_t allowed)
{
    const struct path_rule rule = {.allowed = allowed, .dir = fd};

    return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0U) == -1
               ? -errno
               : 0;
}

/* What is not there, or not for us, needs no rule. */
static int
allow_path(int ruleset, const char *path, uint64_t allowed)
{
    int fd = open(path, O_PATH | O_CLOEXEC), r = 0;
    struct stat st;

    if (fd == -1)
        return errno == ENOMEM || errno == EMFILE ? -errno : 0;
    if (fstat(fd, &st) == -1)
        r = -errno;
    else
        r = allow_dir(ruleset, fd,
                      S_ISDIR(st.st_mode) ? allowed : allowed & OF_FILES);
    close(fd);
    return r;
}

int
landlock_abi(void)
{
    long abi =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t) 0, GET_VERSION);

    return abi == -1 ? -errno : (int) abi;
}

int
landlock_files(int abi, const char *const *paths, int write_dir)
{
    const struct ruleset handled = {
        .fs = file_rights(abi),
        .net = abi >= LANDLOCK_ABI_NET ? NET_BIND : 0,
        .scopes =
            abi >= LANDLOCK_ABI_SCOPES ? SCOPE_ABSTRACT | SCOPE_SIGNAL : 0,
    };
    int ruleset = ruleset_open(&handled), r = 0;

    if (ruleset < 0)
        return ruleset;
    for (; *paths != NULL && r == 0; paths++)
        r = allow_path(ruleset, *paths, READING & handled.fs);
    if (r == 0 && write_dir != -1)
        r = allow_dir(ruleset, write_dir, WRITING & handled.fs);
    if (r == 0)
        r = ruleset_enforce(ruleset);
    close(ruleset);
    return r;
}

int
landlock_ports(int abi, const uint16_t *ports, size_t n)
{
    const struct ruleset handled = {.net = NET_CONNECT};
    struct port_rule rule = {.allowed = NET_CONNECT};
    int ruleset, r = 0;
    size_t i;

    if (abi < LANDLOCK_ABI_NET)
        return -EOPNOTSUPP;
    ruleset = ruleset_open(&handled);
    if (ruleset < 0)
        return ruleset;
    for (i = 0; i < n && r == 0; i++) {
        rule.port = ports[i];
        if (syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0U) == -1)
            r = -errno;
    }
    if (r == 0)
        r = ruleset_enforce(ruleset);
    close(ruleset);
    return r;
}
