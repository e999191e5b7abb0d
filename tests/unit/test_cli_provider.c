/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "helper/cli/provider.h"
#include "tests/lib/test.h"

/* What the exchange does, as tests/lib/fake_exchange.c reads it. */
static const char *script;
static int secret_error;
static uid_t uid;

int
__wrap_file_read(const char *path, enum file_kind kind, struct secret *out,
                 const char **why)
{
    if (strcmp(path, "/none") == 0) {
        *why = "does not exist";
        return -ENOENT;
    }
    if (strcmp(path, "/c") == 0) {
        assert_int_equal(kind, FILE_CONFIG);
        return secret_append_text(out, script, 65536);
    }
    assert_string_equal(path, "/s");
    assert_int_equal(kind, FILE_SECRET);
    *why = "is locked away";
    return secret_error != 0 ? secret_error
                             : secret_append_text(out, "secret", 100);
}

uid_t
__wrap_geteuid(void)
{
    return uid;
}

static enum provider_grant
check(const char *said, struct findings *out)
{
    enum provider_grant grant;

    script = said;
    uid = 1000;
    provider_check("/c", &grant, out);
    return grant;
}

static void
expect(const struct findings *findings, enum level level, const char *text)
{
    assert_int_equal(findings->count, 1);
    assert_int_equal(findings->item[0].level, level);
    if (strstr(findings->item[0].text, text) == NULL)
        fail_msg("%s", findings->item[0].text);
    assert_int_equal(findings->item[0].advice[0] != '\0',
                     level >= LEVEL_WARNING);
}

static void
what_the_exchange_finds_is_taken_with_its_sandbox(void **state UNUSED)
{
    struct findings findings = {0};

    assert_int_equal(
        check("send|need_files|password=yes;receive;"
              "send|result|outcome=ok|findings=warning\ttls\told\tnew"
              "|sandbox=all of it",
              &findings),
        PROVIDER_PASSWORD);
    assert_int_equal(findings.count, 2);
    assert_string_equal(findings.item[0].area, "tls");
    assert_string_equal(findings.item[0].advice, "new");
    assert_string_equal(findings.item[1].text, "all of it");
    assert_int_equal(findings.item[1].level, LEVEL_OK);
    findings_clear(&findings);
    assert_int_equal(
        check("send|need_files;receive;send|result|outcome=ok|sandbox=some",
              &findings),
        PROVIDER_DEVICE);
    expect(&findings, LEVEL_OK, "some");
    findings_clear(&findings);
    assert_int_equal(
        check("send|result|outcome=ok|sandbox=x, not in force: y", &findings),
        PROVIDER_UNKNOWN);
    expect(&findings, LEVEL_WARNING, "not in force: y");
    findings_clear(&findings);
}

static void
it_gets_the_files_that_it_asks_for_or_why_not(void **state UNUSED)
{
    static const struct {
        int error;
        uid_t uid;
        const char *field, *text;
    } cases[] = {
        {0, 1000, "file", ": secret"},
        {-EPERM, 1000, "reason", ": is locked away"},
        {-EACCES, 1000, "reason", ": "},
        {-EACCES, 1000, "file", ": "},
    };
    struct findings findings = {0};
    char said[128];
    size_t i, len;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        secret_error = cases[i].error;
        (void) snprintf(said, sizeof(said),
                        "send|need_files|path=/s;receive;echo|%s",
                        cases[i].field);
        (void) check(said, &findings);
        len = strlen(findings.item[0].text);
        assert_string_equal(findings.item[0].text + len - strlen(cases[i].text),
                            cases[i].text);
        findings_clear(&findings);
    }
    secret_error = 0;
}

static void
an_exchange_that_breaks_the_rules_is_an_error(void **state UNUSED)
{
    static const struct {
        const char *script, *text;
    } cases[] = {
        {"exit|0", "No data available"},
        {"send|need_files;receive;send|need_files|path=/s", "Bad message"},
        {"send|prompt|user_code=X", "Bad message"},
        {"raw|0102", "No data available"},
        {"send|result|outcome=ok|findings=nonsense", "its findings: Bad"},
    };
    struct findings findings = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        (void) check(cases[i].script, &findings);
        expect(&findings, LEVEL_ERROR, cases[i].text);
        findings_clear(&findings);
    }
}

static void
without_a_configuration_or_the_system_user_nothing_is_asked(void **state UNUSED)
{
    struct findings findings = {0};
    enum provider_grant grant;

    provider_check("/none", &grant, &findings);
    expect(&findings, LEVEL_ERROR, "/none does not exist");
    assert_int_equal(grant, PROVIDER_UNKNOWN);
    findings_clear(&findings);
    if (getpwnam(OIDC_USER) != NULL)
        return; /* this machine has it */
    uid = 0;
    script = "exit|0";
    provider_check("/c", &grant, &findings);
    expect(&findings, LEVEL_SKIPPED, "without the system user");
    findings_clear(&findings);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_exchange_finds_is_taken_with_its_sandbox),
        cmocka_unit_test(it_gets_the_files_that_it_asks_for_or_why_not),
        cmocka_unit_test(an_exchange_that_breaks_the_rules_is_an_error),
        cmocka_unit_test(
            without_a_configuration_or_the_system_user_nothing_is_asked),
    };

    return cmocka_run_group_tests_name("provider", tests, NULL, NULL);
}
