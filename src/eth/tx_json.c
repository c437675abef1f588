#include "eth/tx_json.h"

#include "base/hex.h"
#include "eth/rlp.h"

enum {
    QUANTITY_SIZE_MIN = 3, /* "0x0" */
    ACCESS_SIZE_MAX = 64 * 1024,
};

/* The field's name in JSON, as it is written and as refusals show it. */
static const char *const NAMES[TX_FIELD_COUNT] = {
    [TX_FIELD_TYPE] = "type",
    [TX_FIELD_CHAIN_ID] = "chainId",
    [TX_FIELD_NONCE] = "nonce",
    [TX_FIELD_GAS_PRICE] = "gasPrice",
    [TX_FIELD_MAX_PRIORITY_FEE_PER_GAS] = "maxPriorityFeePerGas",
    [TX_FIELD_MAX_FEE_PER_GAS] = "maxFeePerGas",
    [TX_FIELD_GAS_LIMIT] = "gas",
    [TX_FIELD_TO] = "to",
    [TX_FIELD_VALUE] = "value",
    [TX_FIELD_DATA] = "data",
    [TX_FIELD_ACCESS_LIST] = "accessList",
};

static const char *const KNOWN[] = {
    "from",
    "to",
    "gas",
    "gasLimit",
    "gasPrice",
    "maxFeePerGas",
    "value",
    "nonce",
    "data",
    "input",
    "type",
    "chainId",
    "v",
    "r",
    "s",
    "yParity",
    "hash",
    "maxPriorityFeePerGas",
    "blobs",
    "accessList",
    "maxFeePerBlobGas",
    "blobVersionedHashes",
    "commitments",
    "proofs",
    "authorizationList",
};

/* ---- which fields may be there ---- */

static status refuse_present(const json_value *object, const char *name)
{
    if (!json_has_value(object, name)) return status_ok();
    FAIL(BAD_INPUT, 0, "must not be given for a transaction that is to be signed");
}

static status refuse_unsupported(const json_value *object, const char *name)
{
    if (!json_has_value(object, name)) return status_ok();
    FAIL(BAD_INPUT, 0, "belongs to a transaction type that is not supported");
}

static status refuse_foreign(const json_value *object, const char *name)
{
    if (!json_has_value(object, name)) return status_ok();
    FAIL(BAD_INPUT, 0, "does not belong to this transaction type");
}

/* Applies one refusal to each of the names. */
static status refuse_each(const json_value *object, const char *const *names,
                          status (*refuse)(const json_value *, const char *))
{
    for (; *names; names++) TRY(json_refuse(object, *names, refuse(object, *names)));
    return status_ok();
}

static status check_fields(const json_value *object)
{
    static const char *const of_results[] = {"v", "r", "s", "yParity", "hash", NULL};
    static const char *const of_other_types[] = {
        "maxFeePerBlobGas", "blobVersionedHashes", "blobs", "commitments",
        "proofs",           "authorizationList",   NULL};
    TRY(json_only(object, KNOWN, ARRAY_COUNT(KNOWN)));
    TRY(refuse_each(object, of_results, refuse_present));
    return refuse_each(object, of_other_types, refuse_unsupported);
}

/* ---- values ---- */

static status read_quantity(const json_value *object, const char *name, u256 *value)
{
    slice text;
    TRY(json_read_string(object, name, QUANTITY_SIZE_MIN, U256_QUANTITY_SIZE_MAX, &text));
    return json_refuse(object, name, u256_parse_quantity(text, value));
}

static status narrow(u256 wide, uint64_t *value)
{
    REQUIRE(status_is_ok(u256_to_u64(wide, value)), BAD_INPUT, "must be below 2^64");
    return status_ok();
}

static status read_u64(const json_value *object, const char *name, uint64_t *value)
{
    u256 wide;
    TRY(read_quantity(object, name, &wide));
    return json_refuse(object, name, narrow(wide, value));
}

static status read_address(const json_value *object, const char *name, eth_address *address)
{
    slice text;
    TRY(json_read_string(object, name, ADDRESS_TEXT_SIZE, ADDRESS_TEXT_SIZE, &text));
    return json_refuse(object, name, address_parse(text, address));
}

static status read_data(const json_value *object, const char *name, struct arena *arena,
                        slice *data)
{
    slice text;
    struct builder bytes;
    TRY(json_read_string(object, name, 2, 2 + 2 * TX_SIZE_MAX, &text));
    builder_init_arena(&bytes, arena, text.size / 2);
    TRY(json_refuse(object, name, hex_put_decoded_0x(&bytes, text)));
    *data = builder_view(&bytes);
    return status_ok();
}

/* Two names for one field may both be given when they agree. */

static status require_same(bool is_same)
{
    REQUIRE(is_same, BAD_INPUT, "must be equal to the other name of the same field");
    return status_ok();
}

static status read_gas(const json_value *object, uint64_t *gas)
{
    const bool has_both = json_has_value(object, "gas") && json_has_value(object, "gasLimit");
    uint64_t again;
    TRY(read_u64(object, json_has_value(object, "gasLimit") ? "gasLimit" : "gas", gas));
    if (!has_both) return status_ok();
    TRY(read_u64(object, "gas", &again));
    return json_refuse(object, "gasLimit", require_same(*gas == again));
}

static status read_input(const json_value *object, struct arena *arena, slice *data)
{
    const bool has_data = json_has_value(object, "data");
    slice again;
    if (!json_has_value(object, "input")) {
        return has_data ? read_data(object, "data", arena, data) : status_ok();
    }
    TRY(read_data(object, "input", arena, data));
    if (!has_data) return status_ok();
    TRY(read_data(object, "data", arena, &again));
    return json_refuse(object, "input", require_same(slice_equal(*data, again)));
}

/* ---- access list ---- */

static status put_keys(const json_value *entry, struct builder *list)
{
    json_value keys;
    TRY(json_read_array(entry, "storageKeys", TX_ACCESS_COUNT_MAX, &keys));
    const size_t start = rlp_put_list_open(list);
    for (size_t i = 0; i < json_count(&keys); i++) {
        const json_value item = json_at(&keys, i);
        uint8_t key[32];
        slice text;
        TRY(json_value_text(&item, 0, 2 + 2 * sizeof key, &text));
        TRY(json_refuse(&item, NULL, hex_read_0x(text, key, sizeof key)));
        rlp_put_string(list, slice_of(key, sizeof key));
    }
    rlp_put_list_close(list, start);
    return status_ok();
}

static status put_entry(const json_value *entry, struct builder *list)
{
    static const char *const names[] = {"address", "storageKeys"};
    eth_address address;
    TRY(json_only(entry, names, ARRAY_COUNT(names)));
    const size_t start = rlp_put_list_open(list);
    TRY(read_address(entry, "address", &address));
    rlp_put_string(list, slice_of(address.bytes, ADDRESS_SIZE));
    TRY(put_keys(entry, list));
    rlp_put_list_close(list, start);
    return status_ok();
}

static status check_object(const json_value *value)
{
    REQUIRE(json_value_is_object(value), BAD_INPUT, "must be an object");
    return status_ok();
}

/* Room for the list as RLP: an address or key with its head, and the heads of the lists. */
static size_t access_size(const json_value *entries)
{
    size_t size = 0;
    for (size_t i = 0; i < json_count(entries); i++) {
        const json_value entry = json_at(entries, i);
        json_value keys;
        size += 2 * 9 + 21; /* two lists, an address */
        if (!json_value_is_object(&entry)) continue;
        if (!status_is_ok(json_read_value(&entry, "storageKeys", &keys))) continue;
        size += 33 * json_count(&keys);
    }
    return size < ACCESS_SIZE_MAX ? size : ACCESS_SIZE_MAX;
}

static status read_access_list(const json_value *object, struct arena *arena, slice *access_list)
{
    json_value entries;
    struct builder list;
    if (!json_has_value(object, "accessList")) return status_ok();
    TRY(json_read_array(object, "accessList", TX_ACCESS_COUNT_MAX, &entries));
    builder_init_arena(&list, arena, access_size(&entries));
    for (size_t i = 0; i < json_count(&entries); i++) {
        const json_value entry = json_at(&entries, i);
        TRY(json_refuse(&entry, NULL, check_object(&entry)));
        TRY(put_entry(&entry, &list));
    }
    return json_refuse(object, "accessList", builder_finish(&list, access_list));
}

/* ---- the transaction ---- */

static status check_type(uint64_t type)
{
    REQUIRE(type == TX_LEGACY || type == TX_DYNAMIC_FEE, BAD_INPUT,
            "is a transaction type that is not supported");
    return status_ok();
}

static status require_fees(bool has_price)
{
    REQUIRE(has_price, BAD_INPUT, "is missing, and so are maxFeePerGas and maxPriorityFeePerGas");
    return status_ok();
}

/* The type named, or the one that the fees name. */
static status read_type(const json_value *object, enum tx_type *type)
{
    uint64_t number;
    if (json_has_value(object, "type")) {
        TRY(read_u64(object, "type", &number));
        TRY(json_refuse(object, "type", check_type(number)));
        *type = number == TX_LEGACY ? TX_LEGACY : TX_DYNAMIC_FEE;
        return status_ok();
    }
    if (json_has_value(object, "maxFeePerGas") || json_has_value(object, "maxPriorityFeePerGas")) {
        *type = TX_DYNAMIC_FEE;
        return status_ok();
    }
    TRY(json_refuse(object, "gasPrice", require_fees(json_has_value(object, "gasPrice"))));
    TRY(json_refuse(object, "accessList", refuse_unsupported(object, "accessList")));
    *type = TX_LEGACY;
    return status_ok();
}

static status read_fees(const json_value *object, struct arena *arena, struct tx *tx)
{
    static const char *const not_legacy[] = {"maxFeePerGas", "maxPriorityFeePerGas", "accessList",
                                             NULL};
    static const char *const not_dynamic[] = {"gasPrice", NULL};
    if (tx->type == TX_LEGACY) {
        TRY(refuse_each(object, not_legacy, refuse_foreign));
        return read_quantity(object, "gasPrice", &tx->gas_price);
    }
    TRY(refuse_each(object, not_dynamic, refuse_foreign));
    TRY(read_quantity(object, "maxFeePerGas", &tx->max_fee_per_gas));
    TRY(read_quantity(object, "maxPriorityFeePerGas", &tx->max_priority_fee_per_gas));
    return read_access_list(object, arena, &tx->access_list);
}

static status read_common(const json_value *object, struct arena *arena, struct tx *tx)
{
    TRY(read_u64(object, "chainId", &tx->chain_id));
    TRY(read_u64(object, "nonce", &tx->nonce));
    TRY(read_gas(object, &tx->gas_limit));
    tx->has_to = json_has_value(object, "to");
    if (tx->has_to) TRY(read_address(object, "to", &tx->to));
    if (json_has_value(object, "value")) TRY(read_quantity(object, "value", &tx->value));
    return read_input(object, arena, &tx->data);
}

/* The name under which the caller gave a field, when it gave it. */
static const char *name_given(const json_value *object, enum tx_field field)
{
    if (field == TX_FIELD_GAS_LIMIT && !json_has_value(object, "gas")) return "gasLimit";
    if (field == TX_FIELD_DATA && !json_has_value(object, "data")) return "input";
    return NAMES[field];
}

status tx_json_read(const json_value *object, struct arena *arena, struct tx_json *request)
{
    struct tx_json read = {0};
    TRY(json_refuse(object, NULL, check_object(object)));
    TRY(check_fields(object));
    TRY(read_type(object, &read.tx.type));
    TRY(read_fees(object, arena, &read.tx));
    TRY(read_common(object, arena, &read.tx));
    read.has_from = json_has_value(object, "from");
    if (read.has_from) TRY(read_address(object, "from", &read.from));
    const status checked = tx_check(&read.tx);
    TRY(json_refuse(object, name_given(object, (enum tx_field)checked.detail), checked));
    *request = read;
    return status_ok();
}

/* ---- writing ---- */

static void put_quantity(struct builder *builder, const char *name, u256 value)
{
    uint8_t text[U256_QUANTITY_SIZE_MAX];
    struct builder quantity;
    builder_init(&quantity, text, sizeof text);
    u256_print_quantity(&quantity, value);
    json_put_name(builder, name);
    json_put_string(builder, builder_view(&quantity));
}

static void put_address(struct builder *builder, const char *name, eth_address address)
{
    json_put_name(builder, name);
    json_put_hex_0x(builder, slice_of(address.bytes, ADDRESS_SIZE));
}

/* The list was read or made by this room, so its items can be taken without a question. */
static void put_access_list(struct builder *builder, slice access_list)
{
    struct tx_access access;
    hash32 key;
    json_put_name(builder, "accessList");
    json_put_array_open(builder);
    while (status_is_ok(tx_access_take(&access_list, &access))) {
        json_put_object_open(builder);
        put_address(builder, "address", access.address);
        json_put_name(builder, "storageKeys");
        json_put_array_open(builder);
        while (status_is_ok(tx_access_take_key(&access.keys, &key))) {
            json_put_hex_0x(builder, hash32_view(&key));
        }
        json_put_array_close(builder);
        json_put_object_close(builder);
    }
    json_put_array_close(builder);
}

static void put_fees(struct builder *builder, const struct tx *tx)
{
    if (tx->type == TX_LEGACY) {
        put_quantity(builder, NAMES[TX_FIELD_GAS_PRICE], tx->gas_price);
        return;
    }
    put_quantity(builder, NAMES[TX_FIELD_MAX_PRIORITY_FEE_PER_GAS], tx->max_priority_fee_per_gas);
    put_quantity(builder, NAMES[TX_FIELD_MAX_FEE_PER_GAS], tx->max_fee_per_gas);
}

void tx_json_put_fields(struct builder *builder, const struct tx *tx,
                        const k256_signature *signature, hash32 hash)
{
    put_quantity(builder, "type", u256_of(tx->type));
    put_quantity(builder, "chainId", u256_of(tx->chain_id));
    put_quantity(builder, "nonce", u256_of(tx->nonce));
    if (tx->has_to) {
        put_address(builder, "to", tx->to);
    } else {
        json_put_name(builder, "to");
        json_put_null(builder);
    }
    put_quantity(builder, "gas", u256_of(tx->gas_limit));
    put_fees(builder, tx);
    put_quantity(builder, "value", tx->value);
    json_put_name(builder, "input");
    json_put_hex_0x(builder, tx->data);
    if (tx->type != TX_LEGACY) put_access_list(builder, tx->access_list);
    put_quantity(builder, "v", u256_of(tx_signature_v(tx, signature)));
    put_quantity(builder, "r", u256_read_word(signature->r));
    put_quantity(builder, "s", u256_read_word(signature->s));
    if (tx->type != TX_LEGACY) put_quantity(builder, "yParity", u256_of(signature->parity));
    json_put_name(builder, "hash");
    json_put_hex_0x(builder, hash32_view(&hash));
}
