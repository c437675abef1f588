/*
 * tx: Ethereum transactions as values, unsigned and signed.
 *
 * Reading is strict: bytes that are not exactly what tx_write would have written for the same
 * fields are refused, and so is every field outside the rules below. The signing hash is therefore
 * always the hash of something that was fully understood.
 *
 * Types now: legacy with replay protection (EIP-155) and dynamic fee (EIP-1559, with access list).
 * The other types are named and refused with their own sentence. The unprotected legacy form,
 * valid on every chain, is refused.
 *
 * Rules (each refusal's detail is the enum tx_field it is about):
 *   chain id      1 to TX_CHAIN_ID_MAX
 *   nonce         at most 2^64 - 2 (EIP-2681)
 *   gas limit     at least 1
 *   fees          tip <= cap; value + gas limit * price or cap < 2^256
 *   to            20 bytes, or absent to create a contract, which needs data
 *   data          at most TX_INITCODE_SIZE_MAX bytes when it creates a contract
 *   access list   [address, [key of 32 bytes, ...]] each; order and repetition are kept; at most
 *                 TX_ACCESS_COUNT_MAX addresses and keys together
 * Intrinsic gas is the node's business and differs by chain and fork.
 *
 * Specification: EIP-155, EIP-1559, EIP-2294, EIP-2681, EIP-2718, EIP-2930, EIP-3860.
 */
#ifndef ETH_TX_H
#define ETH_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/k256.h"
#include "eth/address.h"
#include "eth/u256.h"

enum {
    TX_SIZE_MAX = 61440,          /* unsigned bytes; one frame to the enclave carries them */
    TX_INITCODE_SIZE_MAX = 49152, /* EIP-3860 */
    TX_ACCESS_COUNT_MAX = 1024,   /* addresses and keys; each costs its sender 1,900 gas or more */
    TX_SIGNED_SIZE_MAX = TX_SIZE_MAX + 76, /* a signature and what it makes the prefix grow */
};

/* floor((2^64 - 1) / 2) - 36 (EIP-2294), so that EIP-155's v fits in 64 bits. */
static const uint64_t TX_CHAIN_ID_MAX = UINT64_C(9223372036854775771);

/* EIP-2718's numbers. */
enum tx_type {
    TX_LEGACY = 0,
    TX_ACCESS_LIST = 1,
    TX_DYNAMIC_FEE = 2,
    TX_BLOB = 3,
    TX_SET_CODE = 4,
};

/* Which field a refusal is about. */
enum tx_field {
    TX_FIELD_NONE, /* the whole transaction */
    TX_FIELD_TYPE,
    TX_FIELD_CHAIN_ID,
    TX_FIELD_NONCE,
    TX_FIELD_GAS_PRICE,
    TX_FIELD_MAX_PRIORITY_FEE_PER_GAS,
    TX_FIELD_MAX_FEE_PER_GAS,
    TX_FIELD_GAS_LIMIT,
    TX_FIELD_TO,
    TX_FIELD_VALUE,
    TX_FIELD_DATA,
    TX_FIELD_ACCESS_LIST,
    TX_FIELD_COUNT,
};

/* The unsigned fields. Those that the type does not have are zero. */
struct tx {
    enum tx_type type;
    uint64_t chain_id;
    uint64_t nonce;
    u256 gas_price;                /* legacy */
    u256 max_priority_fee_per_gas; /* dynamic fee */
    u256 max_fee_per_gas;          /* dynamic fee */
    uint64_t gas_limit;
    bool has_to; /* false: creates a contract */
    eth_address to;
    u256 value;
    slice data;
    slice access_list; /* dynamic fee: its entries, RLP one after the other */
};

/* One address of an access list. */
struct tx_access {
    eth_address address;
    slice keys; /* RLP strings of 32 bytes, one after the other */
};

/* BAD_INPUT, with the field as detail, when a rule above is broken. */
MUST_CHECK status tx_check(const struct tx *tx);

/* Takes the next entry off the front of an access list that tx_check accepts. */
MUST_CHECK status tx_access_take(slice *access_list, struct tx_access *access);
/* Takes the next key of an entry. */
MUST_CHECK status tx_access_take_key(slice *keys, hash32 *key);

/*
 * Reads the exact bytes whose hash is signed: [nonce … data, chain id, 0, 0] for legacy, type and
 * fields otherwise. Slices view `bytes`. BAD_INPUT, OVER_LIMIT above TX_SIZE_MAX.
 */
MUST_CHECK status tx_read(slice bytes, struct tx *tx);
/* Appends these bytes. BAD_INPUT when tx_check would refuse; OVER_LIMIT when it does not fit. */
MUST_CHECK status tx_write(const struct tx *tx, struct builder *bytes);

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
