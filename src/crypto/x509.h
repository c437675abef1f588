/*
 * x509: certificate chains of an enclave's identity.
 *
 * A chain is verified up to one root that the verifier brings along; what the other side presents
 * as its root is not looked at. Every certificate must carry a P-384 key and an ECDSA-with-SHA-384
 * signature by the one above it, with matching names; every one but the leaf must be a CA that may
 * sign certificates and whose path length allows its place; the leaf must not be a CA. Unknown
 * critical extensions are refused. There is no revocation: leaves live for hours.
 *
 * Specification: RFC 5280, section 6.
 */
#ifndef CRYPTO_X509_H
#define CRYPTO_X509_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/es384.h"

enum {
    X509_CHAIN_COUNT_MAX = 8,         /* certificates between root and leaf; Nitro has 3 */
    X509_CERTIFICATE_SIZE_MAX = 4096, /* bytes of DER; Nitro's stay below 1024 */
};

struct x509_chain {
    slice root;                  /* DER, trusted */
    const slice *intermediates;  /* DER, in any order, untrusted */
    size_t intermediate_count;   /* at most X509_CHAIN_COUNT_MAX */
    slice leaf;                  /* DER, untrusted */
    int64_t now_s;               /* Unix time at which all of it must be valid */
    int64_t not_before_leeway_s; /* how far a certificate may still be in the future */
};

/*
 * Verifies the chain and delivers the leaf's public key.
 *
 * BAD_INPUT when a certificate is not one or too many are given; DENIED, with a sentence for each
 * of them, when the chain does not reach the root, is outside its time, or breaks a rule.
 */
MUST_CHECK status x509_verify(const struct x509_chain *chain, es384_public_key *public_key);

/*
 * Delivers the public key of one certificate, which is not verified in any way: for a signer whom
 * the caller knows by the certificate's own digest.
 *
 * BAD_INPUT when it is no certificate or malformed, DENIED when its key is not a P-384 key or
 * `now_s` is outside its time.
 */
MUST_CHECK status x509_public_key(slice certificate, int64_t now_s, es384_public_key *public_key);

/* Decodes the first certificate of PEM text into `der`. BAD_INPUT, or OVER_LIMIT of `der`. */
MUST_CHECK status x509_read_pem(slice pem, struct builder *der);

#endif
