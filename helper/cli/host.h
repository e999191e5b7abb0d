/* SPDX-License-Identifier: MIT */
#ifndef CLI_HOST_H
#define CLI_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/finding.h"

/* A file or directory that was installed. */
struct host_file {
    int error; /* 0, or the errno of stat() */
    mode_t mode;
    uid_t uid;
};

/* Numbers that are not known are -1. */
struct host {
    struct host_file module, helper, exchange, cache, run;
    bool user, group; /* of the name OIDC_USER; not root's */
    char member[64];  /* one of the group, who is not that user; "": none */
    bool primary;     /* it is that account's own group */
    uid_t user_id;
    int64_t root_maxkeys, root_maxbytes; /* /proc/sys/kernel/keys */
    int64_t maxkeys, maxbytes;
    int64_t gc_delay;
    int64_t root_keys, root_bytes; /* root's use, of /proc/key-users */
    int keyrings; /* 0, or the errno of a call of it; likewise the next ones */
    int pidfd;
    int landlock;       /* its ABI, or a negative errno */
    bool seccomp;       /* it has filters */
    int64_t yama_scope; /* kernel.yama.ptrace_scope */
};

/* Look at this host. */
void host_look(struct host *out);

/* Root's line of /proc/key-users: how many keys and bytes it uses. */
bool host_parse_key_users(const char *text, int64_t *keys, int64_t *bytes);

/* What was found, and what to do. */
void host_judge(const struct host *host, struct findings *out);

#endif
