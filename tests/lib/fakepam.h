/* SPDX-License-Identifier: MIT */
/*
 * A libpam for the tests: what an application sets, a test sets in the handle;
 * what the module does with it is recorded there.
 */
#ifndef TESTS_LIB_FAKEPAM_H
#define TESTS_LIB_FAKEPAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <security/pam_modules.h>

#define FAKEPAM_LINES 32
#define FAKEPAM_SLOTS 8
#define FAKEPAM_TEXT  16384

struct fakepam_data {
    char *name;
    void *data;
    void (*cleanup)(pam_handle_t *pamh, void *data, int status);
};

struct pam_handle {
    /* what the application has */
    const char *user;
    const char *service;
    const char *tty;     /* NULL, like the next one, unless a test sets it */
    const char *display; /* PAM_XDISPLAY */
    char *authtok;
    bool no_conversation;    /* PAM_CONV is not set */
    bool no_function;        /* PAM_CONV has no function */
    const char *answer;      /* to every prompt; NULL: an answer of NULL */
    const char *answer_then; /* if not NULL, to those after the first one */
    bool no_system_user;     /* the system user does not exist */
    bool no_system_group;
    uid_t system_uid; /* the system user is this one */
    gid_t system_gid;

    /* what fails */
    int get_user_result;
    int prompt_result;
    int putenv_result;
    int set_data_result;

    /* what the module did */
    struct fakepam_data data[FAKEPAM_SLOTS];
    char *environment[FAKEPAM_SLOTS];
    char log[FAKEPAM_LINES][FAKEPAM_TEXT];
    int priority[FAKEPAM_LINES];
    size_t n_log;
    char prompt[FAKEPAM_LINES][FAKEPAM_TEXT];
    int style[FAKEPAM_LINES];
    size_t n_prompt;
};

/* alice at service "test" with a conversation. */
pam_handle_t *fakepam_start(void);

/* pam_end(): the data's cleanup functions with this status, then free. */
void fakepam_end(pam_handle_t *pamh, int status);

/* The same in a forked child with PAM_DATA_SILENT, or with 0. */
void fakepam_end_in_child(pam_handle_t *pamh, int status);

/* Forget what was logged and asked. */
void fakepam_forget(pam_handle_t *pamh);

#define ALICE_UID 61001
#define ALICE_GID 61777

#endif
