/* SPDX-License-Identifier: MIT */
/* PAM stacks and sshd_config, as `oidc-session check` reads them. */
#include <config.h>

#include <errno.h>

#include "helper/cli/sshd.h"
#include "helper/cli/stack_judge.h"
#include "tests/fuzz/fuzz.h"

#define FILES_MAX 4

/* Files that include each other by these names: the first is read. */
static const char *const names[FILES_MAX] = {"/etc/pam.d/sshd", "/etc/pam.d/a",
                                             "/etc/pam.d/b", "/etc/pam.d/c"};
static char *texts[FILES_MAX];

static int
read_one(void *arg UNUSED, const char *name, struct secret *out)
{
    size_t i;

    for (i = 0; i < FILES_MAX; i++)
        if (strcmp(names[i], name) == 0)
            return secret_append_text(out, texts[i], MESSAGE_MAX);
    return -ENOENT;
}

static bool
match(void *arg UNUSED, const char *pattern UNUSED, size_t i, char *out,
      size_t size)
{
    if (i + 1 >= FILES_MAX)
        return false;
    (void) snprintf(out, size, "%s", names[i + 1]);
    return true;
}

static void
check_line(const struct stack_line *line)
{
    HOLDS(line->type < STACK_TYPES && line->line > 0);
    HOLDS(ends_within(line->control, sizeof(line->control)));
    HOLDS(ends_within(line->module, sizeof(line->module)));
    HOLDS(ends_within(line->arguments, sizeof(line->arguments)));
    HOLDS(ends_within(line->file, sizeof(line->file)));
    HOLDS(strchr(line->module, '/') == NULL);
    HOLDS(stack_action(line->control, "success") <= STACK_NONE);
}

static void
check_findings(struct findings *findings)
{
    size_t i;

    HOLDS(findings->error == 0 || findings->error == -EMSGSIZE);
    for (i = 0; i < findings->count; i++) {
        HOLDS(is_printable(findings->item[i].text));
        HOLDS(is_printable(findings->item[i].advice));
        HOLDS((findings->item[i].advice[0] != '\0')
              == (findings->item[i].level >= LEVEL_WARNING));
    }
    findings_clear(findings);
}

static void
check_stack(void)
{
    static const struct stack_source source = {read_one, NULL};
    struct findings findings = {0};
    struct stack stack = {0};
    size_t i;
    int r;

    r = stack_read("sshd", &source, &stack);
    HOLDS(r == 0 || r == -EMSGSIZE);
    HOLDS(stack.count <= STACK_LINES_MAX);
    HOLDS(is_printable(stack.problem));
    for (i = 0; i < stack.count; i++)
        check_line(&stack.line[i]);
    stack_judge("sshd", &stack, &findings);
    HOLDS((findings.count > 0) == stack_mentions(&stack));
    check_findings(&findings);
    stack_clear(&stack);
}

static void
check_sshd(void)
{
    static const struct sshd_source source = {read_one, match, NULL};
    struct findings findings = {0};
    struct sshd sshd = {0};

    (void) sshd_read(names[0], &source, &sshd); /* whatever it answers */
    HOLDS(is_printable(sshd.use_pam.value) && is_printable(sshd.use_pam.file));
    HOLDS(sshd_seconds(sshd.grace_time.value) >= -1);
    sshd_judge(&sshd, true, 110, &findings);
    check_findings(&findings);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    bool sshd = input_byte(&input) % 2 == 1;
    size_t i;

    for (i = 0; i < FILES_MAX; i++)
        texts[i] = input_text(&input, NULL);
    if (sshd)
        check_sshd();
    else
        check_stack();
    for (i = 0; i < FILES_MAX; i++)
        free(texts[i]);
    return 0;
}
