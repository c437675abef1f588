/*
 * aead: AES-256-GCM, authenticated encryption with associated data.
 *
 * An aead is a working place: the algorithm is looked up once when it is opened, and no call
 * allocates. It holds no key between calls. One thread uses one aead. The caller answers for the
 * nonce: one key must never seal two messages under the same one.
 *
 * Specification: NIST SP 800-38D with a 96-bit nonce and a 128-bit tag.
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    AEAD_NONCE_SIZE = 12,
    AEAD_TAG_SIZE = 16,
    AEAD_SIZE_MAX =
        1 << 30, /* bytes of one message or its data; what the library's int can count */
};

struct aead {
    void *algorithm; /* EVP_CIPHER */
    void *context;   /* EVP_CIPHER_CTX */
};

typedef struct aead_nonce {
    uint8_t bytes[AEAD_NONCE_SIZE];
} aead_nonce;

/* What seals or opens a message besides its own bytes. */
struct aead_terms {
    const struct secret32 *key;
    aead_nonce nonce;
    slice associated; /* authenticated, not encrypted */
};

/* UNAVAILABLE when the library has no memory or no AES-256-GCM. */
MUST_CHECK status aead_open(struct aead *aead);
void aead_close(struct aead *aead);

/*
 * Writes the ciphertext, then the tag: plaintext.size + AEAD_TAG_SIZE bytes at `sealed`.
 *
 * `sealed` may be where the plaintext is. OVER_LIMIT above AEAD_SIZE_MAX; INTERNAL when the
 * library fails.
 */
MUST_CHECK status aead_seal(struct aead *aead, const struct aead_terms *terms, slice plaintext,
                            uint8_t *sealed);

/*
 * Writes the plaintext: sealed.size - AEAD_TAG_SIZE bytes at `plaintext`.
 *
 * CORRUPT, with one sentence for every cause, when anything was changed or the key or nonce is
 * another; the bytes at `plaintext` are wiped then. `plaintext` may be where the ciphertext is.
 */
MUST_CHECK status aead_unseal(struct aead *aead, const struct aead_terms *terms, slice sealed,
                              uint8_t *plaintext);

#endif
