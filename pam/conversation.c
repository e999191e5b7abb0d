/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <security/pam_ext.h>

#include "common/blocks.h"
#include "common/text.h"
#include "pam/conversation.h"

#define TEXT_SIZE 5120
#define URI_SIZE  2049 /* all that the exchange lets through */
#define CODE_SIZE 64
#define WHO_SIZE  60 /* a line of them has 80 columns */

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

/* A line about it; "" when the provider did not say. */
static void
lifetime_text(const struct message *prompt, char *out, size_t size)
{
    int64_t seconds;
    bool minutes;

    out[0] = '\0';
    if (message_number(prompt, FIELD_EXPIRES_IN, &seconds) < 0)
        return;
    minutes = seconds % 60 == 0 && seconds > 60;
    (void) snprintf(out, size, "The code is good for %" PRId64 " %s.\n",
                    minutes ? seconds / 60 : seconds,
                    minutes ? "minutes" : "seconds");
}

/* A paragraph about it; "" when the provider gave none. */
static void
complete_text(const struct message *prompt, char *out, size_t size)
{
    char uri[URI_SIZE];

    out[0] = '\0';
    if (!message_has(prompt, FIELD_VERIFICATION_URI_COMPLETE))
        return;
    text_clean(message_text(prompt, FIELD_VERIFICATION_URI_COMPLETE), uri,
               sizeof(uri));
    (void) snprintf(out, size,
                    "Or open this page, which has the code in it:\n\n"
                    "    %s\n\n",
                    uri);
}

/* A line about it; "" when the code does not live as long as that. */
static void
deadline_text(const struct message *prompt, int64_t left, char *out,
              size_t size)
{
    int64_t seconds;

    out[0] = '\0';
    if (left == 0
        || (message_number(prompt, FIELD_EXPIRES_IN, &seconds) == 0
            && seconds <= left))
        return;
    (void) snprintf(out, size,
                    "Approve within %" PRId64 " seconds: then this host stops"
                    " waiting, even if the\ncode is good for longer.\n",
                    left);
}

/* A line about the QR code. */
static const char *
qr_text(enum qr_show qr)
{
    if (qr == QR_ON_REQUEST)
        return "To see a QR code of the page, type q and press Enter.\n";
    return qr == QR_AT_ONCE ? "Or scan this QR code of the page:\n" : "";
}

/* Who asks for what: three lines that fit into 80 columns. */
static void
who_text(const struct approval *approval, char *out, size_t size)
{
    char host[WHO_SIZE], user[WHO_SIZE], remote[WHO_SIZE];

    text_clean(approval->host, host, sizeof(host));
    text_clean(approval->user, user, sizeof(user));
    text_clean(approval->remote, remote, sizeof(remote));
    (void) snprintf(out, size,
                    "This login waits for an approval:\n\n"
                    "    Login to:    %s\n"
                    "    As user:     %s\n"
                    "    Asked from:  %s\n\n",
                    host, user, remote);
}

static bool
uri_is_safe(const char *uri)
{
    static const char *const local[] = {"http://localhost", "http://127.0.0.1",
                                        "http://[::1]"};
    size_t i, len;

    if (strncmp(uri, "https://", 8) == 0)
        return uri[8] != '\0' && uri[8] != '/';
    for (i = 0; i < ARRAY_LEN(local); i++) {
        len = strlen(local[i]);
        if (strncmp(uri, local[i], len) != 0)
            continue;
        if (uri[len] == ':') /* a port, and not a user's password */
            len += 1 + strspn(uri + len + 1, "0123456789");
        return uri[len] == '\0' || uri[len] == '/';
    }
    return false;
}

bool
approval_is_safe(const struct message *prompt)
{
    return uri_is_safe(message_text(prompt, FIELD_VERIFICATION_URI))
           && (!message_has(prompt, FIELD_VERIFICATION_URI_COMPLETE)
               || uri_is_safe(
                   message_text(prompt, FIELD_VERIFICATION_URI_COMPLETE)));
}

char *
approval_text(const struct message *prompt, const struct approval *approval,
              char *out, size_t size)
{
    char uri[URI_SIZE], code[CODE_SIZE], complete[URI_SIZE + 64], lifetime[64];
    char who[3 * WHO_SIZE + 128], deadline[128];

    who_text(approval, who, sizeof(who));
    deadline_text(prompt, approval->left, deadline, sizeof(deadline));
    text_clean(message_text(prompt, FIELD_VERIFICATION_URI), uri, sizeof(uri));
    text_clean(message_text(prompt, FIELD_USER_CODE), code, sizeof(code));
    complete_text(prompt, complete, sizeof(complete));
    lifetime_text(prompt, lifetime, sizeof(lifetime));
    (void) snprintf(out, size,
                    "%s"
                    "Approve only if you started this login yourself, just"
                    " now.  If somebody sent\nyou this code or page, do not"
                    " approve it.\n\n"
                    "To log in, open this page in a browser\n\n"
                    "    %s\n\n"
                    "and enter this code:  %s\n\n"
                    "%s%s%s%s",
                    who, uri, code, complete, lifetime, deadline,
                    qr_text(approval->qr));
    return out;
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
