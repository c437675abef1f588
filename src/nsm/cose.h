/*
 * cose: COSE_Sign1 with ES384, the envelope of an attestation document.
 *
 * The message is an array of four: protected header (a byte string that holds exactly
 * {1: -35}), unprotected header (an empty map: nothing would vouch for what it says), payload,
 * signature. The tag 18 in front is accepted and not required. The signature covers the protected header and the
 * payload exactly as received; nothing is ever encoded again.
 *
 * Specification: RFC 9052, section 4; RFC 9053, section 2.1.
 */
#ifndef NSM_COSE_H
#define NSM_COSE_H

#include <stdbool.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/es384.h"

enum {
    COSE_PAYLOAD_SIZE_MAX = 16384, /* bytes; the largest real document has 7.5 KB */
};

/* Views of the message's parts. */
struct cose_sign1 {
    slice protected_header;
    slice payload;
    es384_signature signature;
};

/* BAD_INPUT unless the bytes are one such message and nothing else. */
MUST_CHECK status cose_read(slice bytes, struct cose_sign1 *message);

/*
 * Delivers the payload of a message of any algorithm whose signature nobody will look at, because
 * the message came straight from a party that is trusted anyway.
 */
MUST_CHECK status cose_read_payload(slice bytes, slice *payload);

/* DENIED unless the signature is the key's over this header and payload. */
MUST_CHECK status cose_verify(const struct cose_sign1 *message, const es384_public_key *public_key);

/* Signs the payload and appends the message, tagged or not. */
MUST_CHECK status cose_write(slice payload, const struct es384_key *key, bool is_tagged,
                             struct builder *builder);

#endif
