/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "helper/exchange/json.h"
#include "helper/exchange/jwk.h"
#include "helper/exchange/jws.h"
#include "helper/exchange/jwt.h"
#include "tests/lib/signer.h"
#include "tests/lib/test.h"

#define ALL "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA"

/* ---- vectors of the standards -------------------------------------------- */

#define RFC7520_PAYLOAD                                                        \
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9v" \
    "c"                                                                        \
    "i4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZ" \
    "m"                                                                        \
    "VldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZi" \
    "B"                                                                        \
    "0by4"

static const struct {
    const char *what;
    const char *alg;
    const char *jwk;
    const char *input;
    const char *signature;
} vectors[] = {
    {
        "RFC 7515 A.2",
        "RS256",
        "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbj"
        "i9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCg"
        "NMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5"
        "rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Z"
        "wKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"
        "PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog"
        "Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHI"
        "m4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB"
        "--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN938"
        "3LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
        "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    },
    {
        "RFC 7515 A.3",
        "ES256",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV"
        "76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a"
        "0\"}",
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog"
        "Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQx"
        "fKTUJqPP3-Kg6NU1Q",
    },
    {
        "RFC 7515 A.4",
        "ES512",
        "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrD"
        "CLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk\",\"y\""
        ":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd"
        "0AZMaZmh9ubmf63e3kyMj2\"}",
        "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
        "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2S"
        "I-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgz"
        "DO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
    },
    {
        "RFC 7520 4.1",
        "RS256",
        "{\"kty\":\"RSA\",\"kid\":\"bilbo.baggins@hobbiton.example\",\"use\":"
        "\"sig\",\"n\":\"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTe"
        "T-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-Q"
        "tiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6"
        "cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVT"
        "U4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQk"
        "qgc5gHdrNP5zw\",\"e\":\"AQAB\"}",
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZ"
        "SJ9." RFC7520_PAYLOAD,
        "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1"
        "O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-"
        "XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFx"
        "nt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE"
        "_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg",
    },
    {
        "RFC 7520 4.2",
        "PS384",
        "{\"kty\":\"RSA\",\"kid\":\"bilbo.baggins@hobbiton.example\",\"use\":"
        "\"sig\",\"n\":\"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTe"
        "T-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-Q"
        "tiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6"
        "cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVT"
        "U4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQk"
        "qgc5gHdrNP5zw\",\"e\":\"AQAB\"}",
        "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZ"
        "SJ9." RFC7520_PAYLOAD,
        "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPi"
        "d6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8bii"
        "ReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT"
        "3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtf"
        "a64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw",
    },
    {
        "RFC 7520 4.3",
        "ES512",
        "{\"kty\":\"EC\",\"kid\":\"bilbo.baggins@hobbiton.example\",\"use\":\""
        "sig\",\"crv\":\"P-521\",\"x\":\"AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v"
        "13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt\",\"y\":\"AdymlHv"
        "OiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9c"
        "wlGfP-HqHZR1\"}",
        "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZ"
        "SJ9." RFC7520_PAYLOAD,
        "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7"
        "KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQe"
        "ns_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2",
    },
    {
        "RFC 8037 A.4",
        "EdDSA",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7h"
        "cvPapiMlrwIaaPcHURo\"}",
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt"
        "9g7sVvpAr_MuM0KAg",
    },
};

static void
decode(const char *text, struct secret *out)
{
    assert_int_equal(base64url_decode(text, strlen(text), out), 0);
}

static void
find(const char *alg, cJSON *jwk, struct jwk_found *out)
{
    cJSON *set = cJSON_CreateObject();
    struct problem problem = {0};

    cJSON_AddItemToArray(cJSON_AddArrayToObject(set, "keys"), jwk);
    if (jwk_find(set, NULL, jws_algorithm(alg), out, &problem) < 0)
        fail_msg("%s: %s", alg, problem.reason);
    cJSON_Delete(set);
}

static void
the_vectors_of_the_standards_are_verified(void **state UNUSED)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct jws_algorithm *alg = jws_algorithm(vectors[i].alg);
        const char *input = vectors[i].input;
        struct secret signature = {0};
        struct jwk_found found = {0};

        find(vectors[i].alg, cJSON_Parse(vectors[i].jwk), &found);
        decode(vectors[i].signature, &signature);
        if (jws_verify(alg, found.key[0], input, strlen(input), &signature))
            fail_msg("refused: %s", vectors[i].what);
        if (jws_verify(alg, found.key[0], input, strlen(input) - 1, &signature)
            != -EKEYREJECTED)
            fail_msg("taken: %s", vectors[i].what);
        secret_clear(&signature);
        jwk_found_clear(&found);
    }
}

/* ---- the header ---------------------------------------------------------- */

/* reason is NULL for a good header, else how the line begins. */
static void
a_header_is_that_of_an_id_token(void **state UNUSED)
{
    static const struct {
        const char *header;
        const char *reason;
    } rows[] = {
        {"{\"alg\":\"RS256\"}", NULL},
        {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", NULL},
        {"{\"alg\":\"EdDSA\",\"typ\":\"jwt\"}", NULL},
        {"{\"alg\":\"EdDSA\",\"typ\":\"application/JWT\"}", NULL},
        {"{\"alg\":\"PS256\",\"jku\":\"https://evil.example\",\"jwk\":{},"
         "\"x5c\":[\"\"],\"x5u\":\"\",\"kid\":\"1\"}",
         NULL},
        /* RFC 7515 A.5, A.1; RFC 7520 4.4 */
        {"{\"alg\":\"none\"}", "the ID token is not signed (alg is 'none')"},
        {"{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}",
         "the ID token is signed with 'HS256', a shared secret"},
        {"{\"alg\":\"HS256\",\"kid\":\"018c0ae5-4d9b-471b-bfd6-eef314bc7037\"}",
         "the ID token is signed with 'HS256', a shared secret"},
        {"{\"alg\":\"nOnE\"}", "the ID token is not signed (alg is 'nOnE')"},
        {"{\"alg\":\"hs512\"}", "the ID token is signed with 'hs512', a sh"},
        {"{}", "the ID token does not say how it is signed (alg)"},
        {"{\"alg\":\"\"}", "the ID token does not say how"},
        {"{\"alg\":null}", "the ID token does not say how"},
        {"{\"alg\":256}", "the ID token does not say how"},
        {"{\"alg\":[\"RS256\"]}", "the ID token does not say how"},
        {"{\"ALG\":\"RS256\"}", "the ID token does not say how"},
        {"{\"alg\":\"rs256\"}",
         "the ID token is signed with 'rs256', which is not known here"},
        {"{\"alg\":\"RS256 \"}", "the ID token is signed with 'RS256 ', wh"},
        {"{\"alg\":\"RS1\"}", "the ID token is signed with 'RS1', which"},
        {"{\"alg\":\"ES256K\"}", "the ID token is signed with 'ES256K', wh"},
        {"{\"alg\":\"RSA-OAEP\"}", "the ID token is signed with 'RSA-OAEP'"},
        {"{\"alg\":\"dir\"}", "the ID token is signed with 'dir', which"},
        {"{\"alg\":\"RS256 ES256\"}",
         "the ID token is signed with 'RS256 ES256', which is not known"},
        {"{\"alg\":\"RS512\"}",
         "the ID token is signed with RS512, which is not accepted "
         "(signing_algorithms: RS256 PS256 EdDSA)"},
        {"{\"alg\":\"RS256\",\"crit\":[\"exp\"],\"exp\":1}",
         "the ID token needs extensions (crit)"},
        {"{\"alg\":\"RS256\",\"crit\":[]}",
         "the ID token needs extensions (crit)"},
        {"{\"alg\":\"RS256\",\"crit\":null}",
         "the ID token needs extensions (crit)"},
        {"{\"alg\":\"RS256\",\"crit\":[\"b64\"],\"b64\":false}",
         "the ID token needs extensions (crit)"},
        {"{\"alg\":\"RS256\",\"b64\":false}",
         "the ID token has an unencoded payload (b64)"},
        {"{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}",
         "the ID token is of the type (typ) 'at+jwt', not 'JWT'"},
        {"{\"alg\":\"RS256\",\"typ\":\"application/at+jwt\"}",
         "the ID token is of the type (typ) 'application/at+jwt'"},
        {"{\"alg\":\"RS256\",\"typ\":\"logout+jwt\"}",
         "the ID token is of the type (typ) 'logout+jwt'"},
        {"{\"alg\":\"RS256\",\"typ\":\"\"}", "the ID token is of the type"},
        {"{\"alg\":\"RS256\",\"typ\":1}",
         "the ID token has a type (typ) that is no text"},
        {"{\"alg\":\"RS256\",\"typ\":null}", "the ID token has a type (typ)"},
    };
    const struct jws_algorithm *alg;
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        const char *reason = rows[i].reason;
        cJSON *header = cJSON_Parse(rows[i].header);
        struct problem problem = {0};
        int r;

        alg = NULL;
        r = jws_check_header(header, "RS256 PS256 EdDSA", &alg, &problem);
        if (r != (reason != NULL ? -EPROTO : 0)
            || (alg == NULL) != (reason != NULL)
            || (reason != NULL
                && strncmp(problem.reason, reason, strlen(reason)) != 0))
            fail_msg("%s: %s", rows[i].header, problem.reason);
        cJSON_Delete(header);
    }
}

static void
all_that_is_known_can_be_accepted_and_nothing_else(void **state UNUSED)
{
    static const char *const never[] = {"none", "HS256", "HS384", "HS512", ""};
    const struct jws_algorithm *alg = NULL;
    struct problem problem = {0};
    cJSON *header;
    size_t i;

    for (i = 0; i < ARRAY_LEN(never); i++) {
        header = cJSON_CreateObject();
        cJSON_AddStringToObject(header, "alg", never[i]);
        assert_int_equal(jws_check_header(header, ALL " none HS256 HS384 HS512",
                                          &alg, &problem),
                         -EPROTO);
        assert_null(jws_algorithm(never[i]));
        cJSON_Delete(header);
    }
    header = cJSON_Parse("{\"alg\":\"RS256\"}");
    assert_int_equal(jws_check_header(header, ALL, &alg, &problem), 0);
    assert_int_equal(jws_check_header(header, "", &alg, &problem), -EPROTO);
    cJSON_Delete(header);
}

/* ---- our own signatures -------------------------------------------------- */

static const struct {
    const char *alg;
    enum signer signer;
    size_t size;
} all[] = {
    {"RS256", SIGNER_RSA, 256},  {"RS384", SIGNER_RSA, 256},
    {"RS512", SIGNER_RSA, 256},  {"PS256", SIGNER_RSA, 256},
    {"PS384", SIGNER_RSA, 256},  {"PS512", SIGNER_RSA, 256},
    {"ES256", SIGNER_P256, 64},  {"ES384", SIGNER_P384, 96},
    {"ES512", SIGNER_P521, 132}, {"EdDSA", SIGNER_ED25519, 64},
};

static void
input(struct secret *out)
{
    assert_int_equal(secret_append_text(out, "e30.e30", 100), 0);
}

static int
verify(size_t i, const struct secret *data, const struct secret *signature)
{
    struct jwk_found found = {0};
    int r;

    find(all[i].alg, signer_jwk(all[i].signer, NULL), &found);
    r = jws_verify(jws_algorithm(all[i].alg), found.key[0], data->data,
                   data->len, signature);
    jwk_found_clear(&found);
    assert_int_equal(ERR_peek_error(), 0);
    return r;
}

static void
each_algorithm_verifies_its_own_signatures_only(void **state UNUSED)
{
    struct secret data = {0}, signature = {0};
    size_t i, other;
    int r;

    input(&data);
    for (i = 0; i < ARRAY_LEN(all); i++) {
        signer_sign(all[i].alg, all[i].signer, &data, &signature);
        assert_int_equal(signature.len, all[i].size);
        for (other = 0; other < ARRAY_LEN(all); other++) {
            r = verify(other, &data, &signature);
            if (i == other ? r != 0 : r != -EBADMSG && r != -EKEYREJECTED)
                fail_msg("%s as %s: %d", all[i].alg, all[other].alg, r);
        }
        secret_clear(&signature);
    }
    secret_clear(&data);
}

static void
a_signature_has_one_length(void **state UNUSED)
{
    struct secret data = {0}, signature = {0};
    size_t i;

    input(&data);
    for (i = 0; i < ARRAY_LEN(all); i++) {
        signer_sign(all[i].alg, all[i].signer, &data, &signature);
        signature.len--;
        assert_int_equal(verify(i, &data, &signature), -EBADMSG);
        signature.len++;
        assert_int_equal(secret_append(&signature, "", 1, 1000), 0);
        assert_int_equal(verify(i, &data, &signature), -EBADMSG);
        signature.len = 0;
        assert_int_equal(verify(i, &data, &signature), -EBADMSG);
        secret_clear(&signature);
    }
    secret_clear(&data);
}

static void
a_bit_that_is_flipped_spoils_it(void **state UNUSED)
{
    struct secret data = {0}, signature = {0};
    size_t i, bit, step;
    int r;

    input(&data);
    for (i = 0; i < ARRAY_LEN(all); i++) {
        signer_sign(all[i].alg, all[i].signer, &data, &signature);
        step = all[i].size / 4 - 1; /* a prime would do, too */
        for (bit = 0; bit < 8 * all[i].size; bit += step) {
            signature.data[bit / 8] ^= (uint8_t) (1U << bit % 8);
            r = verify(i, &data, &signature);
            if (r != -EKEYREJECTED)
                fail_msg("%s, bit %zu: %d", all[i].alg, bit, r);
            signature.data[bit / 8] ^= (uint8_t) (1U << bit % 8);
        }
        data.data[0] ^= 1;
        assert_int_equal(verify(i, &data, &signature), -EKEYREJECTED);
        data.data[0] ^= 1;
        assert_int_equal(verify(i, &data, &signature), 0);
        secret_clear(&signature);
    }
    secret_clear(&data);
}

/* CVE-2022-21449: each pair of 0, 1 and values around the order. */
static void
a_pair_that_is_no_pair_is_refused(void **state UNUSED)
{
    static const uint8_t order[32] = {
        0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
        0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    };
    uint8_t values[4][32] = {{0}, {0}, {0}, {0}};
    struct secret data = {0};
    size_t i, k;
    int r;

    values[1][31] = 1;
    memcpy(values[2], order, 32);
    memset(values[3], 0xff, 32);
    input(&data);
    for (i = 0; i < 4; i++) {
        for (k = 0; k < 4; k++) {
            struct secret pair = {0};

            assert_int_equal(secret_append(&pair, values[i], 32, 64), 0);
            assert_int_equal(secret_append(&pair, values[k], 32, 64), 0);
            r = verify(6, &data, &pair);
            assert_int_equal(r, i == 0 || k == 0 ? -EBADMSG : -EKEYREJECTED);
            secret_clear(&pair);
        }
    }
    secret_clear(&data);
}

static void
der_is_not_what_is_wanted(void **state UNUSED)
{
    struct secret data = {0}, signature = {0};

    input(&data);
    signer_sign("ESDER", SIGNER_P256, &data, &signature);
    assert_int_equal(verify(6, &data, &signature), -EBADMSG);
    secret_clear(&signature);
    secret_clear(&data);
}

/* RFC 7518 3.5: the salt is as long as the hash. */
static void
pss_with_another_salt_is_refused(void **state UNUSED)
{
    struct secret data = {0}, signature = {0};

    input(&data);
    signer_sign("PS256salt0", SIGNER_RSA, &data, &signature);
    assert_int_equal(verify(3, &data, &signature), -EKEYREJECTED);
    secret_clear(&signature);
    secret_clear(&data);
}

/* RFC 8032 5.1.7: S + L would be another signature of the same text. */
static void
a_second_form_of_an_ed25519_signature_is_refused(void **state UNUSED)
{
    static const uint8_t order[32] = {
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
        0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10,
    };
    struct secret data = {0}, signature = {0};
    unsigned sum = 0;
    size_t i;

    input(&data);
    signer_sign("EdDSA", SIGNER_ED25519, &data, &signature);
    assert_int_equal(verify(9, &data, &signature), 0);
    for (i = 0; i < 32; i++) {
        sum += (unsigned) signature.data[32 + i] + order[i];
        signature.data[32 + i] = (uint8_t) sum;
        sum >>= 8;
    }
    assert_int_equal(verify(9, &data, &signature), -EKEYREJECTED);
    secret_clear(&signature);
    secret_clear(&data);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_standards_are_verified),
        cmocka_unit_test(a_header_is_that_of_an_id_token),
        cmocka_unit_test(all_that_is_known_can_be_accepted_and_nothing_else),
        cmocka_unit_test(each_algorithm_verifies_its_own_signatures_only),
        cmocka_unit_test(a_signature_has_one_length),
        cmocka_unit_test(a_bit_that_is_flipped_spoils_it),
        cmocka_unit_test(a_pair_that_is_no_pair_is_refused),
        cmocka_unit_test(der_is_not_what_is_wanted),
        cmocka_unit_test(a_second_form_of_an_ed25519_signature_is_refused),
        cmocka_unit_test(pss_with_another_salt_is_refused),
    };
    int failed;

    json_init();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    signer_free();
    return failed;
}
