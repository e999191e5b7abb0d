/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "helper/exchange/probe.h"
#include "tests/lib/test.h"

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

static void
each_connection_is_judged_and_has_a_cure(void **state UNUSED)
{
    static const struct {
        struct probe probe;
        size_t count;
        enum level level; /* of the last one */
        const char *text, *advice;
    } cases[] = {
        {{CURLE_OK, "", true, NOW + 90 * DAY},
         2,
         LEVEL_OK,
         "op: its certificate is good for 90 more days",
         ""},
        {{CURLE_OK, "", true, NOW + 14 * DAY},
         2,
         LEVEL_OK,
         "op: its certificate is good for 14 more days",
         ""},
        {{CURLE_OK, "", false, NOW + 14 * DAY - 1},
         2,
         LEVEL_WARNING,
         "op: its certificate is good for 13 more days",
         "have it renewed"},
        {{CURLE_OK, "", true, 0}, 2, LEVEL_SKIPPED, "op: curl does not", ""},
        {{CURLE_PEER_FAILED_VERIFICATION, "self-signed", false, 0},
         1,
         LEVEL_ERROR,
         "cannot connect to op: self-signed",
         "ca_file"},
        {{CURLE_COULDNT_CONNECT, "refused", false, 0},
         1,
         LEVEL_ERROR,
         "cannot connect to op: refused",
         "firewall"},
        {{CURLE_COULDNT_RESOLVE_HOST, "no host", false, 0},
         1,
         LEVEL_ERROR,
         "cannot connect to op: no host",
         "getent"},
        {{CURLE_SEND_ERROR, "odd", false, 0},
         1,
         LEVEL_ERROR,
         "cannot connect to op: odd",
         "curl(1)"},
    };
    struct findings findings = {0};
    const struct finding *last;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        probe_judge(&cases[i].probe, "op", NOW, &findings);
        assert_int_equal(findings.count, cases[i].count);
        last = &findings.item[findings.count - 1];
        assert_int_equal(last->level, cases[i].level);
        assert_memory_equal(last->text, cases[i].text, strlen(cases[i].text));
        assert_non_null(strstr(last->advice, cases[i].advice));
        if (cases[i].count == 2)
            assert_string_equal(findings.item[0].text,
                                cases[i].probe.tls13
                                    ? "op: connected, TLS 1.3"
                                    : "op: connected, TLS 1.2");
        findings_clear(&findings);
    }
}

static void
where_nobody_listens_there_is_no_connection(void **state UNUSED)
{
    struct settings settings = {.timeout = 2};
    struct probe probe = {0};

    assert_int_equal(probe_run(&settings, "https://127.0.0.1:1/", &probe), 0);
    assert_int_equal(probe.code, CURLE_COULDNT_CONNECT);
    assert_false(probe.tls13);
    assert_int_equal(probe.expires, 0);
    assert_true(probe.detail[0] != '\0');
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_connection_is_judged_and_has_a_cure),
        cmocka_unit_test(where_nobody_listens_there_is_no_connection),
    };

    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
