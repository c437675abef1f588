/*
 * cose: what is accepted consists of its parts and nothing else, so that these parts put together
 * again are the input.
 */
#include "base/cbor.h"
#include "nsm/cose.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t memory[COSE_PAYLOAD_SIZE_MAX + 256];
    struct cose_sign1 message;
    struct builder builder;
    if (!status_is_ok(cose_read(slice_of(bytes, size), &message))) return 0;
    builder_init(&builder, memory, sizeof memory);
    if (bytes[0] == 0xd2) cbor_put_tag(&builder, 18);
    cbor_put_array(&builder, 4);
    cbor_put_bytes(&builder, message.protected_header);
    cbor_put_map(&builder, 0);
    cbor_put_bytes(&builder, message.payload);
    cbor_put_bytes(&builder, slice_of(message.signature.bytes, sizeof message.signature.bytes));
    if (builder.is_over || !slice_equal(builder_view(&builder), slice_of(bytes, size)))
        __builtin_trap();
    return 0;
}
