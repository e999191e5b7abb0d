/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_SETTINGS_H
#define EXCHANGE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/secret.h"

/* How the client proves who it is: RFC 6749 2.3.1, OIDC Core 9. */
enum auth { AUTH_NONE, AUTH_BASIC, AUTH_POST, AUTH_COUNT };

/*
 * What every exchange of a session needs to know.  A login makes it from the
 * configuration, the provider's metadata and the ID token; renewals and
 * revocations get it back as the text that settings_encode() made.  All texts
 * are owned, and NULL when there is none.
 */
struct settings {
    char *issuer;
    char *subject; /* "sub" of the ID token at login */
    char *client_id;
    struct secret client_secret;
    enum auth auth;
    char *audience;
    char *resource;
    char *ca_file;
    char *proxy;
    int64_t timeout;
    int64_t default_lifetime; /* of an access token, in seconds; 0: 300 */
    bool insecure_http;
    bool revoke;
    bool introspect_refresh; /* ask until when a refresh token is good */
    char *token_endpoint;
    char *device_authorization_endpoint;
    char *revocation_endpoint;
    char *jwks_uri;
    char *userinfo_endpoint;
    char *introspection_endpoint;
    char *signing_algorithms; /* of ID tokens, with one space between them */
};

/* The word for it in the configuration: "none", "client_secret_basic", … */
const char *auth_name(enum auth auth);

/* Returns 0, or -EINVAL for an unknown word. */
int auth_parse(const char *name, enum auth *out) MUST_CHECK;

/* Append the text.  0, -EMSGSIZE when it does not fit into a key, or -ENOMEM.
 */
int settings_encode(const struct settings *settings,
                    struct secret *out) MUST_CHECK;

/*
 * Read what settings_encode() made.  0, -EBADMSG when it is not that, or
 * -ENOMEM.  The caller clears *out, also after an error.
 */
int settings_decode(const struct secret *text, struct settings *out) MUST_CHECK;

void settings_clear(struct settings *settings);

#endif
