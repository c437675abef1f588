/*
 * address: the 20 bytes by which Ethereum knows an account.
 *
 * Text is "0x" and 40 hex digits. All lower case or all upper case carries no checksum; mixed case
 * must be exactly the checksum form of EIP-55. The zero address is an address like any other.
 *
 * Specification: Yellow Paper (appendix F), EIP-55.
 */
#ifndef ETH_ADDRESS_H
#define ETH_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/k256.h"

enum {
    ADDRESS_SIZE = 20,
    ADDRESS_TEXT_SIZE = 42, /* "0x" and the digits */
};

typedef struct eth_address {
    uint8_t bytes[ADDRESS_SIZE];
} eth_address;

/* The address of a public key: the last 20 bytes of its Keccak-256. */
eth_address address_of(const k256_public_key *public_key);

/* In time that does not depend on the bytes: one may come from a key that is not known good. */
bool address_equal(eth_address a, eth_address b);

/* BAD_INPUT unless the bytes are exactly 20. */
MUST_CHECK status address_read(slice bytes, eth_address *address);

/* Reads text. BAD_INPUT for another shape, or mixed case that is not the checksum form. */
MUST_CHECK status address_parse(slice text, eth_address *address);
/* Appends the checksum form. */
void address_print(struct builder *builder, eth_address address);
/* Appends the lower-case form, the key under which addresses are stored. */
void address_print_lower(struct builder *builder, eth_address address);

#endif
