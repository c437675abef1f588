/*
 * imds: what the metadata service answers is refused, or fit for a header line and a path.
 */
#include <assert.h>

#include "aws/imds.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect_visible(slice text, size_t size_max)
{
    assert(text.size > 0 && text.size <= size_max);
    for (size_t i = 0; i < text.size; i++) assert(text.bytes[i] > ' ' && text.bytes[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct secret_text token;
    uint8_t memory[IMDS_MEMORY_SIZE_MAX];
    struct builder builder;
    struct http_request request;
    const struct http_response response = {.code = 200, .body = slice_of(bytes, size)};
    slice role = {0}, region = {0};
    if (status_is_ok(imds_token_read(&response, &token))) {
        expect_visible(secret_expose_text(&token), IMDS_TOKEN_SIZE_MAX);
        assert(status_is_ok(imds_role_build(slice_text("h"), &token, &request)));
        if (status_is_ok(imds_role_read(&response, &role))) {
            expect_visible(role, IMDS_ROLE_SIZE_MAX);
            builder_init(&builder, memory, sizeof memory);
            assert(status_is_ok(
                imds_credentials_build(slice_text("h"), &token, role, &builder, &request)));
        }
    }
    if (status_is_ok(imds_region_read(&response, &region))) {
        expect_visible(region, IMDS_REGION_SIZE_MAX);
    }
    return 0;
}
