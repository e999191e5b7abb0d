/* SPDX-License-Identifier: MIT */
#ifndef CLI_SSHD_H
#define CLI_SSHD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/finding.h"
#include "common/secret.h"

/* What matters here of sshd_config(5), outside of any Match. */
struct sshd_setting {
    char value[64]; /* "": not set */
    char file[128]; /* where it is set */
    unsigned line;
};

struct sshd {
    struct sshd_setting use_pam;
    struct sshd_setting kbd_interactive; /* or its older name */
    struct sshd_setting password;        /* PasswordAuthentication */
    struct sshd_setting grace_time;      /* LoginGraceTime */
    unsigned depth;                      /* of Include, while it is read */
    unsigned files;                      /* that were read */
};

/* Where its files come from. */
struct sshd_source {
    /* Append the text of a file: 0 or a negative errno. */
    int (*read)(void *arg, const char *name, struct secret *out);
    /* The file number i of a pattern of Include: false when there is none. */
    bool (*match)(void *arg, const char *pattern, size_t i, char *out,
                  size_t size);
    void *arg;
};

/*
 * Read it, and what it includes, as sshd does: the first value counts.  0, the
 * error of the source, or -EMSGSIZE: too many files.
 */
int sshd_read(const char *file, const struct sshd_source *source,
              struct sshd *out) MUST_CHECK;

/* Seconds of "2m", "1h30m" or "120"; -1 when it is no time. */
int64_t sshd_seconds(const char *text);

/*
 * Whether logins by us work with it.  by_device: the grant is device; deadline:
 * the module's, in seconds, 0 for none.
 */
void sshd_judge(const struct sshd *sshd, bool by_device, int64_t deadline,
                struct findings *out);

#endif
