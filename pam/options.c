/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/number.h"
#include "pam/options.h"
#include "pam/slots.h"

#define UID_LAST INT64_C(4294967294) /* the one behind it means "no user" */

#define DEADLINE_MAX INT64_C(3600)

enum type { TYPE_FLAG, TYPE_NUMBER, TYPE_PATH };

/* clang-format off */
#define OPTION(type, field) \
    { #field, TYPE_##type, offsetof(struct options, field), 0 }
#define LIMITED(field, max) \
    { #field, TYPE_NUMBER, offsetof(struct options, field), max }
/* clang-format on */

/* Sorted as in pam_oidc_session(8). */
static const struct option {
    const char *name;
    enum type type;
    size_t offset;
    int64_t max; /* of a number */
} options[] = {
    OPTION(PATH, config),
    LIMITED(deadline, DEADLINE_MAX),
    OPTION(FLAG, debug),
    LIMITED(max_logins, SLOTS_MAX),
    LIMITED(max_user_logins, SLOTS_MAX),
    LIMITED(minimum_uid, UID_LAST),
    OPTION(FLAG, try_first_pass),
    OPTION(FLAG, use_first_pass),
};

/* value is NULL when there is no '='. */
static int
option_set(const struct option *option, const char *value, struct options *out)
{
    char *field = (char *) out + option->offset;
    const bool set = true;
    int64_t number;

    switch (option->type) {
    case TYPE_FLAG:
        if (value != NULL)
            return -EINVAL;
        memcpy(field, &set, sizeof(set));
        return 0;
    case TYPE_NUMBER:
        if (value == NULL || number_parse(value, option->max, &number) < 0)
            return -EINVAL;
        memcpy(field, &number, sizeof(number));
        return 0;
    case TYPE_PATH:
        if (value == NULL || value[0] != '/')
            return -EINVAL;
        memcpy(field, &value, sizeof(value));
        return 0;
    }
    return -EINVAL;
}

static int
argument_parse(const char *argument, struct options *out)
{
    size_t i, len = strcspn(argument, "=");

    for (i = 0; i < ARRAY_LEN(options); i++)
        if (strlen(options[i].name) == len
            && strncmp(options[i].name, argument, len) == 0)
            return option_set(&options[i],
                              argument[len] == '=' ? argument + len + 1 : NULL,
                              out);
    return -EINVAL;
}

int
options_parse(int argc, const char **argv, struct options *out,
              const char **bad)
{
    struct options parsed = {.config = CONFIG_PATH,
                             .deadline = 110, /* sshd waits for 120 s */
                             .max_logins = 100,
                             .max_user_logins = 20,
                             .minimum_uid = 1000};
    int i;

    for (i = 0; i < argc; i++) {
        if (argument_parse(argv[i], &parsed) < 0) {
            *bad = argv[i];
            return -EINVAL;
        }
    }
    *out = parsed;
    return 0;
}
