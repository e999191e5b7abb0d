/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/number.h"
#include "common/text.h"
#include "helper/cli/sshd.h"

#define AREA         "sshd"
#define DEPTH_MAX    16U
#define FILES_MAX    256U
#define GRACE_TIME   120 /* sshd's default */
#define SECONDS_MAX  INT64_C(31622400)
#define LINE_MAX_LEN 1024
#define BLANK        " \t\r\f"

/* ---- reading --------------------------------------------------------------- */

/* The next word: quoted, or up to a blank or the '=' behind a keyword. */
static bool
next_word(const char **text, char *out, size_t size)
{
    const char *at = *text + strspn(*text, BLANK "=");
    bool quoted = *at == '"';
    size_t len;

    at += quoted;
    len = strcspn(at, quoted ? "\"" : BLANK "=");
    if (!quoted && len == 0)
        return false;
    *text = at + len + (quoted && at[len] == '"');
    if (len >= size)
        len = size - 1;
    memcpy(out, at, len);
    out[len] = '\0';
    return true;
}

static struct sshd_setting *
find_setting(struct sshd *sshd, const char *keyword)
{
    const struct {
        const char *name;
        struct sshd_setting *setting;
    } settings[] = {
        {"UsePAM", &sshd->use_pam},
        {"KbdInteractiveAuthentication", &sshd->kbd_interactive},
        {"ChallengeResponseAuthentication", &sshd->kbd_interactive},
        {"PasswordAuthentication", &sshd->password},
        {"LoginGraceTime", &sshd->grace_time},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(settings); i++)
        if (strcasecmp(settings[i].name, keyword) == 0)
            return settings[i].setting;
    return NULL;
}

static int
include(const char *pattern, const struct sshd_source *source, struct sshd *out)
{
    char file[sizeof(out->use_pam.file)];
    size_t i;
    int r = 0;

    for (i = 0; r == 0 && i < FILES_MAX
                && source->match(source->arg, pattern, i, file, sizeof(file));
         i++)
        r = sshd_read(file, source, out);
    return r;
}

/* 1 at a Match, with which the part for everybody ends. */
static int
take_line(const char *file, unsigned number, const char *line,
          const struct sshd_source *source, struct sshd *out)
{
    char keyword[64], value[256];
    struct sshd_setting *setting;
    int r = 0;

    if (!next_word(&line, keyword, sizeof(keyword)) || keyword[0] == '#')
        return 0;
    if (strcasecmp(keyword, "Match") == 0)
        return 1;
    if (strcasecmp(keyword, "Include") == 0) {
        while (r == 0 && next_word(&line, value, sizeof(value)))
            r = include(value, source, out);
        return r;
    }
    setting = find_setting(out, keyword);
    if (setting == NULL || setting->value[0] != '\0'
        || !next_word(&line, value, sizeof(value)))
        return 0;
    setting->line = number;
    (void) text_clean(value, setting->value, sizeof(setting->value));
    (void) text_clean(file, setting->file, sizeof(setting->file));
    return 0;
}

int
sshd_read(const char *file, const struct sshd_source *source, struct sshd *out)
{
    char line[LINE_MAX_LEN];
    struct secret bytes = {0};
    unsigned number = 0;
    const char *text;
    size_t len;
    int r;

    if (out->depth == DEPTH_MAX)
        return 0; /* as sshd, which refuses the file */
    if (++out->files > FILES_MAX)
        return -EMSGSIZE;
    out->depth++;
    r = source->read(source->arg, file, &bytes);
    text = secret_text(&bytes);
    while (r == 0 && *text != '\0') {
        len = strcspn(text, "\n");
        (void) snprintf(line, sizeof(line), "%.*s", (int) len, text);
        text += len + (text[len] == '\n');
        r = take_line(file, ++number, line, source, out);
    }
    out->depth--;
    secret_clear(&bytes);
    return r > 0 ? 0 : r;
}

int64_t
sshd_seconds(const char *text)
{
    static const char units[] = "smhdw";
    static const int64_t factors[] = {1, 60, 3600, 86400, 604800};
    char number[16];
    const char *unit;
    int64_t sum = 0, part;
    size_t len;

    if (*text == '\0')
        return -1;
    while (*text != '\0') {
        len = strspn(text, "0123456789");
        if (len == 0 || len >= sizeof(number))
            return -1;
        memcpy(number, text, len);
        number[len] = '\0';
        if (number_parse(number, SECONDS_MAX, &part) < 0)
            return -1;
        text += len;
        unit = *text != '\0' ? strchr(units, *text | 0x20) : units;
        if (unit == NULL || part > SECONDS_MAX / factors[unit - units])
            return -1;
        sum += part * factors[unit - units];
        text += *text != '\0';
        if (sum > SECONDS_MAX)
            return -1;
    }
    return sum;
}

/* ---- judging --------------------------------------------------------------- */

static bool
is_yes(const struct sshd_setting *setting, bool otherwise)
{
    if (setting->value[0] == '\0')
        return otherwise;
    return strcasecmp(setting->value, "yes") == 0;
}

/* Where it stands, or that it does not. */
static const char *
place_of(const struct sshd_setting *setting, char out[192])
{
    if (setting->value[0] == '\0')
        (void) snprintf(out, 192, "sshd_config: not set");
    else
        (void) snprintf(out, 192, "%s:%u", setting->file, setting->line);
    return out;
}

static void
judge_grace_time(const struct sshd *sshd, int64_t deadline,
                 struct findings *out)
{
    int64_t grace = sshd->grace_time.value[0] != '\0'
                        ? sshd_seconds(sshd->grace_time.value)
                        : GRACE_TIME;
    char place[192];

    if (grace <= 0 || (deadline > 0 && deadline < grace))
        return; /* 0: sshd waits for ever */
    findings_add(out, LEVEL_WARNING, AREA,
                 "%s: LoginGraceTime is %" PRId64 " s, and the module's "
                 "deadline %" PRId64 " s%s",
                 place_of(&sshd->grace_time, place), grace, deadline,
                 deadline == 0 ? " (none)" : "");
    findings_advise(out, "make the module's deadline= some seconds shorter, or "
                         "LoginGraceTime longer: otherwise sshd hangs up "
                         "without a word while the user approves");
}

void
sshd_judge(const struct sshd *sshd, bool by_device, int64_t deadline,
           struct findings *out)
{
    char place[192];

    if (!is_yes(&sshd->use_pam, false)) {
        findings_add(out, LEVEL_ERROR, AREA,
                     "%s: UsePAM is not yes: sshd does not use PAM at all",
                     place_of(&sshd->use_pam, place));
        findings_advise(out, "set UsePAM yes in sshd_config, and reload sshd");
        return;
    }
    if (!by_device && !is_yes(&sshd->kbd_interactive, true)
        && !is_yes(&sshd->password, true)) {
        findings_add(out, LEVEL_WARNING, AREA,
                     "%s: neither PasswordAuthentication nor "
                     "KbdInteractiveAuthentication is yes: nobody is asked for "
                     "a password",
                     place_of(&sshd->password, place));
        findings_advise(out, "set KbdInteractiveAuthentication yes in "
                             "sshd_config, and reload sshd");
    } else if (!by_device || is_yes(&sshd->kbd_interactive, true)) {
        findings_add(out, LEVEL_OK, AREA, "%s: sshd uses PAM%s",
                     place_of(&sshd->use_pam, place),
                     by_device ? ", and can show the code" : "");
    } else if (!is_yes(&sshd->password, true)) {
        findings_add(out, LEVEL_OK, AREA,
                     "%s: only keys log in; tokens come by 'oidc-session "
                     "login'",
                     place_of(&sshd->kbd_interactive, place));
    } else {
        findings_add(out, LEVEL_ERROR, AREA,
                     "%s: KbdInteractiveAuthentication is not yes: the code of "
                     "grant = device cannot be shown",
                     place_of(&sshd->kbd_interactive, place));
        findings_advise(out, "set KbdInteractiveAuthentication yes in "
                             "sshd_config, and reload sshd");
    }
    if (by_device)
        judge_grace_time(sshd, deadline, out);
}
