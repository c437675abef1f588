#include "aws/kms.h"

#include <stdalign.h>
#include <stddef.h>

#include "aws/error.h"
#include "base/base64.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/text.h"

enum { TOKENS_SIZE_MAX = 8192 }; /* memory for 400 values and names of a document */

static bool is_printable_byte(uint8_t byte)
{
    return text_is_visible(byte) || byte == ' ';
}

static bool is_printable(slice text)
{
    return text.size > 0 && text_is_made_of(text, is_printable_byte);
}

static bool is_arn_part(slice text)
{
    return text.size > 0 && text_is_alphanumeric_or(text, "-");
}

static bool is_account(slice text)
{
    return text.size > 0 && text_is_made_of(text, text_is_digit);
}

bool kms_is_key_arn(slice text)
{
    static const slice start = SLICE_LITERAL("key/");
    slice parts[5] = {{0}};
    if (text.size > KMS_KEY_ARN_SIZE_MAX) return false;
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        const size_t end = slice_index_of(text, ':');
        parts[i] = slice_part(text, 0, end);
        text = slice_part(text, end + 1, text.size);
    }
    /* What is left is the sixth part, to the end of the text: a colon in it is refused with it. */
    return slice_equal(parts[0], slice_text("arn")) && is_arn_part(parts[1]) &&
           slice_equal(parts[2], slice_text("kms")) && is_arn_part(parts[3]) &&
           is_account(parts[4]) && slice_has_start(text, start) &&
           is_arn_part(slice_part(text, start.size, text.size));
}

static status check_context(const struct kms_context *context)
{
    REQUIRE(context->count <= KMS_CONTEXT_COUNT_MAX, OVER_LIMIT,
            "kms: encryption context has too many pairs");
    for (size_t i = 0; i < context->count; i++) {
        const struct kms_context_pair *pair = &context->pairs[i];
        REQUIRE(is_printable(pair->name) && is_printable(pair->value), BAD_INPUT,
                "kms: encryption context must be printable ASCII and not empty");
        REQUIRE(pair->name.size <= KMS_CONTEXT_TEXT_SIZE_MAX &&
                    pair->value.size <= KMS_CONTEXT_TEXT_SIZE_MAX,
                OVER_LIMIT, "kms: encryption context is too long");
        for (size_t j = 0; j < i; j++) {
            REQUIRE(!slice_equal(context->pairs[j].name, pair->name), BAD_INPUT,
                    "kms: encryption context has a name twice");
        }
    }
    return status_ok();
}

static status check_call(const struct kms_call *call)
{
    REQUIRE(is_printable(call->host), BAD_INPUT, "kms: host is not a name");
    REQUIRE(kms_is_key_arn(call->key_arn), BAD_INPUT, "kms: key must be a full key ARN");
    REQUIRE(call->document.size > 0, BAD_INPUT, "kms: attestation document is empty");
    REQUIRE(call->document.size <= KMS_DOCUMENT_SIZE_MAX, OVER_LIMIT,
            "kms: attestation document is too long");
    return check_context(&call->context);
}

/* Ends the body, which has its own part open, with what every operation has. */
static void put_common(struct json_writer *body, const struct kms_call *call)
{
    json_write_name(body, "KeyId");
    json_write_string(body, call->key_arn);
    json_write_name(body, "EncryptionContext");
    json_write_object_open(body);
    for (size_t i = 0; i < call->context.count; i++) {
        json_write_name_of(body, call->context.pairs[i].name);
        json_write_string(body, call->context.pairs[i].value);
    }
    json_write_object_close(body);
    json_write_name(body, "Recipient");
    json_write_object_open(body);
    json_write_name(body, "KeyEncryptionAlgorithm");
    json_write_text(body, "RSAES_OAEP_SHA_256");
    json_write_name(body, "AttestationDocument");
    json_write_base64(body, call->document);
    json_write_object_close(body);
    json_write_object_close(body);
}

static status finish_request(const char *target, const struct kms_call *call, slice body,
                             struct http_request *request)
{
    struct http_request built = {
        .method = slice_text("POST"), .target = slice_text("/"), .body = body};
    TRY(http_headers_add(&built.headers, slice_text("Host"), call->host));
    TRY(http_headers_add(&built.headers, slice_text("Content-Type"),
                         slice_text("application/x-amz-json-1.1")));
    TRY(http_headers_add(&built.headers, slice_text("X-Amz-Target"), slice_text(target)));
    *request = built;
    return status_ok();
}

status kms_generate_data_key_build(const struct kms_call *call, struct builder *memory,
                                   struct http_request *request)
{
    struct json_writer writer;
    slice body = {0};
    TRY(check_call(call));
    json_write_init(&writer, memory);
    json_write_object_open(&writer);
    json_write_name(&writer, "KeySpec");
    json_write_text(&writer, "AES_256");
    put_common(&writer, call);
    TRY(json_write_finish(&writer, &body));
    return finish_request("TrentService.GenerateDataKey", call, body, request);
}

status kms_decrypt_build(const struct kms_call *call, slice ciphertext, struct builder *memory,
                         struct http_request *request)
{
    struct json_writer writer;
    slice body = {0};
    TRY(check_call(call));
    REQUIRE(ciphertext.size > 0, BAD_INPUT, "kms: ciphertext is empty");
    REQUIRE(ciphertext.size <= KMS_CIPHERTEXT_SIZE_MAX, OVER_LIMIT, "kms: ciphertext is too long");
    json_write_init(&writer, memory);
    json_write_object_open(&writer);
    json_write_name(&writer, "CiphertextBlob");
    json_write_base64(&writer, ciphertext);
    put_common(&writer, call);
    TRY(json_write_finish(&writer, &body));
    return finish_request("TrentService.Decrypt", call, body, request);
}

static size_t base64_size(size_t size)
{
    return (size + 2) / 3 * 4;
}

static status read_bytes(const json_value *object, const char *name, size_t size_max,
                         struct builder *memory, slice *bytes)
{
    const size_t start = builder_mark(memory);
    slice text = {0};
    TRY(json_read_string(object, name, 1, base64_size(size_max), &text));
    TRY(base64_put_decoded(memory, text));
    return builder_finish_since(memory, start, bytes);
}

/* An answer that anybody on the way could read is worse than none: the data key must be replaced. */
static status check_no_plaintext(const json_value *object)
{
    slice text = {0};
    if (!json_has_value(object, "Plaintext")) return status_ok();
    const status read = json_read_string(object, "Plaintext", 0, 0, &text);
    REQUIRE(status_is_ok(read), CORRUPT, "kms: reply has a plaintext");
    return status_ok();
}

static status read_object(const json_value *object, bool has_ciphertext, struct builder *memory,
                          struct kms_reply *reply)
{
    const size_t start = builder_mark(memory);
    slice key_arn = {0};
    TRY(check_no_plaintext(object));
    TRY(json_read_string(object, "KeyId", 1, KMS_KEY_ARN_SIZE_MAX, &key_arn));
    builder_put(memory, key_arn);
    TRY(builder_finish_since(memory, start, &reply->key_arn));
    if (has_ciphertext) {
        TRY(read_bytes(object, "CiphertextBlob", KMS_CIPHERTEXT_SIZE_MAX, memory,
                       &reply->ciphertext));
    }
    return read_bytes(object, "CiphertextForRecipient", KMS_ENVELOPE_SIZE_MAX, memory,
                      &reply->envelope);
}

static status read_body(slice body, bool has_ciphertext, struct builder *memory,
                        struct kms_reply *reply)
{
    SCOPED(json_close) struct json document = {0};
    alignas(max_align_t) uint8_t space[KMS_RESPONSE_SIZE_MAX + TOKENS_SIZE_MAX];
    struct arena arena;
    json_value object = {0};
    arena_init(&arena, space, sizeof space);
    REQUIRE(body.size <= KMS_RESPONSE_SIZE_MAX, CORRUPT, "kms: reply is too long");
    TRY(json_open(body, &arena, &document));
    TRY(json_top_object(&document, &object));
    return read_object(&object, has_ciphertext, memory, reply);
}

static status read_response(const struct http_response *response, bool has_ciphertext,
                            struct builder *memory, struct kms_reply *reply)
{
    struct kms_reply read = {0};
    if (response->code != 200) {
        struct aws_error error;
        aws_error_read(response, &error);
        return aws_error_status(&error);
    }
    const status result = read_body(response->body, has_ciphertext, memory, &read);
    /* What the JSON reader calls bad input did not come from our caller. */
    REQUIRE(!status_is(result, FAILURE_BAD_INPUT), CORRUPT,
            "kms: reply is not as the service writes it");
    TRY(result);
    *reply = read;
    return status_ok();
}

status kms_generate_data_key_read(const struct http_response *response, struct builder *memory,
                                  struct kms_reply *reply)
{
    return read_response(response, true, memory, reply);
}

status kms_decrypt_read(const struct http_response *response, struct builder *memory,
                        struct kms_reply *reply)
{
    return read_response(response, false, memory, reply);
}

status kms_reply_check(const struct kms_reply *reply, slice key_arn)
{
    REQUIRE(slice_equal(reply->key_arn, key_arn), CORRUPT, "kms: reply is about another key");
    return status_ok();
}
