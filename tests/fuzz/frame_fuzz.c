/*
 * frame: whatever is accepted is written back as it was read; taking the same stream in two pieces
 * gives the same frames.
 */
#include <assert.h>
#include <string.h>

#include "proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[FRAME_SIZE_MAX];
    slice arrived = slice_of(data, size);
    for (;;) {
        const slice before = arrived;
        struct frame frame;
        bool is_whole = false;
        (void)frame_req_id(arrived);
        if (!status_is_ok(frame_take(&arrived, &frame, &is_whole)) || !is_whole) break;
        const slice read = slice_part(before, 0, before.size - arrived.size);
        struct builder output;
        builder_init(&output, memory, sizeof memory);
        const status written = frame_write(&frame, &output);
        assert(status_is_ok(written) && slice_equal(builder_view(&output), read));
        slice cut = slice_part(read, 0, read.size - 1);
        const status taken = frame_take(&cut, &frame, &is_whole);
        assert(status_is_ok(taken) && !is_whole);
    }
    return 0;
}
