/* SPDX-License-Identifier: MIT */
/*
 * How long open_session and close_session of PAM stacks take, one after the
 * other:
 *
 *   openclose ROUNDS USER WHAT...
 *
 * WHAT is the name of a service, or the path of a program, which is spawned and
 * waited for instead.  Each measurement is a process of its own, in which USER
 * has logged in before the clock starts; the password is CANARY-pw-USER.  A
 * line for each round: microseconds for each WHAT, and after a slash those until
 * all that was started has ended as well.
 */
#include <security/pam_appl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int
answer(int n, const struct pam_message **messages, struct pam_response **out,
       void *data)
{
    struct pam_response *responses = calloc((size_t) n, sizeof(*responses));
    char password[128];
    int i;

    (void) snprintf(password, sizeof(password), "CANARY-pw-%s",
                    (const char *) data);
    for (i = 0; responses != NULL && i < n; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            responses[i].resp = strdup(password);
    *out = responses;
    return responses != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int64_t
now_ns(void)
{
    struct timespec ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "openclose: %s: %s\n", what, why);
    exit(1);
}

/* Processes that others left behind are ours. */
static void
wait_for_all(void)
{
    while (wait(NULL) > 0)
        ;
}

static void
spawned(const char *path, int64_t took[2])
{
    char arg[] = "now", *argv[] = {strdup(path), arg, NULL}, *env[] = {NULL};
    int64_t start = now_ns();
    pid_t pid;

    if (posix_spawn(&pid, path, NULL, NULL, argv, env) != 0)
        die(path, "cannot be spawned");
    wait_for_all();
    took[0] = took[1] = now_ns() - start;
    free(argv[0]);
}

static void
session(const char *service, char *user, int64_t took[2])
{
    const struct pam_conv conv = {.conv = answer, .appdata_ptr = user};
    pam_handle_t *pamh = NULL;
    int64_t start;
    int r;

    r = pam_start(service, user, &conv, &pamh);
    if (r == PAM_SUCCESS)
        r = pam_authenticate(pamh, 0);
    if (r == PAM_SUCCESS)
        r = pam_acct_mgmt(pamh, 0);
    if (r != PAM_SUCCESS)
        die(service, pam_strerror(pamh, r));
    /* What the login has started, an exchange, is not to be waited for. */
    wait_for_all();
    start = now_ns();
    r = pam_open_session(pamh, 0);
    if (r == PAM_SUCCESS)
        r = pam_close_session(pamh, 0);
    took[0] = now_ns() - start;
    if (r != PAM_SUCCESS)
        die(service, pam_strerror(pamh, r));
    wait_for_all();
    took[1] = now_ns() - start;
    (void) pam_end(pamh, PAM_SUCCESS);
}

static void
measure(const char *what, char *user, int64_t took[2])
{
    int fds[2], status;
    pid_t pid;

    if (pipe(fds) == -1)
        die(what, "no pipe");
    pid = fork();
    if (pid == 0) {
        (void) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        if (what[0] == '/')
            spawned(what, took);
        else
            session(what, user, took);
        _exit(write(fds[1], took, 2 * sizeof(*took)) > 0 ? 0 : 1);
    }
    (void) close(fds[1]);
    if (read(fds[0], took, 2 * sizeof(*took)) != 2 * sizeof(*took))
        exit(1); /* which has been said */
    (void) close(fds[0]);
    (void) waitpid(pid, &status, 0);
}

int
main(int argc, char **argv)
{
    int64_t took[2];
    int rounds, i;

    if (argc < 4)
        return 64;
    for (rounds = atoi(argv[1]); rounds > 0; rounds--) {
        for (i = 3; i < argc; i++) {
            measure(argv[i], argv[2], took);
            printf("%s%.1f/%.1f", i > 3 ? " " : "", (double) took[0] / 1000,
                   (double) took[1] / 1000);
        }
        putchar('\n');
    }
    return 0;
}
