/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>
#include <security/pam_modutil.h>

#include "tests/lib/fakepam.h"
#include "tests/lib/test.h"

static int
converse(int n UNUSED, const struct pam_message **messages UNUSED,
         struct pam_response **responses UNUSED, void *data UNUSED)
{
    return PAM_CONV_ERR; /* pam_prompt() below does not use it */
}

pam_handle_t *
fakepam_start(void)
{
    pam_handle_t *pamh = calloc(1, sizeof(*pamh));

    assert_non_null(pamh);
    pamh->user = "alice";
    pamh->service = "test";
    pamh->answer = "";
    pamh->system_uid = 65534;
    pamh->system_gid = 65534;
    return pamh;
}

static void
data_end(pam_handle_t *pamh, int status)
{
    struct fakepam_data *slot;
    size_t i;

    for (i = 0; i < FAKEPAM_SLOTS; i++) {
        slot = &pamh->data[i];
        if (slot->name != NULL && slot->cleanup != NULL)
            slot->cleanup(pamh, slot->data, status);
        free(slot->name);
        *slot = (struct fakepam_data){0};
    }
}

void
fakepam_end(pam_handle_t *pamh, int status)
{
    size_t i;

    data_end(pamh, status);
    for (i = 0; i < FAKEPAM_SLOTS; i++)
        free(pamh->environment[i]);
    free(pamh->authtok);
    free(pamh);
}

void
fakepam_end_in_child(pam_handle_t *pamh, int status)
{
    int result = -1;
    pid_t pid = fork();

    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        data_end(pamh, status);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &result, 0), pid);
    assert_int_equal(result, 0);
}

void
fakepam_forget(pam_handle_t *pamh)
{
    pamh->n_log = pamh->n_prompt = 0;
}

/* ---- libpam ---- */

int
pam_get_item(const pam_handle_t *pamh, int type, const void **item)
{
    static const struct pam_conv talks = {.conv = converse}, silent = {0};

    switch (type) {
    case PAM_CONV:
        *item = pamh->no_conversation ? NULL
                : pamh->no_function   ? &silent
                                      : &talks;
        return PAM_SUCCESS;
    case PAM_SERVICE:
        *item = pamh->service;
        return PAM_SUCCESS;
    case PAM_TTY:
        *item = pamh->tty;
        return PAM_SUCCESS;
    case PAM_XDISPLAY:
        *item = pamh->display;
        return PAM_SUCCESS;
    case PAM_USER:
        *item = pamh->user;
        return PAM_SUCCESS;
    case PAM_AUTHTOK:
        *item = pamh->authtok;
        return PAM_SUCCESS;
    default:
        return PAM_BAD_ITEM;
    }
}

int
pam_set_item(pam_handle_t *pamh, int type, const void *item)
{
    if (type != PAM_AUTHTOK)
        return PAM_BAD_ITEM;
    free(pamh->authtok);
    pamh->authtok = item != NULL ? strdup(item) : NULL;
    return PAM_SUCCESS;
}

int
pam_get_user(pam_handle_t *pamh, const char **user, const char *prompt UNUSED)
{
    *user = pamh->user;
    return pamh->get_user_result;
}

static struct fakepam_data *
slot_of(const pam_handle_t *pamh, const char *name)
{
    size_t i;

    for (i = 0; i < FAKEPAM_SLOTS; i++)
        if (pamh->data[i].name != NULL && strcmp(pamh->data[i].name, name) == 0)
            return (struct fakepam_data *) &pamh->data[i];
    return NULL;
}

int
pam_set_data(pam_handle_t *pamh, const char *name, void *data,
             void (*cleanup)(pam_handle_t *pamh, void *data, int status))
{
    struct fakepam_data *slot = slot_of(pamh, name);
    size_t i;

    if (pamh->set_data_result != PAM_SUCCESS)
        return pamh->set_data_result;
    if (slot != NULL) {
        if (slot->cleanup != NULL)
            slot->cleanup(pamh, slot->data, PAM_DATA_REPLACE | PAM_SUCCESS);
    } else {
        for (i = 0; pamh->data[i].name != NULL; i++)
            assert_true(i + 1 < FAKEPAM_SLOTS);
        slot = &pamh->data[i];
        slot->name = strdup(name);
    }
    slot->data = data;
    slot->cleanup = cleanup;
    return PAM_SUCCESS;
}

int
pam_get_data(const pam_handle_t *pamh, const char *name, const void **data)
{
    const struct fakepam_data *slot = slot_of(pamh, name);

    if (slot == NULL)
        return PAM_NO_MODULE_DATA;
    *data = slot->data;
    return PAM_SUCCESS;
}

static char **
variable(pam_handle_t *pamh, const char *name, size_t len)
{
    char **slots = pamh->environment;
    size_t i;

    for (i = 0; i < FAKEPAM_SLOTS; i++)
        if (slots[i] != NULL && strncmp(slots[i], name, len) == 0
            && slots[i][len] == '=')
            return &slots[i];
    return NULL;
}

int
pam_putenv(pam_handle_t *pamh, const char *text)
{
    size_t i, len = strcspn(text, "=");
    char **slot = variable(pamh, text, len);

    if (pamh->putenv_result != PAM_SUCCESS)
        return pamh->putenv_result;
    if (text[len] == '\0') {
        if (slot == NULL) {
            pam_syslog(pamh, LOG_ERR,
                       "pam_putenv: delete non-existent entry; %s", text);
            return PAM_BAD_ITEM;
        }
        free(*slot);
        *slot = NULL;
        return PAM_SUCCESS;
    }
    for (i = 0; slot == NULL; i++) {
        assert_true(i < FAKEPAM_SLOTS);
        if (pamh->environment[i] == NULL)
            slot = &pamh->environment[i];
    }
    free(*slot);
    *slot = strdup(text);
    return PAM_SUCCESS;
}

const char *
pam_getenv(pam_handle_t *pamh, const char *name)
{
    char **slot = variable(pamh, name, strlen(name));

    return slot != NULL ? *slot + strlen(name) + 1 : NULL;
}

void
pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
    pam_handle_t *out = (pam_handle_t *) pamh;
    va_list args;

    if (out->n_log == FAKEPAM_LINES)
        return;
    va_start(args, format);
    vsnprintf(out->log[out->n_log], FAKEPAM_TEXT, format, args);
    va_end(args);
    out->priority[out->n_log++] = priority;
}

int
pam_prompt(pam_handle_t *pamh, int style, char **response, const char *format,
           ...)
{
    const char *answer = pamh->n_prompt > 0 && pamh->answer_then != NULL
                             ? pamh->answer_then
                             : pamh->answer;
    va_list args;

    if (pamh->n_prompt < FAKEPAM_LINES) {
        va_start(args, format);
        vsnprintf(pamh->prompt[pamh->n_prompt], FAKEPAM_TEXT, format, args);
        va_end(args);
        pamh->style[pamh->n_prompt++] = style;
    }
    if (response != NULL && pamh->prompt_result == PAM_SUCCESS)
        *response = answer != NULL ? strdup(answer) : NULL;
    return pamh->prompt_result;
}

/* As libpam does, each has its own. */
struct passwd *
pam_modutil_getpwnam(pam_handle_t *pamh, const char *name)
{
    static char alice[] = "alice", daemon[] = "daemon", first[] = "first",
                root[] = "root", user[] = OIDC_USER;
    static struct passwd entries[] = {
        {.pw_name = alice, .pw_uid = ALICE_UID, .pw_gid = ALICE_GID},
        {.pw_name = daemon, .pw_uid = 999, .pw_gid = 999},
        {.pw_name = first, .pw_uid = 1000, .pw_gid = 1000},
        {.pw_name = root, .pw_uid = 0, .pw_gid = 0},
        {.pw_name = user},
    };
    size_t i;

    entries[4].pw_uid = pamh->system_uid;
    entries[4].pw_gid = 4; /* not what counts */
    /* Some databases do not mind case. */
    for (i = 0; i < ARRAY_LEN(entries) - pamh->no_system_user; i++)
        if (strcasecmp(entries[i].pw_name, name) == 0)
            return &entries[i];
    return NULL;
}

struct group *
pam_modutil_getgrnam(pam_handle_t *pamh, const char *name)
{
    static char text[] = "x";
    static struct group entry;

    entry = (struct group){.gr_name = text, .gr_gid = pamh->system_gid};
    return strcmp(name, OIDC_USER) == 0 && !pamh->no_system_group ? &entry
                                                                  : NULL;
}
