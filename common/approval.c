/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/approval.h"
#include "common/text.h"

#define URI_SIZE  2049 /* all that the exchange lets through */
#define CODE_SIZE 64
#define WHO_SIZE  60 /* a line of them has 80 columns */

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
