/*
 * es384: ECDSA with curve P-384 and SHA-384, as COSE and enclave images use it.
 *
 * Signatures are r || s, 48 bytes each, big-endian. Public keys are uncompressed points. What is
 * signed is a SHA-384 digest that the caller makes, so long messages need not be in one piece.
 *
 * Specification: FIPS 186-4; RFC 9053, section 2.1 (the raw form of the signature).
 */
#ifndef CRYPTO_ES384_H
#define CRYPTO_ES384_H

#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"

enum {
    ES384_KEY_DER_SIZE_MAX = 256, /* PKCS#8 of a P-384 key is 185 bytes */
};

/* 0x04, then x and y. */
typedef struct es384_public_key {
    uint8_t bytes[97];
} es384_public_key;

typedef struct es384_signature {
    uint8_t bytes[96];
} es384_signature;

/* A private key. `{0}` is closed. Several threads may sign with one key. */
struct es384_key {
    void *pkey; /* EVP_PKEY */
};

/*
 * DENIED when the signature is not this key's over this digest; BAD_INPUT when the point is not on
 * the curve or r or s is zero.
 */
MUST_CHECK status es384_verify(const es384_public_key *public_key, const hash48 *digest,
                               const es384_signature *signature);

/* Makes a new key from the library's own randomness. */
MUST_CHECK status es384_open(struct es384_key *key);
/* Takes a key from DER (PKCS#8 or SEC 1). BAD_INPUT unless it is exactly a P-384 key. */
MUST_CHECK status es384_open_der(slice der, struct es384_key *key);
/* Takes a key from PEM text (PKCS#8 or SEC 1, not encrypted). */
MUST_CHECK status es384_open_pem(slice pem, struct es384_key *key);
void es384_close(struct es384_key *key);

MUST_CHECK status es384_public(const struct es384_key *key, es384_public_key *public_key);

/* Signs. The nonce is the library's own randomness, so two signatures of one digest differ. */
MUST_CHECK status es384_sign(const struct es384_key *key, const hash48 *digest,
                             es384_signature *signature);

#endif
