/*
 * attestation: a document is split within its bytes, or refused; nothing is verified against a root
 * that is not its own.
 */
#include <assert.h>

#include "nsm/attestation.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct attestation document;
    if (!status_is_ok(attestation_read(slice_of(bytes, size), &document))) return 0;
    assert(document.certificate.size <= ATTESTATION_CERTIFICATE_SIZE_MAX);
    assert(document.bundle_count <= ATTESTATION_BUNDLE_COUNT_MAX);
    const struct attestation_rules rules = {
        .root = slice_text("no certificate"), .is_archived = true, .allows_debug = true};
    const status verified = attestation_verify(&document, &rules);
    assert(!status_is_ok(verified));
    return 0;
}
