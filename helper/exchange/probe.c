/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "helper/exchange/http.h"
#include "helper/exchange/probe.h"

#define DAY    INT64_C(86400)
#define EXPIRY "Expire date:"

/* ---- doing ----------------------------------------------------------------- */

/* Of the first certificate, which is the server's own. */
static int64_t
read_expiry(CURL *curl)
{
    const struct curl_certinfo *chain = NULL;
    const struct curl_slist *line;

    if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK
        || chain == NULL || chain->num_of_certs < 1)
        return 0;
    for (line = chain->certinfo[0]; line != NULL; line = line->next)
        if (strncasecmp(line->data, EXPIRY, strlen(EXPIRY)) == 0) {
            time_t end = curl_getdate(line->data + strlen(EXPIRY), NULL);

            return end > 0 ? (int64_t) end : 0;
        }
    return 0;
}

static int
connect_with(const struct settings *settings, const char *url, long version,
             struct probe *out)
{
    struct http_reply reply = {0};
    struct http http = {0};
    int r;

    r = http_open(&http, settings);
    if (r == 0
        && (curl_easy_setopt(http.curl, CURLOPT_CONNECT_ONLY, 1L) != CURLE_OK
            || curl_easy_setopt(http.curl, CURLOPT_CERTINFO, 1L) != CURLE_OK
            || curl_easy_setopt(http.curl, CURLOPT_SSLVERSION, version)
                   != CURLE_OK))
        r = -ENOTSUP;
    if (r == 0)
        r = http_get(&http, url, &reply);
    if (r == 0) {
        out->code = reply.code;
        memcpy(out->detail, reply.detail, sizeof(out->detail));
        out->expires = reply.code == CURLE_OK ? read_expiry(http.curl) : 0;
    }
    http_reply_clear(&reply);
    http_close(&http);
    return r;
}

int
probe_run(const struct settings *settings, const char *url, struct probe *out)
{
    struct probe probe = {0};
    int r;

    /* curl does not say which version it got: so the newest, then the other. */
    r = connect_with(settings, url, CURL_SSLVERSION_TLSv1_3, &probe);
    probe.tls13 = probe.code == CURLE_OK;
    if (r == 0 && probe.code == CURLE_SSL_CONNECT_ERROR)
        r = connect_with(settings, url, CURL_SSLVERSION_TLSv1_2, &probe);
    if (r == 0)
        *out = probe;
    return r;
}

/* ---- judging --------------------------------------------------------------- */

static const struct cure {
    CURLcode code;
    const char *advice;
} cures[] = {
    {CURLE_COULDNT_RESOLVE_HOST,
     "is the name right? ask the name service of this host: getent hosts"},
    {CURLE_COULDNT_RESOLVE_PROXY, "is the name in [provider] proxy right?"},
    {CURLE_COULDNT_CONNECT,
     "is the provider running, and does a firewall let this host reach it? "
     "behind a proxy set [provider] proxy"},
    {CURLE_OPERATION_TIMEDOUT,
     "does a firewall drop what this host sends? see also [provider] timeout"},
    {CURLE_PEER_FAILED_VERIFICATION,
     "when the provider's certificate is from a CA of your own, or is its own, "
     "set [provider] ca_file to the CA's certificate; otherwise let nobody log "
     "in until you know who answers there"},
    {CURLE_SSL_CACERT_BADFILE,
     "[provider] ca_file must be PEM, root's, and readable by everybody"},
    {CURLE_SSL_CONNECT_ERROR,
     "the provider must speak TLS 1.2 or newer at this address"},
};

static const char *
find_cure(CURLcode code)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(cures); i++)
        if (cures[i].code == code)
            return cures[i].advice;
    return "try the address with curl(1) from this host";
}

static void
judge_certificate(const struct probe *probe, const char *host, int64_t now,
                  struct findings *out)
{
    int64_t days = (probe->expires - now) / DAY;

    if (probe->expires == 0) {
        findings_add(out, LEVEL_SKIPPED, "tls",
                     "%s: curl does not tell how long its certificate is good",
                     host);
        return;
    }
    findings_add(out, days < PROBE_DAYS_MIN ? LEVEL_WARNING : LEVEL_OK, "tls",
                 "%s: its certificate is good for %" PRId64 " more days", host,
                 days);
    if (days < PROBE_DAYS_MIN)
        findings_advise(out, "have it renewed at the provider: with an expired "
                             "one nobody can log in, nor renew a token");
}

void
probe_judge(const struct probe *probe, const char *host, int64_t now,
            struct findings *out)
{
    if (probe->code != CURLE_OK) {
        findings_add(out, LEVEL_ERROR, "tls", "cannot connect to %s: %s", host,
                     probe->detail);
        findings_advise(out, "%s", find_cure(probe->code));
        return;
    }
    findings_add(out, LEVEL_OK, "tls", "%s: connected, TLS %s", host,
                 probe->tls13 ? "1.3" : "1.2");
    judge_certificate(probe, host, now, out);
}
