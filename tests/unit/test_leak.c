/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "helper/exchange/leak.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/test.h"

#define TOKEN "CANARY-refresh-token"

static void
check(const char *hidden, const char *text, bool expected)
{
    struct secret secret = {0};

    assert_int_equal(secret_append_text(&secret, hidden, 65536), 0);
    if (leak_found(&secret, text) != expected)
        fail_msg("%s", text);
    secret_clear(&secret);
}

static void
a_secret_is_found_in_whole_and_in_part(void **state UNUSED)
{
    check(TOKEN, "token CANARY-refresh-token is wrong", true);
    check(TOKEN, "CANARY-refre", true);
    check(TOKEN, "Y-refresh-to", true);
    check(TOKEN, "esh-token is wrong", false);
    check(TOKEN, "fresh-token is wrong", false);
    check(TOKEN, "refresh-token is wrong", true);
    check(TOKEN, "token CANARY-refre...", true);
    check(TOKEN, "CANARY-refr", false);
    check(TOKEN, "the token is wrong", false);
    check(TOKEN, "", false);
}

static void
a_short_secret_is_found_in_whole(void **state UNUSED)
{
    check("pin", "my pin is known", true);
    check("pin", "my pi", false);
    check("pin", "cGlu", true);
    check("", "anything", false);
    check("", "", false);
}

static void
letters_of_the_other_case_hide_nothing(void **state UNUSED)
{
    check(TOKEN, "canary-REFRESH-TOKEN", true);
    check(TOKEN, "CANARY-REFRESH-TOKEN", true);
    check("pin", "PIN", true);
}

/* 36 readings of the text, each with each byte of the secret: 6 s before. */
static void
a_secret_of_a_megabyte_takes_no_time(void **state UNUSED)
{
    struct secret secret = {0};
    char text[LEAK_TEXT_MAX + 1];
    clock_t start;
    size_t i;

    for (i = 0; i < 1000000; i++)
        assert_int_equal(secret_append(&secret, i % 7 ? "x" : "y", 1, 1U << 20),
                         0);
    assert_int_equal(secret_append_text(&secret, TOKEN, 1U << 20), 0);
    for (i = 0; i < LEAK_TEXT_MAX; i++)
        text[i] = "xz9/y"[i * i % 5];
    text[LEAK_TEXT_MAX] = '\0';
    start = clock();
    assert_false(leak_found(&secret, text));
    assert_true(leak_found(&secret, "at the very end: CANARY-refr"
                                    "e"));
    if (getenv("VALGRIND") == NULL)
        assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
    secret_clear(&secret);
}

static void
nor_does_writing_it_backwards(void **state UNUSED)
{
    check(TOKEN, "nekot-hserfer-YRANAC", true);
    check(TOKEN, "NEKOT-HSERFER-yranac", true);
}

static void
nor_does_an_encoding(void **state UNUSED)
{
    static const char *const texts[] = {
        "CANARY%2Drefresh%2dtoken", /* RFC 3986 allows that */
        "%43%41%4e%41%52%59%2d%72%65%66%72%65%73%68",
        "%2543%2541%254e%2541%2552%2559%252d%2572%2565%2566%2572%2565%2573",
        "Q0FOQVJZLXJlZnJlc2gtdG9rZW4=",
        "wrong: Q0FOQVJZLXJlZnJlc2gtdG9rZW4 (base64url)",
        "OkNBTkFSWS1yZWZyZXNoLXRva2Vu",     /* behind a colon */
        "eDpDQU5BUlktcmVmcmVzaC10b2tlbg==", /* behind "x:" */
        "Basic Y2xpZW50OkNBTkFSWS1yZWZyZXNoLXRva2Vu",
        "Q0FOQVJZLXJlZnJlc2gtdG9rZW4%3D",
        "Y2xpZW50OkNBTkFSWSUyRHJlZnJlc2glMkR0b2tlbg==", /* % in base64 */
        "UTBGT1FWSlpMWEpsWm5KbGMyZ3RkRzlyWlc0PQ==",     /* twice */
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++)
        check(TOKEN, texts[i], true);
    check("a secret with spaces", "a+secret+with+spaces", true);
    check("a secret with spaces", "a%20secret%20with%20spaces", true);
    /* Percent-encoded, which leaves a '+' as it is (RFC 3986 2.2). */
    check("a+secret/with b", "a+secret%2Fwith%20b", true);
    check("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", "%C3%A4%C3%B6%C3%BC%C3%9F", true);
    check("/+/+/+/+/+/+/+/+", "Lysv_", false);
    check("/+/+/+/+/+/+/+/+", "LysvKy8rLysvKy8rLysvKw", true);
}

static void
what_is_no_leak_is_shown(void **state UNUSED)
{
    static const char *const texts[] = {
        "The refresh token has expired. Please log in again.",
        "AADSTS70008: The provided authorization code has expired",
        "100 % of it is wrong: 50%, %4, %zz, %",
        "https://login.example.com/error?code=invalid_grant",
        "====",
        "QUJD",
        "a",
        "+",
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++) {
        check(TOKEN, texts[i], false);
        check("another secret entirely", texts[i], false);
    }
}

static void
only_the_beginning_of_a_text_is_looked_at(void **state UNUSED)
{
    static char text[2 * LEAK_TEXT_MAX + sizeof(TOKEN)];

    memset(text, 'x', sizeof(text));
    memcpy(text + LEAK_TEXT_MAX - LEAK_RUN, TOKEN, sizeof(TOKEN));
    check(TOKEN, text, true);
    memset(text, 'x', sizeof(text));
    memcpy(text + LEAK_TEXT_MAX, TOKEN, sizeof(TOKEN));
    check(TOKEN, text, false);
}

static void
no_copy_of_it_is_left(void **state UNUSED)
{
    struct secret secret = {0};

    assert_int_equal(secret_append_text(&secret, TOKEN, 100), 0);
    wiped_begin("CANARY");
    assert_true(leak_found(&secret, TOKEN));
    assert_true(leak_found(&secret, "CANARY%2Drefresh%2dtoken"));
    assert_true(leak_found(&secret, "Q0FOQVJZLXJlZnJlc2gtdG9rZW4="));
    secret_clear(&secret);
    assert_wiped();
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_found_in_whole_and_in_part),
        cmocka_unit_test(a_short_secret_is_found_in_whole),
        cmocka_unit_test(letters_of_the_other_case_hide_nothing),
        cmocka_unit_test(a_secret_of_a_megabyte_takes_no_time),
        cmocka_unit_test(nor_does_writing_it_backwards),
        cmocka_unit_test(nor_does_an_encoding),
        cmocka_unit_test(what_is_no_leak_is_shown),
        cmocka_unit_test(only_the_beginning_of_a_text_is_looked_at),
        cmocka_unit_test(no_copy_of_it_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
