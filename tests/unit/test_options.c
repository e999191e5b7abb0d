/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pam/options.c" /* for its table */
#include "tests/lib/paths.h"
#include "tests/lib/test.h"

static struct options
parse(int argc, const char **argv)
{
    struct options out = {0};
    const char *bad = NULL;

    assert_int_equal(options_parse(argc, argv, &out, &bad), 0);
    assert_null(bad);
    return out;
}

static void
has_the_defaults_of_the_manual(void **state UNUSED)
{
    struct options out = parse(0, NULL);

    assert_string_equal(out.config, CONFIG_PATH);
    assert_false(out.debug);
    assert_int_equal(out.minimum_uid, 1000);
    assert_false(out.try_first_pass);
    assert_false(out.use_first_pass);
}

static void
each_argument_sets_its_own_option(void **state UNUSED)
{
    const char *config = "config=/etc/other.conf", *debug = "debug",
               *minimum = "minimum_uid=500", *tries = "try_first_pass",
               *uses = "use_first_pass";
    struct options out;

    out = parse(1, &config);
    assert_ptr_equal(out.config, config + 7); /* borrowed */
    assert_int_equal(out.minimum_uid, 1000);
    out = parse(1, &debug);
    assert_true(out.debug);
    assert_false(out.try_first_pass || out.use_first_pass);
    out = parse(1, &minimum);
    assert_int_equal(out.minimum_uid, 500);
    assert_string_equal(out.config, CONFIG_PATH);
    out = parse(1, &tries);
    assert_true(out.try_first_pass);
    assert_false(out.debug || out.use_first_pass);
    out = parse(1, &uses);
    assert_true(out.use_first_pass);
    assert_false(out.debug || out.try_first_pass);
}

static void
all_arguments_go_together_and_the_last_counts(void **state UNUSED)
{
    const char *argv[] = {"debug",         "config=/a",      "use_first_pass",
                          "minimum_uid=1", "try_first_pass", "debug",
                          "config=/b",     "minimum_uid=2"};
    struct options out = parse(ARRAY_LEN(argv), argv);

    assert_string_equal(out.config, "/b");
    assert_int_equal(out.minimum_uid, 2);
    assert_true(out.debug && out.use_first_pass && out.try_first_pass);
}

static void
a_uid_is_from_0_to_the_last(void **state UNUSED)
{
    const char *least = "minimum_uid=0", *most = "minimum_uid=4294967294";

    assert_int_equal(parse(1, &least).minimum_uid, 0);
    assert_int_equal(parse(1, &most).minimum_uid, 4294967294);
}

static void
an_unknown_or_malformed_argument_is_named(void **state UNUSED)
{
    static const char *const arguments[] = {
        "",
        "=",
        "unknown",
        "Debug",
        "debug ",
        " debug",
        "debug=",
        "debug=1",
        "debugs",
        "debu",
        "config",
        "config=",
        "config=relative",
        "config =/x",
        "configs=/x",
        "minimum_uid",
        "minimum_uid=",
        "minimum_uid=-1",
        "minimum_uid=1000 ",
        "minimum_uid=1e3",
        "minimum_uid=4294967295",
        "minimum_uid=99999999999999999999",
        "try_first_pass=yes",
        "use_first_pass=",
        "use_authtok",
    };
    const char *argv[] = {"debug", NULL, "also_unknown"}, *bad;
    struct options out = {.minimum_uid = 42};
    size_t i;

    for (i = 0; i < ARRAY_LEN(arguments); i++) {
        argv[1] = arguments[i];
        bad = NULL;
        assert_int_equal(options_parse(3, argv, &out, &bad), -EINVAL);
        assert_ptr_equal(bad, arguments[i]); /* the first at fault */
        assert_int_equal(out.minimum_uid, 42);
        assert_false(out.debug);
    }
}

/* ---- The manual ---- */

static char manual[16][64];

/* The items of the section OPTIONS, in the manual's order. */
static size_t
read_manual(void)
{
    char path[4096], line[512], name[64];
    bool options_section = false;
    size_t n = 0;
    FILE *file;

    (void) snprintf(path, sizeof(path), "%s/man/pam_oidc_session.8",
                    source_dir);
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, ".Sh ", 4) == 0)
            options_section = strcmp(line, ".Sh OPTIONS\n") == 0;
        else if (options_section
                 && sscanf(line, ".It Cm %63[a-z_]", name) == 1) {
            assert_true(n < ARRAY_LEN(manual));
            strcpy(manual[n++], name);
        }
    }
    fclose(file);
    return n;
}

static void
the_manual_has_the_same_options_in_the_same_order(void **state UNUSED)
{
    size_t i, n = read_manual();

    for (i = 0; i < n && i < ARRAY_LEN(options); i++)
        assert_string_equal(manual[i], options[i].name);
    assert_int_equal(n, ARRAY_LEN(options));
}

static void
the_options_are_sorted(void **state UNUSED)
{
    size_t i;

    for (i = 1; i < ARRAY_LEN(options); i++)
        assert_true(strcmp(options[i - 1].name, options[i].name) < 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_defaults_of_the_manual),
        cmocka_unit_test(each_argument_sets_its_own_option),
        cmocka_unit_test(all_arguments_go_together_and_the_last_counts),
        cmocka_unit_test(a_uid_is_from_0_to_the_last),
        cmocka_unit_test(an_unknown_or_malformed_argument_is_named),
        cmocka_unit_test(the_manual_has_the_same_options_in_the_same_order),
        cmocka_unit_test(the_options_are_sorted),
    };

    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
