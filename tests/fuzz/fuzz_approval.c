/* SPDX-License-Identifier: MIT */
/* What a user is shown is plain text, whatever the exchange has sent. */
#include <config.h>

#include "common/approval.h"
#include "common/blocks.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_SIZE 5120

static bool
is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text != '\n' && (*text < ' ' || *text > '~'))
            return false;
    return true;
}

static bool
is_drawing(const char *text)
{
    size_t n;

    for (; *text != '\0'; text += n) {
        n = *text == ' ' || *text == '\n' ? 1 : 3;
        if (n == 3 && strncmp(text, "\xe2\x96\x80", 3) != 0
            && strncmp(text, "\xe2\x96\x84", 3) != 0
            && strncmp(text, "\xe2\x96\x88", 3) != 0)
            return false;
    }
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct approval here = {"host", "alice", "192.0.2.1", 60,
                                         QR_ON_REQUEST};
    struct message prompt = {0};
    char *out = malloc(TEXT_SIZE), *blocks = malloc(BLOCKS_TEXT_SIZE);
    const struct secret *modules = &prompt.field[FIELD_QR];
    size_t i, lines = 0;

    HOLDS(out != NULL && blocks != NULL);
    if (message_decode(data, size, &prompt) > 0) {
        HOLDS(approval_text(&prompt, &here, out, TEXT_SIZE) == out);
        HOLDS(ends_within(out, TEXT_SIZE) && is_plain(out));
        HOLDS(strstr(out, "To log in, open this page") != NULL);
        for (i = 0; out[i] != '\0'; i++)
            lines += out[i] == '\n';
        HOLDS(lines <= 24); /* no line of the provider's making */
        HOLDS(approval_text(&prompt, &here, out, 80) == out);
        HOLDS(ends_within(out, 80));
        (void) !blocks_draw(modules->data, modules->len, blocks);
        HOLDS(ends_within(blocks, BLOCKS_TEXT_SIZE) && is_drawing(blocks));
    }
    message_clear(&prompt);
    free(blocks);
    free(out);
    return 0;
}
