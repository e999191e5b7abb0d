/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "helper/cli/host.h"
#include "tests/lib/test.h"

/* One that lacks nothing. */
static struct host
good_host(void)
{
    return (struct host){
        .module = {.mode = S_IFREG | 0644},
        .helper = {.mode = S_IFREG | 0711},
        .exchange = {.mode = S_IFREG | 0711},
        .cache = {.mode = S_IFDIR | 0755, .uid = 990},
        .run = {.mode = S_IFDIR | 0700},
        .user = true,
        .group = true,
        .user_id = 990,
        .root_maxkeys = 1000000,
        .root_maxbytes = 25000000,
        .maxkeys = 200,
        .maxbytes = 20000,
        .gc_delay = 300,
        .landlock = 1,
        .seccomp = true,
        .yama_scope = -1,
    };
}

static void
a_good_host_gives_no_warning(void **state UNUSED)
{
    struct host host = good_host();
    struct findings findings = {0};

    host_judge(&host, &findings);
    assert_int_equal(findings_count(&findings, LEVEL_OK), findings.count);
    assert_int_equal(findings.count, 13);
    findings_clear(&findings);
    host.run = (struct host_file){.error = ENOENT}; /* until the first login */
    host_judge(&host, &findings);
    assert_int_equal(findings_count(&findings, LEVEL_OK), findings.count);
    findings_clear(&findings);
}

/* The only thing that is wrong. */
static void
expect(const struct host *host, enum level level, const char *text,
       const char *advice)
{
    struct findings findings = {0};
    size_t i, found = 0;

    host_judge(host, &findings);
    for (i = 0; i < findings.count; i++) {
        if (findings.item[i].level == LEVEL_OK)
            continue;
        found++;
        if (strstr(findings.item[i].text, text) == NULL
            || strstr(findings.item[i].advice, advice) == NULL)
            fail_msg("%s -> %s", findings.item[i].text,
                     findings.item[i].advice);
        assert_int_equal(findings.item[i].level, level);
    }
    assert_int_equal(found, 1);
    findings_clear(&findings);
}

static void
programs_must_be_roots_and_0711(void **state UNUSED)
{
    static const struct {
        struct host_file file;
        enum level level;
        const char *text;
    } cases[] = {
        {{.error = ENOENT}, LEVEL_ERROR, "No such file"},
        {{.mode = S_IFLNK | 0777}, LEVEL_ERROR, "is not a regular file"},
        {{.mode = S_IFREG | 0711, .uid = 1}, LEVEL_ERROR, "belong to root"},
        {{.mode = S_IFREG | 0713}, LEVEL_ERROR, "may be written by others"},
        {{.mode = S_IFREG | 0700}, LEVEL_ERROR, "not executable for everybody"},
        {{.mode = S_IFREG | 0755}, LEVEL_WARNING, "others may read it"},
        {{.mode = S_IFREG | 04711}, LEVEL_WARNING, "others may read it"},
    };
    struct host host;
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        host = good_host();
        host.helper = cases[i].file;
        expect(&host, cases[i].level, cases[i].text, "");
        host = good_host();
        host.exchange = cases[i].file;
        expect(&host, cases[i].level, cases[i].text, "");
    }
    host = good_host();
    host.module.mode = S_IFREG | 0664;
    expect(&host, LEVEL_ERROR, "written by others", "chmod 0644");
    host.module = (struct host_file){.error = ENOENT};
    expect(&host, LEVEL_ERROR, MODULE_PATH, "install");
}

static void
user_and_directories_are_needed(void **state UNUSED)
{
    struct host host = good_host();

    host.user = false;
    expect(&host, LEVEL_ERROR, OIDC_USER " does not exist", "sysusers");
    host = good_host();
    host.group = false;
    expect(&host, LEVEL_ERROR, OIDC_USER " does not exist", "sysusers");
    host = good_host();
    memcpy(host.member, "bob", 4);
    expect(&host, LEVEL_ERROR, "bob is in the group " OIDC_USER, "gpasswd -d");
    host.primary = true;
    expect(&host, LEVEL_ERROR, "bob is in the group " OIDC_USER, "usermod -g");
    host = good_host();
    host.cache.error = ENOENT;
    expect(&host, LEVEL_WARNING, CACHE_PATH, "tmpfiles");
    host = good_host();
    host.cache.uid = 0;
    expect(&host, LEVEL_WARNING, CACHE_PATH ": must be", "tmpfiles");
    host = good_host();
    host.cache.mode |= 020;
    expect(&host, LEVEL_WARNING, CACHE_PATH ": must be", "tmpfiles");
    host = good_host();
    host.run.mode |= 01;
    expect(&host, LEVEL_ERROR, RUN_PATH ": must be root's", "remove it");
    host = good_host();
    host.run.uid = 7;
    expect(&host, LEVEL_ERROR, RUN_PATH ": must be root's", "remove it");
}

static void
a_quota_is_judged_by_the_sessions_that_fit(void **state UNUSED)
{
    struct host host = good_host();

    host.root_keys = host.root_maxkeys - 199;
    expect(&host, LEVEL_WARNING, "room for 19 more sessions", "root_maxkeys");
    host.root_keys = host.root_maxkeys - 9;
    expect(&host, LEVEL_ERROR, "room for 0 more sessions", "root_maxkeys");
    host.root_keys = 0;
    host.root_bytes = host.root_maxbytes + 5;
    expect(&host, LEVEL_ERROR, "room for 0 more sessions", "root_maxbytes");
    host.root_bytes = -1;
    expect(&host, LEVEL_SKIPPED, "does not tell root's key quota", "");
    host = good_host();
    host.maxbytes = 2000;
    expect(&host, LEVEL_WARNING, "users: 200 keys and 2000 bytes", "maxbytes");
    host = good_host();
    host.gc_delay = 86400;
    expect(&host, LEVEL_WARNING, "count for 86400 s more", "gc_delay");
}

static void
what_the_kernel_lacks_is_said(void **state UNUSED)
{
    struct host host = good_host();

    host.keyrings = ENOSYS;
    expect(&host, LEVEL_ERROR, "keyrings: Function not", "container");
    host = good_host();
    host.pidfd = EPERM;
    expect(&host, LEVEL_ERROR, "pidfd: Operation not", "container");
    host = good_host();
    host.landlock = -EOPNOTSUPP;
    expect(&host, LEVEL_WARNING, "Landlock: Operation not", "lsm=");
    host = good_host();
    host.seccomp = false;
    expect(&host, LEVEL_WARNING, "seccomp: not there", "CONFIG_SECCOMP");
}

static void
roots_use_of_keys_is_its_line_of_key_users(void **state UNUSED)
{
    int64_t keys = -1, bytes = -1;

    assert_true(
        host_parse_key_users(" 1000:     3 3/3 3/200 34/20000\n"
                             "    0:    74 73/73 66/1000000 1296/25000000\n",
                             &keys, &bytes));
    assert_int_equal(keys, 66);
    assert_int_equal(bytes, 1296);
    assert_false(host_parse_key_users(" 1000:     3 3/3 3/200 34/20000\n",
                                      &keys, &bytes));
    assert_false(host_parse_key_users("0: what\n\n0", &keys, &bytes));
    assert_false(host_parse_key_users("", &keys, &bytes));
}

static void
this_host_has_keys_and_process_descriptors(void **state UNUSED)
{
    struct host host;

    if (getenv("VALGRIND") != NULL)
        SKIP("valgrind before 3.21 has no pidfd_open");
    host_look(&host);
    assert_int_equal(host.pidfd, 0);
    assert_int_equal(host.keyrings, 0);
    assert_true(host.root_maxkeys > 0);
    assert_true(host.maxbytes > 0);
    assert_int_equal(host.exchange.error, 0); /* the tests' own */
    assert_true(S_ISREG(host.exchange.mode));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_host_gives_no_warning),
        cmocka_unit_test(programs_must_be_roots_and_0711),
        cmocka_unit_test(user_and_directories_are_needed),
        cmocka_unit_test(a_quota_is_judged_by_the_sessions_that_fit),
        cmocka_unit_test(what_the_kernel_lacks_is_said),
        cmocka_unit_test(roots_use_of_keys_is_its_line_of_key_users),
        cmocka_unit_test(this_host_has_keys_and_process_descriptors),
    };

    return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
