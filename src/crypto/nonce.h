/*
 * nonce: the deterministic nonces of RFC 6979 with HMAC-SHA256, for signatures on secp256k1.
 *
 * The same key and digest give the same nonce everywhere; another digest or key gives one that
 * nobody can tell from a random one. Whoever learns one nonce learns its key, so what is computed
 * on the way is wiped. The bytes are those of libsecp256k1's own nonce function; what differs is
 * that SHA-256 is OpenSSL's, which uses the processor's instructions for it.
 *
 * Specification: RFC 6979, sections 2.3.4, 3.2 and 3.6.
 */
#ifndef CRYPTO_NONCE_H
#define CRYPTO_NONCE_H

#include "base/secret.h"
#include "base/slice.h"
#include "crypto/digest.h"

enum { NONCE_EXTRA_SIZE_MAX = 48 };

/* What a nonce is made from. `extra` (section 3.6) is empty in every signature of this product. */
struct nonce_terms {
    const struct secret32 *key;
    hash32 digest;
    slice extra;
};

/*
 * The candidate number `attempt`, counted from 0: the next one is asked for when a candidate is not
 * in [1, n-1] or gives no signature, which nobody has seen happen. An `extra` of more than
 * NONCE_EXTRA_SIZE_MAX bytes is our own mistake and asserted.
 */
void nonce_derive(const struct nonce_terms *terms, unsigned attempt, struct secret32 *nonce);

#endif
