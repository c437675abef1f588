#include "wallet/intent.h"

#include <string.h>

#include "eth/eip191.h"
#include "eth/tx_codec.h"
#include "runner.h"

enum { ARENA_SIZE = 1 << 17 };

/* By ethers 6: the unsigned transactions of tx_test.c, and what is hashed of each. */
static const struct {
    const char *name, *bytes;
    uint64_t chain_id;
    const char *to; /* NULL: creates a contract */
    uint64_t value;
    const char *data;
} transactions[] = {
    {"transfer", "02df018001018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c0", 1,
     "70997970c51812dc3a010c7d01b50e0d17dc79c8", 0, ""},
    {"value and data, legacy", "df050a8252089470997970c51812dc3a010c7d01b50e0d17dc79c80780018080",
     1, "70997970c51812dc3a010c7d01b50e0d17dc79c8", 7, ""},
    {"calldata", "02e3018001018252089470997970c51812dc3a010c7d01b50e0d17dc79c80984a9059cbbc0", 1,
     "70997970c51812dc3a010c7d01b50e0d17dc79c8", 9, "a9059cbb"},
    {"creation, chain 2", "02cb02800101825208808060c0", 2, NULL, 0, "60"},
};

static void known_transactions(void)
{
    SCOPED(arena_close) struct arena arena = {0};
    if (!expect_ok("arena", arena_open(&arena, ARENA_SIZE))) return;
    for (size_t i = 0; i < ARRAY_COUNT(transactions); i++) {
        struct intent intent;
        uint64_t value = 0;
        runner_row(transactions[i].name);
        const slice bytes = runner_hex(transactions[i].bytes);
        if (!expect_ok("read", intent_read(INTENT_TRANSACTION, bytes, &arena, &intent))) continue;
        const hash32 digest = tx_signing_hash(bytes);
        expect_true("kind", intent.kind == INTENT_TRANSACTION);
        expect_bytes("digest", hash32_view(&intent.digest), hash32_view(&digest));
        expect_u64("chain", intent.chain_id, transactions[i].chain_id);
        expect_true("recipient", intent.has_to == (transactions[i].to != NULL));
        if (intent.has_to) {
            expect_hex("to", slice_of(intent.to.bytes, ADDRESS_SIZE), transactions[i].to);
        }
        expect_ok("value", u256_to_u64(intent.value, &value));
        expect_u64("value", value, transactions[i].value);
        expect_hex("data", intent.data, transactions[i].data);
    }
}

static const struct {
    const char *name, *bytes, *refusal;
} bodies[] = {
    {"empty", "", "tx: transaction is empty"},
    {"a bare hash", "f3793e889930a8584bc04aba95f961a865b70ee7c01f9b111a3549e8eff70c33",
     "rlp: item runs past the end of the input"},
    {"an authorization", "05d8019400000000000000000000000000000000000000000102",
     "tx: type 0x05 begins an authorization (EIP-7702), which is no transaction"},
    {"a message", "19457468657265756d205369676e6564204d6573736167653a0a3568656c6c6f",
     "tx: type 0x19 begins a message (EIP-191), which is no transaction"},
    {"typed data", "1901", "tx: type 0x19 begins a message (EIP-191), which is no transaction"},
    {"bytes behind", "02df018001018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c000",
     "rlp: bytes follow the last item"},
    {"unprotected legacy", "dc050a8252089470997970c51812dc3a010c7d01b50e0d17dc79c80780",
     "tx: a legacy transaction without a chain id is valid on every chain"},
};

static void refused_transactions(void)
{
    SCOPED(arena_close) struct arena arena = {0};
    struct intent intent = {.chain_id = 77};
    if (!expect_ok("arena", arena_open(&arena, ARENA_SIZE))) return;
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        runner_row(bodies[i].name);
        expect_refused(
            "read", intent_read(INTENT_TRANSACTION, runner_hex(bodies[i].bytes), &arena, &intent),
            bodies[i].refusal);
        expect_u64("untouched", intent.chain_id, 77);
    }
    runner_row("no memory left");
    void *taken;
    expect_ok("take", arena_take(&arena, ARENA_SIZE, &taken));
    expect_refused(
        "read", intent_read(INTENT_TRANSACTION, runner_hex(transactions[0].bytes), &arena, &intent),
        "builder: result does not fit");
    runner_row("no kind");
    expect_refused("read", intent_read(INTENT_KIND_COUNT, slice_text("x"), &arena, &intent),
                   "intent: kind is not known");
    expect_u64("untouched", intent.chain_id, 77);
}

/* Digests by ethers 6 (hashMessage). A message that looks like a hash is prefixed like any other. */
static const struct {
    const char *name, *bytes, *digest;
} messages[] = {
    {"empty", "", "5f35dce98ba4fba25530a026ed80b2cecdaa31091ba4958b99b52ea1d068adad"},
    {"hello", "68656c6c6f", "50b2c43fd39106bafbba0da34fc430e1f91e3c96ea2acee2bc34119f92b37750"},
    {"32 bytes", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "04c3a0e6f47dd8889a200887da01ab4fa88d85f15fb01537cd4b7bcc1ef6f991"},
    {"a transaction's hash", "f3793e889930a8584bc04aba95f961a865b70ee7c01f9b111a3549e8eff70c33",
     "7a0a89792c26825dc5e47cf26d6a702703edae30efc1dcbb04ecdcc3f616320a"},
};

static void known_messages(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(messages); i++) {
        struct intent intent;
        runner_row(messages[i].name);
        const slice bytes = runner_hex(messages[i].bytes);
        expect_ok("read", intent_read(INTENT_MESSAGE, bytes, NULL, &intent));
        expect_hex("digest", hash32_view(&intent.digest), messages[i].digest);
        expect_true("kind", intent.kind == INTENT_MESSAGE);
        expect_true("never bare", !slice_equal(hash32_view(&intent.digest), bytes));
        expect_bytes("data", intent.data, bytes);
        expect_u64("no chain", intent.chain_id, 0);
        expect_true("no recipient", !intent.has_to);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known transactions", known_transactions},
        {"refused transactions", refused_transactions},
        {"known messages", known_messages},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
