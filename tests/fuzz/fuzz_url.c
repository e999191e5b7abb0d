/* SPDX-License-Identifier: MIT */
/* Addresses: what we talk to is what a reader of the text sees. */
#include <config.h>

#include <strings.h>

#include "helper/exchange/url.h"
#include "tests/fuzz/fuzz.h"

static void
check_good(const char *url)
{
    HOLDS(strncasecmp(url, "https://", 8) == 0);
    HOLDS(is_printable(url) && strchr(url, ' ') == NULL);
    HOLDS(strchr(url, '#') == NULL);
    /* No user name: an @ is at most behind the host. */
    HOLDS(memchr(url + 8, '@', strcspn(url + 8, "/?")) == NULL);
    HOLDS(url[8] != '\0' && url[8] != '/' && url[8] != '?');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    char host[64], *url = input_text(&input, NULL);
    const char *wrong = url_check(url, false);
    const char *wrong_here = url_check(url, true);

    HOLDS(wrong == NULL || (is_printable(wrong) && *wrong != '\0'));
    if (wrong == NULL)
        check_good(url);
    if (wrong == NULL)
        HOLDS(wrong_here == NULL);
    if (wrong != NULL && wrong_here == NULL)
        HOLDS(strncasecmp(url, "http://", 7) == 0);
    HOLDS(url_host(url, host, sizeof(host)) == host);
    HOLDS(ends_within(host, sizeof(host)) && is_printable(host));
    HOLDS(host[0] != '\0');
    free(url);
    return 0;
}
