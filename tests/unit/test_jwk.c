/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "helper/exchange/json.h"
#include "helper/exchange/jwk.h"
#include "tests/lib/signer.h"
#include "tests/lib/test.h"

/* A set of these keys, which become part of it; NULL: no more of them. */
static cJSON *
make_set(cJSON *first, cJSON *second)
{
    cJSON *set = cJSON_CreateObject();
    cJSON *keys = cJSON_AddArrayToObject(set, "keys");

    cJSON_AddItemToArray(keys, first);
    if (second != NULL)
        cJSON_AddItemToArray(keys, second);
    return set;
}

/* The reason in *problem is how the line goes on. */
static int
find(const cJSON *set, const char *kid, const char *alg,
     struct jwk_found *found, struct problem *problem)
{
    int r;

    *problem = (struct problem){0};
    *found = (struct jwk_found){0};
    r = jwk_find(set, kid, jws_algorithm(alg), found, problem);
    if ((r == 0) != (found->count > 0))
        fail_msg("%d with %zu keys", r, found->count);
    if (r < 0)
        assert_int_equal(problem->outcome, OUTCOME_DENIED);
    assert_int_equal(ERR_peek_error(), 0);
    return r;
}

/* ---- which one ----------------------------------------------------------- */

static void
a_kid_names_its_keys_only(void **state UNUSED)
{
    cJSON *set = make_set(signer_jwk(SIGNER_ATTACKER, "other"),
                          signer_jwk(SIGNER_RSA, "mine"));
    struct problem problem;
    struct jwk_found found;

    assert_int_equal(find(set, "mine", "RS256", &found, &problem), 0);
    assert_int_equal(found.count, 1);
    assert_int_equal(EVP_PKEY_eq(found.key[0], signer_key(SIGNER_RSA)), 1);
    jwk_found_clear(&found);
    assert_int_equal(find(set, NULL, "RS256", &found, &problem), 0);
    assert_int_equal(found.count, 2);
    jwk_found_clear(&found);
    jwk_found_clear(&found);

    assert_int_equal(find(set, "Mine", "RS256", &found, &problem), -ENOKEY);
    assert_string_equal(problem.reason,
                        "the ID token is signed with a key 'Mine' that the "
                        "provider does not have");
    assert_int_equal(find(set, "", "RS256", &found, &problem), -ENOKEY);
    assert_int_equal(find(set, NULL, "ES256", &found, &problem), -ENOKEY);
    assert_string_equal(problem.reason,
                        "the provider has no key for ES256; the last one it "
                        "has is of another type (kty)");
    cJSON_Delete(set);
}

static void
a_key_is_found_behind_others_of_its_kid(void **state UNUSED)
{
    cJSON *set =
        make_set(signer_jwk(SIGNER_P256, "k"), signer_jwk(SIGNER_RSA, "k"));
    struct problem problem;
    struct jwk_found found;

    assert_int_equal(find(set, "k", "PS512", &found, &problem), 0);
    assert_int_equal(found.count, 1);
    jwk_found_clear(&found);
    cJSON_Delete(set);
}

static void
each_kind_of_key_is_read(void **state UNUSED)
{
    static const struct {
        const char *alg;
        enum signer signer;
    } rows[] = {
        {"RS256", SIGNER_RSA},  {"PS384", SIGNER_RSA},
        {"ES256", SIGNER_P256}, {"ES384", SIGNER_P384},
        {"ES512", SIGNER_P521}, {"EdDSA", SIGNER_ED25519},
    };
    struct problem problem;
    struct jwk_found found;
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        cJSON *set = make_set(signer_jwk(rows[i].signer, NULL), NULL);

        if (find(set, NULL, rows[i].alg, &found, &problem) < 0)
            fail_msg("%s: %s", rows[i].alg, problem.reason);
        assert_int_equal(EVP_PKEY_eq(found.key[0], signer_key(rows[i].signer)),
                         1);
        jwk_found_clear(&found);
        cJSON_Delete(set);
    }
}

static void
a_few_keys_of_many_are_tried(void **state UNUSED)
{
    cJSON *set = cJSON_CreateObject();
    cJSON *keys = cJSON_AddArrayToObject(set, "keys");
    struct problem problem;
    struct jwk_found found;
    size_t i;

    for (i = 0; i < JWK_SET_MAX; i++)
        cJSON_AddItemToArray(keys, signer_jwk(SIGNER_ED25519, NULL));
    assert_int_equal(find(set, NULL, "EdDSA", &found, &problem), 0);
    assert_int_equal(found.count, JWK_FOUND_MAX);
    jwk_found_clear(&found);
    cJSON_AddItemToArray(keys, cJSON_CreateNull());
    assert_int_equal(find(set, NULL, "EdDSA", &found, &problem), -EPROTO);
    assert_string_equal(problem.reason, "the provider's key set (jwks_uri) has "
                                        "more than 100 keys");
    cJSON_Delete(set);
}

static void
what_is_no_set_is_refused(void **state UNUSED)
{
    static const struct {
        const char *set;
        int r;
    } rows[] = {
        {"{}", -EPROTO},
        {"{\"keys\":null}", -EPROTO},
        {"{\"keys\":{}}", -EPROTO},
        {"{\"keys\":\"\"}", -EPROTO},
        {"{\"Keys\":[]}", -EPROTO},
        {"[]", -EPROTO},
        {"{\"keys\":[]}", -ENOKEY},
        {"{\"keys\":[null,1,\"RSA\",[],{}]}", -ENOKEY},
    };
    struct problem problem;
    struct jwk_found found;
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        cJSON *set = cJSON_Parse(rows[i].set);

        assert_int_equal(find(set, NULL, "RS256", &found, &problem), rows[i].r);
        assert_int_equal(find(set, "1", "RS256", &found, &problem), rows[i].r);
        cJSON_Delete(set);
    }
    assert_int_equal(find(NULL, NULL, "RS256", &found, &problem), -EPROTO);
    assert_string_equal(problem.reason,
                        "the provider's key set (jwks_uri) has no keys");
}

/* ---- whether it may be used ---------------------------------------------- */

/* The key of a signer, with members that are changed, for an algorithm. */
struct row {
    const char *alg;
    enum signer signer;
    const char *with; /* members; null: without it */
    const char *why;  /* NULL: it is good */
};

static void
change(cJSON *jwk, const char *with)
{
    cJSON *changes = cJSON_Parse(with), *item;

    if (changes == NULL)
        fail_msg("not parsed: %s", with);
    while ((item = changes->child) != NULL) {
        cJSON_DetachItemViaPointer(changes, item);
        cJSON_DeleteItemFromObjectCaseSensitive(jwk, item->string);
        if (cJSON_IsNull(item))
            cJSON_Delete(item);
        else
            cJSON_AddItemToObject(jwk, item->string, item);
    }
    cJSON_Delete(changes);
}

static void
assert_row(const struct row *row)
{
    cJSON *jwk = signer_jwk(row->signer, "k"), *set;
    struct problem problem;
    struct jwk_found found;
    char reason[512];
    int r;

    change(jwk, row->with);
    set = make_set(jwk, NULL);
    r = find(set, "k", row->alg, &found, &problem);
    if (r != (row->why == NULL ? 0 : -ENOKEY))
        fail_msg("%s, %s: %d, %s", row->alg, row->with, r, problem.reason);
    if (row->why != NULL) {
        (void) snprintf(reason, sizeof(reason),
                        "the ID token is signed with %s and the key 'k', which "
                        "%s",
                        row->alg, row->why);
        assert_string_equal(problem.reason, reason);
    }
    jwk_found_clear(&found);
    cJSON_Delete(set);
}

#define A10  "AAAAAAAAAA"
#define A40  A10 A10 A10 A10
#define A340 A40 A40 A40 A40 A40 A40 A40 A40 A10 A10
#define A43  A40 "AAA"

static void
a_key_must_be_for_this(void **state UNUSED)
{
    static const struct row rows[] = {
        {"RS256", SIGNER_RSA, "{}", NULL},
        {"RS256", SIGNER_RSA, "{\"use\":\"sig\",\"alg\":\"RS256\"}", NULL},
        {"RS256", SIGNER_RSA, "{\"key_ops\":[\"sign\",\"verify\"]}", NULL},
        {"RS256", SIGNER_RSA, "{\"x5c\":[\"x\"],\"x5t\":1,\"ext\":true}", NULL},
        {"RS256", SIGNER_RSA, "{\"use\":\"enc\"}",
         "is not for signatures (use)"},
        {"RS256", SIGNER_RSA, "{\"use\":\"SIG\"}",
         "is not for signatures (use)"},
        {"RS256", SIGNER_RSA, "{\"use\":\"\"}", "is not for signatures (use)"},
        {"RS256", SIGNER_RSA, "{\"use\":[\"sig\"]}",
         "is not for signatures (use)"},
        {"RS256", SIGNER_RSA, "{\"key_ops\":[]}",
         "is not for verifying (key_ops)"},
        {"RS256", SIGNER_RSA, "{\"key_ops\":[\"encrypt\",1]}",
         "is not for verifying (key_ops)"},
        {"RS256", SIGNER_RSA, "{\"key_ops\":\"verify\"}",
         "is not for verifying (key_ops)"},
        {"RS256", SIGNER_RSA, "{\"alg\":\"PS256\"}",
         "is for another algorithm (alg)"},
        {"RS256", SIGNER_RSA, "{\"alg\":\"RS512\"}",
         "is for another algorithm (alg)"},
        {"RS256", SIGNER_RSA, "{\"alg\":\"none\"}",
         "is for another algorithm (alg)"},
        {"RS256", SIGNER_RSA, "{\"alg\":\"\"}",
         "is for another algorithm (alg)"},
        {"RS256", SIGNER_RSA, "{\"alg\":256}",
         "is for another algorithm (alg)"},
        {"RS256", SIGNER_RSA, "{\"kty\":null}", "is of another type (kty)"},
        {"RS256", SIGNER_RSA, "{\"kty\":\"rsa\"}", "is of another type (kty)"},
        {"RS256", SIGNER_RSA, "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
         "is a shared secret (kty oct)"},
        {"RS256", SIGNER_P256, "{}", "is of another type (kty)"},
        {"ES256", SIGNER_RSA, "{}", "is of another type (kty)"},
        {"EdDSA", SIGNER_P256, "{}", "is of another type (kty)"},
        {"RS256", SIGNER_RSA, "{\"d\":\"AQAB\"}",
         "is published with its private part: anybody can sign with it"},
        {"RS256", SIGNER_RSA, "{\"p\":\"AQAB\"}",
         "is published with its private part: anybody can sign with it"},
        {"RS256", SIGNER_RSA, "{\"oth\":[]}",
         "is published with its private part: anybody can sign with it"},
        {"ES256", SIGNER_P256, "{\"d\":\"AQAB\"}",
         "is published with its private part: anybody can sign with it"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++)
        assert_row(&rows[i]);
}

static void
an_rsa_key_is_neither_weak_nor_slow(void **state UNUSED)
{
    static const struct row rows[] = {
        {"RS256", SIGNER_RSA, "{\"e\":\"Aw\"}", NULL},
        {"RS256", SIGNER_RSA, "{\"e\":\"AAEAAQ\"}", NULL},
        {"RS256", SIGNER_WEAK, "{}", "is an RSA key of less than 2048 bits"},
        {"RS256", SIGNER_RSA, "{\"n\":\"AQAB\"}",
         "is an RSA key of less than 2048 bits"},
        /* 256 bytes, but they begin with zeros. */
        {"RS256", SIGNER_RSA, "{\"n\":\"" A340 "_Q\"}",
         "is an RSA key of less than 2048 bits"},
        {"RS256", SIGNER_RSA, "{\"n\":\"_" A340 "A\"}",
         "has an even modulus (n)"},
        {"RS256", SIGNER_RSA,
         "{\"n\":\"_" A340 A340 A340 A340 A340 A340 A340 A340 A10 "A\"}",
         "is an RSA key of more than 16384 bits"},
        {"RS256", SIGNER_RSA,
         "{\"n\":\"_" A340 A340 A340 A340 A340 A340 A340 A340 A340 A340 A340
             A340 A340 "\"}",
         "is malformed"},
        {"RS256", SIGNER_RSA, "{\"n\":null}", "is malformed"},
        {"RS256", SIGNER_RSA, "{\"n\":\"\"}", "is malformed"},
        {"RS256", SIGNER_RSA, "{\"n\":65537}", "is malformed"},
        {"RS256", SIGNER_RSA, "{\"n\":\"AQAB==\"}", "is malformed"},
        {"RS256", SIGNER_RSA, "{\"e\":null}", "is malformed"},
        {"RS256", SIGNER_RSA, "{\"e\":65537}", "is malformed"},
        {"RS256", SIGNER_RSA, "{\"e\":\"AQ\"}", "has an unsafe exponent (e)"},
        {"RS256", SIGNER_RSA, "{\"e\":\"AA\"}", "has an unsafe exponent (e)"},
        {"RS256", SIGNER_RSA, "{\"e\":\"AAAAAQ\"}",
         "has an unsafe exponent (e)"},
        {"RS256", SIGNER_RSA, "{\"e\":\"AQAC\"}", "has an unsafe exponent (e)"},
        {"RS256", SIGNER_RSA, "{\"e\":\"AQAAAAAAAAAB\"}",
         "has an unsafe exponent (e)"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++)
        assert_row(&rows[i]);
}

static void
a_point_is_on_the_curve_of_the_algorithm(void **state UNUSED)
{
    static const struct row rows[] = {
        {"ES256", SIGNER_P256, "{}", NULL},
        {"ES256", SIGNER_P384, "{}", "is on another curve (crv)"},
        {"ES384", SIGNER_P256, "{}", "is on another curve (crv)"},
        {"ES512", SIGNER_P384, "{}", "is on another curve (crv)"},
        {"ES256", SIGNER_P256, "{\"crv\":null}", "is on another curve (crv)"},
        {"ES256", SIGNER_P256, "{\"crv\":\"secp256k1\"}",
         "is on another curve (crv)"},
        {"ES256", SIGNER_P256, "{\"crv\":\"p-256\"}",
         "is on another curve (crv)"},
        {"EdDSA", SIGNER_ED25519, "{\"crv\":\"X25519\"}",
         "is on another curve (crv)"},
        {"EdDSA", SIGNER_ED25519, "{\"crv\":\"Ed448\"}",
         "is on another curve (crv)"},
        {"ES256", SIGNER_P384, "{\"crv\":\"P-256\"}",
         "has an x of a wrong length"},
        {"ES384", SIGNER_P256, "{\"crv\":\"P-384\"}",
         "has an x of a wrong length"},
        {"ES256", SIGNER_P256, "{\"x\":\"AQAB\"}",
         "has an x of a wrong length"},
        {"ES256", SIGNER_P256, "{\"y\":\"AQAB\"}", "has a y of a wrong length"},
        {"ES256", SIGNER_P256, "{\"x\":null}", "is malformed"},
        {"ES256", SIGNER_P256, "{\"y\":null}", "is malformed"},
        {"ES256", SIGNER_P256, "{\"y\":[]}", "is malformed"},
        {"ES256", SIGNER_P256, "{\"x\":\"" A43 "\"}",
         "is no point of its curve"},
        {"ES256", SIGNER_P256, "{\"x\":\"" A43 "\",\"y\":\"" A43 "\"}",
         "is no point of its curve"},
        /* x is larger than the prime. */
        {"ES256", SIGNER_P256,
         "{\"x\":\"__________________________________________8\"}",
         "is no point of its curve"},
        {"EdDSA", SIGNER_ED25519, "{\"x\":\"AQAB\"}",
         "has an x of a wrong length"},
        {"EdDSA", SIGNER_ED25519, "{\"x\":null}", "is malformed"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++)
        assert_row(&rows[i]);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kid_names_its_keys_only),
        cmocka_unit_test(a_key_is_found_behind_others_of_its_kid),
        cmocka_unit_test(each_kind_of_key_is_read),
        cmocka_unit_test(a_few_keys_of_many_are_tried),
        cmocka_unit_test(what_is_no_set_is_refused),
        cmocka_unit_test(a_key_must_be_for_this),
        cmocka_unit_test(an_rsa_key_is_neither_weak_nor_slow),
        cmocka_unit_test(a_point_is_on_the_curve_of_the_algorithm),
    };
    int failed;

    json_init();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    signer_free();
    return failed;
}
