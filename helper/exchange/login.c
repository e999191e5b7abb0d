/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "helper/exchange/access.h"
#include "helper/exchange/config.h"
#include "helper/exchange/device.h"
#include "helper/exchange/discovery.h"
#include "helper/exchange/identity.h"
#include "helper/exchange/introspection.h"
#include "helper/exchange/login.h"
#include "helper/exchange/password.h"
#include "helper/exchange/sandbox.h"

/* What the user is told when there is nothing more exact to say. */
static const char *const notices[OUTCOME_COUNT] = {
    [OUTCOME_TRANSIENT] = "The login provider does not answer as it should. "
                          "Please try again later.",
    [OUTCOME_MISCONFIGURED] = "Logging in by the provider is not set up "
                              "correctly. Please tell your administrator.",
    [OUTCOME_DENIED] = "The provider refused the login.",
    [OUTCOME_EXPIRED] = "Nobody approved the login in time. Please try again.",
    [OUTCOME_WRONG_PASSWORD] = "The user name or the password is wrong.",
};

/* ---- before: what root wrote --------------------------------------------- */

int
login_ask_for_files(struct exchange *exchange, const struct config *config,
                    struct message *answer)
{
    struct message question = {.kind = KIND_NEED_FILES};
    int r = 0;

    if (config->client_secret_file != NULL)
        r = message_set_text(&question, FIELD_PATH, config->client_secret_file);
    if (r == 0 && config->username_map_file != NULL)
        r = message_set_text(&question, FIELD_MAP_PATH,
                             config->username_map_file);
    if (r == 0 && config->grant == GRANT_PASSWORD)
        r = message_set_text(&question, FIELD_PASSWORD, "yes");
    if (r == 0)
        r = caller_ask(&exchange->caller, &question, KIND_FILES, answer);
    message_clear(&question);
    return r;
}

/* Why the module did not give a file, in its words. */
static const char *
why_not(const struct message *answer, enum field reason)
{
    return message_has(answer, reason) ? message_text(answer, reason)
                                       : "it cannot be read";
}

static int
take_map(struct config *config, struct message *answer, struct problem *problem)
{
    if (!message_has(answer, FIELD_MAP))
        return config_map_problem(config, why_not(answer, FIELD_MAP_REASON),
                                  problem);
    config->map = answer->field[FIELD_MAP];
    answer->field[FIELD_MAP] = (struct secret){0};
    return access_check_map(config->username_map_file, &config->map, problem);
}

/*
 * The module opens the files for us, as root.  It does so only when we ask
 * before anything else: until now we have parsed nothing but what root wrote.
 */
static int
fetch_files(struct exchange *exchange, struct config *config)
{
    struct problem *problem = &exchange->problem;
    struct message answer = {0};
    int r;

    r = login_ask_for_files(exchange, config, &answer);
    if (r == 0 && config->client_secret_file != NULL) {
        if (message_has(&answer, FIELD_FILE))
            r = config_take_secret(config, &answer.field[FIELD_FILE], problem);
        else
            r = config_secret_problem(config, why_not(&answer, FIELD_REASON),
                                      problem);
    }
    if (r == 0 && config->username_map_file != NULL)
        r = take_map(config, &answer, problem);
    message_clear(&answer);
    return r;
}

/* What this login may touch from now on. */
static void
confine(struct exchange *exchange)
{
    const struct settings *settings = &exchange->settings;

    cache_open(CACHE_PATH, settings->issuer, true, &exchange->cache);
    sandbox_enter(&(struct sandbox_files){.ca_file = settings->ca_file,
                                          .cache_dir = exchange->cache.dir});
}

static int
configure(struct exchange *exchange, const struct message *request,
          struct config *config)
{
    const struct secret *bytes = &request->field[FIELD_CONFIG];
    int r;

    r = config_parse(message_text(request, FIELD_PATH), bytes->data, bytes->len,
                     config, &exchange->problem);
    if (r == 0)
        r = fetch_files(exchange, config);
    if (r < 0)
        return r;
    /* From here on they belong to the exchange. */
    exchange->settings = config->settings;
    config->settings = (struct settings){0};
    confine(exchange);
    return http_open(&exchange->http, &exchange->settings);
}

/* ---- the grant ----------------------------------------------------------- */

static int
obtain(struct exchange *exchange, const struct config *config, const char *user,
       const struct device_deadline *deadline)
{
    struct client client = exchange_client(exchange);
    struct problem *problem = &exchange->problem;

    if (config->grant == GRANT_PASSWORD)
        return password_run(&client, config->scope, user, &exchange->caller,
                            &exchange->token, problem);
    if (exchange->settings.device_authorization_endpoint == NULL)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "the provider's metadata has no "
                           "device_authorization_endpoint");
    return device_run(&client, config->scope, config->qr, deadline,
                      &exchange->caller, &exchange->token, problem);
}

/* ---- after: what the caller gets ----------------------------------------- */

/* How long the session can be renewed, and whether at all. */
static void
look_at_refresh(struct exchange *exchange)
{
    struct client client = exchange_client(exchange);

    introspection_find_refresh_end(&client, &exchange->token);
    if (exchange->token.refresh.len > 0)
        return;
    exchange->token.refresh_expires_at = 0; /* some say it all the same */
    (void) problem_set(&exchange->problem, OUTCOME_OK, /* it goes with it */
                       "the provider issued no refresh token (scope "
                       "offline_access?): the token will not be renewed");
    problem_notice(&exchange->problem,
                   "Your access token will not be renewed: the provider "
                   "issued no refresh token.");
}

static int
put_settings(const struct settings *settings, struct message *result)
{
    struct secret text = {0};
    int r;

    r = settings_encode(settings, &text);
    if (r == 0)
        message_move(result, FIELD_SETTINGS, &text);
    secret_clear(&text);
    return r;
}

static int
put_result(const struct exchange *exchange, const struct config *config,
           struct message *result)
{
    const struct settings *settings = &exchange->settings;
    int r;

    r = token_put(&exchange->token, result);
    if (r == 0 && exchange->token.scope.len == 0) /* as asked for: 5.1 */
        r = message_set_text(result, FIELD_SCOPE, config->scope);
    if (r == 0)
        r = message_set_text(result, FIELD_ISSUER, settings->issuer);
    if (r == 0)
        r = message_set_text(result, FIELD_SUBJECT, settings->subject);
    if (r == 0)
        r = message_set_text(result, FIELD_BEFORE_EXPIRY,
                             config->before_expiry);
    if (r == 0)
        r = message_set_text(result, FIELD_REVOKE,
                             settings->revoke ? "yes" : "no");
    if (r == 0)
        r = message_set_text(result, FIELD_NOTIFY,
                             config->notify ? "yes" : "no");
    if (r == 0)
        r = message_set_number(result, FIELD_TIMEOUT, settings->timeout);
    if (r == 0)
        r = put_settings(settings, result);
    return r;
}

/* What the classes of renewals are for a login, and a word for the user. */
static void
adapt(struct problem *problem)
{
    if (problem->outcome == OUTCOME_DEAD)
        problem->outcome = OUTCOME_DENIED;
    if (problem->outcome == OUTCOME_AMBIGUOUS)
        problem->outcome = OUTCOME_TRANSIENT;
    if (problem->notice[0] == '\0')
        problem_notice(problem, "%s", notices[problem->outcome]);
}

/* Where to, until the end of this login. */
static void
confine_ports(const struct settings *settings)
{
    uint16_t ports[SANDBOX_PORTS_MAX];

    sandbox_ports(ports, sandbox_ports_of(settings, ports));
}

static int
run(struct exchange *exchange, const struct message *request,
    struct config *config, struct message *result)
{
    const char *user = message_text(request, FIELD_USER);
    struct device_deadline deadline;
    int64_t uid, seconds;
    int r;

    if (message_number(request, FIELD_UID, &uid) < 0)
        return -EBADMSG;
    if (message_number(request, FIELD_DEADLINE, &seconds) < 0)
        seconds = 0;
    deadline = device_deadline(seconds); /* discovery counts, too */
    r = configure(exchange, request, config);
    if (r == 0)
        r = discovery_run(&exchange->http, &exchange->cache,
                          &exchange->settings, &exchange->problem);
    if (r == 0)
        confine_ports(&exchange->settings);
    if (r == 0)
        r = obtain(exchange, config, user, &deadline);
    if (r == 0)
        r = identity_check_login(exchange, config, user, uid, time(NULL));
    if (r < 0)
        return r;
    look_at_refresh(exchange);
    return put_result(exchange, config, result);
}

int
login_run(struct exchange *exchange, const struct message *request,
          struct message *result)
{
    struct config config = {0};
    int r;

    if (!message_has(request, FIELD_CONFIG)
        || message_text(request, FIELD_USER)[0] == '\0')
        return -EBADMSG;
    r = run(exchange, request, &config, result);
    if (r == -EPROTO)
        adapt(&exchange->problem);
    config_clear(&config);
    return r;
}
