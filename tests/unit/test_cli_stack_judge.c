/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/io.h"
#include "helper/cli/stack_judge.h"
#include "tests/lib/paths.h"
#include "tests/lib/stacks.h"
#include "tests/lib/test.h"

#define AUTH                                                                   \
    "auth [success=done ignore=ignore default=die] pam_oidc_session.so\n"
#define ACCOUNT "account required pam_unix.so\n"
#define KEYINIT "session optional pam_keyinit.so force revoke\n"
#define SESSION "session optional pam_oidc_session.so\n"

/* Debian's, and RHEL's. */
static const struct stack_file pieces[] = {
    {"common-auth", "auth [success=1 default=ignore] pam_unix.so nullok\n"
                    "auth requisite pam_deny.so\n"
                    "auth required pam_permit.so\n"
                    "auth optional pam_cap.so\n"},
    {"common-account",
     "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n"
     "account requisite pam_deny.so\n"
     "account required pam_permit.so\n"},
    {"common-session", "session [default=1] pam_permit.so\n"
                       "session requisite pam_deny.so\n"
                       "session required pam_permit.so\n"
                       "session required pam_unix.so\n"
                       "session optional pam_systemd.so\n"},
    {"common-password", "password required pam_permit.so\n"},
    {"password-auth", "auth required pam_env.so\n"
                      "auth required pam_faildelay.so delay=2000000\n"
                      "auth sufficient pam_unix.so nullok\n"
                      "auth required pam_deny.so\n"
                      "account required pam_unix.so\n"
                      "session optional pam_keyinit.so revoke\n"
                      "session required pam_limits.so\n"},
    {"postlogin", "session optional pam_umask.so silent\n"},
    {"system-auth", "auth sufficient pam_unix.so\n"
                    "auth required pam_deny.so\n"},
};

static void
judge(const char *service, const char *text, struct findings *out)
{
    struct stack_file files[ARRAY_LEN(pieces) + 2] = {{service, text}};
    struct stack stack = {0};

    memcpy(files + 1, pieces, sizeof(pieces));
    assert_int_equal(stacks_read(files, service, &stack), 0);
    stack_judge(service, &stack, out);
    stack_clear(&stack);
}

static void
a_good_stack_gives_one_line(void **state UNUSED)
{
    static const char *const good[] = {
        AUTH ACCOUNT KEYINIT SESSION,
        /* Debian */
        AUTH "@include common-auth\naccount required pam_nologin.so\n"
             "@include common-account\n" KEYINIT SESSION
             "@include common-session\n@include common-password\n",
        /* RHEL */
        AUTH "auth substack password-auth\nauth include postlogin\n"
             "account required pam_sepermit.so\n"
             "account include password-auth\n" KEYINIT SESSION
             "session include password-auth\nsession include postlogin\n",
        /* a profile of pam-auth-update */
        "auth [success=2 default=ignore] pam_oidc_session.so\n"
        "auth [success=1 default=ignore] pam_unix.so nullok\n"
        "auth requisite pam_deny.so\nauth required pam_permit.so\n" ACCOUNT
            KEYINIT SESSION,
        "auth sufficient pam_oidc_session.so config=/a debug\n"
        "auth required pam_deny.so\n" ACCOUNT KEYINIT
        "session required pam_oidc_session.so config=/a\n",
        "auth requisite pam_nologin.so\n"
        "auth required pam_oidc_session.so\n" ACCOUNT KEYINIT SESSION,
        /* what an inner stack ends is not what is behind it */
        "auth substack system-auth\n" AUTH ACCOUNT KEYINIT SESSION,
        /* another line decides when the provider is down, or for others */
        "auth required pam_env.so\n"
        "auth [success=done ignore=ignore authinfo_unavail=ignore default=die]"
        " pam_oidc_session.so\n@include common-auth\n" ACCOUNT KEYINIT SESSION,
        "auth [success=done user_unknown=ignore ignore=ignore default=die]"
        " pam_oidc_session.so\nauth required pam_sss.so\n" ACCOUNT KEYINIT
            SESSION,
        "auth [success=done default=1] pam_oidc_session.so\n"
        "auth required pam_permit.so\nauth required pam_unix.so\n" ACCOUNT
            KEYINIT SESSION,
        /* with ok the failure is that of the stack */
        "auth [default=ok] pam_oidc_session.so\n"
        "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
        /* jumped over: what only counts, and what only another way needs */
        "auth required pam_faillock.so preauth\n"
        "auth [success=3 default=ignore] pam_oidc_session.so\n"
        "auth [success=2 default=ignore] pam_unix.so\n"
        "auth [default=die] pam_faillock.so authfail\n"
        "auth requisite pam_deny.so\nauth required pam_permit.so\n" ACCOUNT
            KEYINIT SESSION,
        "auth sufficient pam_oidc_session.so\nauth sufficient pam_u2f.so\n"
        "auth required pam_deny.so\n" ACCOUNT KEYINIT SESSION,
    };
    struct findings findings = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(good); i++) {
        judge("sshd", good[i], &findings);
        if (findings.item[0].level != LEVEL_OK)
            fail_msg("%zu: %s", i, findings.item[0].text);
        assert_int_equal(findings.count, 1);
        assert_string_equal(findings.item[0].advice, "");
        assert_int_equal(findings.item[0].level, LEVEL_OK);
        findings_clear(&findings);
    }
    judge("sshd", "auth required pam_unix.so\n", &findings);
    assert_int_equal(findings.count, 0);
}

static const struct mistake {
    const char *service, *text;
    enum level level;
    const char *found, *advice;
} mistakes[] = {
    {"sshd", AUTH ACCOUNT KEYINIT, LEVEL_ERROR,
     "/etc/pam.d/sshd:1: sshd has no session line of pam_oidc_session",
     "behind pam_keyinit.so"},
    {"sshd", ACCOUNT KEYINIT SESSION, LEVEL_WARNING,
     "/etc/pam.d/sshd:3: sshd has no auth line of pam_oidc_session",
     "auth required"},
    {"sshd", AUTH ACCOUNT SESSION, LEVEL_WARNING,
     "/etc/pam.d/sshd:3: no pam_keyinit is before it", "force revoke"},
    {"sshd", AUTH ACCOUNT SESSION "session include password-auth\n",
     LEVEL_WARNING, "/etc/pam.d/sshd:3: no pam_keyinit is before it",
     "force revoke"},
    {"sshd", AUTH ACCOUNT SESSION KEYINIT, LEVEL_ERROR,
     "/etc/pam.d/sshd:4: pam_keyinit is behind pam_oidc_session "
     "(/etc/pam.d/sshd:3)",
     "move it before"},
    {"sshd", AUTH ACCOUNT KEYINIT SESSION "\n" KEYINIT, LEVEL_ERROR,
     "/etc/pam.d/sshd:6: pam_keyinit is behind pam_oidc_session",
     "move it before"},
    {"sshd", AUTH KEYINIT SESSION, LEVEL_ERROR,
     "/etc/pam.d/sshd:1: sshd has no account line that checks the account",
     "pam_unix.so"},
    {"sshd",
     AUTH "account required pam_permit.so\n"
          "account required pam_oidc_session.so\n" KEYINIT SESSION,
     LEVEL_ERROR, "sshd has no account line that checks the account",
     "pam_nologin.so"},
    {"login",
     "auth sufficient pam_oidc_session.so\nauth requisite pam_nologin.so\n"
     "auth required pam_deny.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/login:1: who is approved by the provider does not pass "
     "pam_nologin.so in /etc/pam.d/login:2",
     "put pam_nologin.so before it"},
    {"login", AUTH "auth required pam_faillock.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR, "does not pass pam_faillock.so in /etc/pam.d/login:2",
     "put pam_faillock.so before it"},
    {"sshd",
     "auth optional pam_oidc_session.so\n@include common-auth\n" ACCOUNT KEYINIT
         SESSION,
     LEVEL_ERROR, "/etc/pam.d/sshd:1: auth is optional", "write required"},
    {"sshd",
     "@include common-auth\n"
     "auth [success=ok default=ignore] pam_oidc_session.so\n" ACCOUNT KEYINIT
         SESSION,
     LEVEL_ERROR, "/etc/pam.d/sshd:2: auth is [success=ok default=ignore]",
     "write required"},
    {"sshd",
     "auth sufficient pam_oidc_session.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: no line of auth refuses whom the provider refuses",
     "pam_deny.so"},
    /* what is before refuses nobody whose login failed */
    {"sshd",
     "auth requisite pam_nologin.so\n"
     "auth sufficient pam_oidc_session.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:2: no line of auth refuses whom the provider refuses "
     "(auth_err)",
     "pam_deny.so"},
    {"sshd",
     "auth required pam_env.so\n"
     "auth [success=done default=ignore] pam_oidc_session.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:2: no line of auth refuses whom the provider refuses "
     "(auth_err)",
     "pam_deny.so"},
    {"sshd",
     "auth required pam_env.so\n"
     "auth sufficient pam_oidc_session.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:2: no line of auth refuses whom the provider refuses "
     "(auth_err)",
     "pam_deny.so"},
    /* a jump and a reset refuse nobody */
    {"sshd",
     "auth [success=ok auth_err=1 default=bad] pam_oidc_session.so\n"
     "auth required pam_deny.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: no line of auth refuses whom the provider refuses "
     "(auth_err)",
     "pam_deny.so"},
    {"sshd",
     "auth [success=ok auth_err=reset default=bad] pam_oidc_session.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: no line of auth refuses whom the provider refuses "
     "(auth_err)",
     "pam_deny.so"},
    {"sshd",
     "auth [success=2 default=1] pam_oidc_session.so\n"
     "auth required pam_deny.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: no line of auth refuses whom the provider refuses "
     "(auth_err)",
     "pam_deny.so"},
    /* the other answers of the module */
    {"sshd",
     "auth [success=done auth_err=die default=ignore] pam_oidc_session.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: no line of auth refuses whom the provider refuses "
     "(maxtries)",
     "pam_deny.so"},
    {"sshd",
     "auth [success=done perm_denied=ignore user_unknown=ignore default=die] "
     "pam_oidc_session.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: no line of auth refuses whom the provider refuses "
     "(perm_denied)",
     "pam_deny.so"},
    {"sshd",
     "auth [success=done user_unknown=ignore default=die] pam_oidc_session.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: no line of auth refuses whom the provider was not "
     "asked about (user_unknown)",
     "pam_deny.so"},
    {"sshd",
     "auth [success=ok authinfo_unavail=ignore default=bad] "
     "pam_oidc_session.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: no line of auth refuses whom the provider was not "
     "asked about (authinfo_unavail)",
     "pam_deny.so"},
    {"sshd",
     "auth [success=done authinfo_unavail=ignore default=die] "
     "pam_oidc_session.so\n"
     "auth required pam_faildelay.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: no line of auth refuses whom the provider was not "
     "asked about (authinfo_unavail)",
     "pam_deny.so"},
    {"sshd",
     "auth [success=ok maxtries=ignore default=bad] pam_oidc_session.so\n"
     "@include common-auth\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR, "/etc/pam.d/sshd:1: auth is [success=ok maxtries=ignore",
     "write required"},
    /* whether a filter passes or not */
    {"sshd",
     "auth sufficient pam_oidc_session.so\n"
     "auth [success=ignore default=1] pam_succeed_if.so uid = 0\n"
     "auth required pam_deny.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: no line of auth refuses whom the provider refuses "
     "(auth_err)",
     "pam_deny.so"},
    /* a jump over a gate */
    {"sshd",
     "auth [success=1 default=die] pam_oidc_session.so\n"
     "auth required pam_faillock.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: who is approved by the provider does not pass "
     "pam_faillock.so in /etc/pam.d/sshd:2: this line jumps over it",
     "put pam_faillock.so before it"},
    {"sshd",
     "auth [success=1 default=die] pam_oidc_session.so\n"
     "auth required pam_access.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: who is approved by the provider does not pass "
     "pam_access.so in /etc/pam.d/sshd:2: this line jumps over it",
     "put pam_access.so before it"},
    {"sshd",
     "auth [success=1 default=die] pam_oidc_session.so\n"
     "auth required pam_sepermit.so\n"
     "auth required pam_permit.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR,
     "/etc/pam.d/sshd:1: who is approved by the provider does not pass "
     "pam_sepermit.so in /etc/pam.d/sshd:2: this line jumps over it",
     "put pam_sepermit.so before it"},
    {"sshd",
     "auth sufficient pam_oidc_session.so\n"
     "auth required pam_unix.so\n"
     "auth required pam_u2f.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_WARNING,
     "does not pass pam_u2f.so in /etc/pam.d/sshd:3: this line ends the stack "
     "before",
     "put pam_u2f.so before it"},
    {"sshd",
     "auth sufficient pam_oidc_session.so\n"
     "auth required pam_unix.so\n"
     "auth required pam_google_authenticator.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_WARNING,
     "does not pass pam_google_authenticator.so in /etc/pam.d/sshd:3: this "
     "line ends the stack before",
     "put pam_google_authenticator.so before it"},
    {"sshd",
     "auth sufficient pam_oidc_session.so\n"
     "auth required pam_unix.so\n"
     "auth required pam_duo.so\n" ACCOUNT KEYINIT SESSION,
     LEVEL_WARNING,
     "does not pass pam_duo.so in /etc/pam.d/sshd:3: this line ends the stack "
     "before",
     "put pam_duo.so before it"},
    {"sshd", AUTH "account required pam_nologin.so\n" KEYINIT SESSION,
     LEVEL_ERROR, "sshd has no account line that checks the account",
     "pam_unix.so"},
    {"sshd", AUTH "account required pam_access.so\n" KEYINIT SESSION,
     LEVEL_ERROR, "sshd has no account line that checks the account",
     "pam_unix.so"},
    {"sshd", AUTH "account required pam_time.so\n" KEYINIT SESSION, LEVEL_ERROR,
     "sshd has no account line that checks the account", "pam_unix.so"},
    {"sshd",
     "auth required pam_oidc_session.so config=/a\n" ACCOUNT KEYINIT
     "session optional pam_oidc_session.so config=/b\n",
     LEVEL_WARNING,
     "/etc/pam.d/sshd:4: config differs: /b here, /a in /etc/pam.d/sshd:1",
     "the same config="},
    {"sshd",
     "auth required pam_oidc_session.so colour\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR, "/etc/pam.d/sshd:1: 'colour' is no argument of the module",
     "OPTIONS"},
    {"sshd",
     "auth required pam_oidc_session.so config=a\n" ACCOUNT KEYINIT SESSION,
     LEVEL_ERROR, "/etc/pam.d/sshd:1: 'config=a' is no argument", "OPTIONS"},
    {"sshd", AUTH ACCOUNT KEYINIT SESSION "session include nowhere\n",
     LEVEL_ERROR, "/etc/pam.d/sshd:5: cannot include nowhere",
     "correct this line"},
    {"cron", ACCOUNT SESSION, LEVEL_WARNING,
     "/etc/pam.d/cron:2: the stack of cron has pam_oidc_session: its jobs",
     "take it out"},
    {"sudo", AUTH ACCOUNT, LEVEL_WARNING,
     "/etc/pam.d/sudo:1: the stack of sudo has pam_oidc_session",
     "take it out"},
    {"systemd-user", ACCOUNT SESSION, LEVEL_WARNING,
     "/etc/pam.d/systemd-user:2: the stack of systemd-user has", "take it out"},
};

static void
each_mistake_is_found_with_its_line(void **state UNUSED)
{
    struct findings findings = {0};
    size_t i;

    for (i = 0; i < ARRAY_LEN(mistakes); i++) {
        judge(mistakes[i].service, mistakes[i].text, &findings);
        if (findings.count != 1
            || strstr(findings.item[0].text, mistakes[i].found) == NULL)
            fail_msg("%zu: %zu findings, the first: %s", i, findings.count,
                     findings.count > 0 ? findings.item[0].text : "");
        assert_int_equal(findings.item[0].level, mistakes[i].level);
        assert_non_null(strstr(findings.item[0].advice, mistakes[i].advice));
        findings_clear(&findings);
    }
}

static void
the_recipes_of_the_documents_have_no_mistake(void **state UNUSED)
{
    static const char *const recipes[] = {"sshd", "login", "su", "gdm-password",
                                          "sddm"};
    struct findings findings = {0};
    struct secret text = {0};
    char path[512];
    size_t i;
    int fd;

    for (i = 0; i < ARRAY_LEN(recipes); i++) {
        (void) snprintf(path, sizeof(path), "%s/docs/pam/%s", source_dir,
                        recipes[i]);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(read_all(fd, 65536, &text), 0);
        fd_close(&fd);
        judge(recipes[i], secret_text(&text), &findings);
        if (findings.count != 1 || findings.item[0].level != LEVEL_OK)
            fail_msg("%s: %s", recipes[i],
                     findings.count > 0 ? findings.item[0].text : "nothing");
        findings_clear(&findings);
        secret_clear(&text);
    }
}

static void
arguments_are_read_as_the_module_does(void **state UNUSED)
{
    struct stack_line line = {.arguments = "config=/a/b deadline=7"};
    int64_t deadline = 0;
    char path[1024];

    assert_true(stack_arguments(&line, path, sizeof(path), &deadline));
    assert_string_equal(path, "/a/b");
    assert_int_equal(deadline, 7);
    line.arguments[0] = '\0';
    assert_true(stack_arguments(&line, path, sizeof(path), &deadline));
    assert_string_equal(path, CONFIG_PATH);
    assert_int_equal(deadline, 110);
    (void) snprintf(line.arguments, sizeof(line.arguments), "deadline");
    assert_false(stack_arguments(&line, path, sizeof(path), &deadline));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_stack_gives_one_line),
        cmocka_unit_test(each_mistake_is_found_with_its_line),
        cmocka_unit_test(the_recipes_of_the_documents_have_no_mistake),
        cmocka_unit_test(arguments_are_read_as_the_module_does),
    };

    return cmocka_run_group_tests_name("stack_judge", tests, NULL, NULL);
}
