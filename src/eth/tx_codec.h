/*
 * tx_codec: transactions as bytes, unsigned and signed, by the table of eth/tx.h.
 *
 * Reading is strict: bytes that are not exactly what tx_write would have written for the same
 * fields are refused, and so is every field outside the rules of eth/tx.h. The signing hash is
 * therefore always the hash of something that was fully understood. A blob transaction is read and
 * written in its canonical form, without blobs.
 *
 * Specification: EIP-155, EIP-2718, and each type's own EIP.
 */
#ifndef ETH_TX_CODEC_H
#define ETH_TX_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/k256.h"
#include "eth/tx.h"

/* A signature and what it makes the prefix grow. */
enum { TX_SIGNED_SIZE_MAX = TX_SIZE_MAX + 76 };

/*
 * Reads the exact bytes whose hash is signed: [nonce … data, chain id, 0, 0] for legacy, type and
 * fields otherwise. Slices view `bytes`. BAD_INPUT, OVER_LIMIT above TX_SIZE_MAX.
 */
MUST_CHECK status tx_read(slice bytes, struct tx *tx);
/* Appends these bytes. BAD_INPUT when tx_check would refuse; OVER_LIMIT when it does not fit. */
MUST_CHECK status tx_write(const struct tx *tx, struct builder *bytes);

/* How much room tx_write needs at most for this transaction. */
size_t tx_write_size_max(const struct tx *tx);

/* The hash to sign: that of the unsigned bytes. */
hash32 tx_signing_hash(slice unsigned_bytes);

/* The same for the raw, signed form, which nodes take. */
MUST_CHECK status tx_read_signed(slice raw, struct tx *tx, k256_signature *signature);
MUST_CHECK status tx_write_signed(const struct tx *tx, const k256_signature *signature,
                                  struct builder *raw);

/* The transaction's name on the chain: the hash of the raw form. */
hash32 tx_hash(slice raw);

/*
 * Finds who signed. `arena` gives memory for the unsigned bytes. BAD_INPUT when the signature fits
 * no key.
 */
MUST_CHECK status tx_read_sender(const struct tx *tx, const k256_signature *signature,
                                 const struct k256 *curve, struct arena *arena,
                                 eth_address *sender);

/* The number that stands for the parity: chain id * 2 + 35 + parity for legacy, else parity. */
uint64_t tx_signature_v(const struct tx *tx, const k256_signature *signature);

#endif
