/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/io.h"
#include "common/spawn.h"
#include "helper/request.h"

static int
run(const char *verb, int in, int out)
{
    const char *const argv[] = {EXCHANGE_PATH, verb, NULL};
    const struct spawn plan = {.argv = argv, .fds = {in, out, -1}, .n_fds = 3};

    return spawn(&plan);
}

int
request_start(struct request *request, const char *verb,
              const struct message *message)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    int r = 0;

    if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
        r = -errno;
    if (r == 0)
        r = run(verb, in[0], out[1]);
    fd_close(&in[0]);
    fd_close(&out[1]);
    /* It reads all of its request before anything else: this ends. */
    if (r == 0)
        r = message_send(in[1], message);
    if (r < 0) {
        fd_close(&in[1]);
        fd_close(&out[0]);
        return r;
    }
    request->to = in[1];
    request->from = out[0];
    return 0;
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
