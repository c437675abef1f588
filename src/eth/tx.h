/*
 * tx: Ethereum transactions as values, and the one table that says which type has which fields.
 *
 * Types: legacy with replay protection (EIP-155), access list (EIP-2930), dynamic fee (EIP-1559),
 * blob (EIP-4844) and set code (EIP-7702). What the table says, eth/tx_codec.h reads and writes as
 * RLP and eth/tx_json.h as JSON; a new type is a row of it. Types that belong to other chains are
 * refused by name. The unprotected legacy form, valid on every chain, is refused.
 *
 * Rules (each refusal's detail is the enum tx_field it is about):
 *   chain id        1 to CHAINS_ID_MAX
 *   nonce           at most 2^64 - 2 (EIP-2681)
 *   gas limit       at least 1
 *   fees            tip <= cap; value + gas limit * price or cap + blob gas * its cap < 2^256
 *   to              20 bytes, or absent to create a contract, which needs data; types 3 and 4 have
 *                   no such form
 *   data            at most TX_INITCODE_SIZE_MAX bytes when it creates a contract
 *   access list     eth/access_list.h
 *   blob hashes     1 to TX_BLOB_COUNT_MAX hashes of 32 bytes, the first of which is 1 (KZG)
 *   authorizations  eth/authorization.h
 * Intrinsic gas is the node's business and differs by chain and fork. A blob transaction's blobs,
 * commitments and proofs are not signed, so they are no part of the value.
 *
 * Specification: EIP-155, EIP-1559, EIP-2294, EIP-2681, EIP-2718, EIP-2930, EIP-3860, EIP-4844,
 * EIP-7594, EIP-7702.
 */
#ifndef ETH_TX_H
#define ETH_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "eth/address.h"
#include "eth/u256.h"

enum {
    TX_SIZE_MAX = 144 * 1024,     /* unsigned bytes; one frame to the enclave carries them */
    TX_INITCODE_SIZE_MAX = 49152, /* EIP-3860 */
    TX_BLOB_COUNT_MAX = 6,        /* EIP-7594 */
    TX_BLOB_GAS = 131072,         /* per blob, EIP-4844 */
};

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
    TX_FIELD_MAX_FEE_PER_BLOB_GAS,
    TX_FIELD_BLOB_HASHES,
    TX_FIELD_AUTHORIZATIONS,
    TX_FIELD_COUNT,
};

/* The unsigned fields. Those that the type does not have are zero. */
struct tx {
    enum tx_type type;
    uint64_t chain_id;
    uint64_t nonce;
    u256 gas_price;                /* types 0, 1 */
    u256 max_priority_fee_per_gas; /* types 2, 3, 4 */
    u256 max_fee_per_gas;          /* types 2, 3, 4 */
    uint64_t gas_limit;
    bool has_to; /* false: creates a contract */
    eth_address to;
    u256 value;
    slice data;
    slice access_list;         /* from type 1 on; a list's items as RLP, like the next two */
    u256 max_fee_per_blob_gas; /* type 3 */
    slice blob_hashes;         /* type 3 */
    slice authorizations;      /* type 4 */
};

/* How a field is held, and so how it is read and written. */
enum tx_kind {
    TX_KIND_U64,
    TX_KIND_U256,
    TX_KIND_TO,   /* has_to and to */
    TX_KIND_DATA, /* bytes */
    TX_KIND_LIST, /* the items as RLP, one after the other */
};

/* A row of the table of fields. */
struct tx_field_info {
    const char *name;  /* in JSON, and as refusals show it */
    const char *alias; /* another name that is in use for it, or NULL */
    enum tx_kind kind;
    bool is_optional;            /* in JSON: absent is zero or empty */
    size_t offset;               /* of the value in struct tx */
    status (*check)(slice list); /* of a list, when the type has it */
};

/* A row of the table of types: the unsigned fields in the order in which they are encoded. */
struct tx_shape {
    enum tx_type type;
    const char *name;         /* "dynamic fee (EIP-1559)" */
    bool may_create;          /* `to` may be absent */
    enum tx_field price;      /* the most that a unit of gas may cost */
    enum tx_field fields[14]; /* ends with TX_FIELD_NONE */
};

/* The row of a field; not for NONE, TYPE and COUNT. */
const struct tx_field_info *tx_field_of(enum tx_field field);

/* The row of a type. BAD_INPUT (detail TX_FIELD_TYPE), which names it where it is another chain's. */
MUST_CHECK status tx_shape_find(uint64_t type, const struct tx_shape **shape);

/* True when transactions of this shape have the field. */
bool tx_shape_has(const struct tx_shape *shape, enum tx_field field);

/* BAD_INPUT, with the field as detail, when a rule above is broken. */
MUST_CHECK status tx_check(const struct tx *tx);

/*
 * The most that the sender can pay in fees: gas limit times price or cap, blob gas included. Of a
 * transaction that tx_check refuses it may fail.
 */
MUST_CHECK status tx_read_fee_max(const struct tx *tx, u256 *fee);

/* Takes the next hash off the front of a blob transaction's list. BAD_INPUT. */
MUST_CHECK status tx_take_blob_hash(slice *list, uint8_t hash[32]);

/* The failure, if it is one, as one about this field. */
status tx_at_field(enum tx_field field, status result);

#endif
