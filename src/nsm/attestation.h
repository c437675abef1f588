/*
 * attestation: the document in which AWS Nitro hardware states what runs in an enclave.
 *
 * It is a COSE_Sign1 message (nsm/cose.h) around a CBOR map: the module's id, the time, the PCRs
 * (nsm/pcr.h), up to three fields that the enclave chose (public key, user data, nonce), the
 * certificate of the key that signed, and the chain from that certificate up to AWS's root.
 *
 * How to verify one:
 *
 *     struct attestation document;
 *     struct attestation_rules rules = {.root = aws_root_der, .now_ms = now_ms,
 *                                       .max_age_s = 300, .nonce = nsm_optional_of(my_nonce)};
 *     TRY(pcr_parse(slice_text("0=2d15…"), &rules.pcrs));
 *     TRY(attestation_read(bytes, &document));
 *     TRY(attestation_verify(&document, &rules));
 *     // now document.public_key and document.user_data are the enclave's own words
 *
 * attestation_read checks form only: nothing it delivers is to be believed before
 * attestation_verify has succeeded. What is not asked for in the rules is not checked, except that
 * the chain, the time, the signature and a PCR0 that is not zero are always checked.
 *
 * Accepted beyond the written specification, because real modules do it: maps and arrays of
 * indefinite length, fields that were not requested as null, 1024 bytes in each field. Fields that
 * are not known are skipped. Refused: keys that come twice, wrong types or sizes, a missing field,
 * bytes after the end.
 *
 * Specification: aws-nitro-enclaves-nsm-api, docs/attestation_process.md.
 */
#ifndef NSM_ATTESTATION_H
#define NSM_ATTESTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/x509.h"
#include "nsm/cose.h"
#include "nsm/message.h"
#include "nsm/pcr.h"

enum {
    ATTESTATION_SIZE_MAX = 16384,            /* bytes of a document; real ones have 4 to 8 KB */
    ATTESTATION_CERTIFICATE_SIZE_MAX = 1024, /* bytes of DER; the module's own bound */
    ATTESTATION_BUNDLE_COUNT_MAX = X509_CHAIN_COUNT_MAX, /* certificates above the leaf; real: 4 */
    ATTESTATION_FIELD_COUNT_MAX = 32,                    /* keys of the map; real: 9 */
    ATTESTATION_LEEWAY_S = 300, /* how far clocks may differ: AWS certificates start at issue */
};

/* A document's contents: views of the bytes it was read from. */
struct attestation {
    slice module_id;                            /* "i-0123456789abcdef0-enc0123456789abcdef" */
    uint64_t timestamp_ms;                      /* Unix time at which it was signed */
    struct pcr_set pcrs;                        /* the locked registers */
    slice certificate;                          /* DER of the certificate whose key signed */
    slice bundle[ATTESTATION_BUNDLE_COUNT_MAX]; /* DER, root first */
    size_t bundle_count;
    nsm_optional public_key;
    nsm_optional user_data;
    nsm_optional nonce;
    struct cose_sign1 message; /* what was signed; filled by reading */
};

/* What a verifier demands. `{0}` with a root and a time is strict: debug mode is refused. */
struct attestation_rules {
    slice root; /* DER of the trusted root; the document's own copy of it is not looked at */

    /* Now, as Unix time. Certificates must be valid then, and the document be signed at most
     * max_age_s before and ATTESTATION_LEEWAY_S after it. */
    int64_t now_ms;
    int64_t max_age_s;
    /* Instead: judge the certificates at the document's own time, at whatever age. For documents
     * kept as records; says nothing about freshness. */
    bool is_archived;

    struct pcr_set pcrs;    /* every register present here must be in the document and equal */
    nsm_optional nonce;     /* when present, the document's must be equal */
    nsm_optional user_data; /* the same */
    bool allows_debug;      /* accept PCR0 = 0: whoever runs the enclave can read its memory */
};

/* BAD_INPUT unless the bytes are a well-formed document. Verifies nothing. */
MUST_CHECK status attestation_read(slice bytes, struct attestation *document);

/*
 * The same for a document whose signature nobody will look at: what our own module just made, and
 * what emulated modules make, who cannot sign. `message` holds the payload only, so
 * attestation_verify refuses it.
 */
MUST_CHECK status attestation_read_unsigned(slice bytes, struct attestation *document);

/*
 * Verifies a document that was read.
 *
 * DENIED, with a sentence that says which rule does not hold: the chain (x509.h), the signature,
 * age, nonce, user data, debug mode, a PCR (the detail is its index), in this order.
 */
MUST_CHECK status attestation_verify(const struct attestation *document,
                                     const struct attestation_rules *rules);

/* How to make a document, for the stand-in and the tests. */
struct attestation_form {
    const struct es384_key *key; /* of the certificate */
    bool is_indefinite;          /* the map without a count, as modules write it since 2025 */
    bool is_tagged;
};

/*
 * Signs and appends a document with these contents; `message` is not looked at.
 *
 * OVER_LIMIT when it would exceed ATTESTATION_SIZE_MAX.
 */
MUST_CHECK status attestation_write(const struct attestation *document,
                                    const struct attestation_form *form, struct builder *builder);

#endif
