/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "helper/cli/git.h"
#include "tests/lib/test.h"

static struct git_request request;

static int
parse_bytes(const char *bytes, size_t len)
{
    struct secret text = {0};
    int r;

    assert_int_equal(secret_append(&text, bytes, len, GIT_REQUEST_MAX), 0);
    r = git_request_parse(&text, &request);
    secret_clear(&text);
    return r;
}

static void
parse(const char *text)
{
    assert_int_equal(parse_bytes(text, strlen(text)), 0);
}

static void
reads_what_git_asks(void **state UNUSED)
{
    parse("capability[]=authtype\nprotocol=https\n"
          "host=git.example.com:8443\npath=a.git\n"
          "username=me\nwwwauth[]=Basic realm=\"x\"\n\nhost=evil\n");
    assert_string_equal(request.protocol, "https");
    assert_string_equal(request.host, "git.example.com:8443");
    assert_string_equal(request.username, "me");
}

static void
needs_no_last_newline(void **state UNUSED)
{
    parse("host=b\nprotocol=https");
    assert_string_equal(request.host, "b");
    assert_string_equal(request.protocol, "https");
    assert_string_equal(request.username, "");
}

/* Whoever had git write a host into a URL's other parts: CVE-2020-5260. */
static void
what_may_be_read_in_two_ways_is_refused(void **state UNUSED)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"protocol=https\nhost=evil\nhost=git.example.com\n", 46},
        {"protocol=https\nhost=git.example.com\nhost=evil\n", 46},
        {"protocol=http\nprotocol=https\nhost=git.example.com\n", 50},
        {"host=\nhost=git.example.com\n", 27},
        {"username=a\nusername=b\n", 22},
        {"protocol=https\nhost=evil\rhost=git.example.com\n", 46},
        {"host=git.example.com\r\n", 22},
        {"host=git.example.com\0.evil\n", 27},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(parse_bytes(cases[i].bytes, cases[i].len), -EBADMSG);
    /* Beyond the end nothing is read. */
    parse("host=a\n\nhost=b\n");
    assert_string_equal(request.host, "a");
}

/* "git.example.com" must not be what is left of another name. */
static void
what_is_too_long_is_not_known(void **state UNUSED)
{
    char text[512] = "host=";

    memset(text + 5, 'a', 256);
    parse(text);
    assert_string_equal(request.host, "");
    text[5 + 255] = '\0';
    parse(text);
    assert_int_equal(strlen(request.host), 255);
}

/* An empty name is not the same as another empty one. */
static void
a_host_that_is_not_known_is_no_host(void **state UNUSED)
{
    char text[512] = "protocol=https\nhost=";

    memset(text + 20, 'a', 256);
    parse(text);
    assert_non_null(git_refusal(&request, ""));
    parse("protocol=https\n");
    assert_non_null(git_refusal(&request, ""));
}

static void
a_token_goes_to_its_host_by_https_only(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool may;
    } cases[] = {
        {"protocol=https\nhost=git.example.com\n", true},
        {"protocol=https\nhost=GIT.example.COM\n", true},
        {"protocol=http\nhost=git.example.com\n", false},
        {"protocol=httpsx\nhost=git.example.com\n", false},
        {"protocol=HTTPS\nhost=git.example.com\n", false},
        {"protocol=https\nhost=git.example.com.evil\n", false},
        {"protocol=https\nhost=evil.git.example.com\n", false},
        {"protocol=https\nhost=git.example.com:443\n", false},
        {"protocol=https\nhost=git.example.com.\n", false},
        {"protocol=https\nhost= git.example.com\n", false},
        {"protocol=https\nhost=\n", false},
        {"protocol=https\n", false},
        {"host=git.example.com\n", false},
        {"\nprotocol=https\nhost=git.example.com\n", false},
        {"", false},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        parse(cases[i].text);
        assert_int_equal(git_refusal(&request, "git.example.com") == NULL,
                         cases[i].may);
    }
    parse("protocol=https\nhost=git.example.com:8443\n");
    assert_null(git_refusal(&request, "git.example.com:8443"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_git_asks),
        cmocka_unit_test(needs_no_last_newline),
        cmocka_unit_test(what_may_be_read_in_two_ways_is_refused),
        cmocka_unit_test(what_is_too_long_is_not_known),
        cmocka_unit_test(a_host_that_is_not_known_is_no_host),
        cmocka_unit_test(a_token_goes_to_its_host_by_https_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
