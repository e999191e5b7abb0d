/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/io.h"
#include "common/message.h"
#include "common/spawn.h"
#include "helper/cli/provider.h"

#define NOBODY_GID 65534 /* pam/system_user.h */

/* A few requests of at most a minute each. */
#define PATIENCE_MS 400000

/* ---- the dialogue ---------------------------------------------------------- */

/* What only root may read, and we are not, is neither there nor refused. */
static int
put_file(const struct message *question, enum field path, enum file_kind kind,
         enum field file, enum field reason, struct message *answer)
{
    struct secret bytes = {0};
    const char *why = NULL;
    int r;

    if (!message_has(question, path))
        return 0;
    r = file_read(message_text(question, path), kind, &bytes, &why);
    if (r == 0)
        message_move(answer, file, &bytes);
    else if (r == -EACCES && geteuid() != 0)
        r = 0;
    else
        r = message_set_text(answer, reason, why);
    secret_clear(&bytes);
    return r;
}

static int
answer_files(int to, const struct message *question)
{
    struct message answer = {.kind = KIND_FILES};
    int r;

    r = put_file(question, FIELD_PATH, FILE_SECRET, FIELD_FILE, FIELD_REASON,
                 &answer);
    if (r == 0)
        r = put_file(question, FIELD_MAP_PATH, FILE_MAP, FIELD_MAP,
                     FIELD_MAP_REASON, &answer);
    if (r == 0)
        r = message_send(to, &answer);
    message_clear(&answer);
    return r;
}

static int
ask(int to, const char *path, const struct secret *config)
{
    struct message request = {.kind = KIND_CHECK};
    int r;

    r = message_set(&request, FIELD_CONFIG, config->data, config->len);
    if (r == 0)
        r = message_set_text(&request, FIELD_PATH, path);
    if (r == 0)
        r = message_send(to, &request);
    message_clear(&request);
    return r;
}

/* Until its result.  Files only before anything else, as in pam/login.c. */
static int
talk(int to, int from, enum provider_grant *grant, struct message *result)
{
    struct secret buf = {0};
    bool first = true;
    int r;

    do {
        r = message_wait(from, &buf, PATIENCE_MS, result);
        if (r == 0 && result->kind == KIND_NEED_FILES && first) {
            *grant = message_has(result, FIELD_PASSWORD) ? PROVIDER_PASSWORD
                                                         : PROVIDER_DEVICE;
            r = answer_files(to, result);
        } else if (r == 0 && result->kind != KIND_RESULT) {
            r = -EBADMSG;
        }
        first = false;
    } while (r == 0 && result->kind != KIND_RESULT);
    secret_clear(&buf);
    return r;
}

/* ---- starting it ----------------------------------------------------------- */

/* As pam/login.c starts it, if we may. */
static int
start(int *to, int *from)
{
    static const char *const argv[] = {EXCHANGE_PATH, "check", NULL};
    const struct passwd *pw = getpwnam(OIDC_USER);
    struct spawn plan = {
        .argv = argv,
        .fds = {-1, -1, -1},
        .n_fds = 3,
        .become = geteuid() == 0,
        .gid = NOBODY_GID,
        .real_gid = NOBODY_GID,
    };

    if (plan.become && (pw == NULL || pw->pw_uid == 0))
        return -ESRCH;
    if (plan.become)
        plan.uid = pw->pw_uid;
    return spawn_with_pipes(&plan, to, from);
}

static void
take_result(const struct message *result, struct findings *out)
{
    const char *sandbox = message_text(result, FIELD_SANDBOX);
    int r;

    if (strcmp(message_text(result, FIELD_OUTCOME), "ok") != 0) {
        findings_add(out, LEVEL_ERROR, "provider", "%s: %s", EXCHANGE_PATH,
                     message_text(result, FIELD_REASON));
        findings_advise(out, "install pam_oidc_session again");
    }
    r = findings_decode(message_text(result, FIELD_FINDINGS), out);
    if (r < 0) {
        findings_add(out, LEVEL_ERROR, "provider", "%s: its findings: %s",
                     EXCHANGE_PATH, strerror(-r));
        findings_advise(out, "install pam_oidc_session again");
    }
    if (*sandbox == '\0')
        return;
    if (strstr(sandbox, "not in force") == NULL) {
        findings_add(out, LEVEL_OK, "sandbox", "%s", sandbox);
        return;
    }
    findings_add(out, LEVEL_WARNING, "sandbox", "%s", sandbox);
    findings_advise(out, "it works without, but is worth more with it: see "
                         "what the kernel lacks");
}

static void
run(const char *path, const struct secret *config, enum provider_grant *grant,
    struct findings *out)
{
    struct message result = {0};
    int to = -1, from = -1, r;

    r = start(&to, &from);
    if (r == -ESRCH) {
        findings_add(out, LEVEL_SKIPPED, "provider",
                     "without the system user %s it cannot be asked",
                     OIDC_USER);
        return;
    }
    if (r == 0)
        r = ask(to, path, config);
    if (r == 0)
        r = talk(to, from, grant, &result);
    if (r == 0) {
        take_result(&result, out);
    } else {
        findings_add(out, LEVEL_ERROR, "provider", "%s: %s", EXCHANGE_PATH,
                     strerror(-r));
        findings_advise(out, r == -ETIMEDOUT
                                 ? "it waited too long: shorten timeout in the "
                                   "configuration, and look at the way to the "
                                   "provider"
                                 : "it must be installed, root's and mode "
                                   "0711; in a container keyctl must be "
                                   "allowed");
    }
    message_clear(&result);
    fd_close(&to);
    fd_close(&from);
}

void
provider_check(const char *config, enum provider_grant *grant,
               struct findings *out)
{
    struct secret bytes = {0};
    const char *why = NULL;
    int r;

    *grant = PROVIDER_UNKNOWN;
    r = file_read(config, FILE_CONFIG, &bytes, &why);
    if (r == -EACCES && geteuid() != 0) {
        findings_add(out, LEVEL_SKIPPED, "config", "%s: you may not read it",
                     config);
    } else if (r < 0) {
        findings_add(out, LEVEL_ERROR, "config", "%s %s", config, why);
        findings_advise(out, "nobody can log in without it: it is root's, "
                             "mode 0644; see oidc-session.conf(5)");
    } else {
        run(config, &bytes, grant, out);
    }
    secret_clear(&bytes);
}
