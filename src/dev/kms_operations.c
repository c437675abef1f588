#include "dev/kms_operations.h"

#include "base/array.h"
#include "base/base64.h"
#include "os/random.h"

enum { TEXT_SIZE_MAX = 2048 };

/* Our own failures are the service's fault. */
static status internal(struct kms_operation *operation, status result)
{
    if (status_is_ok(result)) return result;
    const status refused =
        kms_input_refuse(operation, "KMSInternalException", status_message(result));
    operation->code = 500;
    return refused;
}

static status invalid(struct kms_operation *operation, const char *message)
{
    return kms_input_refuse(operation, "ValidationException", message);
}

/* ---- keys and what may be done with them ---- */

static status find_key(struct kms_operation *operation, slice id, struct kms_key **key)
{
    if (status_is_ok(kms_keys_find(&operation->stand_in->keys, id, key))) return status_ok();
    builder_put_text(&operation->message, "Key '");
    builder_put(&operation->message, slice_part(id, 0, 256));
    return kms_input_refuse(operation, "NotFoundException", "' does not exist");
}

static status read_key(struct kms_operation *operation, struct kms_key **key)
{
    slice id = {0};
    TRY(kms_input_text(operation, "KeyId", TEXT_SIZE_MAX, &id));
    return find_key(operation, id, key);
}

static void print_arn(const struct kms_operation *operation, const struct kms_key *key,
                      struct builder *arn)
{
    kms_keys_print_arn(&operation->stand_in->keys, key, arn);
}

static status deny(struct kms_operation *operation, slice key_arn, bool is_explicit)
{
    struct builder *message = &operation->message;
    builder_put_text(message, "User: ");
    builder_put(message, operation->session_arn);
    builder_put_text(message, " is not authorized to perform: ");
    builder_put(message, operation->action);
    builder_put_text(message, " on resource: ");
    builder_put(message, key_arn);
    if (is_explicit) {
        return kms_input_refuse(operation, "AccessDeniedException",
                                " with an explicit deny in a resource-based policy");
    }
    builder_put_text(message, " because no resource-based policy allows the ");
    builder_put(message, operation->action);
    return kms_input_refuse(operation, "AccessDeniedException", " action");
}

static struct kms_policy_call policy_call(const struct kms_operation *operation, slice key_arn)
{
    return (struct kms_policy_call){
        .account = slice_text(operation->stand_in->settings.keys.account),
        .role_arn = operation->role_arn,
        .session_arn = operation->session_arn,
        .action = operation->action,
        .key_arn = key_arn,
        .pairs = operation->context.pairs,
        .pair_count = operation->context.count,
        .pcrs = operation->has_document ? &operation->document.pcrs : NULL};
}

static status check_policy(struct kms_operation *operation, const struct kms_key *key)
{
    uint8_t memory[KMS_KEYS_ARN_SIZE_MAX];
    struct builder arn;
    builder_init(&arn, memory, sizeof memory);
    print_arn(operation, key, &arn);
    const struct kms_policy_call call = policy_call(operation, builder_view(&arn));
    const status result = kms_policy_evaluate(slice_of(key->policy, key->policy_size), &call);
    if (!status_is_ok(result)) {
        const bool is_explicit = slice_equal(slice_text(status_message(result)),
                                             slice_text("policy: a statement denies the call"));
        return deny(operation, builder_view(&arn), is_explicit);
    }
    bool is_dry = false;
    if (json_has_value(&operation->input, "DryRun") &&
        status_is_ok(json_read_bool(&operation->input, "DryRun", &is_dry)) && is_dry) {
        const status refused =
            kms_input_refuse(operation, "DryRunOperationException",
                             "The request would have succeeded, but the DryRun parameter "
                             "was specified.");
        operation->code = 412;
        return refused;
    }
    return status_ok();
}

/* ---- output ---- */

static void put_pair(struct builder *json, const char *name, const char *value)
{
    json_put_name(json, name);
    json_put_text(json, value);
}

static void put_key_id(struct kms_operation *operation, const struct kms_key *key)
{
    uint8_t memory[KMS_KEYS_ARN_SIZE_MAX];
    struct builder arn;
    builder_init(&arn, memory, sizeof memory);
    print_arn(operation, key, &arn);
    if (operation->fault->kind == STAND_FAULT_WRONG_KEY) {
        uint8_t *last = &memory[arn.size - 1];
        *last = *last == '0' ? '1' : '0';
    }
    json_put_name(&operation->output, "KeyId");
    json_put_string(&operation->output, builder_view(&arn));
}

static void put_blob(struct kms_operation *operation, const char *name, slice bytes)
{
    json_put_name(&operation->output, name);
    json_put_base64(&operation->output, bytes);
}

static bool next_encoding(struct kms_operation *operation)
{
    if (operation->fault->kind == STAND_FAULT_CONSTRUCTED) return true;
    if (operation->fault->kind == STAND_FAULT_PRIMITIVE) return false;
    operation->stand_in->was_constructed = !operation->stand_in->was_constructed;
    return operation->stand_in->was_constructed;
}

/* The key that the envelope is for: the document's, or a stranger's when that is asked for. */
static status recipient_key(struct kms_operation *operation, slice *public_key)
{
    *public_key = operation->document.public_key.bytes;
    if (operation->fault->kind != STAND_FAULT_WRONG_RECIPIENT) return status_ok();
    struct recipient *stranger = &operation->stand_in->stranger;
    if (!stranger->pkey) TRY(recipient_open(stranger));
    *public_key = recipient_public_key(stranger);
    return status_ok();
}

static status put_envelope(struct kms_operation *operation, slice plaintext)
{
    struct recipient_seal seal = {.plaintext = plaintext};
    struct builder envelope;
    builder_init_arena(&envelope, operation->arena, RECIPIENT_ENVELOPE_SIZE_MAX);
    TRY(internal(operation, recipient_key(operation, &seal.public_key)));
    TRY(internal(operation, random_read(seal.content_key.bytes, sizeof seal.content_key.bytes)));
    TRY(internal(operation, random_read(seal.iv, sizeof seal.iv)));
    seal.is_constructed = next_encoding(operation);
    const status sealed = recipient_seal(&seal, &envelope);
    secret32_wipe(&seal.content_key);
    if (!status_is_ok(sealed)) {
        return invalid(operation, "The attestation document's public key is not RSA-2048.");
    }
    put_blob(operation, "CiphertextForRecipient", builder_view(&envelope));
    put_pair(&operation->output, "Plaintext", "");
    return status_ok();
}

static status put_plaintext(struct kms_operation *operation, slice plaintext)
{
    if (operation->has_document) return put_envelope(operation, plaintext);
    put_blob(operation, "Plaintext", plaintext);
    return status_ok();
}

static void put_metadata(struct kms_operation *operation, const struct kms_key *key)
{
    struct builder *json = &operation->output;
    uint8_t memory[KMS_KEYS_ARN_SIZE_MAX];
    struct builder arn;
    builder_init(&arn, memory, sizeof memory);
    print_arn(operation, key, &arn);
    json_put_name(json, "KeyMetadata");
    json_put_object_open(json);
    put_pair(json, "AWSAccountId", operation->stand_in->settings.keys.account);
    json_put_name(json, "KeyId");
    json_put_string(json, slice_of(key->id, sizeof key->id));
    json_put_name(json, "Arn");
    json_put_string(json, builder_view(&arn));
    json_put_name(json, "CreationDate");
    json_put_u64(json, (uint64_t)key->created_at_s);
    builder_put_text(json, ".0");
    json_put_name(json, "Enabled");
    json_put_bool(json, true);
    json_put_name(json, "Description");
    json_put_string(json, slice_of(key->description, key->description_size));
    put_pair(json, "KeyUsage", "ENCRYPT_DECRYPT");
    put_pair(json, "KeyState", "Enabled");
    put_pair(json, "Origin", "AWS_KMS");
    put_pair(json, "KeyManager", "CUSTOMER");
    put_pair(json, "CustomerMasterKeySpec", "SYMMETRIC_DEFAULT");
    put_pair(json, "KeySpec", "SYMMETRIC_DEFAULT");
    json_put_name(json, "EncryptionAlgorithms");
    json_put_array_open(json);
    json_put_text(json, "SYMMETRIC_DEFAULT");
    json_put_array_close(json);
    json_put_name(json, "MultiRegion");
    json_put_bool(json, false);
    json_put_object_close(json);
}

/* ---- operations ---- */

static status expect_text(struct kms_operation *operation, const char *name, const char *wanted)
{
    slice text = {0};
    if (!json_has_value(&operation->input, name)) return status_ok();
    TRY(kms_input_text(operation, name, 64, &text));
    if (slice_equal(text, slice_text(wanted))) return status_ok();
    builder_put_text(&operation->message, name);
    return kms_input_refuse(operation, "UnsupportedOperationException",
                            " has a value that is not supported");
}

/* KMS's default policy: the account's IAM decides. */
static void put_default_policy(const struct kms_operation *operation, struct builder *policy)
{
    builder_put_text(policy, "{\"Version\":\"2012-10-17\",\"Id\":\"key-default-1\",\"Statement\":[{"
                             "\"Sid\":\"Enable IAM User Permissions\",\"Effect\":\"Allow\","
                             "\"Principal\":{\"AWS\":\"arn:aws:iam::");
    builder_put_text(policy, operation->stand_in->settings.keys.account);
    builder_put_text(policy, ":root\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}]}");
}

/* The caller must be able to change the policy again, or the key would be lost. */
static status check_lockout(struct kms_operation *operation, slice policy, slice key_arn)
{
    struct kms_policy_call call = policy_call(operation, key_arn);
    bool is_bypassed = false;
    call.action = slice_text("kms:PutKeyPolicy");
    call.pair_count = 0;
    call.pcrs = NULL;
    if (json_has_value(&operation->input, "BypassPolicyLockoutSafetyCheck")) {
        const status read =
            json_read_bool(&operation->input, "BypassPolicyLockoutSafetyCheck", &is_bypassed);
        if (!status_is_ok(read)) return invalid(operation, "Bypass… must be true or false");
    }
    if (is_bypassed || status_is_ok(kms_policy_evaluate(policy, &call))) return status_ok();
    return kms_input_refuse(
        operation, "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.");
}

static status read_policy(struct kms_operation *operation, slice key_arn, slice *policy)
{
    TRY(kms_input_text(operation, "Policy", KMS_POLICY_SIZE_MAX, policy));
    const status checked = kms_policy_check(*policy);
    if (!status_is_ok(checked)) {
        return kms_input_refuse(operation, "MalformedPolicyDocumentException",
                                status_message(checked));
    }
    return check_lockout(operation, *policy, key_arn);
}

static status create_key(struct kms_operation *operation)
{
    struct builder policy_text;
    struct kms_key *key = NULL;
    slice description = {0}, policy = {0};
    TRY(expect_text(operation, "KeySpec", "SYMMETRIC_DEFAULT"));
    TRY(expect_text(operation, "KeyUsage", "ENCRYPT_DECRYPT"));
    TRY(expect_text(operation, "Origin", "AWS_KMS"));
    if (json_has_value(&operation->input, "Description") &&
        !status_is_ok(json_read_string(&operation->input, "Description", 0,
                                       KMS_KEYS_DESCRIPTION_SIZE_MAX, &description))) {
        return invalid(operation, "Description is too long for this stand-in");
    }
    builder_init_arena(&policy_text, operation->arena, TEXT_SIZE_MAX);
    put_default_policy(operation, &policy_text);
    policy = builder_view(&policy_text);
    if (json_has_value(&operation->input, "Policy")) {
        TRY(read_policy(operation, slice_text("*"), &policy));
    }
    const status made = kms_keys_create(&operation->stand_in->keys, description, policy,
                                        operation->now_ms / 1000, &key);
    if (status_is(made, FAILURE_OVER_LIMIT)) {
        return kms_input_refuse(operation, "LimitExceededException", status_message(made));
    }
    TRY(internal(operation, made));
    put_metadata(operation, key);
    return status_ok();
}

static status describe_key(struct kms_operation *operation)
{
    struct kms_key *key = NULL;
    TRY(read_key(operation, &key));
    TRY(check_policy(operation, key));
    put_metadata(operation, key);
    return status_ok();
}

static status expect_default_policy_name(struct kms_operation *operation)
{
    slice name = {0};
    if (!json_has_value(&operation->input, "PolicyName")) return status_ok();
    TRY(kms_input_text(operation, "PolicyName", 128, &name));
    if (slice_equal(name, slice_text("default"))) return status_ok();
    return kms_input_refuse(operation, "NotFoundException", "No such policy exists");
}

static status get_key_policy(struct kms_operation *operation)
{
    struct kms_key *key = NULL;
    TRY(read_key(operation, &key));
    TRY(check_policy(operation, key));
    TRY(expect_default_policy_name(operation));
    json_put_name(&operation->output, "Policy");
    json_put_string(&operation->output, slice_of(key->policy, key->policy_size));
    put_pair(&operation->output, "PolicyName", "default");
    return status_ok();
}

static status put_key_policy(struct kms_operation *operation)
{
    uint8_t memory[KMS_KEYS_ARN_SIZE_MAX];
    struct builder arn;
    struct kms_key *key = NULL;
    slice policy = {0};
    TRY(read_key(operation, &key));
    TRY(check_policy(operation, key));
    TRY(expect_default_policy_name(operation));
    builder_init(&arn, memory, sizeof memory);
    print_arn(operation, key, &arn);
    TRY(read_policy(operation, builder_view(&arn), &policy));
    return internal(operation, kms_keys_put_policy(&operation->stand_in->keys, key, policy));
}

static status read_data_key_size(struct kms_operation *operation, uint64_t *size)
{
    const bool has_size = json_has_value(&operation->input, "NumberOfBytes");
    slice spec = {0};
    if (has_size == json_has_value(&operation->input, "KeySpec")) {
        return invalid(operation, "Please specify either number of bytes or key spec.");
    }
    if (has_size) {
        const status read =
            json_read_u64(&operation->input, "NumberOfBytes", KMS_STAND_IN_RANDOM_SIZE_MAX, size);
        if (status_is_ok(read) && *size > 0) return status_ok();
        return invalid(operation, "NumberOfBytes must be 1 to 1024");
    }
    TRY(kms_input_text(operation, "KeySpec", 64, &spec));
    *size = slice_equal(spec, slice_text("AES_256")) ? 32 : 16;
    if (*size == 32 || slice_equal(spec, slice_text("AES_128"))) return status_ok();
    return invalid(operation, "KeySpec must be AES_256 or AES_128");
}

static status put_sealed(struct kms_operation *operation, const struct kms_key *key,
                         slice plaintext)
{
    struct builder blob;
    builder_init_arena(&blob, operation->arena, KMS_KEYS_BLOB_SIZE_MAX);
    TRY(internal(operation, kms_keys_seal(&operation->stand_in->keys, key, &operation->context,
                                          plaintext, &blob)));
    put_blob(operation, "CiphertextBlob", builder_view(&blob));
    return status_ok();
}

static status generate_data_key(struct kms_operation *operation)
{
    uint8_t plaintext[KMS_STAND_IN_RANDOM_SIZE_MAX];
    struct kms_key *key = NULL;
    uint64_t size = 0;
    TRY(read_data_key_size(operation, &size));
    TRY(read_key(operation, &key));
    TRY(check_policy(operation, key));
    TRY(internal(operation, random_read(plaintext, (size_t)size)));
    const slice made = slice_of(plaintext, (size_t)size);
    put_key_id(operation, key);
    status result = put_sealed(operation, key, made);
    if (status_is_ok(result)) result = put_plaintext(operation, made);
    secret_wipe(plaintext, sizeof plaintext);
    return result;
}

/* The key that sealed the blob; when the caller names one, it must be that. */
static status find_blob_key(struct kms_operation *operation, slice blob, struct kms_key **key)
{
    struct kms_key *named = NULL;
    const bool has_name = json_has_value(&operation->input, "KeyId");
    if (has_name) TRY(read_key(operation, &named));
    const status found = kms_keys_find_blob(&operation->stand_in->keys, blob, key);
    if (!status_is_ok(found)) return kms_input_refuse(operation, "InvalidCiphertextException", "");
    if (has_name && named != *key) {
        return kms_input_refuse(
            operation, "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this "
            "operation.");
    }
    return status_ok();
}

static status decrypt(struct kms_operation *operation)
{
    struct kms_key *key = NULL;
    struct builder plaintext;
    slice blob = {0};
    TRY(expect_text(operation, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT"));
    TRY(kms_input_blob(operation, "CiphertextBlob", KMS_STAND_IN_BLOB_SIZE_MAX, &blob));
    TRY(find_blob_key(operation, blob, &key));
    TRY(check_policy(operation, key));
    builder_init_arena(&plaintext, operation->arena, KMS_KEYS_BLOB_SIZE_MAX);
    const status opened =
        kms_keys_unseal(&operation->stand_in->keys, key, &operation->context, blob, &plaintext);
    if (!status_is_ok(opened)) return kms_input_refuse(operation, "InvalidCiphertextException", "");
    put_key_id(operation, key);
    put_pair(&operation->output, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
    return put_plaintext(operation, builder_view(&plaintext));
}

static status encrypt(struct kms_operation *operation)
{
    struct kms_key *key = NULL;
    slice plaintext = {0};
    TRY(expect_text(operation, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT"));
    TRY(kms_input_blob(operation, "Plaintext", KMS_KEYS_PLAINTEXT_SIZE_MAX, &plaintext));
    TRY(read_key(operation, &key));
    TRY(check_policy(operation, key));
    put_key_id(operation, key);
    put_pair(&operation->output, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
    return put_sealed(operation, key, plaintext);
}

static status generate_random(struct kms_operation *operation)
{
    uint8_t bytes[KMS_STAND_IN_RANDOM_SIZE_MAX];
    uint64_t size = 0;
    const status read =
        json_read_u64(&operation->input, "NumberOfBytes", KMS_STAND_IN_RANDOM_SIZE_MAX, &size);
    if (!status_is_ok(read) || size == 0) {
        return invalid(operation, "NumberOfBytes must be 1 to 1024");
    }
    TRY(internal(operation, random_read(bytes, (size_t)size)));
    const status result = put_plaintext(operation, slice_of(bytes, (size_t)size));
    secret_wipe(bytes, sizeof bytes);
    return result;
}

static const struct {
    const char *name, *action;
    bool takes_recipient;
    status (*run)(struct kms_operation *operation);
} table[] = {
    {"CreateKey", "kms:CreateKey", false, create_key},
    {"Decrypt", "kms:Decrypt", true, decrypt},
    {"DescribeKey", "kms:DescribeKey", false, describe_key},
    {"Encrypt", "kms:Encrypt", false, encrypt},
    {"GenerateDataKey", "kms:GenerateDataKey", true, generate_data_key},
    {"GenerateRandom", "kms:GenerateRandom", true, generate_random},
    {"GetKeyPolicy", "kms:GetKeyPolicy", false, get_key_policy},
    {"PutKeyPolicy", "kms:PutKeyPolicy", false, put_key_policy},
};

/* Documents are verified before the lock: that takes longest and concerns nobody else. */
static status run(struct kms_operation *operation, size_t index)
{
    operation->action = slice_text(table[index].action);
    if (table[index].takes_recipient) TRY(kms_input_recipient(operation));
    TRY(kms_input_context(operation));
    pthread_mutex_lock(&operation->stand_in->mutex);
    const status result = table[index].run(operation);
    pthread_mutex_unlock(&operation->stand_in->mutex);
    return result;
}

status kms_operations_run(struct kms_operation *operation)
{
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        if (!slice_equal(operation->name, slice_text(table[i].name))) continue;
        json_put_object_open(&operation->output);
        TRY(run(operation, i));
        json_put_object_close(&operation->output);
        return status_ok();
    }
    return kms_input_refuse(operation, "UnknownOperationException", "");
}
