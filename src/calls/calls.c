#include "calls/calls.h"

#include <string.h>

#include "eth/keccak.h"

/* How a function's arguments become facts. */
typedef void (*read_arguments)(struct abi_reader *reader, struct call *call);

static void read_transfer(struct abi_reader *reader, struct call *call)
{
    call->to = abi_address(reader);
    call->amount = abi_u256(reader);
}

static void read_transfer_from(struct abi_reader *reader, struct call *call)
{
    call->from = abi_address(reader);
    read_transfer(reader, call);
}

static void read_nft(struct abi_reader *reader, struct call *call)
{
    call->from = abi_address(reader);
    call->to = abi_address(reader);
    call->id = abi_u256(reader);
}

static void read_nft_data(struct abi_reader *reader, struct call *call)
{
    read_nft(reader, call);
    (void)abi_bytes(reader);
}

static void read_multi(struct abi_reader *reader, struct call *call)
{
    read_nft(reader, call);
    call->amount = abi_u256(reader);
    (void)abi_bytes(reader);
}

static void read_approve_all(struct abi_reader *reader, struct call *call)
{
    call->to = abi_address(reader);
    call->is_on = abi_bool(reader);
}

/* owner, spender, value, deadline, v, r, s */
static void read_permit(struct abi_reader *reader, struct call *call)
{
    read_transfer_from(reader, call);
    abi_skip(reader);
    (void)abi_narrow(reader, 8);
    abi_skip(reader);
    abi_skip(reader);
}

static void read_amount(struct abi_reader *reader, struct call *call)
{
    call->amount = abi_u256(reader);
}

static void read_multicall(struct abi_reader *reader, struct call *call)
{
    call->inners = abi_bytes_array(reader);
}

/* A deadline stands before the calls. */
static void read_multicall_until(struct abi_reader *reader, struct call *call)
{
    abi_skip(reader);
    read_multicall(reader, call);
}

static void read_execute(struct abi_reader *reader, struct call *call)
{
    read_transfer(reader, call);
    call->inner = abi_bytes(reader);
}

static const struct {
    uint8_t selector[ABI_SELECTOR_SIZE];
    const char *signature;
    enum call_kind kind;
    size_t word_count; /* of the head */
    read_arguments read;
} FUNCTIONS[] = {
    {{0xa9, 0x05, 0x9c, 0xbb}, "transfer(address,uint256)", CALL_TRANSFER, 2, read_transfer},
    {{0x23, 0xb8, 0x72, 0xdd},
     "transferFrom(address,address,uint256)",
     CALL_TRANSFER_FROM,
     3,
     read_transfer_from},
    {{0x42, 0x84, 0x2e, 0x0e},
     "safeTransferFrom(address,address,uint256)",
     CALL_NFT_TRANSFER,
     3,
     read_nft},
    {{0xb8, 0x8d, 0x4f, 0xde},
     "safeTransferFrom(address,address,uint256,bytes)",
     CALL_NFT_TRANSFER,
     4,
     read_nft_data},
    {{0xf2, 0x42, 0x43, 0x2a},
     "safeTransferFrom(address,address,uint256,uint256,bytes)",
     CALL_MULTI_TRANSFER,
     5,
     read_multi},
    {{0x09, 0x5e, 0xa7, 0xb3}, "approve(address,uint256)", CALL_APPROVE, 2, read_transfer},
    {{0x39, 0x50, 0x93, 0x51},
     "increaseAllowance(address,uint256)",
     CALL_INCREASE,
     2,
     read_transfer},
    {{0xa4, 0x57, 0xc2, 0xd7},
     "decreaseAllowance(address,uint256)",
     CALL_DECREASE,
     2,
     read_transfer},
    {{0xa2, 0x2c, 0xb4, 0x65},
     "setApprovalForAll(address,bool)",
     CALL_APPROVE_ALL,
     2,
     read_approve_all},
    {{0xd5, 0x05, 0xac, 0xcf},
     "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
     CALL_PERMIT,
     7,
     read_permit},
    {{0x2e, 0x1a, 0x7d, 0x4d}, "withdraw(uint256)", CALL_WITHDRAW, 1, read_amount},
    {{0xac, 0x96, 0x50, 0xd8}, "multicall(bytes[])", CALL_MULTICALL, 1, read_multicall},
    {{0x5a, 0xe4, 0x01, 0xdc},
     "multicall(uint256,bytes[])",
     CALL_MULTICALL,
     2,
     read_multicall_until},
    {{0xb6, 0x1d, 0x27, 0xf6}, "execute(address,uint256,bytes)", CALL_EXECUTE, 3, read_execute},
};

void calls_read(slice data, struct call *call)
{
    *call = (struct call){.selector = slice_part(data, 0, ABI_SELECTOR_SIZE)};
    call->kind = data.size == 0 ? CALL_NONE : CALL_UNKNOWN;
    for (size_t i = 0; i < ARRAY_COUNT(FUNCTIONS); i++) {
        if (!slice_equal(call->selector, slice_of(FUNCTIONS[i].selector, ABI_SELECTOR_SIZE))) {
            continue;
        }
        struct abi_reader reader =
            abi_open(slice_part(data, ABI_SELECTOR_SIZE, data.size), FUNCTIONS[i].word_count);
        struct call read = {.kind = FUNCTIONS[i].kind,
                            .signature = FUNCTIONS[i].signature,
                            .selector = call->selector};
        FUNCTIONS[i].read(&reader, &read);
        const status finished = abi_finish(&reader);
        if (status_is_ok(finished)) {
            *call = read;
            return;
        }
        call->kind = CALL_MALFORMED;
        call->signature = FUNCTIONS[i].signature;
        call->malformed = finished;
        return;
    }
}

bool calls_is_unlimited(u256 amount)
{
    return amount.limbs[3] >> 63 != 0;
}

/* ---- calls inside calls ---- */

/* One level of the walk: what is left to visit there. */
struct level {
    struct abi_array array;
    slice single;
    bool has_single;
};

static bool take_next(struct level *level, slice *data)
{
    if (level->has_single) {
        *data = level->single;
        level->has_single = false;
        return true;
    }
    if (level->array.count == 0) return false;
    level->array.count--;
    *data = abi_bytes(&level->array.elements);
    return true;
}

static void read_at(slice data, size_t depth, struct call *call)
{
    calls_read(data, call);
    const bool is_nested = call->kind == CALL_MULTICALL || call->kind == CALL_EXECUTE;
    if (is_nested && depth == CALLS_DEPTH_MAX) {
        *call = (struct call){.kind = CALL_UNKNOWN, .selector = call->selector};
    }
}

void calls_walk(slice data, calls_visit visit, void *context)
{
    struct level levels[CALLS_DEPTH_MAX + 1] = {{.single = data, .has_single = true}};
    size_t depth = 0;
    for (;;) {
        slice next;
        struct call call;
        if (!take_next(&levels[depth], &next)) {
            if (depth-- == 0) return;
            continue;
        }
        read_at(next, depth, &call);
        visit(context, &call, depth);
        if (call.kind == CALL_MULTICALL) levels[++depth] = (struct level){.array = call.inners};
        if (call.kind == CALL_EXECUTE) {
            levels[++depth] = (struct level){.single = call.inner, .has_single = true};
        }
    }
}

void calls_digest(slice data, uint8_t digest[32])
{
    struct keccak state;
    uint8_t size[U256_SIZE];
    u256_write_word(u256_of(data.size), size);
    keccak_init(&state);
    keccak_put(&state, slice_of(size, sizeof size));
    keccak_put(&state, data);
    const hash32 hash = keccak_finish(&state);
    memcpy(digest, hash.bytes, sizeof hash.bytes);
}
