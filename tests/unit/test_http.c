/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "helper/exchange/http.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

static const struct settings settings = {.timeout = 2, .insecure_http = true};

static const struct secret nothing;

static struct secret
secret_of(const char *text)
{
    struct secret secret = {0};

    assert_int_equal(secret_append_text(&secret, text, 100000), 0);
    return secret;
}

static int
teardown(void **state UNUSED)
{
    fakeprovider_stop();
    return 0;
}

static void
an_answer_comes_back_with_status_and_body(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a?b=c", 200, "{\"x\":1}", NULL},
        {"/a", 418, "short and stout", "Retry-After: 7"},
    };
    struct http_reply reply = {0};
    struct http http = {0};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(http_open(&http, &settings), 0);
    assert_int_equal(http_get(&http, fakeprovider_url("/a?b=c"), &reply), 0);
    assert_int_equal(reply.code, CURLE_OK);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.retry_after, 0);
    assert_string_equal(secret_text(&reply.body), "{\"x\":1}");
    http_reply_clear(&reply);
    assert_int_equal(http_get(&http, fakeprovider_url("/a"), &reply), 0);
    assert_int_equal(reply.status, 418);
    assert_int_equal(reply.retry_after, 7);
    assert_string_equal(secret_text(&reply.body), "short and stout");
    http_reply_clear(&reply);
    http_close(&http);
    http_close(&http); /* a second time is right, too */
}

static bool
has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static void
a_form_is_posted_with_its_headers_and_nothing_else(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/t", 200, "{}", NULL},
        {"/t", 200, "{}", NULL},
        {"/g", 200, "{}", NULL},
    };
    struct secret form = secret_of("a=b&c=%00d"), empty = secret_of("");
    struct secret authorization = secret_of("Basic eDp5");
    struct http_reply reply = {0};
    struct http http = {0};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(http_open(&http, &settings), 0);
    assert_int_equal(
        http_post(&http, fakeprovider_url("/t"), &form, &authorization, &reply),
        0);
    http_reply_clear(&reply);
    assert_int_equal(
        http_post(&http, fakeprovider_url("/t"), &empty, &nothing, &reply), 0);
    http_reply_clear(&reply);
    assert_int_equal(http_get(&http, fakeprovider_url("/g"), &reply), 0);
    http_reply_clear(&reply);
    http_close(&http);

    assert_request(0, "/t", "a=b&c=%00d");
    assert_true(has(fakeprovider_request(0), "POST /t "));
    assert_true(has(fakeprovider_request(0), "Authorization: Basic eDp5\r\n"));
    assert_true(has(fakeprovider_request(0), "Accept: application/json\r\n"));
    assert_true(has(fakeprovider_request(0),
                    "Content-Type: application/x-www-form-urlencoded\r\n"));
    /* Nothing of one request is in the next. */
    assert_request(1, "/t", "");
    assert_false(has(fakeprovider_request(1), "Authorization"));
    assert_request(2, "/g", "");
    assert_true(has(fakeprovider_request(2), "GET /g "));
    assert_false(has(fakeprovider_request(2), "Content-Length"));
    assert_false(has(fakeprovider_request(2), "Cookie"));
    secret_clear(&form);
    secret_clear(&empty);
    secret_clear(&authorization);
}

static void
a_redirect_is_not_followed_and_a_cookie_not_kept(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a", 302, NULL, "Location: /b\r\nSet-Cookie: a=b"},
        {"/b", 200, "{}", NULL},
    };
    struct http_reply reply = {0};
    struct http http = {0};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(http_open(&http, &settings), 0);
    assert_int_equal(http_get(&http, fakeprovider_url("/a"), &reply), 0);
    assert_int_equal(reply.status, 302);
    assert_int_equal(fakeprovider_count(), 1);
    http_reply_clear(&reply);
    assert_int_equal(http_get(&http, fakeprovider_url("/b"), &reply), 0);
    assert_false(has(fakeprovider_request(1), "Cookie"));
    http_reply_clear(&reply);
    http_close(&http);
}

static void
plain_http_and_other_protocols_are_refused(void **state UNUSED)
{
    static const struct settings strict = {.timeout = 2};
    static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/",
                                       "gopher://127.0.0.1/"};
    struct http_reply reply = {0};
    struct http http = {0};
    size_t i;

    fakeprovider_start(NULL, 0);
    assert_int_equal(http_open(&http, &strict), 0);
    assert_int_equal(http_get(&http, fakeprovider_url("/a"), &reply), 0);
    assert_int_equal(reply.code, CURLE_UNSUPPORTED_PROTOCOL);
    assert_false(reply.sent);
    assert_int_equal(fakeprovider_count(), 0);
    http_reply_clear(&reply);
    http_close(&http);
    assert_int_equal(http_open(&http, &settings), 0);
    for (i = 0; i < ARRAY_LEN(urls); i++) {
        assert_int_equal(http_get(&http, urls[i], &reply), 0);
        assert_int_equal(reply.code, CURLE_UNSUPPORTED_PROTOCOL);
        http_reply_clear(&reply);
    }
    http_close(&http);
}

static void
make_date(time_t at, char *out, size_t size)
{
    struct tm tm;

    assert_non_null(gmtime_r(&at, &tm));
    assert_int_not_equal(strftime(out, size, "%a, %d %b %Y %T GMT", &tm), 0);
}

/* The table of what it may say is in test_freshness.c. */
static void
retry_after_is_read_in_both_forms_and_has_a_limit(void **state UNUSED)
{
    char date[64], header[96];
    const struct fake_answer answers[] = {
        {"/a", 503, NULL,
         "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
         "Retry-After: Sun, 06 Nov 1994 08:51:37 GMT"},
        {"/a", 200, "{}", "Retry-After: 8"},
        /* Lines behind a body. */
        {"/a", 503, NULL,
         "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
         "Retry-After: 9"},
        {"/a", 429, NULL, "Retry-After: 3600"},
        {"/a", 429, NULL, "Retry-After: 86400"},
        {"/a", 429, NULL, "Retry-After: soon"},
        {"/a", 429, NULL, "Retry-After: -5"},
        {"/a", 429, NULL, header},
    };
    static const int64_t expected[] = {120, 8, 0, 3600, 3600, 0, 0};
    struct http_reply reply = {0};
    struct http http = {0};
    size_t i;

    make_date(time(NULL) + 100, date, sizeof(date));
    (void) snprintf(header, sizeof(header), "Retry-After: %s", date);
    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(http_open(&http, &settings), 0);
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        assert_int_equal(http_get(&http, fakeprovider_url("/a"), &reply), 0);
        if (i < ARRAY_LEN(expected))
            assert_int_equal(reply.retry_after, expected[i]);
        else
            assert_in_range(reply.retry_after, 95, 101);
        http_reply_clear(&reply);
    }
    http_close(&http);
}

static void
only_the_final_answer_says_when_to_come_back(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a", 103, NULL,
         "Retry-After: 9\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 0"},
        {"/a", 103, NULL,
         "Retry-After: 9\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 0\r\n"
         "Retry-After: 5"},
        {"/a", 103, NULL, "Retry-After: 9\r\n\r\nHTTP/1.1 5"},
        /* cut in the body */
        {"/a", 503, "x", "Retry-After: 5\r\nContent-Length: 2\r\n" FAKE_CLOSE},
    };
    static const int64_t expected[] = {0, 5, 0, 5};
    struct http_reply reply = {0};
    struct http http = {0};
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        assert_int_equal(http_open(&http, &settings), 0);
        assert_int_equal(http_get(&http, fakeprovider_url("/a"), &reply), 0);
        assert_int_equal(reply.retry_after, expected[i]);
        assert_int_equal(reply.code == CURLE_OK, i < 2);
        assert_int_equal(reply.status, i == 2 ? 103 : 503);
        http_reply_clear(&reply);
        http_close(&http);
    }
}

/* curl takes it for a whole one. */
static void
a_header_that_is_cut_is_half_an_answer(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a", 200, NULL, FAKE_CUT},
        {"/a", 400, NULL, "Content-Length: 0\r\n" FAKE_CUT},
        {"/a", 103, NULL, "X: y\r\n\r\nHTTP/1.1 200 OK\r\n" FAKE_CUT},
    };
    struct http_reply reply = {0};
    struct http http = {0};
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        assert_int_equal(http_open(&http, &settings), 0);
        assert_int_equal(http_get(&http, fakeprovider_url("/a"), &reply), 0);
        assert_int_equal(reply.code, CURLE_PARTIAL_FILE);
        assert_true(reply.sent);
        assert_string_not_equal(reply.detail, "");
        http_reply_clear(&reply);
        http_close(&http);
    }
}

static void
an_answer_says_how_long_it_is_or_does_not(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a", 200, "{}", NULL},
        {"/a", 200, NULL, NULL},
        {"/a", 200, "{}", FAKE_CLOSE},
        {"/a", 200, NULL, FAKE_CLOSE},
    };
    struct http_reply reply = {0};
    struct http http = {0};
    size_t i;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        assert_int_equal(http_open(&http, &settings), 0);
        assert_int_equal(http_get(&http, fakeprovider_url("/a"), &reply), 0);
        assert_int_equal(reply.code, CURLE_OK);
        assert_int_equal(reply.measured, i < 2);
        http_reply_clear(&reply);
        http_close(&http);
    }
}

/* It is the proxy that is busy, for whatever reason. */
static void
a_proxy_that_refuses_to_connect_does_not_say_when(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"login.example:443", 503, NULL, "Retry-After: 9"},
    };
    struct settings with = settings;
    struct http_reply reply = {0};
    struct http http = {0};
    char proxy[64];

    fakeprovider_start(answers, ARRAY_LEN(answers));
    (void) snprintf(proxy, sizeof(proxy), "%s", fakeprovider_url(""));
    with.proxy = proxy;
    assert_int_equal(http_open(&http, &with), 0);
    assert_int_equal(http_get(&http, "https://login.example/a", &reply), 0);
    assert_int_not_equal(reply.code, CURLE_OK);
    assert_int_equal(reply.status, 0);
    assert_false(reply.sent);
    assert_int_equal(reply.retry_after, 0);
    assert_int_equal(fakeprovider_count(), 1);
    http_reply_clear(&reply);
    http_close(&http);
}

static void
an_answer_may_have_one_mebibyte(void **state UNUSED)
{
    const size_t limit = 1024 * 1024;
    char *exact = calloc(1, limit + 1), *more = calloc(1, limit + 2);
    const struct fake_answer answers[] = {
        {"/a", 200, exact, NULL},
        {"/a", 200, more, NULL},
        /* No length, so that only counting helps. */
        {"/a", 200, more, FAKE_CLOSE},
    };
    struct http_reply reply = {0};
    struct http http = {0};
    size_t i;

    memset(exact, 'x', limit);
    memset(more, 'x', limit + 1);
    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(http_open(&http, &settings), 0);
    for (i = 0; i < ARRAY_LEN(answers); i++) {
        assert_int_equal(http_get(&http, fakeprovider_url("/a"), &reply), 0);
        assert_int_equal(reply.code == CURLE_OK, i == 0);
        assert_true(reply.sent);
        if (i == 0)
            assert_int_equal(reply.body.len, limit);
        else
            assert_string_equal(reply.detail,
                                "the answer is larger than 1 MiB");
        http_reply_clear(&reply);
    }
    http_close(&http);
    fakeprovider_stop();
    free(exact);
    free(more);
}

static void
what_says_how_long_it_is_fresh_comes_back(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a", 200, "{}",
         "Cache-Control: max-age=1000\r\nAge: 1\r\nCache-Control: public"},
        {"/b", 200, "{}", NULL},
    };
    struct http_reply reply = {0};
    struct http http = {0};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(http_open(&http, &settings), 0);
    assert_int_equal(http_get(&http, fakeprovider_url("/a"), &reply), 0);
    assert_int_equal(freshness_lifetime(&reply.freshness, 0), 999);
    http_reply_clear(&reply);
    assert_int_equal(http_get(&http, fakeprovider_url("/b"), &reply), 0);
    assert_int_equal(freshness_lifetime(&reply.freshness, 0), 3600);
    http_reply_clear(&reply);
    http_close(&http);
}

/* first, as often line as makes it so long, and last; to be freed. */
static char *
make_header(const char *first, const char *line, const char *last, size_t len)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    (void) fputs(first, file);
    while ((size_t) ftell(file) < len)
        (void) fputs(line, file);
    (void) fputs(last, file);
    (void) fclose(file);
    return text;
}

static void
a_header_may_have_64_kibibytes(void **state UNUSED)
{
    static const char large[] = "the answer's header is larger than 64 KiB";
    /* many lines; a long one; interim answers; lines behind the body */
    char *headers[] = {
        make_header("", "A: b\r\n", "C: d", 65000),
        make_header("", "A: b\r\n", "C: d", 66000),
        make_header("A: ", "b", "", 66000),
        make_header("A: ", "b", "", 90000),
        make_header("A: ", "b", "", 500000),
        make_header("A: b\r\n", "\r\nHTTP/1.1 100 Continue\r\n",
                    "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2", 66000),
        make_header("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
                    "A: b\r\n", "", 66000),
    };
    struct fake_answer answers[ARRAY_LEN(headers)];
    struct http_reply reply = {0};
    struct http http = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(headers); i++)
        answers[i] =
            (struct fake_answer){"/a", i == 5 ? 100 : 200, "{}", headers[i]};
    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(http_open(&http, &settings), 0);
    for (i = 0; i < ARRAY_LEN(headers); i++) {
        assert_int_equal(http_get(&http, fakeprovider_url("/a"), &reply), 0);
        if (i == 0)
            assert_int_equal(reply.code, CURLE_OK);
        else if (i == 4) /* curl itself has had enough */
            assert_true(has(reply.detail, "endless line"));
        else
            assert_string_equal(reply.detail, large);
        http_reply_clear(&reply);
    }
    http_close(&http);
    fakeprovider_stop();
    for (i = 0; i < ARRAY_LEN(headers); i++)
        free(headers[i]);
}

/* ---- how far a request got ----------------------------------------------- */

static void
a_provider_that_hangs_up_or_is_silent_may_have_got_it(void **state UNUSED)
{
    static const struct settings hasty = {.timeout = 1, .insecure_http = true};
    static const struct fake_answer answers[] = {
        {"/a", FAKE_HANG_UP, NULL, NULL},
        {"/a", FAKE_SILENCE, NULL, NULL},
    };
    struct secret form = secret_of("a=b");
    struct http_reply reply = {0};
    struct http http = {0};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(http_open(&http, &hasty), 0);
    assert_int_equal(
        http_post(&http, fakeprovider_url("/a"), &form, &nothing, &reply), 0);
    assert_int_equal(reply.code, CURLE_GOT_NOTHING);
    assert_true(reply.sent);
    assert_int_equal(reply.status, 0);
    http_reply_clear(&reply);
    assert_int_equal(
        http_post(&http, fakeprovider_url("/a"), &form, &nothing, &reply), 0);
    assert_int_equal(reply.code, CURLE_OPERATION_TIMEDOUT);
    assert_true(reply.sent);
    http_reply_clear(&reply);
    http_close(&http);
    secret_clear(&form);
}

/*
 * It has read the second form, and closes: nobody knows what came of it.  curl
 * would send a form that it can read again a second time.
 */
/* TLS records full of HelloRequest, which OpenSSL skips, as fast as it can. */
static void
flood(int listener)
{
    static const uint8_t record[5 + 16384] = {22, 3, 3, 0x40, 0};
    int fd = accept(listener, NULL, NULL);

    while (send(fd, record, sizeof(record), MSG_NOSIGNAL) > 0)
        ;
    _exit(0);
}

static void
a_handshake_that_never_ends_is_ended(void **state UNUSED)
{
    const struct settings impatient = {.timeout = 1};
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    struct http_reply reply = {0};
    struct http http = {0};
    time_t start = time(NULL);
    char url[64];
    int listener;
    pid_t pid;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *) &address, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *) &address, &len),
                     0);
    pid = fork();
    if (pid == 0)
        flood(listener);
    assert_true(pid > 0);
    (void) snprintf(url, sizeof(url), "https://127.0.0.1:%u/",
                    (unsigned) ntohs(address.sin_port));
    assert_int_equal(http_open(&http, &impatient), 0);
    assert_int_equal(http_get(&http, url, &reply), 0);
    assert_int_equal(reply.code, CURLE_OPERATION_TIMEDOUT);
    /* On a slow machine curl notices it before our alarm does. */
    assert_true(has(reply.detail, "ended at the time limit")
                || has(reply.detail, "timed out after"));
    assert_false(reply.sent);
    assert_in_range(time(NULL) - start, 1, 5);
    http_reply_clear(&reply);
    http_close(&http);
    close(listener);
    /* With its window closed it would notice the end minutes later. */
    (void) kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
a_form_is_never_sent_twice_by_curl_itself(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a", 200, "{}", NULL},
        {"/a", FAKE_HANG_UP, NULL, NULL},
        {"/a", 200, "{}", NULL},
    };
    struct secret form = secret_of("a=b");
    struct http_reply reply = {0};
    struct http http = {0};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(http_open(&http, &settings), 0);
    assert_int_equal(
        http_post(&http, fakeprovider_url("/a"), &form, &nothing, &reply), 0);
    assert_int_equal(reply.status, 200);
    http_reply_clear(&reply);
    assert_int_equal(
        http_post(&http, fakeprovider_url("/a"), &form, &nothing, &reply), 0);
    assert_int_not_equal(reply.code, CURLE_OK);
    assert_true(reply.sent); /* so that nobody above repeats it either */
    assert_int_equal(reply.status, 0);
    http_reply_clear(&reply);
    assert_int_equal(fakeprovider_count(), 2);
    assert_request(1, "/a", "a=b");
    /* The next one is a new request on a new connection. */
    assert_int_equal(
        http_post(&http, fakeprovider_url("/a"), &form, &nothing, &reply), 0);
    assert_int_equal(reply.status, 200);
    assert_int_equal(fakeprovider_count(), 3);
    assert_request(2, "/a", "a=b");
    http_reply_clear(&reply);
    http_close(&http);
    secret_clear(&form);
}

static void
a_form_of_many_pieces_arrives_whole(void **state UNUSED)
{
    static const struct fake_answer answers[] = {{"/a", 200, "{}", NULL}};
    char many[100000];
    struct secret form;
    struct http_reply reply = {0};
    struct http http = {0};
    size_t i;

    for (i = 0; i < sizeof(many) - 1; i++)
        many[i] = (char) ('a' + i % 23);
    many[sizeof(many) - 1] = '\0';
    form = secret_of(many);
    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(http_open(&http, &settings), 0);
    assert_int_equal(
        http_post(&http, fakeprovider_url("/a"), &form, &nothing, &reply), 0);
    assert_int_equal(reply.status, 200);
    assert_request(0, "/a", many);
    assert_true(has(fakeprovider_request(0), "Content-Length: 99999\r\n"));
    http_reply_clear(&reply);
    http_close(&http);
    secret_clear(&form);
}

/* A socket that listens, and never accepts: its backlog does. */
static int
listen_deaf(char *url, size_t size)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
    };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *) &address, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &len), 0);
    (void) snprintf(url, size, "https://127.0.0.1:%u/",
                    (unsigned) ntohs(address.sin_port));
    return fd;
}

static void
a_provider_that_cannot_be_reached_has_not_got_it(void **state UNUSED)
{
    static const struct settings hasty = {.timeout = 1};
    struct http_reply reply = {0};
    struct http http = {0};
    char url[64];
    int fd = listen_deaf(url, sizeof(url));

    assert_int_equal(http_open(&http, &hasty), 0);
    assert_int_equal(http_get(&http, url, &reply), 0); /* connects; no TLS */
    assert_int_not_equal(reply.code, CURLE_OK);
    assert_false(reply.sent);
    http_reply_clear(&reply);
    close(fd);
    assert_int_equal(http_get(&http, url, &reply), 0); /* refused */
    assert_int_equal(reply.code, CURLE_COULDNT_CONNECT);
    assert_false(reply.sent);
    assert_true(reply.detail[0] != '\0');
    http_reply_clear(&reply);
    http_close(&http);
}

static void
the_proxy_of_the_settings_is_used_and_no_other(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a", 200, "{}", NULL},
        {"http://login.example/a", 200, "{}", NULL},
    };
    struct settings with = settings;
    struct http_reply reply = {0};
    struct http http = {0};
    char proxy[64];

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("no_proxy", "*", 1), 0);
    assert_int_equal(http_open(&http, &settings), 0);
    assert_int_equal(http_get(&http, fakeprovider_url("/a"), &reply), 0);
    assert_int_equal(reply.status, 200);
    http_reply_clear(&reply);
    http_close(&http);
    (void) snprintf(proxy, sizeof(proxy), "%s", fakeprovider_url(""));
    with.proxy = proxy;
    assert_int_equal(http_open(&http, &with), 0);
    assert_int_equal(http_get(&http, "http://login.example/a", &reply), 0);
    assert_int_equal(reply.status, 200);
    http_reply_clear(&reply);
    http_close(&http);
    (void) unsetenv("http_proxy");
    (void) unsetenv("ALL_PROXY");
    (void) unsetenv("no_proxy");
}

static void
a_ca_file_that_is_not_there_is_an_error(void **state UNUSED)
{
    char file[] = "/nonexistent/ca.pem", url[64];
    const struct settings with = {.timeout = 1, .ca_file = file};
    struct http_reply reply = {0};
    struct http http = {0};
    int fd = listen_deaf(url, sizeof(url));

    assert_int_equal(http_open(&http, &with), 0);
    assert_int_equal(http_get(&http, url, &reply), 0);
    assert_int_equal(reply.code, CURLE_SSL_CACERT_BADFILE);
    assert_false(reply.sent);
    http_reply_clear(&reply);
    http_close(&http);
    close(fd);
}

static void
a_body_is_wiped(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/a", 200, "{\"access_token\":\"CANARY\"}", NULL},
    };
    struct http_reply reply = {0};
    struct http http = {0};

    fakeprovider_start(answers, ARRAY_LEN(answers));
    assert_int_equal(http_open(&http, &settings), 0);
    assert_int_equal(http_get(&http, fakeprovider_url("/a"), &reply), 0);
    wiped_begin("CANARY"); /* ours, not curl's */
    http_reply_clear(&reply);
    assert_wiped();
    http_close(&http);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_answer_comes_back_with_status_and_body,
                                  teardown),
        cmocka_unit_test_teardown(
            a_form_is_posted_with_its_headers_and_nothing_else, teardown),
        cmocka_unit_test_teardown(
            a_redirect_is_not_followed_and_a_cookie_not_kept, teardown),
        cmocka_unit_test_teardown(plain_http_and_other_protocols_are_refused,
                                  teardown),
        cmocka_unit_test_teardown(
            retry_after_is_read_in_both_forms_and_has_a_limit, teardown),
        cmocka_unit_test_teardown(a_header_that_is_cut_is_half_an_answer,
                                  teardown),
        cmocka_unit_test_teardown(an_answer_says_how_long_it_is_or_does_not,
                                  teardown),
        cmocka_unit_test_teardown(only_the_final_answer_says_when_to_come_back,
                                  teardown),
        cmocka_unit_test_teardown(
            a_proxy_that_refuses_to_connect_does_not_say_when, teardown),
        cmocka_unit_test_teardown(an_answer_may_have_one_mebibyte, teardown),
        cmocka_unit_test_teardown(what_says_how_long_it_is_fresh_comes_back,
                                  teardown),
        cmocka_unit_test_teardown(a_header_may_have_64_kibibytes, teardown),
        cmocka_unit_test_teardown(
            a_provider_that_hangs_up_or_is_silent_may_have_got_it, teardown),
        cmocka_unit_test(a_handshake_that_never_ends_is_ended),
        cmocka_unit_test_teardown(a_form_is_never_sent_twice_by_curl_itself,
                                  teardown),
        cmocka_unit_test_teardown(a_form_of_many_pieces_arrives_whole,
                                  teardown),
        cmocka_unit_test(a_provider_that_cannot_be_reached_has_not_got_it),
        cmocka_unit_test_teardown(
            the_proxy_of_the_settings_is_used_and_no_other, teardown),
        cmocka_unit_test(a_ca_file_that_is_not_there_is_an_error),
        cmocka_unit_test_teardown(a_body_is_wiped, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
