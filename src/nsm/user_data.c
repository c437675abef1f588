#include "nsm/user_data.h"

#include "base/array.h"

static const slice kms_magic = SLICE_LITERAL("ENWK");
static const slice client_magic = SLICE_LITERAL("ENWA");
static const slice proof_magic = SLICE_LITERAL("ENWP");

enum { CLIENT_VERSION = 1, PROOF_VERSION = 1 };

void user_data_write_kms(const boot_id *boot, struct builder *builder)
{
    builder_put(builder, kms_magic);
    builder_put(builder, slice_of(boot->bytes, sizeof boot->bytes));
}

status user_data_read_kms(slice bytes, boot_id *boot)
{
    boot_id read;
    REQUIRE(bytes.size == USER_DATA_KMS_SIZE, BAD_INPUT,
            "user_data: has the wrong size for a document for KMS");
    REQUIRE(slice_has_start(bytes, kms_magic), BAD_INPUT,
            "user_data: is not that of a document for KMS");
    bytes = slice_part(bytes, kms_magic.size, bytes.size);
    TRY(slice_take_copy(&bytes, sizeof read.bytes, read.bytes));
    *boot = read;
    return status_ok();
}

void user_data_write_client(const struct user_data_client *data, struct builder *builder)
{
    builder_put(builder, client_magic);
    builder_put_u8(builder, CLIENT_VERSION);
    builder_put_u8(builder, data->is_production ? 1 : 0);
    builder_put_u16(builder, 0);
    builder_put(builder, slice_of(data->boot.bytes, sizeof data->boot.bytes));
    builder_put_u64(builder, data->boot_ms);
    builder_put(builder, hash32_view(&data->config_hash));
    builder_put_u32(builder, data->epoch);
    builder_put_u32(builder, 0);
}

status user_data_read_client(slice bytes, struct user_data_client *data)
{
    struct user_data_client read = {0};
    uint8_t version = 0, mode = 0;
    uint16_t zero_after_mode = 0;
    uint32_t zero_at_end = 0;
    REQUIRE(bytes.size == USER_DATA_CLIENT_SIZE, BAD_INPUT,
            "user_data: has the wrong size for a document for clients");
    REQUIRE(slice_has_start(bytes, client_magic), BAD_INPUT,
            "user_data: is not that of a document for clients");
    bytes = slice_part(bytes, client_magic.size, bytes.size);
    TRY(slice_take_u8(&bytes, &version));
    REQUIRE(version == CLIENT_VERSION, BAD_INPUT, "user_data: version is not known");
    TRY(slice_take_u8(&bytes, &mode));
    REQUIRE(mode <= 1, BAD_INPUT, "user_data: mode must be 0 or 1");
    read.is_production = mode == 1;
    TRY(slice_take_u16(&bytes, &zero_after_mode));
    TRY(slice_take_copy(&bytes, sizeof read.boot.bytes, read.boot.bytes));
    TRY(slice_take_u64(&bytes, &read.boot_ms));
    TRY(slice_take_copy(&bytes, sizeof read.config_hash.bytes, read.config_hash.bytes));
    TRY(slice_take_u32(&bytes, &read.epoch));
    TRY(slice_take_u32(&bytes, &zero_at_end));
    REQUIRE(zero_after_mode == 0 && zero_at_end == 0, BAD_INPUT,
            "user_data: reserved bytes must be zero");
    *data = read;
    return status_ok();
}

void user_data_write_proof(const struct user_data_proof *data, struct builder *builder)
{
    builder_put(builder, proof_magic);
    builder_put_u8(builder, PROOF_VERSION);
    builder_put_u8(builder, data->is_production ? 1 : 0);
    builder_put_u16(builder, 0);
    builder_put(builder, slice_of(data->boot.bytes, sizeof data->boot.bytes));
    builder_put(builder, hash32_view(&data->config_hash));
    builder_put_u32(builder, data->epoch);
    builder_put(builder, slice_of(data->account_id, sizeof data->account_id));
    builder_put(builder, slice_of(data->address, sizeof data->address));
    builder_put(builder, hash32_view(&data->record_hash));
}

status user_data_read_proof(slice bytes, struct user_data_proof *data)
{
    struct user_data_proof read = {0};
    uint8_t version = 0, mode = 0;
    uint16_t zero = 0;
    REQUIRE(bytes.size == USER_DATA_PROOF_SIZE, BAD_INPUT,
            "user_data: has the wrong size for a proof of origin");
    REQUIRE(slice_has_start(bytes, proof_magic), BAD_INPUT,
            "user_data: is not that of a proof of origin");
    bytes = slice_part(bytes, proof_magic.size, bytes.size);
    TRY(slice_take_u8(&bytes, &version));
    REQUIRE(version == PROOF_VERSION, BAD_INPUT, "user_data: version is not known");
    TRY(slice_take_u8(&bytes, &mode));
    REQUIRE(mode <= 1, BAD_INPUT, "user_data: mode must be 0 or 1");
    read.is_production = mode == 1;
    TRY(slice_take_u16(&bytes, &zero));
    REQUIRE(zero == 0, BAD_INPUT, "user_data: reserved bytes must be zero");
    TRY(slice_take_copy(&bytes, sizeof read.boot.bytes, read.boot.bytes));
    TRY(slice_take_copy(&bytes, sizeof read.config_hash.bytes, read.config_hash.bytes));
    TRY(slice_take_u32(&bytes, &read.epoch));
    TRY(slice_take_copy(&bytes, sizeof read.account_id, read.account_id));
    TRY(slice_take_copy(&bytes, sizeof read.address, read.address));
    TRY(slice_take_copy(&bytes, sizeof read.record_hash.bytes, read.record_hash.bytes));
    *data = read;
    return status_ok();
}
