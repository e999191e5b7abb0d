/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/keyring.h"
#include "helper/cli/command.h"
#include "tests/lib/assert_wiped.h"
#include "tests/lib/child.h"
#include "tests/lib/cli.h"
#include "tests/lib/fakeresident.h"
#include "tests/lib/test.h"

static struct cli cli;
static key_serial_t ring;
static char soon[32], later[32], lines[256];

static int
teardown(void **state UNUSED)
{
    fakeresident_stop();
    return 0;
}

/* Up to four arguments. */
#define token(...)                                                             \
    cli_run(command_token, (const char *const[6]){"token", ##__VA_ARGS__}, &cli)

/* A token that was asked for 300 s ago and has this much left.  After a renewal
 * there is another one, for as long as the first one was. */
static void
begin(int64_t left)
{
    static const char *const texts[] = {KEY_ACCESS_TOKEN,
                                        "CANARY-new",
                                        KEY_EXPIRES_AT,
                                        later,
                                        KEY_STATUS,
                                        "state=active\nrenewals=1\n",
                                        NULL};
    int64_t now = time(NULL);

    (void) snprintf(soon, sizeof(soon), "%" PRId64, now + left);
    (void) snprintf(later, sizeof(later), "%" PRId64, now + 300 + left);
    (void) snprintf(lines, sizeof(lines),
                    "state=active\nrenewed_at=%" PRId64 "\n", now - 300);
    ring = fakeresident_ring();
    assert_int_equal(put_text(ring, KEY_ACCESS_TOKEN, "CANARY-at"), 0);
    assert_int_equal(put_text(ring, KEY_ID_TOKEN, "CANARY-id"), 0);
    assert_int_equal(put_text(ring, KEY_EXPIRES_AT, soon), 0);
    fakeresident_start(ring, texts);
    fakeresident_status(ring, lines);
}

#define NEED_SESSION(left)                                                     \
    do {                                                                       \
        NEED_KEYS();                                                           \
        NEED_PIDFD();                                                          \
        begin(left);                                                           \
    } while (0)

static void
assert_refused(int status, const char *said)
{
    assert_int_equal(cli.status, status);
    assert_non_null(strstr(cli.err, said));
    assert_null(strstr(cli.out, "CANARY"));
    assert_null(strstr(cli.err, "CANARY"));
}

static void
prints_what_is_there_and_forgets_it(void **state UNUSED)
{
    NEED_SESSION(600);
    wiped_begin("CANARY-");
    token();
    assert_wiped();
    assert_int_equal(cli.status, COMMAND_OK);
    assert_string_equal(cli.out, "CANARY-at\n");
    assert_string_equal(cli.err, "");
    wiped_begin("CANARY-");
    token("--id", "--format=kubectl");
    assert_wiped();
    assert_non_null(strstr(cli.out, "\"token\": \"CANARY-id\""));
    token("--header");
    assert_string_equal(cli.out, "Authorization: Bearer CANARY-at\n");
}

static void
renews_what_has_too_little_left(void **state UNUSED)
{
    NEED_SESSION(60);
    token("--min-lifetime=61");
    assert_int_equal(cli.status, COMMAND_OK);
    assert_string_equal(cli.out, "CANARY-new\n");
}

/* By our clock, whatever the kernel says of the key. */
static void
never_prints_what_has_expired(void **state UNUSED)
{
    NEED_SESSION(0);
    token("--min-lifetime=0");
    assert_int_equal(cli.status, COMMAND_OK);
    assert_string_equal(cli.out, "CANARY-new\n");
    begin(-1);
    fakeresident_stop();
    token();
    assert_refused(COMMAND_EXPIRED, "does not run");
}

static void
a_token_that_its_owner_destroyed_comes_back(void **state UNUSED)
{
    key_serial_t key;

    NEED_SESSION(60);
    assert_int_equal(keyring_find(ring, "user", KEY_ACCESS_TOKEN, &key), 0);
    assert_int_equal(keyctl_invalidate(key), 0);
    token();
    assert_string_equal(cli.out, "CANARY-new\n");
    begin(60);
    assert_int_equal(keyring_find(ring, "user", KEY_ACCESS_TOKEN, &key), 0);
    assert_int_equal(keyctl_invalidate(key), 0);
    assert_int_equal(keyring_find(ring, "user", KEY_EXPIRES_AT, &key), 0);
    assert_int_equal(keyctl_invalidate(key), 0);
    token();
    assert_string_equal(cli.out, "CANARY-new\n");
}

static void
asks_for_no_more_than_there_is(void **state UNUSED)
{
    NEED_SESSION(60);
    token("--min-lifetime=361");
    assert_refused(COMMAND_FAILED, "access tokens live for 360 s, and you"
                                   " asked for 361");
    /* It would be 359 s once it is here, and so at each try. */
    token("--min-lifetime=360");
    assert_refused(COMMAND_FAILED, "access tokens live for 360 s, and you"
                                   " asked for 360");
    fakeresident_stop();
    token("--min-lifetime=61");
    assert_refused(COMMAND_FAILED, "does not run");
    fakeresident_status(ring, "state=login_required\n");
    token("--min-lifetime=61");
    assert_refused(COMMAND_EXPIRED, "login required");
}

/* The new one, which nobody could foresee, is short. */
static void
is_not_content_with_a_renewal_alone(void **state UNUSED)
{
    NEED_SESSION(60);
    (void) snprintf(lines, sizeof(lines),
                    "state=active\nrenewed_at=%" PRId64 "\n",
                    (int64_t) time(NULL) - 5000);
    fakeresident_status(ring, lines);
    token("--min-lifetime=4000");
    assert_refused(COMMAND_FAILED, "access tokens live for 3");
}

static void
an_id_token_may_not_be_there(void **state UNUSED)
{
    NEED_SESSION(600);
    assert_int_equal(put_text(ring, KEY_ID_TOKEN, KEY_NO_TOKEN), 0);
    token("--id");
    assert_refused(COMMAND_NO_TOKEN, "the provider gave no ID token");
}

static void
an_id_token_that_is_not_renewed_ends(void **state UNUSED)
{
    int64_t now = time(NULL);
    char before[256];

    NEED_SESSION(600);
    fakeresident_stop();
    ring = fakeresident_ring();
    (void) snprintf(lines, sizeof(lines),
                    "state=active\nrenewals=1\nid_expires_at=%" PRId64
                    "\nrenewed_at=%" PRId64 "\n",
                    now - 5, now);
    {
        const char *const texts[] = {KEY_STATUS, lines, NULL};

        fakeresident_start(ring, texts);
        (void) snprintf(before, sizeof(before),
                        "state=active\nid_expires_at=%" PRId64 "\n", now - 5);
        fakeresident_status(ring, before);
        token("--id");
    }
    assert_refused(COMMAND_EXPIRED, "no new ID token");
}

static void
a_session_without_tokens_has_none_to_print(void **state UNUSED)
{
    NEED_KEYS();
    token();
    assert_refused(COMMAND_NO_TOKEN, "this session has no tokens");
}

/* ---- What cannot be written ---- */

static int
print_to(void *data)
{
    char name[] = "token";
    char *argv[] = {name, NULL};

    dup2(*(const int *) data, STDOUT_FILENO);
    optind = 0;
    return command_token(1, argv);
}

static void
a_full_disk_or_a_closed_pipe_is_a_failure(void **state UNUSED)
{
    int full, ends[2];

    NEED_SESSION(600);
    full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    cli_capture(print_to, &full, &cli);
    assert_refused(COMMAND_FAILED, "No space left on device");
    cli_capture(print_to, &ends[1], &cli);
    assert_refused(COMMAND_FAILED, "Broken pipe");
    close(full);
    close(ends[1]);
}

/* ---- git ---- */

static const char *git_text;

static int
ask(void *data)
{
    char *argv[] = {strdup("token"), strdup("--format=git"),
                    strdup("--host=git.example.com"), strdup(data), NULL};
    int in[2], old = dup(STDIN_FILENO), status;
    size_t i;

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(write(in[1], git_text, strlen(git_text)),
                     strlen(git_text));
    close(in[1]);
    dup2(in[0], STDIN_FILENO);
    close(in[0]);
    optind = 0;
    status = command_token(4, argv);
    dup2(old, STDIN_FILENO);
    close(old);
    for (i = 0; i < 4; i++)
        free(argv[i]);
    return status;
}

static void
git(const char *text, const char *operation)
{
    char word[16];

    git_text = text;
    (void) snprintf(word, sizeof(word), "%s", operation);
    cli_capture(ask, word, &cli);
}

static void
git_gets_a_token_for_its_host_only(void **state UNUSED)
{
    NEED_SESSION(600);
    git("protocol=https\nhost=git.example.com\n", "get");
    assert_int_equal(cli.status, COMMAND_OK);
    assert_memory_equal(cli.out, "username=oauth2\npassword=CANARY-at\n", 35);
    git("protocol=http\nhost=git.example.com\n", "get");
    assert_refused(COMMAND_OK, "no token for git");
    git("protocol=https\nhost=evil.example.com\n", "get");
    assert_refused(COMMAND_OK, "no token for git");
    git("protocol=https\nhost=evil.example.com\nhost=git.example.com\n", "get");
    assert_refused(COMMAND_OK, "no token for git: it names something twice");
    git("protocol=https\nhost=git.example.com\n", "store");
    assert_string_equal(cli.out, "");
    git("protocol=https\nhost=git.example.com\n", "erase");
    assert_string_equal(cli.out, "");
}

/* ---- Options ---- */

static void
takes_what_its_help_says(void **state UNUSED)
{
    token("--help");
    assert_int_equal(cli.status, COMMAND_OK);
    assert_non_null(strstr(cli.out, "--min-lifetime"));
    token("--format=yaml");
    assert_refused(COMMAND_USAGE, "is one of raw, header, json, kubectl, git");
    token("--min-lifetime=86401");
    assert_refused(COMMAND_USAGE, "number of seconds from 0 to 86400");
    token("--timeout=never");
    assert_refused(COMMAND_USAGE, "number of seconds from 0 to 3600");
    token("--format=git", "get");
    assert_refused(COMMAND_USAGE, "needs '--host'");
    token("--format=git", "--host=", "get");
    assert_refused(COMMAND_USAGE, "'--host' is empty");
    token("--format=git", "--host=h");
    assert_refused(COMMAND_USAGE, "operation is missing");
    token("--format=git", "--host=h", "get", "more");
    assert_refused(COMMAND_USAGE, "extra operand 'more'");
    token("--host=h");
    assert_refused(COMMAND_USAGE, "goes with '--format=git' only");
    token("get");
    assert_refused(COMMAND_USAGE, "extra operand 'get'");
    token("--secret");
    assert_refused(COMMAND_USAGE, "unrecognized option");
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(prints_what_is_there_and_forgets_it),
        TEST(renews_what_has_too_little_left),
        TEST(never_prints_what_has_expired),
        TEST(a_token_that_its_owner_destroyed_comes_back),
        TEST(asks_for_no_more_than_there_is),
        TEST(is_not_content_with_a_renewal_alone),
        TEST(an_id_token_may_not_be_there),
        TEST(an_id_token_that_is_not_renewed_ends),
        TEST(a_session_without_tokens_has_none_to_print),
        TEST(a_full_disk_or_a_closed_pipe_is_a_failure),
        TEST(git_gets_a_token_for_its_host_only),
        TEST(takes_what_its_help_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
