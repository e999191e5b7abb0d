/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/exchange/trust.h"
#include "tests/lib/test.h"

/* A directory with one file of that name. */
static bool
hashed_with(const char *name)
{
    char dir[] = "/tmp/trust-XXXXXX", path[128];
    bool is_hashed;
    int fd;

    assert_non_null(mkdtemp(dir));
    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    close(fd);
    is_hashed = trust_is_hashed(dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    return is_hashed;
}

static void
a_directory_is_hashed_when_it_has_the_hash_of_a_certificate(void **state UNUSED)
{
    assert_true(hashed_with("5ed36f99.0"));
    assert_true(hashed_with("00000000.12"));
}

static void
a_directory_with_other_files_is_not(void **state UNUSED)
{
    static const char *const names[] = {
        "ca-certificates.crt", "5ed36f99",    "5ed36f99.",  "5ed36f99.r0",
        "5ed36f9.0",           "5ed36f99a.0", "5ED36F99.0", "5ed36f99.0.pem",
        "ca-bundle.trust.crt", "ghijklmn.0",  ".0",
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++)
        if (hashed_with(names[i]))
            fail_msg("%s", names[i]);
}

static void
what_is_no_directory_is_not(void **state UNUSED)
{
    assert_false(trust_is_hashed(NULL));
    assert_false(trust_is_hashed("/nonexistent"));
    assert_false(trust_is_hashed("/dev/null"));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_directory_is_hashed_when_it_has_the_hash_of_a_certificate),
        cmocka_unit_test(a_directory_with_other_files_is_not),
        cmocka_unit_test(what_is_no_directory_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
