#include "dev/kms_input.h"

#include <string.h>

#include "base/base64.h"

enum { CONTEXT_NAME_SIZE_MAX = 2048, CONTEXT_VALUE_SIZE_MAX = 8192 };

status kms_input_refuse(struct kms_operation *operation, const char *error, const char *message)
{
    operation->error = error;
    operation->code = 400;
    builder_put_text(&operation->message, message);
    FAIL(DENIED, 0, "kms: the call is refused");
}

static status invalid(struct kms_operation *operation, const char *message)
{
    return kms_input_refuse(operation, "ValidationException", message);
}

status kms_input_text(struct kms_operation *operation, const char *name, size_t size_max,
                      slice *text)
{
    if (!json_has_value(&operation->input, name)) {
        builder_put_text(&operation->message, "1 validation error detected: Value null at '");
        builder_put_text(&operation->message, name);
        return invalid(operation, "' failed to satisfy constraint: Member must not be null");
    }
    if (!status_is_ok(json_read_string(&operation->input, name, 1, size_max, text))) {
        builder_put_text(&operation->message, "1 validation error detected: Value at '");
        builder_put_text(&operation->message, name);
        return invalid(operation,
                       "' failed to satisfy constraint: Member has another type or length");
    }
    return status_ok();
}

status kms_input_blob(struct kms_operation *operation, const char *name, size_t size_max,
                      slice *bytes)
{
    struct builder decoded;
    slice text = {0};
    TRY(kms_input_text(operation, name, (size_max + 2) / 3 * 4, &text));
    builder_init_arena(&decoded, operation->arena, size_max);
    if (!status_is_ok(base64_put_decoded(&decoded, text))) {
        return kms_input_refuse(operation, "SerializationException",
                                "a blob is not base64 or is too long");
    }
    *bytes = builder_view(&decoded);
    return status_ok();
}

static status read_pair(struct kms_operation *operation, const json_value *value)
{
    struct kms_policy_pair *pair = &operation->context.pairs[operation->context.count];
    pair->name = json_name(value);
    if (pair->name.size > CONTEXT_NAME_SIZE_MAX)
        return invalid(operation, "encryption context is too long");
    if (!status_is_ok(json_value_text(value, 0, CONTEXT_VALUE_SIZE_MAX, &pair->value))) {
        return kms_input_refuse(operation, "SerializationException",
                                "encryption context must hold strings");
    }
    return status_ok();
}

status kms_input_context(struct kms_operation *operation)
{
    json_value object = {0};
    operation->context.count = 0;
    if (!json_has_value(&operation->input, "EncryptionContext")) return status_ok();
    if (!status_is_ok(json_read_object(&operation->input, "EncryptionContext", &object))) {
        return kms_input_refuse(operation, "SerializationException",
                                "encryption context must be an object");
    }
    if (json_count(&object) > KMS_POLICY_PAIR_COUNT_MAX) {
        return invalid(operation, "encryption context has too many pairs");
    }
    for (json_value at = json_first(&object); json_is_there(&at); at = json_next(&at)) {
        TRY(read_pair(operation, &at));
        operation->context.count++;
    }
    return status_ok();
}

static status verify_document(struct kms_operation *operation, slice bytes)
{
    const struct attestation_rules rules = {.root = operation->stand_in->settings.root,
                                            .now_ms = operation->now_ms,
                                            .max_age_s = KMS_STAND_IN_DOCUMENT_AGE_S,
                                            .allows_debug = true};
    status result;
    if (operation->stand_in->settings.accepts_unsigned_documents) {
        /* An emulated module cannot sign. The key policy still judges the registers. */
        result = attestation_read_unsigned(bytes, &operation->document);
    } else {
        result = attestation_read(bytes, &operation->document);
        if (status_is_ok(result)) result = attestation_verify(&operation->document, &rules);
    }
    if (status_is_ok(result) && !operation->document.public_key.is_present) {
        return invalid(operation, "The attestation document has no public key.");
    }
    if (status_is_ok(result)) return result;
    builder_put_text(&operation->message, "The attestation document is not valid: ");
    return invalid(operation, status_message(result));
}

status kms_input_recipient(struct kms_operation *operation)
{
    const json_value input = operation->input;
    json_value recipient = {0};
    slice algorithm = {0}, document = {0};
    if (!json_has_value(&input, "Recipient")) return status_ok();
    if (!status_is_ok(json_read_object(&input, "Recipient", &recipient))) {
        return kms_input_refuse(operation, "SerializationException", "Recipient must be an object");
    }
    operation->input = recipient;
    status result = kms_input_text(operation, "KeyEncryptionAlgorithm", 64, &algorithm);
    if (status_is_ok(result)) {
        result = kms_input_blob(operation, "AttestationDocument", ATTESTATION_SIZE_MAX, &document);
    }
    operation->input = input;
    TRY(result);
    if (!slice_equal(algorithm, slice_text("RSAES_OAEP_SHA_256"))) {
        return invalid(operation, "Recipient's KeyEncryptionAlgorithm must be RSAES_OAEP_SHA_256");
    }
    TRY(verify_document(operation, document));
    operation->has_document = true;
    return status_ok();
}
