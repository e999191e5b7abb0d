/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/text.h"
#include "helper/exchange/access.h"
#include "helper/exchange/claims.h"

#define NAME_MAX_LEN 255U
#define SHOWN_MAX    64
#define GROUPS_SHOWN 128

/* Bytes of somebody else's: no NUL behind them. */
struct span {
    const char *text;
    size_t len;
};

static struct span
span_of(const char *text)
{
    return (struct span){.text = text, .len = strlen(text)};
}

static bool
is_same(struct span a, struct span b)
{
    return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

static bool
is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static struct span
trim(struct span span)
{
    while (span.len > 0 && is_blank(span.text[0]))
        span = (struct span){.text = span.text + 1, .len = span.len - 1};
    while (span.len > 0 && is_blank(span.text[span.len - 1]))
        span.len--;
    return span;
}

/*
 * For a message that quotes it: a quote in it must not end the quotation, as
 * if what follows were our words.
 */
static char *
show(const char *text, char *out, size_t size)
{
    char *quote;

    (void) text_clean(text, out, size); /* returns out */
    while ((quote = strchr(out, '\'')) != NULL)
        *quote = '?';
    return out;
}

/* ---- names: NULL, or what is wrong --------------------------------------- */

static const char *
wrong_user(struct span name)
{
    size_t i;

    if (name.len == 0)
        return "there is no user's name";
    if (name.len > NAME_MAX_LEN)
        return "the user's name is too long";
    if (name.text[0] == '-')
        return "a user's name does not start with '-'";
    for (i = 0; i < name.len; i++) {
        char c = name.text[i];

        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z')
            && !(c >= '0' && c <= '9') && (c == '\0' || !strchr("._@-", c)))
            return "a user's name has only letters and digits of ASCII, and "
                   ". _ @ -";
    }
    return NULL;
}

static const char *
wrong_value(struct span value)
{
    size_t i;

    if (value.len == 0)
        return "there is no value";
    if (value.len > NAME_MAX_LEN)
        return "the value is too long";
    for (i = 0; i < value.len; i++)
        if (value.text[i] < ' ' || value.text[i] > '~')
            return "the value is not printable ASCII";
    if (value.text[0] == ' ' || value.text[value.len - 1] == ' ')
        return "the value starts or ends with a space";
    return NULL;
}

/* ---- the map ------------------------------------------------------------- */

struct rule {
    struct span value;
    struct span user; /* empty: the line is none */
};

static bool
has_control(struct span line)
{
    size_t i;

    for (i = 0; i < line.len; i++)
        if ((line.text[i] >= '\0' && line.text[i] < ' ' && line.text[i] != '\t')
            || line.text[i] == 0x7f)
            return true;
    return false;
}

/* The last '=' between two blanks, or NULL. */
static const char *
find_separator(struct span line)
{
    const char *at = memrchr(line.text, '=', line.len);

    if (at == NULL || at == line.text || at == line.text + line.len - 1
        || !is_blank(at[-1]) || !is_blank(at[1]))
        return NULL;
    return at;
}

static const char *
read_rule(struct span line, struct rule *out)
{
    const char *separator, *wrong;

    *out = (struct rule){0};
    if (has_control(line))
        return "there is a control character";
    line = trim(line);
    if (line.len == 0 || line.text[0] == '#')
        return NULL;
    /* Neither comments nor quotes here, but whoever wrote it meant them. */
    if (strchr(";\"'", line.text[0]) != NULL)
        return "it starts with ; or a quote";
    separator = find_separator(line);
    if (separator == NULL)
        return "no '=' with a space on both sides";
    out->value.text = line.text;
    out->value.len = (size_t) (separator - line.text);
    out->user.text = separator + 1;
    out->user.len = line.len - out->value.len - 1;
    out->value = trim(out->value);
    out->user = trim(out->user);
    wrong = wrong_value(out->value);
    return wrong != NULL ? wrong : wrong_user(out->user);
}

/* Cut a line off the front of the rest; false at the end. */
static bool
next_line(struct span *rest, struct span *line)
{
    const char *newline;

    if (rest->len == 0)
        return false;
    newline = memchr(rest->text, '\n', rest->len);
    line->text = rest->text;
    line->len = newline != NULL ? (size_t) (newline - rest->text) : rest->len;
    rest->text += line->len;
    rest->len -= line->len;
    if (newline != NULL) {
        rest->text++;
        rest->len--;
    }
    return true;
}

static struct span
bytes_of(const struct secret *map)
{
    return (struct span){.text = secret_text(map), .len = map->len};
}

int
access_check_map(const char *path, const struct secret *map,
                 struct problem *problem)
{
    struct span rest = bytes_of(map), line;
    struct rule rule;
    const char *wrong;
    unsigned number = 0;

    if (map->len > ACCESS_MAP_MAX)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "%s: the file is larger than %zu KiB", path,
                           ACCESS_MAP_MAX / 1024);
    while (next_line(&rest, &line)) {
        number++;
        wrong = read_rule(line, &rule);
        if (wrong != NULL)
            return problem_set(problem, OUTCOME_MISCONFIGURED,
                               "%s:%u: cannot use this line: %s; expected "
                               "'claim value = local user'",
                               path, number, wrong);
    }
    return 0;
}

/* Whether a line says so; *known whether one has the value at all. */
static bool
map_allows(const struct secret *map, struct span value, struct span user,
           bool *known)
{
    struct span rest = bytes_of(map), line;
    struct rule rule;

    *known = false;
    while (next_line(&rest, &line)) {
        if (read_rule(line, &rule) != NULL || rule.user.len == 0
            || !is_same(rule.value, value))
            continue;
        *known = true;
        if (is_same(rule.user, user))
            return true;
    }
    return false;
}

/* ---- who it is ----------------------------------------------------------- */

/* Somebody wants to be this user. */
struct who {
    const char *name; /* at the provider */
    const char *user; /* here */
    char shown_name[SHOWN_MAX];
    char shown_user[SHOWN_MAX];
};

static void
notice_other(const struct who *who, struct problem *problem)
{
    problem_notice(problem, "You are '%s' at the provider, not '%s'.",
                   who->shown_name, who->shown_user);
}

/* Otherwise it is whatever address somebody typed in at the provider. */
static bool
is_unverified(const cJSON *claims, const char *claim)
{
    return strcmp(claim, "email") == 0
           && !cJSON_IsTrue(
               cJSON_GetObjectItemCaseSensitive(claims, "email_verified"));
}

/* The claim, when it is a text that may be a name at all. */
static int
read_name(const cJSON *claims, const struct access *access, struct who *who,
          struct problem *problem)
{
    const cJSON *item = claims_find(claims, access->username_claim);
    const char *wrong = NULL;

    if (item == NULL)
        wrong = "is missing";
    else if (!cJSON_IsString(item))
        wrong = "is not a text";
    else if (item->valuestring[0] == '\0')
        wrong = "is empty";
    else if (strlen(item->valuestring) > NAME_MAX_LEN)
        wrong = "is longer than 255 bytes";
    else if (is_unverified(claims, access->username_claim))
        wrong = "is not verified: email_verified is not true";
    if (wrong != NULL) {
        problem_notice(problem, "The provider does not say who you are. Please "
                                "tell your administrator.");
        return problem_set(problem, OUTCOME_DENIED,
                           "no usable name: claim %.64s %s",
                           access->username_claim, wrong);
    }
    who->name = item->valuestring;
    (void) show(who->name, who->shown_name, sizeof(who->shown_name));
    return 0;
}

static int
check_mapped(const struct access *access, const struct who *who,
             struct problem *problem)
{
    const char *wrong = wrong_value(span_of(who->name));
    bool known;

    if (wrong == NULL
        && map_allows(access->map, span_of(who->name), span_of(who->user),
                      &known))
        return 0;
    notice_other(who, problem);
    if (wrong != NULL)
        return problem_set(problem, OUTCOME_DENIED,
                           "the provider says this is '%s', which cannot be "
                           "in the map: %s",
                           who->shown_name, wrong);
    if (!known)
        return problem_set(problem, OUTCOME_DENIED,
                           "the provider says this is '%s', who is not in %s",
                           who->shown_name, access->map_path);
    return problem_set(problem, OUTCOME_DENIED,
                       "the provider says this is '%s', who by %s is not '%s'",
                       who->shown_name, access->map_path, who->shown_user);
}

/* Cut "@DOMAIN" off.  NULL, or what is wrong. */
static const char *
strip_domain(struct span *name, const char *domain)
{
    const char *at = memchr(name->text, '@', name->len);

    if (at == NULL)
        return "has no domain";
    if (memrchr(name->text, '@', name->len) != at)
        return "has more than one '@'";
    if (*domain == '\0' || strcmp(at + 1, domain) != 0)
        return "is of another domain";
    name->len = (size_t) (at - name->text);
    return name->len > 0 ? NULL : "has no name in front of the domain";
}

static int
refuse_domain(const struct access *access, const struct who *who,
              const char *wrong, struct problem *problem)
{
    notice_other(who, problem);
    return problem_set(problem, OUTCOME_DENIED,
                       "the provider says this is '%s', which %s; expected "
                       "NAME@%.100s",
                       who->shown_name, wrong, access->username_strip_domain);
}

static int
check_named(const struct access *access, const struct who *who,
            struct problem *problem)
{
    struct span name = span_of(who->name);
    const char *wrong = wrong_user(name);

    if (wrong == NULL && access->username_strip_domain != NULL) {
        wrong = strip_domain(&name, access->username_strip_domain);
        if (wrong != NULL)
            return refuse_domain(access, who, wrong, problem);
    }
    if (wrong == NULL && is_same(name, span_of(who->user)))
        return 0;
    notice_other(who, problem);
    if (wrong != NULL)
        return problem_set(problem, OUTCOME_DENIED,
                           "the provider says this is '%s', which is no "
                           "local user: %s",
                           who->shown_name, wrong);
    return problem_set(problem, OUTCOME_DENIED,
                       "the provider says this is '%s', not '%s'",
                       who->shown_name, who->shown_user);
}

static int
check_name(const cJSON *claims, const struct access *access, const char *user,
           struct problem *problem)
{
    struct who who = {.user = user};
    int r;

    (void) show(user, who.shown_user, sizeof(who.shown_user));
    r = read_name(claims, access, &who, problem);
    if (r < 0)
        return r;
    return access->map_path != NULL ? check_mapped(access, &who, problem)
                                    : check_named(access, &who, problem);
}

/*
 * Other parts keep a uid in 32 bits: 1 << 32 would be 0 there.  A name that
 * happens to be the same does not make anybody root: it must be in the map.
 */
static int
check_uid(const struct access *access, int64_t uid, struct problem *problem)
{
    const char *wrong = NULL;

    if (uid < 0 || uid >= UINT32_MAX)
        wrong = "the local user has no usable uid";
    else if (uid == 0 && access->map_path == NULL)
        wrong = "uid 0 logs in only by a line of the map, which is not "
                "configured";
    if (wrong == NULL)
        return 0;
    problem_notice(problem, "This user may not log in in this way.");
    return problem_set(problem, OUTCOME_DENIED, "%s", wrong);
}

/* ---- groups -------------------------------------------------------------- */

static bool
is_required(const char *group, const char *words)
{
    struct span wanted = span_of(group), word;

    for (; *words != '\0'; words += word.len) {
        words += strspn(words, " ");
        word = (struct span){.text = words, .len = strcspn(words, " ")};
        if (word.len > 0 && is_same(word, wanted))
            return true;
    }
    return false;
}

/* All of them are looked at: a claim with anything else in it is not used. */
static const char *
wrong_groups(const cJSON *groups, const char *words)
{
    const cJSON *item;
    bool member = false;
    size_t count = 0;

    if (groups == NULL)
        return "is missing";
    if (cJSON_IsString(groups))
        return is_required(groups->valuestring, words) ? NULL
                                                       : "is another group";
    if (!cJSON_IsArray(groups))
        return "is neither a text nor an array of texts";
    cJSON_ArrayForEach(item, groups)
    {
        if (++count > ACCESS_GROUPS_MAX)
            return "has too many groups";
        if (!cJSON_IsString(item))
            return "has something else in it than texts";
        member = member || is_required(item->valuestring, words);
    }
    return member ? NULL : "has none of them";
}

/* What does not fit is left out, and OIDC Core 5.6.2 says where it is. */
static bool
is_elsewhere(const cJSON *claims, const char *name)
{
    const cJSON *names =
        cJSON_GetObjectItemCaseSensitive(claims, "_claim_names");

    return cJSON_GetObjectItemCaseSensitive(names, name) != NULL;
}

static int
check_groups(const cJSON *claims, const struct access *access,
             struct problem *problem)
{
    char shown[GROUPS_SHOWN];
    const cJSON *groups;
    const char *wrong;

    if (access->require_group == NULL)
        return 0;
    if (access->groups_claim == NULL)
        return problem_set(problem, OUTCOME_MISCONFIGURED,
                           "[login] require_group needs a groups_claim");
    groups = claims_find(claims, access->groups_claim);
    wrong = wrong_groups(groups, access->require_group);
    if (wrong == NULL)
        return 0;
    if (groups == NULL && is_elsewhere(claims, access->groups_claim))
        wrong = "is left out (too many groups?); where it is instead is not "
                "looked up";
    problem_notice(problem, "You are not in a group that may log in here. "
                            "Please ask your administrator.");
    return problem_set(problem, OUTCOME_DENIED,
                       "not in a required group ('%s'): claim %.64s %s",
                       show(access->require_group, shown, sizeof(shown)),
                       access->groups_claim, wrong);
}

int
access_check(const cJSON *claims, const struct access *access, const char *user,
             int64_t uid, struct problem *problem)
{
    int r = 0;

    if (access->map_path != NULL)
        r = access_check_map(access->map_path, access->map, problem);
    if (r == 0)
        r = check_uid(access, uid, problem);
    if (r == 0)
        r = check_name(claims, access, user, problem);
    if (r == 0)
        r = check_groups(claims, access, problem);
    return r;
}
