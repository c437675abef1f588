/*
 * intent: what is to be signed, understood.
 *
 * An intent is read from the bytes of a request before any key is looked for. It carries the digest
 * that will be signed together with the facts that rules judge by, both taken from the same bytes:
 * nothing is signed that was not decoded, and no request brings a digest of its own. Only
 * intent_read fills one; signer takes nothing else.
 *
 *   transaction   the exact unsigned bytes; decoded strictly, encoded again and compared
 *   message       any bytes, hashed behind EIP-191's prefix (version 0x45): 32 bytes too
 *
 * Specification: docs/PROTOCOL.md, the unsigned transaction; EIP-191.
 */
#ifndef WALLET_INTENT_H
#define WALLET_INTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "eth/address.h"
#include "eth/u256.h"

enum intent_kind {
    INTENT_TRANSACTION,
    INTENT_MESSAGE,
    INTENT_KIND_COUNT,
};

/* Facts that a kind does not have are zero. Slices view the bytes that were read. */
struct intent {
    enum intent_kind kind;
    hash32 digest; /* what is signed */
    uint64_t chain_id;
    bool has_to; /* false: no recipient, or a contract is created */
    eth_address to;
    u256 value; /* wei */
    slice data; /* calldata or initcode; the message itself */
};

/*
 * Understands the bytes of a request. `arena` gives memory for encoding again.
 *
 * BAD_INPUT for bytes that are not exactly one thing of this kind (a transaction's detail is enum
 * tx_field), OVER_LIMIT when the arena has no room.
 */
MUST_CHECK status intent_read(enum intent_kind kind, slice bytes, struct arena *arena,
                              struct intent *intent);

#endif
