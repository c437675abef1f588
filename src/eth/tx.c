#include "eth/tx.h"

#include <string.h>

#include "eth/keccak.h"
#include "eth/rlp.h"

enum {
    ENVELOPE_TYPE_MAX = 0x7f, /* EIP-2718: a first byte up to this is a type */
    LEGACY_START = 0xc0,      /* and from this the start of a legacy transaction's list */
    V_UNPROTECTED_MIN = 27,   /* 27 or 28 before EIP-155 */
    V_UNPROTECTED_MAX = 28,
    V_PROTECTED_MIN = 35, /* chain id * 2 + 35 + parity since */
};

/* ---- types: which fields each has, in the order they are encoded ---- */

struct codec {
    enum tx_type type;
    enum tx_field fields[10]; /* ends with TX_FIELD_NONE */
};

static const struct codec CODECS[] = {
    {TX_LEGACY,
     {TX_FIELD_NONCE, TX_FIELD_GAS_PRICE, TX_FIELD_GAS_LIMIT, TX_FIELD_TO, TX_FIELD_VALUE,
      TX_FIELD_DATA}},
    {TX_DYNAMIC_FEE,
     {TX_FIELD_CHAIN_ID, TX_FIELD_NONCE, TX_FIELD_MAX_PRIORITY_FEE_PER_GAS,
      TX_FIELD_MAX_FEE_PER_GAS, TX_FIELD_GAS_LIMIT, TX_FIELD_TO, TX_FIELD_VALUE, TX_FIELD_DATA,
      TX_FIELD_ACCESS_LIST}},
};

static status find_codec(uint64_t type, const struct codec **codec)
{
    for (size_t i = 0; i < ARRAY_COUNT(CODECS); i++) {
        if (CODECS[i].type != type) continue;
        *codec = &CODECS[i];
        return status_ok();
    }
    switch (type) {
    case TX_ACCESS_LIST: FAIL(BAD_INPUT, TX_FIELD_TYPE, "tx: type 1 (EIP-2930) is not supported");
    case TX_BLOB: FAIL(BAD_INPUT, TX_FIELD_TYPE, "tx: type 3 (EIP-4844) is not supported");
    case TX_SET_CODE: FAIL(BAD_INPUT, TX_FIELD_TYPE, "tx: type 4 (EIP-7702) is not supported");
    default: FAIL(BAD_INPUT, TX_FIELD_TYPE, "tx: type is not known");
    }
}

static bool has_field(const struct codec *codec, enum tx_field field)
{
    for (size_t i = 0; codec->fields[i] != TX_FIELD_NONE; i++) {
        if (codec->fields[i] == field) return true;
    }
    return false;
}

/* The failure, if it is one, as one about this field. */
static status at_field(enum tx_field field, status result)
{
    if (!status_is_ok(result)) result.detail = field;
    return result;
}

/* ---- rules ---- */

status tx_access_take_key(slice *keys, hash32 *key)
{
    return rlp_take_bytes(keys, sizeof key->bytes, key->bytes);
}

status tx_access_take(slice *access_list, struct tx_access *access)
{
    slice rest = *access_list, entry;
    struct tx_access taken;
    TRY(rlp_take_list(&rest, &entry));
    TRY(rlp_take_bytes(&entry, ADDRESS_SIZE, taken.address.bytes));
    TRY(rlp_take_list(&entry, &taken.keys));
    TRY(rlp_expect_end(entry));
    *access_list = rest;
    *access = taken;
    return status_ok();
}

static status check_access_list(slice access_list)
{
    size_t count = 0;
    while (access_list.size > 0) {
        struct tx_access access;
        hash32 key;
        TRY(tx_access_take(&access_list, &access));
        count++;
        for (; access.keys.size > 0; count++) TRY(tx_access_take_key(&access.keys, &key));
        REQUIRE(count <= TX_ACCESS_COUNT_MAX, BAD_INPUT,
                "tx: access list has too many addresses and keys");
    }
    return status_ok();
}

/* A field that the type does not have would be dropped in silence: it must not be set. */
static status check_foreign(const struct tx *tx, const struct codec *codec)
{
    const struct {
        enum tx_field field;
        bool is_set;
    } fields[] = {
        {TX_FIELD_GAS_PRICE, !u256_is_zero(tx->gas_price)},
        {TX_FIELD_MAX_PRIORITY_FEE_PER_GAS, !u256_is_zero(tx->max_priority_fee_per_gas)},
        {TX_FIELD_MAX_FEE_PER_GAS, !u256_is_zero(tx->max_fee_per_gas)},
        {TX_FIELD_ACCESS_LIST, tx->access_list.size > 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (!fields[i].is_set || has_field(codec, fields[i].field)) continue;
        FAIL(BAD_INPUT, fields[i].field, "tx: field does not belong to this type");
    }
    return status_ok();
}

/* The most the sender can pay must be a number that the chain can hold. */
static status check_cost(const struct tx *tx)
{
    const bool is_legacy = tx->type == TX_LEGACY;
    const u256 price = is_legacy ? tx->gas_price : tx->max_fee_per_gas;
    const enum tx_field price_field = is_legacy ? TX_FIELD_GAS_PRICE : TX_FIELD_MAX_FEE_PER_GAS;
    u256 cost;
    if (!status_is_ok(u256_multiply(price, tx->gas_limit, &cost))) {
        FAIL(BAD_INPUT, price_field, "tx: gas limit times price needs more than 256 bits");
    }
    if (!status_is_ok(u256_add(cost, tx->value, &cost))) {
        FAIL(BAD_INPUT, TX_FIELD_VALUE, "tx: value and gas need more than 256 bits");
    }
    return status_ok();
}

static status check_creation(const struct tx *tx)
{
    if (tx->has_to) return status_ok();
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
    if (tx->chain_id > TX_CHAIN_ID_MAX) {
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

static status check_rules(const struct tx *tx, const struct codec *codec)
{
    TRY(check_foreign(tx, codec));
    TRY(check_numbers(tx));
    TRY(check_cost(tx));
    TRY(check_creation(tx));
    return at_field(TX_FIELD_ACCESS_LIST, check_access_list(tx->access_list));
}

status tx_check(const struct tx *tx)
{
    const struct codec *codec;
    TRY(find_codec(tx->type, &codec));
    return check_rules(tx, codec);
}

/* ---- reading ---- */

static status take_to(slice *input, struct tx *tx)
{
    slice bytes;
    TRY(rlp_take_string(input, &bytes));
    tx->has_to = bytes.size > 0;
    if (tx->has_to) TRY(address_read(bytes, &tx->to));
    return status_ok();
}

static status take_field(slice *input, enum tx_field field, struct tx *tx)
{
    switch (field) {
    case TX_FIELD_CHAIN_ID: return rlp_take_u64(input, &tx->chain_id);
    case TX_FIELD_NONCE: return rlp_take_u64(input, &tx->nonce);
    case TX_FIELD_GAS_PRICE: return rlp_take_u256(input, &tx->gas_price);
    case TX_FIELD_MAX_PRIORITY_FEE_PER_GAS:
        return rlp_take_u256(input, &tx->max_priority_fee_per_gas);
    case TX_FIELD_MAX_FEE_PER_GAS: return rlp_take_u256(input, &tx->max_fee_per_gas);
    case TX_FIELD_GAS_LIMIT: return rlp_take_u64(input, &tx->gas_limit);
    case TX_FIELD_TO: return take_to(input, tx);
    case TX_FIELD_VALUE: return rlp_take_u256(input, &tx->value);
    case TX_FIELD_DATA: return rlp_take_string(input, &tx->data);
    case TX_FIELD_ACCESS_LIST: return rlp_take_list(input, &tx->access_list);
    case TX_FIELD_NONE:
    case TX_FIELD_TYPE:
    case TX_FIELD_COUNT: break;
    }
    return status_ok();
}

static status check_size(size_t size, size_t size_max)
{
    REQUIRE(size <= size_max, OVER_LIMIT, "tx: transaction is too long");
    return status_ok();
}

/* Takes the envelope off: what follows is the payload of the one list. */
static status take_envelope(slice bytes, const struct codec **codec, slice *payload)
{
    REQUIRE(bytes.size > 0, BAD_INPUT, "tx: transaction is empty");
    const uint8_t first = bytes.bytes[0];
    if (first < LEGACY_START) {
        REQUIRE(first <= ENVELOPE_TYPE_MAX, BAD_INPUT,
                "tx: first byte is neither a type nor a list");
        REQUIRE(first != TX_LEGACY, BAD_INPUT, "tx: a legacy transaction has no type byte");
        bytes = slice_part(bytes, 1, bytes.size);
    }
    TRY(find_codec(first < LEGACY_START ? first : TX_LEGACY, codec));
    TRY(rlp_take_list(&bytes, payload));
    return rlp_expect_end(bytes);
}

static status take_fields(slice *payload, const struct codec *codec, struct tx *tx)
{
    tx->type = codec->type;
    for (size_t i = 0; codec->fields[i] != TX_FIELD_NONE; i++) {
        TRY(at_field(codec->fields[i], take_field(payload, codec->fields[i], tx)));
    }
    return status_ok();
}

/* EIP-155: the chain id and two empty strings stand where v, r and s will. */
static status take_legacy_tail(slice *payload, struct tx *tx)
{
    uint64_t r, s;
    REQUIRE(payload->size > 0, BAD_INPUT,
            "tx: a legacy transaction without a chain id is valid on every chain");
    TRY(at_field(TX_FIELD_CHAIN_ID, rlp_take_u64(payload, &tx->chain_id)));
    TRY(rlp_take_u64(payload, &r));
    TRY(rlp_take_u64(payload, &s));
    REQUIRE(r == 0 && s == 0, BAD_INPUT, "tx: what is to be signed is signed already");
    return status_ok();
}

status tx_read(slice bytes, struct tx *tx)
{
    const struct codec *codec;
    slice payload;
    struct tx read = {0};
    TRY(check_size(bytes.size, TX_SIZE_MAX));
    TRY(take_envelope(bytes, &codec, &payload));
    TRY(take_fields(&payload, codec, &read));
    if (codec->type == TX_LEGACY) TRY(take_legacy_tail(&payload, &read));
    TRY(rlp_expect_end(payload));
    TRY(check_rules(&read, codec));
    *tx = read;
    return status_ok();
}

static status take_v(slice *payload, struct tx *tx, k256_signature *signature)
{
    uint64_t v;
    TRY(rlp_take_u64(payload, &v));
    if (tx->type == TX_LEGACY) {
        REQUIRE(v < V_UNPROTECTED_MIN || v > V_UNPROTECTED_MAX, BAD_INPUT,
                "tx: a legacy transaction without a chain id is valid on every chain");
        REQUIRE(v >= V_PROTECTED_MIN, BAD_INPUT, "tx: v names no chain id");
        tx->chain_id = (v - V_PROTECTED_MIN) / 2;
        signature->parity = (uint8_t)((v - V_PROTECTED_MIN) % 2);
        return status_ok();
    }
    REQUIRE(v <= 1, BAD_INPUT, "tx: y parity must be 0 or 1");
    signature->parity = (uint8_t)v;
    return status_ok();
}

static status take_signature(slice *payload, struct tx *tx, k256_signature *signature)
{
    u256 r, s;
    TRY(take_v(payload, tx, signature));
    TRY(rlp_take_u256(payload, &r));
    TRY(rlp_take_u256(payload, &s));
    u256_write_word(r, signature->r);
    u256_write_word(s, signature->s);
    return status_ok();
}

status tx_read_signed(slice raw, struct tx *tx, k256_signature *signature)
{
    const struct codec *codec;
    slice payload;
    struct tx read = {0};
    k256_signature read_signature;
    TRY(check_size(raw.size, TX_SIGNED_SIZE_MAX));
    TRY(take_envelope(raw, &codec, &payload));
    TRY(take_fields(&payload, codec, &read));
    TRY(take_signature(&payload, &read, &read_signature));
    TRY(rlp_expect_end(payload));
    TRY(check_rules(&read, codec));
    *tx = read;
    *signature = read_signature;
    return status_ok();
}

/* ---- writing ---- */

static void put_field(struct builder *builder, enum tx_field field, const struct tx *tx)
{
    switch (field) {
    case TX_FIELD_CHAIN_ID: rlp_put_u64(builder, tx->chain_id); break;
    case TX_FIELD_NONCE: rlp_put_u64(builder, tx->nonce); break;
    case TX_FIELD_GAS_PRICE: rlp_put_u256(builder, tx->gas_price); break;
    case TX_FIELD_MAX_PRIORITY_FEE_PER_GAS:
        rlp_put_u256(builder, tx->max_priority_fee_per_gas);
        break;
    case TX_FIELD_MAX_FEE_PER_GAS: rlp_put_u256(builder, tx->max_fee_per_gas); break;
    case TX_FIELD_GAS_LIMIT: rlp_put_u64(builder, tx->gas_limit); break;
    case TX_FIELD_TO:
        rlp_put_string(builder, slice_of(tx->to.bytes, tx->has_to ? ADDRESS_SIZE : 0));
        break;
    case TX_FIELD_VALUE: rlp_put_u256(builder, tx->value); break;
    case TX_FIELD_DATA: rlp_put_string(builder, tx->data); break;
    case TX_FIELD_ACCESS_LIST: rlp_put_list(builder, tx->access_list); break;
    case TX_FIELD_NONE:
    case TX_FIELD_TYPE:
    case TX_FIELD_COUNT: break;
    }
}

/* Starts an encoding: the type byte, the list, the fields. Returns where the list starts. */
static size_t put_fields(struct builder *builder, const struct tx *tx, const struct codec *codec)
{
    if (tx->type != TX_LEGACY) builder_put_u8(builder, (uint8_t)tx->type);
    const size_t start = rlp_put_list_open(builder);
    for (size_t i = 0; codec->fields[i] != TX_FIELD_NONE; i++) {
        put_field(builder, codec->fields[i], tx);
    }
    return start;
}

/* Ends an encoding of which the builder's bytes from `before_size` on are made. */
static status check_written(const struct builder *builder, size_t before_size, size_t size_max)
{
    slice written;
    TRY(builder_finish(builder, &written));
    return check_size(written.size - before_size, size_max);
}

status tx_write(const struct tx *tx, struct builder *bytes)
{
    const struct codec *codec;
    const size_t before_size = bytes->size;
    TRY(find_codec(tx->type, &codec));
    TRY(check_rules(tx, codec));
    const size_t start = put_fields(bytes, tx, codec);
    if (tx->type == TX_LEGACY) {
        rlp_put_u64(bytes, tx->chain_id);
        rlp_put_u64(bytes, 0);
        rlp_put_u64(bytes, 0);
    }
    rlp_put_list_close(bytes, start);
    return check_written(bytes, before_size, TX_SIZE_MAX);
}

hash32 tx_signing_hash(slice unsigned_bytes)
{
    return keccak_hash(unsigned_bytes);
}

uint64_t tx_signature_v(const struct tx *tx, const k256_signature *signature)
{
    if (tx->type != TX_LEGACY) return signature->parity;
    return tx->chain_id * 2 + V_PROTECTED_MIN + signature->parity;
}

status tx_write_signed(const struct tx *tx, const k256_signature *signature, struct builder *raw)
{
    const struct codec *codec;
    const size_t before_size = raw->size;
    REQUIRE(signature->parity <= 1, BAD_INPUT, "tx: y parity must be 0 or 1");
    TRY(find_codec(tx->type, &codec));
    TRY(check_rules(tx, codec));
    const size_t start = put_fields(raw, tx, codec);
    rlp_put_u64(raw, tx_signature_v(tx, signature));
    rlp_put_u256(raw, u256_read_word(signature->r));
    rlp_put_u256(raw, u256_read_word(signature->s));
    rlp_put_list_close(raw, start);
    return check_written(raw, before_size, TX_SIGNED_SIZE_MAX);
}

hash32 tx_hash(slice raw)
{
    return keccak_hash(raw);
}

status tx_read_sender(const struct tx *tx, const k256_signature *signature,
                      const struct k256 *curve, struct arena *arena, eth_address *sender)
{
    struct builder bytes;
    k256_public_key public_key;
    builder_init_arena(&bytes, arena, TX_SIZE_MAX);
    TRY(tx_write(tx, &bytes));
    TRY(k256_recover(curve, signature, tx_signing_hash(builder_view(&bytes)), &public_key));
    *sender = address_of(&public_key);
    return status_ok();
}
