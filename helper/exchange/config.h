/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_CONFIG_H
#define EXCHANGE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/secret.h"
#include "helper/exchange/problem.h"
#include "helper/exchange/qrcode.h"
#include "helper/exchange/settings.h"

enum grant { GRANT_DEVICE, GRANT_PASSWORD, GRANT_COUNT };

/* [login] claims_from: where the name and the groups come from. */
enum claims_from {
    CLAIMS_ID_TOKEN,
    CLAIMS_ID_TOKEN_USERINFO, /* what the ID token does not have */
    CLAIMS_USERINFO,          /* OAuth 2.0 without ID tokens, like the next */
    CLAIMS_INTROSPECTION,
    CLAIMS_COUNT
};

#define MAX_AGE_NONE (-1)

/* oidc-session.conf(5).  All texts are owned. */
struct config {
    struct settings settings; /* what later exchanges need as well */
    char *path;               /* its name, for messages */
    char *client_secret_file; /* NULL without one */
    unsigned secret_line;     /* where client_secret_file is set */
    char *scope;
    enum grant grant;
    enum claims_from claims_from;
    int64_t max_age;     /* seconds since the user proved who they are */
    char *require_acr;   /* words, NULL: none; likewise the next ones */
    char *subject_claim; /* of userinfo, where that has no sub */
    char *username_claim;
    char *username_strip_domain;
    char *username_map_file;
    unsigned map_line; /* where that is set */
    struct secret map; /* its bytes */
    char *groups_claim;
    char *require_group;
    enum qr_when qr;
    char *before_expiry; /* checked, but kept as text: for the helper */
    bool notify;         /* when the grant is over: for the helper, too */
};

/* Whether a login must come with an ID token. */
bool config_wants_id_token(const struct config *config);

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

/* The problem with client_secret_file, or the other.  Returns -EPROTO. */
int config_secret_problem(const struct config *config, const char *wrong,
                          struct problem *problem) MUST_CHECK;
int config_map_problem(const struct config *config, const char *wrong,
                       struct problem *problem) MUST_CHECK;

void config_clear(struct config *config);

#endif
