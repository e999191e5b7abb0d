/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
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

/* Given twice, the second one must not count, nor may the first. */
static int
line_parse(const char *line, size_t len, unsigned *seen,
           struct git_request *request)
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
        if (len < n || memcmp(line, names[i].name, n) != 0)
            continue;
        if ((*seen & 1U << i) != 0)
            return -EBADMSG;
        *seen |= 1U << i;
        take(line + n, len - n, names[i].out, names[i].size);
    }
    return 0;
}

int
git_request_parse(const struct secret *text, struct git_request *out)
{
    struct git_request request = {0};
    const char *line = secret_text(text);
    unsigned seen = 0;
    size_t len;

    /* CVE-2020-5260, CVE-2024-52006: others end a line elsewhere. */
    if (strlen(line) != text->len || strchr(line, '\r') != NULL)
        return -EBADMSG;
    while ((len = strcspn(line, "\n")) > 0) {
        if (line_parse(line, len, &seen, &request) < 0)
            return -EBADMSG;
        line += len + (line[len] == '\n');
    }
    *out = request;
    return 0;
}

const char *
git_refusal(const struct git_request *request, const char *host)
{
    if (strcmp(request->protocol, "https") != 0)
        return "it would not be sent by https";
    if (request->host[0] == '\0')
        return "it names no host, or one that is too long";
    if (strcasecmp(request->host, host) != 0)
        return "--host names another host";
    return NULL;
}
