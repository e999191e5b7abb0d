/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "helper/cli/check_print.h"
#include "tests/lib/test.h"

struct printed {
    char *text;
    size_t size;
    FILE *file;
};

static FILE *
begin(struct printed *printed)
{
    *printed = (struct printed){0};
    printed->file = open_memstream(&printed->text, &printed->size);
    assert_non_null(printed->file);
    return printed->file;
}

static void
end(struct printed *printed)
{
    assert_int_equal(fclose(printed->file), 0);
    assert_non_null(printed->text);
}

static void
fill(struct findings *findings)
{
    findings_add(findings, LEVEL_OK, "config", "good");
    findings_add(findings, LEVEL_SKIPPED, "root", "not root");
    findings_add(findings, LEVEL_WARNING, "pam", "a \"quoted\" \\ text");
    findings_advise(findings, "do that");
}

static void
text_has_columns_and_the_advice_below(void **state UNUSED)
{
    struct findings findings = {0};
    struct printed printed;

    fill(&findings);
    check_print_text(&findings, false, begin(&printed));
    end(&printed);
    assert_string_equal(printed.text,
                        "ok       config    good\n"
                        "skipped  root      not root\n"
                        "warning  pam       a \"quoted\" \\ text\n"
                        "                   -> do that\n"
                        "1 ok, 1 skipped, 1 warnings, 0 errors\n");
    free(printed.text);
    check_print_text(&findings, true, begin(&printed));
    end(&printed);
    assert_non_null(strstr(printed.text, "\x1b[33mwarning\x1b[0m  pam "));
    free(printed.text);
    findings_clear(&findings);
}

static void
json_is_one_object_that_others_can_read(void **state UNUSED)
{
    struct findings findings = {0};
    struct printed printed;
    const cJSON *list, *item;
    cJSON *json;

    check_print_json(&findings, begin(&printed));
    end(&printed);
    json = cJSON_ParseWithOpts(printed.text, NULL, true);
    assert_string_equal(
        cJSON_GetStringValue(cJSON_GetObjectItem(json, "result")), "ok");
    cJSON_Delete(json);
    free(printed.text);

    fill(&findings);
    check_print_json(&findings, begin(&printed));
    end(&printed);
    json = cJSON_ParseWithOpts(printed.text, NULL, true);
    assert_string_equal(
        cJSON_GetStringValue(cJSON_GetObjectItem(json, "result")), "warning");
    list = cJSON_GetObjectItem(json, "findings");
    assert_int_equal(cJSON_GetArraySize(list), 3);
    item = cJSON_GetArrayItem(list, 2);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(item, "text")),
                        "a \"quoted\" \\ text");
    assert_string_equal(
        cJSON_GetStringValue(cJSON_GetObjectItem(item, "advice")), "do that");
    assert_true(cJSON_IsNull(
        cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), "advice")));
    cJSON_Delete(json);
    free(printed.text);
    findings_clear(&findings);
}

static void
the_worst_level_is_that_of_all(void **state UNUSED)
{
    struct findings findings = {0};

    assert_int_equal(check_worst(&findings), LEVEL_OK);
    findings_add(&findings, LEVEL_SKIPPED, "a", "b");
    assert_int_equal(check_worst(&findings), LEVEL_OK);
    findings_add(&findings, LEVEL_WARNING, "a", "b");
    assert_int_equal(check_worst(&findings), LEVEL_WARNING);
    findings_add(&findings, LEVEL_ERROR, "a", "b");
    findings_add(&findings, LEVEL_OK, "a", "b");
    assert_int_equal(check_worst(&findings), LEVEL_ERROR);
    findings_clear(&findings);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_has_columns_and_the_advice_below),
        cmocka_unit_test(json_is_one_object_that_others_can_read),
        cmocka_unit_test(the_worst_level_is_that_of_all),
    };

    return cmocka_run_group_tests_name("check_print", tests, NULL, NULL);
}
