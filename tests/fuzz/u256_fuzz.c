/*
 * u256: decimal and quantity texts that are accepted are printed as they were, but for case.
 */
#include <assert.h>

#include "eth/address.h"
#include "eth/u256.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint8_t text[U256_DECIMAL_SIZE_MAX];
    struct builder builder;
    eth_address address;
    u256 value, again;
    const slice input = slice_of(bytes, size);
    if (status_is_ok(u256_parse_decimal(input, &value))) {
        builder_init(&builder, text, sizeof text);
        u256_print_decimal(&builder, value);
        const status read = u256_parse_decimal(builder_view(&builder), &again);
        assert(status_is_ok(read) && u256_equal(value, again));
    }
    if (status_is_ok(u256_parse_quantity(input, &value))) {
        builder_init(&builder, text, sizeof text);
        u256_print_quantity(&builder, value);
        assert(builder.size == size);
    }
    if (status_is_ok(address_parse(input, &address))) assert(size == ADDRESS_TEXT_SIZE);
    return 0;
}
