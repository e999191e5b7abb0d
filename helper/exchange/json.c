/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "helper/exchange/json.h"

/* More members than any document of OAuth has: twins are searched in squares.
 */
#define MEMBERS_MAX 512

/* Year 9999: later than any date that is meant. */
#define DATE_MAX INT64_C(253402300799)

/* In front of each block: its size, so that all of it can be wiped. */
union header {
    size_t size;
    max_align_t align;
};

static void *
allocate(size_t size)
{
    union header *header;

    if (size > SIZE_MAX - sizeof(*header))
        return NULL;
    header = malloc(sizeof(*header) + size);
    if (header == NULL)
        return NULL;
    header->size = size;
    return header + 1;
}

static void
wipe_and_free(void *block)
{
    union header *header = block;

    if (block == NULL)
        return;
    header--;
    explicit_bzero(block, header->size);
    free(header);
}

void
json_init(void)
{
    cJSON_Hooks hooks = {.malloc_fn = allocate, .free_fn = wipe_and_free};

    cJSON_InitHooks(&hooks);
}

/* A backslash is only ever in a string, so this needs no more of a parser. */
static bool
has_nul(const char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if (text[i] == '\0')
            return true;
        if (text[i] != '\\')
            continue;
        if (len - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0)
            return true;
        i++; /* what is escaped may be a backslash itself */
    }
    return false;
}

static bool
is_blank(const char *text, const char *end)
{
    while (text < end && strchr(" \t\r\n", *text) != NULL)
        text++;
    return text == end;
}

static bool
has_twin(const cJSON *member)
{
    const cJSON *other;
    size_t count = 0;

    for (other = member->next; other != NULL; other = other->next)
        if (++count > MEMBERS_MAX || strcmp(other->string, member->string) == 0)
            return true;
    return false;
}

/* cJSON allows no more than 1000 levels, so the recursion ends. */
static bool
has_twins(const cJSON *json)
{
    const cJSON *member;

    cJSON_ArrayForEach(member,
                       json) if ((cJSON_IsObject(json) && has_twin(member))
                                 || has_twins(member)) return true;
    return false;
}

int
json_parse(const void *data, size_t len, cJSON **out)
{
    const char *text = data, *end = NULL;
    cJSON *json;

    if (len == 0 || has_nul(text, len))
        return -EBADMSG;
    json = cJSON_ParseWithLengthOpts(text, len, &end, false);
    if (json == NULL)
        return -EBADMSG;
    if (!cJSON_IsObject(json) || !is_blank(end, text + len)
        || has_twins(json)) {
        cJSON_Delete(json);
        return -EBADMSG;
    }
    *out = json;
    return 0;
}

int
json_print(const cJSON *json, size_t max, struct secret *out)
{
    char *text;
    int r;

    text = cJSON_PrintUnformatted(json);
    if (text == NULL)
        return -ENOMEM;
    r = secret_append_text(out, text, max);
    cJSON_free(text);
    return r;
}

const char *
json_text(const cJSON *object, const char *name)
{
    const char *text;

    text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text != NULL && *text != '\0' ? text : NULL;
}

/* "300", "300.0": digits and points, so neither inf, nor nan, nor hex. */
static double
number_of_text(const char *text)
{
    double number;
    char *end;

    if (*text == '\0' || text[strspn(text, "0123456789.")] != '\0')
        return (double) NAN;
    number = strtod(text, &end);
    return *end == '\0' ? number : (double) NAN;
}

int
json_seconds(const cJSON *object, const char *name, int64_t *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    double number = (double) NAN;

    if (item == NULL || cJSON_IsNull(item))
        return -ENODATA;
    if (cJSON_IsNumber(item))
        number = item->valuedouble;
    else if (cJSON_IsString(item))
        number = number_of_text(item->valuestring);
    if (isnan(number) || number < 0)
        return -EINVAL;
    if (number > (double) JSON_SECONDS_MAX)
        *out = JSON_SECONDS_MAX;
    else
        *out = (int64_t) number;
    return 0;
}

int
json_date(const cJSON *object, const char *name, int64_t *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (item == NULL)
        return -ENODATA;
    if (!cJSON_IsNumber(item) || isnan(item->valuedouble)
        || item->valuedouble < 0)
        return -EINVAL;
    if (item->valuedouble > (double) DATE_MAX)
        *out = DATE_MAX;
    else
        *out = (int64_t) item->valuedouble;
    return 0;
}
