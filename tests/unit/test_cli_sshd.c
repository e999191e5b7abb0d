/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "helper/cli/sshd.h"
#include "tests/lib/test.h"

/* sshd_config, and two files that it may include. */
static const char *texts[3];
static const char *const names[] = {"/etc/ssh/sshd_config", "/d/1", "/d/2"};

static int
read_one(void *arg UNUSED, const char *name, struct secret *out)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0 && texts[i] != NULL)
            return secret_append_text(out, texts[i], 65536);
    return -ENOENT;
}

static bool
match(void *arg UNUSED, const char *pattern, size_t i, char *out, size_t size)
{
    if (strcmp(pattern, "/d/*") != 0 || i > 1)
        return false;
    (void) snprintf(out, size, "%s", names[i + 1]);
    return true;
}

static int
read_config(struct sshd *out)
{
    static const struct sshd_source source = {read_one, match, NULL};

    *out = (struct sshd){0};
    return sshd_read(names[0], &source, out);
}

static void
the_first_value_counts_wherever_it_is(void **state UNUSED)
{
    struct sshd sshd;

    texts[0] = "# UsePAM maybe\n\tusePAM \"yes\"\nUsePAM no\n"
               "Include /d/* /none\nKbdInteractiveAuthentication yes\n"
               "LoginGraceTime=2m\nPasswordAuthentication\n";
    texts[1] = "Port 22\nChallengeResponseAuthentication no # why\n";
    texts[2] = "KbdInteractiveAuthentication yes\n";
    assert_int_equal(read_config(&sshd), 0);
    assert_string_equal(sshd.use_pam.value, "yes");
    assert_string_equal(sshd.use_pam.file, names[0]);
    assert_int_equal(sshd.use_pam.line, 2);
    assert_string_equal(sshd.kbd_interactive.value, "no");
    assert_string_equal(sshd.kbd_interactive.file, "/d/1");
    assert_int_equal(sshd.kbd_interactive.line, 2);
    assert_string_equal(sshd.grace_time.value, "2m");
    assert_string_equal(sshd.password.value, "");
}

static void
what_is_behind_a_match_is_not_for_everybody(void **state UNUSED)
{
    struct sshd sshd;

    texts[0] = "Include /d/*\nMatch User bob\nUsePAM no\n";
    texts[1] = "Match User alice\nKbdInteractiveAuthentication no\n";
    texts[2] = "LoginGraceTime 30";
    assert_int_equal(read_config(&sshd), 0);
    assert_string_equal(sshd.use_pam.value, "");
    assert_string_equal(sshd.kbd_interactive.value, "");
    assert_string_equal(sshd.grace_time.value, "30");
}

static void
a_file_that_cannot_be_read_is_an_error_and_a_circle_ends(void **state UNUSED)
{
    struct sshd sshd;

    texts[0] = texts[1] = texts[2] = NULL;
    assert_int_equal(read_config(&sshd), -ENOENT);
    texts[0] = "Include /d/*\nUsePAM yes\n";
    texts[1] = "Include /d/*\n";
    texts[2] = "";
    assert_int_equal(read_config(&sshd), 0);
    assert_string_equal(sshd.use_pam.value, "yes");
}

static void
times_are_read_as_sshd_does(void **state UNUSED)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        {"0", 0},          {"120", 120}, {"2m", 120},
        {"1h30m", 5400},   {"1H", 3600}, {"1d", 86400},
        {"1w", 604800},    {"", -1},     {"m", -1},
        {"2x", -1},        {"-1", -1},   {"99999999999999999999", -1},
        {"31622400w", -1},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(sshd_seconds(cases[i].text), cases[i].seconds);
}

static void
each_setting_that_a_login_needs_is_judged(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool by_device;
        int64_t deadline;
        enum level level;
        const char *found;
    } cases[] = {
        {"UsePAM yes\n", true, 110, LEVEL_OK,
         "/etc/ssh/sshd_config:1: sshd uses PAM, and can show the code"},
        {"UsePAM yes\nKbdInteractiveAuthentication no\n", false, 200, LEVEL_OK,
         "/etc/ssh/sshd_config:1: sshd uses PAM"},
        {"UsePAM yes\nKbdInteractiveAuthentication no\n", true, 110,
         LEVEL_ERROR,
         "/etc/ssh/sshd_config:2: KbdInteractiveAuthentication is not yes"},
        {"UsePAM yes\nKbdInteractiveAuthentication no\n"
         "PasswordAuthentication no\n",
         true, 110, LEVEL_OK, "/etc/ssh/sshd_config:2: only keys log in"},
        {"UsePAM yes\nKbdInteractiveAuthentication no\n"
         "PasswordAuthentication no\n",
         false, 110, LEVEL_WARNING,
         "/etc/ssh/sshd_config:3: neither PasswordAuthentication nor"},
        {"UsePAM yes\nPasswordAuthentication no\n", false, 110, LEVEL_OK,
         "sshd uses PAM"},
        {"UsePAM no\n", true, 110, LEVEL_ERROR,
         "/etc/ssh/sshd_config:1: UsePAM is not yes"},
        {"", true, 110, LEVEL_ERROR, "sshd_config: not set: UsePAM is not yes"},
        {"LoginGraceTime 1m\nUsePAM yes\n", true, 110, LEVEL_WARNING,
         "/etc/ssh/sshd_config:1: LoginGraceTime is 60 s, and the module's "
         "deadline 110 s"},
        {"UsePAM yes\n", true, 0, LEVEL_WARNING,
         "sshd_config: not set: LoginGraceTime is 120 s, and the module's "
         "deadline 0 s (none)"},
        {"UsePAM yes\nLoginGraceTime 0\n", true, 0, LEVEL_OK, "sshd uses PAM"},
    };
    struct findings findings = {0};
    const struct finding *last;
    struct sshd sshd;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        texts[0] = cases[i].text;
        assert_int_equal(read_config(&sshd), 0);
        sshd_judge(&sshd, cases[i].by_device, cases[i].deadline, &findings);
        last = &findings.item[findings.count - 1];
        if (strstr(last->text, cases[i].found) == NULL)
            fail_msg("%zu: %s", i, last->text);
        assert_int_equal(last->level, cases[i].level);
        assert_int_equal(last->advice[0] != '\0', last->level >= LEVEL_WARNING);
        findings_clear(&findings);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_value_counts_wherever_it_is),
        cmocka_unit_test(what_is_behind_a_match_is_not_for_everybody),
        cmocka_unit_test(
            a_file_that_cannot_be_read_is_an_error_and_a_circle_ends),
        cmocka_unit_test(times_are_read_as_sshd_does),
        cmocka_unit_test(each_setting_that_a_login_needs_is_judged),
    };

    return cmocka_run_group_tests_name("sshd", tests, NULL, NULL);
}
