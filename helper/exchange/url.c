/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "common/attr.h"
#include "common/number.h"
#include "common/text.h"
#include "helper/exchange/url.h"

/* The part of a URL, or NULL; ended with curl_free(). */
static char *
part(CURLU *url, CURLUPart what)
{
    char *text = NULL;

    if (curl_url_get(url, what, &text, 0) != CURLUE_OK)
        return NULL;
    return text;
}

static bool
has(CURLU *url, CURLUPart what)
{
    char *text = part(url, what);
    bool found = text != NULL;

    curl_free(text);
    return found;
}

static bool
equals(CURLU *url, CURLUPart what, const char *expected)
{
    char *text = part(url, what);
    bool same = text != NULL && strcmp(text, expected) == 0;

    curl_free(text);
    return same;
}

static bool
is_loopback(CURLU *url)
{
    char *host = part(url, CURLUPART_HOST);
    struct in_addr address;
    bool loopback;

    if (host == NULL)
        return false;
    loopback = strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0
               || (inet_pton(AF_INET, host, &address) == 1
                   && ntohl(address.s_addr) >> 24 == 127);
    curl_free(host);
    return loopback;
}

static const char *
check_parts(CURLU *url, const char *text, bool insecure_http)
{
    if (has(url, CURLUPART_USER) || has(url, CURLUPART_PASSWORD))
        return "contains a user name";
    if (strchr(text, '#') != NULL) /* curl does not tell of an empty one */
        return "contains a fragment";
    if (equals(url, CURLUPART_SCHEME, "https"))
        return NULL;
    if (!equals(url, CURLUPART_SCHEME, "http") || !insecure_http)
        return "is not https";
    return is_loopback(url) ? NULL : "is http, but not on this host";
}

const char *
url_check(const char *url, bool insecure_http)
{
    const char *wrong = "is not a URL", *host = strchr(url, ':');
    CURLU *parsed;
    size_t i;

    for (i = 0; url[i] != '\0'; i++)
        if (url[i] <= ' ' || url[i] > '~')
            return "contains a space or a special character";
    /* Two slashes and a host: curl takes fewer of them, and more. */
    if (host == NULL || strncmp(host, "://", 3) != 0 || host[3] == '/')
        return wrong;
    parsed = curl_url();
    if (parsed != NULL
        && curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME)
               == CURLUE_OK
        && has(parsed, CURLUPART_HOST))
        wrong = check_parts(parsed, url, insecure_http);
    curl_url_cleanup(parsed);
    return wrong;
}

const char *
url_host(const char *url, char *out, size_t size)
{
    CURLU *parsed = curl_url();
    char *host = NULL, *port = NULL;
    char text[512];

    if (parsed != NULL
        && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK) {
        host = part(parsed, CURLUPART_HOST);
        port = part(parsed, CURLUPART_PORT);
    }
    (void) snprintf(text, sizeof(text), "%s%s%s", /* cut is good enough */
                    host != NULL ? host : "an unknown host",
                    port != NULL ? ":" : "", port != NULL ? port : "");
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parsed);
    return text_clean(text, out, size);
}

uint16_t
url_port(const char *url, uint16_t otherwise)
{
    unsigned flags = otherwise == 0 ? CURLU_DEFAULT_PORT : 0;
    CURLU *parsed = curl_url();
    int64_t port = otherwise;
    char *text = NULL;

    if (parsed == NULL
        || curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME)
               != CURLUE_OK
        || (curl_url_get(parsed, CURLUPART_PORT, &text, flags) == CURLUE_OK
            && number_parse(text, UINT16_MAX, &port) < 0))
        port = 0;
    curl_free(text);
    curl_url_cleanup(parsed);
    return (uint16_t) port;
}
