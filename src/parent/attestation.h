/*
 * attestation: the enclave's proof of what it runs, for clients to verify.
 *
 * The document is handed on as it is. The fields beside it are decoded from it for people's
 * convenience and prove nothing: who relies on them verifies the document (docs/API.md says how).
 */
#ifndef PARENT_ATTESTATION_H
#define PARENT_ATTESTATION_H

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "eth/address.h"
#include "parent/request.h"
#include "proto/account_id.h"

enum request_next attestation_handle(struct request *request);

/*
 * Appends the fields of a document as the members of an object that is open: moduleId, digest,
 * timestamp, pcrs, userData (decoded) and nonce. CORRUPT when it is no attestation document.
 */
MUST_CHECK status attestation_put_fields(slice document, struct builder *json);

/* What a proof of origin binds. */
struct attestation_origin {
    account_id id;
    eth_address address;
    hash32 record_hash;
};

/* Reads it from the user data of a document. CORRUPT when that is no proof of origin. */
MUST_CHECK status attestation_read_origin(slice document, struct attestation_origin *origin);

#endif
