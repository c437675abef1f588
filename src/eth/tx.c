#include "eth/tx.h"

#include "eth/access_list.h"
#include "eth/authorization.h"
#include "eth/chains.h"
#include "eth/rlp.h"

enum { BLOB_HASH_SIZE = 32, BLOB_HASH_VERSION_KZG = 1 };

static status check_blob_hashes(slice list);

/* ---- the tables: which fields there are, and which type has which ---- */

static const struct tx_field_info FIELDS[TX_FIELD_COUNT] = {
    [TX_FIELD_TYPE] = {.name = "type"},
    [TX_FIELD_CHAIN_ID] = {"chainId", NULL, TX_KIND_U64, false, offsetof(struct tx, chain_id),
                           NULL},
    [TX_FIELD_NONCE] = {"nonce", NULL, TX_KIND_U64, false, offsetof(struct tx, nonce), NULL},
    [TX_FIELD_GAS_PRICE] = {"gasPrice", NULL, TX_KIND_U256, false, offsetof(struct tx, gas_price),
                            NULL},
    [TX_FIELD_MAX_PRIORITY_FEE_PER_GAS] = {"maxPriorityFeePerGas", NULL, TX_KIND_U256, false,
                                           offsetof(struct tx, max_priority_fee_per_gas), NULL},
    [TX_FIELD_MAX_FEE_PER_GAS] = {"maxFeePerGas", NULL, TX_KIND_U256, false,
                                  offsetof(struct tx, max_fee_per_gas), NULL},
    [TX_FIELD_GAS_LIMIT] = {"gas", "gasLimit", TX_KIND_U64, false, offsetof(struct tx, gas_limit),
                            NULL},
    [TX_FIELD_TO] = {"to", NULL, TX_KIND_TO, true, offsetof(struct tx, to), NULL},
    [TX_FIELD_VALUE] = {"value", NULL, TX_KIND_U256, true, offsetof(struct tx, value), NULL},
    [TX_FIELD_DATA] = {"data", "input", TX_KIND_DATA, true, offsetof(struct tx, data), NULL},
    [TX_FIELD_ACCESS_LIST] = {"accessList", NULL, TX_KIND_LIST, true,
                              offsetof(struct tx, access_list), access_list_check},
    [TX_FIELD_MAX_FEE_PER_BLOB_GAS] = {"maxFeePerBlobGas", NULL, TX_KIND_U256, false,
                                       offsetof(struct tx, max_fee_per_blob_gas), NULL},
    [TX_FIELD_BLOB_HASHES] = {"blobVersionedHashes", NULL, TX_KIND_LIST, false,
                              offsetof(struct tx, blob_hashes), check_blob_hashes},
    [TX_FIELD_AUTHORIZATIONS] = {"authorizationList", NULL, TX_KIND_LIST, false,
                                 offsetof(struct tx, authorizations), authorization_check_list},
};

/* Types 2 to 4 begin alike. The tip stands before the cap. */
static const struct tx_shape SHAPES[] = {
    {TX_LEGACY,
     "legacy (EIP-155)",
     true,
     TX_FIELD_GAS_PRICE,
     {TX_FIELD_NONCE, TX_FIELD_GAS_PRICE, TX_FIELD_GAS_LIMIT, TX_FIELD_TO, TX_FIELD_VALUE,
      TX_FIELD_DATA}},
    {TX_ACCESS_LIST,
     "access list (EIP-2930)",
     true,
     TX_FIELD_GAS_PRICE,
     {TX_FIELD_CHAIN_ID, TX_FIELD_NONCE, TX_FIELD_GAS_PRICE, TX_FIELD_GAS_LIMIT, TX_FIELD_TO,
      TX_FIELD_VALUE, TX_FIELD_DATA, TX_FIELD_ACCESS_LIST}},
    {TX_DYNAMIC_FEE,
     "dynamic fee (EIP-1559)",
     true,
     TX_FIELD_MAX_FEE_PER_GAS,
     {TX_FIELD_CHAIN_ID, TX_FIELD_NONCE, TX_FIELD_MAX_PRIORITY_FEE_PER_GAS,
      TX_FIELD_MAX_FEE_PER_GAS, TX_FIELD_GAS_LIMIT, TX_FIELD_TO, TX_FIELD_VALUE, TX_FIELD_DATA,
      TX_FIELD_ACCESS_LIST}},
    {TX_BLOB,
     "blob (EIP-4844)",
     false,
     TX_FIELD_MAX_FEE_PER_GAS,
     {TX_FIELD_CHAIN_ID, TX_FIELD_NONCE, TX_FIELD_MAX_PRIORITY_FEE_PER_GAS,
      TX_FIELD_MAX_FEE_PER_GAS, TX_FIELD_GAS_LIMIT, TX_FIELD_TO, TX_FIELD_VALUE, TX_FIELD_DATA,
      TX_FIELD_ACCESS_LIST, TX_FIELD_MAX_FEE_PER_BLOB_GAS, TX_FIELD_BLOB_HASHES}},
    {TX_SET_CODE,
     "set code (EIP-7702)",
     false,
     TX_FIELD_MAX_FEE_PER_GAS,
     {TX_FIELD_CHAIN_ID, TX_FIELD_NONCE, TX_FIELD_MAX_PRIORITY_FEE_PER_GAS,
      TX_FIELD_MAX_FEE_PER_GAS, TX_FIELD_GAS_LIMIT, TX_FIELD_TO, TX_FIELD_VALUE, TX_FIELD_DATA,
      TX_FIELD_ACCESS_LIST, TX_FIELD_AUTHORIZATIONS}},
};

/* First bytes that mean something elsewhere: whoever sends one is told what it is. */
static const struct {
    uint8_t type;
    struct failure refusal;
} FOREIGN[] = {
    {0x05,
     {FAILURE_BAD_INPUT, __LINE__, __FILE__,
      "tx: type 0x05 begins an authorization (EIP-7702), which is no transaction"}},
    {0x06,
     {FAILURE_BAD_INPUT, __LINE__, __FILE__,
      "tx: type 0x06 (EIP-8141, frame transactions) is not supported"}},
    {0x19,
     {FAILURE_BAD_INPUT, __LINE__, __FILE__,
      "tx: type 0x19 begins a message (EIP-191), which is no transaction"}},
    {0x1f, {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x1f (SSZ) is not supported"}},
    {0x64,
     {FAILURE_BAD_INPUT, __LINE__, __FILE__,
      "tx: type 0x64 is Arbitrum's deposit or Viction's; not supported"}},
    {0x65, {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x65 is Arbitrum's; not supported"}},
    {0x66, {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x66 is Arbitrum's; not supported"}},
    {0x68, {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x68 is Arbitrum's; not supported"}},
    {0x69, {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x69 is Arbitrum's; not supported"}},
    {0x6a, {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x6a is Arbitrum's; not supported"}},
    {0x71, {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x71 is ZKsync's; not supported"}},
    {0x76, {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x76 is Tempo's; not supported"}},
    {0x78,
     {FAILURE_BAD_INPUT, __LINE__, __FILE__,
      "tx: type 0x78 is Arbitrum's legacy, Tempo's fee payer or Kaia's; not supported"}},
    {0x79, {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x79 is EIP-8130's; not supported"}},
    {0x7a, {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x7a is EIP-8130's; not supported"}},
    {0x7b,
     {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x7b is Celo's (CIP-64); not supported"}},
    {0x7c,
     {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x7c is Celo's (CIP-42); not supported"}},
    {0x7e,
     {FAILURE_BAD_INPUT, __LINE__, __FILE__,
      "tx: type 0x7e is the OP stack's deposit or Berachain's; not supported"}},
    {0x7f, {FAILURE_BAD_INPUT, __LINE__, __FILE__, "tx: type 0x7f is Morph's; not supported"}},
};

const struct tx_field_info *tx_field_of(enum tx_field field)
{
    return &FIELDS[field];
}

status tx_shape_find(uint64_t type, const struct tx_shape **shape)
{
    for (size_t i = 0; i < ARRAY_COUNT(SHAPES); i++) {
        if (SHAPES[i].type != type) continue;
        *shape = &SHAPES[i];
        return status_ok();
    }
    for (size_t i = 0; i < ARRAY_COUNT(FOREIGN); i++) {
        if (FOREIGN[i].type == type) return (status){&FOREIGN[i].refusal, TX_FIELD_TYPE};
    }
    FAIL(BAD_INPUT, TX_FIELD_TYPE, "tx: type is not known; 0 to 4 are supported");
}

bool tx_shape_has(const struct tx_shape *shape, enum tx_field field)
{
    for (size_t i = 0; shape->fields[i] != TX_FIELD_NONE; i++) {
        if (shape->fields[i] == field) return true;
    }
    return false;
}

status tx_at_field(enum tx_field field, status result)
{
    if (!status_is_ok(result)) result.detail = field;
    return result;
}

/* ---- values by their row ---- */

static u256 read_u256(const struct tx *tx, enum tx_field field)
{
    return *(const u256 *)(const void *)((const uint8_t *)tx + FIELDS[field].offset);
}

static slice read_list(const struct tx *tx, enum tx_field field)
{
    return *(const slice *)(const void *)((const uint8_t *)tx + FIELDS[field].offset);
}

/* ---- rules ---- */

status tx_take_blob_hash(slice *list, uint8_t hash[32])
{
    return rlp_take_bytes(list, BLOB_HASH_SIZE, hash);
}

static status check_blob_hashes(slice list)
{
    REQUIRE(list.size > 0, BAD_INPUT, "tx: a blob transaction must have blob hashes");
    for (size_t count = 0; list.size > 0; count++) {
        uint8_t hash[BLOB_HASH_SIZE];
        REQUIRE(count < TX_BLOB_COUNT_MAX, BAD_INPUT, "tx: more than 6 blobs in a transaction");
        TRY(tx_take_blob_hash(&list, hash));
        REQUIRE(hash[0] == BLOB_HASH_VERSION_KZG, BAD_INPUT,
                "tx: a blob hash must begin with version 1");
    }
    return status_ok();
}

/* A field that the type does not have would be dropped in silence: it must not be set. */
static status check_foreign(const struct tx *tx, const struct tx_shape *shape)
{
    for (enum tx_field field = TX_FIELD_CHAIN_ID; field < TX_FIELD_COUNT; field++) {
        const enum tx_kind kind = FIELDS[field].kind;
        const bool is_set = (kind == TX_KIND_U256 && !u256_is_zero(read_u256(tx, field))) ||
                            (kind == TX_KIND_LIST && read_list(tx, field).size > 0);
        if (!is_set || tx_shape_has(shape, field)) continue;
        FAIL(BAD_INPUT, field, "tx: field does not belong to this type");
    }
    return status_ok();
}

static size_t count_blobs(const struct tx *tx)
{
    uint8_t hash[BLOB_HASH_SIZE];
    slice list = tx->blob_hashes;
    size_t count = 0;
    while (list.size > 0 && status_is_ok(tx_take_blob_hash(&list, hash))) count++;
    return count;
}

/* Gas limit times price, and the blobs' gas times theirs. */
static status add_fees(const struct tx *tx, const struct tx_shape *shape, u256 *fee)
{
    const uint64_t blob_gas = (uint64_t)TX_BLOB_GAS * count_blobs(tx);
    u256 execution, blobs;
    if (!status_is_ok(u256_multiply(read_u256(tx, shape->price), tx->gas_limit, &execution))) {
        FAIL(BAD_INPUT, shape->price, "tx: gas limit times price needs more than 256 bits");
    }
    if (!status_is_ok(u256_multiply(tx->max_fee_per_blob_gas, blob_gas, &blobs)) ||
        !status_is_ok(u256_add(execution, blobs, fee))) {
        FAIL(BAD_INPUT, TX_FIELD_MAX_FEE_PER_BLOB_GAS,
             "tx: the blobs' gas times its price needs more than 256 bits");
    }
    return status_ok();
}

/* The most the sender can pay must be a number that the chain can hold. */
static status check_cost(const struct tx *tx, const struct tx_shape *shape)
{
    u256 cost;
    TRY(add_fees(tx, shape, &cost));
    if (!status_is_ok(u256_add(cost, tx->value, &cost))) {
        FAIL(BAD_INPUT, TX_FIELD_VALUE, "tx: value and gas need more than 256 bits");
    }
    return status_ok();
}

static status check_creation(const struct tx *tx, const struct tx_shape *shape)
{
    if (tx->has_to) return status_ok();
    if (!shape->may_create) {
        FAIL(BAD_INPUT, TX_FIELD_TO, "tx: this type must have a recipient");
    }
    if (tx->data.size == 0) {
        FAIL(BAD_INPUT, TX_FIELD_TO, "tx: without a recipient there must be data");
    }
    if (tx->data.size > TX_INITCODE_SIZE_MAX) {
        FAIL(BAD_INPUT, TX_FIELD_DATA, "tx: contract creation code is too long");
    }
    return status_ok();
}

static status check_numbers(const struct tx *tx)
{
    if (tx->chain_id == 0) {
        FAIL(BAD_INPUT, TX_FIELD_CHAIN_ID, "tx: chain id must not be zero");
    }
    if (tx->chain_id > CHAINS_ID_MAX) {
        FAIL(BAD_INPUT, TX_FIELD_CHAIN_ID, "tx: chain id is too large");
    }
    if (tx->nonce == UINT64_MAX) {
        FAIL(BAD_INPUT, TX_FIELD_NONCE, "tx: nonce is too large");
    }
    if (tx->gas_limit == 0) {
        FAIL(BAD_INPUT, TX_FIELD_GAS_LIMIT, "tx: gas limit must not be zero");
    }
    if (u256_compare(tx->max_priority_fee_per_gas, tx->max_fee_per_gas) > 0) {
        FAIL(BAD_INPUT, TX_FIELD_MAX_PRIORITY_FEE_PER_GAS, "tx: priority fee is above the fee cap");
    }
    return status_ok();
}

static status check_lists(const struct tx *tx, const struct tx_shape *shape)
{
    for (size_t i = 0; shape->fields[i] != TX_FIELD_NONE; i++) {
        const enum tx_field field = shape->fields[i];
        if (!FIELDS[field].check) continue;
        TRY(tx_at_field(field, FIELDS[field].check(read_list(tx, field))));
    }
    return status_ok();
}

status tx_check(const struct tx *tx)
{
    const struct tx_shape *shape;
    TRY(tx_shape_find(tx->type, &shape));
    TRY(check_foreign(tx, shape));
    TRY(check_numbers(tx));
    /* The lists come before the cost, which counts the blobs. */
    TRY(check_lists(tx, shape));
    TRY(check_cost(tx, shape));
    return check_creation(tx, shape);
}

status tx_read_fee_max(const struct tx *tx, u256 *fee)
{
    const struct tx_shape *shape;
    TRY(tx_shape_find(tx->type, &shape));
    return add_fees(tx, shape, fee);
}
