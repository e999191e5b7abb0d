/* SPDX-License-Identifier: MIT */
/*
 * A PAM application whose order of calls is given on the command line:
 *
 *   pamapp [-n] [-e] [-m] SERVICE USER STEP...
 *
 * -n: without a conversation function.  -e: the first PAM call that fails ends
 * it, with pam_end().  -m: mark the PAM calls, for tests/sweep/inject.c.  Steps:
 *
 *   authenticate acct establish open reinitialize refresh delete close end
 *               the PAM call; prints "STEP: CODE", e.g. "open: PAM_SUCCESS"
 *   silent STEP with PAM_SILENT
 *   putenv:NAME=VALUE   env          set a PAM variable; print them all
 *   tty:NAME   display:NAME          set PAM_TTY; PAM_XDISPLAY
 *   run:COMMAND         a shell of the user's with the PAM environment
 *   root:COMMAND        a shell of root's, in this process's keyrings
 *   wait                print "waiting", read a line
 *   fork-end            a child ends its copy of the handle, PAM_DATA_SILENT
 *   fork-end-loud       the same without PAM_DATA_SILENT
 *   fork-close          a child closes the session
 *
 * Messages of the conversation are printed as "info: ", "error: ", "prompt: "
 * (echo on) and "secret: " (echo off), newlines as \n; a prompt is answered by a
 * line of standard input, "!" refuses.
 */
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK 0x6f696463

static bool marks, ends;

static const char *
code_name(int code)
{
    static const char *const names[] = {
        [PAM_SUCCESS] = "PAM_SUCCESS",
        [PAM_SERVICE_ERR] = "PAM_SERVICE_ERR",
        [PAM_SYSTEM_ERR] = "PAM_SYSTEM_ERR",
        [PAM_BUF_ERR] = "PAM_BUF_ERR",
        [PAM_PERM_DENIED] = "PAM_PERM_DENIED",
        [PAM_AUTH_ERR] = "PAM_AUTH_ERR",
        [PAM_CRED_INSUFFICIENT] = "PAM_CRED_INSUFFICIENT",
        [PAM_AUTHINFO_UNAVAIL] = "PAM_AUTHINFO_UNAVAIL",
        [PAM_USER_UNKNOWN] = "PAM_USER_UNKNOWN",
        [PAM_MAXTRIES] = "PAM_MAXTRIES",
        [PAM_SESSION_ERR] = "PAM_SESSION_ERR",
        [PAM_CRED_ERR] = "PAM_CRED_ERR",
        [PAM_CONV_ERR] = "PAM_CONV_ERR",
        [PAM_IGNORE] = "PAM_IGNORE",
        [PAM_ABORT] = "PAM_ABORT",
    };
    static char number[16];

    if (code >= 0 && (size_t) code < sizeof(names) / sizeof(*names)
        && names[code] != NULL)
        return names[code];
    (void) snprintf(number, sizeof(number), "%d", code);
    return number;
}

/* A call that the kernel refuses, for who looks on to see. */
static void
mark(bool begin)
{
    if (marks)
        (void) prctl(MARK, begin ? 1UL : 0UL, 0UL, 0UL, 0UL);
}

static void
print_line(const char *kind, const char *text)
{
    printf("%s: ", kind);
    for (; *text != '\0'; text++)
        if (*text == '\n')
            fputs("\\n", stdout);
        else
            putchar(*text);
    putchar('\n');
    fflush(stdout);
}

static char *
read_line(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t n = getline(&line, &size, stdin);

    if (n <= 0) {
        free(line);
        return NULL;
    }
    if (line[n - 1] == '\n')
        line[n - 1] = '\0';
    return line;
}

static int
answer_all(int n, const struct pam_message **messages,
           struct pam_response **responses)
{
    static const char *const kinds[] = {
        [PAM_PROMPT_ECHO_OFF] = "secret",
        [PAM_PROMPT_ECHO_ON] = "prompt",
        [PAM_ERROR_MSG] = "error",
        [PAM_TEXT_INFO] = "info",
    };
    struct pam_response *answers;
    int i;

    answers = calloc((size_t) n, sizeof(*answers));
    if (answers == NULL)
        return PAM_BUF_ERR;
    for (i = 0; i < n; i++) {
        print_line(kinds[messages[i]->msg_style], messages[i]->msg);
        if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF
            && messages[i]->msg_style != PAM_PROMPT_ECHO_ON)
            continue;
        answers[i].resp = read_line();
        if (answers[i].resp == NULL || strcmp(answers[i].resp, "!") == 0) {
            for (; i >= 0; i--)
                free(answers[i].resp);
            free(answers);
            return PAM_CONV_ERR;
        }
    }
    *responses = answers;
    return PAM_SUCCESS;
}

static int
converse(int n, const struct pam_message **messages,
         struct pam_response **responses, void *data)
{
    int r;

    (void) data;
    mark(false); /* what we do in here is not the module's */
    r = answer_all(n, messages, responses);
    mark(true);
    return r;
}

static void
shell(pam_handle_t *pamh, const char *user, const char *command)
{
    const struct passwd *pw = getpwnam(user);
    char **env = pamh != NULL ? pam_getenvlist(pamh) : NULL;
    char *none[] = {NULL};
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        if (pamh != NULL
            && (pw == NULL || initgroups(user, pw->pw_gid) == -1
                || setgid(pw->pw_gid) == -1 || setuid(pw->pw_uid) == -1))
            _exit(126);
        execle("/bin/sh", "sh", "-c", command, (char *) NULL,
               env != NULL ? env : none);
        _exit(127);
    }
    (void) waitpid(pid, NULL, 0);
}

/* In a child, as applications do that fork between PAM calls. */
static void
forked(pam_handle_t *pamh, const char *step)
{
    pid_t pid;
    int status = 0;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        if (strcmp(step, "fork-close") == 0)
            _exit(pam_close_session(pamh, 0));
        _exit(pam_end(pamh, strcmp(step, "fork-end") == 0 ? PAM_DATA_SILENT
                                                          : PAM_SUCCESS));
    }
    (void) waitpid(pid, &status, 0);
    printf("%s: %s\n", step, code_name(WEXITSTATUS(status)));
}

static int
call_step(pam_handle_t *pamh, const char *step, int flags)
{
    if (strcmp(step, "authenticate") == 0)
        return pam_authenticate(pamh, flags);
    if (strcmp(step, "acct") == 0)
        return pam_acct_mgmt(pamh, flags);
    if (strcmp(step, "establish") == 0)
        return pam_setcred(pamh, flags + (int) PAM_ESTABLISH_CRED);
    if (strcmp(step, "reinitialize") == 0)
        return pam_setcred(pamh, flags + (int) PAM_REINITIALIZE_CRED);
    if (strcmp(step, "refresh") == 0)
        return pam_setcred(pamh, flags + (int) PAM_REFRESH_CRED);
    if (strcmp(step, "delete") == 0)
        return pam_setcred(pamh, flags + (int) PAM_DELETE_CRED);
    if (strcmp(step, "open") == 0)
        return pam_open_session(pamh, flags);
    if (strcmp(step, "close") == 0)
        return pam_close_session(pamh, flags);
    fprintf(stderr, "pamapp: unknown step %s\n", step);
    exit(64);
}

static int
call(pam_handle_t *pamh, const char *step, int flags)
{
    int r;

    mark(true);
    r = call_step(pamh, step, flags);
    mark(false);
    return r;
}

static int
end(pam_handle_t *pamh, int status)
{
    int r;

    mark(true);
    r = pam_end(pamh, status);
    mark(false);
    printf("end: %s\n", code_name(r));
    fflush(stdout);
    return status == PAM_SUCCESS ? 0 : 1;
}

static void
print_env(pam_handle_t *pamh)
{
    char **env = pam_getenvlist(pamh);

    for (; env != NULL && *env != NULL; env++)
        print_line("env", *env);
}

/* The number of the first argument that is no option. */
static int
options(char **argv, struct pam_conv *conv)
{
    int i;

    for (i = 1; argv[i] != NULL && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-n") == 0)
            conv->conv = NULL;
        else if (strcmp(argv[i], "-e") == 0)
            ends = true;
        else if (strcmp(argv[i], "-m") == 0)
            marks = true;
    }
    return i;
}

int
main(int argc, char **argv)
{
    struct pam_conv conv = {.conv = converse};
    pam_handle_t *pamh = NULL;
    const char *user;
    int flags = 0, i = options(argv, &conv), r;

    if (argc < i + 2)
        return 64;
    user = argv[i + 1];
    r = pam_start(argv[i], user, &conv, &pamh);
    if (r != PAM_SUCCESS)
        return 111;
    for (i += 2; i < argc; i++) {
        if (strcmp(argv[i], "silent") == 0) {
            flags = PAM_SILENT;
            continue;
        }
        if (strncmp(argv[i], "run:", 4) == 0)
            shell(pamh, user, argv[i] + 4);
        else if (strncmp(argv[i], "root:", 5) == 0)
            shell(NULL, user, argv[i] + 5);
        else if (strncmp(argv[i], "putenv:", 7) == 0)
            (void) pam_putenv(pamh, argv[i] + 7);
        else if (strncmp(argv[i], "tty:", 4) == 0)
            (void) pam_set_item(pamh, PAM_TTY, argv[i] + 4);
        else if (strncmp(argv[i], "display:", 8) == 0)
            (void) pam_set_item(pamh, PAM_XDISPLAY, argv[i] + 8);
        else if (strcmp(argv[i], "env") == 0)
            print_env(pamh);
        else if (strncmp(argv[i], "fork-", 5) == 0)
            forked(pamh, argv[i]);
        else if (strcmp(argv[i], "wait") == 0) {
            puts("waiting");
            fflush(stdout);
            free(read_line());
        } else if (strcmp(argv[i], "end") == 0) {
            return end(pamh, PAM_SUCCESS);
        } else {
            r = call(pamh, argv[i], flags);
            printf("%s: %s\n", argv[i], code_name(r));
            if (ends && r != PAM_SUCCESS)
                return end(pamh, r);
        }
        flags = 0;
        fflush(stdout);
    }
    return 0; /* without pam_end(), as programs do that are killed */
}
