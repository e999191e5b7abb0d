/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/io.h"
#include "helper/cli/pam_files.h"
#include "helper/cli/sshd.h"
#include "helper/cli/stack.h"
#include "helper/cli/stack_judge.h"

#define FILE_MAX     ((size_t) 256 * 1024)
#define VENDOR_DIR   "/usr/lib/pam.d/"
#define SSHD_CONFIG  "/etc/ssh/sshd_config"
#define SERVICES_MAX 512
#define CONFIGS_MAX  16

/* A service, or a piece of one, which others include. */
struct service {
    char *name;
    bool vendors; /* in VENDOR_DIR: there is none in STACK_DIR */
    bool piece;
};

struct survey {
    struct service service[SERVICES_MAX];
    size_t count;
    const char *reading;           /* the one that is read now */
    char config[CONFIGS_MAX][256]; /* that have been looked at */
    size_t configs;
    enum provider_grant grant;
    bool mentioned;
    struct findings *findings;
};

/* ---- files ----------------------------------------------------------------- */

static int
read_text(const char *path, struct secret *out)
{
    int fd, r;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd == -1)
        return -errno;
    r = read_all(fd, FILE_MAX, out);
    fd_close(&fd);
    return r;
}

/* "su-l" includes "su", which is a service all the same. */
static bool
is_variant(const char *name, const char *of)
{
    size_t len = strlen(of);

    return strncmp(name, of, len) == 0 && name[len] == '-';
}

static void
mark_piece(struct survey *survey, const char *name)
{
    size_t i;

    if (strcmp(name, survey->reading) == 0 || is_variant(survey->reading, name))
        return;
    for (i = 0; i < survey->count; i++)
        if (strcmp(survey->service[i].name, name) == 0)
            survey->service[i].piece = true;
}

static int
read_stack_file(void *arg, const char *name, struct secret *out)
{
    const size_t len = strlen(STACK_DIR);
    char vendor[512];
    int r;

    if (strncmp(name, STACK_DIR, len) == 0)
        mark_piece(arg, name + len);
    r = read_text(name, out);
    if (r != -ENOENT || strncmp(name, STACK_DIR, len) != 0)
        return r;
    (void) snprintf(vendor, sizeof(vendor), VENDOR_DIR "%s", name + len);
    return read_text(vendor, out);
}

/* What an editor or a package manager has left is no service. */
static bool
is_service(const char *name)
{
    static const char *const ends[] = {"~",       ".bak",     ".orig",
                                       ".rpmnew", ".rpmsave", ".swp"};
    size_t i, len = strlen(name), end;

    if (*name == '.' || strstr(name, ".dpkg-") != NULL
        || strstr(name, ".ucf-") != NULL)
        return false;
    for (i = 0; i < ARRAY_LEN(ends); i++) {
        end = strlen(ends[i]);
        if (len > end && strcmp(name + len - end, ends[i]) == 0)
            return false;
    }
    return true;
}

static void
add_service(struct survey *survey, const char *name, bool vendors)
{
    struct service *service = &survey->service[survey->count];
    size_t i;

    for (i = 0; i < survey->count; i++)
        if (strcmp(survey->service[i].name, name) == 0)
            return;
    if (!is_service(name) || survey->count == SERVICES_MAX)
        return;
    service->name = strdup(name);
    service->vendors = vendors;
    survey->count += service->name != NULL;
}

static int
list_services(struct survey *survey, const char *directory, bool vendors)
{
    struct dirent **entries = NULL;
    int i, n;

    n = scandir(directory, &entries, NULL, alphasort);
    for (i = 0; i < n; i++) {
        add_service(survey, entries[i]->d_name, vendors);
        free(entries[i]);
    }
    free(entries);
    return n < 0 ? -errno : 0;
}

/* ---- sshd ------------------------------------------------------------------ */

static int
read_sshd_file(void *arg UNUSED, const char *name, struct secret *out)
{
    return read_text(name, out);
}

static bool
match_sshd_file(void *arg UNUSED, const char *pattern, size_t i, char *out,
                size_t size)
{
    char path[512];
    glob_t found = {0};
    bool there;

    (void) snprintf(path, sizeof(path), "%s%s",
                    *pattern != '/' ? "/etc/ssh/" : "", pattern);
    there = glob(path, 0, NULL, &found) == 0 && i < found.gl_pathc;
    if (there)
        (void) snprintf(out, size, "%s", found.gl_pathv[i]);
    globfree(&found);
    return there;
}

static void
check_sshd(struct survey *survey, int64_t deadline)
{
    static const struct sshd_source source = {read_sshd_file, match_sshd_file,
                                              NULL};
    struct sshd sshd = {0};
    int r;

    r = sshd_read(SSHD_CONFIG, &source, &sshd);
    if (r < 0)
        findings_add(survey->findings, LEVEL_SKIPPED, "sshd", "%s: %s",
                     SSHD_CONFIG, strerror(-r));
    else
        sshd_judge(&sshd, survey->grant == PROVIDER_DEVICE, deadline,
                   survey->findings);
}

/* ---- configurations -------------------------------------------------------- */

/* One that a line names, unless it was looked at already. */
static void
check_config(struct survey *survey, const struct stack_line *line,
             const char *path)
{
    struct secret bytes = {0};
    const char *why = NULL;
    size_t i;

    for (i = 0; i < survey->configs; i++)
        if (strcmp(survey->config[i], path) == 0)
            return;
    if (survey->configs == CONFIGS_MAX)
        return;
    (void) snprintf(survey->config[survey->configs++], 256, "%s", path);
    if (file_read(path, FILE_CONFIG, &bytes, &why) < 0) {
        findings_add(survey->findings, LEVEL_ERROR, "pam", "%s:%u: %s %s",
                     line->file, line->line, path, why);
        findings_advise(survey->findings, "correct config= in this line, or "
                                          "that file");
    } else {
        findings_add(survey->findings, LEVEL_SKIPPED, "pam",
                     "%s:%u: %s is another configuration", line->file,
                     line->line, path);
        findings_advise(survey->findings,
                        "look at it with oidc-session check --config %s", path);
    }
    secret_clear(&bytes);
}

/* ---- stacks ---------------------------------------------------------------- */

static void
check_stack(struct survey *survey, const char *service,
            const struct stack *stack)
{
    char config[256];
    int64_t deadline = 0, of_line;
    bool logs_in = false;
    size_t i;

    survey->mentioned = true;
    stack_judge(service, stack, survey->findings);
    for (i = 0; i < stack->count; i++) {
        if (strcmp(stack->line[i].module, STACK_MODULE) != 0
            || !stack_arguments(&stack->line[i], config, sizeof(config),
                                &of_line))
            continue;
        check_config(survey, &stack->line[i], config);
        if (stack->line[i].type == STACK_AUTH) {
            logs_in = true;
            deadline = of_line;
        }
    }
    if (logs_in && strcmp(service, "sshd") == 0)
        check_sshd(survey, deadline);
}

/* judge: with the second reading, when it is known who includes whom. */
static int
read_all_stacks(struct survey *survey, bool judge)
{
    const struct stack_source source = {read_stack_file, survey};
    struct stack stack;
    char path[512];
    size_t i;
    int r = 0;

    for (i = 0; i < survey->count && r != -ENOMEM; i++) {
        if (judge && survey->service[i].piece)
            continue;
        stack = (struct stack){0};
        survey->reading = survey->service[i].name;
        (void) snprintf(path, sizeof(path), "%s%s",
                        survey->service[i].vendors ? VENDOR_DIR : STACK_DIR,
                        survey->reading);
        r = stack_read(path, &source, &stack);
        if (judge && r < 0 && r != -ENOMEM)
            findings_add(survey->findings, LEVEL_SKIPPED, "pam", "%s: %s", path,
                         strerror(-r));
        else if (judge && r == 0 && stack_mentions(&stack))
            check_stack(survey, survey->reading, &stack);
        stack_clear(&stack);
    }
    return r == -ENOMEM ? r : 0;
}

static int
check_all(struct survey *survey)
{
    int r;

    r = read_all_stacks(survey, false);
    if (r == 0)
        r = read_all_stacks(survey, true);
    if (r == 0 && !survey->mentioned) {
        findings_add(survey->findings, LEVEL_WARNING, "pam",
                     "no stack in %s mentions %s: nobody logs in with it",
                     STACK_DIR, STACK_MODULE);
        findings_advise(survey->findings, "add its lines to those of sshd, "
                                          "login and others: see EXAMPLES in "
                                          "pam_oidc_session(8)");
    }
    return r;
}

int
pam_files_check(const char *config, enum provider_grant grant,
                struct findings *out)
{
    struct survey *survey = calloc(1, sizeof(*survey));
    size_t i;
    int r;

    if (survey == NULL)
        return -ENOMEM;
    survey->findings = out;
    survey->grant = grant;
    (void) snprintf(survey->config[survey->configs++], 256, "%s", config);
    r = list_services(survey, STACK_DIR, false);
    (void) list_services(survey, VENDOR_DIR, true); /* few systems have it */
    if (r < 0)
        findings_add(out, LEVEL_SKIPPED, "pam", "%s: %s", STACK_DIR,
                     strerror(-r));
    r = r < 0 ? 0 : check_all(survey);
    for (i = 0; i < survey->count; i++)
        free(survey->service[i].name);
    free(survey);
    return r;
}
