/*
 * call: a request, reply or error reply that is accepted is written back as it was read; so are
 * credentials and errors taken apart.
 */
#include <assert.h>

#include "proto/call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void credentials_round_trip(slice section)
{
    static uint8_t memory[CALL_CREDENTIALS_SIZE_MAX];
    struct call_credentials credentials;
    struct builder output;
    if (!status_is_ok(call_read_credentials(section, &credentials))) return;
    builder_init(&output, memory, sizeof memory);
    const status written = call_put_credentials(&credentials, &output);
    assert(status_is_ok(written) && slice_equal(builder_view(&output), section));
}

static void failure_round_trip(const struct frame *frame, slice read)
{
    static uint8_t memory[CALL_FAILURE_SIZE_MAX];
    struct call_failure failure;
    struct builder output;
    if (!status_is_ok(call_read_failure(frame, &failure))) return;
    builder_init(&output, memory, sizeof memory);
    const status written = call_write_failure(frame->req_id, &failure, &output);
    assert(status_is_ok(written) && slice_equal(builder_view(&output), read));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[FRAME_SIZE_MAX];
    const slice all = slice_of(data, size);
    slice arrived = all;
    struct frame frame;
    bool is_whole = false;
    credentials_round_trip(all);
    if (!status_is_ok(frame_take(&arrived, &frame, &is_whole)) || !is_whole) return 0;
    const slice read = slice_part(all, 0, all.size - arrived.size);
    const uint8_t asked = frame.type & (uint8_t)~FRAME_REPLY;
    if (!status_is_ok(call_check_request(&frame)) &&
        !status_is_ok(call_check_reply(&frame, asked))) {
        return 0;
    }
    credentials_round_trip(frame_section(&frame, FRAME_CREDENTIALS));
    failure_round_trip(&frame, read);
    const int64_t deadline_ms = call_deadline_ms(&frame, 0, 15000);
    assert(deadline_ms >= 0 && deadline_ms <= 15000);
    struct builder output;
    builder_init(&output, memory, sizeof memory);
    const status written = call_write(&frame, &output);
    assert(status_is_ok(written) && slice_equal(builder_view(&output), read));
    return 0;
}
