/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>
#include <strings.h>

#include "helper/cli/git.h"

/* One that does not fit is not cut: a part of a host is another host. */
static void
take(const char *value, size_t len, char *out, size_t size)
{
    if (len >= size)
        len = 0;
    memcpy(out, value, len);
    out[len] = '\0';
}

static void
line_parse(const char *line, size_t len, struct git_request *request)
{
    const struct {
        const char *name;
        char *out;
        size_t size;
    } names[] = {
        {"protocol=", request->protocol, sizeof(request->protocol)},
        {"host=", request->host, sizeof(request->host)},
        {"username=", request->username, sizeof(request->username)},
    };
    size_t i, n;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        n = strlen(names[i].name);
        if (len >= n && memcmp(line, names[i].name, n) == 0)
            take(line + n, len - n, names[i].out, names[i].size);
    }
}

void
git_request_parse(const char *text, struct git_request *out)
{
    struct git_request request = {0};
    size_t len;

    while ((len = strcspn(text, "\n")) > 0) {
        line_parse(text, len, &request);
        text += len + (text[len] == '\n');
    }
    *out = request;
}

const char *
git_refusal(const struct git_request *request, const char *host)
{
    if (strcmp(request->protocol, "https") != 0)
        return "it would not be sent by https";
    if (strcasecmp(request->host, host) != 0)
        return "--host names another host";
    return NULL;
}
