/*
 * rlp: what is accepted is written back byte for byte, so one value has one encoding.
 */
#include <assert.h>

#include "eth/rlp.h"

enum { DEPTH_MAX = 8 };

static void check_items(slice input, unsigned depth)
{
    static uint8_t memory[DEPTH_MAX][2 * 65536];
    struct rlp_item item;
    while (input.size > 0 && depth < DEPTH_MAX) {
        const slice before = input;
        struct builder builder;
        if (!status_is_ok(rlp_take(&input, &item))) {
            assert(input.bytes == before.bytes && input.size == before.size);
            return;
        }
        builder_init(&builder, memory[depth], sizeof memory[depth]);
        if (item.is_list) rlp_put_list(&builder, item.payload);
        else rlp_put_string(&builder, item.payload);
        const slice taken = slice_part(before, 0, before.size - input.size);
        assert(slice_equal(builder_view(&builder), taken));
        if (item.is_list) check_items(item.payload, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size <= 65536) check_items(slice_of(bytes, size), 0);
    return 0;
}
