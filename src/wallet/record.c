#include "wallet/record.h"

#include "base/reader.h"

enum {
    FORMAT = 1,
    KIND_ACCOUNT = 1,
    SUITE = 1, /* HKDF-SHA256 and AES-256-GCM with commitment */
    KEY_SCOPE_RECORD = 1,
    CURVE_SECP256K1 = 1,
};

static const slice MAGIC = SLICE_LITERAL("ENW1");

static status check_edk_size(size_t size)
{
    REQUIRE(size >= 1 && size <= RECORD_EDK_SIZE_MAX, BAD_INPUT,
            "record: encrypted data key has a size out of bounds");
    return status_ok();
}

static status check_policy_size(size_t size)
{
    REQUIRE(size <= RECORD_POLICY_SIZE_MAX, BAD_INPUT, "record: policy has a size out of bounds");
    return status_ok();
}

status record_check(const struct record *record)
{
    REQUIRE((record->flags & ~(uint32_t)RECORD_FLAGS_ALL) == 0, BAD_INPUT,
            "record: has flags that are not known");
    /* Versions count from 1, so that a floor of 0 means none. */
    REQUIRE(record->version >= 1, BAD_INPUT, "record: version is zero");
    TRY(check_edk_size(record->edk.size));
    return check_policy_size(record->policy.size);
}

/* ---- reading ---- */

/* Bytes 0 to 16: what the record is. */
static status read_start(struct reader *reader, struct record *record)
{
    const slice magic = reader_slice(reader, MAGIC.size);
    const uint8_t format = reader_u8(reader), kind = reader_u8(reader);
    const uint8_t suite = reader_u8(reader), key_scope = reader_u8(reader);
    REQUIRE(slice_equal(magic, MAGIC), BAD_INPUT, "record: must begin with ENW1");
    REQUIRE(format == FORMAT, BAD_INPUT, "record: format is not known");
    REQUIRE(kind == KIND_ACCOUNT, BAD_INPUT, "record: is not an account's");
    REQUIRE(suite == SUITE, BAD_INPUT, "record: cipher suite is not known");
    REQUIRE(key_scope == KEY_SCOPE_RECORD, BAD_INPUT,
            "record: data keys shared between records are not supported");
    record->flags = reader_u32(reader);
    record->seal_epoch = reader_u32(reader);
    return status_ok();
}

/* Bytes 16 to 256: whose it is, and how it is sealed. */
static status read_identity(struct reader *reader, struct record *record)
{
    reader_copy(reader, record->account_id.bytes, sizeof record->account_id.bytes);
    reader_copy(reader, record->address.bytes, sizeof record->address.bytes);
    REQUIRE(reader_u32(reader) == CURVE_SECP256K1, BAD_INPUT, "record: curve is not known");
    record->version = reader_u64(reader);
    record->created_ms = reader_u64(reader);
    record->sealed_ms = reader_u64(reader);
    reader_copy(reader, record->kms_key_hash.bytes, sizeof record->kms_key_hash.bytes);
    reader_copy(reader, record->policy_hash.bytes, sizeof record->policy_hash.bytes);
    reader_copy(reader, record->prev_hash.bytes, sizeof record->prev_hash.bytes);
    reader_copy(reader, record->salt, sizeof record->salt);
    reader_copy(reader, record->commit, sizeof record->commit);
    return status_ok();
}

/* The sizes and what they measure. */
static status read_parts(struct reader *reader, struct record *record)
{
    const size_t edk_size = reader_u16(reader), policy_size = reader_u16(reader);
    const size_t sealed_size = reader_u16(reader);
    REQUIRE(reader_u16(reader) == 0, BAD_INPUT, "record: reserved bytes must be zero");
    TRY(check_edk_size(edk_size));
    TRY(check_policy_size(policy_size));
    REQUIRE(sealed_size == RECORD_SEALED_SIZE, BAD_INPUT,
            "record: sealed part has a size that is not supported");
    REQUIRE(reader_left_size(reader) == policy_size + edk_size + sealed_size, BAD_INPUT,
            "record: has a size other than it says");
    record->policy = reader_slice(reader, policy_size);
    record->edk = reader_slice(reader, edk_size);
    record->sealed = reader_slice(reader, sealed_size);
    return status_ok();
}

status record_read(slice bytes, struct record *record)
{
    struct record read = {0};
    struct reader reader;
    REQUIRE(bytes.size >= RECORD_HEADER_SIZE, BAD_INPUT, "record: is too short");
    reader_init(&reader, bytes);
    TRY(read_start(&reader, &read));
    TRY(read_identity(&reader, &read));
    TRY(read_parts(&reader, &read));
    TRY(record_check(&read));
    read.head = slice_part(bytes, 0, DATA_KEY_HEAD_SIZE);
    read.clear = slice_part(bytes, 0, bytes.size - read.sealed.size);
    *record = read;
    return status_ok();
}

/* ---- writing ---- */

void record_put_head(const struct record *record, struct builder *output)
{
    builder_put(output, MAGIC);
    builder_put_u8(output, FORMAT);
    builder_put_u8(output, KIND_ACCOUNT);
    builder_put_u8(output, SUITE);
    builder_put_u8(output, KEY_SCOPE_RECORD);
    builder_put_u32(output, record->flags);
    builder_put_u32(output, record->seal_epoch);
    builder_put(output, hash32_view(&record->account_id));
    builder_put(output, slice_of(record->address.bytes, ADDRESS_SIZE));
    builder_put_u32(output, CURVE_SECP256K1);
    builder_put_u64(output, record->version);
    builder_put_u64(output, record->created_ms);
    builder_put_u64(output, record->sealed_ms);
    builder_put(output, hash32_view(&record->kms_key_hash));
    builder_put(output, hash32_view(&record->policy_hash));
    builder_put(output, hash32_view(&record->prev_hash));
    builder_put(output, slice_of(record->salt, DATA_KEY_SALT_SIZE));
}

void record_put_rest(const struct record *record, struct builder *output)
{
    builder_put(output, slice_of(record->commit, DATA_KEY_COMMIT_SIZE));
    builder_put_u16(output, (uint16_t)record->edk.size);
    builder_put_u16(output, (uint16_t)record->policy.size);
    builder_put_u16(output, RECORD_SEALED_SIZE);
    builder_put_zeros(output, 2);
    builder_put(output, record->policy);
    builder_put(output, record->edk);
}
