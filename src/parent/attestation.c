#include "parent/attestation.h"

#include "base/cbor.h"
#include "base/hex.h"
#include "parent/service.h"

enum {
    FIELD_COUNT_MAX = 16,
    PCR_COUNT_MAX = 32,
    PCR_SIZE = 48,
    COSE_TAG = 18,
    USER_DATA_SIZE = 72, /* of client documents: docs/PROTOCOL.md */
    ORIGIN_SIZE = 144,   /* of proofs of origin */
    LENIENCY = CBOR_LONG_HEADS | CBOR_INDEFINITE,
};

/* ---- reading the document, without judging it ---- */

struct fields {
    slice module_id, digest, user_data, nonce;
    uint64_t timestamp_ms;
    struct {
        uint64_t index;
        slice value;
    } pcrs[PCR_COUNT_MAX];
    size_t pcr_count;
};

static status take_pcrs(struct cbor_reader *reader, struct fields *fields)
{
    struct cbor_items items;
    bool has_next;
    TRY(cbor_take_map(reader, PCR_COUNT_MAX, &items));
    for (;;) {
        TRY(cbor_take_next(reader, &items, &has_next));
        if (!has_next) return status_ok();
        const size_t index = fields->pcr_count;
        TRY(cbor_take_u64(reader, PCR_COUNT_MAX - 1, &fields->pcrs[index].index));
        TRY(cbor_take_bytes(reader, PCR_SIZE, PCR_SIZE, &fields->pcrs[index].value));
        fields->pcr_count++;
    }
}

static status take_optional(struct cbor_reader *reader, slice *bytes)
{
    if (cbor_take_null(reader)) return status_ok();
    return cbor_take_bytes(reader, 0, MESSAGE_DOCUMENT_SIZE_MAX, bytes);
}

static status take_field(struct cbor_reader *reader, slice name, struct fields *fields)
{
    if (slice_equal(name, slice_text("module_id"))) {
        return cbor_take_text(reader, 1, 256, &fields->module_id);
    }
    if (slice_equal(name, slice_text("digest"))) {
        return cbor_take_text(reader, 1, 16, &fields->digest);
    }
    if (slice_equal(name, slice_text("timestamp"))) {
        return cbor_take_u64(reader, INT64_MAX, &fields->timestamp_ms);
    }
    if (slice_equal(name, slice_text("pcrs"))) return take_pcrs(reader, fields);
    if (slice_equal(name, slice_text("user_data"))) {
        return take_optional(reader, &fields->user_data);
    }
    if (slice_equal(name, slice_text("nonce"))) return take_optional(reader, &fields->nonce);
    return cbor_skip(reader);
}

static status take_payload(slice payload, struct fields *fields)
{
    struct cbor_reader reader;
    struct cbor_items items;
    bool has_next;
    cbor_reader_init(&reader, payload, LENIENCY);
    TRY(cbor_take_map(&reader, FIELD_COUNT_MAX, &items));
    for (;;) {
        slice name;
        TRY(cbor_take_next(&reader, &items, &has_next));
        if (!has_next) return cbor_expect_end(&reader);
        TRY(cbor_take_text(&reader, 1, 64, &name));
        TRY(take_field(&reader, name, fields));
    }
}

static status take_document(slice document, struct fields *fields)
{
    struct cbor_reader reader;
    struct cbor_items items;
    slice protected_header, payload;
    cbor_reader_init(&reader, document, LENIENCY);
    (void)cbor_take_tag(&reader, COSE_TAG);
    TRY(cbor_take_array(&reader, 4, &items));
    TRY(cbor_take_bytes(&reader, 0, 64, &protected_header));
    TRY(cbor_skip(&reader));
    TRY(cbor_take_bytes(&reader, 1, MESSAGE_DOCUMENT_SIZE_MAX, &payload));
    return take_payload(payload, fields);
}

/* ---- telling it ---- */

/* Our own user data: mode, boot, configuration and epoch. Anything else is shown as hex only. */
static status take_user_data(slice bytes, struct builder *json)
{
    slice tag, boot_id, config_hash;
    uint8_t format, mode;
    uint16_t zero;
    uint32_t epoch;
    uint64_t boot_ms;
    REQUIRE(bytes.size == USER_DATA_SIZE, CORRUPT, "user data: is not ours");
    TRY(slice_take(&bytes, 4, &tag));
    TRY(slice_take_u8(&bytes, &format));
    TRY(slice_take_u8(&bytes, &mode));
    TRY(slice_take_u16(&bytes, &zero));
    TRY(slice_take(&bytes, 16, &boot_id));
    TRY(slice_take_u64(&bytes, &boot_ms));
    TRY(slice_take(&bytes, 32, &config_hash));
    TRY(slice_take_u32(&bytes, &epoch));
    REQUIRE(slice_equal(tag, slice_text("ENWA")) && format == 1, CORRUPT, "user data: is not ours");
    json_put_name(json, "mode");
    json_put_text(json, mode == 1 ? "production" : "development");
    json_put_name(json, "bootId");
    json_put_hex(json, boot_id);
    json_put_name(json, "bootMs");
    json_put_u64(json, boot_ms);
    json_put_name(json, "configHash");
    json_put_hex(json, config_hash);
    json_put_name(json, "epoch");
    json_put_u64(json, epoch);
    return status_ok();
}

struct origin {
    uint8_t mode;
    slice boot_id, config_hash, account_id, address, record_hash;
    uint32_t epoch;
};

static status take_origin(slice bytes, struct origin *origin)
{
    slice tag;
    uint8_t format;
    uint16_t zero;
    REQUIRE(bytes.size == ORIGIN_SIZE, CORRUPT, "user data: is no proof of origin");
    TRY(slice_take(&bytes, 4, &tag));
    TRY(slice_take_u8(&bytes, &format));
    TRY(slice_take_u8(&bytes, &origin->mode));
    TRY(slice_take_u16(&bytes, &zero));
    TRY(slice_take(&bytes, 16, &origin->boot_id));
    TRY(slice_take(&bytes, 32, &origin->config_hash));
    TRY(slice_take_u32(&bytes, &origin->epoch));
    TRY(slice_take(&bytes, ACCOUNT_ID_SIZE, &origin->account_id));
    TRY(slice_take(&bytes, ADDRESS_SIZE, &origin->address));
    TRY(slice_take(&bytes, 32, &origin->record_hash));
    REQUIRE(slice_equal(tag, slice_text("ENWP")) && format == 1, CORRUPT,
            "user data: is no proof of origin");
    return status_ok();
}

static status put_origin(slice bytes, struct builder *json)
{
    struct origin origin;
    TRY(take_origin(bytes, &origin));
    json_put_name(json, "mode");
    json_put_text(json, origin.mode == 1 ? "production" : "development");
    json_put_name(json, "bootId");
    json_put_hex(json, origin.boot_id);
    json_put_name(json, "configHash");
    json_put_hex(json, origin.config_hash);
    json_put_name(json, "epoch");
    json_put_u64(json, origin.epoch);
    json_put_name(json, "accountId");
    json_put_hex(json, origin.account_id);
    json_put_name(json, "address");
    json_put_hex_0x(json, origin.address);
    json_put_name(json, "recordHash");
    json_put_hex(json, origin.record_hash);
    return status_ok();
}

status attestation_read_origin(slice document, struct attestation_origin *origin)
{
    struct fields fields = {0};
    struct origin taken;
    REQUIRE(status_is_ok(take_document(document, &fields)), CORRUPT,
            "enclave: its attestation document cannot be read");
    TRY(take_origin(fields.user_data, &taken));
    struct attestation_origin read;
    TRY(slice_take_copy(&taken.account_id, sizeof read.id.bytes, read.id.bytes));
    TRY(slice_take_copy(&taken.address, sizeof read.address.bytes, read.address.bytes));
    TRY(slice_take_copy(&taken.record_hash, sizeof read.record_hash.bytes, read.record_hash.bytes));
    *origin = read;
    return status_ok();
}

static bool is_zero(slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.bytes[i] != 0) return false;
    }
    return true;
}

/* PCRs that are all zeros mean "not used", and PCR0 so means a debug enclave: it is shown. */
static void put_pcrs(struct builder *json, const struct fields *fields)
{
    json_put_name(json, "pcrs");
    json_put_object_open(json);
    for (size_t i = 0; i < fields->pcr_count; i++) {
        uint8_t digits[20];
        struct builder name;
        if (fields->pcrs[i].index > 2 && is_zero(fields->pcrs[i].value)) continue;
        builder_init(&name, digits, sizeof digits);
        builder_put_decimal(&name, fields->pcrs[i].index);
        builder_put_u8(&name, 0);
        json_put_name(json, (const char *)digits);
        json_put_hex(json, fields->pcrs[i].value);
    }
    json_put_object_close(json);
}

static void put_fields(struct builder *json, const struct fields *fields)
{
    json_put_name(json, "moduleId");
    json_put_string(json, fields->module_id);
    json_put_name(json, "digest");
    json_put_string(json, fields->digest);
    json_put_name(json, "timestamp");
    json_put_u64(json, fields->timestamp_ms);
    put_pcrs(json, fields);
    json_put_name(json, "nonce");
    json_put_hex(json, fields->nonce);
    json_put_name(json, "userData");
    json_put_hex(json, fields->user_data);
}

status attestation_put_fields(slice document, struct builder *json)
{
    struct fields fields = {0};
    const status taken = take_document(document, &fields);
    if (!status_is_ok(taken)) {
        FAIL(CORRUPT, 0, "enclave: its attestation document cannot be read");
    }
    put_fields(json, &fields);
    /* Builders only grow, so what is not ours is found out before anything is put. */
    status ours = take_user_data(fields.user_data, json);
    if (!status_is_ok(ours)) ours = put_origin(fields.user_data, json);
    (void)ours.failure;
    return status_ok();
}

/* ---- the route ---- */

static enum request_next finish(struct request *request)
{
    struct message_reply reply;
    struct builder body;
    status step = request_read_reply(request, &reply);
    if (!status_is_ok(step)) return request_fail(request, step);
    if (reply.kind != 0) return request_refuse_reply(request, &reply);
    builder_init_arena(&body, &request->memory, 2 * MESSAGE_DOCUMENT_SIZE_MAX + 8192);
    json_put_object_open(&body);
    json_put_name(&body, "document");
    json_put_base64(&body, reply.document);
    json_put_name(&body, "unverified");
    json_put_object_open(&body);
    step = attestation_put_fields(reply.document, &body);
    if (!status_is_ok(step)) return request_fail(request, step);
    json_put_object_close(&body);
    json_put_object_close(&body);
    return request_answer(request, 200, &body);
}

static status read_nonce(const struct request *request, uint8_t nonce[MESSAGE_NONCE_SIZE])
{
    static const char *const names[] = {"nonce"};
    slice text = {0};
    TRY(request_check_parameters(request, names, ARRAY_COUNT(names)));
    const bool is_there = request_find_parameter(request, "nonce", &text);
    const bool is_hex = is_there && status_is_ok(hex_read(text, nonce, MESSAGE_NONCE_SIZE));
    REQUIRE(is_hex, BAD_INPUT, "nonce: must be 64 hex digits");
    return status_ok();
}

enum request_next attestation_handle(struct request *request)
{
    uint8_t nonce[MESSAGE_NONCE_SIZE];
    const status asked = read_nonce(request, nonce);
    if (!status_is_ok(asked)) return request_fail(request, asked);
    const struct message_request message = {.type = FRAME_ATTEST,
                                            .nonce = slice_of(nonce, sizeof nonce)};
    return request_call_enclave(request, &message, finish);
}
