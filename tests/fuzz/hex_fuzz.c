/* hex: what is read is the digits' value: writing it gives the same text in lower case. */
#include "base/builder.h"
#include "base/hex.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t value[32768], text[65536];
    if (size > sizeof text) return 0;
    if (!status_is_ok(hex_read(slice_of(bytes, size), value, size / 2))) return 0;

    struct builder builder;
    builder_init(&builder, text, sizeof text);
    hex_put(&builder, slice_of(value, size / 2));
    if (builder.is_over || builder.size != size) __builtin_trap();
    for (size_t i = 0; i < size; i++) {
        const uint8_t lower = bytes[i] >= 'A' && bytes[i] <= 'F' ? bytes[i] | 0x20 : bytes[i];
        if (text[i] != lower) __builtin_trap();
    }
    return 0;
}
