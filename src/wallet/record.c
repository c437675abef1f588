#include "wallet/record.h"

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
static status take_start(slice *rest, struct record *record)
{
    slice magic;
    uint8_t format, kind, suite, key_scope;
    TRY(slice_take(rest, MAGIC.size, &magic));
    TRY(slice_take_u8(rest, &format));
    TRY(slice_take_u8(rest, &kind));
    TRY(slice_take_u8(rest, &suite));
    TRY(slice_take_u8(rest, &key_scope));
    TRY(slice_take_u32(rest, &record->flags));
    TRY(slice_take_u32(rest, &record->seal_epoch));
    REQUIRE(slice_equal(magic, MAGIC), BAD_INPUT, "record: must begin with ENW1");
    REQUIRE(format == FORMAT, BAD_INPUT, "record: format is not known");
    REQUIRE(kind == KIND_ACCOUNT, BAD_INPUT, "record: is not an account's");
    REQUIRE(suite == SUITE, BAD_INPUT, "record: cipher suite is not known");
    REQUIRE(key_scope == KEY_SCOPE_RECORD, BAD_INPUT,
            "record: data keys shared between records are not supported");
    return status_ok();
}

/* Bytes 16 to 256: whose it is, and how it is sealed. */
static status take_identity(slice *rest, struct record *record)
{
    uint32_t curve;
    TRY(slice_take_copy(rest, sizeof record->account_id.bytes, record->account_id.bytes));
    TRY(slice_take_copy(rest, ADDRESS_SIZE, record->address.bytes));
    TRY(slice_take_u32(rest, &curve));
    REQUIRE(curve == CURVE_SECP256K1, BAD_INPUT, "record: curve is not known");
    TRY(slice_take_u64(rest, &record->version));
    TRY(slice_take_u64(rest, &record->created_ms));
    TRY(slice_take_u64(rest, &record->sealed_ms));
    TRY(slice_take_copy(rest, sizeof record->kms_key_hash.bytes, record->kms_key_hash.bytes));
    TRY(slice_take_copy(rest, sizeof record->policy_hash.bytes, record->policy_hash.bytes));
    TRY(slice_take_copy(rest, sizeof record->prev_hash.bytes, record->prev_hash.bytes));
    TRY(slice_take_copy(rest, DATA_KEY_SALT_SIZE, record->salt));
    return slice_take_copy(rest, DATA_KEY_COMMIT_SIZE, record->commit);
}

/* The sizes and what they measure. */
static status take_body(slice *rest, struct record *record)
{
    uint16_t edk_size, policy_size, sealed_size, zero;
    TRY(slice_take_u16(rest, &edk_size));
    TRY(slice_take_u16(rest, &policy_size));
    TRY(slice_take_u16(rest, &sealed_size));
    TRY(slice_take_u16(rest, &zero));
    TRY(check_edk_size(edk_size));
    TRY(check_policy_size(policy_size));
    REQUIRE(sealed_size == RECORD_SEALED_SIZE, BAD_INPUT,
            "record: sealed part has a size that is not supported");
    REQUIRE(zero == 0, BAD_INPUT, "record: reserved bytes must be zero");
    REQUIRE(rest->size == (size_t)policy_size + edk_size + sealed_size, BAD_INPUT,
            "record: has a size other than it says");
    TRY(slice_take(rest, policy_size, &record->policy));
    TRY(slice_take(rest, edk_size, &record->edk));
    return slice_take(rest, sealed_size, &record->sealed);
}

status record_read(slice bytes, struct record *record)
{
    struct record read = {0};
    slice rest = bytes;
    REQUIRE(bytes.size >= RECORD_HEADER_SIZE, BAD_INPUT, "record: is too short");
    TRY(take_start(&rest, &read));
    TRY(take_identity(&rest, &read));
    TRY(take_body(&rest, &read));
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
