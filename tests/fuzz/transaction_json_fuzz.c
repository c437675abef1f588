/*
 * transaction_json: any JSON is refused or becomes a transaction that the strict reader accepts.
 */
#include <assert.h>

#include "base/arena.h"
#include "base/json.h"
#include "eth/tx_codec.h"
#include "eth/tx_json.h"

static void read_object(slice text, struct arena *arena)
{
    static uint8_t memory[TX_SIZE_MAX];
    SCOPED(json_close) struct json document = {0};
    struct tx_json request;
    json_value object;
    if (!status_is_ok(json_open(text, arena, &document))) return;
    if (!status_is_ok(json_top_object(&document, &object))) return;
    if (!status_is_ok(tx_json_read(&object, arena, &request))) return;
    struct builder builder;
    struct tx back;
    builder_init(&builder, memory, sizeof memory);
    const status written = tx_write(&request.tx, &builder);
    const status read = status_is_ok(written) ? tx_read(builder_view(&builder), &back) : written;
    assert(status_is_ok(written) && status_is_ok(read));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    SCOPED(arena_close) struct arena arena = {0};
    if (!status_is_ok(arena_open(&arena, 1 << 20))) return 0;
    read_object(slice_of(bytes, size), &arena);
    return 0;
}
