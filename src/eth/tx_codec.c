#include "eth/tx_codec.h"

#include "eth/keccak.h"
#include "eth/rlp.h"

enum {
    ENVELOPE_TYPE_MAX = 0x7f, /* EIP-2718: a first byte up to this is a type */
    LEGACY_START = 0xc0,      /* and from this the start of a legacy transaction's list */
    V_UNPROTECTED_MIN = 27,   /* 27 or 28 before EIP-155 */
    V_UNPROTECTED_MAX = 28,
    V_PROTECTED_MIN = 35,   /* chain id * 2 + 35 + parity since */
    SCALARS_SIZE_MAX = 400, /* the type, the numbers, `to`, and every prefix: less than 370 */
};

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
    const struct tx_field_info *info = tx_field_of(field);
    void *value = (uint8_t *)tx + info->offset;
    switch (info->kind) {
    case TX_KIND_U64: return rlp_take_u64(input, value);
    case TX_KIND_U256: return rlp_take_u256(input, value);
    case TX_KIND_TO: return take_to(input, tx);
    case TX_KIND_DATA: return rlp_take_string(input, value);
    case TX_KIND_LIST: return rlp_take_list(input, value);
    }
    return status_ok();
}

static status check_size(size_t size, size_t size_max)
{
    REQUIRE(size <= size_max, OVER_LIMIT, "tx: transaction is too long");
    return status_ok();
}

/* Takes the envelope off: what follows is the payload of the one list. */
static status take_envelope(slice bytes, const struct tx_shape **shape, slice *payload)
{
    REQUIRE(bytes.size > 0, BAD_INPUT, "tx: transaction is empty");
    const uint8_t first = bytes.bytes[0];
    if (first < LEGACY_START) {
        REQUIRE(first <= ENVELOPE_TYPE_MAX, BAD_INPUT,
                "tx: first byte is neither a type nor a list");
        REQUIRE(first != TX_LEGACY, BAD_INPUT, "tx: a legacy transaction has no type byte");
        bytes = slice_part(bytes, 1, bytes.size);
    }
    TRY(tx_shape_find(first < LEGACY_START ? first : TX_LEGACY, shape));
    TRY(rlp_take_list(&bytes, payload));
    return rlp_expect_end(bytes);
}

static status take_fields(slice *payload, const struct tx_shape *shape, struct tx *tx)
{
    tx->type = shape->type;
    for (size_t i = 0; shape->fields[i] != TX_FIELD_NONE; i++) {
        TRY(tx_at_field(shape->fields[i], take_field(payload, shape->fields[i], tx)));
    }
    return status_ok();
}

/*
 * What follows the unsigned fields must not be a signature. Its size is the test, not its value: a
 * real r has 32 bytes, and whoever sent the signed form deserves to hear what is wrong with it.
 */
static status expect_unsigned(slice payload)
{
    slice r, s, rest = payload;
    if (!status_is_ok(rlp_take_string(&rest, &r)) || !status_is_ok(rlp_take_string(&rest, &s))) {
        return status_ok();
    }
    REQUIRE(r.size == 0 && s.size == 0, BAD_INPUT, "tx: what is to be signed is signed already");
    return status_ok();
}

/* EIP-155: the chain id and two empty strings stand where v, r and s will. */
static status take_legacy_tail(slice *payload, struct tx *tx)
{
    uint64_t r, s;
    REQUIRE(payload->size > 0, BAD_INPUT,
            "tx: a legacy transaction without a chain id is valid on every chain");
    TRY(tx_at_field(TX_FIELD_CHAIN_ID, rlp_take_u64(payload, &tx->chain_id)));
    TRY(expect_unsigned(*payload));
    TRY(rlp_take_u64(payload, &r));
    return rlp_take_u64(payload, &s);
}

/* A typed transaction ends with its last field, unless it is signed. */
static status check_typed_tail(slice payload)
{
    slice parity, rest = payload;
    if (payload.size == 0 || !status_is_ok(rlp_take_string(&rest, &parity))) return status_ok();
    return expect_unsigned(rest);
}

status tx_read(slice bytes, struct tx *tx)
{
    const struct tx_shape *shape;
    slice payload;
    struct tx read = {0};
    TRY(check_size(bytes.size, TX_SIZE_MAX));
    TRY(take_envelope(bytes, &shape, &payload));
    TRY(take_fields(&payload, shape, &read));
    if (shape->type == TX_LEGACY) TRY(take_legacy_tail(&payload, &read));
    else TRY(check_typed_tail(payload));
    TRY(rlp_expect_end(payload));
    TRY(tx_check(&read));
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
    const struct tx_shape *shape;
    slice payload;
    struct tx read = {0};
    k256_signature read_signature;
    TRY(check_size(raw.size, TX_SIGNED_SIZE_MAX));
    TRY(take_envelope(raw, &shape, &payload));
    TRY(take_fields(&payload, shape, &read));
    TRY(take_signature(&payload, &read, &read_signature));
    TRY(rlp_expect_end(payload));
    TRY(tx_check(&read));
    *tx = read;
    *signature = read_signature;
    return status_ok();
}

/* ---- writing ---- */

static void put_field(struct builder *builder, enum tx_field field, const struct tx *tx)
{
    const struct tx_field_info *info = tx_field_of(field);
    const void *value = (const uint8_t *)tx + info->offset;
    switch (info->kind) {
    case TX_KIND_U64: rlp_put_u64(builder, *(const uint64_t *)value); break;
    case TX_KIND_U256: rlp_put_u256(builder, *(const u256 *)value); break;
    case TX_KIND_TO:
        rlp_put_string(builder, slice_of(tx->to.bytes, tx->has_to ? ADDRESS_SIZE : 0));
        break;
    case TX_KIND_DATA: rlp_put_string(builder, *(const slice *)value); break;
    case TX_KIND_LIST: rlp_put_list(builder, *(const slice *)value); break;
    }
}

/* Starts an encoding: the type byte, the list, the fields. Returns where the list starts. */
static size_t put_fields(struct builder *builder, const struct tx *tx, const struct tx_shape *shape)
{
    if (tx->type != TX_LEGACY) builder_put_u8(builder, (uint8_t)tx->type);
    const size_t start = rlp_put_list_open(builder);
    for (size_t i = 0; shape->fields[i] != TX_FIELD_NONE; i++) {
        put_field(builder, shape->fields[i], tx);
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
    const struct tx_shape *shape;
    const size_t before_size = bytes->size;
    TRY(tx_shape_find(tx->type, &shape));
    TRY(tx_check(tx));
    const size_t start = put_fields(bytes, tx, shape);
    if (tx->type == TX_LEGACY) {
        rlp_put_u64(bytes, tx->chain_id);
        rlp_put_u64(bytes, 0);
        rlp_put_u64(bytes, 0);
    }
    rlp_put_list_close(bytes, start);
    return check_written(bytes, before_size, TX_SIZE_MAX);
}

size_t tx_write_size_max(const struct tx *tx)
{
    return SCALARS_SIZE_MAX + tx->data.size + tx->access_list.size + tx->blob_hashes.size +
           tx->authorizations.size;
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
    const struct tx_shape *shape;
    const size_t before_size = raw->size;
    REQUIRE(signature->parity <= 1, BAD_INPUT, "tx: y parity must be 0 or 1");
    TRY(tx_shape_find(tx->type, &shape));
    TRY(tx_check(tx));
    const size_t start = put_fields(raw, tx, shape);
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
