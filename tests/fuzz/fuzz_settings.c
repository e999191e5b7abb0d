/* SPDX-License-Identifier: MIT */
/* The settings that renewals get back: the same, and wiped when freed. */
#include <config.h>

#include <errno.h>
#include <malloc.h>

#include "helper/exchange/json.h"
#include "helper/exchange/settings.h"
#include "tests/fuzz/fuzz.h"

/* The client secret of the seeds: no block may be freed with it. */
#define CANARY "canary-ZQ7fkq2x"

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"

static bool watching;

static bool
has_canary(const void *data, size_t len)
{
    return len > 0 && memmem(data, len, CANARY, strlen(CANARY)) != NULL;
}

void __real_free(void *block);

void
__wrap_free(void *block)
{
    HOLDS(!watching || block == NULL
          || !has_canary(block, malloc_usable_size(block)));
    __real_free(block);
}

int
LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
    json_init();
    return 0;
}

static void
check_settings(const struct settings *settings)
{
    HOLDS(settings->issuer != NULL && settings->subject != NULL);
    HOLDS(settings->client_id != NULL && settings->token_endpoint != NULL);
    HOLDS(settings->auth < AUTH_COUNT);
    HOLDS(settings->auth == AUTH_NONE || settings->client_secret.len > 0);
    HOLDS(settings->timeout > 0);
}

static void
check_round_trip(const struct settings *settings)
{
    struct secret text = {0}, twice = {0};
    struct settings again = {0};

    if (settings_encode(settings, &text) == 0) {
        HOLDS(text.len <= TOKEN_MAX);
        HOLDS(settings_decode(&text, &again) == 0);
        HOLDS(settings_encode(&again, &twice) == 0);
        HOLDS(text.len == twice.len
              && memcmp(text.data, twice.data, text.len) == 0);
    }
    settings_clear(&again);
    secret_clear(&text);
    secret_clear(&twice);
}

/* In the secret and nowhere else: the other texts need not be wiped. */
static bool
is_secret_only(const struct settings *settings, const uint8_t *data, size_t len)
{
    const uint8_t *first = memmem(data, len, CANARY, strlen(CANARY));

    if (first == NULL)
        return false;
    len -= (size_t) (first + 1 - data);
    return !has_canary(first + 1, len)
           && has_canary(settings->client_secret.data,
                         settings->client_secret.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings settings = {0};
    struct secret text = {0};
    int r;

    HOLDS(secret_append(&text, data, size, SIZE_MAX / 2) == 0);
    r = settings_decode(&text, &settings);
    HOLDS(r == 0 || r == -EBADMSG);
    watching = r == 0 && is_secret_only(&settings, data, size);
    if (r == 0) {
        check_settings(&settings);
        check_round_trip(&settings);
    }
    settings_clear(&settings);
    settings_clear(&settings);
    HOLDS(settings_decode(&text, &settings) == r); /* now watched */
    settings_clear(&settings);
    secret_clear(&text);
    watching = false;
    return 0;
}
