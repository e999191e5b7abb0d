/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <seccomp.h>

#include "helper/exchange/landlock.h"
#include "helper/exchange/sandbox.h"
#include "tests/lib/child.h"
#include "tests/lib/forbidden.h"
#include "tests/lib/test.h"

#define NOT_TRIED (-1)
#define NOBODYS   61500 /* a uid and gid */

/* What the children leave behind; shared with them. */
static struct report {
    int got[300];
    char text[SANDBOX_REPORT];
} * report;

static struct forbidden_place place;
static uid_t uid; /* of the child */
static int abi;   /* of Landlock, as the child is told; 0: the kernel's */

int __real_landlock_abi(void);
int
__wrap_landlock_abi(void)
{
    return abi != 0 ? abi : __real_landlock_abi();
}

static int
kernels_abi(void)
{
    int known = __real_landlock_abi();

    return known > 0 ? known : 0;
}

/* ---- the place ------------------------------------------------------------- */

static int
listen_tcp(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_not_equal(fd, -1);
    assert_int_equal(bind(fd, (struct sockaddr *) &at, len), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static int
listen_abstract(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t len;

    (void) snprintf(place.abstract, sizeof(place.abstract), "forbidden-%d",
                    (int) getpid());
    len = strlen(place.abstract);
    memcpy(at.sun_path + 1, place.abstract, len);
    len += offsetof(struct sockaddr_un, sun_path) + 1;
    assert_int_equal(bind(fd, (struct sockaddr *) &at, (socklen_t) len), 0);
    assert_int_equal(listen(fd, 64), 0);
    return fd;
}

static void
make_dir(char *path, size_t size)
{
    char old[160];
    int fd;

    (void) snprintf(path, size, "/var/tmp/forbidden-XXXXXX");
    assert_non_null(mkdtemp(path));
    (void) snprintf(old, sizeof(old), "%s/old", path);
    fd = open(old, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_not_equal(fd, -1);
    close(fd);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, uid, uid), 0);
        assert_int_equal(chown(old, uid, uid), 0);
    }
}

static void
remove_dir(const char *path)
{
    static const char *const names[] = {"old", "new", "moved", "socket"};
    char name[160];
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++) {
        (void) snprintf(name, sizeof(name), "%s/%s", path, names[i]);
        (void) unlink(name);
    }
    (void) snprintf(name, sizeof(name), "%s/dir", path);
    (void) rmdir(name);
    assert_int_equal(rmdir(path), 0);
}

/* A process of the same uid, that does nothing. */
static pid_t
other_process(void)
{
    pid_t pid = fork();

    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (uid != geteuid() && become(uid, uid) == -1)
            _exit(1);
        for (;;)
            pause();
    }
    return pid;
}

/* ---- a child in the sandbox --------------------------------------------------- */

/* As helper/exchange does it. */
static int
enter(enum forbidden_when when)
{
    struct sandbox_files files = {.cache_dir = -1};

    if (when != FORBIDDEN_LATER) {
        files.cache_dir = open(place.cache, O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK(files.cache_dir != -1);
    }
    CHECK_EQUAL(sandbox_begin(when != FORBIDDEN_LATER), 0);
    sandbox_enter(&files);
    if (when != FORBIDDEN_UNKNOWN)
        sandbox_ports(&place.good_port, 1);
    (void) sandbox_report(report->text);
    return 0;
}

static int
try_all(enum forbidden_when when)
{
    size_t i;

    if (uid != geteuid() && become(uid, uid) == -1)
        return 1;
    if (enter(when) != 0)
        return 1;
    for (i = 0; i < forbidden_n; i++)
        report->got[i] = forbidden_try(&forbidden[i], &place);
    return 0;
}

static void
run_child(enum forbidden_when when)
{
    int status = -1;
    pid_t pid;
    size_t i;

    for (i = 0; i < forbidden_n; i++)
        report->got[i] = NOT_TRIED;
    fflush(stdout);
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0)
        _exit(try_all(when)); /* no exit handlers: LeakSanitizer would fork */
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0)
        print_message("# the child ended with status 0x%x\n",
                      (unsigned) status);
}

/* Whether the kernel, or the one that is played, has what refuses this row. */
static bool
is_in_force(const struct forbidden *row, enum forbidden_when when)
{
    int known = abi != 0 ? abi : kernels_abi();

    if (row->abi == 0)
        return strstr(report->text, ", seccomp") != NULL;
    return row->abi <= known || row->expected[when] == 0;
}

static void
check_rows(enum forbidden_when when)
{
    const struct forbidden *row;
    unsigned bad = 0, skipped = 0;
    size_t i;

    for (i = 0; i < forbidden_n; i++) {
        row = &forbidden[i];
        if (!is_in_force(row, when)) {
            skipped++;
            continue;
        }
        if (report->got[i] == row->expected[when])
            continue;
        print_message("# %s: %s instead of %s\n", row->name,
                      report->got[i] == NOT_TRIED ? "not tried"
                                                  : strerror(report->got[i]),
                      strerror(row->expected[when]));
        bad++;
    }
    print_message("# %zu things tried, %u not: this kernel is too old\n",
                  forbidden_n - skipped, skipped);
    print_message("# %s\n", report->text);
    assert_int_equal(bad, 0);
}

static void
try_as(uid_t who, enum forbidden_when when)
{
    int good, bad, abstract;

    if (getenv("VALGRIND") != NULL)
        SKIP("valgrind makes system calls of its own");
    uid = who;
    good = listen_tcp(&place.good_port);
    bad = listen_tcp(&place.bad_port);
    abstract = listen_abstract();
    make_dir(place.cache, sizeof(place.cache));
    make_dir(place.outside, sizeof(place.outside));
    place.other = other_process();
    run_child(when);
    kill(place.other, SIGKILL);
    waitpid(place.other, NULL, 0);
    remove_dir(place.cache);
    remove_dir(place.outside);
    close(abstract);
    close(bad);
    close(good);
    check_rows(when);
}

static void
all_is_refused_at_a_login(void **state UNUSED)
{
    try_as(geteuid(), FORBIDDEN_LOGIN);
}

static void
all_but_ports_is_refused_at_a_login_before_discovery(void **state UNUSED)
{
    try_as(geteuid(), FORBIDDEN_UNKNOWN);
}

static void
all_is_refused_at_a_renewal(void **state UNUSED)
{
    try_as(geteuid(), FORBIDDEN_LATER);
}

static void
all_is_refused_to_an_unprivileged_user_at_a_login(void **state UNUSED)
{
    NEED_ROOT();
    try_as(NOBODYS, FORBIDDEN_LOGIN);
}

static void
all_is_refused_to_an_unprivileged_user_at_a_renewal(void **state UNUSED)
{
    NEED_ROOT();
    try_as(NOBODYS, FORBIDDEN_LATER);
}

static void
on_an_older_kernel_what_it_knows_is_refused(void **state UNUSED)
{
    int newest = kernels_abi();

    if (newest == 0)
        SKIP("no Landlock here");
    for (abi = 1; abi < newest; abi++)
        try_as(geteuid(), FORBIDDEN_LATER);
    abi = 0;
}

static int
abi_reset(void **state UNUSED)
{
    abi = 0;
    return 0;
}

/* ---- what ends the process ------------------------------------------------------ */

#ifdef __x86_64__
static void
int80(void)
{
    long r = 20; /* getpid() of i386: harmless */

    __asm__ volatile("int $0x80" : "+a"(r) : : "memory");
}

static void
x32(void)
{
    (void) syscall(0x40000000 + SYS_getpid);
}

static void
dies_of(void (*function)(void))
{
    int status = -1;
    pid_t pid;

    if (getenv("VALGRIND") != NULL)
        SKIP("valgrind makes system calls of its own");
    fflush(stdout);
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        if (sandbox_begin(false) < 0
            || strstr(sandbox_report(report->text), ", seccomp") == NULL)
            _exit(CHILD_SKIP);
        function();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_SKIP)
        SKIP("no seccomp here");
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
    assert_false(WCOREDUMP(status));
}
#endif

static void
a_call_of_a_foreign_architecture_ends_it(void **state UNUSED)
{
#ifdef __x86_64__
    dies_of(int80);
    dies_of(x32);
#else
    SKIP("only known of x86-64");
#endif
}

/* ---- limits, and the report -------------------------------------------------------- */

static rlim_t
limit_of(unsigned resource)
{
    struct rlimit limit = {1, 2};

    (void) getrlimit(resource, &limit);
    return limit.rlim_cur == limit.rlim_max ? limit.rlim_max : RLIM_INFINITY;
}

static int
child_begun(void)
{
    char text[SANDBOX_REPORT];
    struct sigaction action;

    CHECK_EQUAL(sandbox_begin(false), 0);
    CHECK_EQUAL(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    CHECK_EQUAL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    CHECK_EQUAL(limit_of(RLIMIT_CORE), 0);
    CHECK_EQUAL(limit_of(RLIMIT_FSIZE), 0);
    CHECK_EQUAL(limit_of(RLIMIT_MEMLOCK), 0);
    CHECK_EQUAL(limit_of(RLIMIT_MSGQUEUE), 0);
    CHECK_EQUAL(limit_of(RLIMIT_NOFILE), 64);
    CHECK(limit_of(RLIMIT_CPU) <= 120);
    CHECK_EQUAL(sigaction(SIGXFSZ, NULL, &action), 0);
    CHECK(action.sa_handler == SIG_IGN);
    CHECK_EQUAL(sigaction(SIGTERM, NULL, &action), 0);
    CHECK(action.sa_handler == SIG_IGN);
    CHECK(
        strncmp(sandbox_report(text), "no_new_privs, not dumpable, limits", 34)
        == 0);
    CHECK(strstr(text, "landlock") == NULL);
    return 0;
}

static int
child_with_lower_limits(void)
{
    const struct rlimit few = {16, 16};

    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &few), 0);
    CHECK_EQUAL(sandbox_begin(true), 0);
    CHECK_EQUAL(limit_of(RLIMIT_NOFILE), 16);
    return 0;
}

static int
child_not_begun(void)
{
    const struct sandbox_files files = {.cache_dir = -1};
    const uint16_t port = 443;
    char text[SANDBOX_REPORT] = "x";

    sandbox_enter(&files);
    sandbox_ports(&port, 1);
    CHECK_EQUAL(open("/etc/passwd", O_RDONLY | O_CLOEXEC) == -1, 0);
    CHECK_EQUAL(sandbox_report(text)[0], '\0');
    return 0;
}

/* A kernel that refuses this call. */
static int
refuse(int number, int error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int r;

    r = seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned) error), number, 0);
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    return r;
}

static int
child_without(int number, int error, const char *reported)
{
    const struct sandbox_files files = {.cache_dir = -1};
    char text[SANDBOX_REPORT];

    CHECK_EQUAL(refuse(number, error), 0);
    CHECK_EQUAL(sandbox_begin(false), 0);
    sandbox_enter(&files);
    sandbox_ports(NULL, 0);
    if (strstr(sandbox_report(text), reported) == NULL) {
        fprintf(stderr, "# %s\n", text);
        return 1;
    }
    return 0;
}

static int
child_without_landlock(void)
{
    return child_without(444, ENOSYS,
                         "; not in force: landlock (Function not "
                         "implemented)");
}

static int
child_with_landlock_off(void)
{
    return child_without(444, EOPNOTSUPP,
                         "; not in force: landlock (Operation not supported)");
}

static int
child_where_landlock_is_refused(void)
{
    return child_without(446, EPERM,
                         "; not in force: files (Operation not permitted), "
                         "tcp ports (Operation not permitted)");
}

static int
child_without_seccomp(void)
{
    return child_without(SCMP_SYS(seccomp), EINVAL,
                         "; not in force: seccomp (Invalid argument)");
}

static void
at_once_memory_limits_and_signals_are_set(void **state UNUSED)
{
    if (getenv("VALGRIND") != NULL)
        SKIP("valgrind needs more memory than that, and other limits");
    in_child(child_begun);
}

static void
a_limit_that_is_lower_stays(void **state UNUSED)
{
    if (getenv("VALGRIND") != NULL)
        SKIP("valgrind needs more memory than that, and other limits");
    in_child(child_with_lower_limits);
}

static void
nothing_is_given_up_without_a_beginning(void **state UNUSED)
{
    in_child(child_not_begun);
}

static void
what_the_kernel_refuses_is_told_and_no_error(void **state UNUSED)
{
    if (getenv("VALGRIND") != NULL)
        SKIP("valgrind makes system calls of its own");
    in_child(child_without_seccomp);
    in_child(child_without_landlock);
    in_child(child_with_landlock_off);
    in_child(child_where_landlock_is_refused);
}

/* ---- ports --------------------------------------------------------------------------- */

#define URL(text)                                                              \
    (char[])                                                                   \
    {                                                                          \
        text                                                                   \
    }

static void
the_ports_are_those_of_the_endpoints_or_of_the_proxy(void **state UNUSED)
{
    const struct {
        struct settings settings;
        uint16_t ports[SANDBOX_PORTS_MAX];
    } cases[] = {
        {{0}, {0}},
        {{.issuer = URL("https://a:1/")}, {0}},
        {{.token_endpoint = URL("https://a/t")}, {443}},
        {{.token_endpoint = URL("https://a:8443/t"),
          .revocation_endpoint = URL("https://a:8443/r")},
         {8443}},
        {{.token_endpoint = URL("http://localhost/t"),
          .revocation_endpoint = URL("https://[::1]:2/r"),
          .device_authorization_endpoint = URL("https://a:3/"),
          .jwks_uri = URL("https://a:4/"),
          .userinfo_endpoint = URL("https://a:5/"),
          .introspection_endpoint = URL("https://a:6/")},
         {80, 2, 5, 6, 4, 3}},
        {{.token_endpoint = URL("https://a:8443/"),
          .proxy = URL("http://proxy:3128")},
         {3128}},
        {{.proxy = URL("http://proxy")}, {1080}},
        {{.proxy = URL("https://proxy")}, {443}},
        {{.proxy = URL("socks5://proxy")}, {1080}},
        {{.proxy = URL("socks5h://proxy:9050/")}, {9050}},
    };
    uint16_t ports[SANDBOX_PORTS_MAX];
    size_t i, n, k;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        n = sandbox_ports_of(&cases[i].settings, ports);
        for (k = 0; k < n; k++)
            if (ports[k] != cases[i].ports[k])
                fail_msg("case %zu: port %u", i, ports[k]);
        assert_int_equal(cases[i].ports[n], 0);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_refused_at_a_login),
        cmocka_unit_test(all_but_ports_is_refused_at_a_login_before_discovery),
        cmocka_unit_test(all_is_refused_at_a_renewal),
        cmocka_unit_test(all_is_refused_to_an_unprivileged_user_at_a_login),
        cmocka_unit_test(all_is_refused_to_an_unprivileged_user_at_a_renewal),
        cmocka_unit_test_teardown(on_an_older_kernel_what_it_knows_is_refused,
                                  abi_reset),
        cmocka_unit_test(a_call_of_a_foreign_architecture_ends_it),
        cmocka_unit_test(at_once_memory_limits_and_signals_are_set),
        cmocka_unit_test(a_limit_that_is_lower_stays),
        cmocka_unit_test(nothing_is_given_up_without_a_beginning),
        cmocka_unit_test(what_the_kernel_refuses_is_told_and_no_error),
        cmocka_unit_test(the_ports_are_those_of_the_endpoints_or_of_the_proxy),
    };

    report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report == MAP_FAILED || forbidden_n > ARRAY_LEN(report->got))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
