/*
 * k256: keys and signatures on the curve secp256k1, as Ethereum uses them.
 *
 * Signatures are deterministic (crypto/nonce: RFC 6979 over key and digest, no extra data), so the
 * same key and digest give the same bytes everywhere, and always have the low s. Key operations
 * take the same time for every key, and leave no copy of it on the stack. No input can make this
 * room stop the program, and nothing here allocates.
 *
 * The curve is opened once and then only read: any number of threads may use it at once. It holds
 * two contexts under different blindings: they compute the same results on different ways, so a
 * fault in one of them shows when both are asked (k256_sign, k256_sign_again).
 *
 * Specification: SEC 1 version 2.0, RFC 6979, EIP-2 (low s), BIP-32 (tweaks, compressed points).
 */
#ifndef CRYPTO_K256_H
#define CRYPTO_K256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"

enum {
    K256_SIGNATURE_SIZE = 65,
    K256_COMPRESSED_SIZE = 33,
    K256_CONTEXT_SIZE = 256, /* libsecp256k1's context: 208 bytes in 0.2 and in 0.5 */
};

/* x and y, the uncompressed form of SEC 1 without its first byte. */
typedef struct k256_public_key {
    uint8_t bytes[64];
} k256_public_key;

/* `parity` is that of the nonce point's y: 0 or 1. */
typedef struct k256_signature {
    uint8_t r[32];
    uint8_t s[32];
    uint8_t parity;
} k256_signature;

/* `{0}` is closed. It holds its blinding, so it lies where secrets may. */
struct k256 {
    _Alignas(16) uint8_t first[K256_CONTEXT_SIZE];
    _Alignas(16) uint8_t second[K256_CONTEXT_SIZE];
};

/*
 * Opens the curve, with its multiplications blinded by what `blinding` gives, against side channels.
 *
 * INTERNAL when the library's context is larger than K256_CONTEXT_SIZE: another library than ours.
 */
MUST_CHECK status k256_open(struct k256 *curve, const struct secret32 *blinding);
/* Wipes the blinding. */
void k256_close(struct k256 *curve);

/* BAD_INPUT unless 1 <= key < n. */
MUST_CHECK status k256_check_key(const struct k256 *curve, const struct secret32 *key);

/* The key's point. BAD_INPUT when the key is not one. */
MUST_CHECK status k256_read_public_key(const struct k256 *curve, const struct secret32 *key,
                                       k256_public_key *public_key);

/*
 * Adds a tweak to a key modulo n, as BIP-32 derives children.
 *
 * BAD_INPUT, and the key as it was, when the key is not one, the tweak is not below n, or the sum
 * is zero.
 */
MUST_CHECK status k256_tweak_add(const struct k256 *curve, struct secret32 *key,
                                 const struct secret32 *tweak);

/* A point as SEC 1 compresses it: 2 for an even y or 3 for an odd one, then x. */
void k256_compress(const k256_public_key *public_key, uint8_t bytes[K256_COMPRESSED_SIZE]);

/*
 * Signs a digest. BAD_INPUT when the key is not one. INTERNAL when the nonce point's x is not
 * below n (one in 2^127), which Ethereum's one bit of parity cannot express.
 */
MUST_CHECK status k256_sign(const struct k256 *curve, const struct secret32 *key, hash32 digest,
                            k256_signature *signature);

/* The same under the second blinding. */
MUST_CHECK status k256_sign_again(const struct k256 *curve, const struct secret32 *key,
                                  hash32 digest, k256_signature *signature);

/*
 * Finds the public key under which the signature of this digest is good.
 *
 * BAD_INPUT when r or s is 0 or not below n, s is high, parity is above 1, or no such key exists.
 */
MUST_CHECK status k256_recover(const struct k256 *curve, const k256_signature *signature,
                               hash32 digest, k256_public_key *public_key);

/* Equality in time that does not depend on the bytes. */
bool k256_signature_equal(const k256_signature *a, const k256_signature *b);

/* r, s and parity as 65 bytes, in that order. */
void k256_signature_write(const k256_signature *signature, uint8_t bytes[K256_SIGNATURE_SIZE]);
/* BAD_INPUT unless there are 65 bytes and the last is 0 or 1. */
MUST_CHECK status k256_signature_read(slice bytes, k256_signature *signature);

#endif
