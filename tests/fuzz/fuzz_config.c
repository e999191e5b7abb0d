/* SPDX-License-Identifier: MIT */
/* oidc-session.conf: taken, or refused with one line that names the place. */
#include <config.h>

#include <errno.h>

#include "common/margin.h"
#include "helper/exchange/config.h"
#include "helper/exchange/json.h"
#include "helper/exchange/url.h"
#include "tests/fuzz/fuzz.h"

#define PATH "/etc/security/oidc-session.conf"

static void
check_config(const struct config *config)
{
    const struct settings *settings = &config->settings;
    struct margin margin;

    HOLDS(settings->issuer != NULL && settings->client_id != NULL);
    HOLDS(url_check(settings->issuer, settings->insecure_http) == NULL);
    HOLDS(settings->timeout > 0);
    HOLDS(config->scope != NULL && config->username_claim != NULL);
    HOLDS(margin_parse(config->before_expiry, &margin) == 0);
    HOLDS(config->grant < GRANT_COUNT && settings->auth < AUTH_COUNT);
    HOLDS(settings->client_secret.len == 0);
    HOLDS(settings->subject == NULL);
}

static void
check_secret(struct config *config, struct input *input)
{
    struct problem problem = {0};
    struct secret bytes = {0};
    size_t len;
    char *text = input_text(input, &len);
    int r;

    HOLDS(secret_append(&bytes, text, len, MESSAGE_MAX) == 0);
    r = config_take_secret(config, &bytes, &problem);
    HOLDS(r == 0 || r == -EPROTO);
    HOLDS((r == 0) == (problem.reason[0] == '\0'));
    HOLDS(is_printable(problem.reason));
    secret_clear(&bytes);
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct problem problem = {0};
    struct config config = {0};
    size_t len;
    char *text = input_text(&input, &len);
    int r;

    r = config_parse(PATH, text, len, &config, &problem);
    HOLDS(r == 0 || r == -EPROTO);
    HOLDS((r == 0) == (problem.reason[0] == '\0'));
    HOLDS(ends_within(problem.reason, sizeof(problem.reason)));
    HOLDS(is_printable(problem.reason) && is_printable(problem.notice));
    HOLDS(r == 0 || strncmp(problem.reason, PATH, strlen(PATH)) == 0);
    if (r == 0) {
        check_config(&config);
        check_secret(&config, &input);
    }
    config_clear(&config);
    config_clear(&config); /* right a second time */
    free(text);
    return 0;
}
