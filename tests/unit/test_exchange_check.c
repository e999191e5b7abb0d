/* SPDX-License-Identifier: MIT */
/* helper/exchange/check.c; helper/cli/check.c has the shorter name. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "common/finding.h"
#include "helper/exchange/check.h"
#include "tests/lib/fakecaller.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

#define CANARY     "CANARY-client-secret"
#define WELL_KNOWN "/.well-known/openid-configuration"
#define OAUTH      "/.well-known/oauth-authorization-server"
#define METADATA                                                               \
    "{\"issuer\":\"@\",\"token_endpoint\":\"@/t\","                            \
    "\"device_authorization_endpoint\":\"@/d\","                               \
    "\"revocation_endpoint\":\"@/r\",\"jwks_uri\":\"@/k\"}"
#define CONFIG                                                                 \
    "[provider]\nissuer = @\nclient_id = c\ninsecure_http = yes\n"             \
    "timeout = 3\n"
#define KEYS                                                                   \
    {                                                                          \
        "/k", 200, "^", "Date: Tue, 01 Jan 2030 00:00:00 GMT"                  \
    }

static int
teardown(void **state UNUSED)
{
    fakeprovider_stop();
    return 0;
}

/* Begin, and answer what is asked for with these files. */
static void
begin(struct play *play, const char *config, struct message *files)
{
    struct message request = {.kind = KIND_CHECK}, question = {0};
    char *expanded = fakeprovider_expand(config);

    play_begin(play, "check");
    set(&request, FIELD_CONFIG, expanded);
    set(&request, FIELD_PATH, "/etc/oidc.conf");
    play_say(play, &request);
    free(expanded);
    if (files == NULL)
        return;
    files->kind = KIND_FILES;
    play_hear(play, KIND_NEED_FILES, &question);
    assert_int_equal(fakeprovider_count(), 0);
    message_clear(&question);
    play_say(play, files);
}

static void
end(struct play *play, struct findings *out)
{
    struct message result = {0};

    play_hear(play, KIND_RESULT, &result);
    assert_string_equal(message_text(&result, FIELD_OUTCOME), "ok");
    assert_null(strstr(message_text(&result, FIELD_FINDINGS), "CANARY"));
    assert_int_equal(
        findings_decode(message_text(&result, FIELD_FINDINGS), out), 0);
    assert_int_equal(play_end(play), 0);
    message_clear(&result);
}

static void
expect(const struct findings *findings, enum level level, const char *text)
{
    size_t i;

    for (i = 0; i < findings->count; i++)
        if (findings->item[i].level == level
            && strstr(findings->item[i].text, text) != NULL) {
            assert_int_equal(findings->item[i].advice[0] != '\0',
                             level >= LEVEL_WARNING);
            return;
        }
    fail_msg("no %s: %s", level_name(level), text);
}

static void
a_good_provider_is_shown_and_asked_for_two_documents(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {WELL_KNOWN, 200, METADATA, "Date: Tue, 01 Jan 2030 00:00:00 GMT"},
        KEYS,
    };
    struct findings findings = {0};
    struct message files = {0};
    struct play play;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin(&play, CONFIG, &files);
    end(&play, &findings);
    expect(&findings, LEVEL_OK, "/etc/oidc.conf: issuer http://");
    expect(&findings, LEVEL_WARNING, "insecure_http = yes");
    expect(&findings, LEVEL_OK, "trusted certificates: ");
    expect(&findings, LEVEL_OK, "its metadata is that of issuer http://");
    expect(&findings, LEVEL_OK, "device_authorization_endpoint: http://");
    expect(&findings, LEVEL_OK, "the provider's keys can be used, for RS256");
    expect(&findings, LEVEL_ERROR, "this host is ");
    assert_int_equal(fakeprovider_count(), 2);
    findings_clear(&findings);
}

static void
a_mistake_in_the_file_is_said_as_a_login_says_it(void **state UNUSED)
{
    struct findings findings = {0};
    struct play play;

    fakeprovider_start(NULL, 0);
    begin(&play, "[provider]\nissuer = https://op\nclient = c\n", NULL);
    end(&play, &findings);
    assert_int_equal(findings.count, 1);
    expect(&findings, LEVEL_ERROR,
           "/etc/oidc.conf:3: [provider] client: unknown setting");
    assert_int_equal(fakeprovider_count(), 0);
    findings_clear(&findings);
}

/* The provider does not answer, so only the files are looked at. */
static void
files_that_cannot_be_used_are_found(void **state UNUSED)
{
    static const struct {
        const char *secret, *secret_reason, *map, *map_reason;
        enum level secret_level, map_level;
        const char *secret_text, *map_text;
    } cases[] = {
        {CANARY "\n", NULL, "a = alice\n", NULL, LEVEL_OK, LEVEL_OK,
         "/s: can be used, for client_auth client_secret_basic",
         "/m: can be used"},
        {"", NULL, "a alice\n", NULL, LEVEL_ERROR, LEVEL_ERROR,
         "the file is empty", "/m:1: "},
        {NULL, "does not exist", NULL, "is a link", LEVEL_ERROR, LEVEL_ERROR,
         "/etc/oidc.conf:7: [provider] client_secret_file: /s: does not exist",
         "/etc/oidc.conf:9: [login] username_map_file: /m: is a link"},
        {NULL, NULL, NULL, NULL, LEVEL_SKIPPED, LEVEL_SKIPPED,
         "/s: only root may read it", "/m: you may not read it"},
    };
    struct findings findings = {0};
    struct message files = {0};
    struct play play;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakeprovider_start(NULL, 0);
        if (cases[i].secret != NULL)
            set(&files, FIELD_FILE, cases[i].secret);
        if (cases[i].secret_reason != NULL)
            set(&files, FIELD_REASON, cases[i].secret_reason);
        if (cases[i].map != NULL)
            set(&files, FIELD_MAP, cases[i].map);
        if (cases[i].map_reason != NULL)
            set(&files, FIELD_MAP_REASON, cases[i].map_reason);
        begin(&play,
              CONFIG "client_auth = client_secret_basic\n"
                     "client_secret_file = /s\n"
                     "[login]\nusername_map_file = /m\n",
              &files);
        end(&play, &findings);
        expect(&findings, cases[i].secret_level, cases[i].secret_text);
        expect(&findings, cases[i].map_level, cases[i].map_text);
        expect(&findings, LEVEL_ERROR, "answered 404");
        findings_clear(&findings);
        fakeprovider_stop();
    }
}

static void
the_metadata_of_another_issuer_is_an_error(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {WELL_KNOWN, 200,
         "{\"issuer\":\"https://other\",\"token_endpoint\":\"@/t\"}", NULL},
    };
    struct findings findings = {0};
    struct message files = {0};
    struct play play;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin(&play, CONFIG, &files);
    end(&play, &findings);
    expect(&findings, LEVEL_ERROR,
           "the provider's metadata is that of issuer 'https://other'");
    assert_int_equal(fakeprovider_count(), 1);
    findings_clear(&findings);
}

static void
the_other_form_of_metadata_is_found_as_well(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {OAUTH, 200, METADATA, NULL},
    };
    struct findings findings = {0};
    struct message files = {0};
    struct play play;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin(&play, CONFIG, &files);
    end(&play, &findings);
    expect(&findings, LEVEL_OK, "its metadata is that of issuer");
    expect(&findings, LEVEL_SKIPPED, "the provider's answer has no date");
    expect(&findings, LEVEL_ERROR, "the provider's keys");
    findings_clear(&findings);
}

static void
configured_endpoints_need_no_metadata(void **state UNUSED)
{
    static const struct fake_answer answers[] = {KEYS};
    struct findings findings = {0};
    struct message files = {0};
    struct play play;

    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin(&play,
          CONFIG "token_endpoint = @/t\njwks_uri = @/k\n"
                 "device_authorization_endpoint = @/d\n",
          &files);
    end(&play, &findings);
    expect(&findings, LEVEL_OK, "token_endpoint is configured");
    expect(&findings, LEVEL_WARNING, "offers no revocation_endpoint");
    expect(&findings, LEVEL_OK, "the provider's keys can be used");
    assert_int_equal(fakeprovider_count(), 1);
    findings_clear(&findings);
}

/* One error, and not one for each of what would have been asked. */
static void
a_provider_that_is_not_there_is_said_once(void **state UNUSED)
{
    struct findings findings = {0};
    struct message files = {0};
    struct play play;

    fakeprovider_start(NULL, 0);
    begin(&play, "[provider]\nissuer = https://127.0.0.1:1\nclient_id = c\n",
          &files);
    end(&play, &findings);
    expect(&findings, LEVEL_ERROR, "cannot connect to 127.0.0.1:1: ");
    assert_int_equal(findings_count(&findings, LEVEL_ERROR), 1);
    findings_clear(&findings);
}

static void
a_request_without_a_file_is_none(void **state UNUSED)
{
    struct message request = {.kind = KIND_CHECK};
    struct play play;

    play_begin(&play, "check");
    play_say(&play, &request);
    assert_int_equal(play_end(&play), -EBADMSG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            a_good_provider_is_shown_and_asked_for_two_documents, teardown),
        cmocka_unit_test_teardown(
            a_mistake_in_the_file_is_said_as_a_login_says_it, teardown),
        cmocka_unit_test_teardown(files_that_cannot_be_used_are_found,
                                  teardown),
        cmocka_unit_test_teardown(the_metadata_of_another_issuer_is_an_error,
                                  teardown),
        cmocka_unit_test_teardown(the_other_form_of_metadata_is_found_as_well,
                                  teardown),
        cmocka_unit_test_teardown(configured_endpoints_need_no_metadata,
                                  teardown),
        cmocka_unit_test_teardown(a_provider_that_is_not_there_is_said_once,
                                  teardown),
        cmocka_unit_test(a_request_without_a_file_is_none),
    };

    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
