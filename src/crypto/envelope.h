/*
 * envelope: the CMS EnvelopedData in which KMS answers a recipient, as bytes; no cryptography.
 *
 * Read: BER as KMS writes it (any constructed part with an indefinite length, lengths in long
 * form, content in one piece or in chunks of any size, chunks nested up to
 * ENVELOPE_CHUNK_DEPTH_MAX) with exactly one recipient, named by a key identifier of 32 bytes, and
 * the algorithms RSAES-OAEP (SHA-256, MGF1 with SHA-256, no label) and AES-256-CBC. Anything else
 * that CMS allows, and bytes after the end, are refused.
 *
 * Written: byte for byte the shape of KMS, for RSA-2048.
 *
 * Specification: RFC 5652, section 6; RFC 4055, section 4.1; RFC 3565, section 4.1.
 */
#ifndef CRYPTO_ENVELOPE_H
#define CRYPTO_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"

enum {
    ENVELOPE_SIZE_MAX = 8192,         /* bytes; the largest seen from KMS is 4573 */
    ENVELOPE_KEY_SIZE = 256,          /* an RSA-2048 ciphertext */
    ENVELOPE_IV_SIZE = 16,            /* of AES-CBC */
    ENVELOPE_CONTENT_SIZE_MAX = 4112, /* 4096 bytes and their padding */
    ENVELOPE_CHUNK_SIZE = 1000,       /* bytes of a chunk as KMS writes it */
    ENVELOPE_CHUNK_DEPTH_MAX = 2,     /* chunks within chunks */
    ENVELOPE_ELEMENT_DEPTH_MAX = 10,  /* elements within elements; KMS needs 6 */
};

struct envelope {
    hash32 recipient_id;
    uint8_t encrypted_key[ENVELOPE_KEY_SIZE];
    uint8_t iv[ENVELOPE_IV_SIZE];
    size_t content_size;
    uint8_t content[ENVELOPE_CONTENT_SIZE_MAX]; /* encrypted; the chunks put together */
};

/* BAD_INPUT, with a sentence for each rule, unless the bytes are exactly one such envelope. */
MUST_CHECK status envelope_read(slice bytes, struct envelope *envelope);

/* Appends the envelope, its content in chunks if `is_constructed`, else in one piece. */
void envelope_write(const struct envelope *envelope, bool is_constructed, struct builder *builder);

#endif
