/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <curl/curl.h>

#include "helper/exchange/denied.h"
#include "helper/exchange/landlock.h"
#include "helper/exchange/sandbox.h"
#include "helper/exchange/url.h"

#define PORT_DNS 53

/* A sanitizer reserves terabytes of addresses. */
#ifdef __SANITIZE_ADDRESS__
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

/*
 * What is in force in this process: it cannot be undone, nor held by anything
 * smaller.  1: not tried; 0: in force; otherwise the negative errno.
 */
static struct {
    bool begun;
    int seccomp;
    int abi; /* of Landlock, or why there is none */
    int files;
    int ports;
} in_force;

/* ---- the first step -------------------------------------------------------- */

static const struct limit {
    unsigned resource; /* the type differs between libcs */
    rlim_t most;
} limits[] = {
    {RLIMIT_CORE, 0},
    {RLIMIT_MEMLOCK, 0},
    {RLIMIT_MSGQUEUE, 0},
    {RLIMIT_NOFILE, 64}, /* curl and a resolver need about 15 */
    {RLIMIT_CPU, 120},   /* a login may poll for long, with little work */
#ifndef WITH_ASAN
    {RLIMIT_AS, 512UL * 1024 * 1024},
#endif
};

/* Lower it for good; a limit that is lower already stays. */
static int
limit(unsigned resource, rlim_t most)
{
    struct rlimit now;

    if (getrlimit(resource, &now) == -1)
        return -errno;
    now.rlim_max = most < now.rlim_max ? most : now.rlim_max;
    now.rlim_cur = now.rlim_max;
    return setrlimit(resource, &now) == -1 ? -errno : 0;
}

static int
limit_all(bool may_write)
{
    size_t i;
    int r;

    /* Of one file; pipes and sockets have none.  An answer of 1 MiB fits. */
    r = limit(RLIMIT_FSIZE, may_write ? 1024 * 1024 + 64 * 1024 : 0);
    for (i = 0; i < ARRAY_LEN(limits) && r == 0; i++)
        r = limit(limits[i].resource, limits[i].most);
    return r;
}

/*
 * A caller that is gone must not end us, nor must the end of a session's
 * processes, or of all: what was obtained is still to be stored or revoked.  Our
 * time is bounded, and a caller that hangs up ends us.
 */
static int
ignore_signals(void)
{
    static const int signals[] = {SIGPIPE, SIGHUP, SIGTERM, SIGXFSZ};
    size_t i;

    for (i = 0; i < ARRAY_LEN(signals); i++)
        if (signal(signals[i], SIG_IGN) == SIG_ERR)
            return -errno;
    return 0;
}

int
sandbox_begin(bool may_write)
{
    int r;

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1
        || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        return -errno;
    r = ignore_signals();
    if (r == 0)
        r = limit_all(may_write);
    if (r < 0)
        return r;
    in_force.begun = true;
    in_force.abi = in_force.files = in_force.ports = 1;
    in_force.seccomp = denied_load(may_write);
    return 0;
}

/* ---- the second step --------------------------------------------------------- */

/*
 * What TLS and getaddrinfo() read, on the distributions we know of.  Not /proc,
 * not /home, and of /etc nothing that names users.  A link stands for what it
 * points to.
 */
static const char *const readable[] = {
    /* certificates, and the settings of OpenSSL */
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/usr/lib/ssl",
    "/usr/share/ca-certificates",
    "/usr/share/crypto-policies",
    "/usr/share/pki",
    "/usr/local/share/ca-certificates",
    "/var/lib/ca-certificates",
    "/proc/sys/crypto", /* whether FIPS 140 is asked for */
    "/dev/urandom",
    /* names; a file that is made anew keeps its directory */
    "/etc/resolv.conf",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/mdns.allow",
    "/etc/services",
    "/etc/protocols",
    /* libraries that OpenSSL and getaddrinfo() load */
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/etc/ld.so.cache",
    /* what an earlier login has found out about the provider */
    CACHE_PATH,
};

/* At a renewal it comes from an exchange that may have been taken over. */
static bool
is_file_of_root(const char *path)
{
    struct stat st;

    return path != NULL && stat(path, &st) == 0 && S_ISREG(st.st_mode)
           && st.st_uid == 0;
}

void
sandbox_enter(const struct sandbox_files *files)
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    const char *own[] = {
        is_file_of_root(files->ca_file) ? files->ca_file : NULL,
        curl->cainfo,
        curl->capath,
    };
    const char *paths[ARRAY_LEN(readable) + ARRAY_LEN(own) + 1];
    size_t i, n = ARRAY_LEN(readable);

    if (!in_force.begun)
        return;
    memcpy(paths, readable, sizeof(readable));
    for (i = 0; i < ARRAY_LEN(own); i++)
        if (own[i] != NULL)
            paths[n++] = own[i];
    paths[n] = NULL;
    in_force.abi = landlock_abi();
    if (in_force.abi > 0)
        in_force.files = landlock_files(in_force.abi, paths, files->cache_dir);
}

/* ---- the third step ---------------------------------------------------------- */

void
sandbox_ports(const uint16_t *ports, size_t n)
{
    uint16_t all[SANDBOX_PORTS_MAX + 1] = {PORT_DNS};

    if (!in_force.begun || in_force.abi <= 0)
        return;
    n = n < SANDBOX_PORTS_MAX ? n : SANDBOX_PORTS_MAX;
    if (n > 0)
        memcpy(all + 1, ports, n * sizeof(*ports));
    in_force.ports = landlock_ports(in_force.abi, all, n + 1);
}

/* Where curl goes when a proxy has no port. */
static uint16_t
proxy_port(const char *proxy)
{
    return url_port(proxy, strncmp(proxy, "https:", 6) == 0 ? 443 : 1080);
}

static size_t
put_port(uint16_t port, uint16_t *out, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (out[i] == port)
            return n;
    if (port != 0)
        out[n++] = port;
    return n;
}

size_t
sandbox_ports_of(const struct settings *settings,
                 uint16_t out[SANDBOX_PORTS_MAX])
{
    const char *const urls[] = {
        settings->token_endpoint,    settings->revocation_endpoint,
        settings->userinfo_endpoint, settings->introspection_endpoint,
        settings->jwks_uri,          settings->device_authorization_endpoint,
    };
    size_t i, n = 0;

    if (settings->proxy != NULL)
        return put_port(proxy_port(settings->proxy), out, 0);
    for (i = 0; i < ARRAY_LEN(urls); i++)
        if (urls[i] != NULL)
            n = put_port(url_port(urls[i], 0), out, n);
    return n;
}

/* ---- the report -------------------------------------------------------------- */

struct line {
    char *text;
    size_t len;
};

static void PRINTF(2, 3) say(struct line *line, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line->text + line->len, SANDBOX_REPORT - line->len, format,
                  args);
    va_end(args);
    line->len += n > 0 ? (size_t) n : 0;
    if (line->len >= SANDBOX_REPORT)
        line->len = SANDBOX_REPORT - 1; /* cut */
}

static void
say_landlock(struct line *line)
{
    bool net = in_force.abi >= LANDLOCK_ABI_NET;

    if (in_force.abi <= 0 || in_force.files != 0)
        return;
    say(line, ", landlock %d (files", in_force.abi);
    if (net)
        say(line, in_force.ports == 0 ? ", tcp" : ", tcp bind");
    if (in_force.abi >= LANDLOCK_ABI_SCOPES)
        say(line, ", scopes");
    say(line, ")");
}

static void
say_refused(struct line *line, const char *what, int r)
{
    if (r >= 0)
        return;
    say(line, strstr(line->text, "; ") == NULL ? "; not in force: " : ", ");
    say(line, "%s (%s)", what, strerror(-r));
}

const char *
sandbox_report(char out[SANDBOX_REPORT])
{
    struct line line = {.text = out};

    *out = '\0';
    if (!in_force.begun)
        return out;
    say(&line, "no_new_privs, not dumpable, limits%s",
        in_force.seccomp == 0 ? ", seccomp" : "");
    say_landlock(&line);
    say_refused(&line, "seccomp", in_force.seccomp);
    say_refused(&line, "landlock", in_force.abi);
    say_refused(&line, "files", in_force.files);
    say_refused(&line, "tcp ports", in_force.ports);
    if (in_force.files == 0 && in_force.abi < LANDLOCK_ABI_SCOPES)
        say_refused(&line, "scopes", -EOPNOTSUPP);
    return out;
}
