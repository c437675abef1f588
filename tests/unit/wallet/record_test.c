#include "wallet/record.h"

#include <string.h>

#include "runner.h"

enum { USUAL_SIZE = 264 + 184 + 52 };

/* A record of our own, with an EDK of the usual size. */
static struct record ours(void)
{
    static const uint8_t edk[184] = {7};
    struct record record = {
        .flags = RECORD_EXPORTABLE,
        .seal_epoch = 7,
        .version = 3,
        .created_ms = 1700000000000,
        .sealed_ms = 1700000000001,
        .edk = slice_of(edk, sizeof edk),
    };
    runner_random(record.account_id.bytes, sizeof record.account_id.bytes);
    runner_random(record.address.bytes, sizeof record.address.bytes);
    runner_random(record.kms_key_hash.bytes, sizeof record.kms_key_hash.bytes);
    runner_random(record.policy_hash.bytes, sizeof record.policy_hash.bytes);
    runner_random(record.prev_hash.bytes, sizeof record.prev_hash.bytes);
    runner_random(record.salt, sizeof record.salt);
    runner_random(record.commit, sizeof record.commit);
    return record;
}

static slice write(const struct record *record, uint8_t *memory, size_t size_max)
{
    struct builder output;
    slice written = {0};
    builder_init(&output, memory, size_max);
    record_put_head(record, &output);
    expect_ok("head", builder_finish(&output, &written));
    expect_u64("head's size", written.size, DATA_KEY_HEAD_SIZE);
    record_put_rest(record, &output);
    builder_put_zeros(&output, RECORD_SEALED_SIZE);
    expect_ok("write", builder_finish(&output, &written));
    return written;
}

static void round_trip(void)
{
    uint8_t memory[1024], again[1024];
    struct record read = {0};
    struct record record = ours();
    record.policy = slice_text("a policy");
    const slice bytes = write(&record, memory, sizeof memory);
    expect_u64("size", bytes.size, USUAL_SIZE + 8);
    expect_ok("read", record_read(bytes, &read));
    expect_u64("flags", read.flags, RECORD_EXPORTABLE);
    expect_u64("epoch", read.seal_epoch, 7);
    expect_u64("version", read.version, 3);
    expect_u64("created", read.created_ms, 1700000000000);
    expect_u64("sealed", read.sealed_ms, 1700000000001);
    expect_bytes("id", slice_part(bytes, 16, 32), hash32_view(&record.account_id));
    expect_bytes("policy", read.policy, record.policy);
    expect_bytes("edk", read.edk, record.edk);
    expect_bytes("head", read.head, slice_part(bytes, 0, 224));
    expect_bytes("clear", read.clear, slice_part(bytes, 0, bytes.size - 52));
    expect_u64("sealed part", read.sealed.size, 52);
    expect_true("its place", read.sealed.bytes == bytes.bytes + bytes.size - 52);
    expect_bytes("written again", write(&read, again, sizeof again), bytes);
}

static void sizes(void)
{
    static uint8_t memory[RECORD_SIZE_MAX + 1], parts[RECORD_POLICY_SIZE_MAX];
    struct record read;
    struct record record = ours();
    slice bytes = write(&record, memory, sizeof memory);
    for (size_t size = 0; size < USUAL_SIZE; size++) {
        runner_row_at("size", size);
        expect_refused("cut", record_read(slice_part(bytes, 0, size), &read),
                       size < 264 ? "record: is too short"
                                  : "record: has a size other than it says");
    }
    runner_row("one byte more");
    bytes.size++;
    expect_refused("read", record_read(bytes, &read), "record: has a size other than it says");
    runner_row("the largest");
    record.policy = slice_of(parts, RECORD_POLICY_SIZE_MAX);
    record.edk = slice_of(parts, RECORD_EDK_SIZE_MAX);
    bytes = write(&record, memory, sizeof memory);
    expect_u64("size", bytes.size, RECORD_SIZE_MAX);
    expect_ok("read", record_read(bytes, &read));
    runner_row("the smallest");
    record.policy.size = 0;
    record.edk.size = 1;
    expect_ok("read", record_read(write(&record, memory, sizeof memory), &read));
}

/* What record_check refuses before anything is written. */
static void checks(void)
{
    static const uint8_t bytes[1] = {0};
    const struct record good = ours();
    struct record record = good;
    expect_ok("good", record_check(&record));
    record.flags = RECORD_FLAGS_ALL;
    expect_ok("every flag", record_check(&record));
    record.flags = RECORD_FLAGS_ALL + 1;
    expect_refused("flag", record_check(&record), "record: has flags that are not known");
    record = good;
    record.version = 0;
    expect_refused("version", record_check(&record), "record: version is zero");
    static const struct {
        size_t edk_size, policy_size;
        const char *refusal;
    } rows[] = {
        {0, 0, "record: encrypted data key has a size out of bounds"},
        {1, 0, NULL},
        {RECORD_EDK_SIZE_MAX, RECORD_POLICY_SIZE_MAX, NULL},
        {RECORD_EDK_SIZE_MAX + 1, 0, "record: encrypted data key has a size out of bounds"},
        {1, RECORD_POLICY_SIZE_MAX + 1, "record: policy has a size out of bounds"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row_at("sizes", i);
        record = good;
        record.edk = slice_of(bytes, rows[i].edk_size);
        record.policy = slice_of(bytes, rows[i].policy_size);
        expect_outcome("check", record_check(&record), rows[i].refusal);
    }
}

/* One field of the clear part changed: each rule alone. */
static const struct {
    const char *name;
    size_t offset;
    const char *bytes, *refusal;
} headers[] = {
    {"as it is", 0, "454e5731", NULL},
    {"magic", 3, "32", "record: must begin with ENW1"},
    {"format 0", 4, "00", "record: format is not known"},
    {"format 2", 4, "02", "record: format is not known"},
    {"kind 2, organisation", 5, "02", "record: is not an account's"},
    {"kind 3, enclave secret", 5, "03", "record: is not an account's"},
    {"suite 2", 6, "02", "record: cipher suite is not known"},
    {"key scope 2, organisation", 7, "02",
     "record: data keys shared between records are not supported"},
    {"all flags that have names", 8, "0000003f", NULL},
    {"the first that has none", 8, "00000040", "record: has flags that are not known"},
    {"the last that has none", 8, "80000000", "record: has flags that are not known"},
    {"version 0", 72, "0000000000000000", "record: version is zero"},
    {"version 1", 72, "0000000000000001", NULL},
    {"the largest version", 72, "ffffffffffffffff", NULL},
    {"curve 0", 68, "00000000", "record: curve is not known"},
    {"curve 2", 68, "00000002", "record: curve is not known"},
    {"version of the last byte alone", 72, "0100000000000000", NULL},
    {"no EDK", 256, "0000", "record: encrypted data key has a size out of bounds"},
    {"EDK of 6145 bytes", 256, "1801", "record: encrypted data key has a size out of bounds"},
    {"EDK of 6144 bytes", 256, "1800", "record: has a size other than it says"},
    {"policy of 16385 bytes", 258, "4001", "record: policy has a size out of bounds"},
    {"policy of 16384 bytes", 258, "4000", "record: has a size other than it says"},
    {"sealed part of 51 bytes", 260, "0033",
     "record: sealed part has a size that is not supported"},
    {"sealed part with one credential", 260, "005c",
     "record: sealed part has a size that is not supported"},
    {"reserved bytes, high", 262, "8000", "record: reserved bytes must be zero"},
    {"reserved bytes", 262, "0001", "record: reserved bytes must be zero"},
};

static void header_rows(void)
{
    uint8_t memory[1024];
    struct record read;
    const struct record record = ours();
    const slice bytes = write(&record, memory, sizeof memory);
    for (size_t i = 0; i < ARRAY_COUNT(headers); i++) {
        uint8_t changed[1024];
        runner_row(headers[i].name);
        const slice part = runner_hex(headers[i].bytes);
        memcpy(changed, bytes.bytes, bytes.size);
        memcpy(changed + headers[i].offset, part.bytes, part.size);
        expect_outcome("read", record_read(slice_of(changed, bytes.size), &read),
                       headers[i].refusal);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"round trip", round_trip},
        {"sizes", sizes},
        {"checks", checks},
        {"headers", header_rows},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
