/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "helper/exchange/identity.h"
#include "helper/exchange/json.h"
#include "helper/exchange/leak.h"
#include "tests/lib/fakeprovider.h"
#include "tests/lib/test.h"

#define NOW INT64_C(1800000000)

/* What a provider says in an ID token; more begins with a comma. */
#define CLAIMS_OF(iss, aud, sub, more)                                         \
    "{\"iss\":\"" iss "\",\"aud\":\"" aud "\",\"sub\":\"" sub                  \
    "\",\"iat\":1799999990,\"exp\":1800000300" more "}"
#define CLAIMS(more) CLAIMS_OF("@", "c", "s1", more)
#define ALICE        ",\"name\":\"alice\""

#define KEYS                                                                   \
    {                                                                          \
        "/k", 200, "^", NULL                                                   \
    }

static int
teardown(void **state UNUSED)
{
    fakeprovider_stop();
    return 0;
}

static char *
copy(const char *text)
{
    char *out = strdup(text);

    assert_non_null(out);
    return out;
}

/* An exchange that has got tokens from the provider, id among them if any. */
static void
begin(const char *id, struct exchange *out)
{
    char *expanded = fakeprovider_expand(id);

    *out = (struct exchange){
        .settings =
            {
                .issuer = copy(fakeprovider_url("")),
                .client_id = copy("c"),
                .timeout = 20,
                .insecure_http = true,
                .jwks_uri = copy(fakeprovider_url("/k")),
                .userinfo_endpoint = copy(fakeprovider_url("/u")),
                .introspection_endpoint = copy(fakeprovider_url("/i")),
                .signing_algorithms = copy("RS256"),
            },
    };
    assert_int_equal(secret_append_text(&out->token.access, "AT", 10), 0);
    assert_int_equal(secret_append_text(&out->token.id, expanded, 100000), 0);
    assert_int_equal(http_open(&out->http, &out->settings), 0);
    free(expanded);
}

static void
end(struct exchange *exchange)
{
    http_close(&exchange->http);
    token_clear(&exchange->token);
    settings_clear(&exchange->settings);
}

static void
assert_says(const struct exchange *exchange, const char *reason)
{
    if (strstr(exchange->problem.reason, reason) == NULL)
        fail_msg("'%s' is not '%s'", exchange->problem.reason, reason);
}

/* How often the provider was asked for its keys. */
static size_t
count_keys(void)
{
    size_t i, n = 0;

    for (i = 0; i < fakeprovider_count(); i++)
        n += strncmp(fakeprovider_request(i), "GET /k ", 7) == 0;
    return n;
}

/* ---- at a login ---------------------------------------------------------- */

static char name_claim[] = "name", sub_claim[] = "sub", id_claim[] = "id";

static struct config
config_of(enum claims_from from)
{
    return (struct config){
        .claims_from = from,
        .username_claim = name_claim,
        .subject_claim = sub_claim,
        .max_age = MAX_AGE_NONE,
    };
}

/* Log alice in, whose uid is 1000. */
static int
login(struct exchange *exchange, const struct config *config)
{
    return identity_check_login(exchange, config, "alice", 1000, NOW);
}

static void
each_source_names_the_user_and_the_subject(void **state UNUSED)
{
    static const struct {
        enum claims_from from;
        const char *claims; /* of the ID token */
        struct fake_answer answers[2];
        const char *asked[2]; /* the starts of all requests */
    } cases[] = {
        {CLAIMS_ID_TOKEN, CLAIMS(ALICE), {KEYS}, {"GET /k "}},
        {CLAIMS_ID_TOKEN_USERINFO,
         CLAIMS(""),
         {KEYS, {"/u", 200, "{\"sub\":\"s1\"" ALICE "}", NULL}},
         {"GET /k ", "GET /u "}},
        {CLAIMS_USERINFO,
         CLAIMS(""),
         {{"/u", 200, "{\"sub\":\"s1\"" ALICE "}", NULL}},
         {"GET /u "}},
        {CLAIMS_INTROSPECTION,
         CLAIMS(""),
         {{"/i", 200, "{\"active\":true,\"sub\":\"s1\"" ALICE "}", NULL}},
         {"POST /i "}},
    };
    struct exchange exchange;
    struct config config;
    size_t i, j;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        size_t count = cases[i].asked[1] != NULL ? 2 : 1;
        bool wanted = cases[i].from <= CLAIMS_ID_TOKEN_USERINFO;

        fakeprovider_claims(cases[i].claims);
        fakeprovider_start(cases[i].answers, count);
        begin("$", &exchange);
        config = config_of(cases[i].from);
        if (login(&exchange, &config) < 0)
            fail_msg("%zu: %s", i, exchange.problem.reason);
        assert_string_equal(exchange.settings.subject, "s1");
        /* One that nobody asked for, and nobody has verified, is forgotten. */
        assert_int_equal(exchange.token.id.len > 0, wanted);
        assert_int_equal(exchange.token.id_expires_at, wanted ? 1800000300 : 0);
        assert_int_equal(exchange.token.access.len, 2);
        assert_int_equal(fakeprovider_count(), count);
        for (j = 0; j < count; j++)
            assert_ptr_equal(strstr(fakeprovider_request(j), cases[i].asked[j]),
                             fakeprovider_request(j));
        end(&exchange);
        fakeprovider_stop();
    }
}

/* As at GitHub: who it is, is a number, and the map says who that is here. */
static void
a_provider_without_sub_names_the_subject_by_another_claim(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/u", 200, "{\"id\":583231" ALICE "}", NULL},
        {"/u", 200, "{\"id\":583231" ALICE "}", NULL},
    };
    struct config config = config_of(CLAIMS_USERINFO);
    struct exchange exchange;
    size_t i;

    config.subject_claim = id_claim;
    fakeprovider_start(answers, ARRAY_LEN(answers));
    for (i = 0; i < 2; i++) {
        begin("", &exchange);
        assert_int_equal(login(&exchange, &config), i == 0 ? 0 : -EPROTO);
        if (i == 0)
            assert_string_equal(exchange.settings.subject, "583231");
        else
            assert_says(&exchange, "the provider says this is '583231'");
        end(&exchange);
        config.username_claim = sub_claim;
    }
}

static void
an_id_token_that_is_not_good_lets_nobody_in(void **state UNUSED)
{
    static const struct {
        const char *id;
        const char *claims;
        enum signer signer;
        const char *kid;
        size_t keys; /* how often they are fetched */
        const char *reason;
    } cases[] = {
        {"", CLAIMS(ALICE), SIGNER_RSA, "k1", 0,
         "the provider issued no ID token (is openid in the scope?)"},
        {"a.b.c", CLAIMS(ALICE), SIGNER_RSA, "k1", 1,
         "the ID token is malformed"},
        {"$", CLAIMS(ALICE), SIGNER_ATTACKER, "k1", 1, "(RS256) is wrong"},
        {"$", CLAIMS(ALICE), SIGNER_RSA, "k2", 2, "'k2'"},
        {"$", CLAIMS(ALICE), SIGNER_ATTACKER, "k2", 2, "'k2'"},
        {"$", CLAIMS_OF("https://i", "c", "s1", ALICE), SIGNER_RSA, "k1", 1,
         "is from 'https://i'"},
        {"$", CLAIMS_OF("@", "d", "s1", ALICE), SIGNER_RSA, "k1", 1,
         "not for this client"},
        {"$", CLAIMS(ALICE ",\"nbf\":1800009999"), SIGNER_RSA, "k1", 1,
         "not valid yet"},
        {"$", CLAIMS(ALICE ",\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\""),
         SIGNER_RSA, "k1", 1, "belongs to another access token"},
        {"$", CLAIMS(",\"name\":\"bob\""), SIGNER_RSA, "k1", 1,
         "this is 'bob', not 'alice'"},
        {"$", CLAIMS(""), SIGNER_RSA, "k1", 1, "claim name is missing"},
    };
    static const struct fake_answer answers[] = {KEYS, KEYS, KEYS};
    const struct config config = config_of(CLAIMS_ID_TOKEN);
    struct exchange exchange;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakeprovider_claims(cases[i].claims);
        fakeprovider_start(answers, ARRAY_LEN(answers));
        fakeprovider_signs(cases[i].signer, cases[i].kid);
        begin(cases[i].id, &exchange);
        assert_int_equal(login(&exchange, &config), -EPROTO);
        assert_says(&exchange, cases[i].reason);
        assert_int_equal(exchange.problem.outcome, OUTCOME_DENIED);
        assert_null(exchange.settings.subject);
        assert_int_equal(fakeprovider_count(), cases[i].keys);
        end(&exchange);
        fakeprovider_stop();
    }
}

static void
a_key_that_is_new_is_fetched(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        {"/k", 200, "{\"keys\":[]}", NULL},
        KEYS,
    };
    const struct config config = config_of(CLAIMS_ID_TOKEN);
    struct exchange exchange;

    fakeprovider_claims(CLAIMS(ALICE));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin("$", &exchange);
    assert_int_equal(login(&exchange, &config), 0);
    assert_string_equal(exchange.problem.reason, "");
    assert_int_equal(fakeprovider_count(), 2);
    end(&exchange);
}

/* It is the provider's fault, or the configuration's, and nobody's denial. */
static void
keys_that_cannot_be_had_are_no_denial(void **state UNUSED)
{
    static const struct {
        struct fake_answer answers[2];
        enum outcome outcome;
        const char *reason;
    } cases[] = {
        {{{"/k", 503, NULL, NULL}}, OUTCOME_TRANSIENT, "503"},
        {{{"/k", FAKE_HANG_UP, NULL, NULL}}, OUTCOME_TRANSIENT, "no usable"},
        {{{"/k", 403, NULL, NULL}}, OUTCOME_TRANSIENT, "403"},
        {{{"/k", 404, NULL, NULL}}, OUTCOME_MISCONFIGURED, "404"},
        {{{"/k", 200, "{}", NULL}}, OUTCOME_MISCONFIGURED, "no array 'keys'"},
        {{{"/k", 200, "{\"keys\":[]}", NULL}, {"/k", 503, NULL, NULL}},
         OUTCOME_TRANSIENT,
         "503"},
    };
    const struct config config = config_of(CLAIMS_ID_TOKEN);
    struct exchange exchange;
    size_t i;

    fakeprovider_claims(CLAIMS(ALICE));
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakeprovider_start(cases[i].answers,
                           cases[i].answers[1].path != NULL ? 2 : 1);
        begin("$", &exchange);
        assert_int_equal(login(&exchange, &config), -EPROTO);
        assert_says(&exchange, cases[i].reason);
        assert_int_equal(exchange.problem.outcome, cases[i].outcome);
        assert_null(exchange.settings.subject);
        end(&exchange);
        fakeprovider_stop();
    }
}

static void
userinfo_of_somebody_else_is_refused(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        KEYS,
        {"/u", 200, "{\"sub\":\"s2\"" ALICE "}", NULL},
    };
    const struct config config = config_of(CLAIMS_ID_TOKEN_USERINFO);
    struct exchange exchange;

    fakeprovider_claims(CLAIMS(ALICE));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin("$", &exchange);
    assert_int_equal(login(&exchange, &config), -EPROTO);
    assert_says(&exchange, "speaks of 's2', but the ID token of 's1'");
    assert_int_equal(exchange.problem.outcome, OUTCOME_DENIED);
    assert_null(exchange.settings.subject);
    end(&exchange);
}

static void
userinfo_is_not_asked_with_a_forged_id_token(void **state UNUSED)
{
    static const struct fake_answer answers[] = {KEYS};
    const struct config config = config_of(CLAIMS_ID_TOKEN_USERINFO);
    struct exchange exchange;

    fakeprovider_claims(CLAIMS(ALICE));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    fakeprovider_signs(SIGNER_ATTACKER, "k1");
    begin("$", &exchange);
    assert_int_equal(login(&exchange, &config), -EPROTO);
    assert_says(&exchange, "(RS256) is wrong");
    assert_int_equal(fakeprovider_count(), 1);
    end(&exchange);
}

static void
what_userinfo_says_about_the_login_does_not_count(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        KEYS,
        {"/u", 200,
         "{\"sub\":\"s1\",\"name\":\"alice\",\"acr\":\"gold\","
         "\"auth_time\":1799999990}",
         NULL},
    };
    static char gold[] = "gold";
    struct config config[] = {config_of(CLAIMS_ID_TOKEN_USERINFO),
                              config_of(CLAIMS_ID_TOKEN_USERINFO),
                              config_of(CLAIMS_ID_TOKEN_USERINFO)};
    static const char *const reasons[] = {
        "does not say how the user authenticated (acr)",
        "does not say when the user authenticated (auth_time)",
        "authenticated 1000 s ago, longer than max_age (100 s)",
    };
    static const char *const claims[] = {
        CLAIMS(""),
        CLAIMS(""),
        CLAIMS(",\"auth_time\":1799999000"),
    };
    struct exchange exchange;
    size_t i;

    config[0].require_acr = gold;
    config[1].max_age = 100;
    config[2].max_age = 100;
    for (i = 0; i < ARRAY_LEN(config); i++) {
        fakeprovider_claims(claims[i]);
        fakeprovider_start(answers, ARRAY_LEN(answers));
        begin("$", &exchange);
        assert_int_equal(login(&exchange, &config[i]), -EPROTO);
        assert_says(&exchange, reasons[i]);
        assert_int_equal(exchange.problem.outcome, OUTCOME_DENIED);
        end(&exchange);
        fakeprovider_stop();
    }
}

static void
the_id_token_says_how_and_when_the_user_logged_in(void **state UNUSED)
{
    static const struct fake_answer answers[] = {KEYS};
    static char metals[] = "silver gold";
    struct config config = config_of(CLAIMS_ID_TOKEN);
    struct exchange exchange;

    config.require_acr = metals;
    config.max_age = 100;
    fakeprovider_claims(
        CLAIMS(ALICE ",\"acr\":\"gold\",\"auth_time\":1799999990"));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin("$", &exchange);
    assert_int_equal(login(&exchange, &config), 0);
    end(&exchange);
}

static void
groups_may_come_from_userinfo(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        KEYS,
        {"/u", 200, "{\"sub\":\"s1\",\"groups\":[\"users\",\"staff\"]}", NULL},
        KEYS,
        {"/u", 200, "{\"sub\":\"s1\",\"groups\":[\"users\"]}", NULL},
    };
    static char groups[] = "groups", staff[] = "staff";
    struct config config = config_of(CLAIMS_ID_TOKEN_USERINFO);
    struct exchange exchange;

    config.groups_claim = groups;
    config.require_group = staff;
    fakeprovider_claims(CLAIMS(ALICE));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin("$", &exchange);
    assert_int_equal(login(&exchange, &config), 0);
    end(&exchange);
    begin("$", &exchange);
    assert_int_equal(login(&exchange, &config), -EPROTO);
    assert_says(&exchange, "not in a required group ('staff')");
    assert_int_equal(exchange.problem.outcome, OUTCOME_DENIED);
    assert_null(exchange.settings.subject);
    end(&exchange);
}

static void
what_the_id_token_says_userinfo_does_not_change(void **state UNUSED)
{
    static const struct fake_answer answers[] = {
        KEYS,
        {"/u", 200, "{\"sub\":\"s1\"" ALICE "}", NULL},
    };
    const struct config config = config_of(CLAIMS_ID_TOKEN_USERINFO);
    struct exchange exchange;

    fakeprovider_claims(CLAIMS(",\"name\":\"bob\""));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin("$", &exchange);
    assert_int_equal(login(&exchange, &config), -EPROTO);
    assert_says(&exchange, "this is 'bob', not 'alice'");
    end(&exchange);
}

static void
root_needs_a_line_of_the_map(void **state UNUSED)
{
    static const struct fake_answer answers[] = {KEYS, KEYS, KEYS};
    static char path[] = "/map";
    struct config config = config_of(CLAIMS_ID_TOKEN);
    struct exchange exchange;

    fakeprovider_claims(CLAIMS(",\"name\":\"root\""));
    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin("$", &exchange);
    assert_int_equal(identity_check_login(&exchange, &config, "root", 0, NOW),
                     -EPROTO);
    assert_says(&exchange, "uid 0 logs in only by a line of the map");
    end(&exchange);
    config.username_map_file = path;
    assert_int_equal(secret_append_text(&config.map, "root = alice\n", 100), 0);
    begin("$", &exchange);
    assert_int_equal(identity_check_login(&exchange, &config, "root", 0, NOW),
                     -EPROTO);
    assert_says(&exchange, "this is 'root', who by /map is not 'root'");
    end(&exchange);
    assert_int_equal(secret_append_text(&config.map, "root = root\n", 100), 0);
    begin("$", &exchange);
    assert_int_equal(identity_check_login(&exchange, &config, "root", 0, NOW),
                     0);
    assert_string_equal(exchange.settings.subject, "s1");
    end(&exchange);
    secret_clear(&config.map);
}

/* A token of the provider's ten minutes ago, or in ten minutes: five long. */
#define BEHIND                                                                 \
    "{\"iss\":\"@\",\"aud\":\"c\",\"sub\":\"s1\",\"iat\":1799999400,"          \
    "\"exp\":1799999700,\"name\":\"alice\"}"
#define AHEAD                                                                  \
    "{\"iss\":\"@\",\"aud\":\"c\",\"sub\":\"s1\",\"iat\":1800000600,"          \
    "\"exp\":1800000900,\"name\":\"alice\"}"
#define SAYS_BEHIND                                                            \
    "the ID token expired 300 s ago (is the clock of this host right?); it "   \
    "was issued 600 s ago: if it is new, the clock of the provider is that "   \
    "far behind"
#define SAYS_AHEAD                                                             \
    "the ID token was issued 600 s in the future (is the clock of this host "  \
    "or of the provider wrong?)"

static void
a_login_with_clocks_that_differ_is_refused_with_the_difference(
    void **state UNUSED)
{
    static const struct {
        const char *claims, *reason;
    } cases[] = {{BEHIND, SAYS_BEHIND}, {AHEAD, SAYS_AHEAD}};
    static const struct fake_answer answers[] = {KEYS};
    const struct config config = config_of(CLAIMS_ID_TOKEN);
    struct exchange exchange;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakeprovider_claims(cases[i].claims);
        fakeprovider_start(answers, ARRAY_LEN(answers));
        begin("$", &exchange);
        assert_int_equal(login(&exchange, &config), -EPROTO);
        assert_string_equal(exchange.problem.reason, cases[i].reason);
        assert_int_equal(exchange.problem.outcome, OUTCOME_DENIED);
        assert_null(exchange.settings.subject);
        end(&exchange);
        fakeprovider_stop();
    }
}

/* ---- at a renewal -------------------------------------------------------- */

/* Renew the session of s1. */
static int
renew(struct exchange *exchange)
{
    free(exchange->settings.subject);
    exchange->settings.subject = copy("s1");
    return identity_check_renewal(exchange, NOW);
}

static void
an_id_token_of_the_same_subject_is_kept(void **state UNUSED)
{
    static const struct fake_answer answers[] = {KEYS};
    struct exchange exchange;

    fakeprovider_claims(CLAIMS("")); /* whatever the name is now */
    fakeprovider_start(answers, ARRAY_LEN(answers));
    begin("$", &exchange);
    assert_int_equal(renew(&exchange), 0);
    assert_true(exchange.token.id.len > 0);
    assert_int_equal(exchange.token.id_expires_at, 1800000300);
    assert_string_equal(exchange.problem.reason, "");
    assert_int_equal(fakeprovider_count(), 1);
    end(&exchange);
}

static void
an_id_token_of_somebody_else_ends_the_session(void **state UNUSED)
{
    static const struct {
        const char *id;
        const char *claims;
        enum signer signer;
        const char *reason;
    } cases[] = {
        {"$", CLAIMS_OF("@", "c", "s2", ""), SIGNER_RSA,
         "renewed for 's2', but 's1' is logged in"},
        {"$", CLAIMS_OF("https://i", "c", "s1", ""), SIGNER_RSA,
         "is from 'https://i'"},
        {"$", CLAIMS_OF("@", "d", "s1", ""), SIGNER_RSA, "not for this client"},
        {"$", CLAIMS(""), SIGNER_ATTACKER, "(RS256) is wrong"},
        {"$", CLAIMS(",\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\""), SIGNER_RSA,
         "belongs to another access token"},
        /* Also when it is out of date: whose it is, is known. */
        {"$",
         "{\"iss\":\"@\",\"aud\":\"c\",\"sub\":\"s2\",\"iat\":1,\"exp\":2}",
         SIGNER_RSA, "renewed for 's2'"},
        {"$", "{}", SIGNER_RSA, "is from ''"},
        {"x.y.z", "{}", SIGNER_RSA, "the ID token is malformed"},
    };
    static const struct fake_answer answers[] = {KEYS, KEYS};
    struct exchange exchange;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakeprovider_claims(cases[i].claims);
        fakeprovider_start(answers, ARRAY_LEN(answers));
        fakeprovider_signs(cases[i].signer, "k1");
        begin(cases[i].id, &exchange);
        assert_int_equal(renew(&exchange), -EPROTO);
        assert_says(&exchange, cases[i].reason);
        assert_int_equal(exchange.problem.outcome, OUTCOME_DEAD);
        assert_int_equal(fakeprovider_count(), 1);
        end(&exchange);
        fakeprovider_stop();
    }
}

/* The access token is good, and the session keeps the ID token that it has. */
static void
assert_forgotten(struct exchange *exchange, const char *reason)
{
    assert_int_equal(renew(exchange), 0);
    assert_says(exchange, reason);
    assert_int_equal(exchange->token.id.len, 0);
    assert_int_equal(exchange->token.id_expires_at, 0);
    assert_int_equal(exchange->problem.retry_after, 0);
    assert_int_equal(exchange->token.access.len, 2);
    end(exchange);
}

static void
an_id_token_that_cannot_be_verified_now_is_forgotten(void **state UNUSED)
{
    static const struct {
        struct fake_answer answers[2];
        size_t keys; /* how often they are fetched */
        const char *reason;
    } cases[] = {
        {{{"/k", 503, NULL, "Retry-After: 30"}, KEYS}, 1, "503"},
        {{{"/k", FAKE_HANG_UP, NULL, NULL}, KEYS}, 1, "no usable"},
        {{{"/k", 403, NULL, NULL}, KEYS}, 1, "403"},
        {{{"/k", 400, "{\"error\":\"access_denied\"}", NULL}, KEYS},
         1,
         "access_denied"},
        {{{"/k", 404, NULL, NULL}, KEYS}, 1, "404"},
        {{{"/k", 200, "{}", NULL}, KEYS}, 1, "no array 'keys'"},
        {{KEYS, KEYS}, 2, "'k2'"},
        {{KEYS, {"/k", 503, NULL, "Retry-After: 30"}}, 2, "503"},
    };
    struct exchange exchange;
    size_t i;

    fakeprovider_claims(CLAIMS(""));
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakeprovider_start(cases[i].answers, 2);
        fakeprovider_signs(SIGNER_RSA, "k2");
        begin("$", &exchange);
        assert_forgotten(&exchange, cases[i].reason);
        assert_int_equal(count_keys(), cases[i].keys);
        fakeprovider_stop();
    }
}

static void
an_id_token_with_the_wrong_time_is_forgotten(void **state UNUSED)
{
    static const struct {
        const char *claims;
        const char *reason;
    } cases[] = {
        {"{\"iss\":\"@\",\"aud\":\"c\",\"sub\":\"s1\",\"iat\":1700000000,"
         "\"exp\":1799990000}",
         "expired 10000 s ago"},
        {"{\"iss\":\"@\",\"aud\":\"c\",\"sub\":\"s1\",\"iat\":1800001000,"
         "\"exp\":1800009000}",
         "issued 1000 s in the future"},
        {BEHIND, SAYS_BEHIND},
        {AHEAD, SAYS_AHEAD},
        {"{\"iss\":\"@\",\"aud\":\"c\",\"sub\":\"s1\",\"iat\":1}",
         "no usable end (exp)"},
    };
    static const struct fake_answer answers[] = {KEYS};
    struct exchange exchange;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        fakeprovider_claims(cases[i].claims);
        fakeprovider_start(answers, ARRAY_LEN(answers));
        begin("$", &exchange);
        assert_forgotten(&exchange, cases[i].reason);
        assert_int_equal(fakeprovider_count(), 1);
        fakeprovider_stop();
    }
}

/* A session of OAuth 2.0 without OpenID Connect. */
static void
without_a_place_for_keys_an_id_token_is_forgotten(void **state UNUSED)
{
    struct exchange exchange;

    fakeprovider_claims(CLAIMS(""));
    fakeprovider_start(NULL, 0);
    begin("$", &exchange);
    free(exchange.settings.jwks_uri);
    exchange.settings.jwks_uri = NULL;
    assert_forgotten(&exchange, "has no jwks_uri");
    assert_int_equal(fakeprovider_count(), 0);
}

static void
without_an_id_token_nothing_is_fetched(void **state UNUSED)
{
    struct exchange exchange;

    fakeprovider_start(NULL, 0);
    begin("", &exchange);
    assert_int_equal(renew(&exchange), 0);
    assert_string_equal(exchange.problem.reason, "");
    assert_int_equal(fakeprovider_count(), 0);
    end(&exchange);
}

/* ---- what a provider repeats --------------------------------------------- */

#define REPEATED "CANARY-of-an-id-token"
#define REPEATS  "{\"error\":\"e\",\"error_description\":\"" REPEATED "\"}"

static void
after_a_refusal_the_reason_can_be_compared_with_the_id_token(
    void **state UNUSED)
{
    static const struct fake_answer answers[] = {{"/u", 400, REPEATS, NULL}};
    const struct config config = config_of(CLAIMS_USERINFO);
    struct exchange exchange;
    bool found;
    int r;

    fakeprovider_start(answers, 1);
    begin(REPEATED, &exchange);
    r = login(&exchange, &config);
    found = leak_found(&exchange.token.id, REPEATED);
    end(&exchange); /* or the provider waits for its connection */
    assert_int_equal(r, -EPROTO);
    assert_true(found);
}

static void
why_an_id_token_is_forgotten_does_not_repeat_it(void **state UNUSED)
{
    static const struct fake_answer answers[] = {{"/k", 400, REPEATS, NULL}};
    struct exchange exchange;

    fakeprovider_start(answers, 1);
    begin(REPEATED, &exchange);
    assert_forgotten(&exchange, "it repeats the token");
    assert_null(strstr(exchange.problem.reason, REPEATED));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(each_source_names_the_user_and_the_subject),
        TEST(a_provider_without_sub_names_the_subject_by_another_claim),
        TEST(an_id_token_that_is_not_good_lets_nobody_in),
        TEST(a_key_that_is_new_is_fetched),
        TEST(keys_that_cannot_be_had_are_no_denial),
        TEST(userinfo_of_somebody_else_is_refused),
        TEST(userinfo_is_not_asked_with_a_forged_id_token),
        TEST(what_userinfo_says_about_the_login_does_not_count),
        TEST(the_id_token_says_how_and_when_the_user_logged_in),
        TEST(groups_may_come_from_userinfo),
        TEST(what_the_id_token_says_userinfo_does_not_change),
        TEST(root_needs_a_line_of_the_map),
        TEST(a_login_with_clocks_that_differ_is_refused_with_the_difference),
        TEST(an_id_token_of_the_same_subject_is_kept),
        TEST(an_id_token_of_somebody_else_ends_the_session),
        TEST(an_id_token_that_cannot_be_verified_now_is_forgotten),
        TEST(an_id_token_with_the_wrong_time_is_forgotten),
        TEST(without_a_place_for_keys_an_id_token_is_forgotten),
        TEST(without_an_id_token_nothing_is_fetched),
        TEST(after_a_refusal_the_reason_can_be_compared_with_the_id_token),
        TEST(why_an_id_token_is_forgotten_does_not_repeat_it),
    };
    int failed;

    json_init();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    signer_free();
    return failed;
}
