/*
 * attestation: reading any bytes, whole documents and bare payloads; what is read keeps its
 * limits, and verifying it under a root that signed nothing always fails.
 */
#include "base/cbor.h"
#include "nsm/attestation.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_limits(const struct attestation *document)
{
    const nsm_optional *const fields[] = {&document->public_key, &document->user_data,
                                          &document->nonce};
    if (document->bundle_count == 0 || document->bundle_count > ATTESTATION_BUNDLE_COUNT_MAX)
        __builtin_trap();
    if (document->pcrs.present == 0 || document->timestamp_ms == 0) __builtin_trap();
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (fields[i]->bytes.size > NSM_FIELD_SIZE_MAX) __builtin_trap();
    }
}

static void check_document(slice bytes)
{
    struct attestation document;
    if (!status_is_ok(attestation_read(bytes, &document))) return;
    check_limits(&document);
    /* The document's own first certificate as the root lets the certificates be looked at. */
    const struct attestation_rules rules = {.root = document.bundle[0], .is_archived = true};
    (void)status_is_ok(attestation_verify(&document, &rules));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint8_t head[] = {0x84, 0x44, 0xa1, 0x01, 0x38, 0x22, 0xa0};
    static const uint8_t signature[96] = {1};
    static uint8_t memory[ATTESTATION_SIZE_MAX + 256];
    struct builder builder;
    check_document(slice_of(bytes, size));
    /* The same bytes as a payload, so that the fuzzer need not find the envelope. */
    builder_init(&builder, memory, sizeof memory);
    builder_put(&builder, slice_of(head, sizeof head));
    cbor_put_bytes(&builder, slice_of(bytes, size));
    cbor_put_bytes(&builder, slice_of(signature, sizeof signature));
    if (!builder.is_over) check_document(builder_view(&builder));
    return 0;
}
