#include "cli/document.h"

#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/hex.h"
#include "eth/address.h"
#include "nsm/root_g1.h"
#include "nsm/user_data.h"
#include "os/file.h"

enum {
    PEM_SIZE_MAX = 64 * 1024,
    TEXT_SIZE_MAX = (ATTESTATION_SIZE_MAX + 2) / 3 * 4, /* of a document as base64 */
    REFUSAL_SIZE_MAX = 256,
};

/* ---- rules ---- */

status document_read_rules(struct session *session, struct attestation_rules *rules)
{
    struct builder der;
    slice pem;
    const char *root = flags_text(session->flags, "root");
    struct attestation_rules read = {
        .root = root_g1_view(),
        .allows_debug = flags_is_on(session->flags, "allow-debug"),
    };
    for (size_t i = 0; i < flags_count(session->flags, "pcr"); i++) {
        TRY(pcr_parse(slice_text(flags_at(session->flags, "pcr", i)), &read.pcrs));
    }
    if (root) {
        const status opened = file_read(root, PEM_SIZE_MAX, &session->arena, &pem);
        REQUIRE(status_is_ok(opened), BAD_INPUT, "attest: the file of --root cannot be read");
        builder_init_arena(&der, &session->arena, X509_CERTIFICATE_SIZE_MAX);
        TRY(x509_read_pem(pem, &der));
        TRY(builder_finish(&der, &read.root));
    }
    *rules = read;
    return status_ok();
}

/* ---- reading ---- */

static bool is_blank(uint8_t character)
{
    return character == ' ' || character == '\n' || character == '\r' || character == '\t';
}

/* Base64 as tools print it, with line breaks. */
static status read_base64(struct session *session, slice text, struct attestation *document)
{
    struct builder dense, decoded;
    slice bytes;
    builder_init_arena(&dense, &session->arena, text.size);
    builder_init_arena(&decoded, &session->arena, ATTESTATION_SIZE_MAX);
    for (size_t i = 0; i < text.size; i++) {
        if (!is_blank(text.bytes[i])) builder_put_u8(&dense, text.bytes[i]);
    }
    REQUIRE(dense.size > 0 && status_is_ok(base64_put_decoded(&decoded, builder_view(&dense))),
            BAD_INPUT, "the attestation document is not base64");
    TRY(builder_finish(&decoded, &bytes));
    return attestation_read(bytes, document);
}

static status read_json(struct session *session, slice text, struct attestation *document)
{
    SCOPED(json_close) struct json json = {0};
    json_value object;
    slice encoded;
    TRY(json_open(text, &session->arena, &json));
    TRY(json_top_object(&json, &object));
    const char *name = json_has_value(&object, "proof") ? "proof" : "document";
    REQUIRE(status_is_ok(json_read_string(&object, name, 1, TEXT_SIZE_MAX, &encoded)), BAD_INPUT,
            "the JSON has no field \"document\" or \"proof\"");
    return read_base64(session, encoded, document);
}

status document_read(struct session *session, slice contents, struct attestation *document)
{
    size_t start = 0;
    while (start < contents.size && is_blank(contents.bytes[start])) start++;
    REQUIRE(start < contents.size, BAD_INPUT, "the attestation document is empty");
    /* A document's first byte is never text: an array's head, or a tag's. */
    if (contents.bytes[0] >= 0x80) return attestation_read(contents, document);
    if (contents.bytes[start] == '{') return read_json(session, contents, document);
    return read_base64(session, contents, document);
}

status document_take(struct session *session, const json_value *object, const char *name,
                     struct attestation *document)
{
    slice text, bytes;
    struct builder decoded;
    REQUIRE(status_is_ok(json_read_string(object, name, 1, TEXT_SIZE_MAX, &text)), CORRUPT,
            "the service's answer lacks a field");
    builder_init_arena(&decoded, &session->arena, ATTESTATION_SIZE_MAX);
    REQUIRE(status_is_ok(base64_put_decoded(&decoded, text)), CORRUPT,
            "the attestation document is not base64");
    TRY(builder_finish(&decoded, &bytes));
    REQUIRE(status_is_ok(attestation_read(bytes, document)), CORRUPT,
            "the attestation document is not well-formed");
    return status_ok();
}

/* ---- judging ---- */

/* The one register that is present in both and differs, or else is missing; none when all agree. */
static bool find_other_pcr(const struct attestation *document,
                           const struct attestation_rules *rules, unsigned *index)
{
    for (*index = 0; *index < PCR_COUNT; (*index)++) {
        if (!pcr_set_has(&rules->pcrs, *index)) continue;
        if (!pcr_set_has(&document->pcrs, *index) ||
            !hash48_equal(&document->pcrs.values[*index], &rules->pcrs.values[*index])) {
            return true;
        }
    }
    return false;
}

status document_verify(struct session *session, const struct attestation *document,
                       const struct attestation_rules *rules)
{
    unsigned index;
    struct builder text;
    const status verified = attestation_verify(document, rules);
    struct attestation_rules unmeasured = *rules;
    unmeasured.pcrs = (struct pcr_set){0};
    /* What the document says of its registers is believed only when all else holds. */
    if (status_is_ok(verified) || !status_is_ok(attestation_verify(document, &unmeasured)) ||
        !find_other_pcr(document, rules, &index)) {
        return verified;
    }
    builder_init_arena(&text, &session->arena, REFUSAL_SIZE_MAX);
    builder_put_text(&text, status_message(verified));
    builder_put_text(&text, " (PCR");
    builder_put_decimal(&text, index);
    if (pcr_set_has(&document->pcrs, index)) {
        builder_put_text(&text, " is ");
        hex_put(&text, hash48_view(&document->pcrs.values[index]));
    }
    builder_put_text(&text, ")");
    session->refusal = builder_view(&text);
    return verified;
}

/* ---- showing ---- */

static void put_hex_line(struct session *session, const char *label, slice bytes)
{
    struct builder text;
    builder_init_arena(&text, &session->arena, 2 * bytes.size + 2);
    hex_put(&text, bytes);
    session_put_line(session, label, builder_view(&text));
}

static void put_address_line(struct session *session, const char *label,
                             const uint8_t bytes[USER_DATA_ADDRESS_SIZE])
{
    struct builder text;
    eth_address address;
    memcpy(address.bytes, bytes, sizeof address.bytes);
    builder_init_arena(&text, &session->arena, ADDRESS_TEXT_SIZE);
    address_print(&text, address);
    session_put_line(session, label, builder_view(&text));
}

static void put_number_line(struct session *session, const char *label, uint64_t number)
{
    struct builder digits;
    builder_init_arena(&digits, &session->arena, 20);
    builder_put_decimal(&digits, number);
    session_put_line(session, label, builder_view(&digits));
}

static void put_time_line(struct session *session, const char *label, uint64_t time_ms)
{
    struct tm utc;
    char text[32] = "";
    const time_t time_s = (time_t)(time_ms / 1000);
    if (time_ms > (uint64_t)INT64_MAX / 2 || !gmtime_r(&time_s, &utc) ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        session_put_line(session, label, slice_text("out of range"));
        return;
    }
    session_put_line(session, label, slice_text(text));
}

/* A zero register says something in the measurements of the image only. */
static bool is_shown(const struct pcr_set *pcrs, unsigned index)
{
    return pcr_set_has(pcrs, index) && (index <= 2 || !pcr_is_zero(&pcrs->values[index]));
}

static bool is_debug(const struct attestation *document)
{
    return pcr_set_has(&document->pcrs, 0) && pcr_is_zero(&document->pcrs.values[0]);
}

/* Fills "PREFIX" and the number, which is below 100. */
static const char *print_index(unsigned index, const char *prefix, char text[8])
{
    struct builder builder;
    builder_init(&builder, text, 7);
    builder_put_text(&builder, prefix);
    builder_put_decimal(&builder, index);
    text[builder.size] = '\0';
    return text;
}

static const char *mode_name(bool is_production)
{
    return is_production ? "production" : "development";
}

static void put_proof(struct session *session, const struct user_data_proof *data)
{
    session_put_line(session, "mode", slice_text(mode_name(data->is_production)));
    put_hex_line(session, "config", hash32_view(&data->config_hash));
    put_number_line(session, "epoch", data->epoch);
    put_hex_line(session, "boot", slice_of(data->boot.bytes, sizeof data->boot.bytes));
    put_hex_line(session, "account id", slice_of(data->account_id, sizeof data->account_id));
    put_address_line(session, "address", data->address);
    put_hex_line(session, "record", hash32_view(&data->record_hash));
}

static void put_user_data(struct session *session, slice bytes)
{
    struct user_data_client data;
    struct user_data_proof proof;
    if (status_is_ok(user_data_read_proof(bytes, &proof))) {
        put_proof(session, &proof);
        return;
    }
    if (!status_is_ok(user_data_read_client(bytes, &data))) {
        put_hex_line(session, "user data", bytes);
        return;
    }
    session_put_line(session, "mode", slice_text(mode_name(data.is_production)));
    put_hex_line(session, "config", hash32_view(&data.config_hash));
    put_number_line(session, "epoch", data.epoch);
    put_hex_line(session, "boot", slice_of(data.boot.bytes, sizeof data.boot.bytes));
    put_time_line(session, "booted", data.boot_ms);
}

void document_put(struct session *session, const struct attestation *document)
{
    char label[8];
    session_put_line(session, "module", document->module_id);
    put_time_line(session, "signed", document->timestamp_ms);
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if (!is_shown(&document->pcrs, i)) continue;
        put_hex_line(session, print_index(i, "PCR", label), hash48_view(&document->pcrs.values[i]));
    }
    if (is_debug(document)) {
        session_put_line(session, "WARNING",
                         slice_text("PCR0 is zero: the enclave can be looked into (debug mode)"));
    }
    if (document->public_key.is_present) {
        put_hex_line(session, "public key", document->public_key.bytes);
    }
    put_user_data(session, document->user_data.bytes);
    put_hex_line(session, "nonce", document->nonce.bytes);
}

static void put_json_optional(struct builder *json, const char *name, const nsm_optional *field)
{
    json_put_name(json, name);
    if (field->is_present) json_put_hex(json, field->bytes);
    else json_put_null(json);
}

static void put_json_proof(struct builder *json, const struct user_data_proof *data)
{
    json_put_name(json, "mode");
    json_put_text(json, mode_name(data->is_production));
    json_put_name(json, "bootId");
    json_put_hex(json, slice_of(data->boot.bytes, sizeof data->boot.bytes));
    json_put_name(json, "configHash");
    json_put_hex(json, hash32_view(&data->config_hash));
    json_put_name(json, "epoch");
    json_put_u64(json, data->epoch);
    json_put_name(json, "accountId");
    json_put_hex(json, slice_of(data->account_id, sizeof data->account_id));
    json_put_name(json, "address");
    json_put_hex_0x(json, slice_of(data->address, sizeof data->address));
    json_put_name(json, "recordHash");
    json_put_hex(json, hash32_view(&data->record_hash));
}

static void put_json_user_data(struct builder *json, slice bytes)
{
    struct user_data_client data;
    struct user_data_proof proof;
    if (status_is_ok(user_data_read_proof(bytes, &proof))) {
        put_json_proof(json, &proof);
        return;
    }
    if (!status_is_ok(user_data_read_client(bytes, &data))) return;
    json_put_name(json, "mode");
    json_put_text(json, mode_name(data.is_production));
    json_put_name(json, "bootId");
    json_put_hex(json, slice_of(data.boot.bytes, sizeof data.boot.bytes));
    json_put_name(json, "bootMs");
    json_put_u64(json, data.boot_ms);
    json_put_name(json, "configHash");
    json_put_hex(json, hash32_view(&data.config_hash));
    json_put_name(json, "epoch");
    json_put_u64(json, data.epoch);
}

void document_put_json(struct builder *json, const struct attestation *document)
{
    char label[8];
    json_put_name(json, "moduleId");
    json_put_string(json, document->module_id);
    json_put_name(json, "timestamp");
    json_put_u64(json, document->timestamp_ms);
    json_put_name(json, "isDebug");
    json_put_bool(json, is_debug(document));
    json_put_name(json, "pcrs");
    json_put_object_open(json);
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if (!is_shown(&document->pcrs, i)) continue;
        json_put_name(json, print_index(i, "", label));
        json_put_hex(json, hash48_view(&document->pcrs.values[i]));
    }
    json_put_object_close(json);
    put_json_optional(json, "publicKey", &document->public_key);
    put_json_optional(json, "userData", &document->user_data);
    put_json_optional(json, "nonce", &document->nonce);
    put_json_user_data(json, document->user_data.bytes);
}
