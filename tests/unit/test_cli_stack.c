/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "helper/cli/stack.h"
#include "tests/lib/stacks.h"
#include "tests/lib/test.h"

/* What libpam would go through, a line each. */
static void
expect(const struct stack_file *files, const char *const *lines)
{
    struct stack stack = {0};
    char text[2048];
    size_t i;

    assert_int_equal(stacks_read(files, "svc", &stack), 0);
    for (i = 0; lines[i] != NULL; i++) {
        if (i == stack.count)
            fail_msg("missing: %s", lines[i]);
        (void) snprintf(text, sizeof(text), "%s %s %s(%s) %s:%u %u",
                        stack_type_name(stack.line[i].type),
                        stack.line[i].control, stack.line[i].module,
                        stack.line[i].arguments,
                        stack.line[i].file + strlen(STACK_DIR),
                        stack.line[i].line, stack.line[i].substack);
        assert_string_equal(text, lines[i]);
    }
    assert_int_equal(stack.count, i);
    assert_string_equal(stack.problem, "");
    stack_clear(&stack);
}

static void
a_line_is_type_control_module_and_arguments(void **state UNUSED)
{
    static const struct stack_file files[] = {
        {"svc", "# comment\n"
                "\n"
                "auth required pam_unix.so\n"
                " AUTH\trequired   /lib/security/pam_oidc_session.so  "
                "config=/a debug # why\n"
                "-session optional pam_keyinit.so force revoke\n"
                "auth [success=1 default=ignore] pam_unix.so\\\n"
                "  nullok\n"
                "account required pam_x.so [query=a b] c\r\n"
                "password requisite pam_pw.so"},
        {0},
    };

    expect(files,
           (const char *const[]){
               "auth required pam_unix.so() svc:3 0",
               "auth required pam_oidc_session.so(config=/a debug ) svc:4 0",
               "session optional pam_keyinit.so(force revoke) svc:5 0",
               "auth [success=1 default=ignore] pam_unix.so(nullok) svc:6 0",
               "account required pam_x.so([query=a b] c ) svc:8 0",
               "password requisite pam_pw.so() svc:9 0",
               NULL,
           });
}

static void
debian_includes_all_lines_and_others_those_of_a_type(void **state UNUSED)
{
    static const struct stack_file files[] = {
        {"svc", "@include common-auth\n"
                "account required pam_nologin.so\n"
                "auth substack password-auth\n"
                "session include password-auth\n"
                "auth include /etc/pam.d/common-auth\n"},
        {"common-auth", "auth [success=1 default=ignore] pam_unix.so\n"
                        "auth requisite pam_deny.so\n"},
        {"password-auth", "auth required pam_env.so\n"
                          "session required pam_limits.so\n"
                          "auth substack common-auth\n"},
        {0},
    };

    expect(files,
           (const char *const[]){
               "auth [success=1 default=ignore] pam_unix.so() common-auth:1 0",
               "auth requisite pam_deny.so() common-auth:2 0",
               "account required pam_nologin.so() svc:2 0",
               "auth required pam_env.so() password-auth:1 1",
               "auth [success=1 default=ignore] pam_unix.so() common-auth:1 2",
               "auth requisite pam_deny.so() common-auth:2 2",
               "session required pam_limits.so() password-auth:2 0",
               "auth [success=1 default=ignore] pam_unix.so() common-auth:1 0",
               "auth requisite pam_deny.so() common-auth:2 0",
               NULL,
           });
}

static void
what_is_wrong_is_said_with_its_line_and_the_rest_is_read(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *problem;
    } cases[] = {
        {"auth required pam_a.so\nauthe required pam_b.so\n",
         "/etc/pam.d/svc:2: not a line of PAM: authe"},
        {"auth required pam_a.so\nauth required\n",
         "/etc/pam.d/svc:2: not a line of PAM: auth"},
        {"auth required pam_a.so\n\n@include nowhere\n",
         "/etc/pam.d/svc:3: cannot include nowhere"},
        {"auth required pam_a.so\n@include\n",
         "/etc/pam.d/svc:2: @include of nothing"},
        {"auth required pam_a.so\nauth include nowhere\n@include\n",
         "/etc/pam.d/svc:2: cannot include nowhere"},
        {"@include circle\nauth required pam_a.so\n",
         "/etc/pam.d/circle:1: too deep, or in a circle: circle"},
    };
    struct stack_file files[] = {
        {"svc", NULL},
        {"circle", "@include circle\n"},
        {0},
    };
    struct stack stack = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        files[0].text = cases[i].text;
        assert_int_equal(stacks_read(files, "svc", &stack), 0);
        assert_string_equal(stack.problem, cases[i].problem);
        assert_int_equal(stack.count, 1);
        stack_clear(&stack);
    }
    assert_int_equal(stacks_read(files, "none", &stack), -ENOENT);
    stack_clear(&stack);
}

static void
too_many_files_end_it(void **state UNUSED)
{
    static const struct stack_file files[] = {
        {"svc", "@include svc\n@include svc\n"},
        {0},
    };
    struct stack stack = {0};

    assert_int_equal(stacks_read(files, "svc", &stack), -EMSGSIZE);
    stack_clear(&stack);
}

static void
a_control_says_what_comes_of_a_result(void **state UNUSED)
{
    static const struct {
        const char *control;
        enum stack_action success, auth_err;
    } cases[] = {
        {"required", STACK_OK, STACK_BAD},
        {"Requisite", STACK_OK, STACK_DIE},
        {"sufficient", STACK_DONE, STACK_IGNORE},
        {"optional", STACK_OK, STACK_IGNORE},
        {"[success=1 default=ignore]", STACK_JUMP, STACK_IGNORE},
        {"[ success=ok auth_err=die default=bad ]", STACK_OK, STACK_DIE},
        {"[default=done]", STACK_DONE, STACK_DONE},
        {"[success=ok new_authtok_reqd=ok ignore=ignore]", STACK_OK,
         STACK_NONE},
        {"[success=what]", STACK_NONE, STACK_NONE},
        {"[success=", STACK_NONE, STACK_NONE},
        {"[success", STACK_NONE, STACK_NONE},
        {"[", STACK_NONE, STACK_NONE},
        {"", STACK_NONE, STACK_NONE},
        {"binding", STACK_NONE, STACK_NONE},
        {"[default=reset]", STACK_RESET, STACK_RESET},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(stack_action(cases[i].control, "success"),
                         cases[i].success);
        assert_int_equal(stack_action(cases[i].control, "auth_err"),
                         cases[i].auth_err);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_type_control_module_and_arguments),
        cmocka_unit_test(debian_includes_all_lines_and_others_those_of_a_type),
        cmocka_unit_test(
            what_is_wrong_is_said_with_its_line_and_the_rest_is_read),
        cmocka_unit_test(too_many_files_end_it),
        cmocka_unit_test(a_control_says_what_comes_of_a_result),
    };

    return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
