/*
 * tx: a transaction that is accepted, unsigned or signed, is written back byte for byte.
 */
#include <assert.h>

#include "eth/tx_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t memory[TX_SIGNED_SIZE_MAX];
    const slice input = slice_of(bytes, size);
    struct tx tx;
    k256_signature signature;
    struct builder builder;
    if (status_is_ok(tx_read(input, &tx))) {
        builder_init(&builder, memory, sizeof memory);
        const status written = tx_write(&tx, &builder);
        assert(status_is_ok(written) && slice_equal(builder_view(&builder), input));
    }
    if (status_is_ok(tx_read_signed(input, &tx, &signature))) {
        builder_init(&builder, memory, sizeof memory);
        const status written = tx_write_signed(&tx, &signature, &builder);
        assert(status_is_ok(written) && slice_equal(builder_view(&builder), input));
    }
    return 0;
}
