/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "helper/exchange/claims.h"
#include "helper/exchange/json.h"
#include "tests/lib/test.h"

static cJSON *
parse(const char *text)
{
    cJSON *json = NULL;

    if (json_parse(text, strlen(text), &json) < 0)
        fail_msg("not parsed: %s", text);
    return json;
}

static void
a_claim_is_found_by_name_or_path(void **state UNUSED)
{
    static const struct {
        const char *claims;
        const char *path;
        const char *found; /* as JSON, NULL: nothing */
    } cases[] = {
        {"{\"a\":1}", "a", "1"},
        {"{\"a\":{\"b\":1}}", "a", "{\"b\":1}"},
        {"{\"a\":{\"b\":1}}", "a.b", "1"},
        {"{\"a\":{\"b.c\":1}}", "a.b.c", "1"},
        {"{\"a.b\":{\"c\":1}}", "a.b.c", "1"},
        {"{\"a\":{\"b\":{\"c\":1}}}", "a.b.c", "1"},
        {"{\"a\":{\"b\":{\"c\":1}},\"a.b\":{\"c\":2},\"a.b.c\":3}", "a.b.c",
         "3"},
        {"{\"a\":{\"b\":{\"c\":1}},\"a.b\":{\"c\":2}}", "a.b.c", "2"},
        {"{\"a\":{\"b\":{\"c\":1}},\"a.b\":{\"d\":2}}", "a.b.c", "1"},
        {"{\"a\":{\"b\":{\"c\":1}},\"a.b\":7}", "a.b.c", "1"},
        {"{\"a.b.c\":null,\"a\":{\"b\":{\"c\":1}}}", "a.b.c", "null"},
        {"{\"https://x.y/g\":[]}", "https://x.y/g", "[]"},
        {"{\"a\":1}", "b", NULL},
        {"{\"a\":1}", "A", NULL},
        {"{\"a\":1}", "a.b", NULL},
        {"{\"a\":[{\"b\":1}]}", "a.b", NULL},
        {"{\"a\":[1]}", "a.0", NULL},
        {"{\"a\":{\"b\":1}}", "a.b.", NULL},
        {"{\"a\":{\"b\":1}}", ".a.b", NULL},
        {"{\"a\":{\"b\":1}}", "a..b", NULL},
        {"{\"a\":{\"\":{\"b\":1}}}", "a..b", NULL},
        {"{\"\":1}", "", NULL},
        {"{\"\":1}", ".", NULL},
        {"{\"ab\":1}", "a", NULL},
        {"{\"a\":1}", "ab", NULL},
        {"{\"a.\":1}", "a.", "1"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        cJSON *claims = parse(cases[i].claims);
        const cJSON *found = claims_find(claims, cases[i].path);
        struct secret text = {0};

        if ((found != NULL) != (cases[i].found != NULL))
            fail_msg("%s in %s", cases[i].path, cases[i].claims);
        if (found != NULL) {
            assert_int_equal(json_print(found, 1000, &text), 0);
            assert_string_equal(secret_text(&text), cases[i].found);
        }
        secret_clear(&text);
        cJSON_Delete(claims);
    }
}

/* As deep as the parser allows, by a path as long as that. */
static void
a_deep_path_ends(void **state UNUSED)
{
    char text[8192] = "", path[4096] = "";
    cJSON *claims;
    unsigned i;

    for (i = 0; i < 900; i++) {
        strcat(text, "{\"a\":");
        strcat(path, "a.");
    }
    strcat(text, "1");
    path[strlen(path) - 1] = '\0';
    for (i = 0; i < 900; i++)
        strcat(text, "}");
    claims = parse(text);
    assert_true(cJSON_IsNumber(claims_find(claims, path)));
    strcat(path, ".a");
    assert_null(claims_find(claims, path));
    cJSON_Delete(claims);
}

static void
more_claims_never_override_what_is_there(void **state UNUSED)
{
    static const struct {
        const char *claims, *more, *result;
    } cases[] = {
        {"{}", "{\"a\":1,\"b\":[\"x\"]}", "{\"a\":1,\"b\":[\"x\"]}"},
        {"{\"a\":1}", "{}", "{\"a\":1}"},
        {"{\"a\":1}", "{\"a\":2,\"b\":3}", "{\"a\":1,\"b\":3}"},
        {"{\"a\":null}", "{\"a\":2}", "{\"a\":null}"},
        {"{\"a\":\"\"}", "{\"a\":\"x\"}", "{\"a\":\"\"}"},
        {"{\"a\":[]}", "{\"a\":[\"admin\"]}", "{\"a\":[]}"},
        {"{\"a\":1}", "{\"A\":2}", "{\"a\":1,\"A\":2}"},
        /* Objects are not merged: that "b" is not there was said, too. */
        {"{\"a\":{}}", "{\"a\":{\"b\":1}}", "{\"a\":{}}"},
        /* A path would take these instead of what is there. */
        {"{\"a\":{\"b\":1}}", "{\"a.b\":2}", "{\"a\":{\"b\":1}}"},
        {"{\"a\":{\"b.c\":1}}", "{\"a.b\":{\"c\":2}}", "{\"a\":{\"b.c\":1}}"},
        {"{\"a\":{}}", "{\"a.b\":2}", "{\"a\":{}}"},
        {"{\"a.b\":{\"c\":1}}", "{\"a.b.c\":2}", "{\"a.b\":{\"c\":1}}"},
        /* And these not. */
        {"{\"a.b\":1}", "{\"a\":{\"b\":2}}", "{\"a.b\":1,\"a\":{\"b\":2}}"},
        {"{\"a\":1}", "{\"ab\":2,\"ab.c\":3}", "{\"a\":1,\"ab\":2,\"ab.c\":3}"},
        /* They speak of the token. */
        {"{\"sub\":\"1\"}",
         "{\"sub\":\"2\",\"iss\":\"x\",\"exp\":9,\"acr\":\"high\","
         "\"amr\":[\"mfa\"],\"auth_time\":1,\"aud\":\"x\",\"nonce\":\"x\","
         "\"active\":true,\"client_id\":\"x\",\"name\":\"N\"}",
         "{\"sub\":\"1\",\"name\":\"N\"}"},
        {"{}", "{\"email\":\"a@b\",\"email_verified\":true}",
         "{\"email\":\"a@b\",\"email_verified\":true}"},
        {"{\"email\":\"c@b\"}", "{\"email\":\"a@b\",\"email_verified\":true}",
         "{\"email\":\"c@b\"}"},
        {"{\"email_verified\":true}", "{\"email\":\"a@b\"}",
         "{\"email_verified\":true}"},
        {"{\"phone_number\":\"1\"}", "{\"phone_number_verified\":true}",
         "{\"phone_number\":\"1\"}"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        cJSON *claims = parse(cases[i].claims), *more = parse(cases[i].more);
        struct secret text = {0};

        assert_int_equal(claims_add(claims, more), 0);
        cJSON_Delete(more); /* they are copies */
        assert_int_equal(json_print(claims, 1000, &text), 0);
        assert_string_equal(secret_text(&text), cases[i].result);
        secret_clear(&text);
        cJSON_Delete(claims);
    }
}

static void
an_answer_must_be_about_the_same_person(void **state UNUSED)
{
    static const struct {
        const char *claims;
        const char *subject;
        const char *reason; /* NULL: it is */
        enum outcome outcome;
    } cases[] = {
        {"{\"sub\":\"1\"}", "1", NULL, OUTCOME_OK},
        {"{\"sub\":\"1\"}", NULL, NULL, OUTCOME_OK},
        {"{\"sub\":\"2\"}", "1", "it speaks of '2', but the ID token of '1'",
         OUTCOME_DENIED},
        {"{\"sub\":\"a\"}", "A", "speaks of 'a'", OUTCOME_DENIED},
        {"{\"sub\":\"11\"}", "1", "speaks of '11'", OUTCOME_DENIED},
        {"{\"sub\":\"\"}", "1", "no usable subject", OUTCOME_DENIED},
        {"{\"sub\":\"\"}", NULL, "no usable subject", OUTCOME_DENIED},
        {"{\"sub\":1}", "1", "no usable subject", OUTCOME_DENIED},
        {"{\"sub\":[\"1\"]}", "1", "no usable subject", OUTCOME_DENIED},
        {"{\"sub\":null}", NULL, "no usable subject", OUTCOME_DENIED},
        {"{\"sub\":\"1 \"}", NULL, "no usable subject", OUTCOME_DENIED},
        {"{\"sub\":\"1\\n\"}", NULL, "no usable subject", OUTCOME_DENIED},
        {"{\"sub\":\"\xc3\xa4\"}", NULL, "no usable subject", OUTCOME_DENIED},
        {"{}", "1", "it does not say whom its answer is about (no sub)",
         OUTCOME_MISCONFIGURED},
        {"{\"Sub\":\"1\"}", NULL, "(no sub)", OUTCOME_MISCONFIGURED},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        cJSON *claims = parse(cases[i].claims);
        int r = claims_check_subject(claims, "it", cases[i].subject, &problem);

        assert_int_equal(r, cases[i].reason != NULL ? -EPROTO : 0);
        assert_int_equal(problem.outcome, cases[i].outcome);
        if (cases[i].reason != NULL
            && strstr(problem.reason, cases[i].reason) == NULL)
            fail_msg("%s: %s", cases[i].claims, problem.reason);
        cJSON_Delete(claims);
    }
}

static void
a_subject_has_255_characters_at_most(void **state UNUSED)
{
    struct problem problem = {0};
    char text[300];
    cJSON *claims;
    int len;

    for (len = 255; len <= 256; len++) {
        (void) snprintf(text, sizeof(text), "{\"sub\":\"%0*d\"}", len, 0);
        claims = parse(text);
        assert_int_equal(claims_check_subject(claims, "it", NULL, &problem),
                         len == 255 ? 0 : -EPROTO);
        cJSON_Delete(claims);
    }
}

static void
another_claim_becomes_the_subject(void **state UNUSED)
{
    static const struct {
        const char *claims;
        const char *name;
        const char *subject; /* or a part of what is wrong */
        enum outcome outcome;
    } cases[] = {
        {"{\"id\":583231,\"login\":\"alice\"}", "id", "583231", OUTCOME_OK},
        {"{\"id\":0}", "id", "0", OUTCOME_OK},
        {"{\"id\":\"u-1\"}", "id", "u-1", OUTCOME_OK},
        {"{\"data\":{\"id\":1}}", "data.id", "1", OUTCOME_OK},
        {"{\"sub\":\"2\",\"id\":1}", "id", "1", OUTCOME_OK},
        {"{\"id\":9007199254740991}", "id", "9007199254740991", OUTCOME_OK},
        {"{\"id\":9007199254740992}", "id", "it gave no usable subject (id)",
         OUTCOME_DENIED},
        {"{\"id\":1e300}", "id", "no usable", OUTCOME_DENIED},
        {"{\"id\":1e999}", "id", "no usable", OUTCOME_DENIED},
        {"{\"id\":-1}", "id", "no usable", OUTCOME_DENIED},
        {"{\"id\":-0.0}", "id", "no usable", OUTCOME_DENIED},
        {"{\"id\":1.5}", "id", "no usable", OUTCOME_DENIED},
        {"{\"id\":true}", "id", "no usable", OUTCOME_DENIED},
        {"{\"id\":null}", "id", "no usable", OUTCOME_DENIED},
        {"{\"id\":[1]}", "id", "no usable", OUTCOME_DENIED},
        {"{\"sub\":\"2\"}", "id",
         "it does not say whom its answer is about (no id)",
         OUTCOME_MISCONFIGURED},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem problem = {0};
        cJSON *claims = parse(cases[i].claims);
        int r = claims_name_subject(claims, cases[i].name, "it", &problem);

        assert_int_equal(r, cases[i].outcome == OUTCOME_OK ? 0 : -EPROTO);
        assert_int_equal(problem.outcome, cases[i].outcome);
        if (r == 0)
            assert_string_equal(json_text(claims, "sub"), cases[i].subject);
        else if (strstr(problem.reason, cases[i].subject) == NULL)
            fail_msg("%s: %s", cases[i].claims, problem.reason);
        cJSON_Delete(claims);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_is_found_by_name_or_path),
        cmocka_unit_test(a_deep_path_ends),
        cmocka_unit_test(more_claims_never_override_what_is_there),
        cmocka_unit_test(an_answer_must_be_about_the_same_person),
        cmocka_unit_test(a_subject_has_255_characters_at_most),
        cmocka_unit_test(another_claim_becomes_the_subject),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
