/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "common/text.h"
#include "helper/cli/stack_walk.h"

/* What libpam makes of the answers up to a line. */
struct verdict {
    enum { UNDEFINED, POSITIVE, NEGATIVE } impression;
    bool success; /* of the answer that made it positive */
};

static bool
is_module(const struct stack_line *line, const char *name)
{
    return strcmp(line->module, name) == 0;
}

/* ---- the way --------------------------------------------------------------- */

/* Whether one substack is in another, or is that.  All are in 0. */
static bool
is_within(const struct stack *stack, unsigned substack, unsigned of)
{
    while (substack != of && substack != 0)
        substack = stack->parent[substack];
    return substack == of;
}

/* The first line of auth from at on that is not in this substack. */
static size_t
leave(const struct stack *stack, size_t at, unsigned substack)
{
    while (at < stack->count
           && (stack->line[at].type != STACK_AUTH
               || is_within(stack, stack->line[at].substack, substack)))
        at++;
    return at;
}

static size_t
next_auth(const struct stack *stack, size_t at)
{
    do
        at++;
    while (at < stack->count && stack->line[at].type != STACK_AUTH);
    return at;
}

/* Over so many more lines, of which a substack is one.  False: there are not as
 * many. */
static bool
jump(const struct stack *stack, size_t *at, unsigned lines)
{
    unsigned here = stack->line[*at].substack, inner;
    size_t next = next_auth(stack, *at);

    for (; lines > 0; lines--) {
        if (next == stack->count
            || !is_within(stack, stack->line[next].substack, here))
            return false;
        inner = stack->line[next].substack;
        if (inner == here) {
            next = next_auth(stack, next);
            continue;
        }
        while (stack->parent[inner] != here)
            inner = stack->parent[inner];
        next = leave(stack, next, inner);
    }
    *at = next;
    return true;
}

/* As _pam_dispatch_aux() of libpam does it. */
static size_t
step(const struct stack *stack, size_t at, const char *answer,
     struct verdict *verdict)
{
    const struct stack_line *line = &stack->line[at];
    enum stack_action action = stack_action(line->control, answer);

    switch (action) {
    case STACK_OK:
    case STACK_DONE:
        if (verdict->impression == UNDEFINED
            || (verdict->impression == POSITIVE && verdict->success))
            *verdict =
                (struct verdict){POSITIVE, strcmp(answer, "success") == 0};
        if (action == STACK_DONE && verdict->impression == POSITIVE)
            return leave(stack, at, line->substack);
        break;
    case STACK_DIE:
        verdict->impression = NEGATIVE;
        return leave(stack, at, line->substack);
    case STACK_JUMP:
        if (jump(stack, &at, stack_jump(line->control, answer)))
            return at;
        verdict->impression = NEGATIVE;
        break;
    case STACK_RESET: /* in a substack, to what was before it: say good */
        *verdict = (struct verdict){line->substack != 0 ? POSITIVE : UNDEFINED,
                                    line->substack != 0};
        break;
    case STACK_BAD:
    case STACK_NONE:
        verdict->impression = NEGATIVE;
        break;
    case STACK_IGNORE:
        break;
    }
    return next_auth(stack, at);
}

size_t
stack_next(const struct stack *stack, size_t at, const char *answer)
{
    struct verdict verdict = {POSITIVE, true};

    return step(stack, at, answer, &verdict);
}

/* ---- who gets in ----------------------------------------------------------- */

bool
stack_authenticates(const struct stack_line *line)
{
    static const char *const names[] = {
        "pam_duo.so",     "pam_fprintd.so",
        "pam_krb5.so",    "pam_google_authenticator.so",
        "pam_ldap.so",    "pam_usb.so",
        "pam_mysql.so",   "pam_oath.so",
        "pam_p11.so",     "pam_pkcs11.so",
        "pam_pwdfile.so", "pam_radius_auth.so",
        "pam_rootok.so",  "pam_ssh_agent_auth.so",
        "pam_sss.so",     "pam_sss_gss.so",
        "pam_tacplus.so", "pam_systemd_home.so",
        "pam_u2f.so",     "pam_unix.so",
        "pam_userdb.so",  "pam_winbind.so",
        "pam_yubico.so",  STACK_MODULE,
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++)
        if (is_module(line, names[i]))
            return true;
    return false;
}

static const char *
answer_of(const struct stack_line *line, const char *others)
{
    if (is_module(line, "pam_permit.so"))
        return "success";
    if (is_module(line, "pam_faillock.so")
        && strstr(line->arguments, "authfail") != NULL)
        return "ignore"; /* it only counts */
    if (is_module(line, "pam_deny.so") || stack_authenticates(line))
        return "auth_err";
    return others;
}

static struct verdict
verdict_before(const struct stack *stack, size_t at)
{
    enum stack_action action;
    size_t i;

    for (i = 0; i < at; i++) {
        if (stack->line[i].type != STACK_AUTH)
            continue;
        action = stack_action(stack->line[i].control, "success");
        if (action == STACK_OK
            || (action == STACK_DONE
                && leave(stack, i, stack->line[i].substack) <= at))
            return (struct verdict){POSITIVE, true};
    }
    return (struct verdict){UNDEFINED, false};
}

bool
stack_lets_in(const struct stack *stack, size_t at, const char *answer,
              const char *others)
{
    struct verdict verdict = verdict_before(stack, at);

    at = step(stack, at, answer, &verdict);
    while (at < stack->count)
        at = step(stack, at, answer_of(&stack->line[at], others), &verdict);
    return verdict.impression == POSITIVE && verdict.success;
}
