/* SPDX-License-Identifier: MIT */
#ifndef CLI_GIT_H
#define CLI_GIT_H

#include "common/attr.h"
#include "common/secret.h"

/*
 * The protocol of credential helpers, git-credential(1): git says on standard
 * input for whom it wants a password, in lines of name=value.
 */
#define GIT_REQUEST_MAX 65536U

struct git_request {
    char protocol[16]; /* empty when they are longer */
    char host[256];    /* with the port, if there is one */
    char username[128];
};

/*
 * Pure: read it, up to an empty line.  Names it does not know are passed over.
 * 0; or -EBADMSG when others may read another host in it: one of the names twice,
 * a NUL or a carriage return.
 */
int git_request_parse(const struct secret *text,
                      struct git_request *out) MUST_CHECK;

/* Pure: NULL when a token for this host (and port) may be given for the
 * request; or why not, as it goes on after "no token for git: ". */
const char *git_refusal(const struct git_request *request, const char *host);

#endif
