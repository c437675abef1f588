/* base64: one value has one text, so what was read and is written again is the same text. */
#include "base/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

typedef status (*read_text)(struct builder *builder, slice text);
typedef void (*write_bytes)(struct builder *builder, slice bytes);

static void check_alphabet(slice input, read_text read, write_bytes write)
{
    static uint8_t value[65536], text[2 * 65536];
    struct builder decoded, encoded;
    builder_init(&decoded, value, sizeof value);
    if (!status_is_ok(read(&decoded, input))) return;
    builder_init(&encoded, text, sizeof text);
    write(&encoded, builder_view(&decoded));
    if (!slice_equal(builder_view(&encoded), input)) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    check_alphabet(slice_of(bytes, size), base64_put_decoded, base64_put);
    check_alphabet(slice_of(bytes, size), base64_put_decoded_url, base64_put_url);
    return 0;
}
