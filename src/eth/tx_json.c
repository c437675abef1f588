#include "eth/tx_json.h"

#include "base/hex.h"
#include "eth/access_list.h"
#include "eth/authorization.h"
#include "eth/rlp.h"
#include "eth/tx_codec.h"

enum {
    QUANTITY_SIZE_MIN = 3,                    /* "0x0" */
    ENTRY_SIZE_MAX = 3 * 9 + 21 + 3 * 33 + 9, /* an entry of a list, without its keys, as RLP */
    KEY_SIZE = 33,                            /* a key or hash as RLP */
};

/* Names that are not of the table: the sender, what a signed transaction has, a blob's sidecar. */
static const char *const OF_RESULTS[] = {"v", "r", "s", "yParity", "hash"};
static const char *const OF_SIDECARS[] = {"blobs", "commitments", "proofs"};

/* ---- which fields may be there ---- */

/* Room for each field's two names, and those above. */
enum { NAME_COUNT_MAX = 2 * TX_FIELD_COUNT + 1 + 5 + 3 };

static size_t list_names(const char **names)
{
    size_t count = 0;
    for (enum tx_field field = TX_FIELD_TYPE; field < TX_FIELD_COUNT; field++) {
        const struct tx_field_info *info = tx_field_of(field);
        names[count++] = info->name;
        if (info->alias) names[count++] = info->alias;
    }
    names[count++] = "from";
    for (size_t i = 0; i < ARRAY_COUNT(OF_RESULTS); i++) names[count++] = OF_RESULTS[i];
    for (size_t i = 0; i < ARRAY_COUNT(OF_SIDECARS); i++) names[count++] = OF_SIDECARS[i];
    return count;
}

static status check_fields(const json_value *object)
{
    const char *names[NAME_COUNT_MAX];
    const size_t count = list_names(names);
    TRY(json_only(object, names, count));
    for (size_t i = 0; i < ARRAY_COUNT(OF_RESULTS); i++) {
        if (!json_has_value(object, OF_RESULTS[i])) continue;
        return json_refuse(
            object, OF_RESULTS[i],
            REFUSAL(BAD_INPUT, 0, "must not be given for a transaction that is to be signed"));
    }
    for (size_t i = 0; i < ARRAY_COUNT(OF_SIDECARS); i++) {
        if (!json_has_value(object, OF_SIDECARS[i])) continue;
        return json_refuse(
            object, OF_SIDECARS[i],
            REFUSAL(BAD_INPUT, 0, "is not signed and not passed on: give blobVersionedHashes"));
    }
    return status_ok();
}

/* The name under which the caller gave a field; its first name when it gave none. */
static const char *name_given(const json_value *object, enum tx_field field)
{
    const struct tx_field_info *info = tx_field_of(field);
    const bool has_alias_only =
        info->alias && json_has_value(object, info->alias) && !json_has_value(object, info->name);
    return has_alias_only ? info->alias : info->name;
}

static bool is_given(const json_value *object, enum tx_field field)
{
    return json_has_value(object, name_given(object, field));
}

/* Fields of other types would be dropped in silence. */
static status check_foreign(const json_value *object, const struct tx_shape *shape)
{
    for (enum tx_field field = TX_FIELD_CHAIN_ID; field < TX_FIELD_COUNT; field++) {
        /* Every type has a chain id; that of legacy stands outside its table. */
        if (field == TX_FIELD_CHAIN_ID || tx_shape_has(shape, field)) continue;
        if (!is_given(object, field)) continue;
        return json_refuse(object, name_given(object, field),
                           REFUSAL(BAD_INPUT, 0, "does not belong to this transaction type"));
    }
    return status_ok();
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

static status check_object(const json_value *value)
{
    REQUIRE(json_value_is_object(value), BAD_INPUT, "must be an object");
    return status_ok();
}

/* ---- lists: each entry's JSON becomes RLP ---- */

static status put_keys(const json_value *entry, struct builder *list)
{
    json_value keys;
    TRY(json_read_array(entry, "storageKeys", ACCESS_LIST_COUNT_MAX, &keys));
    const size_t start = rlp_put_list_open(list);
    for (json_value item = json_first(&keys); json_is_there(&item); item = json_next(&item)) {
        uint8_t key[32];
        slice text;
        TRY(json_value_text(&item, 0, 2 + 2 * sizeof key, &text));
        TRY(json_refuse(&item, NULL, hex_read_0x(text, key, sizeof key)));
        rlp_put_string(list, slice_of(key, sizeof key));
    }
    rlp_put_list_close(list, start);
    return status_ok();
}

static status put_access_entry(const json_value *entry, struct builder *list)
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

static status put_blob_hash(const json_value *entry, struct builder *list)
{
    uint8_t hash[32];
    slice text;
    TRY(json_value_text(entry, 0, 2 + 2 * sizeof hash, &text));
    TRY(json_refuse(entry, NULL, hex_read_0x(text, hash, sizeof hash)));
    rlp_put_string(list, slice_of(hash, sizeof hash));
    return status_ok();
}

static status read_word(const json_value *object, const char *name, uint8_t word[32])
{
    u256 value;
    TRY(read_quantity(object, name, &value));
    u256_write_word(value, word);
    return status_ok();
}

/* yParity is what the protocol has; v, if it is there too, must be the same thing said otherwise. */
static status read_parity(const json_value *entry, uint8_t *parity)
{
    uint64_t value, v;
    TRY(read_u64(entry, "yParity", &value));
    *parity = value > UINT8_MAX ? UINT8_MAX : (uint8_t)value;
    if (!json_has_value(entry, "v")) return status_ok();
    TRY(read_u64(entry, "v", &v));
    if (v == value || v == value + 27) return status_ok();
    return json_refuse(entry, "v", REFUSAL(BAD_INPUT, 0, "must say the same as yParity"));
}

static status put_authorization(const json_value *entry, struct builder *list)
{
    static const char *const names[] = {"chainId", "address", "nonce", "yParity", "v", "r", "s"};
    struct authorization authorization;
    k256_signature signature;
    TRY(json_only(entry, names, ARRAY_COUNT(names)));
    TRY(read_u64(entry, "chainId", &authorization.chain_id));
    TRY(read_address(entry, "address", &authorization.address));
    TRY(read_u64(entry, "nonce", &authorization.nonce));
    TRY(read_parity(entry, &signature.parity));
    TRY(read_word(entry, "r", signature.r));
    TRY(read_word(entry, "s", signature.s));
    TRY(json_refuse(entry, NULL, authorization_check(&authorization, &signature)));
    authorization_put(list, &authorization, &signature);
    return status_ok();
}

/* How a list's entries are read, and how many there may be. */
struct list_reader {
    size_t count_max;
    bool has_objects;
    status (*put)(const json_value *entry, struct builder *list);
};

static const struct list_reader LISTS[TX_FIELD_COUNT] = {
    [TX_FIELD_ACCESS_LIST] = {ACCESS_LIST_COUNT_MAX, true, put_access_entry},
    [TX_FIELD_BLOB_HASHES] = {TX_BLOB_COUNT_MAX, false, put_blob_hash},
    [TX_FIELD_AUTHORIZATIONS] = {AUTHORIZATION_COUNT_MAX, true, put_authorization},
};

/* Room for the list as RLP: no transaction holds more than its own size. */
static size_t list_size(const json_value *entries)
{
    size_t size = 0;
    for (json_value entry = json_first(entries); json_is_there(&entry); entry = json_next(&entry)) {
        json_value keys;
        size += ENTRY_SIZE_MAX;
        if (!json_value_is_object(&entry) || !json_has_value(&entry, "storageKeys")) continue;
        if (status_is_ok(json_read_value(&entry, "storageKeys", &keys))) {
            size += KEY_SIZE * json_count(&keys);
        }
    }
    return size < TX_SIZE_MAX ? size : TX_SIZE_MAX;
}

static status read_list(const json_value *object, enum tx_field field, struct arena *arena,
                        slice *list)
{
    const struct list_reader *reader = &LISTS[field];
    const char *name = tx_field_of(field)->name;
    json_value entries;
    struct builder items;
    TRY(json_read_array(object, name, reader->count_max, &entries));
    builder_init_arena(&items, arena, list_size(&entries));
    for (json_value entry = json_first(&entries); json_is_there(&entry);
         entry = json_next(&entry)) {
        if (reader->has_objects) TRY(json_refuse(&entry, NULL, check_object(&entry)));
        TRY(reader->put(&entry, &items));
    }
    return json_refuse(object, name, builder_finish(&items, list));
}

/* ---- the transaction ---- */

/* The first field that is there names the type. */
static const struct {
    enum tx_field field;
    enum tx_type type;
} TELLING[] = {
    {TX_FIELD_AUTHORIZATIONS, TX_SET_CODE},
    {TX_FIELD_BLOB_HASHES, TX_BLOB},
    {TX_FIELD_MAX_FEE_PER_BLOB_GAS, TX_BLOB},
    {TX_FIELD_MAX_FEE_PER_GAS, TX_DYNAMIC_FEE},
    {TX_FIELD_MAX_PRIORITY_FEE_PER_GAS, TX_DYNAMIC_FEE},
    {TX_FIELD_ACCESS_LIST, TX_ACCESS_LIST},
    {TX_FIELD_GAS_PRICE, TX_LEGACY},
};

static status read_shape(const json_value *object, const struct tx_shape **shape)
{
    uint64_t number;
    if (json_has_value(object, "type")) {
        TRY(read_u64(object, "type", &number));
        return json_refuse(object, "type", tx_shape_find(number, shape));
    }
    for (size_t i = 0; i < ARRAY_COUNT(TELLING); i++) {
        if (is_given(object, TELLING[i].field)) return tx_shape_find(TELLING[i].type, shape);
    }
    return json_refuse(
        object, "gasPrice",
        REFUSAL(BAD_INPUT, 0, "is missing, and so are maxFeePerGas and maxPriorityFeePerGas"));
}

/* One field under one of its names. */
static status read_named(const json_value *object, enum tx_field field, const char *name,
                         struct arena *arena, struct tx *tx)
{
    const struct tx_field_info *info = tx_field_of(field);
    void *value = (uint8_t *)tx + info->offset;
    switch (info->kind) {
    case TX_KIND_U64: return read_u64(object, name, value);
    case TX_KIND_U256: return read_quantity(object, name, value);
    case TX_KIND_TO: tx->has_to = true; return read_address(object, name, &tx->to);
    case TX_KIND_DATA: return read_data(object, name, arena, value);
    case TX_KIND_LIST: return read_list(object, field, arena, value);
    }
    return status_ok();
}

/* The values of a field that has two names, of which both were given. */
static bool is_same(enum tx_field field, const struct tx *tx, const struct tx *again)
{
    if (field == TX_FIELD_DATA) return slice_equal(tx->data, again->data);
    return tx->gas_limit == again->gas_limit;
}

/* Two names for one field may both be given when they agree. */
static status read_field(const json_value *object, enum tx_field field, struct arena *arena,
                         struct tx *tx)
{
    const struct tx_field_info *info = tx_field_of(field);
    struct tx again = {0};
    if (info->is_optional && !is_given(object, field)) return status_ok();
    TRY(read_named(object, field, name_given(object, field), arena, tx));
    if (!info->alias || !json_has_value(object, info->alias)) return status_ok();
    TRY(read_named(object, field, info->alias, arena, &again));
    if (is_same(field, tx, &again)) return status_ok();
    return json_refuse(object, info->alias,
                       REFUSAL(BAD_INPUT, 0, "must be equal to the other name of the same field"));
}

status tx_json_read(const json_value *object, struct arena *arena, struct tx_json *request)
{
    const struct tx_shape *shape = NULL;
    struct tx_json read = {0};
    TRY(json_refuse(object, NULL, check_object(object)));
    TRY(check_fields(object));
    TRY(read_shape(object, &shape));
    TRY(check_foreign(object, shape));
    read.tx.type = shape->type;
    if (shape->type == TX_LEGACY) TRY(read_field(object, TX_FIELD_CHAIN_ID, arena, &read.tx));
    for (size_t i = 0; shape->fields[i] != TX_FIELD_NONE; i++) {
        TRY(read_field(object, shape->fields[i], arena, &read.tx));
    }
    read.has_from = json_has_value(object, "from");
    if (read.has_from) TRY(read_address(object, "from", &read.from));
    const status checked = tx_check(&read.tx);
    if (!status_is_ok(checked)) {
        return json_refuse(object, name_given(object, (enum tx_field)checked.detail), checked);
    }
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
    struct access_entry access;
    hash32 key;
    json_put_name(builder, "accessList");
    json_put_array_open(builder);
    while (status_is_ok(access_list_take(&access_list, &access))) {
        json_put_object_open(builder);
        put_address(builder, "address", access.address);
        json_put_name(builder, "storageKeys");
        json_put_array_open(builder);
        while (status_is_ok(access_list_take_key(&access.keys, &key))) {
            json_put_hex_0x(builder, hash32_view(&key));
        }
        json_put_array_close(builder);
        json_put_object_close(builder);
    }
    json_put_array_close(builder);
}

static void put_blob_hashes(struct builder *builder, slice hashes)
{
    uint8_t hash[32];
    json_put_name(builder, "blobVersionedHashes");
    json_put_array_open(builder);
    while (hashes.size > 0 && status_is_ok(tx_take_blob_hash(&hashes, hash))) {
        json_put_hex_0x(builder, slice_of(hash, sizeof hash));
    }
    json_put_array_close(builder);
}

static void put_authorizations(struct builder *builder, slice authorizations)
{
    struct authorization entry;
    k256_signature signature;
    json_put_name(builder, "authorizationList");
    json_put_array_open(builder);
    while (authorizations.size > 0 &&
           status_is_ok(authorization_take(&authorizations, &entry, &signature))) {
        json_put_object_open(builder);
        put_quantity(builder, "chainId", u256_of(entry.chain_id));
        put_address(builder, "address", entry.address);
        put_quantity(builder, "nonce", u256_of(entry.nonce));
        put_quantity(builder, "yParity", u256_of(signature.parity));
        put_quantity(builder, "r", u256_read_word(signature.r));
        put_quantity(builder, "s", u256_read_word(signature.s));
        json_put_object_close(builder);
    }
    json_put_array_close(builder);
}

static void put_list(struct builder *builder, enum tx_field field, const struct tx *tx)
{
    if (field == TX_FIELD_ACCESS_LIST) put_access_list(builder, tx->access_list);
    if (field == TX_FIELD_BLOB_HASHES) put_blob_hashes(builder, tx->blob_hashes);
    if (field == TX_FIELD_AUTHORIZATIONS) put_authorizations(builder, tx->authorizations);
}

static void put_to(struct builder *builder, const struct tx *tx)
{
    if (tx->has_to) {
        put_address(builder, "to", tx->to);
        return;
    }
    json_put_name(builder, "to");
    json_put_null(builder);
}

static void put_field(struct builder *builder, enum tx_field field, const struct tx *tx)
{
    const struct tx_field_info *info = tx_field_of(field);
    const void *value = (const uint8_t *)tx + info->offset;
    switch (info->kind) {
    case TX_KIND_U64: put_quantity(builder, info->name, u256_of(*(const uint64_t *)value)); break;
    case TX_KIND_U256: put_quantity(builder, info->name, *(const u256 *)value); break;
    case TX_KIND_TO: put_to(builder, tx); break;
    case TX_KIND_DATA:
        /* Nodes answer with "input". */
        json_put_name(builder, info->alias);
        json_put_hex_0x(builder, tx->data);
        break;
    case TX_KIND_LIST: put_list(builder, field, tx); break;
    }
}

void tx_json_put_fields(struct builder *builder, const struct tx *tx,
                        const k256_signature *signature, hash32 hash)
{
    const struct tx_shape *shape = NULL;
    put_quantity(builder, "type", u256_of(tx->type));
    if (!status_is_ok(tx_shape_find(tx->type, &shape))) return;
    if (tx->type == TX_LEGACY) put_field(builder, TX_FIELD_CHAIN_ID, tx);
    for (size_t i = 0; shape->fields[i] != TX_FIELD_NONE; i++) {
        put_field(builder, shape->fields[i], tx);
    }
    put_quantity(builder, "v", u256_of(tx_signature_v(tx, signature)));
    put_quantity(builder, "r", u256_read_word(signature->r));
    put_quantity(builder, "s", u256_read_word(signature->s));
    if (tx->type != TX_LEGACY) put_quantity(builder, "yParity", u256_of(signature->parity));
    json_put_name(builder, "hash");
    json_put_hex_0x(builder, hash32_view(&hash));
}
