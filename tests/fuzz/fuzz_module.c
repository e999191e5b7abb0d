/* SPDX-License-Identifier: MIT */
/*
 * The whole module, with an exchange and a helper that say whatever the input
 * has, and a system of which any call may fail.  PAM_SUCCESS means that the
 * provider said so and all is kept; otherwise nothing is.
 *
 * The input: the number of failures; how many calls work before each; how the
 * application, the helper and libpam behave; whose account is asked for; then
 * what the exchange writes.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>

#include "common/io.h"
#include "common/keyring.h"
#include "common/outcome.h"
#include "common/spawn.h"
#include "pam/handoff.h"
#include "tests/fuzz/fakekeys.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/fakepam.h"

/* Nobody but the linker calls a __wrap_. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"

#define CONFIG "/fuzz/oidc-session.conf"
#define SECRET "/fuzz/secret"
#define MAP    "/fuzz/map"

enum behaviour {
    USE_FIRST_PASS = 1,
    NO_DATA = 2,     /* pam_set_data() fails */
    NO_VARIABLE = 4, /* pam_putenv() fails */
    NO_HELPER = 8,   /* it cannot be started */
    MUTE_HELPER = 16,
    ANOTHER_USER = 32, /* opens the session, as sudo does */
    NO_CLOSE = 64,     /* pam_end() without close_session */
    NO_PROMPT = 128,
};

/* ---- What fails ---- */

static struct {
    bool armed;
    struct input fates;
    unsigned left; /* calls until one fails; 0: none does any more */
    unsigned failed, key_calls_failed;
} chance;

static void
chance_next(void)
{
    chance.left = input_byte(&chance.fates);
}

static int
fails(void)
{
    static const int errors[] = {ENOMEM, EIO, EDQUOT, EACCES};

    if (!chance.armed || chance.left == 0 || --chance.left > 0)
        return 0;
    chance.failed++;
    if (getenv("FUZZ_TRACE") != NULL)
        __sanitizer_print_stack_trace(); /* where it fails */
    chance_next();
    return errors[chance.failed % ARRAY_LEN(errors)];
}

static int
key_call_fails(void)
{
    int error = fails();

    chance.key_calls_failed += error != 0;
    return error;
}

#define WRAP(type, name, parameters, arguments)                                \
    type __real_##name parameters;                                             \
    type __wrap_##name parameters                                              \
    {                                                                          \
        int error = fails();                                                   \
                                                                               \
        if (error != 0) {                                                      \
            errno = error;                                                     \
            return (type) -1;                                                  \
        }                                                                      \
        return __real_##name arguments;                                        \
    }

#define WRAP_MALLOC(name, parameters, arguments)                               \
    void *__real_##name parameters;                                            \
    void *__wrap_##name parameters                                             \
    {                                                                          \
        if (fails() != 0) {                                                    \
            errno = ENOMEM;                                                    \
            return NULL;                                                       \
        }                                                                      \
        return __real_##name arguments;                                        \
    }

WRAP(ssize_t, read, (int fd, void *out, size_t size), (fd, out, size))
WRAP(ssize_t, write, (int fd, const void *data, size_t len), (fd, data, len))
WRAP(ssize_t, getrandom, (void *out, size_t size, unsigned flags),
     (out, size, flags))
WRAP_MALLOC(malloc, (size_t size), (size))
WRAP_MALLOC(calloc, (size_t count, size_t size), (count, size))

/* ---- What is around the module ---- */

static unsigned behaviour;
static struct input exchange; /* what it writes */
static int heard;             /* what was said to it, or -1 */

/* The slots of the logins: nobody else has any, but a lock may fail. */
static int slots_directory;

int
__wrap_mkdir(const char *path UNUSED, mode_t mode UNUSED)
{
    errno = fails();
    return errno != 0 ? -1 : 0;
}

int __real_openat(int dir, const char *path, int flags, ...);

int
__wrap_openat(int dir, const char *path, int flags, ...)
{
    if (!chance.armed)
        return __real_openat(dir, path, flags, 0600);
    errno = fails();
    return errno != 0 ? -1 : memfd_create("slots", MFD_CLOEXEC);
}

int __real_fcntl(int fd, int command, ...);

int
__wrap_fcntl(int fd, int command, void *argument)
{
    int error = command == F_OFD_SETLK ? fails() : 0;

    if (error == 0)
        return __real_fcntl(fd, command, argument);
    errno = error == EACCES || error == EIO ? error : EAGAIN;
    return -1;
}

/* Three files exist, root's and private. */
int __real_open(const char *path, int flags, ...);

int
__wrap_open(const char *path, int flags, ...)
{
    int fd, error;

    if (!chance.armed)
        return __real_open(path, flags, 0600); /* libFuzzer's own */
    error = fails();
    if (error == 0 && strncmp(path, "/proc/", 6) == 0)
        return __real_open(path, flags);
    if (error == 0 && strcmp(path, CONFIG) != 0 && strcmp(path, SECRET) != 0
        && strcmp(path, MAP) != 0 && strcmp(path, RUN_PATH) != 0)
        error = ENOENT;
    if (error != 0) {
        errno = error;
        return -1;
    }
    fd = memfd_create("fuzz", MFD_CLOEXEC);
    HOLDS(fd >= 0 && __real_write(fd, "x\n", 2) == 2);
    HOLDS(lseek(fd, 0, SEEK_SET) == 0);
    if (strcmp(path, RUN_PATH) == 0)
        slots_directory = fd;
    return fd;
}

int __real_fstat(int fd, struct stat *out);

int
__wrap_fstat(int fd, struct stat *out)
{
    int error = fails();

    if (error != 0) {
        errno = error;
        return -1;
    }
    if (__real_fstat(fd, out) == -1)
        return -1;
    if (chance.armed) {
        out->st_uid = 0;
        out->st_mode = (fd == slots_directory ? S_IFDIR : S_IFREG) | 0600;
        slots_directory = -1; /* it is asked about once, and then closed */
    }
    return 0;
}

uid_t __real_getuid(void);

uid_t
__wrap_getuid(void)
{
    return chance.armed ? 0 : __real_getuid();
}

int __real_pidfd_open(pid_t pid, unsigned flags);

int
__wrap_pidfd_open(pid_t pid, unsigned flags)
{
    int error = fails();

    HOLDS(pid == getpid()); /* the only helper that there is */
    if (error != 0) {
        errno = error;
        return -1;
    }
    return __real_pidfd_open(pid, flags);
}

int
__wrap_pidfd_send_signal(int fd UNUSED, int signal UNUSED,
                         siginfo_t *info UNUSED, unsigned flags UNUSED)
{
    int error = fails();

    errno = error;
    return error != 0 ? -1 : 0;
}

/* A pipe that has these bytes and then its end; what is too much is cut. */
static int
make_from(const uint8_t *data, size_t len)
{
    int fds[2];

    HOLDS(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
    if (len > 0)
        HOLDS(__real_write(fds[1], data, len < 65536 ? len : 65536) > 0);
    fd_close(&fds[1]);
    return fds[0];
}

static int
helper_from(void)
{
    struct message ready = {.kind = KIND_READY};
    struct secret wire = {0};
    int fd;

    if ((behaviour & MUTE_HELPER) != 0)
        return make_from(NULL, 0);
    HOLDS(message_set_number(&ready, FIELD_PID, getpid()) == 0);
    HOLDS(message_encode(&ready, &wire) == 0);
    fd = make_from(wire.data, wire.len);
    message_clear(&ready);
    secret_clear(&wire);
    return fd;
}

int
__wrap_spawn_with_pipes(struct spawn *plan, int *to, int *from)
{
    bool is_helper =
        strcmp(plan->argv[0], HELPER_PATH) == 0
        && (plan->argv[1] == NULL || strcmp(plan->argv[1], "login") != 0);
    int error = fails();

    *to = *from = -1;
    if (error == 0 && is_helper && (behaviour & NO_HELPER) != 0)
        error = ENOENT;
    if (error != 0)
        return -error;
    chance.armed = false;
    *to = memfd_create("to", MFD_CLOEXEC);
    HOLDS(*to >= 0);
    if (is_helper) {
        *from = helper_from();
    } else {
        HOLDS(heard == -1);
        heard = fcntl(*to, F_DUPFD_CLOEXEC, 0);
        *from = make_from(exchange.data, exchange.len);
    }
    chance.armed = true;
    return 0;
}

/* ---- What must be true ---- */

static size_t
count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    HOLDS(dir != NULL);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

/* Whether the exchange was told that its tokens are safe. */
static bool
said_stored(void)
{
    struct message message = {0};
    struct secret buf = {0};
    bool stored = false;
    size_t n;

    if (heard == -1)
        return false;
    HOLDS(lseek(heard, 0, SEEK_SET) == 0);
    for (n = 0; !stored && message_wait(heard, &buf, 0, &message) == 0; n++) {
        stored = message.kind == KIND_STORED;
        HOLDS(message.kind != KIND_FILES || n == 1); /* behind LOGIN, once */
    }
    message_clear(&message);
    secret_clear(&buf);
    return stored;
}

/* What the exchange wrote ends in a RESULT that is ok, and that is kept. */
static void
check_kept(void)
{
    const struct secret *token, *refresh;
    struct message message = {0};
    enum outcome outcome;
    ssize_t n;

    do {
        n = message_decode(exchange.data, exchange.len, &message);
        HOLDS(n > 0);
        exchange.data += n;
        exchange.len -= (size_t) n;
    } while (message.kind != KIND_RESULT);
    token = &message.field[FIELD_ACCESS_TOKEN];
    refresh = &message.field[FIELD_REFRESH_TOKEN];
    HOLDS(outcome_parse(message_text(&message, FIELD_OUTCOME), &outcome) == 0);
    HOLDS(outcome == OUTCOME_OK && token->len > 0);
    HOLDS(fakekeys_holds(KEY_ACCESS_TOKEN, token->data, token->len));
    HOLDS(refresh->len == 0
          || fakekeys_holds(KEY_REFRESH_TOKEN, refresh->data, refresh->len));
    message_clear(&message);
}

/*
 * Nothing is left.  When a call about keys has failed, what is left at least
 * ends by itself.
 */
static void
check_nothing_left(void)
{
    HOLDS(fakekeys_left(false) == 0);
    HOLDS(chance.key_calls_failed > 0 || fakekeys_left(true) == 0);
}

static int
authenticate(pam_handle_t *pamh, int argc, const char **argv)
{
    int r;

    chance.armed = true;
    r = pam_sm_authenticate(pamh, 0, argc, argv);
    chance.armed = false;
    switch (r) {
    case PAM_SUCCESS:
        HOLDS(said_stored() && pam_getenv(pamh, HANDOFF_VARIABLE) != NULL);
        check_kept();
        return r;
    case PAM_BUF_ERR:
    case PAM_AUTH_ERR:
    case PAM_MAXTRIES:
    case PAM_AUTHINFO_UNAVAIL:
    case PAM_SERVICE_ERR:
    case PAM_CONV_ERR:
        HOLDS(!said_stored());
        check_nothing_left();
        return r;
    default:                     /* above all no PAM_IGNORE */
        HOLDS(r == PAM_SUCCESS); /* no other code is in the manual */
        return r;
    }
}

/*
 * Between the two an application may ask whether this account is good, also for
 * another user than the one who has authenticated.
 */
static void
account(pam_handle_t *pamh, bool authenticated, unsigned who, int argc,
        const char **argv)
{
    static const char *const users[] = {NULL,   "alice",  "first",
                                        "root", "daemon", "Alice"};
    const char *user = users[who % ARRAY_LEN(users)], *before = pamh->user;
    size_t keys = fakekeys_left(true);
    int r;

    if (user == NULL)
        return;
    pamh->user = user;
    chance.armed = true;
    r = pam_sm_acct_mgmt(pamh, 0, argc, argv);
    chance.armed = false;
    pamh->user = before;
    HOLDS(r == PAM_SUCCESS || r == PAM_IGNORE || r == PAM_PERM_DENIED
          || r == PAM_AUTH_ERR || r == PAM_USER_UNKNOWN || r == PAM_BUF_ERR);
    HOLDS(r != PAM_SUCCESS || (authenticated && strcmp(user, "alice") == 0));
    HOLDS(!authenticated || r != PAM_IGNORE);
    HOLDS(r != PAM_SUCCESS || keys > 0);
    HOLDS(fakekeys_left(true) == keys); /* the session still needs them */
}

/* Somebody unlocks the screen: whatever happens, nothing is lost by it. */
static void
refresh(pam_handle_t *pamh, int argc, const char **argv)
{
    size_t keys = fakekeys_left(true);
    int r;

    chance.armed = true;
    r = pam_sm_setcred(pamh, PAM_REFRESH_CRED, argc, argv);
    chance.armed = false;
    HOLDS(r == PAM_SUCCESS);
    HOLDS(fakekeys_left(true) == keys);
}

static void
open_and_close(pam_handle_t *pamh, int argc, const char **argv)
{
    int r;

    if ((behaviour & ANOTHER_USER) != 0)
        pamh->user = "first";
    chance.armed = true;
    r = pam_sm_open_session(pamh, 0, argc, argv);
    chance.armed = false;
    HOLDS(r == PAM_SUCCESS || r == PAM_SESSION_ERR || r == PAM_BUF_ERR
          || r == PAM_SERVICE_ERR);
    HOLDS(pam_getenv(pamh, HANDOFF_VARIABLE) == NULL
          || (behaviour & NO_VARIABLE) != 0);
    if (r != PAM_SUCCESS || (behaviour & ANOTHER_USER) != 0)
        check_nothing_left();
    refresh(pamh, argc, argv);
    if ((behaviour & NO_CLOSE) != 0)
        return;
    chance.armed = true;
    r = pam_sm_close_session(pamh, 0, argc, argv);
    chance.armed = false;
    HOLDS(r == PAM_SUCCESS);
    check_nothing_left();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char config[] = "config=" CONFIG;
    static const char *argv[] = {config, "debug", "try_first_pass"};
    struct input input = {data, size};
    size_t before = count_descriptors();
    pam_handle_t *pamh;
    unsigned who;
    int r;

    memset(&chance, 0, sizeof(chance));
    chance.fates.len = input_byte(&input) % 16;
    if (chance.fates.len > input.len)
        chance.fates.len = input.len;
    chance.fates.data = input.data;
    input.data += chance.fates.len;
    input.len -= chance.fates.len;
    chance_next();
    behaviour = input_byte(&input);
    who = input_byte(&input);
    slots_directory = -1;
    exchange = input;
    heard = -1;
    fakekeys_reset();
    fakekeys_fails = key_call_fails;

    pamh = fakepam_start();
    pamh->answer = "enter";
    pamh->prompt_result =
        (behaviour & NO_PROMPT) != 0 ? PAM_CONV_ERR : PAM_SUCCESS;
    pamh->set_data_result =
        (behaviour & NO_DATA) != 0 ? PAM_BUF_ERR : PAM_SUCCESS;
    pamh->putenv_result =
        (behaviour & NO_VARIABLE) != 0 ? PAM_BUF_ERR : PAM_SUCCESS;
    r = authenticate(pamh, (behaviour & USE_FIRST_PASS) != 0 ? 3 : 2, argv);
    account(pamh, r == PAM_SUCCESS, who, 2, argv);
    open_and_close(pamh, 2, argv);
    chance.armed = true;
    fakepam_end(pamh, r);
    chance.armed = false;
    check_nothing_left();
    fd_close(&heard);
    HOLDS(count_descriptors() == before);
    return 0;
}
