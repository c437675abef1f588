#include "cli/describe.h"

#include <string.h>

#include "eth/tx_json.h"
#include "runner.h"

static uint8_t memory[DESCRIBE_MESSAGE_SIZE_MAX];

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
              "  data        6 bytes, calls 0x095ea7b3 approve(address,uint256): lets another "
              "account spend tokens\n"
              "  gas limit   65536\n"
              "  gas price   0.000000001 gwei a unit of gas\n"
              "  fee at most 0.000000000000065536 ether (65536 wei)\n"
              "  all at most 0.000000000000065536 ether (65536 wei)\n");
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
        builder_init(&lines, memory, sizeof memory);
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
    builder_init(&lines, memory, sizeof memory);
    describe_message(&lines, slice_of(message, sizeof message));
    expect_true("fits", !lines.is_over);
    const slice end = slice_text("  and 57344 more bytes\n");
    const slice text = builder_view(&lines);
    expect_bytes("end", slice_part(text, text.size - end.size, end.size), end);
    builder_init(&lines, memory, sizeof memory);
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
        {"later types", later_types}, {"payment", payment},   {"token call", token_call},
        {"creation", creation},       {"messages", messages}, {"long messages", long_messages},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
