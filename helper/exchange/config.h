/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_CONFIG_H
#define EXCHANGE_CONFIG_H

#include <stddef.h>

#include "common/attr.h"
#include "common/secret.h"
#include "helper/exchange/problem.h"
#include "helper/exchange/settings.h"

enum grant { GRANT_DEVICE, GRANT_PASSWORD, GRANT_COUNT };

/* oidc-session.conf(5).  All texts are owned. */
struct config {
    struct settings settings; /* what later exchanges need as well */
    char *path;               /* its name, for messages */
    char *client_secret_file; /* NULL without one */
    unsigned secret_line;     /* where client_secret_file is set */
    char *scope;
    enum grant grant;
    char *username_claim;
    char *before_expiry; /* checked, but kept as text: for the helper */
};

/*
 * Parse the bytes of the file, fill in the defaults and check that it all fits
 * together.  Returns 0, -EPROTO with one line "PATH:LINE: …" in *problem, or
 * -ENOMEM.  The caller clears *out, also after an error.
 */
int config_parse(const char *path, const void *data, size_t len,
                 struct config *out, struct problem *problem) MUST_CHECK;

/*
 * Take the bytes of client_secret_file.  One newline at the end is not part of
 * the secret.  0, -EPROTO or -ENOMEM.
 */
int config_take_secret(struct config *config, const struct secret *bytes,
                       struct problem *problem) MUST_CHECK;

/* The problem with client_secret_file.  Returns -EPROTO. */
int config_secret_problem(const struct config *config, const char *wrong,
                          struct problem *problem) MUST_CHECK;

void config_clear(struct config *config);

#endif
