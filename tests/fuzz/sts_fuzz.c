/*
 * sts: what the Security Token Service answers is refused, or is credentials that fit a header line;
 * XML's texts never grow, and lie where they were written.
 */
#include <assert.h>

#include "aws/sts.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect_visible(slice text)
{
    for (size_t i = 0; i < text.size; i++) assert(text.bytes[i] > ' ' && text.bytes[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct aws_credentials credentials;
    static uint8_t memory[STS_RESPONSE_SIZE_MAX];
    struct builder builder;
    struct xml_field field = {.path = "A/B"};
    struct http_response response = {.code = 200, .body = slice_of(bytes, size)};
    builder_init(&builder, memory, sizeof memory);
    if (status_is_ok(sts_web_identity_read(&response, &builder, &credentials))) {
        expect_visible(aws_credentials_id(&credentials));
        assert(credentials.access_key_id_size > 0 && credentials.session_token.size > 0);
        aws_credentials_wipe(&credentials);
    }
    assert(!builder.is_over && builder.size <= size);
    response.code = 400;
    builder_init(&builder, memory, sizeof memory);
    assert(!status_is_ok(sts_web_identity_read(&response, &builder, &credentials)));
    builder_init(&builder, memory, sizeof memory);
    if (status_is_ok(xml_read(response.body, &field, 1, &builder)) && field.text.size > 0) {
        assert(field.is_found && field.text.bytes == memory && field.text.size == builder.size);
    }
    return 0;
}
