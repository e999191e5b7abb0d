/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/exchange/access.h"
#include "helper/exchange/json.h"
#include "tests/lib/test.h"

#define UID 1000

static cJSON *
parse(const char *text)
{
    cJSON *json = NULL;

    if (json_parse(text, strlen(text), &json) < 0)
        fail_msg("not parsed: %s", text);
    return json;
}

/* reason is part of the line in the log, NULL for who may log in. */
struct row {
    const char *claims;
    const char *user;
    const char *reason;
};

static void
assert_reason(const struct row *row, int r, const struct problem *problem,
              enum outcome outcome)
{
    if (r != (row->reason != NULL ? -EPROTO : 0))
        fail_msg("%s as '%s': %d, %s", row->claims, row->user, r,
                 problem->reason);
    if (row->reason == NULL)
        return;
    if (strstr(problem->reason, row->reason) == NULL)
        fail_msg("%s as '%s': %s", row->claims, row->user, problem->reason);
    assert_int_equal(problem->outcome, outcome);
    /* Who was refused is told so; who finds it broken can do nothing. */
    assert_int_equal(problem->notice[0] != '\0', outcome == OUTCOME_DENIED);
}

static void
assert_rows(const struct row *rows, size_t count, const struct access *access)
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct problem problem = {0};
        cJSON *claims = parse(rows[i].claims);
        int r;

        r = access_check(claims, access, rows[i].user, UID, &problem);
        assert_reason(&rows[i], r, &problem, OUTCOME_DENIED);
        cJSON_Delete(claims);
    }
}

/* ---- names --------------------------------------------------------------- */

static const struct access by_name = {.username_claim = "n"};

static void
the_name_is_the_users_byte_for_byte(void **state UNUSED)
{
    static const struct row rows[] = {
        {"{\"n\":\"alice\"}", "alice", NULL},
        {"{\"n\":\"\\u0061lice\"}", "alice", NULL}, /* the same bytes */
        {"{\"n\":\"a\"}", "a", NULL},
        {"{\"n\":\"1\"}", "1", NULL},
        {"{\"n\":\"Alice\"}", "Alice", NULL},
        {"{\"n\":\"al.i_c-e\"}", "al.i_c-e", NULL},
        {"{\"n\":\"alice@example.org\"}", "alice@example.org", NULL},
        {"{\"n\":\"bob\"}", "alice", "this is 'bob', not 'alice'"},
        {"{\"n\":\"Alice\"}", "alice", "this is 'Alice', not 'alice'"},
        {"{\"n\":\"ALICE\"}", "alice", "this is 'ALICE', not 'alice'"},
        {"{\"n\":\"alice\"}", "Alice", "this is 'alice', not 'Alice'"},
        {"{\"n\":\"alicex\"}", "alice", "this is 'alicex', not 'alice'"},
        {"{\"n\":\"alic\"}", "alice", "this is 'alic', not 'alice'"},
        {"{\"n\":\"alice@\"}", "alice", "this is 'alice@', not 'alice'"},
        {"{\"n\":\"alice@evil.org\"}", "alice", "not 'alice'"},
        {"{\"n\":\"alice\"}", "alice@example.org",
         "this is 'alice', not 'alice@example.org'"},
        {"{\"n\":\"alice\"}", "", "this is 'alice', not ''"},
        {"{\"n\":\"alice.\"}", "alice", "not 'alice'"},
        {"{\"n\":\"1000\"}", "alice", "this is '1000', not 'alice'"},
    };

    assert_rows(rows, ARRAY_LEN(rows), &by_name);
}

#define ODD "no local user: a user's name has only letters and digits of ASCII"

/* The user has the same odd name: there is nothing that would help it in. */
static void
an_odd_name_is_refused_whoever_logs_in(void **state UNUSED)
{
    static const struct row rows[] = {
        {"{\"n\":\"alice \"}", "alice ", ODD},
        {"{\"n\":\" alice\"}", " alice", ODD},
        {"{\"n\":\"a lice\"}", "a lice", ODD},
        {"{\"n\":\"alice\\n\"}", "alice\n", "this is 'alice?', which is no"},
        {"{\"n\":\"alice\\r\"}", "alice\r", ODD},
        {"{\"n\":\"alice\\t\"}", "alice\t", ODD},
        {"{\"n\":\"alice\\u007f\"}", "alice\x7f", ODD},
        {"{\"n\":\"alice\\u0001\"}", "alice\x01", ODD},
        {"{\"n\":\"\\u001b[31malice\"}", "\x1b[31malice", "'?[31malice'"},
        {"{\"n\":\"../alice\"}", "../alice", ODD},
        {"{\"n\":\"/alice\"}", "/alice", ODD},
        {"{\"n\":\"alice:x\"}", "alice:x", ODD},
        {"{\"n\":\"alice,root\"}", "alice,root", ODD},
        {"{\"n\":\"alice;id\"}", "alice;id", ODD},
        {"{\"n\":\"$(id)\"}", "$(id)", ODD},
        {"{\"n\":\"%u\"}", "%u", ODD},
        {"{\"n\":\"*\"}", "*", ODD},
        {"{\"n\":\"+\"}", "+", ODD},
        {"{\"n\":\"a=b\"}", "a=b", ODD},
        {"{\"n\":\"alice%40x\"}", "alice%40x", ODD},
        {"{\"n\":\"EVIL\\\\alice\"}", "EVIL\\alice", ODD},
        {"{\"n\":\"alice'\"}", "alice'", ODD},
        {"{\"n\":\"-alice\"}", "-alice", "a user's name does not start with"},
        {"{\"n\":\"-\"}", "-", "a user's name does not start with '-'"},
        {"{\"n\":\"\xc3\xa4\"}", "\xc3\xa4", ODD},
        {"{\"n\":\"\xff\"}", "\xff", ODD}, /* no UTF-8 */
    };

    assert_rows(rows, ARRAY_LEN(rows), &by_name);
}

static void
what_looks_like_the_name_is_not_it(void **state UNUSED)
{
    static const struct row rows[] = {
        {"{\"n\":\"\xd0\xb0lice\"}", "alice", ODD}, /* Cyrillic a */
        {"{\"n\":\"\\u0430lice\"}", "alice", ODD},  /* the same, escaped */
        {"{\"n\":\"\\uff41lice\"}", "alice", ODD},  /* full width */
        {"{\"n\":\"a\\u0301lice\"}", "alice", ODD}, /* combining accent */
        {"{\"n\":\"al\\u0131ce\"}", "alice", ODD},  /* dotless i */
        {"{\"n\":\"\\u212aate\"}", "kate", ODD},    /* Kelvin sign */
        {"{\"n\":\"a\\u017f\"}", "as", ODD},        /* long s */
        {"{\"n\":\"alice\\u200b\"}", "alice", ODD}, /* zero width space */
        {"{\"n\":\"ali\\u00adce\"}", "alice", ODD}, /* soft hyphen */
        {"{\"n\":\"\\u202ealice\"}", "alice", ODD}, /* right to left */
        {"{\"n\":\"\\ufeffalice\"}", "alice", ODD}, /* byte order mark */
        {"{\"n\":\"alice\\u00a0\"}", "alice", ODD}, /* no-break space */
        {"{\"n\":\"alice\\u2028\"}", "alice", ODD}, /* line separator */
        {"{\"n\":\"\xc1\xa1lice\"}", "alice", ODD}, /* overlong a */
        {"{\"n\":\"alice\\ud83d\\ude00\"}", "alice", ODD},
        {"{\"n\":\"%61lice\"}", "alice", ODD},
        {"{\"n\":\"&#97;lice\"}", "alice", ODD},
        {"{\"n\":\"\\\\u0061lice\"}", "alice", ODD},
        {"{\"n\":\"alice\\\\n\"}", "alice", ODD},
    };

    assert_rows(rows, ARRAY_LEN(rows), &by_name);
}

/* They would be "alice" for whoever reads only up to the NUL. */
static void
a_nul_or_a_twin_does_not_even_come_through_the_parser(void **state UNUSED)
{
    static const char *const texts[] = {
        "{\"n\":\"alice\\u0000\"}",
        "{\"n\":\"alice\\u0000.evil\"}",
        "{\"n\\u0000\":\"alice\"}",
        "{\"n\":\"bob\",\"n\":\"alice\"}",
        "{\"g\":[\"staff\\u0000\"]}",
        "{\"n\":\"alice\\ud800\"}", /* half of a character */
        "{\"n\":\"alice\\x00\"}",
    };
    cJSON *json = NULL;
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++)
        assert_int_equal(json_parse(texts[i], strlen(texts[i]), &json),
                         -EBADMSG);
    assert_int_equal(json_parse("{\"n\":\"alice\0\"}", 14, &json), -EBADMSG);
}

static void
only_a_text_is_a_name(void **state UNUSED)
{
    static const struct row rows[] = {
        {"{}", "alice", "no usable name: claim n is missing"},
        {"{\"N\":\"alice\"}", "alice", "claim n is missing"},
        {"{\"n \":\"alice\"}", "alice", "claim n is missing"},
        {"{\"n\":\"\"}", "", "claim n is empty"},
        {"{\"n\":null}", "alice", "claim n is not a text"},
        {"{\"n\":true}", "alice", "claim n is not a text"},
        {"{\"n\":0}", "0", "claim n is not a text"},
        {"{\"n\":[\"alice\"]}", "alice", "claim n is not a text"},
        {"{\"n\":[\"bob\",\"alice\"]}", "alice", "claim n is not a text"},
        {"{\"n\":{\"n\":\"alice\"}}", "alice", "claim n is not a text"},
    };

    assert_rows(rows, ARRAY_LEN(rows), &by_name);
}

static void
a_name_has_255_characters_at_most(void **state UNUSED)
{
    char name[257], text[300];
    size_t len;

    for (len = 254; len <= 256; len++) {
        struct row row = {text, name, len <= 255 ? NULL : "longer than 255"};

        memset(name, 'x', len);
        name[len] = '\0';
        (void) snprintf(text, sizeof(text), "{\"n\":\"%s\"}", name);
        assert_rows(&row, 1, &by_name);
    }
}

static void
an_email_must_be_verified(void **state UNUSED)
{
    static const struct access access = {
        .username_claim = "email",
        .username_strip_domain = "example.org",
    };
    static const struct row rows[] = {
        {"{\"email\":\"a@example.org\",\"email_verified\":true}", "a", NULL},
        {"{\"email\":\"a@example.org\",\"email_verified\":false}", "a",
         "claim email is not verified: email_verified is not true"},
        {"{\"email\":\"a@example.org\",\"email_verified\":\"true\"}", "a",
         "not verified"},
        {"{\"email\":\"a@example.org\",\"email_verified\":1}", "a",
         "not verified"},
        {"{\"email\":\"a@example.org\",\"Email_Verified\":true}", "a",
         "not verified"},
        {"{\"email\":\"a@example.org\"}", "a", "not verified"},
    };

    assert_rows(rows, ARRAY_LEN(rows), &access);
}

static void
a_claim_may_be_inside_of_another(void **state UNUSED)
{
    static const struct access nested = {.username_claim = "x.y.name"};
    static const struct access url = {
        .username_claim = "https://example.org/name",
    };
    static const struct row in[] = {
        {"{\"x\":{\"y\":{\"name\":\"alice\"}}}", "alice", NULL},
        {"{\"x.y.name\":\"alice\"}", "alice", NULL},
        {"{\"x.y\":{\"name\":\"alice\"}}", "alice", NULL},
        /* The longest name that is there counts, usable or not. */
        {"{\"x.y.name\":\"bob\",\"x\":{\"y\":{\"name\":\"alice\"}}}", "alice",
         "this is 'bob'"},
        {"{\"x.y.name\":null,\"x\":{\"y\":{\"name\":\"alice\"}}}", "alice",
         "is not a text"},
        {"{\"x\":{\"y\":[{\"name\":\"alice\"}]}}", "alice", "is missing"},
        {"{\"x\":[{\"y\":{\"name\":\"alice\"}}]}", "alice", "is missing"},
        {"{\"x\":{\"y\":\"name\"}}", "alice", "is missing"},
        {"{\"name\":\"alice\"}", "alice", "claim x.y.name is missing"},
        {"{\"X\":{\"y\":{\"name\":\"alice\"}}}", "alice", "is missing"},
    };
    static const struct row named[] = {
        {"{\"https://example.org/name\":\"alice\"}", "alice", NULL},
        {"{\"https://example.org/Name\":\"alice\"}", "alice", "is missing"},
        {"{\"https://example\":{\"org/name\":\"alice\"}}", "alice", NULL},
    };

    assert_rows(in, ARRAY_LEN(in), &nested);
    assert_rows(named, ARRAY_LEN(named), &url);
}

static void
the_user_is_told_who_they_are(void **state UNUSED)
{
    static const struct {
        const char *claims;
        const char *notice;
    } cases[] = {
        {"{\"n\":\"bob\"}", "You are 'bob' at the provider, not 'alice'."},
        {"{\"n\":\"b\\u001b[2Job\"}",
         "You are 'b?[2Job' at the provider, not 'alice'."},
        /* A quote in a name does not end the quotation. */
        {"{\"n\":\"alice', as 'root\"}",
         "You are 'alice?, as ?root' at the provider, not 'alice'."},
        {"{}", "The provider does not say who you are. Please tell your "
               "administrator."},
        {"{\"n\":\"alice\",\"g\":\"guests\"}",
         "You are not in a group that may log in here. Please ask your "
         "administrator."},
    };
    static const struct access access = {
        .username_claim = "n",
        .groups_claim = "g",
        .require_group = "staff",
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        cJSON *claims = parse(cases[i].claims);

        assert_int_equal(access_check(claims, &access, "alice", UID, &problem),
                         -EPROTO);
        assert_string_equal(problem.notice, cases[i].notice);
        cJSON_Delete(claims);
    }
}

static void
a_message_stays_short_and_one_line(void **state UNUSED)
{
    char name[256], text[300];
    struct problem problem = {0};
    cJSON *claims;

    memset(name, 'x', 255);
    name[255] = '\0';
    (void) snprintf(text, sizeof(text), "{\"n\":\"%s\"}", name);
    claims = parse(text);
    assert_int_equal(access_check(claims, &by_name, "alice", UID, &problem),
                     -EPROTO);
    assert_in_range(strlen(problem.notice), 64, 130);
    assert_in_range(strlen(problem.reason), 64, 130);
    assert_non_null(strstr(problem.reason, "xxx...', not 'alice'"));
    cJSON_Delete(claims);
}

/* ---- domains ------------------------------------------------------------- */

static void
a_domain_that_is_ours_is_cut_off(void **state UNUSED)
{
    static const struct access access = {
        .username_claim = "n",
        .username_strip_domain = "example.org",
    };
    static const struct row rows[] = {
        {"{\"n\":\"alice@example.org\"}", "alice", NULL},
        {"{\"n\":\"a.b-c_d@example.org\"}", "a.b-c_d", NULL},
        {"{\"n\":\"alice@example.org\"}", "alice@example.org",
         "this is 'alice@example.org', not 'alice@example.org'"},
        {"{\"n\":\"bob@example.org\"}", "alice", "'bob@example.org', not"},
        {"{\"n\":\"Alice@example.org\"}", "alice", "not 'alice'"},
        {"{\"n\":\"alice\"}", "alice",
         "'alice', which has no domain; expected NAME@example.org"},
        {"{\"n\":\"alice@evil.org\"}", "alice", "is of another domain"},
        {"{\"n\":\"alice@EXAMPLE.ORG\"}", "alice", "is of another domain"},
        {"{\"n\":\"alice@example.org.\"}", "alice", "is of another domain"},
        {"{\"n\":\"alice@example.org.evil\"}", "alice", "another domain"},
        {"{\"n\":\"alice@evilexample.org\"}", "alice", "another domain"},
        {"{\"n\":\"alice@sub.example.org\"}", "alice", "another domain"},
        {"{\"n\":\"alice@xample.org\"}", "alice", "another domain"},
        {"{\"n\":\"alice@example.or\"}", "alice", "another domain"},
        {"{\"n\":\"alice@\"}", "alice", "another domain"},
        {"{\"n\":\"alice@example.org@evil\"}", "alice", "more than one '@'"},
        {"{\"n\":\"alice@evil@example.org\"}", "alice", "more than one '@'"},
        {"{\"n\":\"alice@@example.org\"}", "alice", "more than one '@'"},
        {"{\"n\":\"@example.org\"}", "", "has no name in front of the domain"},
        {"{\"n\":\"@\"}", "", "is of another domain"},
        {"{\"n\":\"example.org\"}", "example.org", "has no domain"},
        {"{\"n\":\"alice%40example.org\"}", "alice", ODD},
        {"{\"n\":\"alice\\uff20example.org\"}", "alice", ODD},
        {"{\"n\":\"alice@example\\u3002org\"}", "alice", ODD},
        {"{\"n\":\"alice@example.org \"}", "alice", ODD},
        {"{\"n\":\"alice@example.org\\n\"}", "alice", ODD},
        {"{\"n\":\"alice @example.org\"}", "alice ", ODD},
        {"{\"n\":\"alice+x@example.org\"}", "alice+x", ODD},
        {"{\"n\":\"<alice@example.org>\"}", "alice", ODD},
        {"{\"n\":\"\\\"alice\\\"@example.org\"}", "alice", ODD},
        {"{\"n\":\"-alice@example.org\"}", "-alice", "does not start with '-'"},
    };

    assert_rows(rows, ARRAY_LEN(rows), &access);
}

/* The configuration refuses it; should it come, "alice@" is not alice. */
static void
an_empty_domain_is_nobodys(void **state UNUSED)
{
    static const struct access access = {
        .username_claim = "n",
        .username_strip_domain = "",
    };
    static const struct row rows[] = {
        {"{\"n\":\"alice@\"}", "alice", "is of another domain"},
        {"{\"n\":\"alice\"}", "alice", "has no domain"},
    };

    assert_rows(rows, ARRAY_LEN(rows), &access);
}

/* ---- the map ------------------------------------------------------------- */

#define MAP_PATH "/etc/security/map"

/* access_check() with this map, whose bytes end nowhere but at their end. */
static int
check_mapped(const char *map, size_t len, const struct row *row, int64_t uid,
             struct problem *problem)
{
    struct secret bytes = {0};
    const struct access access = {
        .username_claim = "n",
        .username_strip_domain = "example.org", /* means nothing here */
        .map_path = MAP_PATH,
        .map = &bytes,
    };
    cJSON *claims = parse(row->claims);
    int r;

    assert_int_equal(secret_append(&bytes, map, len, len), 0);
    r = access_check(claims, &access, row->user, uid, problem);
    secret_clear(&bytes);
    cJSON_Delete(claims);
    return r;
}

static const char example_map[] =
    "# people\n"
    "\n"
    "alice@example.org = alice\n"
    "  bob@example.org\t=\tbob  \n"
    "CN=Carol C. Jones,O=Ex = carol\n"
    "carol@example.org = carol\n"
    "alice@example.org = deploy\n"
    "x = y = dave\n"
    "c3ViamVjdA== = erin\n"
    "https://idp.example/u?id=7|b = frank\n"
    "a # b = grace\n"
    "* = henry\n"
    "$(id) = ivan\n"
    "-x = judy\n"
    "   \t\n"
    "\t# no user for mallory@example.org = alice\n"
    "%u = k@sub.example";

static void
a_map_says_who_is_who(void **state UNUSED)
{
    static const struct row rows[] = {
        {"{\"n\":\"alice@example.org\"}", "alice", NULL},
        {"{\"n\":\"alice@example.org\"}", "deploy", NULL},
        {"{\"n\":\"bob@example.org\"}", "bob", NULL},
        {"{\"n\":\"CN=Carol C. Jones,O=Ex\"}", "carol", NULL},
        {"{\"n\":\"carol@example.org\"}", "carol", NULL},
        {"{\"n\":\"x = y\"}", "dave", NULL},
        {"{\"n\":\"c3ViamVjdA==\"}", "erin", NULL},
        {"{\"n\":\"https://idp.example/u?id=7|b\"}", "frank", NULL},
        {"{\"n\":\"a # b\"}", "grace", NULL},
        {"{\"n\":\"*\"}", "henry", NULL}, /* an asterisk, and no pattern */
        {"{\"n\":\"$(id)\"}", "ivan", NULL},
        {"{\"n\":\"-x\"}", "judy", NULL},
        {"{\"n\":\"%u\"}", "k@sub.example", NULL},
        {"{\"n\":\"alice@example.org\"}", "bob",
         "'alice@example.org', who by " MAP_PATH " is not 'bob'"},
        {"{\"n\":\"bob@example.org\"}", "alice", "is not 'alice'"},
        {"{\"n\":\"mallory@example.org\"}", "alice",
         "this is 'mallory@example.org', who is not in " MAP_PATH},
        {"{\"n\":\"henry\"}", "henry", "who is not in"},
        {"{\"n\":\"alice\"}", "alice", "who is not in"},
        {"{\"n\":\"Alice@example.org\"}", "alice", "who is not in"},
        {"{\"n\":\"alice@EXAMPLE.org\"}", "alice", "who is not in"},
        {"{\"n\":\"alice@example.or\"}", "alice", "who is not in"},
        {"{\"n\":\"alice@example.org@\"}", "alice", "who is not in"},
        {"{\"n\":\"alice@example.org = alice\"}", "alice", "who is not in"},
        {"{\"n\":\"alice@example.org =\"}", "alice", "who is not in"},
        {"{\"n\":\"CN=Carol\"}", "carol", "who is not in"},
        {"{\"n\":\"CN=Carol  C. Jones,O=Ex\"}", "carol", "who is not in"},
        {"{\"n\":\"x\"}", "dave", "who is not in"},
        {"{\"n\":\"y\"}", "dave", "who is not in"},
        {"{\"n\":\"c3ViamVjdA\"}", "erin", "who is not in"},
        {"{\"n\":\"# people\"}", "alice", "who is not in"},
        {"{\"n\":\"bob@example.org\\n\"}", "bob",
         "cannot be in the map: the value is not printable ASCII"},
        {"{\"n\":\"m\\nm = alice\"}", "alice", "not printable ASCII"},
        {"{\"n\":\"bob@example.org\\t\"}", "bob", "not printable ASCII"},
        {"{\"n\":\"\\u0430lice@example.org\"}", "alice", "not printable"},
        {"{\"n\":\"alice@example.org \"}", "alice", "ends with a space"},
        {"{\"n\":\" alice@example.org\"}", "alice", "starts or ends with a"},
        {"{\"n\":\" \"}", "alice", "starts or ends with a space"},
        {"{\"n\":\"\"}", "alice", "claim n is empty"},
        {"{\"n\":[\"alice@example.org\"]}", "alice", "is not a text"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        struct problem problem = {0};
        int r = check_mapped(example_map, strlen(example_map), &rows[i], UID,
                             &problem);

        assert_reason(&rows[i], r, &problem, OUTCOME_DENIED);
    }
}

#define LINE(text) text, sizeof(text) - 1

static void
a_line_that_is_malformed_lets_nobody_in(void **state UNUSED)
{
    static const struct row good = {"{\"n\":\"a\"}", "a", NULL};
    static const struct {
        const char *line;
        size_t len;
        const char *wrong;
    } cases[] = {
        {LINE("alice"), "no '=' with a space on both sides"},
        {LINE("[map]"), "no '='"},
        {LINE("alice=alice"), "no '='"},
        {LINE("CN=alice"), "no '='"},
        {LINE("x = CN=alice"), "no '='"},
        {LINE("alice= alice"), "no '='"},
        {LINE("alice =alice"), "no '='"},
        {LINE("alice ="), "no '='"},
        {LINE("alice = "), "no '='"},
        {LINE("= alice"), "no '='"},
        {LINE(" = alice"), "no '='"},
        {LINE("="), "no '='"},
        {LINE(" = "), "no '='"},
        {LINE("alice : alice"), "no '='"},
        {LINE("; bob = alice"), "it starts with ; or a quote"},
        {LINE("\"bob b\" = alice"), "it starts with ; or a quote"},
        {LINE("'bob b' = alice"), "it starts with ; or a quote"},
        {LINE("bob = \"alice\""), "a user's name has only letters"},
        {LINE("bob = alice # a"), "a user's name has only letters"},
        {LINE("bob = alice, carol"), "a user's name has only letters"},
        {LINE("bob = alice carol"), "a user's name has only letters"},
        {LINE("bob = *"), "a user's name has only letters"},
        {LINE("bob = %u"), "a user's name has only letters"},
        {LINE("bob = EX\\alice"), "a user's name has only letters"},
        {LINE("bob = a:b"), "a user's name has only letters"},
        {LINE("bob = a/b"), "a user's name has only letters"},
        {LINE("bob = \xc3\xa4"), "a user's name has only letters"},
        {LINE("bob = -alice"), "a user's name does not start with '-'"},
        {LINE("J\xc3\xb6rg = alice"), "the value is not printable ASCII"},
        {LINE("bo\tb = alice"), "the value is not printable ASCII"},
        {LINE("\xef\xbb\xbf"), "no '='"},
        {LINE("bob = alice\r"), "there is a control character"},
        {LINE("bob = al\0ice"), "there is a control character"},
        {LINE("\0"), "there is a control character"},
        {LINE("# a\rbob = alice"), "there is a control character"},
        {LINE("# \x1b[2J"), "there is a control character"},
        {LINE("bob\x7f = alice"), "there is a control character"},
    };
    static const char before[] = "a = a\n# 2\n\n";
    size_t i, end;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        /* The last line, and one in the middle. */
        for (end = 0; end < 2; end++) {
            struct problem problem = {0};
            char map[128], expected[128];
            size_t len = sizeof(before) - 1;

            memcpy(map, before, len);
            memcpy(map + len, cases[i].line, cases[i].len);
            len += cases[i].len;
            memcpy(map + len, "\na = a\n", 7);
            len += end * 7;
            (void) snprintf(expected, sizeof(expected),
                            MAP_PATH ":4: cannot use this line: %s",
                            cases[i].wrong);
            assert_int_equal(check_mapped(map, len, &good, UID, &problem),
                             -EPROTO);
            assert_int_equal(problem.outcome, OUTCOME_MISCONFIGURED);
            if (strstr(problem.reason, expected) != problem.reason
                || strstr(problem.reason,
                          "; expected 'claim value = local user'")
                       == NULL)
                fail_msg("%zu: %s", i, problem.reason);
        }
    }
    assert_int_equal(check_mapped(before, sizeof(before) - 1, &good, UID,
                                  &(struct problem){0}),
                     0);
}

static void
an_empty_map_is_one_with_nobody_in_it(void **state UNUSED)
{
    static const char *const maps[] = {"", "\n", "# a = a\n", "#", " \n\n\t"};
    static const struct row row = {"{\"n\":\"a\"}", "a", NULL};
    size_t i;

    for (i = 0; i < ARRAY_LEN(maps); i++) {
        struct problem problem = {0};

        assert_int_equal(
            check_mapped(maps[i], strlen(maps[i]), &row, UID, &problem),
            -EPROTO);
        assert_int_equal(problem.outcome, OUTCOME_DENIED);
        assert_string_equal(
            problem.reason,
            "the provider says this is 'a', who is not in " MAP_PATH);
    }
}

/* Bytes of a map of a size, which are "a = a\n" again and again. */
static int
check_size(const char *unit, size_t size, struct problem *problem)
{
    struct secret map = {0};
    size_t len = strlen(unit);
    int r;

    while (map.len + len <= size)
        assert_int_equal(secret_append(&map, unit, len, size), 0);
    while (map.len < size)
        assert_int_equal(secret_append(&map, "\n", 1, size), 0);
    r = access_check_map(MAP_PATH, &map, problem);
    secret_clear(&map);
    return r;
}

static void
a_map_is_limited(void **state UNUSED)
{
    struct problem problem = {0};

    assert_int_equal(check_size("a = a\n", ACCESS_MAP_MAX, &problem), 0);
    assert_int_equal(check_size("a = a\n", ACCESS_MAP_MAX + 1, &problem),
                     -EPROTO);
    assert_int_equal(problem.outcome, OUTCOME_MISCONFIGURED);
    assert_string_equal(problem.reason,
                        MAP_PATH ": the file is larger than 192 KiB");
    /* One long line, and as many as there can be. */
    assert_int_equal(check_size("= ", ACCESS_MAP_MAX, &problem), -EPROTO);
    assert_non_null(strstr(problem.reason, MAP_PATH ":1: "));
    assert_int_equal(check_size("\n", ACCESS_MAP_MAX, &problem), 0);
}

static void
values_and_users_of_a_map_have_255_characters_at_most(void **state UNUSED)
{
    struct problem problem = {0};
    struct secret map = {0};
    char text[300];
    size_t len;

    for (len = 255; len <= 256; len++) {
        (void) snprintf(text, sizeof(text), "%0*d = a\n", (int) len, 0);
        assert_int_equal(secret_append_text(&map, text, 300), 0);
        assert_int_equal(access_check_map(MAP_PATH, &map, &problem),
                         len == 255 ? 0 : -EPROTO);
        secret_clear(&map);
        (void) snprintf(text, sizeof(text), "a = %0*d\n", (int) len, 0);
        assert_int_equal(secret_append_text(&map, text, 300), 0);
        assert_int_equal(access_check_map(MAP_PATH, &map, &problem),
                         len == 255 ? 0 : -EPROTO);
        secret_clear(&map);
    }
    assert_non_null(strstr(problem.reason, "the user's name is too long"));
}

/* ---- uids ---------------------------------------------------------------- */

static void
root_logs_in_only_by_a_line_of_the_map(void **state UNUSED)
{
    static const char map[] = "a = root\nb = b\n";
    static const struct row root = {"{\"n\":\"root\"}", "root",
                                    "uid 0 logs in only by a line of the map"};
    static const struct row a = {"{\"n\":\"a\"}", "root", NULL};
    static const struct row b = {"{\"n\":\"b\"}", "root", "is not 'root'"};
    static const struct row unknown = {"{\"n\":\"root\"}", "root",
                                       "who is not in"};
    static const struct row *const rows[] = {&a, &b, &unknown};
    struct problem problem = {0};
    cJSON *claims = parse(root.claims);
    size_t i;
    int r;

    r = access_check(claims, &by_name, "root", 0, &problem);
    assert_reason(&root, r, &problem, OUTCOME_DENIED);
    r = access_check(claims, &by_name, "root", 1, &problem);
    assert_int_equal(r, 0); /* it is not the name that makes root */
    cJSON_Delete(claims);
    for (i = 0; i < ARRAY_LEN(rows); i++) {
        problem = (struct problem){0};
        r = check_mapped(map, strlen(map), rows[i], 0, &problem);
        assert_reason(rows[i], r, &problem, OUTCOME_DENIED);
    }
}

static void
a_uid_that_is_none_does_not_log_in(void **state UNUSED)
{
    static const int64_t uids[] = {-1, INT64_MIN, UINT32_MAX, INT64_C(1) << 32,
                                   INT64_MAX};
    static const struct row row = {"{\"n\":\"a\"}", "a",
                                   "the local user has no usable uid"};
    size_t i;

    for (i = 0; i < ARRAY_LEN(uids); i++) {
        struct problem problem = {0};
        int r = check_mapped("a = a", 5, &row, uids[i], &problem);

        assert_reason(&row, r, &problem, OUTCOME_DENIED);
    }
    assert_int_equal(
        check_mapped("a = a", 5, &row, UINT32_MAX - 1, &(struct problem){0}),
        0);
}

/* ---- groups -------------------------------------------------------------- */

#define G(groups) "{\"n\":\"a\",\"g\":" groups "}"

static void
one_of_the_groups_is_enough(void **state UNUSED)
{
    static const struct access access = {
        .username_claim = "n",
        .groups_claim = "g",
        .require_group = "staff wheel /ops",
    };
    static const struct row rows[] = {
        {G("\"staff\""), "a", NULL},
        {G("\"/ops\""), "a", NULL},
        {G("[\"staff\"]"), "a", NULL},
        {G("[\"x\",\"\",\"wheel\"]"), "a", NULL},
        {G("[\"J\xc3\xb6rgs\",\"wheel\"]"), "a", NULL},
        {G("[\"staff\",\"staff\"]"), "a", NULL},
        {G("\"staff wheel\""), "a",
         "not in a required group ('staff wheel /ops'): claim g is another "
         "group"},
        {G("\"staff,x\""), "a", "is another group"},
        {G("\"Staff\""), "a", "is another group"},
        {G("\"\""), "a", "is another group"},
        {G("\" \""), "a", "is another group"},
        {G("\"staff \""), "a", "is another group"},
        {G("\"taff\""), "a", "is another group"},
        {G("[]"), "a", "claim g has none of them"},
        {G("[\"\"]"), "a", "has none of them"},
        {G("[\"staff wheel /ops\"]"), "a", "has none of them"},
        {G("[\"staff\\n\"]"), "a", "has none of them"},
        {G("[\"sta\",\"ff\"]"), "a", "has none of them"},
        {G("[\"ops\",\"/ops/\",\"//ops\"]"), "a", "has none of them"},
        {G("[\"st\\u0430ff\"]"), "a", "has none of them"},
        {G("[\"STAFF\",\"staffs\",\"x-staff\"]"), "a", "has none of them"},
        {G("[\"staff\",1]"), "a", "has something else in it than texts"},
        {G("[\"staff\",null]"), "a", "has something else in it"},
        {G("[[\"staff\"]]"), "a", "has something else in it"},
        {G("[{\"name\":\"staff\"}]"), "a", "has something else in it"},
        {G("{\"staff\":true}"), "a", "is neither a text nor an array"},
        {G("{\"0\":\"staff\"}"), "a", "is neither a text nor an array"},
        {G("true"), "a", "is neither a text nor an array of texts"},
        {G("null"), "a", "is neither a text nor an array of texts"},
        {"{\"n\":\"a\"}", "a", "claim g is missing"},
        {"{\"n\":\"a\",\"G\":\"staff\"}", "a", "claim g is missing"},
        {"{\"n\":\"a\",\"_claim_names\":{\"g\":\"src1\"}}", "a",
         "claim g is left out (too many groups?)"},
        {"{\"n\":\"a\",\"_claim_names\":{\"h\":\"src1\"}}", "a",
         "claim g is missing"},
        {"{\"n\":\"a\",\"g\":[],\"_claim_names\":{\"g\":\"src1\"}}", "a",
         "has none of them"},
        {"{\"n\":\"b\",\"g\":\"staff\"}", "a", "this is 'b', not 'a'"},
    };

    assert_rows(rows, ARRAY_LEN(rows), &access);
}

static void
groups_may_be_inside_of_other_claims(void **state UNUSED)
{
    static const struct access access = {
        .username_claim = "n",
        .groups_claim = "resource_access.my.app.roles",
        .require_group = "staff",
    };
    static const struct row rows[] = {
        {"{\"n\":\"a\",\"resource_access\":{\"my.app\":{\"roles\":[\"staff\"]}}"
         "}",
         "a", NULL},
        {"{\"n\":\"a\",\"resource_access\":{\"my\":{\"app\":{\"roles\":"
         "[\"staff\"]}}}}",
         "a", NULL},
        {"{\"n\":\"a\",\"resource_access\":{\"my.app\":{\"roles\":[]},\"my\":"
         "{\"app\":{\"roles\":[\"staff\"]}}}}",
         "a", "has none of them"},
        {"{\"n\":\"a\",\"resource_access\":{\"other\":{\"roles\":[\"staff\"]}}"
         "}",
         "a", "is missing"},
        {"{\"n\":\"a\",\"resource_access\":{\"my.app\":[\"staff\"]}}", "a",
         "is missing"},
        {"{\"n\":\"a\",\"roles\":[\"staff\"]}", "a", "is missing"},
    };

    assert_rows(rows, ARRAY_LEN(rows), &access);
}

static void
the_claim_of_groups_does_not_matter_when_none_is_required(void **state UNUSED)
{
    static const struct access access = {
        .username_claim = "n",
        .groups_claim = "g",
    };
    static const struct row rows[] = {
        {"{\"n\":\"a\"}", "a", NULL},
        {G("[1]"), "a", NULL},
    };

    assert_rows(rows, ARRAY_LEN(rows), &access);
}

/* The configuration refuses these; should they come, nobody logs in. */
static void
groups_that_cannot_be_checked_let_nobody_in(void **state UNUSED)
{
    static const struct access no_claim = {
        .username_claim = "n",
        .require_group = "staff",
    };
    static const struct access no_words = {
        .username_claim = "n",
        .groups_claim = "g",
        .require_group = " ",
    };
    struct row row = {G("[\"\",\" \",\"staff\"]"), "a",
                      "[login] require_group needs a groups_claim"};
    struct problem problem = {0};
    cJSON *claims = parse(row.claims);
    int r;

    r = access_check(claims, &no_claim, "a", UID, &problem);
    assert_reason(&row, r, &problem, OUTCOME_MISCONFIGURED);
    r = access_check(claims, &no_words, "a", UID, &problem);
    row.reason = "has none of them";
    assert_reason(&row, r, &problem, OUTCOME_DENIED);
    cJSON_Delete(claims);
}

static void
groups_are_4096_at_most(void **state UNUSED)
{
    static const struct access access = {
        .username_claim = "n",
        .groups_claim = "g",
        .require_group = "staff",
    };
    struct problem problem = {0};
    cJSON *claims = parse("{\"n\":\"a\"}");
    cJSON *groups = cJSON_AddArrayToObject(claims, "g");
    unsigned i;

    for (i = 0; i < ACCESS_GROUPS_MAX - 1; i++)
        assert_true(cJSON_AddItemToArray(groups, cJSON_CreateString("x")));
    assert_true(cJSON_AddItemToArray(groups, cJSON_CreateString("staff")));
    assert_int_equal(access_check(claims, &access, "a", UID, &problem), 0);
    assert_true(cJSON_AddItemToArray(groups, cJSON_CreateString("x")));
    assert_int_equal(access_check(claims, &access, "a", UID, &problem),
                     -EPROTO);
    assert_non_null(strstr(problem.reason, "claim g has too many groups"));
    cJSON_Delete(claims);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_is_the_users_byte_for_byte),
        cmocka_unit_test(an_odd_name_is_refused_whoever_logs_in),
        cmocka_unit_test(what_looks_like_the_name_is_not_it),
        cmocka_unit_test(a_nul_or_a_twin_does_not_even_come_through_the_parser),
        cmocka_unit_test(only_a_text_is_a_name),
        cmocka_unit_test(a_name_has_255_characters_at_most),
        cmocka_unit_test(an_email_must_be_verified),
        cmocka_unit_test(a_claim_may_be_inside_of_another),
        cmocka_unit_test(the_user_is_told_who_they_are),
        cmocka_unit_test(a_message_stays_short_and_one_line),
        cmocka_unit_test(a_domain_that_is_ours_is_cut_off),
        cmocka_unit_test(an_empty_domain_is_nobodys),
        cmocka_unit_test(a_map_says_who_is_who),
        cmocka_unit_test(a_line_that_is_malformed_lets_nobody_in),
        cmocka_unit_test(an_empty_map_is_one_with_nobody_in_it),
        cmocka_unit_test(a_map_is_limited),
        cmocka_unit_test(values_and_users_of_a_map_have_255_characters_at_most),
        cmocka_unit_test(root_logs_in_only_by_a_line_of_the_map),
        cmocka_unit_test(a_uid_that_is_none_does_not_log_in),
        cmocka_unit_test(one_of_the_groups_is_enough),
        cmocka_unit_test(groups_may_be_inside_of_other_claims),
        cmocka_unit_test(
            the_claim_of_groups_does_not_matter_when_none_is_required),
        cmocka_unit_test(groups_that_cannot_be_checked_let_nobody_in),
        cmocka_unit_test(groups_are_4096_at_most),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
