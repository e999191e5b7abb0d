/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/finding.h"
#include "tests/lib/test.h"

INJECT_ENOMEM(calloc, (size_t count, size_t size), (count, size))

static void
a_finding_has_a_level_an_area_a_text_and_an_advice(void **state UNUSED)
{
    struct findings findings = {0};

    findings_advise(&findings, "of nothing");
    findings_add(&findings, LEVEL_OK, "config", "%s is good", "it");
    findings_add(&findings, LEVEL_ERROR, "pam", "line %d", 7);
    findings_advise(&findings, "chmod %o", 0711U);
    assert_int_equal(findings.count, 2);
    assert_string_equal(findings.item[0].text, "it is good");
    assert_string_equal(findings.item[0].advice, "");
    assert_string_equal(findings.item[1].area, "pam");
    assert_string_equal(findings.item[1].advice, "chmod 711");
    assert_int_equal(findings_count(&findings, LEVEL_ERROR), 1);
    assert_int_equal(findings_count(&findings, LEVEL_WARNING), 0);
    findings_clear(&findings);
    findings_clear(&findings);
    assert_int_equal(findings.count, 0);
}

static void
what_strangers_write_stays_in_its_line_and_its_field(void **state UNUSED)
{
    struct findings findings = {0}, again = {0};
    struct secret text = {0};
    char endless[4000];

    memset(endless, 'x', sizeof(endless));
    endless[sizeof(endless) - 1] = '\0';
    findings_add(&findings, LEVEL_OK, "a\tb", "one\terror\n\x1b[31m%s", "two");
    findings_add(&findings, LEVEL_WARNING, endless, "%s", endless);
    findings_advise(&findings, "%s", endless);
    assert_int_equal(findings_encode(&findings, &text), 0);
    assert_int_equal(findings_decode(secret_text(&text), &again), 0);
    assert_int_equal(again.count, 2);
    assert_string_equal(again.item[0].area, "a?b");
    assert_string_equal(again.item[0].text, "one?error??[31mtwo");
    assert_memory_equal(&again.item[1], &findings.item[1],
                        sizeof(findings.item[1]));
    assert_string_equal(again.item[1].text + sizeof(again.item[1].text) - 4,
                        "...");
    secret_clear(&text);
    findings_clear(&findings);
    findings_clear(&again);
}

static void
what_is_no_list_of_findings_is_refused(void **state UNUSED)
{
    static const char *const bad[] = {
        "ok\tarea\ttext\n",
        "fine\tarea\ttext\t\n",
        "ok\tarea\ttext\tadvice\tmore\n",
        "ok",
        "ok\ta\tb\tc\nwarning\n",
        "ok\tarea\ttext\tadvice\n\t",
    };
    struct findings findings = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(findings_decode(bad[i], &findings), -EBADMSG);
        findings_clear(&findings);
    }
    assert_int_equal(findings_decode("", &findings), 0);
    assert_int_equal(findings.count, 0);
}

static void
too_many_findings_are_an_error(void **state UNUSED)
{
    struct findings findings = {0};
    struct secret text = {0};
    size_t i;

    for (i = 0; i < FINDINGS_MAX; i++)
        findings_add(&findings, LEVEL_OK, "a", "%zu", i);
    assert_int_equal(findings.error, 0);
    findings_add(&findings, LEVEL_ERROR, "a", "one more");
    findings_advise(&findings, "not of the last one");
    assert_int_equal(findings.error, -EMSGSIZE);
    assert_string_equal(findings.item[FINDINGS_MAX - 1].advice, "");
    assert_int_equal(findings_encode(&findings, &text), -EMSGSIZE);
    secret_clear(&text);
    findings_clear(&findings);
}

static void
without_memory_it_is_not_said_that_all_is_well(void **state UNUSED)
{
    struct findings findings = {0};

    calloc_fails = true;
    findings_add(&findings, LEVEL_OK, "a", "b");
    findings_advise(&findings, "c");
    calloc_fails = false;
    assert_int_equal(findings.error, -ENOMEM);
    assert_int_equal(findings.count, 0);
    findings_clear(&findings);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finding_has_a_level_an_area_a_text_and_an_advice),
        cmocka_unit_test(what_strangers_write_stays_in_its_line_and_its_field),
        cmocka_unit_test(what_is_no_list_of_findings_is_refused),
        cmocka_unit_test(too_many_findings_are_an_error),
        cmocka_unit_test(without_memory_it_is_not_said_that_all_is_well),
    };

    return cmocka_run_group_tests_name("finding", tests, NULL, NULL);
}
