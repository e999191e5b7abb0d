/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <limits.h>

#include "helper/exchange/caller.h"

int
caller_expect(struct caller *caller, enum kind kind, struct message *out)
{
    int r;

    r = message_wait(caller->in, &caller->buf, -1, out);
    if (r == 0 && out->kind != kind)
        r = -EBADMSG;
    return r;
}

int
caller_ask(struct caller *caller, const struct message *question,
           enum kind kind, struct message *answer)
{
    int r;

    r = message_send(caller->out, question);
    if (r < 0)
        return r;
    return caller_expect(caller, kind, answer);
}

int
caller_sleep(struct caller *caller, int64_t seconds)
{
    struct message message = {0};
    int r;

    if (seconds < 0) /* to message_wait() that would be "for ever" */
        seconds = 0;
    if (seconds > INT_MAX / 1000)
        seconds = INT_MAX / 1000;
    r = message_wait(caller->in, &caller->buf, (int) seconds * 1000, &message);
    message_clear(&message);
    if (r == -ETIMEDOUT)
        return 0;
    return r == 0 ? -EBADMSG : r;
}

/* Of its next message; KIND_NONE when it is gone, or says what is none. */
static enum kind
hear(struct caller *caller)
{
    struct message message = {0};
    enum kind kind = KIND_NONE;

    if (message_wait(caller->in, &caller->buf, -1, &message) == 0)
        kind = message.kind;
    message_clear(&message);
    return kind;
}

enum caller_has
caller_stored(struct caller *caller, bool in_steps)
{
    enum kind kind = hear(caller);

    if (kind == KIND_STORED)
        return CALLER_HAS_ALL;
    if (!in_steps || kind != KIND_REFRESH_STORED)
        return CALLER_HAS_NOTHING;
    return hear(caller) == KIND_STORED ? CALLER_HAS_ALL : CALLER_HAS_REFRESH;
}

void
caller_clear(struct caller *caller)
{
    secret_clear(&caller->buf);
}
