/* SPDX-License-Identifier: MIT */
/*
 * The program that unit tests start as exchange or as helper.  It does what its
 * script says.  The script comes with the request (as FIELD_CONFIG or
 * FIELD_SETTINGS), or for a helper as its first argument; commands end with a
 * newline or ';', their words are separated by '|':
 *
 *   send|KIND|FIELD=VALUE…  send a message; the value @ is our process ID, and
 *                           #N is N times the letter x
 *   raw|HEX                 send these octets
 *   receive                 take the next message
 *   echo|FIELD              send RESULT denied, its reason this field of the
 *                           last message
 *   tell|PATH               take the next message or end of file, and write its
 *                           kind, or "gone", to a FIFO
 *   say|PATH|TEXT           write a text to a FIFO
 *   deaf                    close standard input
 *   hang                    wait for ever
 *   exit|NUMBER
 */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/message.h"

static const char *const kinds[KIND_COUNT] = {
    [KIND_NONE] = "none",
    [KIND_LOGIN] = "login",
    [KIND_FILES] = "files",
    [KIND_PASSWORD] = "password",
    [KIND_RENEW] = "renew",
    [KIND_REVOKE] = "revoke",
    [KIND_STORED] = "stored",
    [KIND_NEED_FILES] = "need_files",
    [KIND_NEED_PASSWORD] = "need_password",
    [KIND_PROMPT] = "prompt",
    [KIND_RESULT] = "result",
    [KIND_READY] = "ready",
    [KIND_GO] = "go",
    [KIND_REFRESH_STORED] = "refresh_stored",
    [KIND_CHECK] = "check",
};

static const char *const fields[FIELD_COUNT] = {
    [FIELD_CONFIG] = "config",
    [FIELD_PATH] = "path",
    [FIELD_FILE] = "file",
    [FIELD_USER] = "user",
    [FIELD_PASSWORD] = "password",
    [FIELD_SETTINGS] = "settings",
    [FIELD_BEFORE_EXPIRY] = "before_expiry",
    [FIELD_REVOKE] = "revoke",
    [FIELD_TIMEOUT] = "timeout",
    [FIELD_ACCESS_TOKEN] = "access_token",
    [FIELD_ID_TOKEN] = "id_token",
    [FIELD_REFRESH_TOKEN] = "refresh_token",
    [FIELD_EXPIRES_AT] = "expires_at",
    [FIELD_ID_EXPIRES_AT] = "id_expires_at",
    [FIELD_RENEWED_AT] = "renewed_at",
    [FIELD_ISSUER] = "issuer",
    [FIELD_SUBJECT] = "subject",
    [FIELD_SCOPE] = "scope",
    [FIELD_USER_CODE] = "user_code",
    [FIELD_VERIFICATION_URI] = "verification_uri",
    [FIELD_VERIFICATION_URI_COMPLETE] = "verification_uri_complete",
    [FIELD_EXPIRES_IN] = "expires_in",
    [FIELD_OUTCOME] = "outcome",
    [FIELD_REASON] = "reason",
    [FIELD_NOTICE] = "notice",
    [FIELD_RETRY_AFTER] = "retry_after",
    [FIELD_PID] = "pid",
    [FIELD_UID] = "uid",
    [FIELD_DEADLINE] = "deadline",
    [FIELD_MAP_PATH] = "map_path",
    [FIELD_MAP] = "map",
    [FIELD_MAP_REASON] = "map_reason",
    [FIELD_SANDBOX] = "sandbox",
    [FIELD_REFRESH_EXPIRES_AT] = "refresh_expires_at",
    [FIELD_NOTIFY] = "notify",
    [FIELD_QR] = "qr",
    [FIELD_QR_WHEN] = "qr_when",
    [FIELD_FINDINGS] = "findings",
};

static struct secret input;
static struct message last;

static void
die(const char *why)
{
    dprintf(STDERR_FILENO, "fake_exchange: %s\n", why);
    _exit(3);
}

static int
number_of(const char *const *names, int n, const char *name)
{
    int i;

    for (i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    die(name);
    return 0;
}

static void
set(struct message *message, char *assignment)
{
    char *value = strchr(assignment, '='), text[32], *many;
    enum field field;
    size_t n;
    int r;

    if (value == NULL)
        die(assignment);
    *value++ = '\0';
    field = (enum field) number_of(fields, FIELD_COUNT, assignment);
    if (strcmp(value, "@") == 0) {
        (void) snprintf(text, sizeof(text), "%d", getpid());
        r = message_set_text(message, field, text);
    } else if (value[0] == '#') {
        n = (size_t) atol(value + 1);
        many = malloc(n + 1);
        if (many == NULL)
            die("no memory");
        memset(many, 'x', n);
        r = message_set(message, field, many, n);
        free(many);
    } else {
        r = message_set_text(message, field, value);
    }
    if (r < 0)
        die("cannot set");
}

/* Somebody who does not listen is what some tests want. */
static void
put(const struct message *message)
{
    if (message_send(STDOUT_FILENO, message) < 0)
        _exit(4);
}

static void
send_words(char *words)
{
    struct message message = {0};
    char *word, *rest = words;

    word = strsep(&rest, "|");
    message.kind = (enum kind) number_of(kinds, KIND_COUNT, word);
    while ((word = strsep(&rest, "|")) != NULL)
        set(&message, word);
    put(&message);
    message_clear(&message);
}

/* In one write, so that it is sent before anybody can object. */
static void
send_raw(const char *hex)
{
    uint8_t octets[512];
    unsigned octet;
    size_t n = 0;

    for (; n < sizeof(octets) && sscanf(hex, "%2x", &octet) == 1; hex += 2)
        octets[n++] = (uint8_t) octet;
    if (write(STDOUT_FILENO, octets, n) != (ssize_t) n)
        _exit(4);
}

static void
echo(const char *name)
{
    enum field field = (enum field) number_of(fields, FIELD_COUNT, name);
    struct message message = {.kind = KIND_RESULT};

    if (message_set_text(&message, FIELD_OUTCOME, "denied") < 0
        || message_set_text(&message, FIELD_REASON, message_text(&last, field))
               < 0)
        die("cannot echo");
    put(&message);
    message_clear(&message);
}

static void
say(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd == -1 || write(fd, text, strlen(text)) == -1)
        die(path);
    close(fd);
}

static void
run(char *command)
{
    char *rest = command, *word = strsep(&rest, "|");

    if (strcmp(word, "send") == 0)
        send_words(rest);
    else if (strcmp(word, "raw") == 0)
        send_raw(rest);
    else if (strcmp(word, "receive") == 0) {
        if (message_wait(STDIN_FILENO, &input, -1, &last) < 0)
            die("nothing received");
    } else if (strcmp(word, "echo") == 0)
        echo(rest);
    else if (strcmp(word, "tell") == 0)
        say(rest, message_wait(STDIN_FILENO, &input, -1, &last) < 0
                      ? "gone"
                      : kinds[last.kind]);
    else if (strcmp(word, "say") == 0) {
        word = strsep(&rest, "|");
        say(word, rest);
    } else if (strcmp(word, "deaf") == 0)
        close(STDIN_FILENO);
    else if (strcmp(word, "hang") == 0)
        pause();
    else if (strcmp(word, "exit") == 0)
        _exit(atoi(rest));
    else
        die(word);
}

int
main(int argc, char **argv)
{
    static const char *const verbs[] = {"login", "renew", "revoke", "check"};
    char *script, *rest, *command;
    const char *text;
    size_t i;

    if (argc < 2 || argc > 6)
        die("a verb, or a script and the numbers that the helper gets");
    alarm(30); /* whatever a test does to us */
    text = argv[1];
    for (i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(argv[1], verbs[i]) != 0)
            continue;
        if (message_wait(STDIN_FILENO, &input, -1, &last) < 0)
            die("no request");
        text = message_text(&last, message_has(&last, FIELD_CONFIG)
                                       ? FIELD_CONFIG
                                       : FIELD_SETTINGS);
    }
    rest = script = strdup(text);
    while ((command = strsep(&rest, "\n;")) != NULL)
        if (command[0] != '\0')
            run(command);
    free(script);
    message_clear(&last);
    secret_clear(&input);
    return 0;
}
