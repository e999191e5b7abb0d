/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "helper/exchange/identity.h"
#include "helper/exchange/json.h"
#include "tests/lib/test.h"

#define NOW    INT64_C(1800000000)
#define ISSUER "https://login.example/realm"

static char issuer[] = ISSUER, client_id[] = "host";

static const struct settings settings = {
    .issuer = issuer,
    .client_id = client_id,
};

static cJSON *
parse(const char *text)
{
    cJSON *json = NULL;

    if (json_parse(text, strlen(text), &json) < 0)
        fail_msg("not parsed: %s", text);
    return json;
}

/* reason is NULL for good claims, else part of the line. */
struct row {
    const char *claims;
    const char *reason;
};

static void
assert_rows(const struct row *rows, size_t count,
            int (*check)(const cJSON *claims, struct problem *problem))
{
    size_t i;
    int r;

    for (i = 0; i < count; i++) {
        struct problem problem = {0};
        cJSON *claims = parse(rows[i].claims);

        r = check(claims, &problem);
        if (r != (rows[i].reason != NULL ? -EPROTO : 0))
            fail_msg("%s: %d, %s", rows[i].claims, r, problem.reason);
        if (rows[i].reason != NULL) {
            assert_int_equal(problem.outcome, OUTCOME_DENIED);
            if (strstr(problem.reason, rows[i].reason) == NULL)
                fail_msg("%s: %s", rows[i].claims, problem.reason);
        }
        cJSON_Delete(claims);
    }
}

#define CLAIMS(iss, aud, sub)                                                  \
    "{\"iss\":" iss ",\"aud\":" aud ",\"sub\":" sub "}"
#define ISS "\"" ISSUER "\""

static int
check(const cJSON *claims, struct problem *problem)
{
    return identity_check(claims, &settings, problem);
}

static void
issuer_audience_and_subject_must_be_right(void **state UNUSED)
{
    static const struct row rows[] = {
        {CLAIMS(ISS, "\"host\"", "\"1\""), NULL},
        {CLAIMS(ISS, "[\"host\"]", "\"1\""), NULL},
        {CLAIMS(ISS, "[\"x\",\"host\"]", "\"1\""), NULL},
        {CLAIMS("\"https://evil.example\"", "\"host\"", "\"1\""),
         "the ID token is from 'https://evil.example', not from '" ISSUER "'"},
        {CLAIMS("\"" ISSUER "/\"", "\"host\"", "\"1\""), "is from"},
        {CLAIMS("\"https://LOGIN.example/realm\"", "\"host\"", "\"1\""),
         "is from"},
        {CLAIMS("[" ISS "]", "\"host\"", "\"1\""), "is from ''"},
        {CLAIMS("\"\"", "\"host\"", "\"1\""), "is from ''"},
        {"{\"aud\":\"host\",\"sub\":\"1\"}", "is from ''"},
        {"{\"ISS\":" ISS ",\"aud\":\"host\",\"sub\":\"1\"}", "is from ''"},
        {CLAIMS(ISS, "\"hosts\"", "\"1\""), "not for this client ('host')"},
        {CLAIMS(ISS, "\"Host\"", "\"1\""), "not for this client"},
        {CLAIMS(ISS, "[]", "\"1\""), "not for this client"},
        {CLAIMS(ISS, "[[\"host\"]]", "\"1\""), "not for this client"},
        {CLAIMS(ISS, "[1,null]", "\"1\""), "not for this client"},
        {CLAIMS(ISS, "{\"host\":\"host\"}", "\"1\""), "not for this client"},
        {CLAIMS(ISS, "null", "\"1\""), "not for this client"},
        {"{\"iss\":" ISS ",\"sub\":\"1\"}", "not for this client"},
        {CLAIMS(ISS, "\"host\"", "\"\""), "no usable subject"},
        {CLAIMS(ISS, "\"host\"", "7"), "no usable subject"},
        {CLAIMS(ISS, "\"host\"", "\"a\\nb\""), "no usable subject"},
        {CLAIMS(ISS, "\"host\"", "\"a b\""), "no usable subject"},
        {CLAIMS(ISS, "\"host\"", "\"\xc3\xa4\""), "no usable subject"},
        {"{\"iss\":" ISS ",\"aud\":\"host\"}", "no usable subject"},
    };

    assert_rows(rows, ARRAY_LEN(rows), check);
}

static void
a_subject_has_255_characters_at_most(void **state UNUSED)
{
    struct problem problem = {0};
    char text[512], sub[257];
    cJSON *claims;
    size_t len;

    for (len = 255; len <= 256; len++) {
        memset(sub, 'x', len);
        sub[len] = '\0';
        (void) snprintf(text, sizeof(text),
                        "{\"iss\":" ISS ",\"aud\":\"host\",\"sub\":\"%s\"}",
                        sub);
        claims = parse(text);
        assert_int_equal(identity_check(claims, &settings, &problem),
                         len == 255 ? 0 : -EPROTO);
        cJSON_Delete(claims);
    }
}

static int
check_times(const cJSON *claims, struct problem *problem)
{
    int64_t end = 0;
    int r;

    r = identity_check_times(claims, NOW, &end, problem);
    if (r == 0)
        assert_in_range(end, NOW - IDENTITY_LEEWAY + 1, INT64_MAX);
    else
        assert_int_equal(end, 0);
    return r;
}

static void
the_times_may_be_off_by_a_minute(void **state UNUSED)
{
    static const struct row rows[] = {
        {"{\"exp\":1800000300}", NULL},
        {"{\"exp\":1800000300.5}", NULL},
        {"{\"exp\":1800000000}", NULL},
        {"{\"exp\":1799999941}", NULL},
        {"{\"exp\":1e300}", NULL},
        {"{\"exp\":1799999940}", "expired 60 s ago"},
        {"{\"exp\":0}", "expired 1800000000 s ago"},
        {"{}", "no usable end (exp)"},
        {"{\"exp\":\"1800000300\"}", "no usable end (exp)"},
        {"{\"exp\":null}", "no usable end (exp)"},
        {"{\"exp\":-1}", "no usable end (exp)"},
        {"{\"EXP\":1800000300}", "no usable end (exp)"},
        {"{\"exp\":1800000300,\"nbf\":1800000060}", NULL},
        {"{\"exp\":1800000300,\"nbf\":0}", NULL},
        {"{\"exp\":1800000300,\"NBF\":\"x\"}", NULL},
        {"{\"exp\":1800000300,\"nbf\":1800000061}", "not valid yet"},
        {"{\"exp\":1800000300,\"nbf\":\"0\"}", "not valid yet"},
        {"{\"exp\":1800000300,\"nbf\":null}", "not valid yet"},
    };

    assert_rows(rows, ARRAY_LEN(rows), check_times);
}

static int
check_subject(const cJSON *claims, struct problem *problem)
{
    return identity_check_subject(claims, "alice", problem);
}

static void
the_subject_of_a_renewal_must_be_the_same(void **state UNUSED)
{
    static const struct row rows[] = {
        {"{\"sub\":\"alice\"}", NULL},
        {"{\"sub\":\"bob\"}", "renewed for 'bob', but 'alice' is logged in"},
        {"{\"sub\":\"Alice\"}", "renewed for 'Alice'"},
        {"{\"sub\":\"alice \"}", "renewed for 'alice '"},
        {"{\"sub\":[\"alice\"]}", "renewed for ''"},
        {"{}", "renewed for ''"},
    };

    assert_rows(rows, ARRAY_LEN(rows), check_subject);
}

static int
check_name(const cJSON *claims, struct problem *problem)
{
    int r;

    r = identity_check_name(claims, "name", "alice", problem);
    if ((r == 0) != (problem->notice[0] == '\0')) /* the user is told, too */
        fail_msg("%s", problem->notice);
    return r;
}

static void
the_name_must_be_the_users_byte_for_byte(void **state UNUSED)
{
    static const struct row rows[] = {
        {"{\"name\":\"alice\"}", NULL},
        {"{\"name\":\"\\u0061lice\"}", NULL},
        {"{\"name\":\"bob\"}", "the provider says this is 'bob', not 'alice'"},
        {"{\"name\":\"Alice\"}", "this is 'Alice', not 'alice'"},
        {"{\"name\":\"ALICE\"}", "not 'alice'"},
        {"{\"name\":\"alice \"}", "not 'alice'"},
        {"{\"name\":\" alice\"}", "not 'alice'"},
        {"{\"name\":\"alice\\n\"}", "this is 'alice?', not 'alice'"},
        {"{\"name\":\"alice@evil.example\"}", "not 'alice'"},
        {"{\"name\":\"evil\\\\alice\"}", "not 'alice'"},
        {"{\"name\":\"alicex\"}", "not 'alice'"},
        {"{\"name\":\"alic\"}", "not 'alice'"},
        {"{\"name\":\"\xd0\xb0lice\"}", "?lice', not 'alice'"},
        {"{\"name\":\"\\u0430lice\"}", "?lice', not 'alice'"},
        {"{\"name\":\"alice\\u200b\"}", "this is 'alice?"},
        {"{\"name\":\"\\u202ealice\"}", "?alice', not 'alice'"},
        {"{\"name\":\"\"}",
         "no usable name: claim name is not a name in the ID token"},
        {"{\"name\":null}", "no usable name: claim name is not a name in"},
        {"{\"name\":1}", "no usable name: claim name is not a name in"},
        {"{\"name\":true}", "no usable name"},
        {"{\"name\":[\"alice\"]}", "no usable name"},
        {"{\"name\":{\"name\":\"alice\"}}", "no usable name"},
        {"{}", "no usable name: claim name is missing in the ID token"},
        {"{\"Name\":\"alice\"}", "claim name is missing in the ID token"},
    };

    assert_rows(rows, ARRAY_LEN(rows), check_name);
}

static void
a_user_with_an_unusual_name_cannot_log_in(void **state UNUSED)
{
    static const char *const names[] = {"\xc3\xa4", "a b", "a\nb", "\x1b[31m"};
    struct problem problem = {0};
    cJSON *claims;
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++) {
        claims = cJSON_CreateObject();
        assert_non_null(cJSON_AddStringToObject(claims, "n", names[i]));
        assert_int_equal(identity_check_name(claims, "n", names[i], &problem),
                         -EPROTO);
        cJSON_Delete(claims);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(issuer_audience_and_subject_must_be_right),
        cmocka_unit_test(a_subject_has_255_characters_at_most),
        cmocka_unit_test(the_times_may_be_off_by_a_minute),
        cmocka_unit_test(the_subject_of_a_renewal_must_be_the_same),
        cmocka_unit_test(the_name_must_be_the_users_byte_for_byte),
        cmocka_unit_test(a_user_with_an_unusual_name_cannot_log_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
