/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/message.h"
#include "helper/cli/moment.h"
#include "helper/cli/object.h"
#include "helper/cli/presentation.h"

#define TEXT_MAX (TOKEN_MAX + 1024U)

static const char *const names[] = {
    [PRESENT_RAW] = "raw",   [PRESENT_HEADER] = "header",
    [PRESENT_JSON] = "json", [PRESENT_KUBECTL] = "kubectl",
    [PRESENT_GIT] = "git",
};

int
presentation_parse(const char *name, enum presentation *out)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum presentation) i;
            return 0;
        }
    }
    return -EINVAL;
}

/* RFC 6749 appendix A.12, without the space that RFC 6750 does not allow. */
static bool
is_visible(const struct secret *token)
{
    size_t i;

    for (i = 0; i < token->len; i++)
        if (token->data[i] <= ' ' || token->data[i] > '~')
            return false;
    return token->len > 0;
}

/* before, the token, and a newline */
static int
format_line(const char *before, const struct secret *token, struct secret *out)
{
    int r;

    r = secret_append_text(out, before, TEXT_MAX);
    if (r == 0)
        r = secret_append(out, token->data, token->len, TEXT_MAX);
    if (r == 0)
        r = secret_append_text(out, "\n", TEXT_MAX);
    return r;
}

static int
format_git(const struct token *token, struct secret *out)
{
    char text[256];
    int r;

    (void) snprintf(text, sizeof(text), "username=%.200s\n", token->username);
    r = secret_append_text(out, text, TEXT_MAX);
    if (r == 0)
        r = format_line("password=", token->value, out);
    if (r < 0 || token->expires_at == 0)
        return r;
    (void) snprintf(text, sizeof(text), "password_expiry_utc=%" PRId64 "\n",
                    token->expires_at);
    return secret_append_text(out, text, TEXT_MAX);
}

static void
build_json(const struct token *token, int64_t now, struct object *object)
{
    object_open(object, NULL);
    object_text(object, token->is_id ? "id_token" : "access_token",
                secret_text(token->value));
    if (!token->is_id)
        object_text(object, "token_type", "Bearer");
    if (token->expires_at != 0) {
        object_number(object, "expires_at", token->expires_at);
        object_number(object, "expires_in",
                      token->expires_at > now ? token->expires_at - now : 0);
    }
    object_close(object);
}

static void
build_kubectl(const struct token *token, struct object *object)
{
    char at[MOMENT_SIZE];

    object_open(object, NULL);
    object_text(object, "apiVersion", "client.authentication.k8s.io/v1");
    object_text(object, "kind", "ExecCredential");
    object_open(object, "status");
    object_text(object, "token", secret_text(token->value));
    if (token->expires_at != 0)
        object_text(object, "expirationTimestamp",
                    moment_rfc3339(token->expires_at, at));
    object_close(object);
    object_close(object);
}

static int
format_object(enum presentation presentation, const struct token *token,
              int64_t now, struct secret *out)
{
    struct object object = {0};
    int r;

    if (presentation == PRESENT_JSON)
        build_json(token, now, &object);
    else
        build_kubectl(token, &object);
    r = object_end(&object);
    if (r == 0)
        r = secret_append(out, object.text.data, object.text.len, SIZE_MAX);
    secret_clear(&object.text);
    return r;
}

int
presentation_format(enum presentation presentation, const struct token *token,
                    int64_t now, struct secret *out)
{
    if (!is_visible(token->value))
        return -EBADMSG;
    switch (presentation) {
    case PRESENT_RAW:
        return format_line("", token->value, out);
    case PRESENT_HEADER:
        return format_line("Authorization: Bearer ", token->value, out);
    case PRESENT_GIT:
        return format_git(token, out);
    case PRESENT_JSON:
    case PRESENT_KUBECTL:
        break;
    }
    return format_object(presentation, token, now, out);
}
