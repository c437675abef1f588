/*
 * recipient: the RSA-2048 key pair to which KMS encrypts its answers, and the envelopes it uses.
 *
 * A recipient is made fresh in the enclave; its public key goes into an attestation document, and
 * KMS answers with a CMS EnvelopedData for exactly that key. The reader accepts BER as KMS writes
 * it (indefinite lengths, content in one piece or in chunks) and nothing else of CMS: one
 * recipient, named by the SHA-256 of its public key, RSAES-OAEP with SHA-256 and MGF1-SHA-256 and
 * no label, AES-256-CBC. The caller says how long the plaintext must be.
 *
 * An envelope proves nothing about who made it: that comes from the TLS connection it arrived on.
 *
 * Specification: RFC 5652, RFC 4055 (the algorithm's parameters).
 */
#ifndef CRYPTO_RECIPIENT_H
#define CRYPTO_RECIPIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"

enum {
    RECIPIENT_PUBLIC_KEY_SIZE = 294,     /* DER SubjectPublicKeyInfo of RSA-2048, exponent 65537 */
    RECIPIENT_PLAINTEXT_SIZE_MAX = 4096, /* the most that KMS decrypts */
    RECIPIENT_ENVELOPE_SIZE_MAX = 8192,  /* bytes; the largest seen from KMS is 4573 */
};

/* `{0}` is closed. Several threads may unseal with one recipient. */
struct recipient {
    void *pkey; /* EVP_PKEY */
    uint8_t public_key[RECIPIENT_PUBLIC_KEY_SIZE];
    hash32 id; /* SHA-256 of public_key: how an envelope names its recipient */
};

/* Makes a new key pair. Takes 40 to 500 ms: keep it off the request path. */
MUST_CHECK status recipient_open(struct recipient *recipient);
/* Takes a key pair from DER (PKCS#8). BAD_INPUT unless it is RSA-2048 with exponent 65537. */
MUST_CHECK status recipient_open_der(slice der, struct recipient *recipient);
void recipient_close(struct recipient *recipient);

/* The public key as DER SubjectPublicKeyInfo; a view of the recipient. */
slice recipient_public_key(const struct recipient *recipient);

/*
 * Opens an envelope whose plaintext must have exactly `size` bytes (1 to
 * RECIPIENT_PLAINTEXT_SIZE_MAX) and writes it to `plaintext`.
 *
 * BAD_INPUT when the bytes are no such envelope, DENIED when it is for another recipient, CORRUPT
 * with one sentence for whatever goes wrong with the private key or after it.
 */
MUST_CHECK status recipient_unseal(const struct recipient *recipient, slice envelope,
                                   uint8_t *plaintext, size_t size);

/* The same for a data key. */
MUST_CHECK status recipient_unseal_key(const struct recipient *recipient, slice envelope,
                                       struct secret32 *key);

/* How to seal, for the KMS stand-in and the tests. */
struct recipient_seal {
    slice public_key;            /* DER SubjectPublicKeyInfo, RSA-2048 */
    slice plaintext;             /* 1 to RECIPIENT_PLAINTEXT_SIZE_MAX bytes */
    struct secret32 content_key; /* fresh random */
    uint8_t iv[16];              /* fresh random */
    bool is_constructed;         /* content in chunks of 1000 bytes, else in one piece */
};

/*
 * Appends an envelope, byte for byte of the shape that KMS writes.
 *
 * BAD_INPUT when the public key is not RSA-2048 or the plaintext has the wrong size.
 */
MUST_CHECK status recipient_seal(const struct recipient_seal *seal, struct builder *envelope);

#endif
