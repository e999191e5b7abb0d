/* SPDX-License-Identifier: MIT */
#ifndef CLI_PRESENTATION_H
#define CLI_PRESENTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/secret.h"

/* The forms in which a token is printed. */
enum presentation {
    PRESENT_RAW,     /* a line */
    PRESENT_HEADER,  /* RFC 6750 section 2.1, as "curl -H @-" reads it */
    PRESENT_JSON,    /* as the token endpoint does: RFC 6749 section 5.1 */
    PRESENT_KUBECTL, /* ExecCredential of client.authentication.k8s.io/v1 */
    PRESENT_GIT,     /* the answer to a git_request */
};

struct token {
    const struct secret *value;
    bool is_id;           /* the ID token */
    int64_t expires_at;   /* Unix time; 0: not known */
    const char *username; /* for git */
};

/* The presentation of this name.  0 or -EINVAL. */
int presentation_parse(const char *name, enum presentation *out) MUST_CHECK;

/*
 * Pure: append the token in this form.  now is the Unix time.  0; -EBADMSG when
 * it has bytes that no token may have and that would break out of the form;
 * -EMSGSIZE or -ENOMEM.
 */
int presentation_format(enum presentation presentation,
                        const struct token *token, int64_t now,
                        struct secret *out) MUST_CHECK;

#endif
