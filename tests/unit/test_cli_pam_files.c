/* SPDX-License-Identifier: MIT */
/* With real files it is in tests/integration/test_check.py. */
#include <config.h>

#include <dirent.h>

#include "helper/cli/pam_files.h"
#include "tests/lib/test.h"

INJECT(int, scandir,
       (const char *path, struct dirent ***out,
        int (*filter)(const struct dirent *),
        int (*order)(const struct dirent **, const struct dirent **)),
       (path, out, filter, order))

static void
what_this_host_has_is_looked_at(void **state UNUSED)
{
    struct findings findings = {0};

    assert_int_equal(pam_files_check(CONFIG_PATH, PROVIDER_DEVICE, &findings),
                     0);
    assert_true(findings.count > 0); /* at least that nobody mentions it */
    findings_clear(&findings);
}

static void
a_directory_that_cannot_be_read_is_skipped(void **state UNUSED)
{
    struct findings findings = {0};

    FAIL(scandir, EACCES, 0);
    assert_int_equal(pam_files_check(CONFIG_PATH, PROVIDER_DEVICE, &findings),
                     0);
    WORK(scandir);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.item[0].level, LEVEL_SKIPPED);
    assert_string_equal(findings.item[0].text,
                        "/etc/pam.d/: Permission denied");
    findings_clear(&findings);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_this_host_has_is_looked_at),
        cmocka_unit_test(a_directory_that_cannot_be_read_is_skipped),
    };

    return cmocka_run_group_tests_name("pam_files", tests, NULL, NULL);
}
