/*
 * nsm: requests and responses are refused or written back as something that reads the same.
 */
#include <assert.h>

#include "nsm/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t memory[NSM_RESPONSE_SIZE_MAX + NSM_REQUEST_SIZE_MAX];
    struct nsm_request request, request_again;
    struct nsm_response response, response_again;
    struct builder builder;
    if (status_is_ok(nsm_request_read(slice_of(bytes, size), &request))) {
        builder_init(&builder, memory, sizeof memory);
        nsm_request_write(&request, &builder);
        const status read = nsm_request_read(builder_view(&builder), &request_again);
        assert(status_is_ok(read) && request_again.call == request.call);
    }
    if (status_is_ok(nsm_response_read(slice_of(bytes, size), &response))) {
        builder_init(&builder, memory, sizeof memory);
        nsm_response_write(&response, &builder);
        const status read = nsm_response_read(builder_view(&builder), &response_again);
        assert(status_is_ok(read) && response_again.call == response.call);
        assert(response_again.error == response.error);
    }
    return 0;
}
