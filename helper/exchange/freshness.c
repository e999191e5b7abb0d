/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "common/attr.h"
#include "helper/exchange/freshness.h"

/* RFC 9111 1.2.2: what is larger is this. */
#define SECONDS_MAX INT64_C(2147483648)

/* RFC 9110 5.6.2 */
#define TOKEN_CHARS                                                            \
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"                      \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* ---- the lines ----------------------------------------------------------- */

/* Copy len bytes behind what is in out; false when they do not fit. */
static bool
append(char *out, size_t size, const char *text, size_t len)
{
    size_t used = strlen(out);

    if (len >= size - used)
        return false;
    memcpy(out + used, text, len);
    out[used + len] = '\0';
    return true;
}

static bool
is_field(const char *line, size_t len, const char *name)
{
    size_t n = strlen(name);

    return len > n && line[n] == ':' && strncasecmp(line, name, n) == 0;
}

/* One that comes once.  The first counts; another that differs is unclear. */
static bool
set_once(char *out, size_t size, const char *value, size_t len)
{
    if (*out == '\0')
        return append(out, size, value, len);
    return strlen(out) == len && memcmp(out, value, len) == 0;
}

/* The comma is there also before the first, where it does no harm. */
static bool
add_control(struct freshness *freshness, const char *value, size_t len)
{
    const size_t size = sizeof(freshness->control);

    return append(freshness->control, size, ",", 1)
           && append(freshness->control, size, value, len);
}

static void
take_value(struct freshness *freshness, const char *line, size_t len)
{
    const struct {
        const char *name;
        char *out;
        size_t size;
        bool *unclear;
    } fields[] = {
        {"Age", freshness->age, sizeof(freshness->age), &freshness->unclear},
        {"Date", freshness->date, sizeof(freshness->date), &freshness->unclear},
        {"Expires", freshness->expires, sizeof(freshness->expires),
         &freshness->unclear},
        {"Retry-After", freshness->retry_after, sizeof(freshness->retry_after),
         &freshness->retry_unclear},
    };
    size_t i, start = strcspn(line, ":") + 1;

    while (start < len && (line[start] == ' ' || line[start] == '\t'))
        start++;
    if (is_field(line, len, "Cache-Control")
        && !add_control(freshness, line + start, len - start))
        freshness->unclear = true;
    for (i = 0; i < ARRAY_LEN(fields); i++)
        if (is_field(line, len, fields[i].name)
            /* An empty value is one: Expires that is no date. */
            && !set_once(fields[i].out, fields[i].size,
                         start < len ? line + start : "-",
                         start < len ? len - start : 1))
            *fields[i].unclear = true;
}

void
freshness_take(struct freshness *freshness, const char *line, size_t len)
{
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        *freshness = (struct freshness){0};
        return;
    }
    while (len > 0 && strchr("\r\n \t", line[len - 1]) != NULL)
        len--;
    if (len == 0)
        freshness->done = true;
    if (freshness->done) /* what follows a body is no header */
        return;
    if (*line == ' ' || *line == '\t' || memchr(line, '\0', len) != NULL
        || memchr(line, ':', len) == NULL)
        freshness->unclear = freshness->retry_unclear = true;
    else
        take_value(freshness, line, len);
}

/* ---- Cache-Control ------------------------------------------------------- */

struct directive {
    const char *name, *value; /* without quotes; value NULL: none */
    size_t name_len, value_len;
};

/* The end of a quoted text whose first quote is here, or NULL. */
static const char *
skip_quoted(const char *text)
{
    for (text++; *text != '"'; text++) {
        if (*text == '\\')
            text++;
        if (*text == '\0')
            return NULL;
    }
    return text + 1;
}

/* The end of a value, or NULL when it is malformed. */
static const char *
read_value(const char *text, struct directive *out)
{
    const char *end;

    if (*text == '"') {
        end = skip_quoted(text);
        if (end == NULL)
            return NULL;
        out->value = text + 1;
        out->value_len = (size_t) (end - text) - 2;
        return end;
    }
    out->value = text;
    out->value_len = strspn(text, TOKEN_CHARS);
    return out->value_len > 0 ? text + out->value_len : NULL;
}

/* The text behind it; NULL when malformed.  name_len 0: there is no more. */
static const char *
next_directive(const char *text, struct directive *out)
{
    *out = (struct directive){0};
    text += strspn(text, ", \t");
    if (*text == '\0')
        return text;
    out->name = text;
    out->name_len = strspn(text, TOKEN_CHARS);
    text += out->name_len;
    if (out->name_len > 0 && *text == '=')
        text = read_value(text + 1, out);
    if (text == NULL || out->name_len == 0)
        return NULL;
    text += strspn(text, " \t");
    return *text == ',' || *text == '\0' ? text : NULL;
}

/* Digits only; more than fits is SECONDS_MAX.  -1 for anything else. */
static int64_t
parse_seconds(const char *text, size_t len)
{
    int64_t seconds = 0;
    size_t i;

    if (len == 0)
        return -1;
    for (i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        seconds = seconds * 10 + (text[i] - '0');
        if (seconds > SECONDS_MAX)
            seconds = SECONDS_MAX;
    }
    return seconds;
}

static bool
is_directive(const struct directive *directive, const char *name)
{
    return strlen(name) == directive->name_len
           && strncasecmp(directive->name, name, directive->name_len) == 0;
}

/* max-age, -1 when there is none, 0 when it may not be kept, or is unclear. */
static int64_t
read_control(const char *text)
{
    int64_t seconds = -1, found;
    struct directive directive;

    for (;;) {
        text = next_directive(text, &directive);
        if (text == NULL)
            return 0;
        if (directive.name_len == 0)
            return seconds;
        if (is_directive(&directive, "no-store")
            || is_directive(&directive, "no-cache"))
            return 0;
        if (!is_directive(&directive, "max-age"))
            continue;
        found = directive.value != NULL
                    ? parse_seconds(directive.value, directive.value_len)
                    : -1;
        if (found < 0 || (seconds >= 0 && found != seconds))
            return 0;
        seconds = found;
    }
}

/* ---- what follows from them ---------------------------------------------- */

/*
 * From the answer's own Date, or else from now, until this date.  One that is
 * none is in the past (RFC 9111 4.2.1).
 */
static int64_t
seconds_until(const struct freshness *freshness, const char *text, int64_t now)
{
    time_t end, date = -1;

    end = curl_getdate(text, NULL);
    if (end == -1)
        return 0;
    if (freshness->date[0] != '\0')
        date = curl_getdate(freshness->date, NULL);
    if (date == -1)
        date = (time_t) now;
    return end > date ? (int64_t) end - (int64_t) date : 0;
}

int64_t
freshness_lifetime(const struct freshness *freshness, int64_t now)
{
    int64_t lifetime, age;

    if (freshness->unclear)
        return FRESHNESS_MIN;
    lifetime = read_control(freshness->control);
    if (lifetime < 0)
        lifetime = freshness->expires[0] != '\0'
                       ? seconds_until(freshness, freshness->expires, now)
                       : FRESHNESS_DEFAULT;
    /* Not also our time minus Date: their clock need not be ours. */
    age = parse_seconds(freshness->age, strlen(freshness->age));
    if (age > 0) /* RFC 9111 5.1: one that is malformed is ignored */
        lifetime -= age;
    if (lifetime < FRESHNESS_MIN)
        return FRESHNESS_MIN;
    return lifetime < FRESHNESS_MAX ? lifetime : FRESHNESS_MAX;
}

int64_t
freshness_retry_after(const struct freshness *freshness, int64_t now)
{
    const char *text = freshness->retry_after;
    int64_t seconds;

    if (freshness->retry_unclear)
        return 0;
    seconds = parse_seconds(text, strlen(text));
    if (seconds < 0)
        seconds = seconds_until(freshness, text, now);
    return seconds < FRESHNESS_RETRY_AFTER_MAX ? seconds
                                               : FRESHNESS_RETRY_AFTER_MAX;
}

int64_t
freshness_date(const struct freshness *freshness)
{
    time_t date = -1;

    if (freshness->date[0] != '\0')
        date = curl_getdate(freshness->date, NULL);
    return date > 0 ? (int64_t) date : 0;
}
