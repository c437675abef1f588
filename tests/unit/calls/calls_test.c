#include "calls/calls.h"

#include <string.h>

#include "eth/keccak.h"
#include "runner.h"

/*
 * Call data as ethers 6 encodes it (Interface.encodeFunctionData). `facts` is what is read: the
 * fields that are not zero.
 */
static const struct {
    const char *name, *data, *signature;
    enum call_kind kind;
    const char *facts;
} known[] = {
    {"transfer",
     "a9059cbb"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "000000000000000000000000000000000000000000000000000000000016e360",
     "transfer(address,uint256)", CALL_TRANSFER,
     "to 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 amount 1500000"},
    {"transfer to nobody",
     "a9059cbb"
     "0000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000001",
     "transfer(address,uint256)", CALL_TRANSFER,
     "to 0x0000000000000000000000000000000000000000 amount 1"},
    {"transferFrom",
     "23b872dd"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "0000000000000000000000000000000000000000000000000000000000000007",
     "transferFrom(address,address,uint256)", CALL_TRANSFER_FROM,
     "from 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 to "
     "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc amount 7"},
    {"NFT",
     "42842e0e"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "000000000000000000000000000000000000000000000000000000000000002a",
     "safeTransferFrom(address,address,uint256)", CALL_NFT_TRANSFER,
     "from 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 to "
     "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc id 42"},
    {"NFT with data",
     "b88d4fde"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "000000000000000000000000000000000000000000000000000000000000002a"
     "0000000000000000000000000000000000000000000000000000000000000080"
     "0000000000000000000000000000000000000000000000000000000000000003"
     "c0ffee0000000000000000000000000000000000000000000000000000000000",
     "safeTransferFrom(address,address,uint256,bytes)", CALL_NFT_TRANSFER,
     "from 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 to "
     "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc id 42"},
    {"ERC-1155",
     "f242432a"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "000000000000000000000000000000000000000000000000000000000000002a"
     "0000000000000000000000000000000000000000000000000000000000000003"
     "00000000000000000000000000000000000000000000000000000000000000a0"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "safeTransferFrom(address,address,uint256,uint256,bytes)", CALL_MULTI_TRANSFER,
     "from 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 to "
     "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc amount 3 id 42"},
    {"approve",
     "095ea7b3"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "00000000000000000000000000000000000000000000000000000000000000fa",
     "approve(address,uint256)", CALL_APPROVE,
     "to 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 amount 250"},
    {"approve all there is",
     "095ea7b3"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "approve(address,uint256)", CALL_APPROVE,
     "to 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 amount "
     "115792089237316195423570985008687907853269984665640564039457584007913129639935"},
    {"increase",
     "39509351"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "00000000000000000000000000000000000000000000000000000000000000fa",
     "increaseAllowance(address,uint256)", CALL_INCREASE,
     "to 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 amount 250"},
    {"decrease",
     "a457c2d7"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "00000000000000000000000000000000000000000000000000000000000000fa",
     "decreaseAllowance(address,uint256)", CALL_DECREASE,
     "to 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 amount 250"},
    {"operator",
     "a22cb465"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000000000000000000000000000000000000000000001",
     "setApprovalForAll(address,bool)", CALL_APPROVE_ALL,
     "to 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 on"},
    {"operator no longer",
     "a22cb465"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "setApprovalForAll(address,bool)", CALL_APPROVE_ALL,
     "to 0x70997970c51812dc3a010c7d01b50e0d17dc79c8"},
    {"permit",
     "d505accf"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "00000000000000000000000000000000000000000000000000000000000000fa"
     "000000000000000000000000000000000000000000000000000000006553f100"
     "000000000000000000000000000000000000000000000000000000000000001b"
     "1111111111111111111111111111111111111111111111111111111111111111"
     "2222222222222222222222222222222222222222222222222222222222222222",
     "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", CALL_PERMIT,
     "from 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 to "
     "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc amount 250"},
    {"withdraw",
     "2e1a7d4d"
     "0000000000000000000000000000000000000000000000000de0b6b3a7640000",
     "withdraw(uint256)", CALL_WITHDRAW, "amount 1000000000000000000"},
    {"multicall of nothing",
     "ac9650d8"
     "0000000000000000000000000000000000000000000000000000000000000020"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "multicall(bytes[])", CALL_MULTICALL, "inners 0"},
    {"multicall",
     "ac9650d8"
     "0000000000000000000000000000000000000000000000000000000000000020"
     "0000000000000000000000000000000000000000000000000000000000000002"
     "0000000000000000000000000000000000000000000000000000000000000040"
     "00000000000000000000000000000000000000000000000000000000000000c0"
     "0000000000000000000000000000000000000000000000000000000000000044"
     "a9059cbb00000000000000000000000070997970c51812dc3a010c7d01b50e0d"
     "17dc79c800000000000000000000000000000000000000000000000000000000"
     "0016e36000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "multicall(bytes[])", CALL_MULTICALL, "inners 2"},
    {"multicall until",
     "5ae401dc"
     "000000000000000000000000000000000000000000000000000000006553f100"
     "0000000000000000000000000000000000000000000000000000000000000040"
     "0000000000000000000000000000000000000000000000000000000000000001"
     "0000000000000000000000000000000000000000000000000000000000000020"
     "0000000000000000000000000000000000000000000000000000000000000044"
     "a9059cbb00000000000000000000000070997970c51812dc3a010c7d01b50e0d"
     "17dc79c800000000000000000000000000000000000000000000000000000000"
     "0016e36000000000000000000000000000000000000000000000000000000000",
     "multicall(uint256,bytes[])", CALL_MULTICALL, "inners 1"},
    {"execute",
     "b61d27f6"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "0000000000000000000000000000000000000000000000000de0b6b3a7640000"
     "0000000000000000000000000000000000000000000000000000000000000060"
     "0000000000000000000000000000000000000000000000000000000000000044"
     "a9059cbb00000000000000000000000070997970c51812dc3a010c7d01b50e0d"
     "17dc79c800000000000000000000000000000000000000000000000000000000"
     "0016e36000000000000000000000000000000000000000000000000000000000",
     "execute(address,uint256,bytes)", CALL_EXECUTE,
     "to 0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc amount 1000000000000000000 inner 68"},
    {"execute without data",
     "b61d27f6"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "0000000000000000000000000000000000000000000000000000000000000001"
     "0000000000000000000000000000000000000000000000000000000000000060"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "execute(address,uint256,bytes)", CALL_EXECUTE,
     "to 0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc amount 1 inner 0"},
};

static void put_name(struct builder *text, const char *name)
{
    if (text->size > 0) builder_put_text(text, " ");
    builder_put_text(text, name);
}

static void put_number(struct builder *text, const char *name, u256 value)
{
    if (u256_is_zero(value)) return;
    put_name(text, name);
    builder_put_text(text, " ");
    u256_print_decimal(text, value);
}

static void put_address(struct builder *text, const char *name, eth_address address)
{
    put_name(text, name);
    builder_put_text(text, " ");
    address_print_lower(text, address);
}

static bool has_to(const struct call *call)
{
    return call->kind != CALL_WITHDRAW && call->kind != CALL_MULTICALL;
}

static bool has_from(const struct call *call)
{
    return call->kind == CALL_TRANSFER_FROM || call->kind == CALL_NFT_TRANSFER ||
           call->kind == CALL_MULTI_TRANSFER || call->kind == CALL_PERMIT;
}

static slice print_facts(const struct call *call)
{
    struct builder text;
    builder_init_arena(&text, runner_arena(), 512);
    if (has_from(call)) put_address(&text, "from", call->from);
    if (has_to(call)) put_address(&text, "to", call->to);
    put_number(&text, "amount", call->amount);
    put_number(&text, "id", call->id);
    if (call->is_on) put_name(&text, "on");
    if (call->kind == CALL_EXECUTE) {
        builder_put_text(&text, " inner ");
        builder_put_decimal(&text, call->inner.size);
    }
    if (call->kind == CALL_MULTICALL) {
        builder_put_text(&text, "inners ");
        builder_put_decimal(&text, call->inners.count);
    }
    return builder_view(&text);
}

static void expect_malformed(const char *what, slice data, const char *signature)
{
    struct call call;
    calls_read(data, &call);
    expect_u64(what, call.kind, CALL_MALFORMED);
    expect_kind("why", call.malformed, FAILURE_BAD_INPUT);
    expect_text("signature", slice_text(call.signature ? call.signature : ""), signature);
    expect_u64("nothing else is told: amount", call.amount.limbs[0], 0);
    expect_u64("nothing else is told: calls", call.inners.count + call.inner.size, 0);
}

static void known_calls(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        runner_row(known[i].name);
        struct call call;
        const slice data = runner_hex(known[i].data);
        const hash32 hash = keccak_hash(slice_text(known[i].signature));
        calls_read(data, &call);
        expect_u64("kind", call.kind, known[i].kind);
        expect_text("signature", slice_text(call.signature ? call.signature : ""),
                    known[i].signature);
        expect_bytes("selector", call.selector, slice_of(hash.bytes, ABI_SELECTOR_SIZE));
        expect_text("facts", print_facts(&call), known[i].facts);
    }
}

/* A known call with a byte more or any number of bytes less is that call no longer. */
static void other_sizes(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        struct builder longer;
        const slice data = runner_hex(known[i].data);
        runner_row(known[i].name);
        builder_init_arena(&longer, runner_arena(), data.size + 1);
        builder_put(&longer, data);
        builder_put_zeros(&longer, 1);
        expect_malformed("longer", builder_view(&longer), known[i].signature);
        for (size_t size = ABI_SELECTOR_SIZE; size < data.size; size++) {
            runner_row_at(known[i].name, size);
            expect_malformed("shorter", slice_part(data, 0, size), known[i].signature);
        }
    }
}

static void unknown_calls(void)
{
    static const struct {
        const char *name, *data;
        enum call_kind kind;
        const char *selector;
    } rows[] = {
        {"no data", "", CALL_NONE, ""},
        {"one byte", "a9", CALL_UNKNOWN, "a9"},
        {"three bytes", "a9059c", CALL_UNKNOWN, "a9059c"},
        {"another selector", "a9059cbc", CALL_UNKNOWN, "a9059cbc"},
        {"another selector, arguments", "deadbeef0000", CALL_UNKNOWN, "deadbeef"},
        {"a selector alone", "2e1a7d4d", CALL_MALFORMED, "2e1a7d4d"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct call call;
        runner_row(rows[i].name);
        calls_read(runner_hex(rows[i].data), &call);
        expect_u64("kind", call.kind, rows[i].kind);
        expect_hex("selector", call.selector, rows[i].selector);
        expect_true("signature", !call.signature == (rows[i].kind != CALL_MALFORMED));
    }
}

static void unlimited_amounts(void)
{
    u256 amount = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX >> 1}};
    expect_true("2^255 - 1", !calls_is_unlimited(amount));
    expect_true("0", !calls_is_unlimited(u256_of(0)));
    amount.limbs[3] = UINT64_MAX;
    expect_true("2^256 - 1", calls_is_unlimited(amount));
    amount = (u256){{0, 0, 0, UINT64_C(1) << 63}};
    expect_true("2^255", calls_is_unlimited(amount));
}

/* keccak256(concat([toBeHex(size, 32), data])) of ethers 6 */
static void digests(void)
{
    uint8_t digest[32];
    calls_digest(slice_of(NULL, 0), digest);
    expect_hex("no data", slice_of(digest, sizeof digest),
               "290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563");
    calls_digest(runner_hex(known[0].data), digest);
    expect_hex("transfer", slice_of(digest, sizeof digest),
               "5ab483358d55d14bee782740d0aae4e7babcbfb349cd9ac6e438919e2a39ec84");
}

/* ---- a small encoder, which shares nothing with the reader ---- */

static void put_word(struct builder *data, uint64_t value)
{
    builder_put_zeros(data, 24);
    builder_put_u64(data, value);
}

static void put_bytes(struct builder *data, slice bytes)
{
    put_word(data, bytes.size);
    builder_put(data, bytes);
    builder_put_zeros(data, (32 - bytes.size % 32) % 32);
}

static struct builder start_call(const char *signature)
{
    struct builder data;
    const hash32 hash = keccak_hash(slice_text(signature));
    builder_init_arena(&data, runner_arena(), 16384);
    builder_put(&data, slice_of(hash.bytes, ABI_SELECTOR_SIZE));
    return data;
}

static slice encode_execute(slice inner)
{
    struct builder data = start_call("execute(address,uint256,bytes)");
    put_word(&data, 0xaaaa);
    put_word(&data, 1);
    put_word(&data, 96);
    put_bytes(&data, inner);
    return builder_view(&data);
}

static slice encode_multicall(const slice *inners, size_t count)
{
    struct builder data = start_call("multicall(bytes[])");
    size_t offset = count * 32;
    put_word(&data, 32);
    put_word(&data, count);
    for (size_t i = 0; i < count; i++) {
        put_word(&data, offset);
        offset += 32 + (inners[i].size + 31) / 32 * 32;
    }
    for (size_t i = 0; i < count; i++) put_bytes(&data, inners[i]);
    return builder_view(&data);
}

/* Random arguments are read back, and one bit of the call's padding makes it malformed. */
static void random_arguments(void)
{
    for (size_t i = 0; i < 200; i++) {
        uint8_t from[ADDRESS_SIZE], to[ADDRESS_SIZE], amount[U256_SIZE], got[U256_SIZE];
        struct builder data = start_call("transferFrom(address,address,uint256)");
        struct call call;
        runner_row_at("transferFrom", i);
        runner_random(from, sizeof from);
        runner_random(to, sizeof to);
        runner_random(amount, sizeof amount);
        builder_put_zeros(&data, 12);
        builder_put(&data, slice_of(from, sizeof from));
        builder_put_zeros(&data, 12);
        builder_put(&data, slice_of(to, sizeof to));
        builder_put(&data, slice_of(amount, sizeof amount));
        calls_read(builder_view(&data), &call);
        expect_u64("kind", call.kind, CALL_TRANSFER_FROM);
        expect_bytes("from", slice_of(call.from.bytes, ADDRESS_SIZE), slice_of(from, sizeof from));
        expect_bytes("to", slice_of(call.to.bytes, ADDRESS_SIZE), slice_of(to, sizeof to));
        u256_write_word(call.amount, got);
        expect_bytes("amount", slice_of(got, sizeof got), slice_of(amount, sizeof amount));
        const uint64_t bit = runner_random_u64() % 96;
        data.bytes[ABI_SELECTOR_SIZE + bit / 8] ^= (uint8_t)(1 << bit % 8);
        expect_malformed("dirty", builder_view(&data), "transferFrom(address,address,uint256)");
    }
}

static void random_inners(void)
{
    static uint8_t memory[ABI_ARRAY_COUNT_MAX][100];
    for (size_t i = 0; i < 100; i++) {
        slice inners[ABI_ARRAY_COUNT_MAX];
        struct call call;
        const size_t count = runner_random_u64() % (ABI_ARRAY_COUNT_MAX + 1);
        runner_row_at("multicall", i);
        for (size_t j = 0; j < count; j++) {
            inners[j] = slice_of(memory[j], runner_random_u64() % sizeof memory[j]);
            runner_random(memory[j], inners[j].size);
        }
        calls_read(encode_multicall(inners, count), &call);
        expect_u64("kind", call.kind, CALL_MULTICALL);
        if (!expect_u64("count", call.inners.count, count)) continue;
        for (size_t j = 0; j < count; j++) {
            expect_bytes("element", abi_bytes(&call.inners.elements), inners[j]);
        }
        const slice inner = slice_of(memory[0], runner_random_u64() % sizeof memory[0]);
        calls_read(encode_execute(inner), &call);
        expect_bytes("inner", call.inner, inner);
    }
}

/* ---- walking ---- */

/* Writes the visits one after the other: depth and kind. */
static void note_visit(void *context, const struct call *call, size_t depth)
{
    static const char *const names[] = {
        [CALL_NONE] = "none",         [CALL_UNKNOWN] = "unknown",   [CALL_MALFORMED] = "malformed",
        [CALL_TRANSFER] = "transfer", [CALL_WITHDRAW] = "withdraw", [CALL_MULTICALL] = "multicall",
        [CALL_EXECUTE] = "execute",
    };
    struct builder *text = context;
    if (text->size > 0) builder_put_text(text, " ");
    builder_put_decimal(text, depth);
    builder_put_text(text, ":");
    builder_put_text(text, names[call->kind] ? names[call->kind] : "another");
}

static void expect_walk(const char *name, slice data, const char *wanted)
{
    struct builder text;
    runner_row(name);
    builder_init_arena(&text, runner_arena(), 4096);
    calls_walk(data, note_visit, &text);
    expect_text("visits", builder_view(&text), wanted);
}

static void walks(void)
{
    const slice transfer = runner_hex(known[0].data);
    const slice none = slice_of(NULL, 0);
    const slice other = runner_hex("deadbeef");
    const slice pair[] = {transfer, other};
    const slice empties[] = {none, none};
    const slice two = encode_multicall(pair, 2);
    const slice mixed[] = {two, encode_execute(transfer), other};
    expect_walk("no data", none, "0:none");
    expect_walk("unknown", other, "0:unknown");
    expect_walk("transfer", transfer, "0:transfer");
    expect_walk("execute", encode_execute(transfer), "0:execute 1:transfer");
    expect_walk("execute without data", encode_execute(none), "0:execute 1:none");
    expect_walk("multicall of nothing", encode_multicall(NULL, 0), "0:multicall");
    expect_walk("multicall", two, "0:multicall 1:transfer 1:unknown");
    expect_walk("multicall of empty calls", encode_multicall(empties, 2),
                "0:multicall 1:none 1:none");
    expect_walk("multicall of both", encode_multicall(mixed, 3),
                "0:multicall 1:multicall 2:transfer 2:unknown 1:execute 2:transfer 1:unknown");
}

static void depths(void)
{
    slice data = runner_hex(known[0].data);
    for (size_t i = 0; i < CALLS_DEPTH_MAX; i++) data = encode_execute(data);
    expect_walk("deepest", data, "0:execute 1:execute 2:execute 3:transfer");
    expect_walk("execute one deeper", encode_execute(data),
                "0:execute 1:execute 2:execute 3:unknown");
    data = encode_multicall(NULL, 0);
    for (size_t i = 0; i < CALLS_DEPTH_MAX; i++) data = encode_multicall(&data, 1);
    expect_walk("multicall one deeper", data, "0:multicall 1:multicall 2:multicall 3:unknown");
}

/* What is malformed inside says so where it stands; the calls beside it stay what they are. */
static void malformed_inside(void)
{
    const slice transfer = runner_hex(known[0].data);
    const slice cut = slice_part(transfer, 0, transfer.size - 1);
    const slice pair[] = {cut, transfer};
    const slice two = encode_multicall(pair, 2);
    const slice nested[] = {slice_part(two, 0, two.size - 1), transfer};
    expect_walk("inner call", two, "0:multicall 1:malformed 1:transfer");
    expect_walk("inner multicall", encode_multicall(nested, 2),
                "0:multicall 1:malformed 1:transfer");
    expect_walk("execute", encode_execute(cut), "0:execute 1:malformed");
    expect_walk("the list itself", slice_part(two, 0, two.size - 32), "0:malformed");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known calls", known_calls},
        {"other sizes", other_sizes},
        {"unknown calls", unknown_calls},
        {"unlimited amounts", unlimited_amounts},
        {"digests", digests},
        {"random arguments", random_arguments},
        {"random inners", random_inners},
        {"walks", walks},
        {"depths", depths},
        {"malformed inside", malformed_inside},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
