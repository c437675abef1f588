#include "cli/describe.h"

#include "base/hex.h"
#include "calls/calls.h"
#include "cli/escape.h"
#include "eth/access_list.h"
#include "eth/amount.h"
#include "eth/authorization.h"
#include "eth/chains.h"

enum { HASH_SIZE = 32 };

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

/* Nobody has the zero address: what goes there is gone. */
static void put_address_of(struct builder *lines, const char *before, eth_address address)
{
    static const eth_address nobody;
    builder_put_text(lines, before);
    address_print(lines, address);
    if (address_equal(address, nobody)) builder_put_text(lines, " (THE ZERO ADDRESS)");
}

static void put_to(struct builder *lines, const struct tx *tx)
{
    put_label(lines, "to");
    if (tx->has_to) put_address_of(lines, "", tx->to);
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

/* ---- calls: who gets what of whom ---- */

/* Tokens have decimals of their own, which only their contract knows: units are shown. */
static void put_units(struct builder *lines, u256 amount)
{
    u256_print_decimal(lines, amount);
    builder_put_text(lines, " units");
}

static void put_allowance(struct builder *lines, const struct call *call)
{
    if (calls_is_unlimited(call->amount)) builder_put_text(lines, "WITHOUT LIMIT");
    else put_units(lines, call->amount);
}

static void put_from_to(struct builder *lines, const struct call *call)
{
    put_address_of(lines, " of ", call->from);
    put_address_of(lines, " to ", call->to);
}

static void put_token(struct builder *lines, const struct call *call)
{
    if (call->kind == CALL_MULTI_TRANSFER) {
        put_units(lines, call->amount);
        builder_put_text(lines, " of ");
    }
    builder_put_text(lines, "token ");
    u256_print_decimal(lines, call->id);
    put_from_to(lines, call);
}

static void put_approve_all(struct builder *lines, const struct call *call)
{
    put_address_of(lines, call->is_on ? "lets " : "no longer lets ", call->to);
    builder_put_text(lines, call->is_on ? " TAKE ALL TOKENS of this contract"
                                        : " take tokens of this contract");
}

static void put_spender(struct builder *lines, const struct call *call, const char *how)
{
    put_address_of(lines, "lets ", call->to);
    builder_put_text(lines, how);
    if (call->kind == CALL_PERMIT) {
        put_address_of(lines, "", call->from);
        builder_put_text(lines, ": ");
    }
    /* Taking off the most there is ends an allowance: nothing to shout about. */
    if (call->kind == CALL_DECREASE) put_units(lines, call->amount);
    else put_allowance(lines, call);
}

/* What the call does, after its signature. */
static void put_meaning(struct builder *lines, const struct call *call)
{
    switch (call->kind) {
    case CALL_TRANSFER:
        put_units(lines, call->amount);
        put_address_of(lines, " to ", call->to);
        break;
    case CALL_TRANSFER_FROM:
        u256_print_decimal(lines, call->amount);
        builder_put_text(lines, " (units, or a token's id)");
        put_from_to(lines, call);
        break;
    case CALL_NFT_TRANSFER:
    case CALL_MULTI_TRANSFER: put_token(lines, call); break;
    case CALL_APPROVE: put_spender(lines, call, " spend "); break;
    case CALL_INCREASE: put_spender(lines, call, " spend more: "); break;
    case CALL_DECREASE: put_spender(lines, call, " spend less: "); break;
    case CALL_PERMIT: put_spender(lines, call, " spend, of "); break;
    case CALL_APPROVE_ALL: put_approve_all(lines, call); break;
    case CALL_WITHDRAW: put_ether(lines, call->amount); break;
    case CALL_EXECUTE:
        put_address_of(lines, "calls ", call->to);
        builder_put_text(lines, " with ");
        put_ether(lines, call->amount);
        break;
    case CALL_MULTICALL:
        builder_put_decimal(lines, call->inners.count);
        builder_put_text(lines, call->inners.count == 1 ? " call" : " calls");
        break;
    case CALL_MALFORMED: builder_put_text(lines, status_message(call->malformed)); break;
    case CALL_NONE:
    case CALL_UNKNOWN: break;
    }
}

static void put_call(void *context, const struct call *call, size_t depth)
{
    struct builder *lines = context;
    put_label(lines, depth == 0 ? "calls" : "");
    for (size_t i = 0; i < depth; i++) builder_put_text(lines, "  ");
    if (call->kind == CALL_MALFORMED) builder_put_text(lines, "NOT WHAT IT SEEMS: ");
    if (call->signature) builder_put_text(lines, call->signature);
    else if (call->kind == CALL_NONE) builder_put_text(lines, "nothing");
    else hex_put_0x(lines, call->selector);
    if (call->kind != CALL_NONE && call->kind != CALL_UNKNOWN) {
        builder_put_text(lines, ": ");
        put_meaning(lines, call);
    }
    builder_put_text(lines, "\n");
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
    builder_put_text(lines, "\n");
    if (tx->has_to) calls_walk(tx->data, put_call, lines);
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
