/*
 * endpoint: what is accepted is printed as text that reads as the same endpoint.
 */
#include <assert.h>
#include <string.h>

#include "net/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char text[ENDPOINT_TEXT_SIZE_MAX];
    endpoint first = {0}, second = {0};
    struct builder builder;
    if (!status_is_ok(endpoint_parse(slice_of(bytes, size), &first))) return 0;
    builder_init(&builder, text, sizeof text);
    endpoint_print(&first, &builder);
    assert(!builder.is_over);
    const status again = endpoint_parse(builder_view(&builder), &second);
    assert(status_is_ok(again) && first.kind == second.kind && first.port == second.port);
    assert(first.cid == second.cid && strcmp(first.path, second.path) == 0);
    assert(strcmp(first.host, second.host) == 0);
    return 0;
}
