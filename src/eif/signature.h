/*
 * signature: who vouches for an image.
 *
 * The signature section is CBOR: an array of one map with the signer's certificate (PEM) and a
 * COSE_Sign1 over {register_index: 0, register_value: PCR0}, each written as an array of one small
 * integer per byte. The platform extends PCR8 with the certificate and refuses to start an image
 * whose signature does not hold. ES384 with a P-384 key is what is written and read here; other
 * algorithms that the platform knows are refused as not supported.
 *
 * Specification: aws-nitro-enclaves-image-format, src/defs and src/utils.
 */
#ifndef EIF_SIGNATURE_H
#define EIF_SIGNATURE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/es384.h"

enum {
    SIGNATURE_CERTIFICATE_SIZE_MAX = 8192, /* bytes of PEM text */
    SIGNATURE_MESSAGE_SIZE_MAX = 1024,     /* bytes of COSE_Sign1; 214 with ES384 */
    SIGNATURE_ARENA_SIZE = 32 << 10,       /* what reading takes from the arena */
};

/* What a signature section says. */
struct signature {
    slice certificate_pem; /* in the arena */
    slice message;         /* COSE_Sign1, in the arena */
    hash48 signed_pcr0;    /* what the signer signed */
    hash48 pcr8;           /* what the platform will record of the certificate */
};

/* Reads a section's bytes, without judging the signature. BAD_INPUT when it has another shape. */
MUST_CHECK status signature_read(slice section, struct arena *arena, struct signature *signature);

/*
 * DENIED when the signature does not hold under its own certificate at `now_s`, or was made over
 * another image than the one measured as `pcr0`.
 *
 * It says nothing about who the signer is: compare PCR8 with the one you expect.
 */
MUST_CHECK status signature_check(const struct signature *signature, const hash48 *pcr0,
                                  int64_t now_s);

/* Appends a section: `key` signs `pcr0`, and must be the certificate's. */
MUST_CHECK status signature_write(const hash48 *pcr0, slice certificate_pem,
                                  const struct es384_key *key, struct builder *builder);

#endif
