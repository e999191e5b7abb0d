/* SPDX-License-Identifier: MIT */
/* A device authorization response, what is shown of it, and the polls. */
#include <config.h>

#include <errno.h>

#include "helper/exchange/device.h"
#include "helper/exchange/json.h"
#include "helper/exchange/url.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
    json_init();
    return 0;
}

static void
check_device(const cJSON *json, bool insecure)
{
    struct problem problem = {0};
    struct device device = {0};
    int r;

    r = device_parse(json, insecure, &device, &problem);
    HOLDS(r == 0 || r == -EPROTO);
    HOLDS(is_printable(problem.reason));
    HOLDS((r == 0) == (problem.reason[0] == '\0'));
    if (r == 0) {
        HOLDS(device.code.len > 0 && device.user_code[0] != '\0');
        HOLDS(is_printable(device.user_code) && is_printable(device.uri));
        HOLDS(url_check(device.uri, insecure) == NULL);
        HOLDS(device.uri_complete == NULL
              || url_check(device.uri_complete, insecure) == NULL);
        HOLDS(device.expires_in > 0 && device.expires_in <= JSON_SECONDS_MAX);
        HOLDS(device.interval > 0 && device.interval <= 3600);
    }
    device_clear(&device);
    device_clear(&device);
}

/* A reply to a poll, as the bytes and the body say. */
static void
make_reply(const cJSON *json, struct input *input, struct client_reply *out)
{
    const struct form nothing = {0};

    out->answer.code = input_byte(input) % 4 == 0 ? CURLE_RECV_ERROR : CURLE_OK;
    out->answer.status = 200 + input_byte(input) * 2;
    out->answer.sent = input_byte(input) % 2 == 0;
    out->answer.retry_after = input_byte(input) * 15;
    out->answer.json = true;
    oauth_read_error(json, &nothing, &out->answer);
    out->outcome = oauth_classify(&out->answer);
}

static void
check_polls(const cJSON *json, struct input *input)
{
    struct client_reply reply = {0};
    int64_t interval = 1 + input_byte(input), before, pause;
    enum device_step step;

    while (input->len > 0) {
        reply = (struct client_reply){0};
        make_reply(json, input, &reply);
        step = device_step(&reply);
        HOLDS(step <= DEVICE_FINAL);
        HOLDS((step == DEVICE_DONE) == (reply.outcome == OUTCOME_OK));
        before = interval;
        pause = device_pause(step, reply.answer.retry_after, &interval);
        HOLDS(pause >= 1 && pause >= interval && interval >= before);
        HOLDS(pause >= reply.answer.retry_after);
        HOLDS(interval <= before + 5 || interval <= 60);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    cJSON *json = NULL;
    size_t len;
    char *body = input_text(&input, &len);

    if (json_parse(body, len, &json) == 0) {
        check_device(json, true);
        check_device(json, false);
        check_polls(json, &input);
    }
    cJSON_Delete(json);
    free(body);
    return 0;
}
