/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "helper/exchange/url.h"
#include "tests/lib/test.h"

#define NOT_HTTPS "is not https"
#define NOT_LOCAL "is http, but not on this host"
#define NO_URL    "is not a URL"
#define SPACE     "contains a space or a special character"
#define USER      "contains a user name"
#define FRAGMENT  "contains a fragment"

static const struct {
    const char *url;
    const char *wrong;         /* normally */
    const char *wrong_in_test; /* with insecure_http */
} cases[] = {
    {"https://login.example.com", NULL, NULL},
    {"https://login.example.com/", NULL, NULL},
    {"https://login.example.com:8443/realms/x?a=b", NULL, NULL},
    {"HTTPS://login.example.com/", NULL, NULL},
    {"https://[2001:db8::1]:8443/", NULL, NULL},
    {"https://192.0.2.1/", NULL, NULL},
    {"http://login.example.com/", NOT_HTTPS, NOT_LOCAL},
    {"http://localhost/", NOT_HTTPS, NULL},
    {"http://localhost:8080/a", NOT_HTTPS, NULL},
    {"http://127.0.0.1/", NOT_HTTPS, NULL},
    {"http://127.1.2.3:1/", NOT_HTTPS, NULL},
    {"http://[::1]:8080/", NOT_HTTPS, NULL},
    {"http://128.0.0.1/", NOT_HTTPS, NOT_LOCAL},
    {"http://[::2]/", NOT_HTTPS, NOT_LOCAL},
    {"http://[::ffff:127.0.0.1]/", NOT_HTTPS, NOT_LOCAL},
    {"http://localhost.example.com/", NOT_HTTPS, NOT_LOCAL},
    {"http://127.0.0.1.example.com/", NOT_HTTPS, NOT_LOCAL},
    {"http://localhost@example.com/", USER, USER},
    {"http://example.com#localhost", FRAGMENT, FRAGMENT},
    {"ftp://login.example.com/", NOT_HTTPS, NOT_HTTPS},
    {"file:///etc/passwd", NO_URL, NO_URL},
    {"https:///path", NO_URL, NO_URL},
    {"https:/login.example.com", NO_URL, NO_URL},
    {"https:/login.example.com/?next=https://", NO_URL, NO_URL},
    {"https:/3070://61", NO_URL, NO_URL}, /* found by fuzzing */
    {"https://", NO_URL, NO_URL},
    {"login.example.com", NO_URL, NO_URL},
    {"", NO_URL, NO_URL},
    {"https://user@login.example.com/", USER, USER},
    {"https://user:pw@login.example.com/", USER, USER},
    {"https://:pw@login.example.com/", USER, USER},
    {"https://login.example.com/#x", FRAGMENT, FRAGMENT},
    {"https://login.example.com/#", FRAGMENT, FRAGMENT},
    {"https://login.example.com/a b", SPACE, SPACE},
    {" https://login.example.com/", SPACE, SPACE},
    {"https://login.example.com/\n", SPACE, SPACE},
    {"https://login.example.com/\x1b[31m", SPACE, SPACE},
    {"https://l\xc3\xb6gin.example.com/", SPACE, SPACE},
    {"https://login.example.com/\x7f", SPACE, SPACE},
};

static bool
same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
only_https_is_good_and_http_at_home_in_tests(void **state UNUSED)
{
    const char *wrong;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        wrong = url_check(cases[i].url, false);
        if (!same(wrong, cases[i].wrong))
            fail_msg("%s: %s", cases[i].url, wrong);
        wrong = url_check(cases[i].url, true);
        if (!same(wrong, cases[i].wrong_in_test))
            fail_msg("%s in a test: %s", cases[i].url, wrong);
    }
}

static void
a_host_is_shown_with_its_port_and_nothing_else(void **state UNUSED)
{
    static const struct {
        const char *url;
        const char *host;
    } hosts[] = {
        {"https://login.example.com/path?token=CANARY", "login.example.com"},
        {"https://login.example.com:8443/", "login.example.com:8443"},
        {"https://u:CANARY@login.example.com/", "login.example.com"},
        {"https://[2001:db8::1]:1/", "[2001:db8::1]:1"},
        {"nonsense CANARY", "an unknown host"},
    };
    char host[64];
    size_t i;

    for (i = 0; i < ARRAY_LEN(hosts); i++) {
        assert_ptr_equal(url_host(hosts[i].url, host, sizeof(host)), host);
        assert_string_equal(host, hosts[i].host);
    }
}

static void
a_long_host_is_cut(void **state UNUSED)
{
    char host[12];

    assert_string_equal(
        url_host("https://a.very.long.host.example/", host, sizeof(host)),
        "a.very.l...");
}

static void
the_port_is_its_own_or_the_usual_one(void **state UNUSED)
{
    static const struct {
        const char *url;
        uint16_t otherwise;
        uint16_t port;
    } ports[] = {
        {"https://login.example.com/", 0, 443},
        {"https://login.example.com:8443/", 0, 8443},
        {"http://[::1]/", 0, 80},
        {"http://127.0.0.1:65535/", 0, 65535},
        {"https://login.example.com:8443/", 1080, 8443},
        {"https://login.example.com/", 1080, 1080},
        {"socks5h://proxy.example.com", 1080, 1080},
        {"socks5h://proxy.example.com:9050", 1080, 9050},
        {"https://login.example.com:65536/", 0, 0},
        {"https://login.example.com:-1/", 0, 0},
        {"", 1080, 0},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(ports); i++)
        if (url_port(ports[i].url, ports[i].otherwise) != ports[i].port)
            fail_msg("%s: %u", ports[i].url,
                     url_port(ports[i].url, ports[i].otherwise));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_https_is_good_and_http_at_home_in_tests),
        cmocka_unit_test(a_host_is_shown_with_its_port_and_nothing_else),
        cmocka_unit_test(a_long_host_is_cut),
        cmocka_unit_test(the_port_is_its_own_or_the_usual_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
