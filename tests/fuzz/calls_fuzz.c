/*
 * calls: whatever the bytes, the walk ends and stays within its depth, and a call that reads well
 * formed is written back byte for byte, so it has one encoding.
 */
#include <assert.h>

#include "calls/calls.h"

enum { INPUT_SIZE_MAX = 65536 };

static void put_number(struct builder *data, u256 value)
{
    uint8_t word[U256_SIZE];
    u256_write_word(value, word);
    builder_put(data, slice_of(word, sizeof word));
}

static void put_address(struct builder *data, eth_address address)
{
    builder_put_zeros(data, ABI_WORD_SIZE - ADDRESS_SIZE);
    builder_put(data, slice_of(address.bytes, ADDRESS_SIZE));
}

static void put_bytes(struct builder *data, slice bytes)
{
    put_number(data, u256_of(bytes.size));
    builder_put(data, bytes);
    builder_put_zeros(data, (ABI_WORD_SIZE - bytes.size % ABI_WORD_SIZE) % ABI_WORD_SIZE);
}

static void put_array(struct builder *data, struct abi_array array)
{
    struct abi_array again = array;
    size_t offset = array.count * ABI_WORD_SIZE;
    put_number(data, u256_of(array.count));
    for (size_t i = 0; i < array.count; i++) {
        const size_t size = abi_bytes(&array.elements).size;
        put_number(data, u256_of(offset));
        offset += ABI_WORD_SIZE + (size + ABI_WORD_SIZE - 1) / ABI_WORD_SIZE * ABI_WORD_SIZE;
    }
    for (size_t i = 0; i < again.count; i++) put_bytes(data, abi_bytes(&again.elements));
}

/* Writes the arguments; false for functions of which not all arguments are kept. */
static bool put_arguments(struct builder *data, const struct call *call)
{
    const bool has_words_only = call->selector.bytes[0] == 0x42; /* safeTransferFrom of 3 words */
    switch (call->kind) {
    case CALL_NFT_TRANSFER:
        put_address(data, call->from);
        put_address(data, call->to);
        put_number(data, call->id);
        return has_words_only;
    case CALL_TRANSFER_FROM:
        put_address(data, call->from);
        put_address(data, call->to);
        put_number(data, call->amount);
        return true;
    case CALL_TRANSFER:
    case CALL_APPROVE:
    case CALL_INCREASE:
    case CALL_DECREASE:
        put_address(data, call->to);
        put_number(data, call->amount);
        return true;
    case CALL_APPROVE_ALL:
        put_address(data, call->to);
        put_number(data, u256_of(call->is_on));
        return true;
    case CALL_WITHDRAW: put_number(data, call->amount); return true;
    case CALL_EXECUTE:
        put_address(data, call->to);
        put_number(data, call->amount);
        put_number(data, u256_of((uint64_t)3 * ABI_WORD_SIZE));
        put_bytes(data, call->inner);
        return true;
    case CALL_MULTICALL:
        put_number(data, u256_of(ABI_WORD_SIZE));
        put_array(data, call->inners);
        return call->selector.bytes[0] == 0xac; /* without a deadline before it */
    case CALL_NONE:
    case CALL_UNKNOWN:
    case CALL_MALFORMED:
    case CALL_MULTI_TRANSFER:
    case CALL_PERMIT: return false;
    }
    return false;
}

static void check_encoding(slice input)
{
    static uint8_t memory[2 * INPUT_SIZE_MAX];
    struct builder data;
    struct call call;
    calls_read(input, &call);
    assert((call.kind == CALL_NONE) == (input.size == 0));
    assert((call.kind == CALL_MALFORMED) == !status_is_ok(call.malformed));
    builder_init(&data, memory, sizeof memory);
    builder_put(&data, call.selector);
    if (!put_arguments(&data, &call)) return;
    assert(slice_equal(builder_view(&data), input));
}

static void count_visit(void *context, const struct call *call, size_t depth)
{
    size_t *count = context;
    assert(depth <= CALLS_DEPTH_MAX);
    assert(depth < CALLS_DEPTH_MAX || (call->kind != CALL_MULTICALL && call->kind != CALL_EXECUTE));
    ++*count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t count = 0;
    if (size > INPUT_SIZE_MAX) return 0;
    calls_walk(slice_of(bytes, size), count_visit, &count);
    /* Each call inside another takes an offset and a length of it. */
    assert(count >= 1 && count <= 1 + size / ABI_WORD_SIZE);
    check_encoding(slice_of(bytes, size));
    return 0;
}
