#include "cli/describe.h"

#include "base/hex.h"
#include "cli/escape.h"
#include "eth/access_list.h"
#include "eth/amount.h"
#include "eth/authorization.h"
#include "eth/chains.h"

enum { SELECTOR_SIZE = 4, HASH_SIZE = 32 };

/* Calls that move or give away what an account owns; others are shown by their selector alone. */
static const struct {
    uint8_t selector[SELECTOR_SIZE];
    const char *name;
} calls[] = {
    {{0xa9, 0x05, 0x9c, 0xbb}, "transfer(address,uint256)"},
    {{0x23, 0xb8, 0x72, 0xdd}, "transferFrom(address,address,uint256)"},
    {{0x09, 0x5e, 0xa7, 0xb3}, "approve(address,uint256): lets another account spend tokens"},
    {{0xa2, 0x2c, 0xb4, 0x65}, "setApprovalForAll(address,bool): lets another account take all"},
    {{0x42, 0x84, 0x2e, 0x0e}, "safeTransferFrom(address,address,uint256)"},
};

static void put_label(struct builder *lines, const char *label)
{
    const slice text = slice_text(label);
    builder_put_text(lines, "  ");
    builder_put(lines, text);
    for (size_t i = text.size; i < 12; i++) builder_put_text(lines, " ");
}

static void put_chain(struct builder *lines, uint64_t chain_id)
{
    const struct chain *chain = chains_find(chain_id);
    put_label(lines, "chain");
    builder_put_decimal(lines, chain_id);
    if (chain) {
        builder_put_text(lines, " (");
        builder_put_text(lines, chain->title);
        builder_put_text(lines, ")");
    }
    builder_put_text(lines, "\n");
}

static void put_to(struct builder *lines, const struct tx *tx)
{
    put_label(lines, "to");
    if (tx->has_to) address_print(lines, tx->to);
    else builder_put_text(lines, "nobody: creates a contract");
    builder_put_text(lines, "\n");
}

static void put_ether(struct builder *lines, u256 wei)
{
    amount_print_ether(lines, wei);
    builder_put_text(lines, " ether (");
    u256_print_decimal(lines, wei);
    builder_put_text(lines, " wei)");
}

static void put_call(struct builder *lines, slice data)
{
    const slice selector = slice_part(data, 0, SELECTOR_SIZE);
    builder_put_text(lines, ", calls ");
    hex_put_0x(lines, selector);
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        if (!slice_equal(selector, slice_of(calls[i].selector, SELECTOR_SIZE))) continue;
        builder_put_text(lines, " ");
        builder_put_text(lines, calls[i].name);
    }
}

static void put_data(struct builder *lines, const struct tx *tx)
{
    put_label(lines, "data");
    if (tx->data.size == 0) {
        builder_put_text(lines, "none\n");
        return;
    }
    builder_put_decimal(lines, tx->data.size);
    builder_put_text(lines, tx->data.size == 1 ? " byte" : " bytes");
    if (!tx->has_to) builder_put_text(lines, ", the contract's code");
    else if (tx->data.size >= SELECTOR_SIZE) put_call(lines, tx->data);
    builder_put_text(lines, "\n");
}

static void put_access_list(struct builder *lines, slice access_list)
{
    uint64_t count = 0;
    struct access_entry access;
    if (access_list.size == 0) return;
    while (access_list.size > 0 && status_is_ok(access_list_take(&access_list, &access))) count++;
    put_label(lines, "access list");
    builder_put_decimal(lines, count);
    builder_put_text(lines, count == 1 ? " address\n" : " addresses\n");
}

static void put_blobs(struct builder *lines, slice hashes)
{
    uint8_t hash[HASH_SIZE];
    uint64_t count = 0;
    while (hashes.size > 0 && status_is_ok(tx_take_blob_hash(&hashes, hash))) {
        put_label(lines, count++ == 0 ? "blobs" : "");
        hex_put_0x(lines, slice_of(hash, sizeof hash));
        builder_put_text(lines, "\n");
    }
}

/* Each of them hands its signer's whole account to that code. */
static void put_authorizations(struct builder *lines, slice list)
{
    struct authorization entry;
    k256_signature signature;
    uint64_t count = 0;
    while (list.size > 0 && status_is_ok(authorization_take(&list, &entry, &signature))) {
        put_label(lines, count++ == 0 ? "delegates" : "");
        builder_put_text(lines, "to the code at ");
        address_print(lines, entry.address);
        builder_put_text(lines, " on chain ");
        builder_put_decimal(lines, entry.chain_id);
        builder_put_text(lines, ", nonce ");
        builder_put_decimal(lines, entry.nonce);
        builder_put_text(lines, "\n");
    }
}

static void put_price(struct builder *lines, const char *label, u256 price)
{
    put_label(lines, label);
    amount_print_gwei(lines, price);
    builder_put_text(lines, " gwei a unit of gas\n");
}

static void put_prices(struct builder *lines, const struct tx *tx, const struct tx_shape *shape)
{
    if (shape->price == TX_FIELD_GAS_PRICE) {
        put_price(lines, "gas price", tx->gas_price);
    } else {
        put_price(lines, "fee cap", tx->max_fee_per_gas);
        put_price(lines, "tip cap", tx->max_priority_fee_per_gas);
    }
    if (tx_shape_has(shape, TX_FIELD_MAX_FEE_PER_BLOB_GAS)) {
        put_price(lines, "blob fee", tx->max_fee_per_blob_gas);
    }
}

/* Fees and value together cannot overflow: tx_check has seen to that. */
static void put_total(struct builder *lines, const struct tx *tx)
{
    u256 fee = {{0}}, total = {{0}};
    if (!status_is_ok(tx_read_fee_max(tx, &fee))) return;
    if (!status_is_ok(u256_add(fee, tx->value, &total))) return;
    put_label(lines, "fee at most");
    put_ether(lines, fee);
    builder_put_text(lines, "\n");
    put_label(lines, "all at most");
    put_ether(lines, total);
    builder_put_text(lines, "\n");
}

void describe_tx(struct builder *lines, const struct tx *tx)
{
    const struct tx_shape *shape;
    if (!status_is_ok(tx_shape_find(tx->type, &shape))) return;
    put_label(lines, "kind");
    builder_put_text(lines, shape->name);
    builder_put_text(lines, "\n");
    put_chain(lines, tx->chain_id);
    put_label(lines, "nonce");
    builder_put_decimal(lines, tx->nonce);
    builder_put_text(lines, "\n");
    put_to(lines, tx);
    put_label(lines, "value");
    put_ether(lines, tx->value);
    builder_put_text(lines, "\n");
    put_data(lines, tx);
    put_access_list(lines, tx->access_list);
    put_blobs(lines, tx->blob_hashes);
    put_authorizations(lines, tx->authorizations);
    put_label(lines, "gas limit");
    builder_put_decimal(lines, tx->gas_limit);
    builder_put_text(lines, "\n");
    put_prices(lines, tx, shape);
    put_total(lines, tx);
}

void describe_message(struct builder *lines, slice message)
{
    const slice shown = slice_part(message, 0, DESCRIBE_SHOWN_SIZE_MAX);
    const bool is_text = escape_is_text(message);
    put_label(lines, "message");
    builder_put_decimal(lines, message.size);
    builder_put_text(lines, message.size == 1 ? " byte" : " bytes");
    builder_put_text(lines, is_text ? ", text:\n" : ", not text:\n");
    /* What a person cannot read may be the hash of anything. */
    if (is_text) {
        escape_put_lines(lines, shown, "  | ");
    } else {
        builder_put_text(lines, "  | ");
        hex_put_0x(lines, shown);
        builder_put_text(lines, "\n");
    }
    if (shown.size < message.size) {
        builder_put_text(lines, "  and ");
        builder_put_decimal(lines, message.size - shown.size);
        builder_put_text(lines, " more bytes\n");
    }
    if (message.size == HASH_SIZE && !is_text) {
        builder_put_text(lines,
                         "  32 bytes that are no text may be a hash: it can stand for anything\n");
    }
}
