/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <security/pam_ext.h>

#include "common/approval.h"
#include "common/blocks.h"
#include "common/text.h"
#include "pam/conversation.h"
#include "pam/qr.h"

#define TEXT_SIZE 5120
#define CODE_SIZE 64

/* They have a conversation function, but it refuses whatever it is asked. */
static const char *const unattended[] = {"atd", "cron", "crond",
                                         "systemd-user"};

bool
conversation_possible(pam_handle_t *pamh)
{
    const void *item = NULL;
    const struct pam_conv *conv;
    size_t i;

    if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || item == NULL)
        return false;
    conv = item;
    if (conv->conv == NULL)
        return false;
    if (pam_get_item(pamh, PAM_SERVICE, &item) != PAM_SUCCESS || item == NULL)
        return true;
    for (i = 0; i < ARRAY_LEN(unattended); i++)
        if (strcmp(unattended[i], item) == 0)
            return false;
    return true;
}

/* An item of PAM's, or NULL when it is not set or empty. */
static const char *
item_text(pam_handle_t *pamh, int type)
{
    const void *item = NULL;
    const char *text;

    if (pam_get_item(pamh, type, &item) != PAM_SUCCESS || item == NULL)
        return NULL;
    text = item;
    return text[0] != '\0' ? text : NULL;
}

static const char *
remote_text(pam_handle_t *pamh)
{
    const char *remote = item_text(pamh, PAM_RHOST);

    if (remote == NULL)
        remote = item_text(pamh, PAM_TTY);
    return remote != NULL ? remote : "this console";
}

/* What of its QR code is shown, and the code itself in blocks. */
static enum qr_show
qr_find(const struct context *ctx, const struct message *prompt,
        char blocks[BLOCKS_TEXT_SIZE])
{
    const struct secret *modules = &prompt->field[FIELD_QR];
    /* login, su and sudo have set their locale from the terminal's. */
    const struct qr_place place = {
        .when = message_text(prompt, FIELD_QR_WHEN),
        .tty = item_text(ctx->pamh, PAM_TTY),
        .display = item_text(ctx->pamh, PAM_XDISPLAY),
        .term = getenv("TERM"),
        .charset = nl_langinfo(CODESET),
    };

    if (blocks_draw(modules->data, modules->len, blocks) < 0)
        return QR_NEVER;
    return qr_decide(&place);
}

/* blocks: the QR code, or "".  Any answer but a q is an Enter. */
static int
ask_approved(const struct context *ctx, const char *text, const char *blocks,
             const char *code, bool *wants_qr)
{
    char *answer = NULL, line[CODE_SIZE + 16] = "", clean[CODE_SIZE];
    int r;

    /* The text above the blocks may be above the screen, too. */
    if (*blocks != '\0')
        (void) snprintf(line, sizeof(line), "Code: %s.  ",
                        text_clean(code, clean, sizeof(clean)));
    r = pam_prompt(ctx->pamh, PAM_PROMPT_ECHO_ON, &answer,
                   "%s%s%sPress Enter after you have approved: ", text, blocks,
                   line);
    *wants_qr = answer != NULL && strcasecmp(answer, "q") == 0;
    free(answer);
    return r == PAM_SUCCESS ? 0 : -ECANCELED;
}

int
conversation_approve(const struct context *ctx, const struct message *prompt,
                     int64_t left)
{
    char text[TEXT_SIZE], blocks[BLOCKS_TEXT_SIZE], host[256] = "";
    const char *code = message_text(prompt, FIELD_USER_CODE);
    const struct approval approval = {.host = host,
                                      .user = ctx->user,
                                      .remote = remote_text(ctx->pamh),
                                      .left = left,
                                      .qr = qr_find(ctx, prompt, blocks)};
    bool wants_qr;
    int r;

    if (gethostname(host, sizeof(host) - 1) == -1) /* cut: ends in a zero */
        (void) snprintf(host, sizeof(host), "this host");
    approval_text(prompt, &approval, text, sizeof(text));
    r = ask_approved(ctx, text, approval.qr == QR_AT_ONCE ? blocks : "", code,
                     &wants_qr);
    if (r == 0 && wants_qr && approval.qr == QR_ON_REQUEST)
        r = ask_approved(ctx, "", blocks, code, &wants_qr);
    return r;
}

/* A copy of PAM_AUTHTOK; -ENODATA when there is none. */
static int
password_from_pam(const struct context *ctx, struct secret *out)
{
    const void *item = NULL;

    if (pam_get_item(ctx->pamh, PAM_AUTHTOK, &item) != PAM_SUCCESS
        || item == NULL)
        return -ENODATA;
    return secret_append_text(out, item, MESSAGE_MAX);
}

static int
password_ask(const struct context *ctx, struct secret *out)
{
    char *answer = NULL;
    int r;

    r = pam_prompt(ctx->pamh, PAM_PROMPT_ECHO_OFF, &answer, "Password: ");
    if (r != PAM_SUCCESS || answer == NULL) {
        free(answer);
        return -ECANCELED;
    }
    r = secret_append_text(out, answer, MESSAGE_MAX);
    /* For the modules behind us; they ask again when they do not get it. */
    if (r == 0)
        (void) pam_set_item(ctx->pamh, PAM_AUTHTOK, answer);
    explicit_bzero(answer, strlen(answer));
    free(answer);
    return r;
}

int
conversation_password(const struct context *ctx, const struct options *options,
                      struct secret *out)
{
    int r = -ENODATA;

    if (options->use_first_pass || options->try_first_pass)
        r = password_from_pam(ctx, out);
    if (r == -ENODATA && !options->use_first_pass)
        r = password_ask(ctx, out);
    return r;
}
