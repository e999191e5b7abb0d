/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "helper/cli/stack_judge.h"
#include "helper/cli/stack_walk.h"
#include "pam/options.h"

#define AREA     "pam"
#define ARGS_MAX 32
#define HERE     "%s:%u: "

/* clang-format off */
#define AT(where) (where)->file, (where)->line
/* clang-format on */

static bool
is_ours(const struct stack_line *line)
{
    return strcmp(line->module, STACK_MODULE) == 0;
}

static bool
is_in(const char *name, const char *const *names, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The next line of a type from at, ours or that of a module; NULL: none. */
static const struct stack_line *
next_line(const struct stack *stack, size_t *at, enum stack_type type,
          const char *module)
{
    for (; *at < stack->count; ++*at)
        if (stack->line[*at].type == type
            && strcmp(stack->line[*at].module, module) == 0)
            return &stack->line[(*at)++];
    return NULL;
}

static const struct stack_line *
first_line(const struct stack *stack, enum stack_type type, const char *module)
{
    size_t at = 0;

    return next_line(stack, &at, type, module);
}

bool
stack_mentions(const struct stack *stack)
{
    size_t i;

    for (i = 0; i < stack->count; i++)
        if (is_ours(&stack->line[i]))
            return true;
    return false;
}

/* ---- arguments ------------------------------------------------------------- */

static bool
has_word(const char *arguments, const char *wanted)
{
    char word[64];

    while (stack_word(&arguments, word, sizeof(word)))
        if (strcmp(word, wanted) == 0)
            return true;
    return false;
}

/* As the module does.  The options' texts are in words. */
static bool
parse_arguments(const struct stack_line *line, char words[ARGS_MAX][256],
                struct options *out, const char **bad)
{
    const char *argv[ARGS_MAX], *text = line->arguments;
    int argc = 0;

    while (argc < ARGS_MAX && stack_word(&text, words[argc], 256)) {
        argv[argc] = words[argc];
        argc++;
    }
    return options_parse(argc, argv, out, bad) == 0;
}

bool
stack_arguments(const struct stack_line *line, char *out, size_t size,
                int64_t *deadline)
{
    char words[ARGS_MAX][256];
    struct options options = {0};
    const char *bad = NULL;

    if (!parse_arguments(line, words, &options, &bad))
        return false;
    (void) snprintf(out, size, "%s", options.config);
    *deadline = options.deadline;
    return true;
}

static void
judge_arguments(const struct stack *stack, struct findings *out)
{
    char words[ARGS_MAX][256];
    struct options options;
    const char *bad = NULL;
    size_t i;

    for (i = 0; i < stack->count; i++) {
        if (!is_ours(&stack->line[i])
            || parse_arguments(&stack->line[i], words, &options, &bad))
            continue;
        findings_add(out, LEVEL_ERROR, AREA,
                     HERE "'%s' is no argument of the module, which refuses "
                          "everybody with it",
                     AT(&stack->line[i]), bad);
        findings_advise(out, "see OPTIONS in pam_oidc_session(8)");
    }
}

static void
judge_configs(const struct stack_line *auth, const struct stack_line *session,
              struct findings *out)
{
    char one[256], other[256];
    int64_t unused;

    if (!stack_arguments(auth, one, sizeof(one), &unused)
        || !stack_arguments(session, other, sizeof(other), &unused)
        || strcmp(one, other) == 0)
        return;
    findings_add(out, LEVEL_WARNING, AREA,
                 HERE "config differs: %s here, %s in %s:%u", AT(session),
                 other, one, AT(auth));
    findings_advise(out, "give both lines the same config=, so that nobody is "
                         "misled; the login goes by that of auth");
}

/* ---- auth ------------------------------------------------------------------ */

/* Those of which a refusal must count, whoever has approved the login. */
static const char *const gates[] = {
    "pam_access.so",  "pam_faillock.so",   "pam_listfile.so",
    "pam_nologin.so", "pam_securetty.so",  "pam_sepermit.so",
    "pam_shells.so",  "pam_succeed_if.so", "pam_tally2.so",
    "pam_time.so",    "pam_wheel.so",
};

/* Second factors: an administrator may mean that the provider's are enough. */
static const char *const factors[] = {
    "pam_duo.so",    "pam_google_authenticator.so", "pam_oath.so", "pam_u2f.so",
    "pam_yubico.so",
};

static bool
refuses(enum stack_action action)
{
    return action == STACK_BAD || action == STACK_DIE;
}

/* Who does not pass there is refused.  To count failures is no gate. */
static bool
is_gate(const struct stack_line *line)
{
    return (refuses(stack_action(line->control, "auth_err"))
            || refuses(stack_action(line->control, "perm_denied")))
           && (is_in(line->module, gates, ARRAY_LEN(gates))
               || is_in(line->module, factors, ARRAY_LEN(factors)))
           && !has_word(line->arguments, "authfail");
}

/* With success it ends the stack or the substack that it is in, or jumps. */
static void
judge_skipped(const struct stack *stack, size_t ours, struct findings *out)
{
    const struct stack_line *line = &stack->line[ours], *gate;
    enum stack_action action = stack_action(line->control, "success");
    size_t i, next = stack_next(stack, ours, "success");
    bool factor;

    for (i = ours + 1; i < next; i++) {
        gate = &stack->line[i];
        if (gate->type != STACK_AUTH || !is_gate(gate))
            continue;
        factor = is_in(gate->module, factors, ARRAY_LEN(factors));
        findings_add(out, factor ? LEVEL_WARNING : LEVEL_ERROR, AREA,
                     HERE "who is approved by the provider does not pass %s "
                          "in %s:%u: this line %s",
                     AT(line), gate->module, AT(gate),
                     action == STACK_JUMP ? "jumps over it"
                                          : "ends the stack before");
        findings_advise(out,
                        "put %s before it, or write required instead of "
                        "%s",
                        gate->module, line->control);
        return;
    }
}

/* What the module answers when it does not approve: see pam/entry.c. */
static const struct failure {
    const char *code;
    bool refused; /* by the provider; otherwise it could not be asked */
} failures[] = {
    {"auth_err", true},      {"maxtries", true},
    {"perm_denied", true},   {"authinfo_unavail", false},
    {"user_unknown", false}, {"service_err", false},
    {"conv_err", false},     {"buf_err", false},
};

/* Another way in decides alone, whether or not it was meant as one. */
static bool
leaves_it_to_others(const struct stack_line *line)
{
    enum stack_action success = stack_action(line->control, "success");
    size_t i;

    if (success != STACK_OK && success != STACK_IGNORE)
        return false;
    for (i = 0; i < ARRAY_LEN(failures); i++)
        if (failures[i].refused
            && stack_action(line->control, failures[i].code) == STACK_IGNORE)
            return true;
    return false;
}

/* A refused login must be one, and one that failed too. */
static void
judge_refusal(const struct stack *stack, size_t ours, struct findings *out)
{
    const struct stack_line *line = &stack->line[ours];
    const char *code;
    size_t i;

    if (leaves_it_to_others(line)) {
        findings_add(out, LEVEL_ERROR, AREA,
                     HERE "auth is %s: a login that the provider refuses "
                          "succeeds if another line lets it",
                     AT(line), line->control);
        findings_advise(out, "write required; or, if it is one of several ways "
                             "to log in, sufficient with pam_deny.so behind");
        return;
    }
    for (i = 0; i < ARRAY_LEN(failures); i++) {
        code = failures[i].code;
        if (!stack_lets_in(stack, ours, code, "success")
            && !stack_lets_in(stack, ours, code, "auth_err"))
            continue;
        if (failures[i].refused)
            findings_add(out, LEVEL_ERROR, AREA,
                         HERE "no line of auth refuses whom the provider "
                              "refuses (%s)",
                         AT(line), code);
        else
            findings_add(out, LEVEL_ERROR, AREA,
                         HERE "no line of auth refuses whom the provider was "
                              "not asked about (%s)",
                         AT(line), code);
        findings_advise(out, "put 'auth required pam_deny.so' at the end, or "
                             "write required here");
        return;
    }
}

static void
judge_auth(const struct stack *stack, struct findings *out)
{
    size_t i;

    for (i = 0; i < stack->count; i++)
        if (stack->line[i].type == STACK_AUTH && is_ours(&stack->line[i])) {
            judge_skipped(stack, i, out);
            judge_refusal(stack, i, out);
        }
}

/* The provider knows who it is; whether they may be here is account's. */
static void
judge_account(const char *service, const struct stack *stack,
              const struct stack_line *auth, struct findings *out)
{
    /* They look at the host, the place and the time. */
    static const char *const empty[] = {"pam_permit.so", "pam_nologin.so",
                                        "pam_access.so", "pam_time.so",
                                        STACK_MODULE};
    size_t i;

    for (i = 0; i < stack->count; i++)
        if (stack->line[i].type == STACK_ACCOUNT
            && !is_in(stack->line[i].module, empty, ARRAY_LEN(empty)))
            return;
    findings_add(out, LEVEL_ERROR, AREA,
                 HERE "%s has no account line that checks the account: locked "
                      "and expired ones may log in",
                 AT(auth), service);
    findings_advise(out, "add 'account required pam_nologin.so' and 'account "
                         "required pam_unix.so', or what the distribution "
                         "includes for that");
}

/* ---- session --------------------------------------------------------------- */

/* Without force, one that is behind leaves the session's keyring alone. */
static void
judge_keyinit(const char *service, const struct stack *stack,
              const struct stack_line *ours, struct findings *out)
{
    /* Where the module makes a keyring, because it finds another user's. */
    static const char *const changers[] = {"su", "su-l"};
    const struct stack_line *line;
    bool before = false;
    size_t at = 0;

    while ((line = next_line(stack, &at, STACK_SESSION, "pam_keyinit.so"))
           != NULL) {
        before |= line < ours;
        if (line < ours || !has_word(line->arguments, "force"))
            continue;
        findings_add(out, LEVEL_ERROR, AREA,
                     HERE "pam_keyinit is behind pam_oidc_session (%s:%u), and "
                          "replaces the keyring that the tokens are in",
                     AT(line), AT(ours));
        findings_advise(out, "move it before that line");
        return;
    }
    if (before || is_in(service, changers, ARRAY_LEN(changers)))
        return;
    findings_add(out, LEVEL_WARNING, AREA,
                 HERE "no pam_keyinit is before it: the session has no keyring "
                      "of its own that ends with it",
                 AT(ours));
    findings_advise(out, "put 'session optional pam_keyinit.so force revoke' "
                         "before that line");
}

static const struct odd_service {
    const char *name;
    const char *why;
} odd_services[] = {
    {"anacron", "its jobs are no login sessions, and nobody is at a prompt"},
    {"atd", "its jobs are no login sessions, and nobody is at a prompt"},
    {"cron", "its jobs are no login sessions, and nobody is at a prompt"},
    {"crond", "its jobs are no login sessions, and nobody is at a prompt"},
    {"polkit-1", "it asks inside of a session, which has tokens of its own"},
    {"runuser", "root runs it, and no login is meant"},
    {"runuser-l", "root runs it, and no login is meant"},
    {"sudo", "it runs inside of a session, which has tokens of its own"},
    {"sudo-i", "it runs inside of a session, which has tokens of its own"},
    {"systemd-user", "the user's manager is of no login session, and lives on "
                     "when the last one ends"},
};

/* Whatever the order is there: better no line. */
static bool
judge_service(const char *service, const struct stack_line *ours,
              struct findings *out)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(odd_services); i++)
        if (strcmp(odd_services[i].name, service) == 0) {
            findings_add(out, LEVEL_WARNING, AREA,
                         HERE "the stack of %s has pam_oidc_session: %s",
                         AT(ours), service, odd_services[i].why);
            findings_advise(out, "take it out there: see PAM recipes in "
                                 "pam_oidc_session(8)");
            return true;
        }
    return false;
}

/* ---- all ------------------------------------------------------------------- */

static void
judge_pair(const char *service, const struct stack *stack,
           const struct stack_line *auth, const struct stack_line *session,
           struct findings *out)
{
    if (auth != NULL && session == NULL) {
        findings_add(out, LEVEL_ERROR, AREA,
                     HERE "%s has no session line of pam_oidc_session: who "
                          "logs in gets no tokens",
                     AT(auth), service);
        findings_advise(out, "add 'session required pam_oidc_session.so' "
                             "behind pam_keyinit.so");
    }
    if (auth == NULL && session != NULL) {
        findings_add(out, LEVEL_WARNING, AREA,
                     HERE "%s has no auth line of pam_oidc_session: no login "
                          "there brings tokens",
                     AT(session), service);
        findings_advise(out, "add 'auth required pam_oidc_session.so', or "
                             "take the session line out");
    }
    if (auth != NULL && session != NULL)
        judge_configs(auth, session, out);
    if (auth != NULL) {
        judge_auth(stack, out);
        judge_account(service, stack, auth, out);
    }
    if (session != NULL)
        judge_keyinit(service, stack, session, out);
}

static size_t
count_bad(const struct findings *findings)
{
    return findings_count(findings, LEVEL_WARNING)
           + findings_count(findings, LEVEL_ERROR);
}

void
stack_judge(const char *service, const struct stack *stack,
            struct findings *out)
{
    const struct stack_line *auth, *session, *any = NULL;
    size_t i, bad = count_bad(out);

    for (i = 0; i < stack->count && any == NULL; i++)
        if (is_ours(&stack->line[i]))
            any = &stack->line[i];
    if (any == NULL)
        return;
    auth = first_line(stack, STACK_AUTH, STACK_MODULE);
    session = first_line(stack, STACK_SESSION, STACK_MODULE);
    judge_arguments(stack, out);
    if (!judge_service(service, any, out))
        judge_pair(service, stack, auth, session, out);
    if (stack->problem[0] != '\0') {
        findings_add(out, LEVEL_ERROR, AREA, "%s", stack->problem);
        findings_advise(out, "PAM refuses everybody with a stack that it "
                             "cannot read: correct this line");
    }
    if (count_bad(out) == bad)
        findings_add(out, LEVEL_OK, AREA,
                     HERE "%s: nothing is wrong with the "
                          "lines of pam_oidc_session",
                     AT(any), service);
}
