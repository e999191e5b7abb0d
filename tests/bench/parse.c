/* SPDX-License-Identifier: MIT */
/*
 * parse WHAT FILE: what an exchange parses, once; for callgrind, which counts
 * the instructions of measured() and of what it calls.  test-parsing.sh
 */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/io.h"
#include "common/message.h"
#include "helper/exchange/config.h"
#include "helper/exchange/discovery.h"
#include "helper/exchange/json.h"
#include "helper/exchange/jwt.h"
#include "helper/exchange/settings.h"
#include "helper/exchange/token.h"

#define BYTES_MAX ((size_t) 1 << 20)

static struct problem problem;

static int
parse_config(const struct secret *bytes)
{
    struct config config = {0};
    int r = config_parse("oidc-session.conf", bytes->data, bytes->len, &config,
                         &problem);

    config_clear(&config);
    return r;
}

static int
parse_metadata(const struct secret *bytes)
{
    struct settings settings = {.issuer = strdup("https://login.example.org")};
    cJSON *json = NULL;
    int r = json_parse(bytes->data, bytes->len, &json);

    if (r == 0)
        r = discovery_read(json, &settings, &problem);
    cJSON_Delete(json);
    settings_clear(&settings);
    return r;
}

static int
parse_tokens(const struct secret *bytes)
{
    struct token token = {0};
    cJSON *json = NULL;
    int r = json_parse(bytes->data, bytes->len, &json);

    if (r == 0)
        r = token_parse(json, 0, 0, &token, &problem);
    cJSON_Delete(json);
    token_clear(&token);
    return r;
}

static int
parse_id_token(const struct secret *bytes)
{
    struct jwt jwt = {0};
    int r = jwt_decode(bytes, &jwt, &problem);

    jwt_clear(&jwt);
    return r;
}

/* There and back. */
static int
parse_frame(const struct secret *bytes)
{
    struct message message = {.kind = KIND_RESULT}, back = {0};
    struct secret wire = {0};
    ssize_t n = -1;
    int r = message_set(&message, FIELD_ACCESS_TOKEN, bytes->data, bytes->len);

    if (r == 0)
        r = message_encode(&message, &wire);
    if (r == 0)
        n = message_decode(wire.data, wire.len, &back);
    r = n > 0 && (size_t) n == wire.len ? 0 : -1;
    message_clear(&message);
    message_clear(&back);
    secret_clear(&wire);
    return r;
}

static const struct {
    const char *name;
    int (*run)(const struct secret *bytes);
} parsers[] = {
    {"config", parse_config}, {"metadata", parse_metadata},
    {"tokens", parse_tokens}, {"id_token", parse_id_token},
    {"frame", parse_frame},
};

int measured(size_t which, const struct secret *bytes);

__attribute__((noinline)) int
measured(size_t which, const struct secret *bytes)
{
    return parsers[which].run(bytes);
}

int
main(int argc, char **argv)
{
    struct secret bytes = {0};
    int fd, r = -1;
    size_t i;

    if (argc != 3)
        return 100;
    fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (fd == -1 || read_all(fd, BYTES_MAX, &bytes) < 0)
        return 111;
    json_init();
    for (i = 0; i < ARRAY_LEN(parsers); i++)
        if (strcmp(parsers[i].name, argv[1]) == 0)
            r = measured(i, &bytes);
    if (r != 0)
        printf("%s: %d %s\n", argv[1], r, problem.reason);
    secret_clear(&bytes);
    fd_close(&fd);
    return r == 0 ? 0 : 1;
}
