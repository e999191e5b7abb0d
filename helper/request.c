/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "common/io.h"
#include "common/spawn.h"
#include "helper/request.h"

int
request_start(struct request *request, const char *verb,
              const struct message *message)
{
    const char *const argv[] = {EXCHANGE_PATH, verb, NULL};
    /* It parses what strangers send: it must not be able to write keys. */
    struct spawn plan = {
        .argv = argv,
        .fds = {-1, -1, -1},
        .n_fds = 3,
        .drop_group = true,
        /* When it revokes, ours holds no key any more; a new one would be
         * charged to the user, who may have used up their quota. */
        .keep_keyring = strcmp(verb, "revoke") == 0,
    };
    int r;

    r = spawn_with_pipes(&plan, &request->to, &request->from);
    if (r == 0)
        r = message_send(request->to, message);
    if (r < 0)
        request_end(request);
    return r;
}

int
request_receive(struct request *request, struct message *out)
{
    int r;

    r = message_receive(request->from, &request->buf, out);
    if (r == 1 && out->kind != KIND_RESULT)
        r = -EBADMSG;
    return r;
}

void
request_refresh_stored(struct request *request)
{
    (void) !message_send_kind(request->to, KIND_REFRESH_STORED);
}

void
request_stored(struct request *request)
{
    (void) !message_send_kind(request->to, KIND_STORED);
}

void
request_end(struct request *request)
{
    fd_close(&request->to);
    fd_close(&request->from);
    secret_clear(&request->buf);
}
