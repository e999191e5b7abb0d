/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "helper/cli/command.h"
#include "helper/cli/moment.h"
#include "helper/cli/object.h"
#include "helper/cli/overview.h"

#define BOLD   "\033[1m"
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[m"

static const struct look {
    const char *name; /* for programs */
    const char *text; /* for people */
    const char *colour;
    int exit;
} looks[] = {
    [CONDITION_ACTIVE] = {"active", "active", GREEN, COMMAND_OK},
    [CONDITION_RETRYING] = {"retrying", "active, but the last renewal failed",
                            YELLOW, COMMAND_OK},
    [CONDITION_EXPIRED] = {"expired", "expired", RED, COMMAND_EXPIRED},
    [CONDITION_LOGIN_REQUIRED] = {"login_required",
                                  "login required: 'oidc-session login'", RED,
                                  COMMAND_EXPIRED},
    [CONDITION_NONE] = {"none", "no tokens: 'oidc-session login'", RED,
                        COMMAND_NO_TOKEN},
};

/* renew_reason, as it goes on after the time. */
static const struct reason {
    const char *name;
    const char *text;
} reasons[] = {
    {"before_expiry", "before the token expires"},
    {"at_expiry", "when the token expires"},
    {"token_ends", "no renewal: there is no refresh token"},
    {"grant_ends", "before the refresh token expires"},
    {"backoff", "once more, after a failure"},
    {"retry_after", "when the provider asked for it"},
    {"lost_answer", "under way, or its answer was lost"},
    {"misconfigured", "an administrator must act before"},
    {"on_demand", "somebody asked for it"},
    {"clock", "the clock was set"},
};

enum condition
condition_of(const struct session *session, int token, int64_t now)
{
    if (session->has_status && session->status.state == STATE_LOGIN_REQUIRED)
        return CONDITION_LOGIN_REQUIRED;
    if (token == -EKEYEXPIRED
        || (session->expires_at != 0 && session->expires_at <= now))
        return CONDITION_EXPIRED;
    if (token < 0)
        return CONDITION_NONE;
    return session->has_status && session->status.state == STATE_RETRYING
               ? CONDITION_RETRYING
               : CONDITION_ACTIVE;
}

int
condition_exit(enum condition condition)
{
    return looks[condition].exit;
}

/* ---- For people: main() asks ferror() ---- */

static const char *
reason_text(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(reasons); i++)
        if (strcmp(reasons[i].name, name) == 0)
            return reasons[i].text;
    return name; /* a later version's */
}

static void
line(FILE *out, const char *name, const char *text)
{
    if (*text != '\0')
        (void) fprintf(out, "  %-13s %s\n", name, text);
}

static void
time_line(FILE *out, const char *name, int64_t at, int64_t now,
          const char *more)
{
    char from[MOMENT_SIZE], local[MOMENT_SIZE];

    if (at != 0)
        (void) fprintf(out, "  %-13s %s (%s)%s%s\n", name,
                       moment_from(at, now, from), moment_local(at, local),
                       *more != '\0' ? ", " : "", more);
}

static void
print_renewals(const struct overview *overview, FILE *out)
{
    const struct status *status = &overview->session.status;
    char count[64];

    if (overview->condition == CONDITION_LOGIN_REQUIRED)
        return;
    (void) snprintf(count, sizeof(count), "%" PRId64 " so far",
                    status->renewals);
    time_line(out, "next renewal", status->renew_at, overview->now,
              reason_text(status->renew_reason));
    time_line(out, status->renewals > 0 ? "last renewal" : "logged in",
              status->renewed_at, overview->now,
              status->renewals > 0 ? count : "");
}

static void
print_resident(const struct overview *overview, FILE *out)
{
    char text[64];

    switch (overview->resident) {
    case RESIDENT_RUNNING:
        (void) snprintf(text, sizeof(text), "running, process %" PRId64,
                        overview->session.status.helper_pid);
        line(out, "helper", text);
        break;
    case RESIDENT_GONE:
        if (condition_exit(overview->condition) == COMMAND_OK)
            line(out, "helper",
                 "not running: the token will not be renewed; log out and in"
                 " again");
        else
            line(out, "helper", "not running");
        break;
    case RESIDENT_UNKNOWN:
        line(out, "helper", "not known");
        break;
    }
}

void
overview_print(const struct overview *overview, bool colour, FILE *out)
{
    const struct status *status = &overview->session.status;
    const struct look *look = &looks[overview->condition];

    (void) fprintf(out, "%s%s%s", colour ? BOLD : "", overview->user,
                   colour ? PLAIN : "");
    if (status->issuer[0] != '\0')
        (void) fprintf(out, " at %s", status->issuer);
    if (status->subject[0] != '\0')
        (void) fprintf(out, " (subject %s)", status->subject);
    (void) fprintf(out, "\n  %-13s %s%s%s\n", "state",
                   colour ? look->colour : "", look->text, colour ? PLAIN : "");
    if (overview->condition == CONDITION_RETRYING
        || overview->condition == CONDITION_LOGIN_REQUIRED)
        time_line(out, "since", status->since, overview->now, "");
    /* After the login, a warning about it. */
    line(out, overview->condition == CONDITION_ACTIVE ? "note" : "why",
         status->last_error);
    line(out, "warning", status->warning);
    line(out, "scope", status->scope);
    if (overview->condition != CONDITION_LOGIN_REQUIRED)
        time_line(out, "expires", overview->session.expires_at, overview->now,
                  "");
    print_renewals(overview, out);
    print_resident(overview, out);
}

/* ---- For programs ---- */

static void
json_text(struct object *object, const char *name, const char *text)
{
    object_text(object, name, *text != '\0' ? text : NULL);
}

static void
json_time(struct object *object, const char *name, int64_t at)
{
    if (at != 0)
        object_number(object, name, at);
    else
        object_null(object, name);
}

static void
json_resident(struct object *object, const struct overview *overview)
{
    static const char *const names[] = {[RESIDENT_RUNNING] = "running",
                                        [RESIDENT_GONE] = "gone",
                                        [RESIDENT_UNKNOWN] = "unknown"};

    object_text(object, "helper", names[overview->resident]);
    json_time(object, "helper_pid",
              overview->resident == RESIDENT_RUNNING
                  ? overview->session.status.helper_pid
                  : 0);
}

int
overview_json(const struct overview *overview, struct secret *out)
{
    const struct status *status = &overview->session.status;
    int64_t expires_at = overview->session.expires_at;
    struct object object = {0};
    int r;

    object_open(&object, NULL);
    object_text(&object, "state", looks[overview->condition].name);
    json_time(&object, "since", status->since);
    object_text(&object, "user", overview->user);
    json_text(&object, "subject", status->subject);
    json_text(&object, "issuer", status->issuer);
    json_text(&object, "scope", status->scope);
    json_time(&object, "expires_at", expires_at);
    if (expires_at != 0)
        object_number(&object, "expires_in",
                      expires_at > overview->now ? expires_at - overview->now
                                                 : 0);
    else
        object_null(&object, "expires_in");
    json_time(&object, "renew_at", status->renew_at);
    json_text(&object, "renew_reason", status->renew_reason);
    json_time(&object, "renewed_at", status->renewed_at);
    object_number(&object, "renewals", status->renewals);
    object_number(&object, "failures", status->failures);
    json_text(&object, "last_error", status->last_error);
    json_text(&object, "last_error_class", status->last_error_class);
    json_text(&object, "warning", status->warning);
    json_time(&object, "id_expires_at", status->id_expires_at);
    json_time(&object, "refresh_expires_at", status->refresh_expires_at);
    json_resident(&object, overview);
    object_close(&object);
    r = object_end(&object);
    if (r == 0)
        r = secret_append(out, object.text.data, object.text.len, SIZE_MAX);
    secret_clear(&object.text);
    return r;
}
