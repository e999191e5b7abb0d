/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>
#include <time.h>

#include "helper/exchange/document.h"

int
document_find(const struct client *client, const struct cache *cache,
              const struct document_kind *kind, const char *url,
              struct document *out)
{
    struct problem unsaid = {0}; /* it is fetched again instead */
    struct document found = {0};
    int r;

    r = cache_read(cache, url, time(NULL), &found.json, &found.fetched_at);
    if (r == 0 && kind->check(found.json, client->settings, &unsaid) < 0)
        r = -ENOENT;
    if (r < 0) {
        document_clear(&found);
        return r;
    }
    *out = found;
    return 0;
}

/* Nothing happens to a session by asking for what everybody may see. */
static int
explain(const struct document_kind *kind, const char *url,
        const struct client_reply *reply, struct problem *problem)
{
    int r = client_problem(reply, kind->what, url, problem);

    if (problem->outcome == OUTCOME_AMBIGUOUS
        || problem->outcome == OUTCOME_DEAD)
        problem->outcome = OUTCOME_TRANSIENT;
    return r;
}

int
document_fetch(const struct client *client, const struct cache *cache,
               const struct document_kind *kind, const char *url,
               struct document *out, struct problem *problem)
{
    struct client_reply reply = {0};
    int r;

    r = client_get(client, url, &reply);
    out->status = reply.answer.status;
    out->date = reply.date;
    if (r == 0 && reply.outcome != OUTCOME_OK)
        r = explain(kind, url, &reply, problem);
    if (r == 0)
        r = kind->check(reply.json, client->settings, problem);
    if (r == 0) {
        /* Without a cache, or when the disk is full, it goes on as well. */
        (void) cache_write(cache, url, reply.sent_at, reply.fresh_for,
                           reply.json);
        out->fetched_at = reply.sent_at;
        out->json = reply.json;
        reply.json = NULL;
    }
    client_reply_clear(&reply);
    return r;
}

void
document_clear(struct document *document)
{
    cJSON_Delete(document->json);
    *document = (struct document){0};
}
