/* SPDX-License-Identifier: MIT */
/* The module's arguments, key descriptions and /proc/self/fdinfo. */
#include <config.h>

#include <errno.h>

#include "common/keyring.h"
#include "pam/fdinfo.h"
#include "pam/handoff.h"
#include "pam/options.h"
#include "tests/fuzz/fuzz.h"

#define ARGUMENTS_MAX 16

static void
check_options(struct input *input)
{
    const char *argv[ARGUMENTS_MAX], *bad = NULL;
    char *owned[ARGUMENTS_MAX];
    struct options options = {0};
    int argc = 0, i, r;

    for (; argc < ARGUMENTS_MAX && input->len > 0; argc++)
        argv[argc] = owned[argc] = input_text(input, NULL);
    r = options_parse(argc, argv, &options, &bad);
    HOLDS(r == 0 || r == -EINVAL);
    HOLDS((r == 0) == (bad == NULL));
    if (r == 0) {
        HOLDS(options.config[0] == '/');
        HOLDS(options.minimum_uid >= 0 && options.minimum_uid < UINT32_MAX);
    } else {
        HOLDS(options.config == NULL); /* written on success only */
    }
    for (i = 0; i < argc; i++)
        free(owned[i]);
}

static void
check_key_info(const char *text)
{
    struct key_info info = {0};

    if (key_info_parse(text, &info) < 0) {
        HOLDS(info.description[0] == '\0');
        return;
    }
    HOLDS(ends_within(info.description, sizeof(info.description)));
    if (handoff_is_for(&info, 61001)) {
        HOLDS(strncmp(text, "keyring;", 8) == 0 && info.uid == 0);
        HOLDS(strstr(text, ";oidc-handoff:61001:") != NULL);
        HOLDS(!handoff_is_for(&info, 6100) && !handoff_is_for(&info, 1));
        HOLDS(info.permissions == KEY_USR_ALL);
    }
}

static void
check_fdinfo(const char *text)
{
    pid_t pid = 0;

    if (fdinfo_parse(text, &pid) == 0)
        HOLDS(pid > 0 && strstr(text, "\nPid:\t") != NULL);
    else
        HOLDS(pid == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    char *text;

    switch (input_byte(&input) % 3) {
    case 0:
        check_options(&input);
        break;
    case 1:
        text = input_text(&input, NULL);
        check_key_info(text);
        free(text);
        break;
    default:
        text = input_text(&input, NULL);
        check_fdinfo(text);
        free(text);
        break;
    }
    return 0;
}
