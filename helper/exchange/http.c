/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/text.h"
#include "helper/exchange/http.h"
#include "helper/exchange/trust.h"

#define BODY_MAX   ((size_t) 1024 * 1024)
#define HEADER_MAX ((size_t) 64 * 1024)
/* Connections that curl may keep, and attempts at one. */
#define WIRES_MAX  64
#define USER_AGENT PACKAGE_NAME "/" PACKAGE_VERSION

/* clang-format off */
/* One that curl does not know is an error: all of them protect something. */
#define SET(curl, option, value) \
    (curl_easy_setopt(curl, CURLOPT_##option, value) == CURLE_OK)
/* clang-format on */

/*
 * curl looks at its time limit between calls of OpenSSL.  One of those does not
 * return as long as the provider sends messages that mean nothing, as
 * HelloRequest; so an alarm ends the connection behind its back.
 */
static volatile sig_atomic_t wires[WIRES_MAX], cut;

static void
on_alarm(int number UNUSED)
{
    int saved = errno;
    size_t i;

    cut = 1;
    for (i = 0; i < WIRES_MAX; i++)
        if (wires[i] > 0)
            (void) shutdown(wires[i], SHUT_RDWR); /* whatever it answers */
    errno = saved;
}

/* Descriptor 0 is the caller's, so that 0 may say that a place is free. */
static int
on_open(void *arg UNUSED, curl_socket_t fd, curlsocktype purpose UNUSED)
{
    size_t i;

    for (i = 0; i < WIRES_MAX; i++)
        if (wires[i] == 0) {
            wires[i] = fd;
            return CURL_SOCKOPT_OK;
        }
    return CURL_SOCKOPT_ERROR;
}

static int
on_close(void *arg UNUSED, curl_socket_t fd)
{
    size_t i;

    for (i = 0; i < WIRES_MAX; i++)
        if (wires[i] == fd)
            wires[i] = 0;
    return close(fd);
}

static bool
set_alarm(CURL *curl)
{
    const struct sigaction action = {.sa_handler = on_alarm,
                                     .sa_flags = SA_RESTART};

    return sigaction(SIGALRM, &action, NULL) == 0
           && SET(curl, SOCKOPTFUNCTION, on_open)
           && SET(curl, CLOSESOCKETFUNCTION, on_close);
}

static bool
set_network(CURL *curl, const struct settings *settings)
{
    const char *protocols = settings->insecure_http ? "https,http" : "https";
    const char *proxy = settings->proxy != NULL ? settings->proxy : "";

    return SET(curl, PROTOCOLS_STR, protocols)
           && SET(curl, HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1)
           && SET(curl, FOLLOWLOCATION, 0L) && SET(curl, PROXY, proxy)
           && SET(curl, NOPROXY, "") && SET(curl, NOSIGNAL, 1L)
           && SET(curl, TIMEOUT, (long) settings->timeout)
           && SET(curl, CONNECTTIMEOUT, (long) (settings->timeout + 1) / 2)
           && SET(curl, MAXFILESIZE_LARGE, (curl_off_t) BODY_MAX)
           && SET(curl, NETRC, (long) CURL_NETRC_IGNORED)
           && SET(curl, USERAGENT, USER_AGENT);
}

/*
 * Without a ca_file it is the system's certificates, and curl knows where they
 * are.  To read all of them takes longer than a whole renewal: where OpenSSL
 * finds them by their hash, it reads those it needs.
 */
static bool
set_system_trust(CURL *curl)
{
    if (!trust_is_hashed(curl_version_info(CURLVERSION_NOW)->capath))
        return true;
    return SET(curl, CAINFO, NULL) && SET(curl, PROXY_CAINFO, NULL);
}

static bool
set_trust(CURL *curl, const struct settings *settings)
{
    if (!SET(curl, SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2)
        || !SET(curl, SSL_VERIFYPEER, 1L) || !SET(curl, SSL_VERIFYHOST, 2L))
        return false;
    if (settings->ca_file == NULL)
        return set_system_trust(curl);
    return SET(curl, CAINFO, settings->ca_file) && SET(curl, CAPATH, NULL)
           && SET(curl, PROXY_CAINFO, settings->ca_file)
           && SET(curl, PROXY_CAPATH, NULL);
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
    struct http_reply *reply = arg;

    /* The bytes may hold tokens; too many of them end the transfer. */
    if (secret_append(&reply->body, data, size * count, BODY_MAX) < 0)
        return 0;
    return size * count;
}

/* Every line, also that of an interim answer, of a proxy, or behind a body. */
static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
    struct http_reply *reply = arg;
    size_t len = size * count;

    reply->header_len += len;
    if (reply->header_len > HEADER_MAX) /* not endless: this ends it */
        return 0;
    freshness_take(&reply->freshness, data, len);
    return len;
}

int
http_open(struct http *http, const struct settings *settings)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -ENOMEM;
    http->curl = curl_easy_init();
    if (http->curl == NULL) {
        curl_global_cleanup();
        return -ENOMEM;
    }
    http->patience = (unsigned) settings->timeout + 1;
    if (set_network(http->curl, settings) && set_trust(http->curl, settings)
        && set_alarm(http->curl) && SET(http->curl, ERRORBUFFER, http->detail)
        && SET(http->curl, WRITEFUNCTION, on_body)
        && SET(http->curl, HEADERFUNCTION, on_header))
        return 0;
    http_close(http);
    return -ENOTSUP;
}

void
http_close(struct http *http)
{
    if (http->curl == NULL)
        return;
    curl_easy_cleanup(http->curl);
    curl_global_cleanup();
    http->curl = NULL;
}

/* In curl's words, which for one of ours would be puzzling. */
static const char *
explain(const struct http *http, CURLcode code, size_t header_len)
{
    if (code != CURLE_OK && header_len > HEADER_MAX)
        return "the answer's header is larger than 64 KiB";
    if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED)
        return "the answer is larger than 1 MiB";
    if (code == CURLE_OPERATION_TIMEDOUT && cut)
        return "the connection was ended at the time limit";
    if (code == CURLE_OUT_OF_MEMORY) /* its word for a line beyond 100 KiB */
        return "the answer's header has an endless line, or memory is short";
    return http->detail[0] != '\0' ? http->detail : curl_easy_strerror(code);
}

static void
read_type(CURL *curl, struct http_reply *out)
{
    const char *type = NULL;

    if (curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK
        && type != NULL)
        (void) text_clean(type, out->type, sizeof(out->type));
}

static void
read_reply(const struct http *http, CURLcode code, struct http_reply *out)
{
    curl_off_t begun = 0, len = -1;

    /* curl is content with the status line.  A probe gets not even that. */
    if (code == CURLE_OK && out->header_len > 0 && !out->freshness.done)
        code = CURLE_PARTIAL_FILE;
    out->code = code;
    (void) text_clean(explain(http, code, out->header_len), out->detail,
                      sizeof(out->detail));
    /* What curl cannot tell is as if there were none. */
    (void) curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &out->status);
    /* Connected, through proxy and TLS: from then on bytes may have gone. */
    (void) curl_easy_getinfo(http->curl, CURLINFO_PRETRANSFER_TIME_T, &begun);
    out->sent = begun > 0;
    (void) curl_easy_getinfo(http->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
                             &len);
    out->measured = len >= 0;
    read_type(http->curl, out);
    /* A proxy that refuses CONNECT has no status; an interim answer has 1xx. */
    if (out->status >= 200)
        out->retry_after = freshness_retry_after(&out->freshness, time(NULL));
}

static int
perform(struct http *http, const char *url, struct curl_slist *headers,
        struct http_reply *out)
{
    CURL *curl = http->curl;
    CURLcode code;

    http->detail[0] = '\0';
    out->header_len = 0;
    if (!SET(curl, URL, url) || !SET(curl, HTTPHEADER, headers)
        || !SET(curl, WRITEDATA, out) || !SET(curl, HEADERDATA, out))
        return -ENOMEM;
    cut = 0;
    (void) alarm(http->patience); /* returns what was left of none */
    code = curl_easy_perform(curl);
    (void) alarm(0);
    if (code != CURLE_OK && cut)
        code = CURLE_OPERATION_TIMEDOUT;
    read_reply(http, code, out);
    /* They belong to our callers; the handle lives on. */
    (void) SET(curl, HTTPHEADER, NULL);
    (void) SET(curl, READDATA, NULL);
    (void) SET(curl, HEADERDATA, NULL);
    return 0;
}

static void
headers_clear(struct curl_slist *headers)
{
    const struct curl_slist *item;

    for (item = headers; item != NULL; item = item->next)
        explicit_bzero(item->data, strlen(item->data));
    curl_slist_free_all(headers);
}

/* Append a header; on -ENOMEM the list is as before. */
static int
header_add(struct curl_slist **headers, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*headers, text);

    if (longer == NULL)
        return -ENOMEM;
    *headers = longer;
    return 0;
}

static int
authorization_add(struct curl_slist **headers, const struct secret *value)
{
    struct secret header = {0};
    int r;

    if (value->len == 0)
        return 0;
    r = secret_append_text(&header, "Authorization: ", HEADER_MAX);
    if (r == 0)
        r = secret_append(&header, value->data, value->len, HEADER_MAX);
    if (r == 0)
        r = header_add(headers, secret_text(&header));
    secret_clear(&header);
    return r;
}

/* The bytes of a form that curl has not had yet. */
struct rest {
    const uint8_t *data;
    size_t len;
};

/*
 * Not POSTFIELDS: when a connection that was used before is found dead, curl
 * would send those again by itself, and nobody knows what came of the first
 * time.  What it cannot read again it does not repeat.
 */
static size_t
on_send(char *out, size_t size, size_t count, void *arg)
{
    struct rest *rest = arg;
    size_t n = size * count < rest->len ? size * count : rest->len;

    if (n > 0)
        memcpy(out, rest->data, n);
    rest->data += n;
    rest->len -= n;
    return n;
}

int
http_get(struct http *http, const char *url, struct http_reply *out)
{
    const struct secret nothing = {0};

    return http_get_as(http, url, &nothing, out);
}

int
http_get_as(struct http *http, const char *url,
            const struct secret *authorization, struct http_reply *out)
{
    struct curl_slist *headers = NULL;
    int r;

    r = header_add(&headers, "Accept: application/json");
    if (r == 0)
        r = authorization_add(&headers, authorization);
    if (r == 0 && !SET(http->curl, HTTPGET, 1L))
        r = -ENOTSUP;
    if (r == 0)
        r = perform(http, url, headers, out);
    headers_clear(headers);
    return r;
}

int
http_post(struct http *http, const char *url, const struct secret *form,
          const struct secret *authorization, struct http_reply *out)
{
    struct rest rest = {.data = form->data, .len = form->len};
    struct curl_slist *headers = NULL;
    int r;

    r = header_add(&headers, "Accept: application/json");
    if (r == 0)
        r = authorization_add(&headers, authorization);
    if (r == 0
        && (!SET(http->curl, POST, 1L) || !SET(http->curl, POSTFIELDS, NULL)
            || !SET(http->curl, READFUNCTION, on_send)
            || !SET(http->curl, READDATA, &rest)
            || !SET(http->curl, POSTFIELDSIZE_LARGE, (curl_off_t) form->len)))
        r = -ENOTSUP;
    if (r == 0)
        r = perform(http, url, headers, out);
    headers_clear(headers);
    return r;
}

void
http_reply_clear(struct http_reply *reply)
{
    secret_clear(&reply->body);
    *reply = (struct http_reply){0};
}
