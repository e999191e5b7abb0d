/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "common/secret.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

#define REQUESTS_MAX 64
#define REQUEST_MAX  (256 * 1024)

static const struct fake_answer *answers;
static size_t n_answers, n_requests;
static bool used[REQUESTS_MAX];
static char *requests[REQUESTS_MAX];
static const char *claims = "{}", *kid = "k1";
static enum signer signer = SIGNER_RSA;
static char base[64];
static int listener = -1;
static pthread_t thread;

/* ---- texts --------------------------------------------------------------- */

static char *
make_id_token(void)
{
    char *payload = fakeprovider_expand(claims), *header = NULL, *text;
    struct secret token = {0};

    if (asprintf(&header, "{\"alg\":\"RS256\",\"kid\":\"%s\"}", kid) < 0)
        abort();
    signer_token("RS256", signer, header, payload, &token);
    text = strdup(secret_text(&token));
    secret_clear(&token);
    free(header);
    free(payload);
    return text;
}

static char *
make_keys(void)
{
    cJSON *set = cJSON_CreateObject();
    char *json, *text;

    (void) cJSON_AddItemToArray(cJSON_AddArrayToObject(set, "keys"),
                                signer_jwk(SIGNER_RSA, "k1"));
    json = cJSON_PrintUnformatted(set);
    text = strdup(json);
    cJSON_free(json); /* not free(): json_init() */
    cJSON_Delete(set);
    return text;
}

char *
fakeprovider_expand(const char *text)
{
    char *out = NULL, *made;
    size_t size = 0;
    FILE *file = open_memstream(&out, &size);

    for (; *text != '\0'; text++) {
        if (*text == '@') {
            (void) fputs(base, file);
        } else if (*text == '$' || *text == '^') {
            made = *text == '$' ? make_id_token() : make_keys();
            (void) fputs(made, file);
            free(made);
        } else {
            (void) fputc(*text, file);
        }
    }
    (void) fclose(file);
    return out;
}

void
fakeprovider_claims(const char *text)
{
    claims = text;
}

void
fakeprovider_signs(enum signer with, const char *named)
{
    signer = with;
    kid = named;
    (void) signer_key(signer); /* made now: nobody waits for it later */
}

const char *
fakeprovider_url(const char *path)
{
    static char urls[8][256];
    static size_t next;
    char *url = urls[next++ % 8];

    (void) snprintf(url, sizeof(urls[0]), "%s%s", base, path);
    return url;
}

/* ---- the thread ---------------------------------------------------------- */

/* One whole request, to be freed, or NULL when the client is gone. */
static char *
read_request(int fd)
{
    char *text = calloc(1, REQUEST_MAX), *end = NULL, *header;
    size_t len = 0, body = 0;
    ssize_t n;

    while (end == NULL || len < (size_t) (end + 4 - text) + body) {
        n = read(fd, text + len, REQUEST_MAX - 1 - len);
        if (n <= 0) {
            free(text);
            return NULL;
        }
        len += (size_t) n;
        end = strstr(text, "\r\n\r\n");
        header = strstr(text, "Content-Length: ");
        if (header != NULL)
            body = strtoul(header + 16, NULL, 10);
    }
    return text;
}

static const struct fake_answer *
find_answer(const char *request)
{
    static const struct fake_answer none = {.status = 404};
    const char *path = strchr(request, ' ') + 1;
    size_t i, len = strcspn(path, " ");

    for (i = 0; i < n_answers; i++) {
        if (used[i] || strlen(answers[i].path) != len
            || strncmp(answers[i].path, path, len) != 0)
            continue;
        used[i] = true;
        return &answers[i];
    }
    return &none;
}

static void
send_all(int fd, const char *text, size_t len)
{
    ssize_t n = 0;

    for (; len > 0 && n >= 0; text += n, len -= (size_t) n) {
        n = send(fd, text, len, MSG_NOSIGNAL); /* it may have had enough */
        if (n < 0)
            return;
    }
}

static bool
closes(const struct fake_answer *answer)
{
    return answer->status <= 0
           || (answer->header != NULL
               && (strstr(answer->header, FAKE_CLOSE) != NULL
                   || strstr(answer->header, FAKE_CUT) != NULL));
}

static void
send_answer(int fd, const struct fake_answer *answer)
{
    char *body = fakeprovider_expand(answer->body != NULL ? answer->body : "");
    char *head = NULL;
    int len;

    if (closes(answer))
        len = asprintf(&head, "HTTP/1.1 %d Fake\r\n%s%s", answer->status,
                       answer->header,
                       strstr(answer->header, FAKE_CUT) ? "" : "\r\n\r\n");
    else
        len = asprintf(&head,
                       "HTTP/1.1 %d Fake\r\nContent-Length: %zu\r\n%s%s\r\n",
                       answer->status, strlen(body),
                       answer->header != NULL ? answer->header : "",
                       answer->header != NULL ? "\r\n" : "");
    if (len < 0)
        abort();
    send_all(fd, head, (size_t) len);
    send_all(fd, body, strlen(body));
    free(head);
    free(body);
}

/*
 * Whether the connection goes on.  The answers may be the test's own variables:
 * once one is sent, they are not looked at again.
 */
static bool
answer(int fd, const struct fake_answer *found)
{
    bool goes_on = !closes(found);
    char byte;

    if (found->status == FAKE_SILENCE)
        (void) !read(fd, &byte, 1); /* until the client gives up */
    if (found->status > 0)
        send_answer(fd, found);
    return goes_on;
}

static void
serve(int fd)
{
    char *request;
    bool goes_on = true;

    while (goes_on && n_requests < REQUESTS_MAX
           && (request = read_request(fd)) != NULL) {
        requests[n_requests++] = request;
        goes_on = answer(fd, find_answer(request));
    }
}

static void *
run(void *arg UNUSED)
{
    int fd;

    while ((fd = accept(listener, NULL, NULL)) != -1) {
        serve(fd);
        close(fd);
    }
    return NULL;
}

/* ---- what a test says and asks ------------------------------------------- */

void
fakeprovider_start(const struct fake_answer *list, size_t count)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
    };
    socklen_t len = sizeof(address);

    assert_true(count <= REQUESTS_MAX);
    fakeprovider_signs(SIGNER_RSA, "k1");
    answers = list;
    n_answers = count;
    n_requests = 0;
    memset(used, 0, sizeof(used));
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_not_equal(listener, -1);
    assert_int_equal(bind(listener, (struct sockaddr *) &address, len), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *) &address, &len),
                     0);
    (void) snprintf(base, sizeof(base), "http://127.0.0.1:%u",
                    (unsigned) ntohs(address.sin_port));
    assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
}

void
fakeprovider_stop(void)
{
    if (listener == -1)
        return;
    (void) shutdown(listener, SHUT_RDWR); /* wakes accept() */
    (void) pthread_join(thread, NULL);
    close(listener);
    listener = -1;
    while (n_requests > 0)
        free(requests[--n_requests]);
}

size_t
fakeprovider_count(void)
{
    return n_requests;
}

const char *
fakeprovider_request(size_t i)
{
    assert_true(i < n_requests);
    return requests[i];
}

void
fakeprovider_check(size_t i, const char *path, const char *form,
                   const char *file, int line)
{
    const char *request, *start, *body;

    if (i >= n_requests) {
        print_error("there was no request %zu for %s\n", i, path);
        _fail(file, line);
        return;
    }
    request = requests[i];
    start = strchr(request, ' ') + 1;
    body = strstr(request, "\r\n\r\n") + 4;
    if (strlen(path) == strcspn(start, " ")
        && strncmp(start, path, strlen(path)) == 0 && strcmp(body, form) == 0)
        return;
    print_error("request %zu should be for %s with %s, but is:\n%s\n", i, path,
                form, request);
    _fail(file, line);
}
