/*
 * eip191: what is hashed when a person signs a message.
 *
 * Version 0x45 only: keccak("\x19" "Ethereum Signed Message:\n" || decimal size || message). The
 * first byte 0x19 keeps a message from ever being a transaction.
 *
 * Specification: EIP-191.
 */
#ifndef ETH_EIP191_H
#define ETH_EIP191_H

#include "base/slice.h"
#include "crypto/digest.h"

/* The digest to sign for a message of any bytes and size. */
hash32 eip191_hash(slice message);

#endif
