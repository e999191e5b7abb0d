/* SPDX-License-Identifier: MIT */
/* Who may log in: without a map only under the very name, root never. */
#include <config.h>

#include <errno.h>

#include "helper/exchange/access.h"
#include "helper/exchange/claims.h"
#include "helper/exchange/json.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
    json_init();
    return 0;
}

/* Whether this user may. */
static bool
may(const cJSON *claims, const struct access *access, const char *user,
    int64_t uid)
{
    struct problem problem = {0};
    int r;

    r = access_check(claims, access, user, uid, &problem);
    HOLDS(r == 0 || r == -EPROTO);
    HOLDS(is_printable(problem.reason) && is_printable(problem.notice));
    HOLDS(r == 0 || problem.reason[0] != '\0');
    HOLDS(r == 0 || problem.outcome == OUTCOME_DENIED
          || problem.outcome == OUTCOME_MISCONFIGURED);
    return r == 0;
}

static void
check_name(const cJSON *claims, const char *user)
{
    const struct access access = {.username_claim = "name"};
    const cJSON *claim = claims_find(claims, "name");

    HOLDS(!may(claims, &access, user, 0));
    if (may(claims, &access, user, 1000))
        HOLDS(cJSON_IsString(claim) && strcmp(claim->valuestring, user) == 0);
}

static void
check_domain(const cJSON *claims, const char *user)
{
    const struct access access = {.username_claim = "name",
                                  .username_strip_domain = "example.org"};
    const cJSON *claim = claims_find(claims, "name");
    size_t len = strlen(user);

    if (may(claims, &access, user, 1000))
        HOLDS(cJSON_IsString(claim)
              && strncmp(claim->valuestring, user, len) == 0
              && strcmp(claim->valuestring + len, "@example.org") == 0);
}

/* A group may only take a right away. */
static void
check_group(const cJSON *claims, const char *user)
{
    const struct access without = {.username_claim = "name"};
    const struct access access = {.username_claim = "name",
                                  .groups_claim = "realm_access.roles",
                                  .require_group = "staff admin"};

    if (may(claims, &access, user, 1000)) {
        HOLDS(may(claims, &without, user, 1000));
        HOLDS(claims_find(claims, "realm_access.roles") != NULL);
    }
}

static void
check_map(const cJSON *claims, const char *user, const struct secret *map)
{
    const struct access access = {
        .username_claim = "name", .map_path = "/etc/map", .map = map};
    struct problem problem = {0};
    int r;

    r = access_check_map("/etc/map", map, &problem);
    HOLDS(r == 0 || (r == -EPROTO && is_printable(problem.reason)));
    HOLDS(r == 0 || problem.outcome == OUTCOME_MISCONFIGURED);
    if (may(claims, &access, user, 1000)) {
        HOLDS(r == 0); /* one malformed line, and nobody logs in */
        HOLDS(*user != '\0' && strstr(secret_text(map), user) != NULL);
        HOLDS(may(claims, &access, user, 0)); /* it names root, too */
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    char *user = input_text(&input, NULL), *text;
    struct secret map = {0};
    cJSON *claims = NULL;
    size_t len;

    text = input_text(&input, &len);
    HOLDS(secret_append(&map, input.data, input.len, SIZE_MAX / 2) == 0);
    if (json_parse(text, len, &claims) == 0) {
        check_name(claims, user);
        check_domain(claims, user);
        check_group(claims, user);
        check_map(claims, user, &map);
    }
    cJSON_Delete(claims);
    secret_clear(&map);
    free(text);
    free(user);
    return 0;
}
