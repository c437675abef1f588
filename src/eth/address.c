#include "eth/address.h"

#include <string.h>

#include "base/hex.h"
#include "base/secret.h"
#include "eth/keccak.h"

enum { DIGIT_COUNT = 2 * ADDRESS_SIZE };

eth_address address_of(const k256_public_key *public_key)
{
    const hash32 hash = keccak_hash(slice_of(public_key->bytes, sizeof public_key->bytes));
    eth_address address;
    memcpy(address.bytes, hash.bytes + sizeof hash.bytes - ADDRESS_SIZE, ADDRESS_SIZE);
    return address;
}

bool address_equal(eth_address a, eth_address b)
{
    return secret_equal(slice_of(a.bytes, ADDRESS_SIZE), slice_of(b.bytes, ADDRESS_SIZE));
}

status address_read(slice bytes, eth_address *address)
{
    REQUIRE(bytes.size == ADDRESS_SIZE, BAD_INPUT, "address: must be 20 bytes");
    memcpy(address->bytes, bytes.bytes, ADDRESS_SIZE);
    return status_ok();
}

/* The digits of EIP-55: a letter is upper case where the hash of the digits has a nibble above 7. */
static void write_checksum(eth_address address, uint8_t digits[DIGIT_COUNT])
{
    struct builder lower;
    builder_init(&lower, digits, DIGIT_COUNT);
    hex_put(&lower, slice_of(address.bytes, ADDRESS_SIZE));
    const hash32 hash = keccak_hash(builder_view(&lower));
    for (size_t i = 0; i < DIGIT_COUNT; i++) {
        const unsigned nibble = i % 2 == 0 ? hash.bytes[i / 2] >> 4 : hash.bytes[i / 2] & 15u;
        if (digits[i] >= 'a' && nibble >= 8) digits[i] = (uint8_t)(digits[i] - 'a' + 'A');
    }
}

/* True when the text has letters between these two, which are of one case. */
static bool has_letter(slice text, uint8_t first, uint8_t last)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] >= first && text.bytes[i] <= last) return true;
    }
    return false;
}

status address_parse(slice text, eth_address *address)
{
    eth_address parsed;
    REQUIRE(text.size == ADDRESS_TEXT_SIZE && text.bytes[0] == '0' && text.bytes[1] == 'x',
            BAD_INPUT, "address: must be 0x and 40 hex digits");
    const slice digits = slice_part(text, 2, DIGIT_COUNT);
    REQUIRE(status_is_ok(hex_read(digits, parsed.bytes, ADDRESS_SIZE)), BAD_INPUT,
            "address: must be 0x and 40 hex digits");
    if (has_letter(digits, 'a', 'f') && has_letter(digits, 'A', 'F')) {
        uint8_t checksum[DIGIT_COUNT];
        write_checksum(parsed, checksum);
        REQUIRE(slice_equal(digits, slice_of(checksum, DIGIT_COUNT)), BAD_INPUT,
                "address: mixed case must be the checksum of EIP-55");
    }
    *address = parsed;
    return status_ok();
}

void address_print(struct builder *builder, eth_address address)
{
    uint8_t digits[DIGIT_COUNT];
    write_checksum(address, digits);
    builder_put_text(builder, "0x");
    builder_put(builder, slice_of(digits, DIGIT_COUNT));
}

void address_print_lower(struct builder *builder, eth_address address)
{
    hex_put_0x(builder, slice_of(address.bytes, ADDRESS_SIZE));
}
