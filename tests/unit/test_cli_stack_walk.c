/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "helper/cli/stack_walk.h"
#include "tests/lib/stacks.h"
#include "tests/lib/test.h"

#define OURS   " pam_oidc_session.so\n"
#define DENY   "auth required pam_deny.so\n"
#define PERMIT "auth required pam_permit.so\n"

static const struct stack_file inner[] = {
    {"permits", PERMIT PERMIT},
    {"decides", "auth sufficient pam_unix.so\n" DENY},
    {"approves", "auth sufficient pam_permit.so\n" DENY},
    {"nests", "auth substack permits\nauth substack approves\n"},
    {"ours", "auth [success=done auth_err=reset default=die]" OURS PERMIT},
};

static size_t
read_stack(const char *text, struct stack *out)
{
    struct stack_file files[ARRAY_LEN(inner) + 2] = {{"svc", text}};
    size_t i;

    memcpy(files + 1, inner, sizeof(inner));
    assert_int_equal(stacks_read(files, "svc", out), 0);
    for (i = 0; i < out->count; i++)
        if (strcmp(out->line[i].module, STACK_MODULE) == 0)
            return i;
    fail();
    return 0;
}

static const struct {
    const char *text, *answer, *others;
    bool in;
} logins[] = {
    {"auth required" OURS, "auth_err", "success", false},
    {"auth required" OURS PERMIT, "auth_err", "success", false},
    {"auth requisite" OURS PERMIT, "auth_err", "success", false},
    {"auth sufficient" OURS, "auth_err", "success", false},
    {"auth sufficient" OURS PERMIT, "auth_err", "success", true},
    {"auth sufficient" OURS DENY, "auth_err", "success", false},
    {"auth sufficient" OURS "auth sufficient pam_deny.so\n", "auth_err",
     "success", false},
    /* what is before has approved, unless it ends the stack with it */
    {"auth required pam_env.so\nauth sufficient" OURS, "auth_err", "success",
     true},
    {"auth sufficient pam_unix.so\nauth sufficient" OURS, "auth_err", "success",
     false},
    {"auth substack approves\nauth sufficient" OURS, "auth_err", "success",
     true},
    /* a code of its own */
    {"auth [success=done auth_err=die default=ignore]" OURS PERMIT, "auth_err",
     "success", false},
    {"auth [success=done auth_err=die default=ignore]" OURS PERMIT, "maxtries",
     "success", true},
    {"auth [success=done auth_err=die]" OURS PERMIT, "maxtries", "success",
     false},
    /* with ok the code is that of the stack, and with reset it is forgotten */
    {"auth [default=ok]" OURS PERMIT, "auth_err", "success", false},
    {"auth [default=done]" OURS PERMIT, "auth_err", "success", false},
    {"auth [default=reset]" OURS PERMIT, "auth_err", "success", true},
    {"auth [default=reset]" OURS, "auth_err", "success", false},
    /* jumps: one line, a substack, as many as there are, too many */
    {"auth [default=1]" OURS DENY PERMIT, "auth_err", "success", true},
    {"auth [default=2]" OURS DENY PERMIT DENY, "auth_err", "success", false},
    {"auth [default=1]" OURS "auth substack decides\n" PERMIT, "auth_err",
     "success", true},
    {"auth [default=1]" OURS "auth include decides\n" PERMIT, "auth_err",
     "success", false},
    {"auth [default=1]" OURS "account required pam_unix.so\n" DENY PERMIT,
     "auth_err", "success", true},
    {PERMIT "auth [default=1]" OURS DENY, "auth_err", "success", true},
    {PERMIT "auth [default=2]" OURS DENY, "auth_err", "success", false},
    {"auth [default=1]" OURS "auth substack nests\n" PERMIT, "auth_err",
     "success", true},
    {"auth [default=1]" OURS "auth substack decides\nauth substack decides\n",
     "auth_err", "success", false},
    {PERMIT "auth [default=99999999999]" OURS, "auth_err", "success", false},
    /* a substack ends itself only */
    {"auth sufficient" OURS "auth substack approves\n" DENY, "auth_err",
     "success", false},
    {"auth sufficient" OURS "auth include approves\n" DENY, "auth_err",
     "success", true},
    {"auth sufficient" OURS "auth substack nests\n" DENY, "auth_err", "success",
     false},
    {"auth sufficient" OURS "auth substack nests\n" PERMIT, "auth_err",
     "success", true},
    {"auth substack ours\n", "auth_err", "success", true},
    {"auth substack ours\n" DENY, "auth_err", "success", false},
    {"auth substack ours\n" PERMIT, "maxtries", "success", false},
    /* who authenticates refuses; the others say what they say */
    {"auth sufficient" OURS "auth required pam_sss.so\n", "auth_err", "success",
     false},
    {"auth sufficient" OURS "auth required pam_env.so\n", "auth_err", "success",
     true},
    {"auth sufficient" OURS "auth required pam_env.so\n", "auth_err",
     "auth_err", false},
    {"auth sufficient" OURS
     "auth [success=ignore default=1] pam_succeed_if.so uid = 0\n" DENY PERMIT,
     "auth_err", "success", false},
    {"auth sufficient" OURS
     "auth [success=ignore default=1] pam_succeed_if.so uid = 0\n" DENY PERMIT,
     "auth_err", "auth_err", true},
    {"auth sufficient" OURS
     "auth [default=die] pam_faillock.so authfail\n" PERMIT,
     "auth_err", "success", false},
    {"auth sufficient" OURS "auth required pam_faillock.so preauth\n",
     "auth_err", "success", true},
};

static void
a_refused_login_ends_as_libpam_ends_it(void **state UNUSED)
{
    struct stack stack = {0};
    size_t i, at;

    for (i = 0; i < ARRAY_LEN(logins); i++) {
        at = read_stack(logins[i].text, &stack);
        if (stack_lets_in(&stack, at, logins[i].answer, logins[i].others)
            != logins[i].in)
            fail_msg("%zu: %s", i, logins[i].text);
        stack_clear(&stack);
    }
}

static void
the_next_line_is_the_one_behind_what_the_answer_skips(void **state UNUSED)
{
    static const struct {
        const char *text, *answer;
        size_t next;
    } cases[] = {
        {"auth required" OURS DENY, "success", 1},
        {"auth required" OURS "account required pam_unix.so\n" DENY, "success",
         2},
        {"auth required" OURS, "success", 1},
        {"auth sufficient" OURS DENY DENY, "success", 3},
        {"auth sufficient" OURS DENY DENY, "maxtries", 1},
        {"auth [success=1 default=die]" OURS DENY DENY, "success", 2},
        {"auth [success=1 default=die]" OURS DENY DENY, "maxtries", 3},
        {"auth substack ours\n" DENY, "success", 2},
    };
    struct stack stack = {0};
    size_t i, at;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        at = read_stack(cases[i].text, &stack);
        if (stack_next(&stack, at, cases[i].answer) != cases[i].next)
            fail_msg("%zu: %s", i, cases[i].text);
        stack_clear(&stack);
    }
}

static void
only_some_modules_prove_who_it_is(void **state UNUSED)
{
    assert_true(stack_authenticates(
        &(const struct stack_line){.module = "pam_unix.so"}));
    assert_true(stack_authenticates(
        &(const struct stack_line){.module = STACK_MODULE}));
    assert_false(stack_authenticates(
        &(const struct stack_line){.module = "pam_env.so"}));
    assert_false(stack_authenticates(
        &(const struct stack_line){.module = "pam_nologin.so"}));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_login_ends_as_libpam_ends_it),
        cmocka_unit_test(the_next_line_is_the_one_behind_what_the_answer_skips),
        cmocka_unit_test(only_some_modules_prove_who_it_is),
    };

    return cmocka_run_group_tests_name("stack_walk", tests, NULL, NULL);
}
