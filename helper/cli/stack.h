/* SPDX-License-Identifier: MIT */
/*
 * A PAM stack as pam.conf(5) has it: the lines of one service, and of what it
 * includes, in the order in which libpam goes through them.
 */
#ifndef CLI_STACK_H
#define CLI_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/secret.h"

enum stack_type {
    STACK_AUTH,
    STACK_ACCOUNT,
    STACK_PASSWORD,
    STACK_SESSION,
    STACK_TYPES
};

/* What does not fit is cut: no module that is looked for has such a name. */
struct stack_line {
    enum stack_type type;
    char control[160];   /* one word, or [value=action …] */
    char module[128];    /* its name, without directory */
    char arguments[512]; /* as they are written */
    char file[128];      /* where it stands */
    unsigned line;
    unsigned substack; /* which one it is in; 0: none */
};

/* Ours. */
#define STACK_MODULE "pam_oidc_session.so"

#define STACK_LINES_MAX 1024U
#define STACK_DEPTH_MAX 16U
#define STACK_FILES_MAX 256U /* files that are read for one service */

/* {0} is empty.  problem: the first thing that is wrong, FILE:LINE before. */
struct stack {
    struct stack_line *line;
    size_t count;
    unsigned substacks;
    unsigned parent[STACK_FILES_MAX + 1]; /* the one that a substack is in */
    unsigned files;
    char problem[512];
};

/* Where a service and what it includes are, unless they say otherwise. */
#define STACK_DIR "/etc/pam.d/"

/*
 * Where files come from: append the text of the one with this absolute name to
 * *out.  0, or a negative errno when it cannot be read.
 */
struct stack_source {
    int (*read)(void *arg, const char *name, struct secret *out);
    void *arg;
};

/*
 * Read the stack of a service: of its name, or of an absolute one.  What is wrong in it is in out->problem, and the rest
 * is read all the same.  0, -ENOMEM or -EMSGSIZE (too many lines or files); the errno of
 * the source when the service itself cannot be read.  The caller clears *out,
 * also after an error.
 */
int stack_read(const char *service, const struct stack_source *source,
               struct stack *out) MUST_CHECK;

void stack_clear(struct stack *stack);

/* "auth", "account", "password", "session" */
const char *stack_type_name(enum stack_type type);

/* What libpam does after a line. */
enum stack_action {
    STACK_IGNORE,
    STACK_OK,
    STACK_DONE,
    STACK_BAD,
    STACK_DIE,
    STACK_JUMP,
    STACK_RESET,
    STACK_NONE /* it says nothing that we know */
};

/* What a control says of a return value of pam.conf(5): "success", "auth_err" */
enum stack_action stack_action(const char *control, const char *value);

/* How many lines it jumps over with that value, if the action is STACK_JUMP. */
unsigned stack_jump(const char *control, const char *value);

/*
 * Copy the next word at *text, which goes behind it: up to a blank, or from [
 * to ].  False when there is none.  It is cut when it does not fit.
 */
bool stack_word(const char **text, char *out, size_t size);

#endif
