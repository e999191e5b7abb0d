/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "helper/cli/git.h"
#include "tests/lib/test.h"

static struct git_request request;

static void
reads_what_git_asks(void **state UNUSED)
{
    git_request_parse("capability[]=authtype\nprotocol=https\n"
                      "host=git.example.com:8443\npath=a.git\n"
                      "username=me\nwwwauth[]=Basic realm=\"x\"\n\nhost=evil\n",
                      &request);
    assert_string_equal(request.protocol, "https");
    assert_string_equal(request.host, "git.example.com:8443");
    assert_string_equal(request.username, "me");
}

static void
takes_the_last_of_two_and_no_last_newline(void **state UNUSED)
{
    git_request_parse("host=a\nhost=b\nprotocol=http\nprotocol=https",
                      &request);
    assert_string_equal(request.host, "b");
    assert_string_equal(request.protocol, "https");
    assert_string_equal(request.username, "");
}

/* "git.example.com" must not be what is left of another name. */
static void
what_is_too_long_is_not_known(void **state UNUSED)
{
    char text[512] = "host=";

    memset(text + 5, 'a', 256);
    git_request_parse(text, &request);
    assert_string_equal(request.host, "");
    text[5 + 255] = '\0';
    git_request_parse(text, &request);
    assert_int_equal(strlen(request.host), 255);
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
        git_request_parse(cases[i].text, &request);
        assert_int_equal(git_refusal(&request, "git.example.com") == NULL,
                         cases[i].may);
    }
    git_request_parse("protocol=https\nhost=git.example.com:8443\n", &request);
    assert_null(git_refusal(&request, "git.example.com:8443"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_git_asks),
        cmocka_unit_test(takes_the_last_of_two_and_no_last_newline),
        cmocka_unit_test(what_is_too_long_is_not_known),
        cmocka_unit_test(a_token_goes_to_its_host_by_https_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
