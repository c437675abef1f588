#include "cli/describe.h"

#include <string.h>

#include "eth/tx_json.h"
#include "runner.h"

static uint8_t memory[DESCRIBE_TX_SIZE_MAX];

static void expect_tx(const char *json, const char *wanted)
{
    SCOPED(json_close) struct json document = {0};
    SCOPED(arena_close) struct arena arena = {0};
    json_value object;
    struct tx_json asked;
    struct builder lines;
    expect_ok("arena", arena_open(&arena, 1 << 20));
    expect_ok("open", json_open(slice_text(json), &arena, &document));
    expect_ok("object", json_top_object(&document, &object));
    if (!expect_ok("read", tx_json_read(&object, &arena, &asked))) return;
    builder_init(&lines, memory, DESCRIBE_TX_SIZE_MAX);
    describe_tx(&lines, &asked.tx);
    expect_text("lines", builder_view(&lines), wanted);
}

static void payment(void)
{
    expect_tx("{\"to\":\"0x70997970c51812dc3a010c7d01b50e0d17dc79c8\","
              "\"value\":\"0x14d1120d7b160000\",\"nonce\":\"0x7\",\"gas\":\"0x5208\","
              "\"maxFeePerGas\":\"0x6fc23ac00\",\"maxPriorityFeePerGas\":\"0x3b9aca00\","
              "\"chainId\":\"0x1\"}",
              "  kind        dynamic fee (EIP-1559)\n"
              "  chain       1 (Ethereum)\n"
              "  nonce       7\n"
              "  to          0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
              "  value       1.5 ether (1500000000000000000 wei)\n"
              "  data        none\n"
              "  gas limit   21000\n"
              "  fee cap     30 gwei a unit of gas\n"
              "  tip cap     1 gwei a unit of gas\n"
              "  fee at most 0.00063 ether (630000000000000 wei)\n"
              "  all at most 1.50063 ether (1500630000000000000 wei)\n");
}

static void token_call(void)
{
    expect_tx("{\"to\":\"0x70997970c51812dc3a010c7d01b50e0d17dc79c8\",\"nonce\":\"0x0\","
              "\"gas\":\"0x10000\",\"gasPrice\":\"0x1\",\"chainId\":\"0x539\","
              "\"data\":\"0x095ea7b3ffff\"}",
              "  kind        legacy (EIP-155)\n"
              "  chain       1337\n"
              "  nonce       0\n"
              "  to          0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
              "  value       0 ether (0 wei)\n"
              "  data        6 bytes\n"
              "  calls       NOT WHAT IT SEEMS: approve(address,uint256): abi: call data ends "
              "inside its arguments\n"
              "  gas limit   65536\n"
              "  gas price   0.000000001 gwei a unit of gas\n"
              "  fee at most 0.000000000000065536 ether (65536 wei)\n"
              "  all at most 0.000000000000065536 ether (65536 wei)\n");
}

/* Call data as ethers 6 encodes it, some of it damaged, and the lines that it is shown as. */
static const struct {
    const char *name, *data, *wanted;
} call_rows[] = {
    {"transfer",
     "a9059cbb"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "000000000000000000000000000000000000000000000000000000000016e360",
     "  calls       transfer(address,uint256): 1500000 units to "
     "0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"},
    {"transfer to nobody",
     "a9059cbb"
     "0000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000001",
     "  calls       transfer(address,uint256): 1 units to "
     "0x0000000000000000000000000000000000000000 (THE ZERO ADDRESS)\n"},
    {"transferFrom",
     "23b872dd"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "0000000000000000000000000000000000000000000000000000000000000007",
     "  calls       transferFrom(address,address,uint256): 7 (units, or a token's id) of "
     "0x70997970C51812dc3A010C7d01b50e0d17dc79C8 to 0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC\n"},
    {"approve without limit",
     "095ea7b3"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "  calls       approve(address,uint256): lets 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 "
     "spend WITHOUT LIMIT\n"},
    {"approve 2^255",
     "095ea7b3"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "8000000000000000000000000000000000000000000000000000000000000000",
     "  calls       approve(address,uint256): lets 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 "
     "spend WITHOUT LIMIT\n"},
    {"approve 2^255 - 1",
     "095ea7b3"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "  calls       approve(address,uint256): lets 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 "
     "spend 57896044618658097711785492504343953926634992332820282019728792003956564819967 units\n"},
    {"approve",
     "095ea7b3"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "00000000000000000000000000000000000000000000000000000000000000fa",
     "  calls       approve(address,uint256): lets 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 "
     "spend 250 units\n"},
    {"increase",
     "39509351"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "00000000000000000000000000000000000000000000000000000000000000fa",
     "  calls       increaseAllowance(address,uint256): lets "
     "0x70997970C51812dc3A010C7d01b50e0d17dc79C8 spend more: 250 units\n"},
    {"decrease",
     "a457c2d7"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "00000000000000000000000000000000000000000000000000000000000000fa",
     "  calls       decreaseAllowance(address,uint256): lets "
     "0x70997970C51812dc3A010C7d01b50e0d17dc79C8 spend less: 250 units\n"},
    {"operator",
     "a22cb465"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000000000000000000000000000000000000000000001",
     "  calls       setApprovalForAll(address,bool): lets "
     "0x70997970C51812dc3A010C7d01b50e0d17dc79C8 TAKE ALL TOKENS of this contract\n"},
    {"operator no longer",
     "a22cb465"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "  calls       setApprovalForAll(address,bool): no longer lets "
     "0x70997970C51812dc3A010C7d01b50e0d17dc79C8 take tokens of this contract\n"},
    {"NFT",
     "42842e0e"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "000000000000000000000000000000000000000000000000000000000000002a",
     "  calls       safeTransferFrom(address,address,uint256): token 42 of "
     "0x70997970C51812dc3A010C7d01b50e0d17dc79C8 to 0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC\n"},
    {"ERC-1155",
     "f242432a"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "000000000000000000000000000000000000000000000000000000000000002a"
     "0000000000000000000000000000000000000000000000000000000000000003"
     "00000000000000000000000000000000000000000000000000000000000000a0"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "  calls       safeTransferFrom(address,address,uint256,uint256,bytes): 3 units of token 42 "
     "of 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 to "
     "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC\n"},
    {"permit",
     "d505accf"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "00000000000000000000000000000000000000000000000000000000000000fa"
     "000000000000000000000000000000000000000000000000000000006553f100"
     "000000000000000000000000000000000000000000000000000000000000001b"
     "1111111111111111111111111111111111111111111111111111111111111111"
     "2222222222222222222222222222222222222222222222222222222222222222",
     "  calls       permit(address,address,uint256,uint256,uint8,bytes32,bytes32): lets "
     "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC spend, of "
     "0x70997970C51812dc3A010C7d01b50e0d17dc79C8: 250 units\n"},
    {"withdraw",
     "2e1a7d4d"
     "0000000000000000000000000000000000000000000000000de0b6b3a7640000",
     "  calls       withdraw(uint256): 1 ether (1000000000000000000 wei)\n"},
    {"execute",
     "b61d27f6"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "0000000000000000000000000000000000000000000000000de0b6b3a7640000"
     "0000000000000000000000000000000000000000000000000000000000000060"
     "0000000000000000000000000000000000000000000000000000000000000044"
     "a9059cbb00000000000000000000000070997970c51812dc3a010c7d01b50e0d"
     "17dc79c800000000000000000000000000000000000000000000000000000000"
     "0016e36000000000000000000000000000000000000000000000000000000000",
     "  calls       execute(address,uint256,bytes): calls "
     "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC with 1 ether (1000000000000000000 wei)\n"
     "                transfer(address,uint256): 1500000 units to "
     "0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"},
    {"execute without data",
     "b61d27f6"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "0000000000000000000000000000000000000000000000000000000000000001"
     "0000000000000000000000000000000000000000000000000000000000000060"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "  calls       execute(address,uint256,bytes): calls "
     "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC with 0.000000000000000001 ether (1 wei)\n"
     "                nothing\n"},
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
     "  calls       multicall(bytes[]): 2 calls\n"
     "                transfer(address,uint256): 1500000 units to "
     "0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
     "                nothing\n"},
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
     "  calls       multicall(uint256,bytes[]): 1 call\n"
     "                transfer(address,uint256): 1500000 units to "
     "0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"},
    {"multicall of nothing",
     "ac9650d8"
     "0000000000000000000000000000000000000000000000000000000000000020"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "  calls       multicall(bytes[]): 0 calls\n"},
    {"cut short",
     "a9059cbb"
     "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "000000000000000000000000000000000000000000000000000000000016e3",
     "  calls       NOT WHAT IT SEEMS: transfer(address,uint256): abi: call data ends inside its "
     "arguments\n"},
    {"dirty address",
     "a9059cbb"
     "01000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
     "000000000000000000000000000000000000000000000000000000000016e360",
     "  calls       NOT WHAT IT SEEMS: transfer(address,uint256): abi: an argument is wider than "
     "its type\n"},
    {"malformed inside",
     "b61d27f6"
     "0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
     "0000000000000000000000000000000000000000000000000de0b6b3a7640000"
     "0000000000000000000000000000000000000000000000000000000000000060"
     "0000000000000000000000000000000000000000000000000000000000000044"
     "a9059cbb01000000000000000000000070997970c51812dc3a010c7d01b50e0d"
     "17dc79c800000000000000000000000000000000000000000000000000000000"
     "0016e36000000000000000000000000000000000000000000000000000000000",
     "  calls       execute(address,uint256,bytes): calls "
     "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC with 1 ether (1000000000000000000 wei)\n"
     "                NOT WHAT IT SEEMS: transfer(address,uint256): abi: an argument is wider than "
     "its type\n"},
    {"unknown",
     "deadbeef"
     "00",
     "  calls       0xdeadbeef\n"},
    {"fewer than four bytes", "dead", "  calls       0xdead\n"},
};

/* The lines between that of the data's size and that of the gas limit. */
static slice describe_calls(slice data, struct builder *lines)
{
    const struct tx tx = {.type = TX_LEGACY, .chain_id = 1, .has_to = true, .data = data};
    builder_init(lines, memory, DESCRIBE_TX_SIZE_MAX);
    describe_tx(lines, &tx);
    const char *text = memmem(memory, lines->size, "  calls ", 8);
    const char *end = memmem(memory, lines->size, "  gas limit ", 12);
    if (!expect_true("calls are shown", text && end && text < end)) return slice_of(NULL, 0);
    return slice_of(text, (size_t)(end - text));
}

static void calls(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(call_rows); i++) {
        struct builder lines;
        runner_row(call_rows[i].name);
        expect_text("lines", describe_calls(runner_hex(call_rows[i].data), &lines),
                    call_rows[i].wanted);
    }
}

static void payment_to_nobody(void)
{
    expect_tx("{\"to\":\"0x0000000000000000000000000000000000000000\",\"value\":\"0x1\","
              "\"nonce\":\"0x0\",\"gas\":\"0x5208\",\"gasPrice\":\"0x0\",\"chainId\":\"0x539\"}",
              "  kind        legacy (EIP-155)\n"
              "  chain       1337\n"
              "  nonce       0\n"
              "  to          0x0000000000000000000000000000000000000000 (THE ZERO ADDRESS)\n"
              "  value       0.000000000000000001 ether (1 wei)\n"
              "  data        none\n"
              "  gas limit   21000\n"
              "  gas price   0 gwei a unit of gas\n"
              "  fee at most 0 ether (0 wei)\n"
              "  all at most 0.000000000000000001 ether (1 wei)\n");
}

static void put_word(struct builder *data, uint64_t value)
{
    builder_put_zeros(data, 24);
    builder_put_u64(data, value);
}

/* multicall(bytes[]) of `count` times the same call. */
static slice repeat_call(slice call, size_t count)
{
    const size_t padded = (call.size + 31) / 32 * 32;
    struct builder data;
    builder_init_arena(&data, runner_arena(), 4 + 64 + count * (64 + padded));
    builder_put(&data, runner_hex("ac9650d8"));
    put_word(&data, 32);
    put_word(&data, count);
    for (size_t i = 0; i < count; i++) put_word(&data, count * 32 + i * (32 + padded));
    for (size_t i = 0; i < count; i++) {
        put_word(&data, call.size);
        builder_put(&data, call);
        builder_put_zeros(&data, padded - call.size);
    }
    return builder_view(&data);
}

/* However many calls a transaction carries, each has its line: none hides behind a limit. */
static void many_calls(void)
{
    struct builder lines;
    const slice withdraw =
        runner_hex("2e1a7d4dffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    const slice data = repeat_call(repeat_call(withdraw, 64), 17);
    expect_true("about as large as can be",
                data.size <= TX_SIZE_MAX && data.size + 64 * 128 + 256 > TX_SIZE_MAX);
    const slice text = describe_calls(data, &lines);
    size_t line_count = 0;
    for (size_t i = 0; i < text.size; i++) line_count += text.bytes[i] == '\n';
    expect_true("fits", !lines.is_over);
    expect_u64("lines", line_count, 1 + 17 + 17 * 64);
}

static void creation(void)
{
    expect_tx("{\"nonce\":\"0x0\",\"gas\":\"0x1\",\"maxFeePerGas\":\"0x0\","
              "\"maxPriorityFeePerGas\":\"0x0\",\"chainId\":\"0xaa36a7\",\"data\":\"0x60\","
              "\"accessList\":[{\"address\":\"0x70997970c51812dc3a010c7d01b50e0d17dc79c8\","
              "\"storageKeys\":[]}]}",
              "  kind        dynamic fee (EIP-1559)\n"
              "  chain       11155111 (Sepolia, a test network)\n"
              "  nonce       0\n"
              "  to          nobody: creates a contract\n"
              "  value       0 ether (0 wei)\n"
              "  data        1 byte, the contract's code\n"
              "  access list 1 address\n"
              "  gas limit   1\n"
              "  fee cap     0 gwei a unit of gas\n"
              "  tip cap     0 gwei a unit of gas\n"
              "  fee at most 0 ether (0 wei)\n"
              "  all at most 0 ether (0 wei)\n");
}

static const struct {
    const char *name, *message;
    size_t size;
    const char *wanted;
} message_rows[] = {
    {"text", "hello", 5, "  message     5 bytes, text:\n  | hello\n"},
    {"empty", "", 0, "  message     0 bytes, text:\n  | \n"},
    {"one byte", "a", 1, "  message     1 byte, text:\n  | a\n"},
    {"lines and tricks",
     "Login\nto \xe2\x80\xae"
     "moc.elpmaxe\x1b[1A",
     27, "  message     27 bytes, text:\n  | Login\n  | to \\u{202E}moc.elpmaxe\\x1b[1A\n"},
    {"not text", "\xff\x00\x01", 3, "  message     3 bytes, not text:\n  | 0xff0001\n"},
    {"a hash",
     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
     32,
     "  message     32 bytes, not text:\n"
     "  | 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\n"
     "  32 bytes that are no text may be a hash: it can stand for anything\n"},
};

static void messages(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(message_rows); i++) {
        struct builder lines;
        runner_row(message_rows[i].name);
        builder_init(&lines, memory, DESCRIBE_MESSAGE_SIZE_MAX);
        describe_message(&lines, slice_of(message_rows[i].message, message_rows[i].size));
        expect_text("lines", builder_view(&lines), message_rows[i].wanted);
    }
}

/* The longest message takes no more room than the header says; its end is counted. */
static void long_messages(void)
{
    static uint8_t message[61440];
    struct builder lines;
    memset(message, 1, sizeof message);
    builder_init(&lines, memory, DESCRIBE_MESSAGE_SIZE_MAX);
    describe_message(&lines, slice_of(message, sizeof message));
    expect_true("fits", !lines.is_over);
    const slice end = slice_text("  and 57344 more bytes\n");
    const slice text = builder_view(&lines);
    expect_bytes("end", slice_part(text, text.size - end.size, end.size), end);
    builder_init(&lines, memory, DESCRIBE_MESSAGE_SIZE_MAX);
    describe_message(&lines, slice_of(message, DESCRIBE_SHOWN_SIZE_MAX));
    const slice whole = builder_view(&lines);
    expect_text("all of it is shown", slice_part(whole, whole.size - 5, 5), "\\x01\n");
}

/* What each later type adds. */
static void later_types(void)
{
    expect_tx("{\"to\":\"0x70997970c51812dc3a010c7d01b50e0d17dc79c8\",\"nonce\":\"0x0\","
              "\"gas\":\"0x5208\",\"gasPrice\":\"0x1\",\"chainId\":\"0x2105\",\"accessList\":[]}",
              "  kind        access list (EIP-2930)\n"
              "  chain       8453 (Base)\n"
              "  nonce       0\n"
              "  to          0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
              "  value       0 ether (0 wei)\n"
              "  data        none\n"
              "  gas limit   21000\n"
              "  gas price   0.000000001 gwei a unit of gas\n"
              "  fee at most 0.000000000000021 ether (21000 wei)\n"
              "  all at most 0.000000000000021 ether (21000 wei)\n");
    expect_tx("{\"to\":\"0x70997970c51812dc3a010c7d01b50e0d17dc79c8\",\"nonce\":\"0x0\","
              "\"gas\":\"0x5208\",\"maxFeePerGas\":\"0x1\",\"maxPriorityFeePerGas\":\"0x0\","
              "\"chainId\":\"0x1\",\"maxFeePerBlobGas\":\"0x2\",\"blobVersionedHashes\":["
              "\"0x0100000000000000000000000000000000000000000000000000000000000000\","
              "\"0x01ff000000000000000000000000000000000000000000000000000000000000\"]}",
              "  kind        blob (EIP-4844)\n"
              "  chain       1 (Ethereum)\n"
              "  nonce       0\n"
              "  to          0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
              "  value       0 ether (0 wei)\n"
              "  data        none\n"
              "  blobs       0x0100000000000000000000000000000000000000000000000000000000000000\n"
              "              0x01ff000000000000000000000000000000000000000000000000000000000000\n"
              "  gas limit   21000\n"
              "  fee cap     0.000000001 gwei a unit of gas\n"
              "  tip cap     0 gwei a unit of gas\n"
              "  blob fee    0.000000002 gwei a unit of gas\n"
              "  fee at most 0.000000000000545288 ether (545288 wei)\n"
              "  all at most 0.000000000000545288 ether (545288 wei)\n");
    expect_tx("{\"to\":\"0x70997970c51812dc3a010c7d01b50e0d17dc79c8\",\"nonce\":\"0x0\","
              "\"gas\":\"0x5208\",\"maxFeePerGas\":\"0x1\",\"maxPriorityFeePerGas\":\"0x0\","
              "\"chainId\":\"0x1\",\"authorizationList\":[{\"chainId\":\"0x1\",\"nonce\":\"0x8\","
              "\"address\":\"0x63c0c19a282a1b52b07dd5a65b58948a07dae32b\",\"yParity\":\"0x0\","
              "\"r\":\"0x1\",\"s\":\"0x1\"}]}",
              "  kind        set code (EIP-7702)\n"
              "  chain       1 (Ethereum)\n"
              "  nonce       0\n"
              "  to          0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
              "  value       0 ether (0 wei)\n"
              "  data        none\n"
              "  delegates   to the code at 0x63c0c19a282a1B52b07dD5a65b58948A07DAE32B on chain 1, "
              "nonce 8\n"
              "  gas limit   21000\n"
              "  fee cap     0.000000001 gwei a unit of gas\n"
              "  tip cap     0 gwei a unit of gas\n"
              "  fee at most 0.000000000000021 ether (21000 wei)\n"
              "  all at most 0.000000000000021 ether (21000 wei)\n");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"later types", later_types},
        {"payment", payment},
        {"token call", token_call},
        {"creation", creation},
        {"calls", calls},
        {"payment to nobody", payment_to_nobody},
        {"many calls", many_calls},
        {"messages", messages},
        {"long messages", long_messages},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
