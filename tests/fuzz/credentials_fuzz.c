/*
 * credentials: the metadata service's JSON is refused or read whole.
 */
#include <assert.h>

#include "aws/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    SCOPED(aws_credentials_wipe) struct aws_credentials credentials = {0};
    if (!status_is_ok(aws_credentials_read(slice_of(bytes, size), &credentials))) return 0;
    assert(credentials.access_key_id_size > 0 && credentials.secret.size > 0);
    return 0;
}
