/* SPDX-License-Identifier: MIT */
/*
 * A resident process as it is mostly written: libcurl is loaded, one handle has
 * made one request over TLS, and is kept for the next.
 *
 *   resident URL CA-FILE
 */
#include <curl/curl.h>
#include <unistd.h>

static size_t
ignore(char *data, size_t size, size_t n, void *unused)
{
    (void) data;
    (void) unused;
    return size * n;
}

int
main(int argc, char **argv)
{
    CURL *curl;

    if (argc != 3 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 1;
    curl = curl_easy_init();
    if (curl == NULL || curl_easy_setopt(curl, CURLOPT_URL, argv[1]) != CURLE_OK
        || curl_easy_setopt(curl, CURLOPT_CAINFO, argv[2]) != CURLE_OK
        || curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore) != CURLE_OK
        || curl_easy_perform(curl) != CURLE_OK)
        return 1;
    return pause();
}
