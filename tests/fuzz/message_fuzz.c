/*
 * message: a request or reply that is accepted is written back as it was read.
 */
#include <assert.h>

#include "proto/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void credentials_round_trip(slice section)
{
    static struct message_credentials credentials;
    static uint8_t memory[MESSAGE_CREDENTIALS_SIZE_MAX];
    if (!status_is_ok(message_credentials_read(section, &credentials))) return;
    struct builder output;
    builder_init(&output, memory, sizeof memory);
    const status written = message_credentials_put(&credentials, &output);
    assert(status_is_ok(written) && slice_equal(builder_view(&output), section));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[FRAME_SIZE_MAX];
    const slice all = slice_of(data, size);
    slice arrived = all;
    struct frame frame;
    struct message_request request;
    struct message_reply reply;
    bool is_whole = false;
    credentials_round_trip(all);
    if (!status_is_ok(frame_take(&arrived, &frame, &is_whole)) || !is_whole) return 0;
    const slice read = slice_part(all, 0, all.size - arrived.size);
    struct builder output;
    builder_init(&output, memory, sizeof memory);
    if (status_is_ok(message_request_read(&frame, &request))) {
        credentials_round_trip(request.credentials);
        const status written = message_request_write(&request, &output);
        assert(status_is_ok(written) && slice_equal(builder_view(&output), read));
    } else if (status_is_ok(message_reply_read(&frame, &reply))) {
        const status written = message_reply_write(&reply, &output);
        assert(status_is_ok(written) && slice_equal(builder_view(&output), read));
    }
    return 0;
}
