/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/margin.h"
#include "common/number.h"
#include "common/text.h"
#include "helper/exchange/config.h"
#include "helper/exchange/inifile.h"
#include "helper/exchange/jws.h"
#include "helper/exchange/url.h"

#define TIMEOUT_MAX 60
#define MAX_AGE_MAX INT64_C(31622400) /* a year */
#define SECRET_MAX  4096U

static const char *const sections[] = {"provider", "login", "renewal",
                                       "logout"};

static const char *const grant_names[GRANT_COUNT] = {
    [GRANT_DEVICE] = "device",
    [GRANT_PASSWORD] = "password",
};

static const char *const claims_names[CLAIMS_COUNT] = {
    [CLAIMS_ID_TOKEN] = "id_token",
    [CLAIMS_ID_TOKEN_USERINFO] = "id_token userinfo",
    [CLAIMS_USERINFO] = "userinfo",
    [CLAIMS_INTROSPECTION] = "introspection",
};

static const char *const qr_names[QR_COUNT] = {
    [QR_AUTO] = "auto",
    [QR_YES] = "yes",
    [QR_NO] = "no",
};

/* ---- types: each writes *field, or returns -EINVAL or -ENOMEM ------------ */

static int
copy(const char *value, void *field)
{
    return text_copy(value, field);
}

static bool
is_printable(const char *value)
{
    const char *at;

    for (at = value; *at >= ' ' && *at <= '~'; at++)
        ;
    return *value != '\0' && *at == '\0';
}

static int
parse_text(const char *value, void *field)
{
    return is_printable(value) ? copy(value, field) : -EINVAL;
}

/* A # in the middle was meant as a comment; inih takes it as text. */
static int
parse_words(const char *value, void *field)
{
    if (!is_printable(value) || strstr(value, "  ") != NULL
        || strstr(value, " #") != NULL)
        return -EINVAL;
    return copy(value, field);
}

static int
parse_word(const char *value, void *field)
{
    if (!is_printable(value) || strchr(value, ' ') != NULL)
        return -EINVAL;
    return copy(value, field);
}

static int
parse_domain(const char *value, void *field)
{
    return strchr(value, '@') == NULL ? parse_word(value, field) : -EINVAL;
}

static int
parse_path(const char *value, void *field)
{
    return *value == '/' ? copy(value, field) : -EINVAL;
}

static int
parse_flag(const char *value, void *field)
{
    bool *flag = field;

    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return -EINVAL;
    *flag = *value == 'y';
    return 0;
}

static int
parse_timeout(const char *value, void *field)
{
    int64_t *seconds = field;
    int64_t number;
    int r;

    r = number_parse(value, TIMEOUT_MAX, &number);
    if (r < 0 || number == 0)
        return -EINVAL;
    *seconds = number;
    return 0;
}

static int
parse_margin(const char *value, void *field)
{
    struct margin margin;

    if (margin_parse(value, &margin) < 0)
        return -EINVAL;
    return copy(value, field);
}

static int
parse_auth(const char *value, void *field)
{
    return auth_parse(value, field);
}

static int
find_name(const char *const *names, int count, const char *value)
{
    int i;

    for (i = 0; i < count; i++)
        if (strcmp(names[i], value) == 0)
            return i;
    return -EINVAL;
}

static int
parse_grant(const char *value, void *field)
{
    enum grant *grant = field;
    int i = find_name(grant_names, GRANT_COUNT, value);

    if (i < 0)
        return i;
    *grant = (enum grant) i;
    return 0;
}

static int
parse_claims(const char *value, void *field)
{
    enum claims_from *from = field;
    int i = find_name(claims_names, CLAIMS_COUNT, value);

    if (i < 0)
        return i;
    *from = (enum claims_from) i;
    return 0;
}

static int
parse_qr(const char *value, void *field)
{
    enum qr_when *when = field;
    int i = find_name(qr_names, QR_COUNT, value);

    if (i < 0)
        return i;
    *when = (enum qr_when) i;
    return 0;
}

static int
parse_age(const char *value, void *field)
{
    int64_t *seconds = field;
    int64_t number;

    if (number_parse(value, MAX_AGE_MAX, &number) < 0)
        return -EINVAL;
    *seconds = number;
    return 0;
}

static int
parse_lifetime(const char *value, void *field)
{
    int64_t *seconds = field;
    int64_t number;

    if (number_parse(value, MAX_AGE_MAX, &number) < 0 || number == 0)
        return -EINVAL;
    *seconds = number;
    return 0;
}

/* Words, each of them a signature algorithm that is good enough. */
static int
parse_algorithms(const char *value, void *field)
{
    char *copied = NULL, *rest = NULL;
    const char *word;
    int r;

    r = text_copy(value, &copied);
    if (r < 0)
        return r;
    for (word = strtok_r(copied, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest))
        if (jws_algorithm(word) == NULL)
            r = -EINVAL;
    free(copied);
    return r == 0 ? parse_words(value, field) : r;
}

/* A password in it would be in a file that need not be secret. */
static int
parse_proxy(const char *value, void *field)
{
    static const char *const schemes[] = {"http://", "https://", "socks5://",
                                          "socks5h://"};
    size_t i, len;

    for (i = 0; i < ARRAY_LEN(schemes); i++) {
        len = strlen(schemes[i]);
        if (strncmp(value, schemes[i], len) == 0 && value[len] != '\0'
            && strpbrk(value + len, "@/ ") == NULL)
            return copy(value, field);
    }
    return -EINVAL;
}

/* Whether it is https is checked later: that depends on insecure_http. */
static int
parse_url(const char *value, void *field)
{
    return parse_word(value, field);
}

/* ---- the table ----------------------------------------------------------- */

enum need { OPTIONAL, REQUIRED };

/* clang-format off */
#define EXPECT_URL   "an address, https://HOST/PATH"
#define EXPECT_FLAG  "yes or no"
#define EXPECT_PATH  "the absolute path of a file"
#define EXPECT_WORDS "words with one space between them"
#define OPTION(section, key, type, field, need, fallback, expected) \
    { section, key, parse_##type, offsetof(struct config, field), need, \
      fallback, expected }

/* Sorted as in oidc-session.conf(5). */
static const struct option {
    const char *section;
    const char *key;
    int (*parse)(const char *value, void *field);
    size_t offset;
    enum need need;
    const char *fallback; /* the default, as it would be written, or NULL */
    const char *expected;
} options[] = {
    OPTION("provider", "issuer", url, settings.issuer, REQUIRED, NULL,
           "the provider's issuer, https://HOST/PATH, as it writes it itself"),
    OPTION("provider", "client_id", text, settings.client_id, REQUIRED, NULL,
           "the client's name at the provider"),
    OPTION("provider", "client_secret_file", path, client_secret_file,
           OPTIONAL, NULL, EXPECT_PATH),
    OPTION("provider", "client_auth", auth, settings.auth, OPTIONAL, "none",
           "none, client_secret_basic or client_secret_post"),
    OPTION("provider", "scope", words, scope, OPTIONAL,
           "openid profile offline_access", EXPECT_WORDS),
    OPTION("provider", "audience", text, settings.audience, OPTIONAL, NULL,
           "a text"),
    OPTION("provider", "resource", words, settings.resource, OPTIONAL, NULL,
           EXPECT_WORDS),
    OPTION("provider", "ca_file", path, settings.ca_file, OPTIONAL, NULL,
           EXPECT_PATH),
    OPTION("provider", "proxy", proxy, settings.proxy, OPTIONAL, NULL,
           "http://HOST:PORT, https://, socks5:// or socks5h://, "
           "without user name and path"),
    OPTION("provider", "timeout", timeout, settings.timeout, OPTIONAL, "10",
           "a number of seconds from 1 to 60"),
    OPTION("provider", "insecure_http", flag, settings.insecure_http, OPTIONAL,
           "no", EXPECT_FLAG),
    OPTION("provider", "token_endpoint", url, settings.token_endpoint,
           OPTIONAL, NULL, EXPECT_URL),
    OPTION("provider", "device_authorization_endpoint", url,
           settings.device_authorization_endpoint, OPTIONAL, NULL, EXPECT_URL),
    OPTION("provider", "revocation_endpoint", url,
           settings.revocation_endpoint, OPTIONAL, NULL, EXPECT_URL),
    OPTION("provider", "jwks_uri", url, settings.jwks_uri, OPTIONAL, NULL,
           EXPECT_URL),
    OPTION("provider", "userinfo_endpoint", url, settings.userinfo_endpoint,
           OPTIONAL, NULL, EXPECT_URL),
    OPTION("provider", "introspection_endpoint", url,
           settings.introspection_endpoint, OPTIONAL, NULL, EXPECT_URL),
    OPTION("provider", "signing_algorithms", algorithms,
           settings.signing_algorithms, OPTIONAL,
           "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA",
           "some of RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 "
           "EdDSA, with one space between them"),
    OPTION("login", "grant", grant, grant, OPTIONAL, "device",
           "device or password"),
    OPTION("login", "username_claim", word, username_claim, OPTIONAL,
           "preferred_username", "the name of a claim"),
    OPTION("login", "username_strip_domain", domain, username_strip_domain,
           OPTIONAL, NULL, "the domain behind the @ of your users' names"),
    OPTION("login", "username_map_file", path, username_map_file, OPTIONAL,
           NULL, EXPECT_PATH),
    OPTION("login", "claims_from", claims, claims_from, OPTIONAL, "id_token",
           "id_token, id_token userinfo, userinfo or introspection"),
    OPTION("login", "subject_claim", word, subject_claim, OPTIONAL, "sub",
           "the name of a claim"),
    OPTION("login", "groups_claim", word, groups_claim, OPTIONAL, "groups",
           "the name of a claim"),
    OPTION("login", "require_group", words, require_group, OPTIONAL, NULL,
           EXPECT_WORDS),
    OPTION("login", "require_acr", words, require_acr, OPTIONAL, NULL,
           EXPECT_WORDS),
    OPTION("login", "max_age", age, max_age, OPTIONAL, NULL,
           "a number of seconds, at most a year"),
    OPTION("login", "qr", qr, qr, OPTIONAL, "auto", "auto, yes or no"),
    OPTION("renewal", "before_expiry", margin, before_expiry, OPTIONAL, "auto",
           "auto, a number of seconds, or a percentage such as 10%"),
    OPTION("renewal", "default_lifetime", lifetime, settings.default_lifetime,
           OPTIONAL, "300", "a number of seconds from 1 to 31622400"),
    OPTION("renewal", "notify", flag, notify, OPTIONAL, "no", EXPECT_FLAG),
    OPTION("logout", "revoke", flag, settings.revoke, OPTIONAL, "yes",
           EXPECT_FLAG),
};
/* clang-format on */

/* ---- reading ------------------------------------------------------------- */

struct reading {
    struct config *config;
    struct problem *problem;
    unsigned section_line[ARRAY_LEN(sections)]; /* 0: it is not there */
    unsigned line[ARRAY_LEN(options)];
};

static int
fail(const struct reading *reading, unsigned line, const struct option *option,
     const char *wrong)
{
    return problem_set(reading->problem, OUTCOME_MISCONFIGURED,
                       "%s:%u: [%s] %s: %s; expected %s", reading->config->path,
                       line, option->section, option->key, wrong,
                       option->expected);
}

static int
find_section(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(sections); i++)
        if (strcmp(sections[i], name) == 0)
            return (int) i;
    return -ENOENT;
}

static int
find_option(const char *section, const char *key)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(options); i++)
        if (strcmp(options[i].section, section) == 0
            && strcmp(options[i].key, key) == 0)
            return (int) i;
    return -ENOENT;
}

static int
on_section(struct reading *reading, unsigned line, const char *name)
{
    int section = find_section(name);

    if (section < 0)
        return problem_set(reading->problem, OUTCOME_MISCONFIGURED,
                           "%s:%u: [%.40s]: unknown section; expected "
                           "[provider], [login], [renewal] or [logout]",
                           reading->config->path, line, name);
    reading->section_line[section] = line;
    return 0;
}

/* "issuer, client_id, …": the keys of a section. */
static void
list_keys(const char *section, char *out, size_t size)
{
    size_t i, len = 0;

    out[0] = '\0';
    for (i = 0; i < ARRAY_LEN(options) && len < size; i++)
        if (strcmp(options[i].section, section) == 0)
            len += (size_t) snprintf(out + len, size - len, "%s%s",
                                     len > 0 ? ", " : "", options[i].key);
}

static int
unknown(const struct reading *reading, unsigned line, const char *section,
        const char *key)
{
    char keys[640];

    if (find_section(section) < 0)
        return problem_set(reading->problem, OUTCOME_MISCONFIGURED,
                           "%s:%u: %.40s: a setting outside of a section; "
                           "expected [provider] before it",
                           reading->config->path, line, key);
    list_keys(section, keys, sizeof(keys));
    return problem_set(reading->problem, OUTCOME_MISCONFIGURED,
                       "%s:%u: [%s] %.40s: unknown setting; expected one of %s",
                       reading->config->path, line, section, key, keys);
}

static int
assign(struct reading *reading, int i, const char *value, unsigned line)
{
    int r;

    r = options[i].parse(value, (char *) reading->config + options[i].offset);
    if (r == -EINVAL)
        return fail(reading, line, &options[i],
                    *value == '\0' ? "no value" : "malformed value");
    return r;
}

static int
on_setting(void *arg, unsigned line, const char *section, const char *key,
           const char *value)
{
    struct reading *reading = arg;
    char wrong[64];
    int i;

    if (key == NULL)
        return on_section(reading, line, section);
    i = find_option(section, key);
    if (i < 0)
        return unknown(reading, line, section, key);
    if (reading->line[i] != 0) {
        (void) snprintf(wrong, sizeof(wrong), "set before, in line %u",
                        reading->line[i]);
        return fail(reading, line, &options[i], wrong);
    }
    reading->line[i] = line;
    return assign(reading, i, value, line);
}

/* ---- what depends on more than one setting ------------------------------- */

static unsigned
section_line(const struct reading *reading, const char *name)
{
    unsigned line = reading->section_line[find_section(name)];

    return line != 0 ? line : 1;
}

static int
fill_defaults(struct reading *reading)
{
    size_t i;
    int r;

    for (i = 0; i < ARRAY_LEN(options); i++) {
        if (reading->line[i] != 0)
            continue;
        if (options[i].need == REQUIRED)
            return fail(reading, section_line(reading, options[i].section),
                        &options[i], "missing");
        if (options[i].fallback == NULL)
            continue;
        r = assign(reading, (int) i, options[i].fallback, 0);
        if (r < 0)
            return r;
    }
    return 0;
}

static int
check_urls(const struct reading *reading)
{
    const struct config *config = reading->config;
    const char *const *url;
    const char *wrong;
    size_t i;

    for (i = 0; i < ARRAY_LEN(options); i++) {
        if (options[i].parse != parse_url || reading->line[i] == 0)
            continue;
        url = (const void *) ((const char *) config + options[i].offset);
        wrong = url_check(*url, config->settings.insecure_http);
        if (wrong != NULL)
            return fail(reading, reading->line[i], &options[i], wrong);
    }
    i = (size_t) find_option("provider", "issuer");
    if (strchr(config->settings.issuer, '?') != NULL)
        return fail(reading, reading->line[i], &options[i], "contains a query");
    return 0;
}

static int
fail_provider(const struct reading *reading, const char *because,
              const char *key, const char *wrong)
{
    unsigned line = reading->line[find_option("provider", because)];

    return fail(reading, line, &options[find_option("provider", key)], wrong);
}

/* Whether it is set, in whatever section that the file gives it. */
static bool
is_set(const struct reading *reading, const char *section, const char *key)
{
    return reading->line[find_option(section, key)] != 0;
}

static int
fail_login(const struct reading *reading, const char *key, const char *wrong)
{
    int i = find_option("login", key);

    return fail(reading, reading->line[i], &options[i], wrong);
}

static int
check_login(const struct reading *reading)
{
    bool id_token = config_wants_id_token(reading->config);

    if (is_set(reading, "login", "username_map_file")
        && is_set(reading, "login", "username_strip_domain"))
        return fail_login(reading, "username_strip_domain",
                          "does not go with a username_map_file, which has "
                          "the whole names");
    if (reading->config->claims_from != CLAIMS_USERINFO
        && is_set(reading, "login", "subject_claim"))
        return fail_login(reading, "subject_claim",
                          "goes only with claims_from = userinfo; elsewhere "
                          "the subject is always sub");
    if (reading->config->qr == QR_YES && !qrcode_available())
        return fail_login(reading, "qr",
                          "this installation was built without libqrencode");
    if (!id_token && is_set(reading, "login", "require_acr"))
        return fail_login(reading, "require_acr",
                          "needs an ID token, but claims_from has none");
    if (!id_token && is_set(reading, "login", "max_age"))
        return fail_login(reading, "max_age",
                          "needs an ID token, but claims_from has none");
    return 0;
}

/* With a token_endpoint nothing is discovered. */
static int
check_endpoints(const struct reading *reading)
{
    static const char because[] =
        "missing, and with a token_endpoint it is not discovered";
    const struct config *config = reading->config;
    const struct settings *settings = &config->settings;
    const char *missing = NULL;

    if (settings->token_endpoint == NULL)
        return 0;
    if (config->grant == GRANT_DEVICE
        && settings->device_authorization_endpoint == NULL)
        missing = "device_authorization_endpoint";
    else if (config_wants_id_token(config) && settings->jwks_uri == NULL)
        missing = "jwks_uri";
    else if ((config->claims_from == CLAIMS_ID_TOKEN_USERINFO
              || config->claims_from == CLAIMS_USERINFO)
             && settings->userinfo_endpoint == NULL)
        missing = "userinfo_endpoint";
    else if (config->claims_from == CLAIMS_INTROSPECTION
             && settings->introspection_endpoint == NULL)
        missing = "introspection_endpoint";
    if (missing == NULL)
        return 0;
    return fail_provider(reading, "token_endpoint", missing, because);
}

static int
check_pairs(const struct reading *reading)
{
    const struct config *config = reading->config;
    const struct settings *settings = &config->settings;
    int r;

    if (settings->auth != AUTH_NONE && config->client_secret_file == NULL)
        return fail_provider(reading, "client_auth", "client_secret_file",
                             "missing, but client_auth needs it");
    if (settings->auth == AUTH_NONE && config->client_secret_file != NULL)
        return fail_provider(reading, "client_secret_file", "client_auth",
                             "does not use the client_secret_file");
    r = check_endpoints(reading);
    return r < 0 ? r : check_login(reading);
}

int
config_parse(const char *path, const void *data, size_t len, struct config *out,
             struct problem *problem)
{
    struct reading reading = {.config = out, .problem = problem};
    struct inifile file = {.setting = on_setting, .arg = &reading};
    int r;

    out->max_age = MAX_AGE_NONE;
    r = text_copy(path, &out->path);
    if (r < 0)
        return r;
    r = inifile_parse(&file, data, len);
    if (r == -EBADMSG)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "%s:%u: cannot use this line: %s; expected "
                           "[section], key = value, or a comment",
                           path, file.line, file.wrong);
    if (r == 0)
        r = fill_defaults(&reading);
    if (r == 0)
        r = check_urls(&reading);
    if (r == 0)
        r = check_pairs(&reading);
    out->settings.introspect_refresh = out->claims_from == CLAIMS_INTROSPECTION;
    out->secret_line =
        reading.line[find_option("provider", "client_secret_file")];
    out->map_line = reading.line[find_option("login", "username_map_file")];
    return r;
}

bool
config_wants_id_token(const struct config *config)
{
    return config->claims_from == CLAIMS_ID_TOKEN
           || config->claims_from == CLAIMS_ID_TOKEN_USERINFO;
}

/* ---- the other files ----------------------------------------------------- */

int
config_map_problem(const struct config *config, const char *wrong,
                   struct problem *problem)
{
    return problem_set(problem, OUTCOME_MISCONFIGURED,
                       "%s:%u: [login] username_map_file: %s: %s", config->path,
                       config->map_line, config->username_map_file, wrong);
}

int
config_secret_problem(const struct config *config, const char *wrong,
                      struct problem *problem)
{
    return problem_set(problem, OUTCOME_MISCONFIGURED,
                       "%s:%u: [provider] client_secret_file: %s: %s",
                       config->path, config->secret_line,
                       config->client_secret_file, wrong);
}

int
config_take_secret(struct config *config, const struct secret *bytes,
                   struct problem *problem)
{
    size_t i, len = bytes->len;

    if (len > 0 && bytes->data[len - 1] == '\n')
        len--;
    if (len == 0)
        return config_secret_problem(config, "the file is empty", problem);
    if (len > SECRET_MAX)
        return config_secret_problem(config, "the file is too large", problem);
    for (i = 0; i < len; i++)
        if (bytes->data[i] < ' ' || bytes->data[i] == 0x7f)
            return config_secret_problem(
                config, "the secret contains a control character", problem);
    return secret_append(&config->settings.client_secret, bytes->data, len,
                         SECRET_MAX);
}

void
config_clear(struct config *config)
{
    settings_clear(&config->settings);
    free(config->path);
    free(config->client_secret_file);
    free(config->scope);
    free(config->require_acr);
    free(config->subject_claim);
    free(config->username_claim);
    free(config->username_strip_domain);
    free(config->username_map_file);
    secret_clear(&config->map);
    free(config->groups_claim);
    free(config->require_group);
    free(config->before_expiry);
    *config = (struct config){0};
}
