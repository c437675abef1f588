/*
 * kms: replies of any shape, and errors, are refused or read; a plaintext is never accepted.
 */
#include <assert.h>
#include <string.h>

#include "aws/error.h"
#include "aws/imds.h"
#include "aws/kms.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t memory[KMS_REPLY_MEMORY_SIZE_MAX];
    struct http_response response = {.code = 200, .body = slice_of(bytes, size)};
    struct kms_reply reply;
    struct builder builder;
    struct aws_error error;
    http_headers_init(&response.headers);
    builder_init(&builder, memory, sizeof memory);
    if (status_is_ok(kms_generate_data_key_read(&response, &builder, &reply))) {
        assert(reply.key_arn.size > 0 && reply.envelope.size > 0 && reply.ciphertext.size > 0);
    }
    builder_init(&builder, memory, sizeof memory);
    if (status_is_ok(kms_decrypt_read(&response, &builder, &reply))) {
        assert(reply.key_arn.size > 0 && reply.envelope.size > 0);
    }
    response.code = 400;
    aws_error_read(&response, &error);
    const status refused = aws_error_status(&error);
    assert(!status_is_ok(refused));
    return 0;
}
