#include "nsm/attestation.h"

#include "base/array.h"
#include "base/cbor.h"

enum { KEY_SIZE_MAX = 64, MS_PER_S = 1000 };

/* The end of the year 9999: later times overflow what certificates can say. */
static const uint64_t timestamp_max_ms = UINT64_C(253402300799999);

enum field {
    FIELD_MODULE_ID,
    FIELD_DIGEST,
    FIELD_TIMESTAMP,
    FIELD_PCRS,
    FIELD_CERTIFICATE,
    FIELD_BUNDLE,
    FIELD_PUBLIC_KEY,
    FIELD_USER_DATA,
    FIELD_NONCE,
    FIELD_COUNT,
};

/* In the order in which modules write them. */
static const char *const field_names[FIELD_COUNT] = {
    [FIELD_MODULE_ID] = "module_id",
    [FIELD_DIGEST] = "digest",
    [FIELD_TIMESTAMP] = "timestamp",
    [FIELD_PCRS] = "pcrs",
    [FIELD_CERTIFICATE] = "certificate",
    [FIELD_BUNDLE] = "cabundle",
    [FIELD_PUBLIC_KEY] = "public_key",
    [FIELD_USER_DATA] = "user_data",
    [FIELD_NONCE] = "nonce",
};

static const slice digest_name = SLICE_LITERAL("SHA384");

/* Every key read so far, known or not, so that none comes twice. */
struct keys {
    size_t count;
    slice seen[ATTESTATION_FIELD_COUNT_MAX];
    bool has[FIELD_COUNT];
};

static status take_digest(struct cbor_reader *reader)
{
    slice name = {0};
    TRY(cbor_take_text(reader, 1, KEY_SIZE_MAX, &name));
    REQUIRE(slice_equal(name, digest_name), BAD_INPUT, "attestation: digest must be SHA384");
    return status_ok();
}

static status take_timestamp(struct cbor_reader *reader, uint64_t *timestamp_ms)
{
    uint64_t read = 0;
    TRY(cbor_take_u64(reader, timestamp_max_ms, &read));
    REQUIRE(read > 0, BAD_INPUT, "attestation: timestamp must not be zero");
    *timestamp_ms = read;
    return status_ok();
}

static status take_pcrs(struct cbor_reader *reader, struct pcr_set *pcrs)
{
    struct cbor_items items = {0};
    bool has_next = false;
    TRY(cbor_take_map(reader, PCR_COUNT, &items));
    for (;;) {
        uint64_t index = 0;
        slice bytes = {0};
        hash48 value;
        TRY(cbor_take_next(reader, &items, &has_next));
        if (!has_next) break;
        TRY(cbor_take_u64(reader, PCR_COUNT - 1, &index));
        REQUIRE(!pcr_set_has(pcrs, (unsigned)index), BAD_INPUT, "attestation: a PCR comes twice");
        TRY(cbor_take_bytes(reader, sizeof value.bytes, sizeof value.bytes, &bytes));
        TRY(slice_take_copy(&bytes, sizeof value.bytes, value.bytes));
        pcr_set_put(pcrs, (unsigned)index, &value);
    }
    REQUIRE(pcrs->present != 0, BAD_INPUT, "attestation: document has no PCR");
    return status_ok();
}

static status take_bundle(struct cbor_reader *reader, struct attestation *document)
{
    struct cbor_items items = {0};
    bool has_next = false;
    TRY(cbor_take_array(reader, ATTESTATION_BUNDLE_COUNT_MAX, &items));
    for (;;) {
        TRY(cbor_take_next(reader, &items, &has_next));
        if (!has_next) break;
        TRY(cbor_take_bytes(reader, 1, ATTESTATION_CERTIFICATE_SIZE_MAX,
                            &document->bundle[document->bundle_count]));
        document->bundle_count++;
    }
    REQUIRE(document->bundle_count > 0, BAD_INPUT,
            "attestation: document has no certificate bundle");
    return status_ok();
}

static status take_optional(struct cbor_reader *reader, size_t size_min, nsm_optional *optional)
{
    if (cbor_take_null(reader)) return status_ok();
    TRY(cbor_take_bytes(reader, size_min, NSM_FIELD_SIZE_MAX, &optional->bytes));
    optional->is_present = true;
    return status_ok();
}

static status take_field(struct cbor_reader *reader, enum field field, struct attestation *document)
{
    switch (field) {
    case FIELD_MODULE_ID:
        return cbor_take_text(reader, 1, NSM_MODULE_ID_SIZE_MAX, &document->module_id);
    case FIELD_DIGEST: return take_digest(reader);
    case FIELD_TIMESTAMP: return take_timestamp(reader, &document->timestamp_ms);
    case FIELD_PCRS: return take_pcrs(reader, &document->pcrs);
    case FIELD_CERTIFICATE:
        return cbor_take_bytes(reader, 1, ATTESTATION_CERTIFICATE_SIZE_MAX, &document->certificate);
    case FIELD_BUNDLE: return take_bundle(reader, document);
    case FIELD_PUBLIC_KEY: return take_optional(reader, 1, &document->public_key);
    case FIELD_USER_DATA: return take_optional(reader, 0, &document->user_data);
    case FIELD_NONCE: return take_optional(reader, 0, &document->nonce);
    case FIELD_COUNT: break;
    }
    return cbor_skip(reader);
}

static status take_key(struct cbor_reader *reader, struct keys *keys, enum field *field)
{
    slice key = {0};
    size_t found = 0;
    TRY(cbor_take_text(reader, 0, KEY_SIZE_MAX, &key));
    for (size_t i = 0; i < keys->count; i++) {
        REQUIRE(!slice_equal(keys->seen[i], key), BAD_INPUT, "attestation: a field comes twice");
    }
    keys->seen[keys->count++] = key;
    while (found < FIELD_COUNT && !slice_equal(key, slice_text(field_names[found]))) found++;
    if (found < FIELD_COUNT) keys->has[found] = true;
    *field = (enum field)found;
    return status_ok();
}

static status read_payload(slice payload, struct attestation *document)
{
    struct cbor_reader reader;
    struct cbor_items items = {0};
    struct keys keys = {0};
    bool has_next = false;
    cbor_reader_init(&reader, payload, CBOR_INDEFINITE);
    TRY(cbor_take_map(&reader, ATTESTATION_FIELD_COUNT_MAX, &items));
    for (;;) {
        enum field field = FIELD_COUNT;
        TRY(cbor_take_next(&reader, &items, &has_next));
        if (!has_next) break;
        TRY(take_key(&reader, &keys, &field));
        TRY(take_field(&reader, field, document));
    }
    for (size_t i = 0; i < FIELD_PUBLIC_KEY; i++) {
        REQUIRE(keys.has[i], BAD_INPUT, "attestation: document lacks a field");
    }
    return cbor_expect_end(&reader);
}

status attestation_read(slice bytes, struct attestation *document)
{
    struct attestation read = {0};
    REQUIRE(bytes.size <= ATTESTATION_SIZE_MAX, BAD_INPUT, "attestation: document is too long");
    TRY(cose_read(bytes, &read.message));
    TRY(read_payload(read.message.payload, &read));
    *document = read;
    return status_ok();
}

status attestation_read_unsigned(slice bytes, struct attestation *document)
{
    struct attestation read = {0};
    REQUIRE(bytes.size <= ATTESTATION_SIZE_MAX, BAD_INPUT, "attestation: document is too long");
    TRY(cose_read_payload(bytes, &read.message.payload));
    TRY(read_payload(read.message.payload, &read));
    *document = read;
    return status_ok();
}

static status check_signature(const struct attestation *document,
                              const struct attestation_rules *rules)
{
    const int64_t signed_s = (int64_t)(document->timestamp_ms / MS_PER_S);
    const struct x509_chain chain = {
        .root = rules->root,
        /* The first of the bundle claims to be the root. Ours is used in its place. */
        .intermediates = document->bundle + 1,
        .intermediate_count = document->bundle_count - 1,
        .leaf = document->certificate,
        .now_s = rules->is_archived ? signed_s : rules->now_ms / MS_PER_S,
        .not_before_leeway_s = rules->is_archived ? 0 : ATTESTATION_LEEWAY_S,
    };
    es384_public_key public_key;
    TRY(x509_verify(&chain, &public_key));
    REQUIRE(status_is_ok(cose_verify(&document->message, &public_key)), DENIED,
            "attestation: signature is not valid");
    return status_ok();
}

static status check_age(const struct attestation *document, const struct attestation_rules *rules)
{
    if (rules->is_archived) return status_ok();
    /* Both are before the year 10000: the chain has been judged at now_ms already. */
    const int64_t age_ms = rules->now_ms - (int64_t)document->timestamp_ms;
    REQUIRE(age_ms >= -(int64_t)ATTESTATION_LEEWAY_S * MS_PER_S, DENIED,
            "attestation: document is from the future");
    const int64_t age_s = (age_ms + MS_PER_S - 1) / MS_PER_S; /* a started second counts */
    REQUIRE(age_s <= rules->max_age_s, DENIED, "attestation: document is too old");
    return status_ok();
}

static bool is_as_wanted(const nsm_optional *found, const nsm_optional *wanted)
{
    if (!wanted->is_present) return true;
    return found->is_present && slice_equal(found->bytes, wanted->bytes);
}

static status check_pcrs(const struct attestation *document, const struct attestation_rules *rules)
{
    REQUIRE(pcr_set_has(&document->pcrs, 0), DENIED, "attestation: document lacks PCR0");
    REQUIRE(rules->allows_debug || !pcr_is_zero(&document->pcrs.values[0]), DENIED,
            "attestation: enclave runs in debug mode");
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if (!pcr_set_has(&rules->pcrs, i)) continue;
        if (!pcr_set_has(&document->pcrs, i)) {
            FAIL(DENIED, i, "attestation: document lacks an expected PCR");
        }
        if (!hash48_equal(&document->pcrs.values[i], &rules->pcrs.values[i])) {
            FAIL(DENIED, i, "attestation: PCR is not the expected one");
        }
    }
    return status_ok();
}

status attestation_verify(const struct attestation *document, const struct attestation_rules *rules)
{
    TRY(check_signature(document, rules));
    TRY(check_age(document, rules));
    REQUIRE(is_as_wanted(&document->nonce, &rules->nonce), DENIED,
            "attestation: nonce is not the expected one");
    REQUIRE(is_as_wanted(&document->user_data, &rules->user_data), DENIED,
            "attestation: user data is not the expected one");
    return check_pcrs(document, rules);
}

static void put_pcrs(struct builder *builder, const struct pcr_set *pcrs)
{
    size_t count = 0;
    for (unsigned i = 0; i < PCR_COUNT; i++) count += pcr_set_has(pcrs, i);
    cbor_put_map(builder, count);
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if (!pcr_set_has(pcrs, i)) continue;
        cbor_put_u64(builder, i);
        cbor_put_bytes(builder, hash48_view(&pcrs->values[i]));
    }
}

static void put_optional(struct builder *builder, const nsm_optional *optional)
{
    if (optional->is_present) cbor_put_bytes(builder, optional->bytes);
    else cbor_put_null(builder);
}

static void put_field(struct builder *builder, enum field field, const struct attestation *document)
{
    cbor_put_text(builder, slice_text(field_names[field]));
    switch (field) {
    case FIELD_MODULE_ID: cbor_put_text(builder, document->module_id); break;
    case FIELD_DIGEST: cbor_put_text(builder, digest_name); break;
    case FIELD_TIMESTAMP: cbor_put_u64(builder, document->timestamp_ms); break;
    case FIELD_PCRS: put_pcrs(builder, &document->pcrs); break;
    case FIELD_CERTIFICATE: cbor_put_bytes(builder, document->certificate); break;
    case FIELD_BUNDLE:
        cbor_put_array(builder, document->bundle_count);
        for (size_t i = 0; i < document->bundle_count; i++) {
            cbor_put_bytes(builder, document->bundle[i]);
        }
        break;
    case FIELD_PUBLIC_KEY: put_optional(builder, &document->public_key); break;
    case FIELD_USER_DATA: put_optional(builder, &document->user_data); break;
    case FIELD_NONCE:
    case FIELD_COUNT: put_optional(builder, &document->nonce); break;
    }
}

status attestation_write(const struct attestation *document, const struct attestation_form *form,
                         struct builder *builder)
{
    uint8_t memory[ATTESTATION_SIZE_MAX];
    struct builder payload;
    slice written = {0};
    builder_init(&payload, memory, sizeof memory);
    if (form->is_indefinite) cbor_put_map_indefinite(&payload);
    else cbor_put_map(&payload, FIELD_COUNT);
    for (int i = 0; i < FIELD_COUNT; i++) put_field(&payload, (enum field)i, document);
    if (form->is_indefinite) cbor_put_break(&payload);
    TRY(builder_finish(&payload, &written));
    return cose_write(written, form->key, form->is_tagged, builder);
}
