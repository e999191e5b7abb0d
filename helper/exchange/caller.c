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

bool
caller_stored(struct caller *caller)
{
    struct message message = {0};
    int r;

    r = caller_expect(caller, KIND_STORED, &message);
    message_clear(&message);
    return r == 0;
}

void
caller_clear(struct caller *caller)
{
    secret_clear(&caller->buf);
}
