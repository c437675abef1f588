#include "nsm/user_data.h"

#include <string.h>

#include "runner.h"

static const char kms[] = "454e574b 000102030405060708090a0b0c0d0e0f";
static const char client[] =
    "454e5741 01 01 0000 000102030405060708090a0b0c0d0e0f 0000018cddaa5b00"
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 00000007 00000000";

static const char proof[] =
    "454e5750 01 01 0000 000102030405060708090a0b0c0d0e0f"
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 00000007"
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
    "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3"
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static boot_id boot(void)
{
    boot_id id;
    for (size_t i = 0; i < sizeof id.bytes; i++) id.bytes[i] = (uint8_t)i;
    return id;
}

static void for_kms(void)
{
    uint8_t memory[USER_DATA_KMS_SIZE];
    struct builder builder;
    boot_id read = {{0}};
    const boot_id wanted = boot();
    builder_init(&builder, memory, sizeof memory);
    user_data_write_kms(&wanted, &builder);
    expect_hex("written", builder_view(&builder), kms);
    expect_ok("read", user_data_read_kms(builder_view(&builder), &read));
    expect_bytes("boot id", slice_of(read.bytes, sizeof read.bytes),
                 slice_of(wanted.bytes, sizeof wanted.bytes));
}

static void for_clients(void)
{
    uint8_t memory[USER_DATA_CLIENT_SIZE];
    struct builder builder;
    struct user_data_client read = {0};
    const struct user_data_client data = {
        .is_production = true,
        .boot = boot(),
        .boot_ms = UINT64_C(0x18cddaa5b00),
        .config_hash = sha256(slice_text("abc")),
        .epoch = 7,
    };
    builder_init(&builder, memory, sizeof memory);
    user_data_write_client(&data, &builder);
    expect_hex("written", builder_view(&builder), client);
    expect_ok("read", user_data_read_client(builder_view(&builder), &read));
    expect_true("mode", read.is_production);
    expect_u64("boot_ms", read.boot_ms, data.boot_ms);
    expect_u64("epoch", read.epoch, 7);
    expect_bytes("boot id", slice_of(read.boot.bytes, 16), slice_of(data.boot.bytes, 16));
    expect_true("hash", hash32_equal(&read.config_hash, &data.config_hash));
}

static void of_origin(void)
{
    uint8_t memory[USER_DATA_PROOF_SIZE];
    struct builder builder;
    struct user_data_proof read = {0};
    struct user_data_proof data = {
        .is_production = true,
        .boot = boot(),
        .config_hash = sha256(slice_text("abc")),
        .epoch = 7,
        .record_hash = sha256(slice_text("abc")),
    };
    for (size_t i = 0; i < sizeof data.account_id; i++) data.account_id[i] = (uint8_t)(0xa0 + i);
    for (size_t i = 0; i < sizeof data.address; i++) data.address[i] = (uint8_t)(0xb0 + i);
    builder_init(&builder, memory, sizeof memory);
    user_data_write_proof(&data, &builder);
    expect_hex("written", builder_view(&builder), proof);
    expect_ok("read", user_data_read_proof(builder_view(&builder), &read));
    expect_true("mode", read.is_production);
    expect_u64("epoch", read.epoch, 7);
    expect_bytes("boot id", slice_of(read.boot.bytes, 16), slice_of(data.boot.bytes, 16));
    expect_true("configuration", hash32_equal(&read.config_hash, &data.config_hash));
    expect_bytes("account", slice_of(read.account_id, 32), slice_of(data.account_id, 32));
    expect_bytes("address", slice_of(read.address, 20), slice_of(data.address, 20));
    expect_true("record", hash32_equal(&read.record_hash, &data.record_hash));
}

/* One byte of a good proof of origin replaced. */
static const struct {
    const char *name;
    size_t offset;
    uint8_t value;
    const char *refusal;
} proof_rows[] = {
    {"development", 5, 0, NULL},
    {"that of clients", 3, 'A', "user_data: is not that of a proof of origin"},
    {"version 0", 4, 0, "user_data: version is not known"},
    {"version 2", 4, 2, "user_data: version is not known"},
    {"mode 2", 5, 2, "user_data: mode must be 0 or 1"},
    {"reserved", 6, 1, "user_data: reserved bytes must be zero"},
    {"its second byte", 7, 1, "user_data: reserved bytes must be zero"},
    {"another address", 92, 1, NULL},
};

static void proof_refusals(void)
{
    struct user_data_proof data;
    uint8_t bytes[USER_DATA_PROOF_SIZE + 2] = {0};
    for (size_t i = 0; i < ARRAY_COUNT(proof_rows); i++) {
        memcpy(bytes, runner_hex(proof).bytes, USER_DATA_PROOF_SIZE);
        bytes[proof_rows[i].offset] = proof_rows[i].value;
        runner_row(proof_rows[i].name);
        expect_outcome("read", user_data_read_proof(slice_of(bytes, USER_DATA_PROOF_SIZE), &data),
                       proof_rows[i].refusal);
    }
    memcpy(bytes, runner_hex(proof).bytes, USER_DATA_PROOF_SIZE);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        runner_row_at("size", size);
        expect_outcome("read", user_data_read_proof(slice_of(bytes, size), &data),
                       size == USER_DATA_PROOF_SIZE
                           ? NULL
                           : "user_data: has the wrong size for a proof of origin");
    }
    runner_row(NULL);
}

static const char wrong_kms_size[] = "user_data: has the wrong size for a document for KMS";
static const char wrong_client_size[] = "user_data: has the wrong size for a document for clients";

/* One byte of a good one replaced. */
static const struct {
    const char *name;
    size_t offset;
    uint8_t value;
    const char *refusal;
} rows[] = {
    {"development", 5, 0, NULL},
    {"first letter", 0, 'F', "user_data: is not that of a document for clients"},
    {"that of KMS", 3, 'K', "user_data: is not that of a document for clients"},
    {"version 0", 4, 0, "user_data: version is not known"},
    {"version 2", 4, 2, "user_data: version is not known"},
    {"mode 2", 5, 2, "user_data: mode must be 0 or 1"},
    {"reserved after the mode", 6, 1, "user_data: reserved bytes must be zero"},
    {"its second byte", 7, 1, "user_data: reserved bytes must be zero"},
    {"reserved at the end", 68, 1, "user_data: reserved bytes must be zero"},
    {"its last byte", 71, 0x80, "user_data: reserved bytes must be zero"},
};

static void refusals(void)
{
    struct user_data_client data;
    boot_id id;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t bytes[USER_DATA_CLIENT_SIZE];
        memcpy(bytes, runner_hex(client).bytes, sizeof bytes);
        bytes[rows[i].offset] = rows[i].value;
        runner_row(rows[i].name);
        expect_outcome("read", user_data_read_client(slice_of(bytes, sizeof bytes), &data),
                       rows[i].refusal);
    }
    for (size_t size = 0; size <= 80; size++) {
        uint8_t bytes[80] = {0};
        runner_row_at("size", size);
        memcpy(bytes, runner_hex(client).bytes, USER_DATA_CLIENT_SIZE);
        if (size != USER_DATA_CLIENT_SIZE) {
            expect_refused("client", user_data_read_client(slice_of(bytes, size), &data),
                           wrong_client_size);
        }
        memcpy(bytes, runner_hex(kms).bytes, USER_DATA_KMS_SIZE);
        if (size != USER_DATA_KMS_SIZE) {
            expect_refused("kms", user_data_read_kms(slice_of(bytes, size), &id), wrong_kms_size);
        }
    }
    runner_row(NULL);
    uint8_t other[USER_DATA_KMS_SIZE] = "ENWL";
    expect_refused("other letters", user_data_read_kms(slice_of(other, sizeof other), &id),
                   "user_data: is not that of a document for KMS");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"for KMS", for_kms},   {"for clients", for_clients},           {"of origin", of_origin},
        {"refusals", refusals}, {"refusals of proofs", proof_refusals},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
