#include "aws/kms.h"

#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "runner.h"

static const char key_arn[] =
    "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

static struct kms_call example_call(void)
{
    struct kms_call call = {.host = slice_text("kms.us-east-1.amazonaws.com"),
                            .key_arn = slice_text(key_arn),
                            .document = slice_text("document")};
    call.context.pairs[0] = (struct kms_context_pair){slice_text("enw:env"), slice_text("prod")};
    call.context.pairs[1] = (struct kms_context_pair){slice_text("a\"b"), slice_text("c\\d")};
    call.context.count = 2;
    return call;
}

static void expect_request(const struct http_request *request, const char *target, const char *body)
{
    slice value = {0};
    expect_text("method", request->method, "POST");
    expect_text("target", request->target, "/");
    expect_ok("host", http_headers_read(&request->headers, "host", &value));
    expect_text("host", value, "kms.us-east-1.amazonaws.com");
    expect_ok("type", http_headers_read(&request->headers, "content-type", &value));
    expect_text("type", value, "application/x-amz-json-1.1");
    expect_ok("operation", http_headers_read(&request->headers, "x-amz-target", &value));
    expect_text("operation", value, target);
    expect_text("body", request->body, body);
}

/* The members are those of the API reference; the order and spacing are ours. */
static void requests(void)
{
    uint8_t memory[4096];
    struct builder builder;
    struct http_request request;
    const struct kms_call call = example_call();
    builder_init(&builder, memory, sizeof memory);
    builder_put_text(&builder, "something before");
    expect_ok("generate", kms_generate_data_key_build(&call, &builder, &request));
    expect_request(
        &request, "TrentService.GenerateDataKey",
        "{\"KeySpec\":\"AES_256\",\"KeyId\":\"arn:aws:kms:us-east-1:111122223333:key/"
        "1234abcd-12ab-34cd-56ef-1234567890ab\",\"EncryptionContext\":{\"enw:env\":\"prod\","
        "\"a\\\"b\":\"c\\\\d\"},\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
        "\"AttestationDocument\":\"ZG9jdW1lbnQ=\"}}");
    expect_ok("decrypt", kms_decrypt_build(&call, slice_text("blob"), &builder, &request));
    expect_request(
        &request, "TrentService.Decrypt",
        "{\"CiphertextBlob\":\"YmxvYg==\",\"KeyId\":\"arn:aws:kms:us-east-1:111122223333:key/"
        "1234abcd-12ab-34cd-56ef-1234567890ab\",\"EncryptionContext\":{\"enw:env\":\"prod\","
        "\"a\\\"b\":\"c\\\\d\"},\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
        "\"AttestationDocument\":\"ZG9jdW1lbnQ=\"}}");
}

static uint8_t large[KMS_DOCUMENT_SIZE_MAX + 1];

static void no_context(struct kms_call *call)
{
    call->context.count = 0;
}
static void no_host(struct kms_call *call)
{
    call->host = slice_text("");
}
static void no_document(struct kms_call *call)
{
    call->document = slice_text("");
}
static void largest_document(struct kms_call *call)
{
    call->document = slice_of(large, KMS_DOCUMENT_SIZE_MAX);
}
static void document_too_large(struct kms_call *call)
{
    call->document = slice_of(large, KMS_DOCUMENT_SIZE_MAX + 1);
}
static void alias(struct kms_call *call)
{
    call->key_arn = slice_text("alias/wallet");
}
static void full_context(struct kms_call *call)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (size_t i = 0; i < KMS_CONTEXT_COUNT_MAX; i++) {
        call->context.pairs[i] = (struct kms_context_pair){
            slice_text(names[i]), slice_of(large, KMS_CONTEXT_TEXT_SIZE_MAX)};
    }
    call->context.count = KMS_CONTEXT_COUNT_MAX;
}
static void context_over_full(struct kms_call *call)
{
    full_context(call);
    call->context.count = KMS_CONTEXT_COUNT_MAX + 1;
}
static void context_value_too_long(struct kms_call *call)
{
    call->context.pairs[1].value = slice_of(large, KMS_CONTEXT_TEXT_SIZE_MAX + 1);
}
static void context_name_too_long(struct kms_call *call)
{
    call->context.pairs[1].name = slice_of(large, KMS_CONTEXT_TEXT_SIZE_MAX + 1);
}
static void context_name_twice(struct kms_call *call)
{
    call->context.pairs[1].name = slice_text("enw:env");
}
static void context_name_empty(struct kms_call *call)
{
    call->context.pairs[1].name = slice_text("");
}
static void context_value_empty(struct kms_call *call)
{
    call->context.pairs[1].value = slice_text("");
}
static void context_with_a_line_break(struct kms_call *call)
{
    call->context.pairs[1].value = slice_text("a\nb");
}
static void context_above_ascii(struct kms_call *call)
{
    call->context.pairs[1].value = slice_text("\xc3\xa9");
}

static const struct {
    const char *name;
    void (*change)(struct kms_call *call);
    const char *refusal;
} call_rows[] = {
    {"no context", no_context, NULL},
    {"largest document", largest_document, NULL},
    {"full context", full_context, NULL},
    {"no host", no_host, "kms: host is not a name"},
    {"alias", alias, "kms: key must be a full key ARN"},
    {"no document", no_document, "kms: attestation document is empty"},
    {"document too large", document_too_large, "kms: attestation document is too long"},
    {"context over full", context_over_full, "kms: encryption context has too many pairs"},
    {"context value too long", context_value_too_long, "kms: encryption context is too long"},
    {"context name too long", context_name_too_long, "kms: encryption context is too long"},
    {"context name twice", context_name_twice, "kms: encryption context has a name twice"},
    {"context name empty", context_name_empty,
     "kms: encryption context must be printable ASCII and not empty"},
    {"context value empty", context_value_empty,
     "kms: encryption context must be printable ASCII and not empty"},
    {"context with a line break", context_with_a_line_break,
     "kms: encryption context must be printable ASCII and not empty"},
    {"context above ASCII", context_above_ascii,
     "kms: encryption context must be printable ASCII and not empty"},
};

static void calls(void)
{
    static uint8_t memory[KMS_BODY_SIZE_MAX];
    memset(large, 'x', sizeof large);
    for (size_t i = 0; i < ARRAY_COUNT(call_rows); i++) {
        struct builder builder;
        struct http_request request;
        struct kms_call call = example_call();
        runner_row(call_rows[i].name);
        call_rows[i].change(&call);
        builder_init(&builder, memory, sizeof memory);
        expect_outcome("generate", kms_generate_data_key_build(&call, &builder, &request),
                       call_rows[i].refusal);
        builder_init(&builder, memory, sizeof memory);
        expect_outcome(
            "decrypt",
            kms_decrypt_build(&call, slice_of(large, KMS_CIPHERTEXT_SIZE_MAX), &builder, &request),
            call_rows[i].refusal);
    }
}

static void ciphertext_limits(void)
{
    static uint8_t memory[KMS_BODY_SIZE_MAX];
    struct builder builder;
    struct http_request request;
    const struct kms_call call = example_call();
    builder_init(&builder, memory, sizeof memory);
    expect_refused("empty", kms_decrypt_build(&call, slice_text(""), &builder, &request),
                   "kms: ciphertext is empty");
    expect_refused(
        "too long",
        kms_decrypt_build(&call, slice_of(large, KMS_CIPHERTEXT_SIZE_MAX + 1), &builder, &request),
        "kms: ciphertext is too long");
    builder_init(&builder, memory, 64);
    expect_refused("no room", kms_decrypt_build(&call, slice_text("a"), &builder, &request),
                   "builder: result does not fit");
}

static void key_arns(void)
{
    static const struct {
        const char *text;
        bool is_arn;
    } rows[] = {
        {"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", true},
        {"arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234", true},
        {"arn:aws:kms:us-east-1:111122223333:alias/wallet", false},
        {"arn:aws:kms:us-east-1:111122223333:key/", false},
        {"arn:aws:kms:us-east-1:111122223333:key/a/b", false},
        {"arn:aws:kms:us-east-1:111122223333:key/a:b", false},
        {"arn:aws:kms:us-east-1:111122223333:key/a b", false},
        {"arn:aws:kms:us-east-1:111122223333:key/a:", false},
        {"arn:aws:kms:us-east-1:111122223333:key/a::", false},
        {"arn:aws:kms:us-east-1:111122223333:", false},
        {"arn:aws:kms:us-east-1:111122223333", false},
        {"arn:aws:kms:us-east-1:11112222333a:key/a", false},
        {"arn:aws:kms:us-east-1::key/a", false},
        {"arn:aws:kms::1:key/a", false},
        {"arn::kms:us-east-1:1:key/a", false},
        {"arn:aws:s3:us-east-1:1:key/a", false},
        {"ARN:aws:kms:us-east-1:1:key/a", false},
        {"1234abcd-12ab-34cd-56ef-1234567890ab", false},
        {"", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].text);
        expect_true("is one", kms_is_key_arn(slice_text(rows[i].text)) == rows[i].is_arn);
    }
    runner_row(NULL);
    uint8_t text[KMS_KEY_ARN_SIZE_MAX + 1];
    memset(text, 'a', sizeof text);
    memcpy(text, "arn:aws:kms:a:1:key/", 20);
    expect_true("longest", kms_is_key_arn(slice_of(text, KMS_KEY_ARN_SIZE_MAX)));
    expect_true("one more", !kms_is_key_arn(slice_of(text, KMS_KEY_ARN_SIZE_MAX + 1)));
}

/* The reply's members after the API reference; `refusal` is GenerateDataKey's, then Decrypt's. */
static const struct {
    const char *name;
    uint16_t code;
    const char *body, *generate_refusal, *decrypt_refusal;
} reply_rows[] = {
    {"all", 200,
     "{\"CiphertextBlob\":\"YmxvYg==\",\"CiphertextForRecipient\":\"ZW52\",\"KeyId\":\"arn\","
     "\"KeyMaterialId\":\"00\",\"Created\":1.7E9}",
     NULL, NULL},
    {"plaintext null", 200,
     "{\"CiphertextBlob\":\"YmxvYg==\",\"CiphertextForRecipient\":\"ZW52\",\"KeyId\":\"arn\","
     "\"Plaintext\":null}",
     NULL, NULL},
    {"plaintext empty", 200,
     "{\"CiphertextBlob\":\"YmxvYg==\",\"CiphertextForRecipient\":\"ZW52\",\"KeyId\":\"arn\","
     "\"Plaintext\":\"\"}",
     NULL, NULL},
    {"plaintext", 200,
     "{\"CiphertextBlob\":\"YmxvYg==\",\"CiphertextForRecipient\":\"ZW52\",\"KeyId\":\"arn\","
     "\"Plaintext\":\"AA==\"}",
     "kms: reply has a plaintext", "kms: reply has a plaintext"},
    {"plaintext of another type", 200,
     "{\"CiphertextBlob\":\"YmxvYg==\",\"CiphertextForRecipient\":\"ZW52\",\"KeyId\":\"arn\","
     "\"Plaintext\":[1]}",
     "kms: reply has a plaintext", "kms: reply has a plaintext"},
    {"no blob", 200, "{\"CiphertextForRecipient\":\"ZW52\",\"KeyId\":\"arn\"}",
     "kms: reply is not as the service writes it", NULL},
    {"no envelope", 200, "{\"CiphertextBlob\":\"YmxvYg==\",\"KeyId\":\"arn\"}",
     "kms: reply is not as the service writes it", "kms: reply is not as the service writes it"},
    {"empty envelope", 200,
     "{\"CiphertextBlob\":\"YmxvYg==\",\"CiphertextForRecipient\":\"\",\"KeyId\":\"arn\"}",
     "kms: reply is not as the service writes it", "kms: reply is not as the service writes it"},
    {"no key", 200, "{\"CiphertextBlob\":\"YmxvYg==\",\"CiphertextForRecipient\":\"ZW52\"}",
     "kms: reply is not as the service writes it", "kms: reply is not as the service writes it"},
    {"not base64", 200,
     "{\"CiphertextBlob\":\"YmxvYg==\",\"CiphertextForRecipient\":\"ZW5\",\"KeyId\":\"arn\"}",
     "kms: reply is not as the service writes it", "kms: reply is not as the service writes it"},
    {"not JSON", 200, "<html>", "kms: reply is not as the service writes it",
     "kms: reply is not as the service writes it"},
    {"array", 200, "[]", "kms: reply is not as the service writes it",
     "kms: reply is not as the service writes it"},
    {"empty", 200, "", "kms: reply is not as the service writes it",
     "kms: reply is not as the service writes it"},
    {"denied", 400, "{\"__type\":\"AccessDeniedException\",\"Message\":\"not authorized\"}",
     "aws: IAM or the key's policy denies this call",
     "aws: IAM or the key's policy denies this call"},
    {"another success", 201, "{\"CiphertextForRecipient\":\"ZW52\",\"KeyId\":\"arn\"}",
     "aws: the service refuses the call", "aws: the service refuses the call"},
};

static void replies(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(reply_rows); i++) {
        uint8_t memory[256];
        struct builder builder;
        struct kms_reply reply = {0};
        const struct http_response response = {.code = reply_rows[i].code,
                                               .body = slice_text(reply_rows[i].body)};
        runner_row(reply_rows[i].name);
        builder_init(&builder, memory, sizeof memory);
        status got = kms_generate_data_key_read(&response, &builder, &reply);
        expect_outcome("generate", got, reply_rows[i].generate_refusal);
        if (status_is_ok(got)) {
            expect_text("key", reply.key_arn, "arn");
            expect_text("blob", reply.ciphertext, "blob");
            expect_text("envelope", reply.envelope, "env");
        }
        reply = (struct kms_reply){0};
        got = kms_decrypt_read(&response, &builder, &reply);
        expect_outcome("decrypt", got, reply_rows[i].decrypt_refusal);
        if (status_is_ok(got)) {
            expect_text("key", reply.key_arn, "arn");
            expect_u64("no blob", reply.ciphertext.size, 0);
            expect_text("envelope", reply.envelope, "env");
        }
    }
}

/* Builds a reply whose parts have the given sizes, and reads it. */
static status read_sizes(size_t blob_size, size_t envelope_size, size_t filler_size)
{
    static uint8_t text[2 * KMS_RESPONSE_SIZE_MAX], memory[KMS_REPLY_MEMORY_SIZE_MAX];
    static uint8_t zeros[KMS_RESPONSE_SIZE_MAX];
    struct builder builder;
    struct kms_reply reply = {0};
    struct http_response response = {.code = 200};
    builder_init(&builder, text, sizeof text);
    json_put_object_open(&builder);
    json_put_name(&builder, "KeyId");
    json_put_text(&builder, key_arn);
    json_put_name(&builder, "CiphertextBlob");
    json_put_base64(&builder, slice_of(zeros, blob_size));
    json_put_name(&builder, "CiphertextForRecipient");
    json_put_base64(&builder, slice_of(zeros, envelope_size));
    json_put_object_close(&builder);
    while (builder.size < filler_size) builder_put_text(&builder, " ");
    TRY(builder_finish(&builder, &response.body));
    builder_init(&builder, memory, sizeof memory);
    return kms_generate_data_key_read(&response, &builder, &reply);
}

static void reply_limits(void)
{
    expect_ok("largest", read_sizes(KMS_CIPHERTEXT_SIZE_MAX, KMS_ENVELOPE_SIZE_MAX, 0));
    expect_refused("blob", read_sizes(KMS_CIPHERTEXT_SIZE_MAX + 3, 1, 0),
                   "kms: reply is not as the service writes it");
    expect_refused("envelope", read_sizes(1, KMS_ENVELOPE_SIZE_MAX + 3, 0),
                   "kms: reply is not as the service writes it");
    expect_ok("longest body", read_sizes(1, 1, KMS_RESPONSE_SIZE_MAX));
    expect_refused("body", read_sizes(1, 1, KMS_RESPONSE_SIZE_MAX + 1), "kms: reply is too long");
}

static void reply_memory(void)
{
    uint8_t memory[8];
    struct builder builder;
    struct kms_reply reply = {0};
    const struct http_response response = {.code = 200, .body = slice_text(reply_rows[0].body)};
    for (size_t room = 0; room < sizeof memory; room++) {
        runner_row_at("room", room);
        builder_init(&builder, memory, room);
        expect_kind("no room", kms_generate_data_key_read(&response, &builder, &reply),
                    FAILURE_OVER_LIMIT);
        expect_true("untouched", reply.key_arn.bytes == NULL);
    }
}

static void another_key(void)
{
    const struct kms_reply reply = {.key_arn = slice_text(key_arn)};
    expect_ok("same", kms_reply_check(&reply, slice_text(key_arn)));
    expect_refused("another", kms_reply_check(&reply, slice_text("arn:aws:kms:a:1:key/b")),
                   "kms: reply is about another key");
    expect_refused("a part of it", kms_reply_check(&reply, slice_part(slice_text(key_arn), 0, 40)),
                   "kms: reply is about another key");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"requests", requests},
        {"calls", calls},
        {"ciphertext limits", ciphertext_limits},
        {"key arns", key_arns},
        {"replies", replies},
        {"reply limits", reply_limits},
        {"reply memory", reply_memory},
        {"another key", another_key},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
