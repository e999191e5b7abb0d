/* SPDX-License-Identifier: MIT */
/* A provider's metadata: the issuer's own, and no address that is not https. */
#include <config.h>

#include <errno.h>

#include "helper/exchange/discovery.h"
#include "helper/exchange/json.h"
#include "helper/exchange/offer.h"
#include "helper/exchange/url.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
    json_init();
    return 0;
}

static void
check_endpoint(const char *url)
{
    HOLDS(url == NULL || url_check(url, false) == NULL);
}

static void
check_read(const cJSON *json, char *issuer)
{
    struct settings settings = {.issuer = issuer};
    struct problem problem = {0};
    const char *said = json_text(json, "issuer");
    int r;

    r = discovery_read(json, &settings, &problem);
    HOLDS(r == 0 || r == -EPROTO);
    HOLDS(is_printable(problem.reason));
    HOLDS((r == 0) == (problem.reason[0] == '\0'));
    if (r == 0)
        HOLDS(said != NULL && strcmp(said, issuer) == 0
              && settings.token_endpoint != NULL);
    check_endpoint(settings.token_endpoint);
    check_endpoint(settings.device_authorization_endpoint);
    check_endpoint(settings.revocation_endpoint);
    check_endpoint(settings.jwks_uri);
    check_endpoint(settings.userinfo_endpoint);
    check_endpoint(settings.introspection_endpoint);
    settings.issuer = NULL;
    settings_clear(&settings);
}

/* As `oidc-session check` looks at it: whatever it is, there are findings. */
static void
check_offer(const cJSON *json)
{
    static const char text[] = "[provider]\nissuer = https://op\n"
                               "client_id = c\n[login]\nrequire_acr = a b\n";
    struct findings findings = {0};
    struct problem problem = {0};
    struct config config = {0};
    size_t i;

    HOLDS(config_parse("/c", text, strlen(text), &config, &problem) == 0);
    offer_judge(json, &config, &findings);
    offer_judge_keys(json, json, &config, &findings);
    HOLDS(findings.error == 0 && findings.count > 5);
    for (i = 0; i < findings.count; i++)
        HOLDS(is_printable(findings.item[i].text));
    findings_clear(&findings);
    config_clear(&config);
}

static void
check_url(const char *issuer, enum discovery_form form)
{
    char *url = discovery_url(issuer, form);

    HOLDS(url != NULL);
    HOLDS(strstr(url, "/.well-known/o") != NULL);
    if (url_check(issuer, false) == NULL && strchr(issuer, '?') == NULL)
        HOLDS(url_check(url, false) == NULL);
    free(url);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    char *issuer = input_text(&input, NULL), *body;
    cJSON *json = NULL;
    size_t len;

    body = input_text(&input, &len);
    check_url(issuer, DISCOVERY_OIDC);
    check_url(issuer, DISCOVERY_OAUTH);
    if (json_parse(body, len, &json) == 0) {
        check_read(json, issuer);
        check_offer(json);
    }
    cJSON_Delete(json);
    free(body);
    free(issuer);
    return 0;
}
