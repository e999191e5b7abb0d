/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/keyring.h"
#include "common/number.h"
#include "helper/tokens.h"

#define OURS KEY_SPEC_SESSION_KEYRING

static const char *const names[SESSION_KEY_COUNT] = {
    [SESSION_ACCESS_TOKEN] = KEY_ACCESS_TOKEN,
    [SESSION_ID_TOKEN] = KEY_ID_TOKEN,
    [SESSION_EXPIRES_AT] = KEY_EXPIRES_AT,
    [SESSION_STATUS] = KEY_STATUS,
};

int
tokens_find(struct tokens *out)
{
    struct key_info info;
    size_t i;
    int r;

    *out = (struct tokens){0};
    r = keyring_find(OURS, "keyring", KEYRING_TOKENS, &out->ring);
    if (r < 0)
        return r == -ENOKEY || r == -EKEYEXPIRED ? -EKEYREVOKED : r;
    out->own = key_info_get(out->ring, &info) == 0 && info.uid != 0;
    /* One that expired while we were replaced is found when it is written. */
    for (i = 0; i < SESSION_KEY_COUNT; i++)
        if (keyring_find(out->ring, "user", names[i], &out->key[i]) < 0)
            out->key[i] = 0;
    return 0;
}

/*
 * The user may destroy a key of the session (to invalidate it takes only the
 * right to search).  The one made instead is the user's and charged to the
 * user; it gets the same permissions for the session, and none for its owner.
 */
static int
adopt(const struct tokens *tokens, key_serial_t key)
{
    const key_perm_t permissions =
        tokens->own ? KEY_OWN_SESSION
                    : KEY_FOR_SESSION & ~(key_perm_t) KEY_USR_ALL;
    struct key_info info = {0};
    int r;

    r = key_info_get(key, &info);
    if (r < 0)
        return r;
    if (info.uid == 0)
        return 0; /* it was only expired when we looked for it */
    /* Ours to revoke at the end, like the one that the module had linked. */
    if (strcmp(info.description, KEY_ACCESS_TOKEN) == 0
        && keyctl_link(key, OURS) == -1)
        return -errno;
    return keyctl_setperm(key, permissions) == -1 ? -errno : 0;
}

static void
remove_key(key_serial_t ring, const char *name)
{
    key_serial_t key;

    if (keyring_find(ring, "user", name, &key) < 0)
        return; /* gone, or expired: the kernel removes it */
    (void) key_revoke(key);
    (void) keyctl_unlink(key, ring); /* only gives the quota back sooner */
}

static int
put(struct tokens *tokens, enum session_key which, const struct secret *value,
    int64_t lifetime)
{
    key_serial_t key = 0;
    int r;

    r = keyring_put(tokens->ring, names[which], value, lifetime, &key);
    if (r == -EACCES) {
        /* The user's: no right of its owner's means none for us, either. */
        remove_key(tokens->ring, names[which]);
        remove_key(OURS, names[which]);
        /* One that has expired is not found by its name. */
        (void) keyctl_unlink(tokens->key[which], tokens->ring);
        (void) keyctl_unlink(tokens->key[which], OURS);
        r = keyring_put(tokens->ring, names[which], value, lifetime, &key);
    }
    if (r == -ENOKEY)
        return -EKEYREVOKED; /* the user invalidated the whole keyring */
    if (r == 0 && key != tokens->key[which]) {
        r = adopt(tokens, key);
        if (r < 0)
            (void) key_revoke(key);
        else
            tokens->key[which] = key;
    }
    return r;
}

/* A text in the keyring `oidc`; empty when there is none. */
static int
get_text(const struct tokens *tokens, const char *name, struct secret *out)
{
    int r = keyring_get(tokens->ring, name, out);

    return r == -ENOKEY ? 0 : r;
}

int
tokens_times(const struct tokens *tokens, int64_t *expires_at,
             struct status *status)
{
    struct secret expires = {0}, text = {0};
    int64_t at = 0;
    int r;

    r = get_text(tokens, KEY_EXPIRES_AT, &expires);
    if (r == 0)
        r = get_text(tokens, KEY_STATUS, &text);
    if (r == 0 && expires.len > 0)
        r = number_parse(secret_text(&expires), UNIX_TIME_MAX, &at);
    if (r == 0)
        r = status_parse(secret_text(&text), status);
    if (r == 0)
        *expires_at = at;
    secret_clear(&expires);
    secret_clear(&text);
    return r;
}

int
tokens_put_status(struct tokens *tokens, const struct status *status)
{
    struct secret text = {0};
    int r;

    r = status_format(status, &text);
    if (r == 0)
        r = put(tokens, SESSION_STATUS, &text, KEY_FOREVER);
    secret_clear(&text);
    return r;
}

/* Search it once: only we write it, and then keep its serial. */
static int
get_own(key_serial_t *key, const char *name, struct secret *out)
{
    int r = *key == 0 ? keyring_find(OURS, "user", name, key) : 0;

    return r < 0 ? r : key_read(*key, out);
}

/* The request for a renewal as the module left it, with no token yet. */
static int
read_settings(struct tokens *tokens, struct message *out)
{
    struct secret wire = {0};
    ssize_t n;
    int r;

    r = get_own(&tokens->settings, KEY_SETTINGS, &wire);
    if (r == 0) {
        n = message_decode(wire.data, wire.len, out);
        r = n > 0 ? 0 : -EBADMSG;
    }
    secret_clear(&wire);
    return r;
}

static int
read_token(key_serial_t *key, const char *name, struct message *out,
           enum field field)
{
    struct secret token = {0};
    int r;

    r = get_own(key, name, &token);
    if (r == 0)
        message_move(out, field, &token);
    secret_clear(&token);
    return r;
}

int
tokens_request(struct tokens *tokens, struct message *out)
{
    int r;

    r = read_settings(tokens, out);
    if (r == 0)
        r = read_token(&tokens->refresh, KEY_REFRESH_TOKEN, out,
                       FIELD_REFRESH_TOKEN);
    return r;
}

/* At least 1: 0 would be "never". */
static int64_t
seconds_from(int64_t now, int64_t at)
{
    if (at == 0)
        return KEY_FOREVER;
    return at - now > 1 ? at - now : 1;
}

/* What is only told to the session fails no renewal. */
static int
unless_over(int r)
{
    return r == -EKEYREVOKED ? r : 0;
}

static int
put_expires_at(struct tokens *tokens, int64_t expires_at)
{
    struct secret text = {0};
    char digits[32];
    int r;

    (void) snprintf(digits, sizeof(digits), "%" PRId64, expires_at);
    r = secret_append_text(&text, digits, sizeof(digits));
    if (r == 0)
        r = put(tokens, SESSION_EXPIRES_AT, &text, KEY_FOREVER);
    secret_clear(&text);
    return unless_over(r);
}

int
tokens_store_refresh(struct tokens *tokens, const struct message *result)
{
    const struct secret *refresh = &result->field[FIELD_REFRESH_TOKEN];

    /* RFC 6749 section 6: without a new one, the old one stays. */
    if (refresh->len == 0)
        return 0;
    return keyring_put(OURS, KEY_REFRESH_TOKEN, refresh, KEY_FOREVER,
                       &tokens->refresh);
}

int
tokens_publish(struct tokens *tokens, const struct message *result,
               const struct renewal_times *times, int64_t now)
{
    const struct secret *id = &result->field[FIELD_ID_TOKEN];
    int r;

    r = put(tokens, SESSION_ACCESS_TOKEN, &result->field[FIELD_ACCESS_TOKEN],
            seconds_from(now, times->expires_at));
    if (r == 0 && id->len > 0)
        r = unless_over(put(tokens, SESSION_ID_TOKEN, id,
                            seconds_from(now, times->id_expires_at)));
    if (r == 0)
        r = put_expires_at(tokens, times->expires_at);
    return r;
}

/* The user's own, in place of one that they have destroyed: we cannot set its
 * time, but write it anew. */
static int
rewrite(struct tokens *tokens, enum session_key which, int64_t lifetime)
{
    struct secret value = {0};
    int r;

    r = key_read(tokens->key[which], &value);
    if (r == 0)
        r = put(tokens, which, &value, lifetime);
    secret_clear(&value);
    return r;
}

/* One that the user has destroyed needs no time. */
static int
retime(struct tokens *tokens, enum session_key which, int64_t lifetime)
{
    key_serial_t key = tokens->key[which];
    int r = key != 0 ? key_set_lifetime(key, lifetime) : 0;

    if (r == -EACCES)
        r = rewrite(tokens, which, lifetime);
    return r == -ENOKEY || r == -EKEYREVOKED ? 0 : r;
}

int
tokens_retime(struct tokens *tokens, const struct renewal_times *times,
              int64_t now)
{
    int r;

    r = put_expires_at(tokens, times->expires_at);
    if (r == 0 && times->id_expires_at != 0)
        /* Expired by the new clock: it is gone until a renewal brings one. */
        (void) retime(tokens, SESSION_ID_TOKEN,
                      seconds_from(now, times->id_expires_at));
    if (r == 0)
        r = retime(tokens, SESSION_ACCESS_TOKEN,
                   seconds_from(now, times->expires_at));
    return r;
}

void
tokens_keep(struct tokens *tokens)
{
    struct secret nothing = {0};
    key_serial_t key;

    if (keyring_find(tokens->ring, "user", KEY_ACCESS_TOKEN, &key)
        != -EKEYEXPIRED)
        return;
    /* The kernel has no empty key. */
    if (secret_append_text(&nothing, KEY_NO_TOKEN, 1) == 0)
        (void) put(tokens, SESSION_ACCESS_TOKEN, &nothing, 1);
    secret_clear(&nothing);
}

bool
tokens_session_lives(key_serial_t session)
{
    struct key_info info;
    int r = session != 0 ? key_info_get(session, &info) : 0;

    return r != -ENOKEY && r != -EKEYREVOKED && r != -EKEYEXPIRED;
}

void
tokens_remove(const struct tokens *tokens)
{
    remove_key(tokens->ring, KEY_ACCESS_TOKEN);
    remove_key(tokens->ring, KEY_ID_TOKEN);
    remove_key(OURS, KEY_ACCESS_TOKEN);
    remove_key(OURS, KEY_REFRESH_TOKEN);
}

/* One that is gone needs no revocation. */
static int
take_token(key_serial_t *key, const char *name, struct message *out,
           enum field field)
{
    int r = read_token(key, name, out, field);

    return r == -ENOKEY || r == -EKEYREVOKED || r == -EKEYEXPIRED ? 0 : r;
}

int
tokens_revocation(struct tokens *tokens, struct message *out)
{
    key_serial_t linked = 0; /* as the module did, whatever became of ours */
    int r, refresh, access;

    r = read_settings(tokens, out);
    if (r < 0)
        message_clear(out);
    refresh = take_token(&tokens->refresh, KEY_REFRESH_TOKEN, out,
                         FIELD_REFRESH_TOKEN);
    access = take_token(&linked, KEY_ACCESS_TOKEN, out, FIELD_ACCESS_TOKEN);
    if (r == 0)
        r = refresh < 0 ? refresh : access;
    out->kind = KIND_REVOKE;
    return r;
}

void
tokens_end(const struct tokens *tokens)
{
    size_t i;

    tokens_remove(tokens);
    if (tokens->ring != 0) {
        for (i = 0; i < SESSION_KEY_COUNT; i++)
            remove_key(tokens->ring, names[i]);
        (void) key_revoke(tokens->ring);
    }
    remove_key(OURS, KEY_SETTINGS);
}
