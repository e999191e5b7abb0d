/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/finding.h"
#include "helper/exchange/access.h"
#include "helper/exchange/check.h"
#include "helper/exchange/config.h"
#include "helper/exchange/discovery.h"
#include "helper/exchange/jwks.h"
#include "helper/exchange/login.h"
#include "helper/exchange/offer.h"
#include "helper/exchange/probe.h"
#include "helper/exchange/sandbox.h"
#include "helper/exchange/trust.h"
#include "helper/exchange/url.h"

#define HOST_MAX  256
#define HOSTS_MAX 7

struct check {
    struct exchange *exchange;
    struct config *config;
    struct findings *findings;
    char hosts[HOSTS_MAX][HOST_MAX]; /* that were connected to, or not */
    size_t n_hosts;
};

/* ---- what root wrote ------------------------------------------------------- */

/* What came back is a finding when it is a problem; *r is what is left. */
static bool
is_problem(struct check *check, int *r, const char *area, const char *advice)
{
    struct problem *problem = &check->exchange->problem;

    if (*r != -EPROTO)
        return false;
    findings_add(check->findings, LEVEL_ERROR, area, "%s", problem->reason);
    findings_advise(check->findings, "%s", advice);
    *problem = (struct problem){0};
    *r = 0;
    return true;
}

/* The secret itself is forgotten at once: nothing here has a use for it. */
static int
look_at_secret(struct check *check, const struct message *answer)
{
    static const char advice[] =
        "put the client's secret into that file: one line, chmod 0600, root's";
    struct problem *problem = &check->exchange->problem;
    struct config *config = check->config;
    int r = 0;

    if (config->client_secret_file == NULL)
        return 0;
    if (message_has(answer, FIELD_FILE))
        r = config_take_secret(config, &answer->field[FIELD_FILE], problem);
    else if (message_has(answer, FIELD_REASON))
        r = config_secret_problem(config, message_text(answer, FIELD_REASON),
                                  problem);
    secret_clear(&config->settings.client_secret);
    if (is_problem(check, &r, "config", advice) || r < 0)
        return r;
    if (message_has(answer, FIELD_FILE))
        findings_add(check->findings, LEVEL_OK, "config",
                     "%s: can be used, for client_auth %s",
                     config->client_secret_file,
                     auth_name(config->settings.auth));
    else
        findings_add(check->findings, LEVEL_SKIPPED, "config",
                     "%s: only root may read it", config->client_secret_file);
    return 0;
}

static int
look_at_map(struct check *check, const struct message *answer)
{
    struct problem *problem = &check->exchange->problem;
    struct config *config = check->config;
    const char *path = config->username_map_file;
    int r = 0;

    if (path == NULL)
        return 0;
    if (message_has(answer, FIELD_MAP))
        r = access_check_map(path, &answer->field[FIELD_MAP], problem);
    else if (message_has(answer, FIELD_MAP_REASON))
        r = config_map_problem(config, message_text(answer, FIELD_MAP_REASON),
                               problem);
    if (is_problem(check, &r, "config",
                   "correct that file: see username_map_file in "
                   "oidc-session.conf(5)")
        || r < 0)
        return r;
    findings_add(check->findings,
                 message_has(answer, FIELD_MAP) ? LEVEL_OK : LEVEL_SKIPPED,
                 "config", "%s: %s", path,
                 message_has(answer, FIELD_MAP) ? "can be used"
                                                : "you may not read it");
    return 0;
}

static int
look_at_files(struct check *check)
{
    struct message answer = {0};
    int r;

    r = login_ask_for_files(check->exchange, check->config, &answer);
    if (r == 0)
        r = look_at_secret(check, &answer);
    if (r == 0)
        r = look_at_map(check, &answer);
    message_clear(&answer);
    return r;
}

static void
say_config(const struct check *check)
{
    const struct config *config = check->config;
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    const char *file = config->settings.ca_file;
    bool system = file == NULL;

    findings_add(check->findings, LEVEL_OK, "config",
                 "%s: issuer %s, client %s, grant %s", config->path,
                 config->settings.issuer, config->settings.client_id,
                 config->grant == GRANT_DEVICE ? "device" : "password");
    if (config->settings.insecure_http) {
        findings_add(check->findings, LEVEL_WARNING, "config",
                     "insecure_http = yes: tokens travel in clear text");
        findings_advise(check->findings, "for tests on one host only; take it "
                                         "out");
    }
    if (system && trust_is_hashed(curl->capath))
        findings_add(check->findings, LEVEL_OK, "tls",
                     "trusted certificates: by their hash in %s", curl->capath);
    else
        findings_add(check->findings, LEVEL_OK, "tls",
                     "trusted certificates: %s%s",
                     !system                ? file
                     : curl->cainfo != NULL ? curl->cainfo
                                            : "none",
                     system ? "" : " (ca_file)");
}

/* ---- the provider ---------------------------------------------------------- */

/* Connect to the host of an address, once.  0, -EPROTO when it cannot be. */
static int
try_host(struct check *check, const char *url)
{
    struct probe probe = {0};
    char host[HOST_MAX];
    size_t i;
    int r;

    if (url == NULL || strncmp(url, "https:", 6) != 0)
        return 0;
    (void) url_host(url, host, sizeof(host));
    for (i = 0; i < check->n_hosts; i++)
        if (strcmp(check->hosts[i], host) == 0)
            return 0;
    if (check->n_hosts == HOSTS_MAX)
        return 0;
    memcpy(check->hosts[check->n_hosts++], host, sizeof(host));
    r = probe_run(&check->exchange->settings, url, &probe);
    if (r < 0)
        return r;
    probe_judge(&probe, host, time(NULL), check->findings);
    return probe.code == CURLE_OK ? 0 : -EPROTO;
}

/* Those that have a host of their own. */
static int
try_endpoints(struct check *check)
{
    const struct settings *settings = &check->exchange->settings;
    const char *const urls[] = {
        settings->token_endpoint,    settings->device_authorization_endpoint,
        settings->jwks_uri,          settings->revocation_endpoint,
        settings->userinfo_endpoint, settings->introspection_endpoint,
    };
    size_t i;
    int r = 0;

    for (i = 0; i < ARRAY_LEN(urls) && (r == 0 || r == -EPROTO); i++)
        r = try_host(check, urls[i]);
    return r == -EPROTO ? 0 : r;
}

/* What may have been meant by it. */
static const char *
metadata_advice(long status)
{
    if (status == 200)
        return "write issuer in [provider] exactly as the provider's metadata "
               "has it, with or without a slash at its end; otherwise correct "
               "the metadata at the provider";
    if (status == 404)
        return "is issuer in [provider] right? For a provider without "
               "discovery set its endpoints: see oidc-session.conf(5)";
    return "the provider must answer with its metadata: see its log";
}

/* The metadata; *out stays empty without.  0 or a negative errno. */
static int
look_at_metadata(struct check *check, struct document *out)
{
    struct exchange *exchange = check->exchange;
    struct client client = exchange_client(exchange);
    const struct cache none = {.dir = -1};
    int64_t before = time(NULL);
    int r;

    if (exchange->settings.token_endpoint != NULL) {
        findings_add(check->findings, LEVEL_OK, "provider",
                     "token_endpoint is configured: its metadata is not used");
        return 0;
    }
    r = discovery_fetch(&client, &none, out, &exchange->problem);
    if (out->status != 0)
        offer_judge_clock(out->date, before, time(NULL), check->findings);
    if (r == 0)
        r = discovery_read(out->json, &exchange->settings, &exchange->problem);
    if (is_problem(check, &r, "provider", metadata_advice(out->status))) {
        document_clear(out);
        return 0;
    }
    if (r == 0)
        findings_add(check->findings, LEVEL_OK, "provider",
                     "its metadata is that of issuer %s",
                     exchange->settings.issuer);
    return r;
}

/* With the settings, which have the endpoints by now.  All is borrowed. */
static struct config
config_now(const struct check *check)
{
    struct config config = *check->config;

    config.settings = check->exchange->settings;
    return config;
}

static int
look_at_keys(struct check *check, const cJSON *metadata)
{
    struct exchange *exchange = check->exchange;
    struct client client = exchange_client(exchange);
    const struct config config = config_now(check);
    const struct cache none = {.dir = -1};
    cJSON *set = NULL;
    int r;

    if (exchange->settings.jwks_uri == NULL || !config_wants_id_token(&config))
        return 0;
    r = jwks_get(&client, &none, true, &set, &exchange->problem);
    if (is_problem(check, &r, "keys",
                   "jwks_uri must lead to the provider's keys"))
        return 0;
    if (r == 0)
        offer_judge_keys(set, metadata, &config, check->findings);
    cJSON_Delete(set);
    return r;
}

static int
look_at_provider(struct check *check)
{
    struct settings *settings = &check->exchange->settings;
    bool discovers = settings->token_endpoint == NULL;
    uint16_t ports[SANDBOX_PORTS_MAX];
    struct document metadata = {0};
    struct config now;
    int r;

    r = try_host(check,
                 discovers ? settings->issuer : settings->token_endpoint);
    if (r < 0)
        return r == -EPROTO ? 0 : r; /* the rest would only repeat it */
    r = look_at_metadata(check, &metadata);
    if (r == 0 && (!discovers || metadata.json != NULL)) {
        sandbox_ports(ports, sandbox_ports_of(settings, ports));
        r = try_endpoints(check);
        if (r == 0) {
            now = config_now(check);
            offer_judge(metadata.json, &now, check->findings);
            r = look_at_keys(check, metadata.json);
        }
    }
    document_clear(&metadata);
    return r;
}

/* ---- the verb -------------------------------------------------------------- */

static int
look(struct check *check, const struct message *request)
{
    const struct secret *bytes = &request->field[FIELD_CONFIG];
    struct exchange *exchange = check->exchange;
    int r;

    r = config_parse(message_text(request, FIELD_PATH), bytes->data, bytes->len,
                     check->config, &exchange->problem);
    if (is_problem(check, &r, "config",
                   "correct this line; oidc-session.conf(5) has all settings")
        || r < 0)
        return r;
    say_config(check);
    r = look_at_files(check);
    if (r < 0)
        return r;
    sandbox_enter(&(struct sandbox_files){
        .ca_file = check->config->settings.ca_file, .cache_dir = -1});
    exchange->settings = check->config->settings;
    check->config->settings = (struct settings){0};
    r = http_open(&exchange->http, &exchange->settings);
    return r == 0 ? look_at_provider(check) : r;
}

int
check_run(struct exchange *exchange, const struct message *request,
          struct message *result)
{
    struct findings findings = {0};
    struct config config = {0};
    struct secret text = {0};
    struct check check = {
        .exchange = exchange, .config = &config, .findings = &findings};
    int r;

    if (!message_has(request, FIELD_CONFIG))
        return -EBADMSG;
    r = look(&check, request);
    if (r == 0)
        r = findings_encode(&findings, &text);
    if (r == 0)
        message_move(result, FIELD_FINDINGS, &text);
    secret_clear(&text);
    findings_clear(&findings);
    config_clear(&config);
    return r;
}
