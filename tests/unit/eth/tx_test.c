#include "eth/tx.h"

#include "eth/rlp.h"
#include "runner.h"

static const struct tx GOOD = {.type = TX_DYNAMIC_FEE,
                               .chain_id = 1,
                               .gas_limit = 21000,
                               .max_fee_per_gas = {{10, 0, 0, 0}},
                               .has_to = true};

static void expect_field(const char *what, status got, const char *refusal, enum tx_field field)
{
    if (!expect_outcome(what, got, refusal) || !refusal) return;
    expect_kind(what, got, FAILURE_BAD_INPUT);
    expect_u64("field", (uint64_t)got.detail, field);
}

static void foreign_fields(void)
{
    struct tx tx = GOOD;
    tx.gas_price = u256_of(1);
    expect_field("price in type 2", tx_check(&tx), "tx: field does not belong to this type",
                 TX_FIELD_GAS_PRICE);
    tx = (struct tx){.type = TX_LEGACY, .chain_id = 1, .gas_limit = 1, .has_to = true};
    expect_ok("legacy", tx_check(&tx));
    tx.max_fee_per_gas = u256_of(1);
    expect_field("cap in type 0", tx_check(&tx), "tx: field does not belong to this type",
                 TX_FIELD_MAX_FEE_PER_GAS);
    tx.max_fee_per_gas = u256_of(0);
    tx.max_priority_fee_per_gas = u256_of(1);
    expect_field("tip in type 0", tx_check(&tx), "tx: field does not belong to this type",
                 TX_FIELD_MAX_PRIORITY_FEE_PER_GAS);
    tx.max_priority_fee_per_gas = u256_of(0);
    tx.access_list = slice_text("x");
    expect_field("access list in type 0", tx_check(&tx), "tx: field does not belong to this type",
                 TX_FIELD_ACCESS_LIST);
    tx = GOOD;
    tx.max_fee_per_blob_gas = u256_of(1);
    expect_field("blob fee in type 2", tx_check(&tx), "tx: field does not belong to this type",
                 TX_FIELD_MAX_FEE_PER_BLOB_GAS);
    tx = GOOD;
    tx.blob_hashes = slice_text("x");
    expect_field("blob hashes in type 2", tx_check(&tx), "tx: field does not belong to this type",
                 TX_FIELD_BLOB_HASHES);
    tx = GOOD;
    tx.authorizations = slice_text("x");
    expect_field("authorizations in type 2", tx_check(&tx),
                 "tx: field does not belong to this type", TX_FIELD_AUTHORIZATIONS);
}

static void initcode_size(void)
{
    static uint8_t code[TX_INITCODE_SIZE_MAX + 1];
    struct tx tx = GOOD;
    tx.has_to = false;
    tx.data = slice_of(code, TX_INITCODE_SIZE_MAX);
    expect_ok("49152 bytes", tx_check(&tx));
    tx.data.size++;
    expect_field("49153 bytes", tx_check(&tx), "tx: contract creation code is too long",
                 TX_FIELD_DATA);
    tx.has_to = true;
    expect_ok("as call data", tx_check(&tx));
}

static void access_list_size(void)
{
    static uint8_t memory[64 * 1024];
    static const uint8_t zeros[32];
    for (size_t key_count = 1023; key_count <= 1024; key_count++) {
        struct builder list;
        struct tx tx = GOOD;
        builder_init(&list, memory, sizeof memory);
        const size_t entry = rlp_put_list_open(&list);
        rlp_put_string(&list, slice_of(zeros, ADDRESS_SIZE));
        const size_t keys = rlp_put_list_open(&list);
        for (size_t i = 0; i < key_count; i++) rlp_put_string(&list, slice_of(zeros, 32));
        rlp_put_list_close(&list, keys);
        rlp_put_list_close(&list, entry);
        tx.access_list = builder_view(&list);
        expect_field("one address and its keys", tx_check(&tx),
                     key_count < 1024 ? NULL : "tx: access list has too many addresses and keys",
                     TX_FIELD_ACCESS_LIST);
    }
}

/* ---- the tables ---- */

static void shapes(void)
{
    static const struct {
        uint64_t type;
        const char *name, *refusal;
    } rows[] = {
        {0, "legacy (EIP-155)", NULL},
        {1, "access list (EIP-2930)", NULL},
        {2, "dynamic fee (EIP-1559)", NULL},
        {3, "blob (EIP-4844)", NULL},
        {4, "set code (EIP-7702)", NULL},
        {5, NULL, "tx: type 0x05 begins an authorization (EIP-7702), which is no transaction"},
        {6, NULL, "tx: type 0x06 (EIP-8141, frame transactions) is not supported"},
        {7, NULL, "tx: type is not known; 0 to 4 are supported"},
        {0x19, NULL, "tx: type 0x19 begins a message (EIP-191), which is no transaction"},
        {0x1f, NULL, "tx: type 0x1f (SSZ) is not supported"},
        {0x64, NULL, "tx: type 0x64 is Arbitrum's deposit or Viction's; not supported"},
        {0x65, NULL, "tx: type 0x65 is Arbitrum's; not supported"},
        {0x66, NULL, "tx: type 0x66 is Arbitrum's; not supported"},
        {0x68, NULL, "tx: type 0x68 is Arbitrum's; not supported"},
        {0x69, NULL, "tx: type 0x69 is Arbitrum's; not supported"},
        {0x6a, NULL, "tx: type 0x6a is Arbitrum's; not supported"},
        {0x71, NULL, "tx: type 0x71 is ZKsync's; not supported"},
        {0x76, NULL, "tx: type 0x76 is Tempo's; not supported"},
        {0x78, NULL,
         "tx: type 0x78 is Arbitrum's legacy, Tempo's fee payer or Kaia's; not supported"},
        {0x79, NULL, "tx: type 0x79 is EIP-8130's; not supported"},
        {0x7a, NULL, "tx: type 0x7a is EIP-8130's; not supported"},
        {0x7b, NULL, "tx: type 0x7b is Celo's (CIP-64); not supported"},
        {0x7c, NULL, "tx: type 0x7c is Celo's (CIP-42); not supported"},
        {0x7e, NULL, "tx: type 0x7e is the OP stack's deposit or Berachain's; not supported"},
        {0x7f, NULL, "tx: type 0x7f is Morph's; not supported"},
        {UINT64_MAX, NULL, "tx: type is not known; 0 to 4 are supported"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct tx_shape *shape = NULL;
        runner_row_at("type", rows[i].type);
        expect_field("find", tx_shape_find(rows[i].type, &shape), rows[i].refusal, TX_FIELD_TYPE);
        if (!rows[i].refusal) expect_text("name", slice_text(shape->name), rows[i].name);
        else expect_true("untouched", !shape);
    }
}

/* Every type's most expensive outcome, to the wei. */
static void fees(void)
{
    static const uint8_t hashes[] = {0xa0, 1, [33] = 0xa0, [34] = 1, [65] = 0};
    u256 fee = {{0}};
    struct tx tx = GOOD;
    expect_ok("cap", tx_read_fee_max(&tx, &fee));
    expect_true("gas times cap", u256_equal(fee, u256_of(210000)));
    tx = (struct tx){.type = TX_LEGACY, .gas_price = u256_of(3), .gas_limit = 7};
    expect_ok("price", tx_read_fee_max(&tx, &fee));
    expect_true("gas times price", u256_equal(fee, u256_of(21)));
    tx = GOOD;
    tx.type = TX_BLOB;
    tx.max_fee_per_blob_gas = u256_of(5);
    tx.blob_hashes = slice_of(hashes, sizeof hashes);
    expect_ok("blobs", tx_read_fee_max(&tx, &fee));
    expect_true("and the blobs' gas", u256_equal(fee, u256_of(210000 + 5 * 2 * 131072)));
    tx.type = (enum tx_type)9;
    expect_refused("type", tx_read_fee_max(&tx, &fee),
                   "tx: type is not known; 0 to 4 are supported");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"foreign fields", foreign_fields},
        {"initcode size", initcode_size},
        {"access list size", access_list_size},
        {"shapes", shapes},
        {"fees", fees},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
